//! A conversation: what was said, as the model's template puts it, answered turn by turn.

use super::Plan;
use super::answer::{Answer, Text, prompt_ids};
use super::sampler::{Sampler, fresh_seed};
use super::template::{Given, Message, Template};
use crate::engine::load::Loaded;
use crate::engine::ops::Executor;
use crate::engine::{Error, Result};
use crate::event::{Control, Event, Sink};

/// A model in conversation. In raw mode (`plan.raw`) it continues each text by itself.
pub struct Conversation<'m> {
    loaded: &'m Loaded,
    text: Text<'m>,
    sampler: Sampler,
    seed: u64,
    max_tokens: usize,
    template: Option<Template>,
    system: Option<String>,
    turns: Vec<Message>,
}

impl<'m> Conversation<'m> {
    /// Begins a conversation with `loaded` as `plan` says.
    ///
    /// # Errors
    /// When the plan makes no sense; the model has no chat template, or one that is not valid,
    /// and `plan.raw` is not set; or the context is larger than the model's.
    pub fn new(loaded: &'m Loaded, executor: &Executor, plan: &Plan) -> Result<Self> {
        plan.check()?;
        let template = match (plan.raw, &loaded.chat_template) {
            (true, _) => None,
            (false, Some(source)) => {
                let given = Given::of(&plan.template_arg)?;
                Some(Template::new(source, &loaded.vocab)?.given(&given))
            }
            (false, None) => {
                return Err(Error::Usage {
                    what: format!(
                        "{}: the model has no chat template",
                        loaded.source.display()
                    ),
                    hint: "continue plain text with --raw".into(),
                });
            }
        };
        let seed = plan.seed.unwrap_or_else(fresh_seed);
        Ok(Conversation {
            loaded,
            text: Text::new(&loaded.model, executor, plan.context)?,
            sampler: Sampler::new(plan, seed),
            seed,
            max_tokens: plan.max_tokens,
            template,
            system: plan.system.clone(),
            turns: Vec::new(),
        })
    }

    /// The seed in use: the one asked for, or the one made up.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// What was said, the system prompt not included.
    pub fn turns(&self) -> &[Message] {
        &self.turns
    }

    /// Most tokens the conversation can have.
    pub fn context(&self) -> usize {
        self.text.context()
    }

    /// Forgets what was said.
    pub fn clear(&mut self) {
        self.turns.clear();
    }

    /// Uses another system prompt, none if it is empty, and forgets what was said.
    pub fn set_system(&mut self, system: &str) {
        self.system = Some(system.to_owned()).filter(|s| !s.is_empty());
        self.clear();
    }

    /// Answers a message of the user.
    ///
    /// # Errors
    /// When the template refuses the conversation or the message is longer than the context; the
    /// message is then forgotten.
    pub fn say(&mut self, message: &str, control: &Control, sink: &dyn Sink) -> Result<Answer> {
        if self.template.is_none() {
            self.clear();
        }
        self.turns.push(Message::new("user", message));
        let answer = self.answer(control, sink);
        if answer.is_err() {
            self.turns.pop();
        }
        answer
    }

    /// Answers the last message again, with other random numbers.
    ///
    /// # Errors
    /// When nothing was said yet; and as [`Conversation::say`].
    pub fn regenerate(&mut self, control: &Control, sink: &dyn Sink) -> Result<Answer> {
        let dropped = self.turns.pop_if(|turn| turn.role == "assistant");
        if self.turns.is_empty() {
            return Err(Error::Usage {
                what: "there is no message to answer again".into(),
                hint: "say something first".into(),
            });
        }
        let answer = self.answer(control, sink);
        if answer.is_err() {
            self.turns.extend(dropped);
        }
        answer
    }

    fn answer(&mut self, control: &Control, sink: &dyn Sink) -> Result<Answer> {
        let prompt = self.prompt(sink)?;
        let vocab = &self.loaded.vocab;
        let max = self.max_tokens;
        let answer = self
            .text
            .answer(vocab, &prompt, &mut self.sampler, max, control, sink)?;
        self.turns
            .push(Message::new("assistant", answer.text.clone()));
        Ok(answer)
    }

    /// The tokens of the conversation so far. Where they leave no room for an answer, the oldest
    /// turns are forgotten, and said to be.
    fn prompt(&mut self, sink: &dyn Sink) -> Result<Vec<u32>> {
        let vocab = &self.loaded.vocab;
        let Some(template) = &self.template else {
            let text = self.turns.last().map_or("", |turn| turn.content.as_str());
            return prompt_ids(vocab, text);
        };
        let context = self.text.context();
        let room = self.max_tokens.min(context / 4); // for the answer, if it can be had
        let mut n_forgotten = 0;
        let prompt = loop {
            let system = self
                .system
                .iter()
                .map(|s| Message::new("system", s.as_str()));
            let messages: Vec<Message> = system.chain(self.turns.iter().cloned()).collect();
            let prompt = vocab.encode_with_specials(&template.render(&messages, true)?)?;
            // A question and its answer go together; the last question stays.
            if prompt.len() + room <= context || self.turns.len() < 3 {
                break prompt;
            }
            self.turns.drain(..2);
            n_forgotten += 2;
        };
        if n_forgotten > 0 {
            sink.emit(Event::Note {
                warning: true,
                text: format!(
                    "the context is full: the {n_forgotten} oldest messages are forgotten"
                ),
            });
        }
        Ok(prompt)
    }
}
