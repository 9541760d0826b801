//! What a conversation asks for, done: answers by the model, settings, and the files it is kept
//! in. The screen and the plain lines ask alike.

use std::time::SystemTime;

use serde_json::Map;
use toml::{Table, Value};

use super::super::fail::{Failure, Result};
use super::super::{out, settings};
use super::language::Watched;
use super::sessions::Book;
use crate::engine::generate::{Answer, Conversation, Plan};
use crate::event::{Ask, Control, Event, Sink};
use crate::fault::Kind;
use crate::lang::Lang;
use crate::talk::{Node, Role, Tree, Turn};

/// Keys of the plan that hold for a whole conversation; all others can change within it.
pub(super) const FIXED: [&str; 12] = [
    "model",
    "context",
    "kv",
    "system",
    "no_history",
    "raw",
    "device",
    "cpu",
    "precision",
    "threads",
    "logprobs",
    "parallel",
];

/// The model, how it answers, and where what it says is kept.
pub(super) struct Desk<'t, 'm> {
    talk: &'t mut Conversation<'m>,
    plan: Plan,
    pub(super) book: Book,
    /// How the tokens of the last answer were chosen.
    sampling: Map<String, serde_json::Value>,
}

impl<'t, 'm> Desk<'t, 'm> {
    pub(super) fn new(talk: &'t mut Conversation<'m>, plan: &Plan, book: Book) -> Self {
        Desk {
            talk,
            plan: plan.clone(),
            book,
            sampling: Map::new(),
        }
    }

    pub(super) fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The seed of what is said now.
    pub(super) fn seed(&self) -> u64 {
        self.talk.seed()
    }

    /// The language asked for; a name that is none was refused when it was set.
    pub(super) fn lang(&self) -> Option<&'static Lang> {
        self.plan.lang().ok().flatten()
    }

    /// Answers the last of `turns`.
    ///
    /// # Errors
    /// As [`Conversation::reply`].
    pub(super) fn answer(
        &mut self,
        turns: Vec<Turn>,
        control: &Control,
        sink: &dyn Sink,
    ) -> Result<Answer> {
        self.sampling = sampling(&self.plan, self.talk.seed());
        Ok(self.talk.reply(turns, control, sink)?)
    }

    /// Does what is asked for, and tells of it. A failed answer is ended too.
    pub(super) fn serve(&mut self, ask: Ask, control: &Control, sink: &dyn Sink) {
        let is_answer = matches!(ask, Ask::Answer(_));
        let Err(error) = self.try_serve(ask, control, sink) else {
            return;
        };
        let hint = error.hint().map(|hint| format!("; {hint}"));
        sink.emit(Event::Note {
            warning: true,
            text: format!("{error}{}", hint.unwrap_or_default()),
        });
        if is_answer {
            sink.emit(Event::Answered {
                reason: "failed".into(),
                n_prompt: 0,
                n_generated: 0,
                prefill_ms: 0,
                decode_ms: 0,
            });
        }
    }

    fn try_serve(&mut self, ask: Ask, control: &Control, sink: &dyn Sink) -> Result<()> {
        match ask {
            Ask::Answer(turns) => match self.lang() {
                Some(lang) => drop(self.answer(turns, control, &Watched::new(sink, lang))?),
                None => drop(self.answer(turns, control, sink)?),
            },
            Ask::Keep(node) => self.keep(*node, sink)?,
            Ask::At(id) => self.book.at(id)?,
            Ask::Set { name, value } => self.set(&name, &value, sink)?,
            Ask::Save { name, tree } => {
                self.book.save(name.as_deref(), &tree)?;
                self.tell_session(sink);
                note(sink, &format!("kept as {}", self.book.name()));
            }
            Ask::Load(name) => self.load(&name, sink)?,
            Ask::Sessions => note(sink, &self.book.list()),
            Ask::Clear => {
                self.book.begin();
                self.tell_session(sink);
            }
            Ask::Quit => {}
        }
        Ok(())
    }

    /// Writes a message down, with what only this side knows of it.
    fn keep(&mut self, mut node: Node, sink: &dyn Sink) -> Result<()> {
        node.time = out::utc(SystemTime::now());
        if node.role == Role::Assistant {
            node.model = self.plan.model.display().to_string();
            node.sampling = self.sampling.clone();
        }
        if self.book.keep(&node)? {
            self.tell_session(sink);
        }
        Ok(())
    }

    fn tell_session(&self, sink: &dyn Sink) {
        let name = self.book.name().to_owned();
        sink.emit(Event::Session { name });
    }

    /// Opens a kept conversation.
    fn load(&mut self, name: &str, sink: &dyn Sink) -> Result<()> {
        let kept = self.book.open(name)?;
        sink.emit(Event::Loaded {
            name: self.book.name().to_owned(),
            head: kept.tree.head().map(|node| node.id),
            nodes: kept.tree.nodes().to_vec(),
        });
        for text in kept.notes {
            let text = format!("{}: {text}", self.book.name());
            sink.emit(Event::Note {
                warning: true,
                text,
            });
        }
        Ok(())
    }

    /// Opens the conversation asked for on the command line, or begins one of that name.
    ///
    /// # Errors
    /// When no conversation can be called so, or another program has it open.
    pub(super) fn resume(&mut self, name: &str) -> Result<(Tree, Vec<String>)> {
        match self.book.open(name) {
            Ok(kept) => Ok((kept.tree, kept.notes)),
            Err(e) if e.kind() == Kind::Missing && name == "last" => {
                Ok((Tree::default(), vec![format!("{e}: this is a new one")]))
            }
            Err(e) if e.kind() == Kind::Missing => {
                self.book.begin_as(name)?;
                Ok((Tree::default(), vec![format!("a new conversation, {name}")]))
            }
            Err(e) => Err(e),
        }
    }

    fn set(&mut self, name: &str, value: &str, sink: &dyn Sink) -> Result<()> {
        let plan = changed(&self.plan, name, value)?;
        self.talk.set_sampling(&plan)?;
        self.plan = plan;
        let value = live(&self.plan)
            .into_iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value);
        sink.emit(Event::Setting {
            name: name.into(),
            value: value.unwrap_or_default(),
        });
        Ok(())
    }
}

fn note(sink: &dyn Sink, text: &str) {
    sink.emit(Event::Note {
        warning: false,
        text: text.into(),
    });
}

/// Every setting that can change, with its value as it would be typed.
pub(super) fn live(plan: &Plan) -> Vec<(String, String)> {
    let table = Table::try_from(plan).unwrap_or_default();
    let written = |key: &str| match table.get(key) {
        None => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    let keys = settings::keys_of::<Plan>().into_iter();
    keys.filter(|key| !FIXED.contains(&key.as_str()))
        .map(|key| (written(&key), key))
        .map(|(value, key)| (key, value))
        .collect()
}

/// The plan with one setting changed; nothing at all means its default.
fn changed(plan: &Plan, name: &str, value: &str) -> Result<Plan> {
    let known: Vec<String> = live(plan).into_iter().map(|(key, _)| key).collect();
    if !known.iter().any(|key| key == name) {
        let hint = match settings::nearest(name, &known) {
            Some(near) => format!("did you mean {near}?"),
            None => "/set lists them".into(),
        };
        return Err(Failure::usage(format!("no setting is called {name}"))
            .hint(hint)
            .into());
    }
    let mut table = Table::try_from(plan)
        .map_err(|e| Failure::usage(format!("the settings cannot be written: {e}")))?;
    table.remove(name);
    // As it would stand in a recipe; words need no quotation marks, a list of one no brackets.
    let text = Value::String(value.into());
    let read = toml::from_str::<Table>(&format!("value = {value}"));
    let read = read.ok().filter(|table| table.len() == 1);
    let read = read.and_then(|mut table| table.remove("value"));
    let ways = match value {
        "" => vec![None],
        _ => {
            let list = Value::Array(vec![text.clone()]);
            let ways = [read, Some(text), Some(list)].into_iter().flatten();
            ways.map(Some).collect()
        }
    };
    let mut why = String::new();
    for way in ways {
        let mut table = table.clone();
        if let Some(way) = way {
            table.insert(name.into(), way);
        }
        match table.try_into() {
            Ok(plan) => return Ok(plan),
            Err(e) if why.is_empty() => why = toml::de::Error::message(&e).to_owned(),
            Err(_) => {}
        }
    }
    Err(Failure::usage(format!("{name} = {value} makes no sense: {why}")).into())
}

/// What is written beside an answer: how its tokens were chosen.
fn sampling(plan: &Plan, seed: u64) -> Map<String, serde_json::Value> {
    let Ok(serde_json::Value::Object(mut all)) = serde_json::to_value(plan) else {
        return Map::new();
    };
    all.retain(|key, value| !FIXED.contains(&key.as_str()) && !value.is_null());
    all.insert("seed".into(), seed.into());
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_is_read_as_it_is_typed() {
        let plan = Plan::default();
        let with = |name: &str, value: &str| changed(&plan, name, value);
        assert_eq!(with("temperature", "1").unwrap().temperature, 1.0);
        assert_eq!(with("top_k", "7").unwrap().top_k, 7);
        assert_eq!(with("lang", "sv").unwrap().lang.as_deref(), Some("sv"));
        assert_eq!(with("seed", "3").unwrap().seed, Some(3));
        let seeded = with("seed", "3").unwrap();
        assert_eq!(changed(&seeded, "seed", "").unwrap().seed, None);
        for (name, value, why) in [
            ("top_k", "-1", "makes no sense"),
            ("top_k", "many", "makes no sense"),
            ("top_k", "1\ntemperature = 5", "makes no sense"),
            ("topk", "1", "no setting is called topk"),
            ("model", "x", "no setting is called model"),
        ] {
            let said = with(name, value).unwrap_err().to_string();
            assert!(said.contains(why), "{said}");
        }
    }

    #[test]
    fn what_can_change_is_kept_beside_an_answer() {
        let plan = Plan::default();
        let live = live(&plan);
        assert!(live.contains(&("top_k".into(), "40".into())), "{live:?}");
        assert!(live.contains(&("lang".into(), String::new())));
        let sampling = sampling(&plan, 5);
        assert_eq!(
            (&sampling["seed"], sampling.get("model")),
            (&5.into(), None)
        );
    }
}
