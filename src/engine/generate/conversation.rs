//! A conversation: what was said, as the model's template puts it, answered turn by turn.

use std::borrow::Cow;

use super::Plan;
use super::answer::{Answer, Text, prompt_ids};
use super::sampler::{Sampler, fresh_seed};
use super::template::{Given, Message, Template};
use crate::engine::infer::Decoder;
use crate::engine::load::Speaker;
use crate::engine::ops::Executor;
use crate::engine::{Error, Result};
use crate::event::{Control, Event, Sink};
use crate::lang::Lang;
use crate::talk::{Role, Turn};
use crate::vocab::Vocab;

/// A model in conversation. In raw mode (`plan.raw`) it continues each text by itself.
pub struct Conversation<'m> {
    loaded: &'m Speaker,
    text: Text<'m>,
    sampler: Sampler,
    tells_logprobs: bool,
    seed: u64,
    max_tokens: usize,
    template: Option<Template>,
    /// The template has no place for a system prompt: it stands before the first message.
    is_without_system: bool,
    system: Option<String>,
    /// The language that answers are asked for in.
    lang: Option<&'static Lang>,
    /// A full context loses its oldest half, in place of ending an answer.
    shifts: bool,
    turns: Vec<Message>,
}

impl<'m> Conversation<'m> {
    /// Begins a conversation with `loaded` as `plan` says.
    ///
    /// # Errors
    /// When the plan makes no sense, or its grammar; the model has no chat template, or one that
    /// is not valid, and `plan.raw` is not set; or the context is larger than the model's.
    pub fn new(loaded: &'m Speaker, executor: &Executor, plan: &Plan) -> Result<Self> {
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
        let reader = Decoder::new(&loaded.weights, executor, plan.context)?;
        let mut text = Text::of(match plan.kv.as_str() {
            "q8_0" => reader.in_eights(),
            _ => reader,
        });
        text.guess_ahead(plan.draft);
        let is_without_system = template.as_ref().is_some_and(refuses_system);
        Ok(Conversation {
            loaded,
            text,
            sampler: Sampler::new(plan, &loaded.vocab, seed)?,
            tells_logprobs: true,
            seed,
            max_tokens: plan.max_tokens,
            template,
            is_without_system,
            system: plan.system.clone(),
            lang: plan.lang()?,
            shifts: plan.context_shift,
            turns: Vec::new(),
        })
    }

    /// The seed in use: the one asked for, or the one made up.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Chooses tokens as `plan` says from now on; random numbers begin anew from the seed.
    ///
    /// # Errors
    /// When a setting makes no sense; everything then stays as it was.
    pub fn set_sampling(&mut self, plan: &Plan) -> Result<()> {
        plan.check()?;
        let (lang, seed) = (plan.lang()?, plan.seed.unwrap_or(self.seed));
        let mut sampler = Sampler::new(plan, &self.loaded.vocab, seed)?;
        sampler.tell_logprobs(self.tells_logprobs);
        (self.lang, self.seed, self.sampler) = (lang, seed, sampler);
        self.max_tokens = plan.max_tokens;
        self.shifts = plan.context_shift;
        self.text.guess_ahead(plan.draft);
        Ok(())
    }

    /// Whether pieces tell their log-probability ([`Sampler::tell_logprobs`]).
    pub fn tell_logprobs(&mut self, on: bool) {
        self.tells_logprobs = on;
        self.sampler.tell_logprobs(on);
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

    /// Answers the last of `turns`, which take the place of all that was said; a system prompt
    /// among them is used instead of the plan's.
    ///
    /// # Errors
    /// As [`Conversation::say`].
    pub fn reply(
        &mut self,
        turns: Vec<Turn>,
        control: &Control,
        sink: &dyn Sink,
    ) -> Result<Answer> {
        let (system, turns): (Vec<Turn>, Vec<Turn>) = turns
            .into_iter()
            .partition(|turn| turn.role == Role::System);
        self.system = system.into_iter().next_back().map(|turn| turn.text);
        let message = |turn: Turn| Message::new(turn.role.name(), turn.text);
        self.turns = turns.into_iter().map(message).collect();
        self.answer(control, sink)
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
        self.text.shift_behind(self.shifts.then(|| self.n_kept()));
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
            let text = template.render(&self.messages(&self.turns), true)?;
            let prompt = vocab.encode_with_specials(&text)?;
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

    /// What the template is filled in with.
    fn messages(&self, turns: &[Message]) -> Vec<Message> {
        let asked = self.lang.map(|lang| lang.answer_in.as_str());
        let system: Vec<&str> = self.system.as_deref().into_iter().chain(asked).collect();
        let messages = under(&system.join("\n\n"), turns, self.is_without_system);
        shielded(messages, &self.loaded.vocab)
    }

    /// First tokens that stay when the context shifts.
    fn n_kept(&self) -> usize {
        let vocab = &self.loaded.vocab;
        n_before_question(|question| match &self.template {
            None => prompt_ids(vocab, question),
            Some(template) => {
                let turns = [Message::new("user", question)];
                let text = template.render(&self.messages(&turns), true)?;
                Ok(vocab.encode_with_specials(&text)?)
            }
        })
    }
}

/// Tokens that stand before a question, whatever it is: what begins a text, and the system prompt.
pub(super) fn n_before_question(ids: impl Fn(&str) -> Result<Vec<u32>>) -> usize {
    // two that begin with different characters, in scripts whose words are never joined
    match (ids("A?"), ids("\u{3b2}?")) {
        (Ok(a), Ok(b)) => a.iter().zip(&b).take_while(|(a, b)| a == b).count(),
        _ => 0, // a template that wants more of a conversation
    }
}

/// Turns under a system prompt, if there is one: as a message of its own, or before the first
/// question where the template has no place for it.
pub(super) fn under(system: &str, turns: &[Message], is_without_system: bool) -> Vec<Message> {
    let mut messages = turns.to_vec();
    if system.is_empty() {
        return messages;
    }
    match messages.first_mut().filter(|_| is_without_system) {
        Some(first) => first.content = format!("{system}\n\n{}", first.content),
        None => messages.insert(0, Message::new("system", system)),
    }
    messages
}

/// Messages in which names of special tokens stay text, but for what the model itself said.
pub(super) fn shielded(mut messages: Vec<Message>, vocab: &Vocab) -> Vec<Message> {
    for message in messages.iter_mut().filter(|m| m.role != "assistant") {
        if let Cow::Owned(text) = vocab.shielded(&message.content) {
            message.content = text;
        }
    }
    messages
}

/// True for templates that can put a question but not a system prompt before it.
pub(super) fn refuses_system(template: &Template) -> bool {
    let question = Message::new("user", "question");
    let with = [Message::new("system", "prompt"), question.clone()];
    template.render(&with, true).is_err() && template.render(&[question], true).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template(source: &str) -> Template {
        Template::with_ends(source, String::new(), String::new()).unwrap()
    }

    #[test]
    fn a_template_without_a_place_for_a_system_prompt_gets_it_with_the_question() {
        let each = "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}";
        let picky = "{% if messages[0].role == 'system' %}{{ raise_exception('no') }}{% endif %}";
        let (open, picky) = (template(each), template(&format!("{picky}{each}")));
        assert!(!refuses_system(&open) && refuses_system(&picky));
        let turns = [Message::new("user", "hi"), Message::new("assistant", "ho")];
        for (template, expected) in [
            (open, "system: be kind\nuser: hi\nassistant: ho\n"),
            (picky, "user: be kind\n\nhi\nassistant: ho\n"),
        ] {
            let messages = under("be kind", &turns, refuses_system(&template));
            assert_eq!(template.render(&messages, true).unwrap(), expected);
        }
        assert_eq!(under("", &turns, true), turns);
    }
}
