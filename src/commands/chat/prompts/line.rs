//! A line of questions: what is asked, and how it is to be answered.

use std::cell::{OnceCell, RefCell};
use std::sync::Arc;

use serde_json::{Map, Value};

use super::super::super::fail::{Error, Failure, Result};
use super::super::super::settings;
use super::super::desk::FIXED;
use super::{MAX_LINE, TooLong};
use crate::engine::generate::{
    Given, Job, Lexicon, Message, Plan, Prompter, Sampler, fresh_seed, prompt_ids,
};
use crate::engine::load::Speaker;
use crate::lang::Lang;

/// Ways to choose tokens that are kept ready: a grammar takes longer to prepare than to follow.
const MAX_RECENT: usize = 8;

/// What is remembered of a line while it is answered.
pub(super) struct Asked {
    /// What the line calls itself; else its number.
    pub(super) id: Value,
    pub(super) line: u64,
    pub(super) seed: u64,
    pub(super) lang: Option<&'static Lang>,
    /// Whether the answer tells its tokens, and how many of the likeliest beside each.
    pub(super) tells_tokens: bool,
    pub(super) n_top: usize,
}

/// A line ready to be answered, with how many of its first tokens stay when its context shifts;
/// or what it calls itself and why it cannot be.
pub(super) type Ready = std::result::Result<(Asked, Job, Option<usize>), (Value, Error)>;

/// Makes lines ready.
pub(super) struct Reader<'m> {
    speaker: &'m Speaker,
    plan: Plan,
    /// The plan as lines change it.
    base: Map<String, Value>,
    /// None for plain text that is continued.
    prompter: Option<Prompter>,
    seed: u64,
    lexicon: OnceCell<Arc<Lexicon>>,
    n_kept: OnceCell<usize>,
    /// Used last comes last.
    recent: RefCell<Vec<(Plan, Sampler)>>,
}

impl<'m> Reader<'m> {
    /// For a model, as `plan` says where lines do not.
    ///
    /// # Errors
    /// When the plan makes no sense, or the model has no chat template where one is needed.
    pub(super) fn new(speaker: &'m Speaker, plan: &Plan) -> Result<Self> {
        let prompter = Prompter::new(speaker, plan)?;
        if prompter.is_none() && !plan.raw {
            let what = format!(
                "{}: the model has no chat template",
                speaker.source.display()
            );
            return Err(Failure::usage(what)
                .hint("continue plain text with --raw")
                .into());
        }
        let seed = plan.seed.unwrap_or_else(fresh_seed);
        let plan = Plan {
            model: "model".into(), // lines have no say in it, and its name may be no text
            seed: None,
            ..plan.clone()
        };
        let base = match serde_json::to_value(&plan) {
            Ok(Value::Object(base)) => base,
            Ok(_) => Map::new(),
            Err(e) => return Err(Failure::usage(format!("the settings are no text: {e}")).into()),
        };
        let reader = Reader {
            speaker,
            plan,
            base,
            prompter,
            seed,
            lexicon: OnceCell::new(),
            n_kept: OnceCell::new(),
            recent: RefCell::default(),
        };
        reader.sampler(&reader.plan)?; // what is wrong with the plan is told now
        Ok(reader)
    }

    /// The seed of the first line; each other line has the next one, unless it names its own.
    pub(super) fn seed(&self) -> u64 {
        self.seed
    }

    /// Makes line number `line` ready.
    pub(super) fn read(&self, bytes: &[u8], line: u64) -> Ready {
        let number = || Value::from(line);
        let mut fields = fields(bytes).map_err(|e| (number(), e))?;
        let id = fields.remove("id").unwrap_or_else(number);
        match self.ready(fields, line) {
            Ok((asked, job, shift)) => Ok((Asked { id, ..asked }, job, shift)),
            Err(error) => Err((id, error)),
        }
    }

    fn ready(
        &self,
        mut fields: Map<String, Value>,
        line: u64,
    ) -> Result<(Asked, Job, Option<usize>)> {
        let (prompt, messages) = (fields.remove("prompt"), fields.remove("messages"));
        let plan = match fields.is_empty() {
            true => self.plan.clone(),
            false => self.changed(fields)?,
        };
        let lang = plan.lang()?;
        let own = match plan.system != self.plan.system || plan.lang != self.plan.lang {
            true => self
                .prompter
                .as_ref()
                .map(|p| p.under(plan.system.as_deref(), lang)),
            false => None,
        };
        let vocab = &self.speaker.vocab;
        let prompter = own.as_ref().or(self.prompter.as_ref());
        let ids = match (prompter, question(prompt, messages)?) {
            (None, Question::Text(text)) => prompt_ids(vocab, &text)?,
            (None, Question::Messages(_)) => {
                return Err(Failure::usage("messages need a chat template")
                    .hint("leave --raw out, or give a prompt")
                    .into());
            }
            (Some(prompter), asked) => {
                let messages = match asked {
                    Question::Text(text) => vec![Message::new("user", text)],
                    Question::Messages(messages) => messages,
                };
                let given = match plan.template_arg == self.plan.template_arg {
                    true => Map::new(), // the prompter knows them
                    false => Given::of(&plan.template_arg)?.arguments,
                };
                prompter.ids(vocab, &messages, &given)?
            }
        };
        let shift = plan.context_shift.then(|| {
            let n_kept = |prompter: Option<&Prompter>| match prompter {
                Some(prompter) => prompter.n_before_question(vocab),
                None => usize::from(vocab.bos.is_some()),
            };
            match &own {
                Some(own) => n_kept(Some(own)),
                None => *self.n_kept.get_or_init(|| n_kept(self.prompter.as_ref())),
            }
        });
        let seed = plan.seed.unwrap_or(self.seed.wrapping_add(line - 1));
        let mut sampler = self.sampler(&plan)?;
        sampler.reseed(seed);
        let asked = Asked {
            id: Value::Null,
            line,
            seed,
            lang,
            tells_tokens: plan.logprobs.is_some(),
            n_top: plan.logprobs.unwrap_or(0),
        };
        let job = Job {
            prompt: ids,
            sampler,
            max_tokens: plan.max_tokens,
        };
        Ok((asked, job, shift))
    }

    /// The plan with the settings of a line.
    fn changed(&self, mut settings: Map<String, Value>) -> Result<Plan> {
        let known = |key: &str| {
            let is_fixed = FIXED.contains(&key) && !["system", "logprobs"].contains(&key);
            self.base.contains_key(key) && !is_fixed && key != "grammar_file"
        };
        if let Some(key) = settings.keys().find(|key| !known(key)) {
            return Err(if self.base.contains_key(key) {
                Failure::usage(format!("{key} holds for all lines"))
                    .hint("give it on the command line")
            } else {
                let mut names: Vec<String> =
                    self.base.keys().filter(|k| known(k)).cloned().collect();
                names.extend(["id", "prompt", "messages"].map(String::from));
                let hint = match settings::nearest(key, &names) {
                    Some(near) => format!("did you mean {near}?"),
                    None => format!("known are: {}", names.join(", ")),
                };
                Failure::usage(format!("no setting is called {key:?}")).hint(hint)
            }
            .into());
        }
        if let Some(schema) = settings.get_mut("json_schema") {
            schema_of_line(schema)?;
        }
        for list in ["stop", "logit_bias", "dry_breakers", "template_arg"] {
            if let Some(one @ Value::String(_)) = settings.get_mut(list) {
                *one = Value::Array(vec![one.take()]);
            }
        }
        // A line that asks for a form means this one, not that of all others.
        if ["grammar", "json_schema"]
            .iter()
            .any(|form| settings.contains_key(*form))
        {
            for form in ["grammar", "grammar_file", "json_schema"] {
                settings.entry(form).or_insert(Value::Null);
            }
        }
        let with = |more: &mut dyn Iterator<Item = (&String, &Value)>| {
            let mut all = self.base.clone();
            all.extend(more.map(|(key, value)| (key.clone(), value.clone())));
            serde_json::from_value::<Plan>(Value::Object(all))
        };
        with(&mut settings.iter()).map_err(|whole| {
            // which of them it is, and why
            let alone = settings.iter().find_map(|one| {
                let wrong = with(&mut std::iter::once(one)).err()?;
                Some(format!("{} makes no sense: {wrong}", one.0))
            });
            Failure::usage(alone.unwrap_or_else(|| whole.to_string())).into()
        })
    }

    /// What chooses tokens by a plan; its random numbers are still those of any seed.
    fn sampler(&self, plan: &Plan) -> Result<Sampler> {
        // what does not choose tokens makes no difference
        let key = Plan {
            seed: None,
            max_tokens: 0,
            system: None,
            lang: None,
            context_shift: false,
            template_arg: Vec::new(),
            ..plan.clone()
        };
        let mut recent = self.recent.borrow_mut();
        if let Some(at) = recent.iter().position(|(plan, _)| *plan == key) {
            let found = recent.remove(at);
            let sampler = found.1.clone();
            recent.push(found);
            return Ok(sampler);
        }
        let vocab = &self.speaker.vocab;
        let has_form = [&plan.grammar, &plan.json_schema]
            .iter()
            .any(|f| f.is_some());
        let needs_words = has_form || plan.grammar_file.is_some() || plan.dry_multiplier > 0.0;
        let mut sampler = match needs_words {
            true => {
                let lexicon = self.lexicon.get_or_init(|| Arc::new(Lexicon::new(vocab)));
                Sampler::sharing(plan, vocab, lexicon, 0)?
            }
            false => Sampler::new(plan, vocab, 0)?,
        };
        sampler.tell_logprobs(plan.logprobs.is_some());
        // One at least: a piece without any is no token, but text that was held back.
        sampler.tell_top(plan.logprobs.map_or(0, |n| n.max(1)));
        if recent.len() == MAX_RECENT {
            recent.remove(0);
        }
        recent.push((key, sampler.clone()));
        Ok(sampler)
    }
}

/// What a line asks.
enum Question {
    Text(String),
    Messages(Vec<Message>),
}

/// The fields of a line.
fn fields(bytes: &[u8]) -> Result<Map<String, Value>> {
    if bytes.len() > MAX_LINE {
        return Err(TooLong { len: bytes.len() }.into());
    }
    serde_json::from_slice(bytes).map_err(|e| {
        let what = e.to_string();
        let what = what.split(" at line ").next().unwrap_or_default();
        Failure::damaged(format!("column {}: {what}", e.column()))
            .hint("a line is an object such as {\"prompt\": \"Where is Narva?\"}")
            .into()
    })
}

fn question(prompt: Option<Value>, messages: Option<Value>) -> Result<Question> {
    let usage = |what: String| {
        let hint =
            "give {\"prompt\": TEXT} or {\"messages\": [{\"role\": \"user\", \"content\": TEXT}]}";
        Err(Failure::usage(what).hint(hint).into())
    };
    match (prompt, messages) {
        (Some(Value::String(text)), None) => Ok(Question::Text(text)),
        (Some(_), None) => usage("the prompt is no text".into()),
        (None, Some(messages)) => match serde_json::from_value::<Vec<Message>>(messages) {
            Ok(messages) if messages.is_empty() => usage("there are no messages".into()),
            Ok(messages) => Ok(Question::Messages(messages)),
            Err(e) => usage(format!("messages: {e}")),
        },
        (Some(_), Some(_)) => usage("the line has a prompt and messages".into()),
        (None, None) => usage("the line asks nothing".into()),
    }
}

/// A schema in a line is itself there, as an object or in a text: a line names no files.
fn schema_of_line(schema: &mut Value) -> Result<()> {
    let text = match &*schema {
        Value::Null => return Ok(()),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    if serde_json::from_str::<Value>(&text).is_err() {
        return Err(Failure::usage("json_schema is no JSON")
            .hint("write the schema itself into the line")
            .into());
    }
    *schema = text.into();
    Ok(())
}
