//! A conversation as the text the model was trained to see: its own Jinja template.

use std::sync::Arc;
use std::time::SystemTime;

use minijinja::machinery::{self, CompiledTemplate, TemplateConfig};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, ErrorKind, UndefinedBehavior, Value, context};
use serde::{Deserialize, Serialize};

use super::dates::strftime;
use super::sandbox;
use crate::engine::{Error, Result};
use crate::vocab::Vocab;

/// One turn of a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// `system`, `user` or `assistant`.
    pub role: String,
    /// What was said.
    pub content: String,
}

impl Message {
    /// A turn.
    pub fn new(role: &str, content: impl Into<String>) -> Self {
        Message {
            role: role.into(),
            content: content.into(),
        }
    }
}

/// What a template may ask for beside the conversation.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Given {
    /// Variables by name, such as `enable_thinking`.
    pub arguments: serde_json::Map<String, serde_json::Value>,
    /// Seconds since 1970, in UTC: what `strftime_now` tells; without them it is not defined.
    pub now: Option<u64>,
}

impl Given {
    /// Of `KEY=JSON`, each a variable; the time is now.
    ///
    /// # Errors
    /// When one is not of that form.
    pub fn of(arguments: &[String]) -> Result<Self> {
        let mut given = Given::default();
        for argument in arguments {
            let pair = argument.split_once('=');
            let value = pair.and_then(|(_, json)| serde_json::from_str(json).ok());
            let (Some((key, _)), Some(value)) = (pair, value) else {
                return Err(Error::Usage {
                    what: format!("template_arg {argument:?} is not KEY=JSON"),
                    hint: "write truth values bare and texts in quotes: \
                           --template-arg enable_thinking=false --template-arg 'day=\"Monday\"'"
                        .into(),
                });
            };
            given.arguments.insert(key.into(), value);
        }
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        given.now = now.ok().map(|now| now.as_secs());
        Ok(given)
    }
}

/// A chat template, ready to be filled in.
#[derive(Clone)]
pub struct Template {
    environment: Environment<'static>,
    source: String,
    bos: String,
    eos: String,
    arguments: serde_json::Map<String, serde_json::Value>,
}

/// Name of the one template of an environment; what errors call it.
const NAME: &str = "chat template";

impl Template {
    /// Prepares a template; `bos_token` and `eos_token` are those of `vocab`.
    ///
    /// # Errors
    /// When it is not valid Jinja.
    pub fn new(source: &str, vocab: &Vocab) -> Result<Self> {
        let spelling = |id: Option<u32>| id.and_then(|id| vocab.spelling(id)).unwrap_or_default();
        Self::with_ends(
            source,
            spelling(vocab.bos_token()),
            spelling(vocab.eos.first().copied()),
        )
    }

    /// As [`Template::new`], with the two tokens given.
    ///
    /// # Errors
    /// When it is not valid Jinja.
    pub fn with_ends(source: &str, bos: String, eos: String) -> Result<Self> {
        if source.len() > sandbox::MAX_TEMPLATE {
            return Err(Error::Usage {
                what: format!("the model's chat template has {} bytes", source.len()),
                hint: format!("{} are read at most", sandbox::MAX_TEMPLATE),
            });
        }
        let mut environment = sandbox::environment();
        environment.set_undefined_behavior(UndefinedBehavior::Lenient);
        environment.add_function("raise_exception", refuse);
        let template = Template {
            environment,
            source: without_generation(source),
            bos,
            eos,
            arguments: serde_json::Map::new(),
        };
        template.compile()?;
        Ok(template)
    }

    /// With more that it may ask for.
    #[must_use]
    pub fn given(mut self, given: &Given) -> Self {
        self.arguments = given.arguments.clone();
        if let Some(now) = given.now {
            let tell = move |format: &str| strftime(format, now);
            self.environment.add_function("strftime_now", tell);
        }
        self
    }

    /// The steps of the template and how much fuel they may take.
    fn compile(&self) -> Result<(CompiledTemplate<'_>, u64)> {
        // As transformers' apply_chat_template sets Jinja up.
        let syntax = SyntaxConfig::builder()
            .trim_blocks(true)
            .lstrip_blocks(true)
            .build();
        sandbox::check(&self.source).map_err(failed)?;
        let config = TemplateConfig {
            syntax_config: syntax.map_err(failed)?,
            default_auto_escape: Arc::new(|_| AutoEscape::None),
        };
        let compiled = CompiledTemplate::new(NAME, &self.source, &config);
        let mut compiled = compiled.map_err(failed)?;
        let fuel = sandbox::guard(&mut compiled).map_err(failed)?;
        Ok((compiled, fuel))
    }

    /// The text of a conversation; `answer` opens the turn of the assistant behind it.
    ///
    /// # Errors
    /// When the template refuses the conversation or cannot be filled in.
    pub fn render(&self, messages: &[Message], answer: bool) -> Result<String> {
        self.render_with(messages, answer, &serde_json::Map::new())
    }

    /// As [`Template::render`], with variables that hold for this conversation alone and come
    /// before those that were [given](Template::given).
    ///
    /// # Errors
    /// As [`Template::render`].
    pub fn render_with(
        &self,
        messages: &[Message],
        answer: bool,
        more: &serde_json::Map<String, serde_json::Value>,
    ) -> Result<String> {
        let (compiled, fuel) = self.compile()?;
        let turn = |m: &Message| context! { role => &m.role, content => &m.content };
        let messages: Vec<Value> = messages.iter().map(turn).collect();
        let usual = context! {
            messages => messages,
            add_generation_prompt => answer,
            bos_token => &self.bos,
            eos_token => &self.eos,
            tools => (),
            documents => (),
        };
        let given = Value::from(Serde(&self.arguments));
        let more = Value::from(Serde(more));
        let mut environment = self.environment.clone();
        environment.set_fuel(Some(fuel));
        let mut text = String::new();
        let filled = machinery::eval(
            &environment,
            &compiled.instructions,
            context! { ..usual, ..more, ..given },
            &compiled.blocks,
            &mut machinery::make_string_output(&mut text),
            AutoEscape::None,
        );
        filled.map_err(failed)?;
        Ok(text)
    }
}

/// A template without the marks that tell which text is the assistant's own; they are of use in
/// training only.
fn without_generation(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(at) = rest.find("{%") {
        let (before, tag) = rest.split_at(at);
        out.push_str(before);
        let end = tag.find("%}").map_or(tag.len(), |end| end + 2);
        let (tag, behind) = tag.split_at(end);
        let inside = tag.trim_start_matches("{%").trim_end_matches("%}");
        let inside = inside.trim_matches(['-', '+', ' ', '\t', '\n']);
        match inside {
            "generation" => out.push_str(&tag.replace("generation", "if true")),
            "endgeneration" => out.push_str(&tag.replace("endgeneration", "endif")),
            _ => out.push_str(tag),
        }
        rest = behind;
    }
    out.push_str(rest);
    out
}

/// What templates call to refuse a conversation.
fn refuse(message: String) -> std::result::Result<Value, minijinja::Error> {
    Err(minijinja::Error::new(ErrorKind::InvalidOperation, message))
}

fn failed(error: minijinja::Error) -> Error {
    let line = error
        .line()
        .map_or(String::new(), |line| format!(" in line {line}"));
    let what = error
        .detail()
        .map_or_else(|| error.kind().to_string(), str::to_owned);
    Error::Usage {
        what: format!("the model's chat template failed{line}: {what}"),
        hint: "continue plain text without a template with --raw".into(),
    }
}

#[cfg(test)]
mod tests;
