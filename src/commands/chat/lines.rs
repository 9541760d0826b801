//! The plain twin of the screen: a line asked, an answer given, until the input ends. Lines that
//! begin with `/` are commands, as on the screen.

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};

use super::super::fail::Result;
use super::super::out::Out;
use super::desk::{Desk, live};
use super::report;
use crate::disk;
use crate::event::{Ask, Control, Event, Sink};
use crate::talk::{self, Command, Node, Tree, Typed};

/// Talks line by line.
///
/// # Errors
/// When standard input or output fails.
pub(super) fn talk(
    mut desk: Desk<'_, '_>,
    (tree, notes): (Tree, Vec<String>),
    control: &Control,
    out: &Arc<Out>,
) -> Result<()> {
    let mut lines = Lines {
        tree,
        totals: (0, 0, 0, 0),
    };
    lines.begin(&desk);
    out.say("one line is one question; /help lists commands, Ctrl-D ends");
    notes.iter().for_each(|note| out.say(note));
    for line in io::stdin().lines() {
        let line = line.map_err(|e| disk::Error::io(Path::new("-"), "read", e))?;
        match talk::read(&line) {
            Typed::Say(text) if text.is_empty() => {}
            Typed::Say(text) => lines.ask(&text, None, &mut desk, control, out)?,
            Typed::Wrong(why) => out.warn(&why),
            Typed::Command(Command::Quit) => break,
            Typed::Command(command) => lines.obey(command, &mut desk, control, out)?,
        }
        // One answer that was stopped does not stop the next.
        control.clear_stop();
    }
    Ok(())
}

/// The conversation, and sums over its answers: how many, tokens read, written, milliseconds.
struct Lines {
    tree: Tree,
    totals: (usize, usize, usize, u64),
}

impl Lines {
    fn begin(&mut self, desk: &Desk<'_, '_>) {
        if self.tree.is_empty() {
            self.tree.begin(desk.plan().system.as_deref().unwrap_or(""));
        }
    }

    fn ask(
        &mut self,
        text: &str,
        instead_of: Option<u64>,
        desk: &mut Desk<'_, '_>,
        control: &Control,
        out: &Arc<Out>,
    ) -> Result<()> {
        match instead_of {
            Some(id) => self.tree.edit(id, text),
            None => Some(self.tree.ask(text)),
        };
        self.keep_all(desk, out);
        self.answer(desk, control, out)
    }

    fn answer(&mut self, desk: &mut Desk<'_, '_>, control: &Control, out: &Arc<Out>) -> Result<()> {
        let answer = match report(desk, &self.tree, control, out) {
            Ok(answer) => answer,
            // A question that does not fit is no reason to end the conversation.
            Err(error) if error.kind() == crate::fault::Kind::Usage => {
                self.tree.rest();
                out.warn(&error.to_string());
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        if let Some(lang) = desk.lang()
            && let Some(drift) = super::language::drift(&answer.text, lang)
        {
            out.warn(&drift.to_string());
        }
        let (n_prompt, n_tokens) = (answer.n_prompt, answer.tokens.len());
        self.totals.0 += 1;
        self.totals.1 += n_prompt;
        self.totals.2 += n_tokens;
        self.totals.3 += answer.prefill_ms + answer.decode_ms;
        if !answer.text.is_empty() {
            let counts = (n_prompt as u64, n_tokens as u64);
            self.tree
                .answer(&answer.text, counts.0, counts.1, answer.reason);
            self.keep_all(desk, out);
        }
        Ok(())
    }

    /// Writes down what is not yet.
    fn keep_all(&self, desk: &mut Desk<'_, '_>, out: &Arc<Out>) {
        let is_asked = |node: &&Node| node.role != talk::Role::System;
        if self.tree.nodes().iter().any(|node| is_asked(&node)) {
            for node in self.tree.nodes() {
                serve(desk, Ask::Keep(Box::new(node.clone())), out);
            }
        }
    }

    fn obey(
        &mut self,
        command: Command,
        desk: &mut Desk<'_, '_>,
        control: &Control,
        out: &Arc<Out>,
    ) -> Result<()> {
        match command {
            Command::Help => talk::help(false).iter().for_each(|line| out.say(line)),
            Command::System(None) => out.say(self.tree.system().unwrap_or("no system prompt")),
            Command::System(Some(text)) => {
                self.tree.begin(&text);
            }
            Command::Regenerate => match self.tree.reopen() {
                Some(_) => return self.answer(desk, control, out),
                None => out.warn("there is no question to answer again"),
            },
            Command::Edit(text) => match (self.tree.last_question().map(|node| node.id), text) {
                (Some(id), Some(text)) => return self.ask(&text, Some(id), desk, control, out),
                (Some(_), None) => out.warn("/edit needs the question as it should have been"),
                (None, _) => out.warn("there is no question to edit"),
            },
            Command::Branch(n) => self.branch(n, desk, out),
            Command::Set(None) => {
                for (name, value) in live(desk.plan()) {
                    out.say(&format!("{name:20} {value}"));
                }
            }
            Command::Set(Some((name, value))) => serve(desk, Ask::Set { name, value }, out),
            Command::Lang(None) => out.say(match desk.lang() {
                Some(lang) => &lang.name,
                None => "no language is asked for; /lang CODE asks for one",
            }),
            Command::Lang(Some(value)) => {
                let name = "lang".into();
                serve(desk, Ask::Set { name, value }, out);
            }
            Command::Stats => {
                let (n_answers, n_prompt, n_tokens, ms) = self.totals;
                out.say(&format!(
                    "{n_answers} answers, {n_prompt} tokens read, {n_tokens} written, {:.1} s",
                    ms as f64 / 1000.0
                ));
            }
            Command::Save(name) => {
                let tree = Box::new(self.tree.clone());
                serve(desk, Ask::Save { name, tree }, out);
            }
            Command::Load(name) => self.load(name, desk, out),
            Command::Sessions => serve(desk, Ask::Sessions, out),
            Command::Clear => {
                self.tree = Tree::default();
                serve(desk, Ask::Clear, out);
                self.begin(desk);
            }
            Command::Copy(_) => out.warn("/copy needs the screen; here the answer can be piped"),
            Command::Quit => {}
        }
        Ok(())
    }

    /// Goes to another branch and shows where it leads.
    fn branch(&mut self, n: Option<usize>, desk: &mut Desk<'_, '_>, out: &Arc<Out>) {
        let path = self.tree.path();
        let place = |node: &&&Node| self.tree.place(node.id).is_some_and(|(_, n)| n > 1);
        let Some(id) = path.iter().rev().find(place).map(|node| node.id) else {
            return out.warn("there is only one branch; /edit and /regen make another");
        };
        let (at, last) = self.tree.place(id).unwrap_or((1, 1));
        if !self.tree.go(id, n.unwrap_or(at % last + 1)) {
            return out.warn(&format!("there are {last} branches"));
        }
        if let Some(head) = self.tree.head() {
            serve(desk, Ask::At(head.id), out);
            for line in head.text.lines() {
                out.say(line);
            }
        }
    }

    fn load(&mut self, name: String, desk: &mut Desk<'_, '_>, out: &Arc<Out>) {
        let loaded = Mutex::new(None);
        let sink = |event: Event| match event {
            Event::Loaded { nodes, head, .. } => {
                if let Ok(mut loaded) = loaded.lock() {
                    *loaded = Some((nodes, head));
                }
            }
            other => told(other, out),
        };
        desk.serve(Ask::Load(name), &Control::default(), &sink);
        let Some((nodes, head)) = loaded.into_inner().ok().flatten() else {
            return;
        };
        let mut tree = Tree::default();
        for node in nodes {
            // What cannot be part of a tree was told of by whoever read it.
            let _ = tree.insert(node);
        }
        head.map(|id| tree.end_at(id));
        for node in tree.path() {
            out.say(&format!("{}:", node.role.name()));
            node.text.lines().for_each(|line| out.say(line));
        }
        self.tree = tree;
    }
}

/// Asks for something that is no answer.
pub(super) fn serve(desk: &mut Desk<'_, '_>, ask: Ask, out: &Arc<Out>) {
    let sink: &dyn Sink = &|event: Event| told(event, out);
    desk.serve(ask, &Control::default(), sink);
}

fn told(event: Event, out: &Out) {
    match event {
        Event::Note { warning, text } => {
            for line in text.lines() {
                if warning {
                    out.warn(line);
                } else {
                    out.say(line);
                }
            }
        }
        Event::Setting { name, value } => out.say(&format!("{name} = {value}")),
        Event::Session { name } if !name.is_empty() => out.detail(&format!("kept as {name}")),
        _ => {}
    }
}
