//! A model and a prompt to words: choosing tokens, answering, keeping a conversation.

mod answer;
mod batch;
mod bench;
mod conversation;
mod dates;
mod draft;
mod grammar;
mod pieces;
mod plan;
mod prompter;
mod python;
mod sampler;
mod sandbox;
#[cfg(test)]
mod speed;
mod steps;
mod stop;
mod template;
#[cfg(test)]
mod tests;
mod writer;

pub use answer::{Answer, Text, prompt_ids};
pub use batch::{Batch, Job, JobId, Told};
pub use bench::{Speed, Trial, bench};
pub use conversation::Conversation;
pub use draft::Draft;
pub use grammar::{Grammar, Lexicon};
pub use plan::{KV, Plan};
pub use prompter::Prompter;
pub use sampler::{Choice, Sampler, fresh_seed};
pub use template::{Given, Message, Template};
pub use writer::likely;
