//! What is sent: a question, or a command that begins with `/`.

use super::keys::{Chat, KEYS, LARGEST_COPY};
use super::transcript::Who;
use crate::event::Ask;
use crate::talk::{self, Command, Role, Typed};
use crate::tui::app::Action;
use crate::tui::markdown::code_blocks;
use crate::tui::widgets::plain;

/// What can be done while an answer is on its way.
fn waits_for_nothing(command: &Command) -> bool {
    matches!(
        command,
        Command::Help
            | Command::Quit
            | Command::Stats
            | Command::Copy(_)
            | Command::Sessions
            | Command::Set(_)
            | Command::Lang(_)
            | Command::System(None)
    )
}

impl Chat {
    /// Sends what was written.
    pub(super) fn send(&mut self) {
        let typed = talk::read(self.editor.text());
        let waits = match &typed {
            Typed::Say(_) => true,
            Typed::Command(command) => !waits_for_nothing(command),
            Typed::Wrong(_) => false,
        };
        if self.state.busy && waits {
            self.hint("still answering; Esc stops it");
            return;
        }
        if matches!(&typed, Typed::Say(text) if text.is_empty()) {
            self.edit_chosen();
            return;
        }
        let text = self.editor.take();
        self.history.add(text);
        self.scroll = 0;
        match typed {
            Typed::Say(text) => {
                let instead_of = self.editing.take();
                self.ask(&text, instead_of);
            }
            Typed::Wrong(why) => self.state.note(Who::Warning, &why),
            Typed::Command(command) => {
                self.editing = None;
                self.obey(command);
            }
        }
    }

    fn ask(&mut self, text: &str, instead_of: Option<u64>) {
        self.stopping = false;
        self.chosen = None;
        let wishes = self.state.ask(text, instead_of);
        self.outbox.extend(wishes.into_iter().map(Action::Ask));
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Help => {
                let keys = KEYS.iter().map(|(key, what)| format!("{key:22} {what}"));
                let lines: Vec<String> = talk::help(true).into_iter().chain(keys).collect();
                self.state.note(Who::Note, &lines.join("\n"));
            }
            Command::System(None) => {
                let system = self.state.tree.system().map(str::to_owned);
                self.told(system.as_deref().unwrap_or("no system prompt"));
            }
            Command::System(Some(text)) => {
                let wish = self.state.begin_under(&text);
                self.outbox.extend(wish.map(Action::Ask));
            }
            Command::Regenerate => match self.state.regenerate() {
                Some(wish) => {
                    self.stopping = false;
                    self.outbox.push(Action::Ask(wish));
                }
                None => self.refused("there is no question to answer again"),
            },
            Command::Edit(text) => self.edit(text.as_deref()),
            Command::Branch(n) => self.branch(n),
            Command::Set(None) => {
                let rows = self.state.info.settings.iter();
                let rows = rows.map(|s| format!("{:20} {:10} {}", s.name, s.value, s.about));
                self.told(&rows.collect::<Vec<_>>().join("\n"));
            }
            Command::Set(Some((name, value))) => self.wish(Ask::Set { name, value }),
            Command::Lang(None) => {
                let lang = match self.state.setting("lang") {
                    "" => "no language is asked for; /lang CODE asks for one".into(),
                    lang => format!("answers are asked for in {lang}"),
                };
                self.told(&lang);
            }
            Command::Lang(Some(value)) => {
                let name = "lang".into();
                self.wish(Ask::Set { name, value });
            }
            Command::Stats => {
                let stats = self.state.stats();
                self.told(&stats);
            }
            Command::Copy(n) => self.copy(n),
            Command::Save(name) => {
                let tree = Box::new(self.state.tree.clone());
                self.wish(Ask::Save { name, tree });
            }
            Command::Load(name) => self.wish(Ask::Load(name)),
            Command::Sessions => self.wish(Ask::Sessions),
            Command::Clear => {
                self.state.clear();
                self.wish(Ask::Clear);
            }
            Command::Quit => self.left = true,
        }
        self.chosen = None;
    }

    fn wish(&mut self, wish: Ask) {
        self.outbox.push(Action::Ask(wish));
    }

    fn told(&mut self, text: &str) {
        self.state.note(Who::Note, text);
    }

    fn refused(&mut self, why: &str) {
        self.state.note(Who::Warning, why);
    }

    /// Asks the last question otherwise, or puts it in the box to be written anew.
    fn edit(&mut self, text: Option<&str>) {
        let Some(question) = self.state.tree.last_question() else {
            self.refused("there is no question to edit");
            return;
        };
        let (id, before) = (question.id, question.text.clone());
        match text {
            Some(text) => self.ask(text, Some(id)),
            None => {
                self.editing = Some(id);
                self.editor.set(&before);
            }
        }
    }

    /// Puts the chosen question in the box, or the one that the chosen answer is about; of a
    /// system prompt the command that sets one.
    fn edit_chosen(&mut self) {
        let Some(mut node) = self.chosen.and_then(|id| self.state.tree.get(id)) else {
            return;
        };
        if node.role == Role::Assistant
            && let Some(question) = node.parent.and_then(|id| self.state.tree.get(id))
        {
            node = question;
        }
        let (id, text) = (node.id, node.text.clone());
        if node.role == Role::System {
            self.editor.set(&format!("/sys {text}"));
        } else {
            self.editing = Some(id);
            self.editor.set(&text);
        }
    }

    /// Goes to a branch of the chosen message, of the last one with any if none is chosen.
    fn branch(&mut self, n: Option<usize>) {
        let Some(id) = self.chosen.or_else(|| self.state.fork()) else {
            self.refused("there is only one branch; /edit and /regen make another");
            return;
        };
        let (at, last) = self.state.tree.place(id).unwrap_or((1, 1));
        let n = n.unwrap_or(at % last + 1);
        match self.state.go(id, n) {
            Some(wish) => self.wish(wish),
            None => self.refused(&format!("there are {last} branches")),
        }
    }

    /// Goes to the branch before (-1) or behind (1) that of the chosen message.
    pub(super) fn branch_by(&mut self, by: isize) {
        if self.state.busy {
            self.hint("still answering; Esc stops it");
            return;
        }
        let Some(id) = self.chosen.or_else(|| self.state.fork()) else {
            return;
        };
        let (at, _) = self.state.tree.place(id).unwrap_or((1, 1));
        if let Some(wish) = self.state.go(id, at.saturating_add_signed(by)) {
            // What was chosen is another message now, at the same place.
            let beside = |node: &&talk::Node| {
                let parent = self.state.tree.get(id).and_then(|old| old.parent);
                node.parent == parent
            };
            let now = self
                .state
                .tree
                .path()
                .into_iter()
                .find(beside)
                .map(|n| n.id);
            self.chosen = self.chosen.and(now);
            self.wish(wish);
        }
    }

    /// Chooses the message before (-1) or behind (1) the chosen one; behind the last: none.
    pub(super) fn choose_by(&mut self, by: isize) {
        let path = self.state.tree.path();
        let at = self
            .chosen
            .and_then(|id| path.iter().position(|node| node.id == id))
            .unwrap_or(path.len());
        let at = at.saturating_add_signed(by);
        self.chosen = path.get(at).map(|node| node.id);
        if let Some(id) = self.chosen {
            self.hint("Enter edits, Left and Right change the branch");
            self.scroll_to(id);
        }
    }

    fn copy(&mut self, n: Option<usize>) {
        let chosen = self.chosen.and_then(|id| self.state.tree.get(id));
        let chosen = chosen.filter(|node| node.role == Role::Assistant);
        let Some(answer) = chosen.or_else(|| self.state.tree.last_answer()) else {
            self.refused("there is no answer to copy");
            return;
        };
        let text = match n {
            None => answer.text.clone(),
            Some(n) => {
                // Numbers are those on the screen, where tabs are spaces.
                let shown = code_blocks(&plain(&answer.text));
                let written = code_blocks(&answer.text.replace('\r', ""));
                let is_same = written.len() == shown.len();
                let blocks = if is_same { written } else { shown };
                match n.checked_sub(1).and_then(|n| blocks.get(n)) {
                    Some(block) => block.clone(),
                    None => {
                        let why = format!("the last answer has {} blocks of code", blocks.len());
                        self.refused(&why);
                        return;
                    }
                }
            }
        };
        if text.len() > LARGEST_COPY {
            self.refused("too long for the clipboard of a terminal");
            return;
        }
        self.told(&format!(
            "{} letters are on the clipboard, where the terminal allows it",
            text.chars().count()
        ));
        self.outbox.push(Action::Copy(harmless(&text)));
    }
}

/// Text without what would do something where it is pasted, or be read otherwise than it looks.
fn harmless(text: &str) -> String {
    let is_safe = |c: &char| match c {
        '\n' | '\t' => true,
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => false,
        c => !c.is_control(),
    };
    text.chars().filter(is_safe).collect()
}
