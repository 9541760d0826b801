//! Conversations to prompts, each by itself: for whoever answers many at once.

use serde_json::{Map, Value};

use super::Plan;
use super::conversation::{n_before_question, refuses_system, shielded, under};
use super::template::{Given, Message, Template};
use crate::engine::Result;
use crate::engine::load::Speaker;
use crate::lang::Lang;
use crate::vocab::Vocab;

/// Puts conversations into the words a model was trained on. It keeps nothing of them, so that
/// threads can share it.
pub struct Prompter {
    template: Template,
    /// The template has no place for a system prompt: it stands before the first message.
    is_without_system: bool,
    /// The system prompt of conversations that have none.
    system: Option<String>,
    /// The language that answers are asked for in.
    lang: Option<&'static Lang>,
}

impl Prompter {
    /// With the template of `speaker`, as `plan` says; none where the model has no template, or
    /// `plan.raw` wants none.
    ///
    /// # Errors
    /// When the template is not valid, or an argument or the language of the plan.
    pub fn new(speaker: &Speaker, plan: &Plan) -> Result<Option<Self>> {
        let Some(source) = speaker.chat_template.as_ref().filter(|_| !plan.raw) else {
            return Ok(None);
        };
        let given = Given::of(&plan.template_arg)?;
        let template = Template::new(source, &speaker.vocab)?.given(&given);
        Ok(Some(Prompter {
            is_without_system: refuses_system(&template),
            template,
            system: plan.system.clone(),
            lang: plan.lang()?,
        }))
    }

    /// The ids of a conversation, the turn of the assistant opened behind it. System messages at
    /// its beginning take the place of the plan's; `arguments` are variables of the template.
    ///
    /// # Errors
    /// When the template refuses the conversation or cannot be filled in.
    pub fn ids(
        &self,
        vocab: &Vocab,
        messages: &[Message],
        arguments: &Map<String, Value>,
    ) -> Result<Vec<u32>> {
        let messages = shielded(self.arranged(messages), vocab);
        let text = self.template.render_with(&messages, true, arguments)?;
        Ok(vocab.encode_with_specials(&text)?)
    }

    /// The same template under another system prompt, and with answers asked for in another
    /// language.
    #[must_use]
    pub fn under(&self, system: Option<&str>, lang: Option<&'static Lang>) -> Self {
        Prompter {
            template: self.template.clone(),
            is_without_system: self.is_without_system,
            system: system.map(String::from),
            lang,
        }
    }

    /// First tokens of every prompt, those of the system prompt among them.
    pub fn n_before_question(&self, vocab: &Vocab) -> usize {
        n_before_question(|question| {
            self.ids(vocab, &[Message::new("user", question)], &Map::new())
        })
    }

    /// What the template is filled in with: one system message at most, at the beginning.
    fn arranged(&self, messages: &[Message]) -> Vec<Message> {
        let n = messages.iter().take_while(|m| m.role == "system").count();
        let (leading, turns) = messages.split_at(n);
        let own = leading.iter().map(|m| m.content.as_str());
        let usual = self.system.as_deref().filter(|_| n == 0);
        let asked = self.lang.map(|lang| lang.answer_in.as_str());
        let parts: Vec<&str> = own.chain(usual).chain(asked).collect();
        under(&parts.join("\n\n"), turns, self.is_without_system)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prompter(source: &str, system: Option<&str>, lang: Option<&str>) -> Prompter {
        let template = Template::with_ends(source, String::new(), String::new()).unwrap();
        Prompter {
            is_without_system: refuses_system(&template),
            template,
            system: system.map(String::from),
            lang: lang.and_then(Lang::find),
        }
    }

    fn said(messages: &[Message]) -> Vec<String> {
        let line = |m: &Message| format!("{}: {}", m.role, m.content);
        messages.iter().map(line).collect()
    }

    #[test]
    fn a_conversation_s_own_system_prompt_takes_the_place_of_the_usual_one() {
        const EACH: &str = "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}";
        let prompter = prompter(EACH, Some("usual"), Some("de"));
        let asked = &Lang::find("de").unwrap().answer_in;
        let user = Message::new("user", "hi");
        let own = [
            Message::new("system", "own"),
            Message::new("system", "more"),
            user.clone(),
        ];
        assert_eq!(
            said(&prompter.arranged(std::slice::from_ref(&user))),
            [format!("system: usual\n\n{asked}"), "user: hi".into()]
        );
        assert_eq!(
            said(&prompter.arranged(&own)),
            [format!("system: own\n\nmore\n\n{asked}"), "user: hi".into()]
        );
    }

    #[test]
    fn arguments_of_one_conversation_hold_for_it_alone_and_hide_no_message() {
        let prompter = prompter("{{ messages[0].content }} {{ mood }}", None, None);
        let user = [Message::new("user", "hi")];
        let Value::Object(given) = serde_json::json!({"mood": "merry", "messages": []}) else {
            unreachable!();
        };
        let render = |more: &Map<String, Value>| prompter.template.render_with(&user, true, more);
        assert_eq!(render(&given).unwrap(), "hi merry");
        assert_eq!(render(&Map::new()).unwrap(), "hi ");
    }
}
