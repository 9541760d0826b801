//! The groups of a prepared folder, and their documents one window at a time.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use memchr::memmem::Finder;

use super::document::{self, Document};
use super::lines::Lines;
use crate::data::error::{Error, Result};
use crate::data::filter::{BadWords, Check, Known, Meter, RuleBook, verdict};
use crate::data::pipeline::{Plan, Report, bad_words, own_share, rules};
use crate::disk;
use crate::lang::Lang;
use crate::ledger::Manifest;

/// Documents of one file of a prepared folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// `unique`, `heldout`, or the reason they were dropped for.
    pub name: String,
    /// Code of their language, or `und`.
    pub lang: String,
    /// True for documents that were dropped.
    pub dropped: bool,
    /// How many there are, where the report tells.
    pub n_docs: Option<u64>,
    path: PathBuf,
}

/// What became of all records, as the report counts them.
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

/// A prepared folder.
pub struct Folder {
    path: PathBuf,
    groups: Vec<Group>,
    totals: Option<Totals>,
    open: Option<(usize, Lines)>,
    rules: Option<(RuleBook, Option<BadWords>)>,
    meter: Meter,
}

impl Folder {
    /// Opens a prepared folder; its files are found by their names. What stays comes first, then
    /// what was dropped, the reason that dropped most before the others.
    ///
    /// # Errors
    /// When it holds no documents.
    pub fn open(path: &Path) -> Result<Self> {
        let report: Option<Report> = disk::read(&path.join("report.json"))
            .ok()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let mut groups = Vec::new();
        for part in ["unique", "heldout"] {
            groups.extend(files(&path.join(part), part, false)?);
        }
        let dropped = path.join("dropped");
        if dropped.is_dir() {
            for reason in reasons(&dropped, report.as_ref())? {
                groups.extend(files(&dropped.join(&reason), &reason, true)?);
            }
        }
        if groups.is_empty() {
            return Err(Error::usage(
                format!("{}: not a prepared folder", path.display()),
                "name the folder that `eu prepare -o` made",
            ));
        }
        for group in &mut groups {
            group.n_docs = report.as_ref().and_then(|report| counted(report, group));
        }
        Ok(Folder {
            path: path.into(),
            groups,
            totals: report.as_ref().map(totals),
            open: None,
            rules: None,
            meter: Meter::new(),
        })
    }

    /// Its groups: what stays, what is held out, then what was dropped, by reason.
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// Its files, in the order of its groups.
    pub(super) fn paths(&self) -> impl Iterator<Item = &Path> {
        self.groups.iter().map(|group| group.path.as_path())
    }

    /// What became of all records, where there is a report.
    pub fn totals(&self) -> Option<Totals> {
        self.totals
    }

    /// The file of a group, at the nearest known place before document `from`.
    fn near(&mut self, group: usize, from: u64) -> Result<Option<&mut Lines>> {
        let Some(Group { path, .. }) = self.groups.get(group) else {
            return Ok(None);
        };
        if self.open.as_ref().is_none_or(|(open, _)| *open != group) {
            self.open = Some((group, Lines::of(path)));
        }
        let Some((_, lines)) = &mut self.open else {
            return Ok(None);
        };
        lines.go_to(from)?;
        Ok(Some(lines))
    }

    /// The file of a group at document `from`; none where there are fewer.
    fn lines(&mut self, group: usize, from: u64) -> Result<Option<&mut Lines>> {
        let Some(lines) = self.near(group, from)? else {
            return Ok(None);
        };
        let mut line = Vec::new();
        while lines.at() < from {
            if !lines.next(&mut line)? {
                return Ok(None);
            }
        }
        Ok(Some(lines))
    }

    /// How up to `n` documents of a group begin, after the first `from`: a line of text each, of
    /// some hundred characters; and whether the group ends with them. Fewer at the end, before
    /// damage, and where more than `n_bytes` would be read, but one at least. Reading on is cheap;
    /// going back costs a frame of the file, some 4 MB.
    ///
    /// # Errors
    /// When the file is damaged there.
    pub fn beginnings(
        &mut self,
        group: usize,
        from: u64,
        n: usize,
        n_bytes: usize,
    ) -> Result<(Vec<String>, bool)> {
        let mut found = Vec::new();
        let Some(lines) = self.lines(group, from)? else {
            return Ok((found, true));
        };
        let (mut line, mut left) = (Vec::new(), n_bytes);
        while found.len() < n && (left > 0 || found.is_empty()) {
            match lines.next(&mut line) {
                Ok(true) => {}
                Ok(false) => return Ok((found, true)),
                // Told when it is asked for itself.
                Err(_) if !found.is_empty() => break,
                Err(error) => return Err(error),
            }
            left = left.saturating_sub(line.len());
            match document::beginning(&line) {
                Some(text) => found.push(text),
                None if !found.is_empty() => break,
                None => return Err(not_a_record(lines.path(), lines.at())),
            }
        }
        Ok((found, false))
    }

    /// The document of a group that stands after the first `at`; none past the end.
    ///
    /// # Errors
    /// When the file is damaged.
    pub fn document(&mut self, group: usize, at: u64) -> Result<Option<Document>> {
        let Some(lines) = self.lines(group, at)? else {
            return Ok(None);
        };
        let mut line = Vec::new();
        if !lines.next(&mut line)? {
            return Ok(None);
        }
        let path = lines.path().to_path_buf();
        let (lang, number) = (self.groups.get(group).map_or("und", |g| &g.lang), at + 1);
        let document = Document::of(&line, lang);
        document
            .map(Some)
            .ok_or_else(|| not_a_record(&path, number))
    }

    /// Looks for `words` in the documents of a group from number `from` on, in all that is known of
    /// each, letters of either case apart; gives up for the time being after `n_bytes`. Without
    /// words it goes to the end.
    ///
    /// # Errors
    /// When the file is damaged.
    pub fn search(
        &mut self,
        group: usize,
        from: u64,
        words: Option<&str>,
        n_bytes: usize,
    ) -> Result<Found> {
        // As they stand in JSON, without the quotation marks.
        let words = words.map(|words| serde_json::to_string(words).unwrap_or_default());
        let needle = words.as_deref().map(inside);
        let needle = needle.map(Finder::new);
        let mut left = n_bytes;
        let Some(lines) = self.near(group, from)? else {
            return Ok(Found::End(0));
        };
        let mut line = Vec::new();
        loop {
            let at = lines.at();
            if !lines.next(&mut line)? {
                return Ok(Found::End(at));
            }
            let holds = |needle: &Finder| needle.find(&line).is_some();
            if at >= from && needle.as_ref().is_some_and(holds) {
                return Ok(Found::At(at));
            }
            left = left.saturating_sub(line.len() + 1);
            if left == 0 && at + 1 > from {
                return Ok(Found::NotBefore(at + 1));
            }
        }
    }

    /// Every check of a document by the rules that the folder was made with, whether it dropped
    /// or not; none where its language has no rules.
    ///
    /// # Errors
    /// When the folder does not say which rules, or a file of thresholds or words is gone.
    pub fn checks(&mut self, document: &Document) -> Result<Vec<Check>> {
        if self.rules.is_none() {
            let unknown = || {
                Error::usage(
                    format!("{}: no manifest of `eu prepare`", self.path.display()),
                    "its settings are not known; `eu prepare explain` takes them from flags",
                )
            };
            let manifest = Manifest::of(&self.path).ok_or_else(unknown)?;
            let plan: Plan = serde_json::from_value(manifest.settings).map_err(|_| unknown())?;
            self.rules = Some((rules(&plan)?, bad_words(&plan)?));
        }
        let (Some((book, words)), Some(lang)) = (&self.rules, Lang::find(&document.lang)) else {
            return Ok(Vec::new());
        };
        let rules = book.of(lang);
        let known = Known {
            lang_prob: document.lang_prob,
            lang_share: own_share(&document.text, lang),
            bad_words: words.as_ref(),
        };
        let metrics = self.meter.measure_all(&document.text, rules, &known);
        Ok(verdict(&metrics, rules))
    }
}

/// What stands between the quotation marks of a JSON text.
fn inside(text: &str) -> &str {
    let inside = text
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    inside.unwrap_or(text)
}

fn not_a_record(path: &Path, line: u64) -> Error {
    Error::line(path, line, "not a record", "prepare the folder again")
}

/// Names of the folders of reasons: most records first, then by name.
fn reasons(dropped: &Path, report: Option<&Report>) -> Result<Vec<String>> {
    let entries = std::fs::read_dir(dropped);
    let entries = entries.map_err(|e| disk::Error::io(dropped, "list", e))?;
    let names = entries.flatten().map(|entry| entry.file_name());
    let mut names: Vec<String> = names.filter_map(|name| name.into_string().ok()).collect();
    let none = BTreeMap::new();
    let counts = report.map_or(&none, |report| &report.dropped);
    names.sort_by_key(|name| (Reverse(counts.get(name).copied()), name.clone()));
    Ok(names)
}

fn files(folder: &Path, name: &str, dropped: bool) -> Result<Vec<Group>> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let found = disk::walk(folder)?.into_iter().filter_map(|path| {
        let file = path.file_name()?.to_str()?;
        let lang = file.strip_suffix(".jsonl.zst")?.to_string();
        Some(Group {
            name: name.into(),
            lang,
            dropped,
            n_docs: None,
            path,
        })
    });
    let mut found: Vec<Group> = found.collect();
    found.sort_by_key(|group| Lang::find(&group.lang).map_or(usize::MAX, Lang::index));
    Ok(found)
}

fn counted(report: &Report, group: &Group) -> Option<u64> {
    let row = report.langs.iter().find(|row| row.lang == group.lang)?;
    match (group.dropped, group.name.as_str()) {
        (true, reason) => row.dropped.get(reason).copied(),
        (false, "unique") => Some(row.n_docs),
        (false, _) => Some(row.n_heldout),
    }
}

fn totals(report: &Report) -> Totals {
    Totals {
        n_seen: report.n_seen,
        n_kept: report.n_kept,
        n_heldout: report.n_heldout,
        n_dropped: report.dropped.values().sum(),
    }
}
