//! A model and a prompt to words: choosing tokens, answering, keeping a conversation.

mod answer;
mod conversation;
mod dates;
mod plan;
mod python;
mod sampler;
mod sandbox;
mod steps;
mod template;
#[cfg(test)]
mod tests;

pub use answer::{Answer, Text, prompt_ids};
pub use conversation::Conversation;
pub use plan::Plan;
pub use sampler::{Choice, Sampler, fresh_seed};
pub use template::{Given, Message, Template};
