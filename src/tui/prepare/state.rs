//! What the browser shows, without a terminal.

use ratatui::layout::Size;

use super::library::{Check, Found, Group, Library};
use super::shown::{Face, Shown};
use super::view::text_cells;
use crate::tui::widgets::{grouped, plain_line};

/// Beginnings of documents held at a time: some screens of a list.
const WINDOW: usize = 512;
/// Least of them before and after the chosen one, where there are as many.
const MARGIN: u64 = 128;

/// The pane that keys go to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Focus {
    Groups,
    Documents,
    Text,
}

/// What a line that is being typed is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Which groups are listed.
    Filter,
    /// What is looked for in documents.
    Search,
}

/// The beginnings held, of documents that follow each other.
#[derive(Default)]
pub(super) struct Window {
    /// Number of the first.
    pub(super) from: u64,
    pub(super) texts: Vec<String>,
    /// True when the group ends with the last of them.
    pub(super) ended: bool,
}

impl Window {
    pub(super) fn end(&self) -> u64 {
        self.from + self.texts.len() as u64
    }
}

/// A search, or the way to the end of a group, that is not at its end.
pub(super) struct Search {
    pub(super) words: Option<String>,
    /// Documents before this number are done.
    pub(super) next: u64,
}

/// The browser.
pub struct Browser<L> {
    pub(super) library: L,
    pub(super) name: String,
    pub(super) focus: Focus,
    /// Groups that are listed, by number.
    pub(super) listed: Vec<usize>,
    /// Words that a group must have to be listed.
    pub(super) filter: String,
    /// True when the largest group is listed first.
    pub(super) by_size: bool,
    /// Place of the chosen group among those listed.
    pub(super) group: usize,
    /// Number of the chosen document in its group.
    pub(super) document: u64,
    pub(super) window: Window,
    /// How many documents the group has, once its end was met.
    n_docs: Option<u64>,
    pub(super) shown: Option<Shown>,
    pub(super) face: Face,
    /// Rows of the text above its pane.
    pub(super) scroll: usize,
    /// A line that is being typed.
    pub(super) typing: Option<(Purpose, String)>,
    /// What was searched for last.
    pub(super) words: String,
    pub(super) search: Option<Search>,
    /// What the last search came to.
    pub(super) note: Option<String>,
    pub(super) help: bool,
    pub(super) size: Size,
    pub(super) failed: Option<String>,
    pub(super) leave: bool,
}

impl<L: Library> Browser<L> {
    /// A browser over `library`, which is called `name`.
    pub fn new(library: L, name: &str) -> Self {
        let mut browser = Browser {
            listed: (0..library.groups().len()).collect(),
            library,
            name: name.into(),
            focus: Focus::Groups,
            filter: String::new(),
            by_size: false,
            group: 0,
            document: 0,
            window: Window::default(),
            n_docs: None,
            shown: None,
            face: Face::Text,
            scroll: 0,
            typing: None,
            words: String::new(),
            search: None,
            note: None,
            help: false,
            size: Size::new(80, 24),
            failed: None,
            leave: false,
        };
        browser.open(0);
        browser
    }

    /// The chosen group.
    pub(super) fn chosen(&self) -> Option<&Group> {
        self.library.groups().get(*self.listed.get(self.group)?)
    }

    /// How many documents the chosen group has, as far as that is known.
    pub(super) fn n_docs(&self) -> Option<u64> {
        let counted = self.chosen().and_then(|group| group.n_docs);
        counted.or(self.n_docs)
    }

    /// Goes to a group by its place among those listed.
    pub(super) fn open(&mut self, group: usize) {
        self.group = group.min(self.listed.len().saturating_sub(1));
        self.window = Window::default();
        (self.search, self.note, self.failed, self.n_docs) = (None, None, None, None);
        self.show(0);
    }

    /// Lists the groups that have every word of the filter, in the order that is asked for, and
    /// stays with the chosen one if it can.
    pub(super) fn list(&mut self) {
        let chosen = self.listed.get(self.group).copied();
        let words: Vec<String> = self
            .filter
            .split_whitespace()
            .map(str::to_lowercase)
            .collect();
        let groups = self.library.groups();
        let has_all = |group: &Group| {
            let fate = if group.dropped { "dropped" } else { "kept" };
            let told = format!("{} {} {fate}", group.lang, group.name).to_lowercase();
            words.iter().all(|word| told.contains(word))
        };
        let all = groups.iter().enumerate();
        let mut listed: Vec<usize> = all.filter(|(_, g)| has_all(g)).map(|(i, _)| i).collect();
        if self.by_size {
            let size = |i: &usize| groups.get(*i).and_then(|group| group.n_docs);
            listed.sort_by_key(|i| std::cmp::Reverse(size(i)));
        }
        self.listed = listed;
        let place = self.listed.iter().position(|group| Some(*group) == chosen);
        match place {
            Some(place) => self.group = place,
            None => self.open(0),
        }
    }

    /// Goes to a document of the group, or to the last one there is.
    pub(super) fn show(&mut self, document: u64) {
        let Some(group) = self.listed.get(self.group).copied() else {
            (self.window, self.shown) = (Window::default(), None);
            return;
        };
        self.failed = None;
        self.document = self.hold(group, document);
        self.scroll = 0;
        self.shown = None;
        if !self.window.texts.is_empty() {
            match self.library.document(group, self.document) {
                Ok(Some(document)) => {
                    let kept = self.chosen().map_or("", |group| group.name.as_str());
                    let kept = match kept {
                        "unique" => "kept to train on".into(),
                        "heldout" => "held out to score on".into(),
                        name => name.to_string(),
                    };
                    self.shown = Some(Shown::of(document, &kept));
                }
                Ok(None) => {}
                Err(error) => self.failed = Some(error.to_string()),
            }
        }
        self.turn(self.face);
    }

    /// Holds what stands about a document in the list; its number, or that of the last one.
    fn hold(&mut self, group: usize, wanted: u64) -> u64 {
        let last = |window: &Window| window.end().saturating_sub(1);
        let wanted = match self.window.ended {
            true => wanted.min(last(&self.window)),
            false => wanted,
        };
        let held = &self.window;
        // Of large documents a window holds few.
        let margin = MARGIN.min(held.texts.len() as u64 / 4);
        let is_before = held.from == 0 || held.from + margin <= wanted;
        let is_after = held.ended || wanted + margin < held.end();
        if is_before && is_after && !held.texts.is_empty() && wanted >= held.from {
            return wanted;
        }
        // From where the list begins anew; where documents are so large that it does not reach
        // the wanted one, from that one, and from what is known to be there.
        let old = self.document.min(wanted);
        let first = wanted.saturating_sub(2 * MARGIN).min(old);
        for from in [wanted.saturating_sub(2 * MARGIN), wanted, first] {
            match self.library.beginnings(group, from, WINDOW) {
                Ok(read) => {
                    let texts = read.texts.iter();
                    let window = Window {
                        from,
                        texts: texts.map(|text| plain_line(text)).collect(),
                        ended: read.ended,
                    };
                    let reaches = window.end() > wanted || window.ended;
                    if reaches && (!window.texts.is_empty() || from == 0) {
                        if window.ended {
                            self.n_docs = Some(window.end());
                        }
                        self.window = window;
                        break;
                    }
                }
                Err(error) => {
                    self.failed = Some(error.to_string());
                    break;
                }
            }
        }
        wanted.clamp(self.window.from, last(&self.window).max(self.window.from))
    }

    /// Turns the document to a face.
    pub(super) fn turn(&mut self, face: Face) {
        (self.face, self.scroll) = (face, 0);
        let group = self.listed.get(self.group).copied();
        let checks: Option<Result<Vec<Check>, String>> = match (face, group) {
            (Face::Checks, Some(group)) if self.shown.is_some() => {
                let checks = self.library.checks(group, self.document);
                Some(checks.map_err(|error| error.to_string()))
            }
            _ => None,
        };
        if let Some(shown) = &mut self.shown {
            shown.turn(face, checks.as_ref());
            shown.seek(&self.words);
        }
        self.lay_out();
    }

    /// Lays the text out for the terminal as it is.
    pub(super) fn lay_out(&mut self) {
        let cells = text_cells(self.size);
        if let Some(shown) = &mut self.shown {
            shown.lay_out(cells);
            self.scroll = self.scroll.min(shown.rows.len().saturating_sub(1));
        }
    }

    /// Goes to the next row with something marked, and from the last to the first.
    pub(super) fn next_mark(&mut self) {
        if let Some(shown) = &self.shown {
            let next = shown.row_of(&shown.marks, self.scroll + 1);
            if let Some(row) = next.or_else(|| shown.row_of(&shown.marks, 0)) {
                self.scroll = row;
            }
        }
    }

    /// Begins a search behind the chosen document; without words, the way to the end.
    pub(super) fn begin_search(&mut self, words: Option<String>, from: u64) {
        self.note = None;
        self.search = Some(Search { words, next: from });
        self.search_on();
    }

    /// Goes a little way on with the search, if there is one.
    pub(super) fn search_on(&mut self) {
        let (Some(search), Some(group)) = (&mut self.search, self.listed.get(self.group)) else {
            return;
        };
        match self
            .library
            .search(*group, search.next, search.words.as_deref())
        {
            Ok(Found::NotBefore(next)) => search.next = next,
            Ok(Found::At(at)) => {
                self.search = None;
                self.show(at);
                if let Some(shown) = &self.shown {
                    self.scroll = shown.row_of(&shown.hits, 0).unwrap_or(0);
                }
            }
            Ok(Found::End(n)) => {
                self.n_docs = Some(n);
                if self
                    .search
                    .take()
                    .is_some_and(|search| search.words.is_some())
                {
                    let n = grouped(n);
                    self.note = Some(format!("not found up to the last document, {n}"));
                } else {
                    self.show(n.saturating_sub(1));
                }
            }
            Err(error) => {
                self.search = None;
                self.failed = Some(error.to_string());
            }
        }
    }
}
