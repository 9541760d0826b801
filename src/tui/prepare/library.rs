//! What the browser shows and where it comes from.

use std::io;
use std::ops::Range;

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

/// What became of all records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Totals {
    /// Records read.
    pub n_seen: u64,
    /// Records to train on.
    pub n_kept: u64,
    /// Records set aside for scoring.
    pub n_heldout: u64,
    /// Records dropped.
    pub n_dropped: u64,
}

/// A document as it is shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Document {
    /// Its name.
    pub id: String,
    /// Why it was dropped, a line each; empty for one that stays.
    pub why: Vec<String>,
    /// What else is known of it: a name and what is said under it, in the order of showing.
    pub facts: Vec<(String, String)>,
    /// Its text, or as much of it as is held.
    pub text: String,
    /// Bytes of the whole text.
    pub n_bytes: usize,
    /// Bytes of the text that are to be marked, in order, without overlap.
    pub marks: Vec<Range<usize>>,
}

/// A measure of a document beside its threshold.
#[derive(Debug, Clone, PartialEq)]
pub struct Check {
    /// The reason a document is dropped for that fails it.
    pub reason: String,
    /// What was measured.
    pub value: f64,
    /// Such as `at least`.
    pub bound: &'static str,
    /// What it was held against.
    pub threshold: f64,
    /// Whether it holds.
    pub ok: bool,
    /// Whether it was asked for; what was not drops nothing.
    pub on: bool,
}

/// How some documents in a row begin.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Beginnings {
    /// A line of text each.
    pub texts: Vec<String>,
    /// True when there is no document after them.
    pub ended: bool,
}

/// How far a search came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// The document of this number holds what is looked for.
    At(u64),
    /// None before this number does; there are more.
    NotBefore(u64),
    /// None of all that are left does; so many documents there are.
    End(u64),
}

/// Where documents come from. No call may take long: what is asked for is little.
pub trait Library {
    /// All groups, in the order they are shown.
    fn groups(&self) -> &[Group];

    /// What became of all records, where that is known.
    fn totals(&self) -> Option<Totals>;

    /// How up to `n` documents of a group begin, after the first `from`; fewer at the end, or
    /// where they are large, but one at least if there is one.
    ///
    /// # Errors
    /// When they cannot be read.
    fn beginnings(&mut self, group: usize, from: u64, n: usize) -> io::Result<Beginnings>;

    /// The document after the first `at`; none past the end.
    ///
    /// # Errors
    /// When it cannot be read.
    fn document(&mut self, group: usize, at: u64) -> io::Result<Option<Document>>;

    /// Every check of a document.
    ///
    /// # Errors
    /// When it cannot be read, or nobody knows the thresholds.
    fn checks(&mut self, group: usize, at: u64) -> io::Result<Vec<Check>>;

    /// Looks for words in the documents from number `from` on, a little way; without words it
    /// goes towards the end.
    ///
    /// # Errors
    /// When they cannot be read.
    fn search(&mut self, group: usize, from: u64, words: Option<&str>) -> io::Result<Found>;
}
