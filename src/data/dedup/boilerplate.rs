//! Paragraphs that many pages repeat: menus, notices, footers.
//!
//! A paragraph is a line, known by its bare words. Where pages are read, a [`ParagraphCounter`]
//! counts on how many of a host each stands and leaves a file; later [`Boilerplate::gather`] adds
//! up the files and keeps the frequent ones alone; [`Boilerplate::apply`] takes these out of a
//! text. One page keeps each of them, that with the smallest hash of its text, whatever the order:
//! so of pages that are copies of one another one stays whole, and no text is lost. Rows of numbers
//! are no paragraphs: any digit is as good as any other here, and tables would lose rows that
//! differ.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::{BTreeSet, HashSet};
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
use crate::letters::{BareWords, Class};

/// First bytes of a file of counts; the last one is the version.
const COUNTS: &[u8; 8] = b"EUPARAS\x02";
/// First bytes of a file of frequent paragraphs; the last one is the version.
const FREQUENT: &[u8; 8] = b"EUBOILR\x02";
/// Paragraphs that are named: those most pages have.
const NAMED: usize = 20;
/// The host of pages without one.
const NOWHERE: u64 = 0;

/// Which paragraphs are boilerplate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct BoilerplateRule {
    /// Paragraphs of fewer words with a letter are left alone: headings repeat for good reasons.
    pub min_words: usize,
    /// Pages of one host that must have a paragraph.
    pub min_host_pages: u64,
    /// Pages of the corpus that must have a paragraph.
    pub min_corpus_pages: u64,
}

impl BoilerplateRule {
    /// Paragraphs of five words that stand on `n_pages` pages of a host, or on a hundred times as
    /// many of the corpus: what different hosts say alike is more often a quotation.
    pub fn of(n_pages: u64) -> Self {
        BoilerplateRule {
            min_words: 5,
            min_host_pages: n_pages,
            min_corpus_pages: n_pages.saturating_mul(100),
        }
    }
}

/// True for a paragraph of at least `min_words` words that have a letter.
fn has_words(paragraph: &str, min_words: usize) -> bool {
    let words = paragraph.split_whitespace();
    let words = words.filter(|word| word.chars().any(|c| Class::of(c).is_letter()));
    words.take(min_words).count() >= min_words
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

    /// Hash of a paragraph.
    fn hash(&mut self, paragraph: &str) -> u64 {
        let mut reader = BareWords::new(paragraph);
        let mut hash = 0x9e37_79b9_7f4a_7c15_u64;
        loop {
            let n = reader.fill(&mut self.words);
            let words = self.words.get(..n).unwrap_or_default();
            for word in words {
                hash = fold(hash.rotate_left(23) ^ word, 0xa076_1d64_78bd_642f);
            }
            if n < self.words.len() {
                return hash;
            }
        }
    }
}

/// Counts on how many pages each paragraph stands.
pub struct ParagraphCounter {
    min_words: usize,
    /// Host, paragraph, hash of the page.
    table: Sorter<(u64, u64, u64)>,
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
        let (host, page) = (host_hash(host), xxh3_64(text.as_bytes()));
        self.of_page.clear();
        for paragraph in text.lines() {
            if !has_words(paragraph, self.min_words) {
                continue;
            }
            let hash = self.paragraphs.hash(paragraph);
            if self.of_page.insert(hash) {
                self.table.push((host, hash, page))?;
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

/// A host, a paragraph, how many of its pages have it, and the smallest hash among these.
type Count = (u64, u64, u64, u64);

/// The next paragraph of a host.
fn counted(rows: &mut Rows<(u64, u64, u64)>) -> Result<Option<Count>> {
    let Some((host, paragraph, page)) = rows.next()? else {
        return Ok(None);
    };
    let mut n = 1;
    while rows
        .peek()
        .is_some_and(|next| (next.0, next.1) == (host, paragraph))
    {
        rows.next()?;
        n += 1;
    }
    Ok(Some((host, paragraph, n, page)))
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
    /// Hash of its bare words.
    pub paragraph: u64,
}

/// The frequent paragraphs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Boilerplate {
    min_words: usize,
    /// Host and paragraph, sorted, and the page that keeps it.
    of_hosts: Vec<(u64, u64)>,
    /// Paragraphs, sorted, and the page that keeps each.
    of_corpus: Vec<(u64, u64)>,
    /// Those that most pages have, sorted: hash and number of pages.
    named: Vec<(u64, u64)>,
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
        let mut of_hosts: Sorter<Count> = Sorter::new(work, memory_bytes / 4)?;
        for path in counts {
            let file = File::open(path).map_err(|e| disk::Error::io(path, "open", e))?;
            let (mut reader, _) = BlockReader::new(path, BufReader::new(file), COUNTS)?;
            while let Some(count) = reader.next(by_paragraph)? {
                check(control)?;
                of_hosts.push(count)?;
            }
        }
        let most = memory_bytes / 2 / size_of::<(u64, u64)>();
        let mut found = Boilerplate {
            min_words: rule.min_words,
            of_hosts: Vec::new(),
            of_corpus: Vec::new(),
            named: Vec::new(),
        };
        let of_hosts = of_hosts.sorted()?;
        let mut rows = of_hosts.rows()?;
        let (mut n_host, mut n_corpus, mut is_frequent) = (0u64, 0u64, false);
        let (mut keeps_host, mut keeps_corpus) = (u64::MAX, u64::MAX);
        let mut named: BTreeSet<(u64, Reverse<u64>)> = BTreeSet::new();
        while let Some((paragraph, host, n, page)) = rows.next()? {
            check(control)?;
            (keeps_host, keeps_corpus) = (keeps_host.min(page), keeps_corpus.min(page));
            n_host = n_host.saturating_add(n);
            n_corpus = n_corpus.saturating_add(n);
            let next = rows.peek();
            let same_paragraph = next.is_some_and(|next| next.0 == paragraph);
            if !(same_paragraph && next.is_some_and(|next| next.1 == host)) {
                if n_host >= rule.min_host_pages && host != NOWHERE {
                    found.of_hosts.push((fold(host, paragraph), keeps_host));
                    is_frequent = true;
                }
                (n_host, keeps_host) = (0, u64::MAX);
            }
            if !same_paragraph {
                if n_corpus >= rule.min_corpus_pages {
                    found.of_corpus.push((paragraph, keeps_corpus));
                    is_frequent = true;
                }
                if is_frequent {
                    named.insert((n_corpus, Reverse(paragraph)));
                    if named.len() > NAMED {
                        named.pop_first();
                    }
                }
                (n_corpus, keeps_corpus, is_frequent) = (0, u64::MAX, false);
            }
            if found.of_hosts.len() + found.of_corpus.len() > most {
                return Err(Error::usage(
                    format!("more than {most} paragraphs are repeated often"),
                    "ask for more pages that repeat them, or give more memory",
                ));
            }
        }
        found.of_hosts.sort_unstable();
        found.named = named.into_iter().map(|(n, hash)| (hash.0, n)).collect();
        found.named.sort_unstable();
        Ok(found)
    }

    /// Of a paragraph that most pages have, the number of these pages.
    pub fn n_pages(&self, paragraph: u64) -> Option<u64> {
        let at = self.named.binary_search_by_key(&paragraph, |row| row.0);
        Some(self.named.get(at.ok()?)?.1)
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
        let n_named = self.named.len() as u64;
        (self.min_words as u64, self.of_hosts.len() as u64, n_named).put(&mut header);
        self.named.iter().for_each(|row| row.put(&mut header));
        Ok(disk::replace(path, |out| {
            let mut writer = BlockWriter::new(out, FREQUENT, &header)?;
            let all = self.of_hosts.iter().chain(&self.of_corpus);
            for row in all {
                writer.push(|out| row.put(out))?;
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
        let mut from = &header[..];
        let known = <(u64, u64, u64)>::take(&mut from).and_then(|(min_words, n_hosts, n_named)| {
            let named = (0..n_named).map(|_| <(u64, u64)>::take(&mut from));
            Some((min_words, n_hosts, named.collect::<Option<Vec<_>>>()?))
        });
        let Some((min_words, n_hosts, named)) = known else {
            return Err(reader.damaged("the header is damaged"));
        };
        let mut found = Boilerplate {
            min_words: usize::try_from(min_words).unwrap_or(usize::MAX),
            of_hosts: Vec::new(),
            of_corpus: Vec::new(),
            named,
        };
        while let Some(row) = reader.next(Field::take)? {
            match (found.of_hosts.len() as u64) < n_hosts {
                true => found.of_hosts.push(row),
                false => found.of_corpus.push(row),
            }
        }
        match found.of_hosts.is_sorted() && found.of_corpus.is_sorted() {
            true => Ok(found),
            false => Err(reader.damaged("the hashes are not in order")),
        }
    }

    /// The text without its frequent paragraphs, but for those that it is the one to keep, and
    /// what was taken out of it.
    pub fn apply<'a>(&self, text: &'a str, host: Option<&str>) -> (Cow<'a, str>, Vec<Removed>) {
        let (host, page) = (host_hash(host), xxh3_64(text.as_bytes()));
        let goes = |frequent: &[(u64, u64)], hash: u64| {
            let at = frequent.binary_search_by_key(&hash, |row| row.0);
            let keeper = at.ok().and_then(|at| frequent.get(at));
            keeper.is_some_and(|row| row.1 != page)
        };
        let mut paragraphs = Paragraphs::new();
        let (mut removed, mut kept, mut start) = (Vec::new(), Vec::new(), 0);
        for line in text.split_inclusive('\n') {
            let paragraph = line.trim_end_matches(['\n', '\r']);
            let hash = match has_words(paragraph, self.min_words) {
                true => Some(paragraphs.hash(paragraph)),
                false => None,
            };
            let on_host =
                host != NOWHERE && hash.is_some_and(|h| goes(&self.of_hosts, fold(host, h)));
            let frequent = hash.filter(|h| on_host || goes(&self.of_corpus, *h));
            if let Some(paragraph_hash) = frequent {
                removed.push(Removed {
                    start,
                    end: start + paragraph.len(),
                    on_host,
                    paragraph: paragraph_hash,
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
fn by_paragraph(from: &mut &[u8]) -> Option<Count> {
    let (host, paragraph, n, page) = Field::take(from)?;
    Some((paragraph, host, n, page))
}

#[cfg(test)]
mod tests;
