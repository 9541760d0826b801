//! Conversations kept in `$XDG_STATE_HOME/eu`: `sessions/NAME.jsonl`, a line a message.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::super::fail::{Failure, Result};
use super::super::out;
use super::questions;
use crate::disk::{self, Log};
use crate::talk::{self, Kept, Node, Role, Tree};

/// Most bytes of a conversation that is read.
const MAX_SESSION_BYTES: u64 = 256 << 20;
/// Bytes of a conversation that its first question is sought in, for a list.
const BEGINNING_BYTES: u64 = 64 << 10;
/// Most conversations listed.
const MAX_LISTED: usize = 50;

/// Where the conversation at hand is kept.
#[derive(Debug)]
pub(super) struct Book {
    /// `$XDG_STATE_HOME/eu`; none where the system has no such place.
    folder: Option<PathBuf>,
    /// Nothing is kept unless it is asked for.
    is_off: bool,
    /// What the file will be called; empty: by the time of the first question.
    name: String,
    log: Option<Log>,
    /// Number of the last message in the file.
    last: u64,
}

impl Book {
    /// A book for a new conversation.
    pub(super) fn new(folder: Option<PathBuf>, is_off: bool) -> Self {
        Book {
            is_off: is_off || folder.is_none(),
            folder,
            name: String::new(),
            log: None,
            last: 0,
        }
    }

    /// Name of the conversation; empty where it is not kept yet, or not at all.
    pub(super) fn name(&self) -> &str {
        match self.log {
            Some(_) => &self.name,
            None => "",
        }
    }

    /// Writes a message down; true where that made a file. What was written already is passed
    /// over.
    ///
    /// # Errors
    /// When the disk is full or gone: nothing more is then kept.
    pub(super) fn keep(&mut self, node: &Node) -> Result<bool> {
        if self.is_off || node.id <= self.last {
            return Ok(false);
        }
        let is_new = self.log.is_none();
        let line = talk::line_of(node) + "\n";
        self.add(&line)?;
        self.last = node.id;
        if node.role == Role::User {
            self.folder
                .as_ref()
                .map_or(Ok(()), |folder| questions::add(folder, &node.text))?;
        }
        Ok(is_new)
    }

    /// Writes down where the reader went.
    ///
    /// # Errors
    /// As [`Book::keep`].
    pub(super) fn at(&mut self, id: u64) -> Result<()> {
        match self.log {
            Some(_) => self.add(&(talk::line_of_head(id) + "\n")),
            None => Ok(()),
        }
    }

    fn add(&mut self, lines: &str) -> Result<()> {
        let added = match &mut self.log {
            Some(log) => log.add(lines).map_err(Into::into),
            None => self.create().and_then(|mut log| {
                log.add(lines)?;
                self.log = Some(log);
                Ok(())
            }),
        };
        if added.is_err() {
            (self.is_off, self.log) = (true, None);
        }
        added
    }

    /// The file of a new conversation, by its name or by the time.
    fn create(&mut self) -> Result<Log> {
        if self.name.is_empty() {
            let stem = out::utc(SystemTime::now()).replace(':', "-");
            let taken = |name: &str| self.path(name).is_ok_and(|path| path.exists());
            let others = (2..).map(|n| format!("{stem}-{n}"));
            let mut names = std::iter::once(stem.clone()).chain(others);
            self.name = names.find(|name| !taken(name)).unwrap_or_default();
        }
        let path = self.path(&self.name)?;
        disk::refuse_existing(&path)?;
        Ok(Log::open(&path)?)
    }

    fn path(&self, name: &str) -> Result<PathBuf> {
        if !talk::is_name(name) {
            return Err(
                Failure::usage(format!("{name:?} cannot be the name of a conversation"))
                    .hint("use letters, digits, `-`, `_` and dots inside")
                    .into(),
            );
        }
        Ok(self.sessions()?.join(format!("{name}.jsonl")))
    }

    fn sessions(&self) -> Result<PathBuf> {
        let folder = self.folder.as_ref().ok_or_else(|| {
            Failure::missing("there is no place to keep conversations")
                .hint("set XDG_STATE_HOME or HOME")
        })?;
        Ok(folder.join("sessions"))
    }

    /// Begins another conversation.
    pub(super) fn begin(&mut self) {
        (self.log, self.last) = (None, 0);
        self.name.clear();
    }

    /// Begins a conversation that will be called so.
    ///
    /// # Errors
    /// When it cannot be called so.
    pub(super) fn begin_as(&mut self, name: &str) -> Result<()> {
        self.path(name)?;
        self.begin();
        name.clone_into(&mut self.name);
        Ok(())
    }

    /// Opens a kept conversation, `last` for the one last spoken in, and goes on writing there.
    ///
    /// # Errors
    /// When there is none of that name, or another program has it open; the one at hand stays.
    pub(super) fn open(&mut self, name: &str) -> Result<Kept> {
        let name = match name {
            "last" => self.names().into_iter().next().unwrap_or_default(),
            name => name.to_owned(),
        };
        if name.is_empty() {
            return Err(Failure::missing("no conversation is kept").into());
        }
        let path = self.path(&name)?;
        if self.log.is_some() && self.name == name {
            return read(&path); // open already, by us
        }
        if !path.exists() {
            return Err(
                Failure::missing(format!("no conversation is called {name}"))
                    .hint("/sessions lists them")
                    .into(),
            );
        }
        let log = match self.is_off {
            true => None,
            false => Some(Log::open(&path)?),
        };
        let kept = read(&path)?;
        self.last = kept.tree.nodes().last().map_or(0, |node| node.id);
        (self.log, self.name) = (log, name);
        Ok(kept)
    }

    /// Keeps the conversation under a name from now on, also where nothing was kept so far.
    ///
    /// # Errors
    /// When the name cannot be had or the file not be written.
    pub(super) fn save(&mut self, name: Option<&str>, tree: &Tree) -> Result<()> {
        if let Some(name) = name {
            let path = self.path(name)?;
            if self.log.is_some() && self.name == name {
                return Ok(());
            }
            disk::refuse_existing(&path).map_err(|_| {
                Failure::usage(format!("another conversation is called {name}"))
                    .hint("choose another name")
            })?;
            if let Some(log) = &mut self.log {
                log.rename(&path)?;
            }
            name.clone_into(&mut self.name);
        }
        if self.log.is_none() {
            let mut log = self.create()?;
            log.add(&talk::lines_of(tree.nodes(), tree.head().map(|n| n.id)))?;
            self.log = Some(log);
            self.last = tree.nodes().last().map_or(0, |node| node.id);
        }
        self.is_off = false;
        Ok(())
    }

    /// Names of kept conversations, the one last spoken in first.
    pub(super) fn names(&self) -> Vec<String> {
        let Ok(folder) = self.sessions() else {
            return Vec::new();
        };
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        let mut found: Vec<(SystemTime, String)> = entries
            .filter_map(|entry| {
                let name = entry.file_name().into_string().ok()?;
                let name = name.strip_suffix(".jsonl")?;
                let time = entry.metadata().and_then(|meta| meta.modified()).ok()?;
                talk::is_name(name).then(|| (time, name.to_owned()))
            })
            .collect();
        found.sort_by(|a, b| b.cmp(a));
        found.into_iter().map(|(_, name)| name).collect()
    }

    /// The kept conversations in lines, with what each began with.
    pub(super) fn list(&self) -> String {
        let names = self.names();
        if names.is_empty() {
            return "no conversation is kept".into();
        }
        let line = |name: &String| {
            let began = self.path(name).ok().and_then(|path| began(&path));
            let text = format!("{name:24} {}", began.unwrap_or_default());
            text.trim_end().to_owned()
        };
        let mut lines: Vec<String> = names.iter().take(MAX_LISTED).map(line).collect();
        if names.len() > MAX_LISTED {
            lines.push(format!("and {} older ones", names.len() - MAX_LISTED));
        }
        lines.join("\n")
    }

    /// Questions asked before, oldest first; none where nothing is kept.
    #[cfg(any(test, feature = "tui"))]
    pub(super) fn questions(&self) -> Vec<String> {
        let folder = self.folder.as_ref().filter(|_| !self.is_off);
        folder.map_or_else(Vec::new, |folder| questions::recent(folder))
    }
}

fn read(path: &Path) -> Result<Kept> {
    let bytes = beginning(path, MAX_SESSION_BYTES + 1)?;
    if bytes.len() as u64 > MAX_SESSION_BYTES {
        let what = format!("{}: larger than any conversation is", path.display());
        return Err(Failure::damaged(what).into());
    }
    Ok(talk::read_lines(&bytes))
}

/// The first line of the first question of a conversation, cut short.
fn began(path: &Path) -> Option<String> {
    let kept = talk::read_lines(&beginning(path, BEGINNING_BYTES).ok()?);
    let mut nodes = kept.tree.nodes().iter();
    let question = nodes.find(|node| node.role == Role::User)?;
    Some(question.text.lines().next()?.chars().take(60).collect())
}

fn beginning(path: &Path, max: u64) -> disk::Result<Vec<u8>> {
    let file = std::fs::File::open(path).map_err(|e| disk::Error::io(path, "open", e))?;
    let mut bytes = Vec::new();
    let read = file.take(max).read_to_end(&mut bytes);
    read.map_err(|e| disk::Error::io(path, "read", e))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(texts: &[&str]) -> Tree {
        let mut tree = Tree::default();
        for text in texts {
            tree.ask(text);
            tree.answer("answer", 1, 1, "eos");
        }
        tree
    }

    fn book(folder: &Path) -> Book {
        Book::new(Some(folder.into()), false)
    }

    #[test]
    fn a_conversation_is_kept_as_it_goes_and_gone_on_with() {
        let state = tempfile::tempdir().unwrap();
        let mut tree = said(&["one", "two"]);
        let mut first = book(state.path());
        assert_eq!(first.name(), "");
        let made: Vec<bool> = tree
            .nodes()
            .iter()
            .map(|n| first.keep(n).unwrap())
            .collect();
        assert_eq!(made, [true, false, false, false]);
        assert!(!first.keep(&tree.nodes()[0]).unwrap(), "written already");
        tree.go(1, 1);
        tree.end_at(2);
        first.at(2).unwrap();
        let name = first.name().to_owned();

        let mut second = book(state.path());
        let busy = second.open(&name).unwrap_err().to_string();
        assert!(busy.contains("another program"), "{busy}");
        drop(first);
        let kept = second.open("last").unwrap();
        assert_eq!((kept.tree, kept.notes.len()), (tree.clone(), 0));
        tree.ask("three");
        second.keep(tree.nodes().last().unwrap()).unwrap();
        assert_eq!(second.open(&name).unwrap().tree, tree);
        assert_eq!(second.questions(), ["one", "two", "three"]);
        assert!(second.list().contains("one"), "{}", second.list());
    }

    #[test]
    fn a_torn_line_is_told_of_and_written_behind() {
        let state = tempfile::tempdir().unwrap();
        let mut tree = said(&["one"]);
        let mut book = book(state.path());
        book.begin_as("torn").unwrap();
        book.keep(&tree.nodes()[0]).unwrap();
        drop(book.log.take());
        let path = state.path().join("sessions/torn.jsonl");
        let mut text = std::fs::read_to_string(&path).unwrap();
        text.push_str("{\"id\":2,\"parent\":1,\"role\":\"assis");
        std::fs::write(&path, text).unwrap();
        let kept = book.open("torn").unwrap();
        assert_eq!(kept.tree.nodes().len(), 1);
        assert_eq!(kept.notes.len(), 1, "{:?}", kept.notes);
        tree = kept.tree;
        tree.answer("again", 1, 1, "eos");
        book.keep(tree.nodes().last().unwrap()).unwrap();
        assert_eq!(book.open("torn").unwrap().tree, tree);
    }

    #[test]
    fn names_are_given_and_taken() {
        let state = tempfile::tempdir().unwrap();
        let tree = said(&["one"]);
        let mut first = book(state.path());
        first.save(Some("letter"), &tree).unwrap();
        first.save(None, &tree).unwrap();
        assert_eq!(first.name(), "letter");
        first.save(Some("essay"), &tree).unwrap();
        assert_eq!(first.names(), ["essay"]);
        let mut second = book(state.path());
        second.keep(&tree.nodes()[0]).unwrap();
        for (name, why) in [
            ("essay", "another conversation"),
            ("../x", "cannot be the name"),
        ] {
            let said = second.save(Some(name), &tree).unwrap_err().to_string();
            assert!(said.contains(why), "{said}");
        }
        assert_eq!(
            second.open("nothing").unwrap_err().to_string(),
            "no conversation is called nothing"
        );
        assert_ne!(second.name(), "essay", "what fails changes nothing");
    }

    #[test]
    fn without_history_nothing_is_written_until_it_is_asked_for() {
        let state = tempfile::tempdir().unwrap();
        let tree = said(&["secret"]);
        let mut book = Book::new(Some(state.path().into()), true);
        for node in tree.nodes() {
            book.keep(node).unwrap();
        }
        assert_eq!(std::fs::read_dir(state.path()).unwrap().count(), 0);
        assert!(book.questions().is_empty());
        book.save(Some("kept"), &tree).unwrap();
        assert_eq!(book.open("kept").unwrap().tree, tree);
        let mut nowhere = Book::new(None, false);
        nowhere.keep(&tree.nodes()[0]).unwrap();
        assert_eq!(
            nowhere.save(None, &tree).unwrap_err().kind(),
            crate::fault::Kind::Missing
        );
    }
}
