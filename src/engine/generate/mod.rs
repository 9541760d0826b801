//! A model and a prompt to words: choosing tokens, answering, keeping a conversation.

mod answer;
mod bench;
mod conversation;
mod dates;
mod draft;
mod grammar;
mod pieces;
mod plan;
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

pub use answer::{Answer, Text, prompt_ids};
pub use bench::{Speed, Trial, bench};
pub use conversation::Conversation;
pub use draft::Draft;
pub use grammar::{Grammar, Lexicon};
pub use plan::Plan;
pub use sampler::{Choice, Sampler, fresh_seed};
pub use template::{Given, Message, Template};
