//! What the browser shows, without a terminal.

use std::io;
use std::ops::Range;

use ratatui::layout::Size;

use crate::tui::widgets::{plain, wrap};

/// Documents asked for at a time.
const PAGE: usize = 64;
/// Documents held of one group at most: a person reads some, a search is the shell's.
const MOST: usize = 4096;

/// Documents that belong together: kept in one language, or dropped for one reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Such as `unique`, or the reason.
    pub name: String,
    /// Code of the language.
    pub lang: String,
    /// True for documents that were dropped.
    pub dropped: bool,
    /// How many there are, where that is known.
    pub n_docs: Option<u64>,
}

/// A document as it is shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Document {
    /// Its name.
    pub id: String,
    /// What is known of it: a name and what is said under it, in the order of showing.
    pub facts: Vec<(String, String)>,
    /// Its text.
    pub text: String,
    /// Bytes of the text that are to be marked, in order, without overlap.
    pub marks: Vec<Range<usize>>,
}

/// Where documents come from.
pub trait Library {
    /// All groups, in the order they are shown.
    fn groups(&self) -> &[Group];

    /// Up to `n` documents of a group after the first `from`; fewer only at the end.
    ///
    /// # Errors
    /// When they cannot be read.
    fn read(&mut self, group: usize, from: usize, n: usize) -> io::Result<Vec<Document>>;
}

/// The pane that keys go to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Focus {
    Groups,
    Documents,
    Text,
}

/// The browser.
pub struct Browser<L> {
    pub(super) library: L,
    pub(super) name: String,
    pub(super) focus: Focus,
    pub(super) group: usize,
    pub(super) document: usize,
    pub(super) documents: Vec<Shown>,
    /// True while the group may have more documents than those held.
    pub(super) more: bool,
    /// Rows of the text above its pane.
    pub(super) scroll: usize,
    pub(super) size: Size,
    pub(super) failed: Option<String>,
    pub(super) leave: bool,
}

/// A document made harmless for a terminal, its marks moved along.
pub(super) struct Shown {
    pub(super) document: Document,
    pub(super) text: String,
    pub(super) marks: Vec<Range<usize>>,
}

impl Shown {
    fn of(document: Document) -> Self {
        let (mut text, mut marks) = (String::new(), Vec::new());
        let mut done = 0;
        for mark in &document.marks {
            let (Some(before), Some(inside)) = (
                document.text.get(done..mark.start),
                document.text.get(mark.clone()),
            ) else {
                continue; // not on a boundary, or out of order: shown without the mark
            };
            text.push_str(&plain(before));
            let start = text.len();
            text.push_str(&plain(inside));
            marks.push(start..text.len());
            done = mark.end;
        }
        text.push_str(&plain(&document.text[done..]));
        Shown {
            document,
            text,
            marks,
        }
    }
}

impl<L: Library> Browser<L> {
    /// A browser over `library`, which is called `name`.
    pub fn new(library: L, name: &str) -> Self {
        let mut browser = Browser {
            library,
            name: name.into(),
            focus: Focus::Groups,
            group: 0,
            document: 0,
            documents: Vec::new(),
            more: true,
            scroll: 0,
            size: Size::new(80, 24),
            failed: None,
            leave: false,
        };
        browser.open(0);
        browser
    }

    /// Goes to a group.
    pub(super) fn open(&mut self, group: usize) {
        self.group = group.min(self.library.groups().len().saturating_sub(1));
        (self.document, self.scroll) = (0, 0);
        self.documents.clear();
        self.more = !self.library.groups().is_empty();
        self.failed = None;
        self.load();
    }

    /// Goes to a document of the group, or to the last one there is.
    pub(super) fn show(&mut self, document: usize) {
        while self.more && document >= self.documents.len() {
            self.load();
        }
        self.document = document.min(self.documents.len().saturating_sub(1));
        self.scroll = 0;
    }

    /// Reads the next documents of the group.
    fn load(&mut self) {
        let n = PAGE.min(MOST - self.documents.len());
        match self.library.read(self.group, self.documents.len(), n) {
            Ok(read) => {
                self.more = read.len() == n && self.documents.len() + n < MOST;
                self.documents.extend(read.into_iter().map(Shown::of));
            }
            Err(error) => {
                self.more = false;
                self.failed = Some(error.to_string());
            }
        }
    }

    /// The document that is shown.
    pub(super) fn shown(&self) -> Option<&Shown> {
        self.documents.get(self.document)
    }

    /// Rows of its text in a pane of so many cells.
    pub(super) fn rows(&self, cells: usize) -> Vec<Range<usize>> {
        self.shown()
            .map_or(Vec::new(), |shown| wrap(&shown.text, cells))
    }
}
