//! A conversation as the text the model was trained to see: its own Jinja template.

use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, ErrorKind, UndefinedBehavior, Value, context};
use serde::{Deserialize, Serialize};

use super::python;
use crate::engine::{Error, Result};
use crate::vocab::Vocab;

/// Most steps a template may take: templates come with models, and models from anywhere.
const FUEL: u64 = 2_000_000;

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

/// A chat template, ready to be filled in.
pub struct Template {
    environment: Environment<'static>,
    bos: String,
    eos: String,
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
            spelling(vocab.bos),
            spelling(vocab.eos.first().copied()),
        )
    }

    /// As [`Template::new`], with the two tokens given.
    ///
    /// # Errors
    /// When it is not valid Jinja.
    pub fn with_ends(source: &str, bos: String, eos: String) -> Result<Self> {
        let mut environment = Environment::new();
        // As transformers' apply_chat_template sets Jinja up.
        let syntax = SyntaxConfig::builder()
            .trim_blocks(true)
            .lstrip_blocks(true)
            .build();
        environment.set_syntax(syntax.map_err(failed)?);
        environment.set_undefined_behavior(UndefinedBehavior::Lenient);
        environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
        environment.set_fuel(Some(FUEL));
        environment.set_unknown_method_callback(python::method);
        environment.add_filter("tojson", python::tojson);
        environment.add_function("raise_exception", refuse);
        environment
            .add_template_owned(NAME, source.to_owned())
            .map_err(failed)?;
        Ok(Template {
            environment,
            bos,
            eos,
        })
    }

    /// The text of a conversation; `answer` opens the turn of the assistant behind it.
    ///
    /// # Errors
    /// When the template refuses the conversation or cannot be filled in.
    pub fn render(&self, messages: &[Message], answer: bool) -> Result<String> {
        let template = self.environment.get_template(NAME).map_err(failed)?;
        let turn = |m: &Message| context! { role => &m.role, content => &m.content };
        let messages: Vec<Value> = messages.iter().map(turn).collect();
        let filled = template.render(context! {
            messages => messages,
            add_generation_prompt => answer,
            bos_token => &self.bos,
            eos_token => &self.eos,
            tools => (),
            documents => (),
        });
        filled.map_err(failed)
    }
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
mod tests {
    use std::path::Path;

    use super::*;
    use crate::disk;

    fn render(source: &str, messages: &[Message]) -> Result<String> {
        Template::with_ends(source, "<s>".into(), "</s>".into())?.render(messages, true)
    }

    #[test]
    fn blocks_leave_no_blank_lines_and_nothing_is_escaped() {
        let source = "{{ bos_token }}\n{% for m in messages %}\n  {% if true %}\n[{{ m.role }}] \
                      {{ m['content'] | trim }}{{ eos_token }}\n  {% endif %}\n{% endfor %}\n\
                      {% if add_generation_prompt %}[assistant]{% endif %}\n";
        let text = render(source, &[Message::new("user", " <b>&\"ž\" ")]).unwrap();
        assert_eq!(text, "<s>\n[user] <b>&\"ž\"</s>\n[assistant]");
    }

    #[test]
    fn methods_of_python_strings_work() {
        let source = "{% set m = messages[0].content %}{{ m.strip().upper() }}|{{ m.split('b')[1] }}\
                      |{{ m.startswith(' a') }}|{{ m.replace('a', 'o') }}|{{ messages[0].get('x', 1) }}\
                      |{% for k, v in messages[0].items() %}{{ k }}{% endfor %}";
        let text = render(source, &[Message::new("user", " abc ")]).unwrap();
        assert_eq!(text, "ABC|c |True| obc |1|rolecontent");
    }

    #[test]
    fn json_looks_as_python_writes_it() {
        let source = "{{ {'a': [1, 'é<'], 'b': none} | tojson }}";
        assert_eq!(
            render(source, &[]).unwrap(),
            r#"{"a": [1, "é<"], "b": null}"#
        );
    }

    #[test]
    fn a_template_that_refuses_or_fails_says_why_and_what_to_do() {
        let said = |source: &str| render(source, &[]).unwrap_err().to_string();
        let refused = said("{{ raise_exception('roles must alternate') }}");
        assert_eq!(
            refused,
            "the model's chat template failed in line 1: roles must alternate"
        );
        assert!(
            said("a\n{% if %}").contains("in line 2"),
            "{}",
            said("a\n{% if %}")
        );
        let endless =
            "{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}";
        assert!(said(endless).contains("fuel"), "{}", said(endless));
    }

    /// What Jinja itself makes of the templates of four families of models: made by
    /// `tests/parity/chat_templates.py`.
    #[test]
    #[allow(clippy::print_stderr)] // the one line that says why nothing was tested
    fn templates_of_known_models_give_what_jinja_gives() {
        #[derive(Deserialize)]
        struct Golden {
            cases: Vec<Case>,
        }
        #[derive(Deserialize)]
        struct Case {
            template: String,
            sha256: String,
            messages: Vec<Message>,
            add_generation_prompt: bool,
            /// None where Jinja refused.
            text: Option<String>,
        }
        let golden = include_str!("../../../tests/golden/chat_templates.json");
        let golden: Golden = serde_json::from_str(golden).unwrap();
        let Some(root) = std::env::var_os("EU_TEST_DATA") else {
            return eprintln!("skipped: EU_TEST_DATA is not set");
        };
        assert!(golden.cases.len() >= 16);
        for case in golden.cases {
            let path = Path::new(&root)
                .join("data/tokenizers/chat-templates")
                .join(&case.template);
            assert_eq!(
                disk::sha256(&path).unwrap().0,
                case.sha256,
                "another template"
            );
            let source = String::from_utf8(disk::read(&path).unwrap()).unwrap();
            let template = Template::with_ends(&source, "<BOS>".into(), "<EOS>".into()).unwrap();
            let text = template
                .render(&case.messages, case.add_generation_prompt)
                .ok();
            assert_eq!(text, case.text, "{} {:?}", case.template, case.messages);
        }
    }
}
