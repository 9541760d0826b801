//! What was said so far, what is being said, and what it cost.

use super::transcript::{Transcript, Who};
use crate::event::{Ask, Event};
use crate::talk::{Node, Role, Tree};
use crate::tui::widgets::{plain_line, rate};

/// A value that can be changed during a conversation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Setting {
    /// Its name.
    pub name: String,
    /// Its value as it would be typed; empty: none.
    pub value: String,
    /// What it means, in one line.
    pub about: String,
}

/// What the screen knows beforehand.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChatInfo {
    /// Name of the model.
    pub model: String,
    /// Tokens its context holds; 0: unknown.
    pub context: u64,
    /// System prompt that a new conversation begins under; empty: none.
    pub system: String,
    /// What can be changed.
    pub settings: Vec<Setting>,
    /// Name the conversation is kept under; empty: not at all.
    pub session: String,
    /// Names of kept conversations.
    pub sessions: Vec<String>,
    /// Questions of earlier conversations, oldest first.
    pub history: Vec<String>,
    /// The conversation to go on with.
    pub tree: Tree,
    /// What the reader should know from the start.
    pub notes: Vec<String>,
}

/// Sums over the answers of this screen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Totals {
    n_answers: u64,
    n_prompt: u64,
    n_generated: u64,
    prefill_ms: u64,
    decode_ms: u64,
}

/// The conversation.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct State {
    pub(super) info: ChatInfo,
    pub(super) tree: Tree,
    pub(super) transcript: Transcript,
    /// An answer is awaited or on its way.
    pub(super) busy: bool,
    /// The answer on its way, as the model says it.
    answer: String,
    /// Pieces of the answer on its way.
    pub(super) n_pieces: u64,
    /// When its first piece came.
    first_ms: Option<u64>,
    /// Time since the screen was opened, told from outside.
    now_ms: u64,
    /// Tokens of the context used after the last answer.
    used: u64,
    /// Tokens per second of the last answer.
    speed: Option<f64>,
    totals: Totals,
}

impl State {
    /// A conversation with a model, new or gone on with.
    pub fn new(info: ChatInfo) -> Self {
        let mut state = State {
            tree: info.tree.clone(),
            info: ChatInfo {
                model: plain_line(&info.model),
                tree: Tree::default(),
                ..info
            },
            ..State::default()
        };
        state.begin();
        state.show_path();
        for note in std::mem::take(&mut state.info.notes) {
            state.note(Who::Note, &note);
        }
        state
    }

    /// A conversation in which nothing was said begins with the system prompt, if there is one.
    fn begin(&mut self) {
        if self.tree.is_empty() {
            self.tree.begin(&self.info.system);
        }
    }

    /// Takes note of what happened; what is to be written down because of it.
    pub fn update(&mut self, event: &Event) -> Vec<Ask> {
        match event {
            Event::Piece { text, .. } if self.busy => {
                self.n_pieces += 1;
                self.first_ms.get_or_insert(self.now_ms);
                self.answer.push_str(text);
                if !self.answer.is_empty() {
                    self.transcript.extend_answer(text);
                }
            }
            Event::Answered {
                reason,
                n_prompt,
                n_generated,
                prefill_ms,
                decode_ms,
            } => {
                let kept = self.end_answer(*n_prompt, *n_generated, reason);
                if reason != "failed" {
                    self.used = n_prompt.saturating_add(*n_generated);
                    self.speed = per_second(*n_generated, *decode_ms);
                    self.totals.n_answers += 1;
                    self.totals.n_prompt += n_prompt;
                    self.totals.n_generated += n_generated;
                    self.totals.prefill_ms += prefill_ms;
                    self.totals.decode_ms += decode_ms;
                }
                match reason.as_str() {
                    "eos" | "stop" | "failed" => {}
                    "length" => self.note(Who::Note, "the answer reached the largest length"),
                    other => self.note(Who::Note, other),
                }
                return kept.into_iter().collect();
            }
            Event::Note { warning, text } => {
                self.note(if *warning { Who::Warning } else { Who::Note }, text);
            }
            Event::Setting { name, value } => self.set(name, value),
            Event::Session { name } => {
                self.info.session.clone_from(name);
                if !name.is_empty() && !self.info.sessions.contains(name) {
                    self.info.sessions.push(name.clone());
                }
            }
            Event::Loaded { name, nodes, head } => {
                let mut tree = Tree::default();
                for node in nodes {
                    // What cannot be part of a tree was told of by whoever read it.
                    let _ = tree.insert(node.clone());
                }
                head.map(|id| tree.end_at(id));
                self.tree = tree;
                self.info.session.clone_from(name);
                self.show_path();
            }
            Event::Ended { .. } => self.busy = false,
            _ => {}
        }
        Vec::new()
    }

    /// Ends the answer on its way; what of it is to be written down.
    pub(super) fn end_answer(&mut self, n_prompt: u64, n_tokens: u64, why: &str) -> Option<Ask> {
        if !std::mem::take(&mut self.busy) {
            return None;
        }
        let text = std::mem::take(&mut self.answer);
        if text.is_empty() {
            // An answer made again that came to nothing leaves the one before.
            if self.tree.head().is_some_and(|head| self.has_answer(head)) {
                self.tree.rest();
                self.show_path();
            }
            return None;
        }
        let id = self.tree.answer(&text, n_prompt, n_tokens, why);
        self.transcript.close_answer(id);
        self.keep(id)
    }

    /// The question at the end of the path, where it has no answer.
    pub(super) fn unanswered(&self) -> Option<String> {
        let head = self.tree.head().filter(|_| !self.busy)?;
        (head.role == Role::User).then(|| head.text.clone())
    }

    fn has_answer(&self, question: &Node) -> bool {
        let follows = |node: &Node| node.parent == Some(question.id);
        self.tree.nodes().iter().any(follows)
    }

    fn keep(&self, id: u64) -> Option<Ask> {
        Some(Ask::Keep(Box::new(self.tree.get(id)?.clone())))
    }

    /// Asks a question: beside that of a number, else behind what was said.
    pub(super) fn ask(&mut self, text: &str, instead_of: Option<u64>) -> Vec<Ask> {
        let mut wishes = Vec::new();
        // The prompt that a conversation begins with is written down with its first question.
        if let [first] = self.tree.nodes()
            && first.role == Role::System
        {
            wishes.extend(self.keep(first.id));
        }
        let is_behind =
            instead_of.is_none() && self.tree.head().is_none_or(|head| head.role != Role::User);
        let id = match instead_of.and_then(|id| self.tree.edit(id, text)) {
            Some(id) => id,
            None => self.tree.ask(text),
        };
        match is_behind {
            true => self.transcript.push(Who::You, Some(id), text),
            false => self.show_path(),
        }
        wishes.extend(self.keep(id));
        wishes.push(self.await_answer());
        wishes
    }

    /// Asks for another answer to the last question; none if nothing was asked.
    pub(super) fn regenerate(&mut self) -> Option<Ask> {
        self.tree.reopen()?;
        self.show_path();
        Some(self.await_answer())
    }

    fn await_answer(&mut self) -> Ask {
        self.busy = true;
        self.n_pieces = 0;
        self.first_ms = None;
        self.answer.clear();
        Ask::Answer(self.tree.turns())
    }

    /// Begins anew under a system prompt; what was said stays as another branch.
    pub(super) fn begin_under(&mut self, system: &str) -> Option<Ask> {
        // Where nothing was said yet there is nothing to keep.
        if self.tree.last_question().is_none() && self.tree.nodes().len() < 2 {
            self.tree = Tree::default();
        }
        let is_new = self.tree.is_empty();
        system.clone_into(&mut self.info.system);
        let id = self.tree.begin(system);
        self.used = 0;
        self.show_path();
        id.filter(|_| !is_new).and_then(|id| self.keep(id))
    }

    /// Goes to the `n`-th of the messages beside one; false if there is none.
    pub(super) fn go(&mut self, id: u64, n: usize) -> Option<Ask> {
        if !self.tree.go(id, n) {
            return None;
        }
        self.show_path();
        self.tree.head().map(|head| Ask::At(head.id))
    }

    /// The message whose branches Left and Right go through: the last with any.
    pub(super) fn fork(&self) -> Option<u64> {
        let path = self.tree.path();
        let has_branches = |node: &&&Node| self.tree.place(node.id).is_some_and(|(_, n)| n > 1);
        path.iter().rev().find(has_branches).map(|node| node.id)
    }

    /// Forgets the conversation; the next one begins under the same prompt.
    pub(super) fn clear(&mut self) {
        self.tree = Tree::default();
        self.begin();
        self.used = 0;
        self.show_path();
    }

    /// Shows the messages of the path, and no notes.
    fn show_path(&mut self) {
        self.transcript.clear();
        for node in self.tree.path() {
            let who = match node.role {
                Role::System => Who::System,
                Role::User => Who::You,
                Role::Assistant => Who::Model,
            };
            self.transcript.push(who, Some(node.id), &node.text);
        }
        if let Some(last) = self.tree.last_answer() {
            self.used = last.n_prompt.saturating_add(last.n_tokens);
        }
    }

    /// Adds a note behind what was said.
    pub(super) fn note(&mut self, who: Who, text: &str) {
        self.transcript.push(who, None, text);
    }

    fn set(&mut self, name: &str, value: &str) {
        if let Some(setting) = self.info.settings.iter_mut().find(|s| s.name == name) {
            value.clone_into(&mut setting.value);
        }
    }

    /// The value of a setting; empty if there is none.
    pub(super) fn setting(&self, name: &str) -> &str {
        let setting = self.info.settings.iter().find(|s| s.name == name);
        setting.map_or("", |setting| setting.value.as_str())
    }

    /// Takes note of the time.
    pub(super) fn at(&mut self, now_ms: u64) {
        self.now_ms = now_ms;
    }

    /// Share of the context that is used, where its size is known.
    pub(super) fn context_share(&self) -> Option<f64> {
        let running = if self.busy { self.n_pieces } else { 0 };
        let used = self.used.saturating_add(running) as f64;
        (self.info.context > 0).then(|| used / self.info.context as f64)
    }

    /// Tokens per second: of the answer on its way, else of the last one.
    pub(super) fn tokens_per_s(&self) -> Option<f64> {
        match (self.busy, self.first_ms) {
            (true, Some(first)) => per_second(self.n_pieces, self.now_ms.saturating_sub(first)),
            (true, None) => None,
            (false, _) => self.speed,
        }
    }

    /// The lines of `/stats`.
    pub(super) fn stats(&self) -> String {
        let totals = &self.totals;
        let speed = |n, ms| per_second(n, ms).map_or("-".into(), rate);
        let seconds = |ms: u64| ms as f64 / 1000.0;
        let (all, path) = (self.tree.nodes().len(), self.tree.path().len());
        format!(
            "messages     {path} seen, {all} with all branches\n\
             answers      {}\n\
             read         {} tokens in {:.1} s\n\
             written      {} tokens in {:.1} s, {} tokens/s\n\
             context      {} of {} tokens\n\
             kept as      {}",
            totals.n_answers,
            totals.n_prompt,
            seconds(totals.prefill_ms),
            totals.n_generated,
            seconds(totals.decode_ms),
            speed(totals.n_generated, totals.decode_ms),
            self.used,
            self.info.context,
            match self.info.session.as_str() {
                "" => "nothing: /save NAME keeps it",
                name => name,
            }
        )
    }
}

/// Rate of `n` tokens whose first and last are `ms` apart.
fn per_second(n: u64, ms: u64) -> Option<f64> {
    (n > 1 && ms > 0).then(|| (n - 1) as f64 * 1000.0 / ms as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(text: &str) -> Event {
        Event::Piece {
            text: text.into(),
            token: 1,
            logprob: -1.0,
            top: Vec::new(),
        }
    }

    fn answered(reason: &str) -> Event {
        let (prefill_ms, decode_ms) = (10, 1000);
        Event::Answered {
            reason: reason.into(),
            n_prompt: 20,
            n_generated: 11,
            prefill_ms,
            decode_ms,
        }
    }

    fn shown(state: &State) -> Vec<&str> {
        state.transcript.entries.iter().map(|m| m.text()).collect()
    }

    fn open() -> State {
        State::new(ChatInfo {
            model: "m".into(),
            context: 100,
            ..ChatInfo::default()
        })
    }

    #[test]
    fn pieces_become_one_answer_harmless_on_the_screen_and_whole_in_the_file() {
        let mut state = open();
        let wishes = state.ask("hi", None);
        assert!(matches!(&wishes[..], [Ask::Keep(_), Ask::Answer(turns)] if turns.len() == 1));
        state.at(1000);
        for text in ["Al", "", "le\x1b", "[2J"] {
            state.update(&piece(text));
        }
        state.at(2000);
        assert_eq!(state.tokens_per_s(), Some(3.0));
        let kept = state.update(&answered("stopped"));
        let [Ask::Keep(node)] = &kept[..] else {
            panic!("{kept:?}");
        };
        assert_eq!((node.text.as_str(), node.parent), ("Alle\x1b[2J", Some(1)));
        assert_eq!(
            (node.n_prompt, node.n_tokens, node.reason.as_str()),
            (20, 11, "stopped")
        );
        assert_eq!(shown(&state), ["hi", "Alle␛[2J", "stopped"]);
        assert_eq!(state.tokens_per_s(), Some(10.0));
        assert_eq!(state.context_share(), Some(0.31));
        state.update(&piece("late"));
        assert_eq!(shown(&state).len(), 3, "nobody asked");
    }

    #[test]
    fn another_answer_stands_beside_the_first_and_a_failure_changes_nothing() {
        let mut state = open();
        assert!(state.regenerate().is_none());
        state.ask("hi", None);
        state.update(&piece("one"));
        state.update(&answered("eos"));
        state.regenerate().unwrap();
        assert_eq!(shown(&state), ["hi"]);
        state.update(&piece("two"));
        state.update(&answered("eos"));
        assert_eq!(shown(&state), ["hi", "two"]);
        let fork = state.fork().unwrap();
        assert_eq!(state.go(fork, 1), Some(Ask::At(2)));
        assert_eq!(shown(&state), ["hi", "one"]);
        state.regenerate().unwrap();
        state.update(&answered("failed"));
        assert_eq!(shown(&state), ["hi", "one"]);
        state.ask("ho", Some(1));
        assert_eq!(shown(&state), ["ho"]);
        assert_eq!(state.tree.place(1), Some((1, 2)));
    }

    #[test]
    fn the_system_prompt_is_kept_with_the_first_question_and_begins_each_conversation() {
        let mut state = State::new(ChatInfo {
            system: "be kind".into(),
            ..ChatInfo::default()
        });
        assert_eq!(shown(&state), ["be kind"]);
        assert!(
            state.begin_under("be brief").is_none(),
            "nothing was said under it"
        );
        let wishes = state.ask("hi", None);
        assert!(
            matches!(&wishes[..], [Ask::Keep(a), Ask::Keep(_), Ask::Answer(turns)]
            if a.text == "be brief" && turns.len() == 2)
        );
        state.update(&piece("ok"));
        state.update(&answered("eos"));
        assert!(matches!(state.begin_under("be long"), Some(Ask::Keep(_))));
        assert_eq!(shown(&state), ["be long"]);
        state.clear();
        assert_eq!(shown(&state), ["be long"]);
        state.begin_under("");
        assert!(shown(&state).is_empty());
    }
}
