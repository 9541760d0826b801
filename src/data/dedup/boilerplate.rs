//! Paragraphs that many pages repeat: menus, notices, footers.
//!
//! A paragraph is a line, known by its bare words. Where pages are read, a [`ParagraphCounter`]
//! counts on how many of a host each stands and leaves a file; later [`Boilerplate::gather`] adds
//! up the files and keeps the hashes of the frequent ones alone; [`Boilerplate::apply`] takes
//! these out of a text. All occurrences go: what ten pages of a site repeat is furniture on each
//! of them, and which page was first depends on the order.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use serde::Serialize;
use xxhash_rust::xxh3::xxh3_64;

use super::blocks::{BlockReader, BlockWriter};
use super::resolve::check;
use super::row::Field;
use super::shingles::fold;
use super::sort::{Rows, Sorter};
use crate::data::error::{Error, Result};
use crate::disk;
use crate::event::Control;
use crate::letters::BareWords;

/// First bytes of a file of counts; the last one is the version.
const COUNTS: &[u8; 8] = b"EUPARAS\x01";
/// First bytes of a file of frequent paragraphs; the last one is the version.
const FREQUENT: &[u8; 8] = b"EUBOILR\x01";
/// The host of pages without one.
const NOWHERE: u64 = 0;

/// Which paragraphs are boilerplate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct BoilerplateRule {
    /// Paragraphs of fewer words are left alone: headings repeat for good reasons.
    pub min_words: usize,
    /// Pages of one host that must have a paragraph.
    pub min_host_pages: u64,
    /// Pages of the corpus that must have a paragraph.
    pub min_corpus_pages: u64,
}

impl Default for BoilerplateRule {
    fn default() -> Self {
        BoilerplateRule {
            min_words: 5,
            min_host_pages: 10,
            min_corpus_pages: 1000,
        }
    }
}

/// Hashes paragraphs by their bare words.
struct Paragraphs {
    words: Vec<u64>,
}

impl Paragraphs {
    fn new() -> Self {
        Paragraphs {
            words: vec![0; 256],
        }
    }

    /// Hash of a paragraph and how many words it has.
    fn hash(&mut self, paragraph: &str) -> (u64, usize) {
        let mut reader = BareWords::new(paragraph);
        let (mut hash, mut n_words) = (0x9e37_79b9_7f4a_7c15_u64, 0);
        loop {
            let n = reader.fill(&mut self.words);
            let words = self.words.get(..n).unwrap_or_default();
            for word in words {
                hash = fold(hash.rotate_left(23) ^ word, 0xa076_1d64_78bd_642f);
            }
            n_words += n;
            if n < self.words.len() {
                return (hash, n_words);
            }
        }
    }
}

/// Counts on how many pages each paragraph stands.
pub struct ParagraphCounter {
    min_words: usize,
    table: Sorter<(u64, u64)>,
    paragraphs: Paragraphs,
    of_page: HashSet<u64>,
}

impl ParagraphCounter {
    /// A counter that holds at most `max_bytes` in memory and the rest in the folder `work`.
    ///
    /// # Errors
    /// When nothing can be written to `work`.
    pub fn new(work: &Path, max_bytes: usize, min_words: usize) -> Result<Self> {
        Ok(ParagraphCounter {
            min_words,
            table: Sorter::new(work, max_bytes)?,
            paragraphs: Paragraphs::new(),
            of_page: HashSet::new(),
        })
    }

    /// Counts the paragraphs of a page, each once.
    ///
    /// # Errors
    /// When the disk is full.
    pub fn add(&mut self, text: &str, host: Option<&str>) -> Result<()> {
        let host = host_hash(host);
        self.of_page.clear();
        for paragraph in text.lines() {
            let (hash, n_words) = self.paragraphs.hash(paragraph);
            if n_words >= self.min_words && self.of_page.insert(hash) {
                self.table.push((host, hash))?;
            }
        }
        Ok(())
    }

    /// Writes the counts to a file that appears whole.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(self, path: &Path) -> Result<()> {
        let table = self.table.sorted()?;
        let mut rows = table.rows()?;
        let mut failed = None;
        let written = disk::replace(path, |out| {
            let mut writer = BlockWriter::new(out, COUNTS, &[])?;
            let mut next = || {
                counted(&mut rows).map_err(|e| {
                    failed = Some(e);
                    std::io::Error::other("the counts could not be read back")
                })
            };
            while let Some(row) = next()? {
                writer.push(|out| row.put(out))?;
            }
            writer.finish().map(drop)
        });
        match failed {
            Some(error) => Err(error),
            None => Ok(written?),
        }
    }
}

/// The next row with how often it stands there.
fn counted(rows: &mut Rows<(u64, u64)>) -> Result<Option<(u64, u64, u64)>> {
    let Some((host, paragraph)) = rows.next()? else {
        return Ok(None);
    };
    let mut n = 1;
    while rows.peek() == Some(&(host, paragraph)) {
        rows.next()?;
        n += 1;
    }
    Ok(Some((host, paragraph, n)))
}

fn host_hash(host: Option<&str>) -> u64 {
    host.map_or(NOWHERE, |host| xxh3_64(host.as_bytes()).max(1))
}

/// A paragraph that was taken out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Removed {
    /// First byte, in the text as it was.
    pub start: usize,
    /// Byte after the last one; the line feed is not counted.
    pub end: usize,
    /// It is frequent on its host; else only in the corpus.
    pub on_host: bool,
}

/// The frequent paragraphs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Boilerplate {
    min_words: usize,
    /// Host and paragraph, sorted.
    of_hosts: Vec<u64>,
    /// Paragraphs, sorted.
    of_corpus: Vec<u64>,
}

impl Boilerplate {
    /// Adds up the counts of all files; half of `memory_bytes` is for sorting, half for what is
    /// frequent.
    ///
    /// # Errors
    /// When a file is damaged, the disk is full, more is frequent than fits in memory, or a stop
    /// was asked for.
    pub fn gather(
        counts: &[PathBuf],
        rule: &BoilerplateRule,
        work: &Path,
        memory_bytes: usize,
        control: &Control,
    ) -> Result<Self> {
        let mut of_hosts: Sorter<(u64, u64, u64)> = Sorter::new(work, memory_bytes / 4)?;
        for path in counts {
            let file = File::open(path).map_err(|e| disk::Error::io(path, "open", e))?;
            let (mut reader, _) = BlockReader::new(path, BufReader::new(file), COUNTS)?;
            while let Some((paragraph, host, n)) = reader.next(by_paragraph)? {
                check(control)?;
                of_hosts.push((paragraph, host, n))?;
            }
        }
        let most = memory_bytes / 2 / size_of::<u64>();
        let mut found = Boilerplate {
            min_words: rule.min_words,
            of_hosts: Vec::new(),
            of_corpus: Vec::new(),
        };
        let of_hosts = of_hosts.sorted()?;
        let mut rows = of_hosts.rows()?;
        let (mut n_host, mut n_corpus) = (0, 0u64);
        while let Some((paragraph, host, n)) = rows.next()? {
            check(control)?;
            n_host += n;
            n_corpus = n_corpus.saturating_add(n);
            let next = rows.peek();
            let same_paragraph = next.is_some_and(|next| next.0 == paragraph);
            if !(same_paragraph && next.is_some_and(|next| next.1 == host)) {
                if n_host >= rule.min_host_pages && host != NOWHERE {
                    found.of_hosts.push(fold(host, paragraph));
                }
                n_host = 0;
            }
            if !same_paragraph {
                if n_corpus >= rule.min_corpus_pages {
                    found.of_corpus.push(paragraph);
                }
                n_corpus = 0;
            }
            if found.of_hosts.len() + found.of_corpus.len() > most {
                return Err(Error::usage(
                    format!("more than {most} paragraphs are repeated often"),
                    "ask for more pages that repeat them, or give more memory",
                ));
            }
        }
        found.of_hosts.sort_unstable();
        Ok(found)
    }

    /// How many paragraphs are frequent on a host, and how many in the corpus.
    pub fn n_frequent(&self) -> (usize, usize) {
        (self.of_hosts.len(), self.of_corpus.len())
    }

    /// Writes what is frequent to a file that appears whole.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, path: &Path) -> Result<()> {
        let mut header = Vec::new();
        (self.min_words as u64, self.of_hosts.len() as u64).put(&mut header);
        Ok(disk::replace(path, |out| {
            let mut writer = BlockWriter::new(out, FREQUENT, &header)?;
            let all = self.of_hosts.iter().chain(&self.of_corpus);
            for hash in all {
                writer.push(|out| hash.put(out))?;
            }
            writer.finish().map(drop)
        })?)
    }

    /// Reads what [`Boilerplate::write`] wrote.
    ///
    /// # Errors
    /// When it cannot be read or is damaged.
    pub fn read(path: &Path) -> Result<Self> {
        let file = File::open(path).map_err(|e| disk::Error::io(path, "open", e))?;
        let (mut reader, header) = BlockReader::new(path, BufReader::new(file), FREQUENT)?;
        let Some((min_words, n_hosts)) = <(u64, u64)>::take(&mut &header[..]) else {
            return Err(reader.damaged("the header is damaged"));
        };
        let mut found = Boilerplate {
            min_words: usize::try_from(min_words).unwrap_or(usize::MAX),
            of_hosts: Vec::new(),
            of_corpus: Vec::new(),
        };
        while let Some(hash) = reader.next(u64::take)? {
            match (found.of_hosts.len() as u64) < n_hosts {
                true => found.of_hosts.push(hash),
                false => found.of_corpus.push(hash),
            }
        }
        match found.of_hosts.is_sorted() && found.of_corpus.is_sorted() {
            true => Ok(found),
            false => Err(reader.damaged("the hashes are not in order")),
        }
    }

    /// The text without its frequent paragraphs, and what was taken out of it.
    pub fn apply<'a>(&self, text: &'a str, host: Option<&str>) -> (Cow<'a, str>, Vec<Removed>) {
        let host = host_hash(host);
        let mut paragraphs = Paragraphs::new();
        let (mut removed, mut kept, mut start) = (Vec::new(), Vec::new(), 0);
        for line in text.split_inclusive('\n') {
            let paragraph = line.trim_end_matches(['\n', '\r']);
            let (hash, n_words) = paragraphs.hash(paragraph);
            let on_host = host != NOWHERE
                && n_words >= self.min_words
                && self.of_hosts.binary_search(&fold(host, hash)).is_ok();
            let is_frequent =
                on_host || n_words >= self.min_words && self.of_corpus.binary_search(&hash).is_ok();
            if is_frequent {
                removed.push(Removed {
                    start,
                    end: start + paragraph.len(),
                    on_host,
                });
            } else {
                kept.push(line);
            }
            start += line.len();
        }
        if removed.is_empty() {
            return (Cow::Borrowed(text), removed);
        }
        let mut left = kept.concat();
        if !text.ends_with('\n') && left.ends_with('\n') {
            left.pop();
        }
        (Cow::Owned(left), removed)
    }
}

/// A row of counts, the paragraph first.
fn by_paragraph(from: &mut &[u8]) -> Option<(u64, u64, u64)> {
    let (host, paragraph, n) = Field::take(from)?;
    Some((paragraph, host, n))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const RULE: BoilerplateRule = BoilerplateRule {
        min_words: 2,
        min_host_pages: 3,
        min_corpus_pages: 5,
    };

    fn gathered(pages: &[(Option<&str>, String)], n_units: usize) -> Boilerplate {
        let folder = tempfile::tempdir().unwrap();
        let mut paths = Vec::new();
        for unit in 0..n_units {
            let mut counter = ParagraphCounter::new(folder.path(), 1000, RULE.min_words).unwrap();
            for (host, text) in pages.iter().skip(unit).step_by(n_units) {
                counter.add(text, *host).unwrap();
            }
            paths.push(folder.path().join(format!("{unit}.counts")));
            counter.write(&paths[unit]).unwrap();
        }
        let control = Control::default();
        let found = Boilerplate::gather(&paths, &RULE, folder.path(), 10_000, &control).unwrap();
        let path = folder.path().join("frequent");
        found.write(&path).unwrap();
        assert_eq!(Boilerplate::read(&path).unwrap(), found);
        found
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]

        #[test]
        fn what_goes_is_what_a_plain_count_says(
            picks in proptest::collection::vec((0usize..4, proptest::collection::vec(0usize..9, 0..6)), 1..40),
            n_units in 1usize..4,
        ) {
            const HOSTS: [Option<&str>; 4] = [None, Some("a.eu"), Some("b.eu"), Some("c.eu")];
            let line = |i: &usize| match i {
                8 => "kurz".to_string(),
                i => format!("Zeile {}", "x".repeat(i + 1)),
            };
            let pages: Vec<(Option<&str>, String)> = picks
                .iter()
                .map(|(host, lines)| (HOSTS[*host], lines.iter().map(line).collect::<Vec<_>>().join("\n")))
                .collect();
            let found = gathered(&pages, n_units);
            let n_pages = |wanted: &str, at: Option<Option<&str>>| {
                let with = pages.iter().filter(|(host, text)| {
                    at.is_none_or(|at| at == *host) && text.lines().any(|l| l == wanted)
                });
                with.count() as u64
            };
            for (host, text) in &pages {
                let left: Vec<&str> = text
                    .lines()
                    .filter(|l| {
                        let on_host = host.is_some() && n_pages(l, Some(*host)) >= RULE.min_host_pages;
                        *l == "kurz" || !(on_host || n_pages(l, None) >= RULE.min_corpus_pages)
                    })
                    .collect();
                let (applied, removed) = found.apply(text, *host);
                prop_assert_eq!(applied.lines().collect::<Vec<_>>(), left.clone());
                prop_assert_eq!(removed.len(), text.lines().count() - left.len());
            }
        }
    }

    #[test]
    fn what_was_removed_is_told_by_its_bytes() {
        let page = |i: usize| {
            (
                Some("a.eu"),
                format!("Über uns alle\r\nText {}\nAlle Rechte, 2024", "x".repeat(i)),
            )
        };
        let found = gathered(&(0..4).map(page).collect::<Vec<_>>(), 2);
        let text = "über UNS alle\r\nNeues hier\nAlle Rechte, 1999";
        let (left, removed) = found.apply(text, Some("a.eu"));
        assert_eq!(left, "Neues hier");
        let spans: Vec<&str> = removed.iter().map(|r| &text[r.start..r.end]).collect();
        assert_eq!(spans, ["über UNS alle", "Alle Rechte, 1999"]);
        assert!(removed.iter().all(|r| r.on_host));
        assert_eq!(found.apply(text, None).0, text);
        assert_eq!(found.n_frequent(), (2, 0));
    }

    #[test]
    fn more_than_memory_holds_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let mut counter = ParagraphCounter::new(folder.path(), 1000, 1).unwrap();
        for i in 0..100 {
            counter.add(&"x".repeat(i + 1), Some("a.eu")).unwrap();
        }
        let path = folder.path().join("counts");
        counter.write(&path).unwrap();
        let rule = BoilerplateRule {
            min_host_pages: 1,
            ..RULE
        };
        let error = Boilerplate::gather(&[path], &rule, folder.path(), 160, &Control::default());
        assert!(
            error
                .unwrap_err()
                .to_string()
                .starts_with("more than 10 paragraphs")
        );
    }
}
