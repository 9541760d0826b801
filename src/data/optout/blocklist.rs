//! Lists of domains and addresses to leave out, millions of them: hashes, sorted.
//!
//! The lists of UT1 (Universite Toulouse Capitole) are folders named by category with files
//! `domains` and `urls`; any other list has a domain or an address on each line. A domain stands
//! for all below it, an address for all that its path begins, by whole names.

use std::path::Path;

use xxhash_rust::xxh3::xxh3_64;

use super::url::Url;
use crate::data::error::{Error, Result};
use crate::disk;

/// Names of a host or a path that are tried; hosts have at most 127 labels.
const MAX_LEVELS: usize = 128;
/// Longest line that can be an entry, in bytes.
const MAX_ENTRY: usize = 16 << 10;

/// Domains and addresses by category.
#[derive(Debug, Clone, Default)]
pub struct BlockList {
    categories: Vec<String>,
    /// Hash of an entry and its category, sorted; one entry of each hash.
    entries: Vec<(u64, u16)>,
    /// Lines that are no entry.
    pub n_strange: u64,
    /// File and line, from 1, of the first of them.
    pub first_strange: Option<String>,
}

/// Why a page is left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blocked<'a> {
    /// Category: the name of the folder or file.
    pub category: &'a str,
    /// The entry that matched.
    pub entry: String,
    /// An address; else a domain.
    pub is_url: bool,
}

/// Domains and addresses are hashed apart, since `example.com` may be in both.
fn key(text: &str, is_url: bool) -> u64 {
    xxh3_64(text.as_bytes()) ^ if is_url { 0x9e37_79b9_7f4a_7c15 } else { 0 }
}

/// An address as it is compared: without its scheme, `www.` kept, no slash at the end.
fn plain(url: &Url) -> String {
    format!("{}{}", url.authority(), url.path.trim_end_matches('/'))
}

impl BlockList {
    /// Adds a list: the text of a file whose entries belong to `category`. Gives the first line,
    /// from 1, that is no entry.
    pub fn add(&mut self, category: &str, list: &[u8]) -> Option<u64> {
        let known = self.categories.iter().position(|c| c == category);
        let index = known.unwrap_or_else(|| {
            self.categories.push(category.into());
            self.categories.len() - 1
        });
        let index = u16::try_from(index).unwrap_or(u16::MAX);
        let mut first_strange = None;
        let lines = list.split(|b| *b == b'\n').zip(1u64..);
        let lines = lines.flat_map(|(line, at)| line.split(|b| *b == b'\r').map(move |l| (l, at)));
        for (line, at) in lines {
            let line = line.trim_ascii();
            if line.is_empty() || line.starts_with(b"#") {
                continue;
            }
            let text = std::str::from_utf8(line)
                .ok()
                .filter(|l| l.len() <= MAX_ENTRY);
            // Lists of squidGuard write `.example.com` for the domain and all below it.
            match text.and_then(|t| Url::parse_loose(t.trim_start_matches(['.', '*']))) {
                Some(url) if url.path == "/" => self.entries.push((key(&url.host, false), index)),
                Some(url) => self.entries.push((key(&plain(&url), true), index)),
                None => {
                    self.n_strange += 1;
                    first_strange.get_or_insert(at);
                }
            }
        }
        first_strange
    }

    /// Makes the list ready to be asked; call it once all lists are added.
    pub fn finish(&mut self) {
        self.entries.sort_unstable();
        self.entries.dedup_by_key(|(hash, _)| *hash);
        self.entries.shrink_to_fit();
    }

    /// Reads a list file, or a folder of UT1 (or several in one folder): every file there called
    /// `domains` or `urls`, its category being the name of its folder.
    ///
    /// # Errors
    /// When a file cannot be read, or a folder has no lists.
    pub fn read(path: &Path) -> Result<Self> {
        Self::read_all(std::slice::from_ref(&path))
    }

    /// Reads several, as [`BlockList::read`] reads one.
    ///
    /// # Errors
    /// As there.
    pub fn read_all<P: AsRef<Path>>(paths: &[P]) -> Result<Self> {
        let mut list = BlockList::default();
        for path in paths {
            list.take_in(path.as_ref())?;
        }
        list.finish();
        Ok(list)
    }

    fn take_in(&mut self, path: &Path) -> Result<()> {
        let mut n_files = 0;
        for file in disk::walk(path)? {
            let stem = |p: &Path| p.file_stem().map(|s| s.to_string_lossy().to_string());
            let name = stem(&file).unwrap_or_default();
            let ut1 = matches!(name.as_str(), "domains" | "urls");
            if !ut1 && file != path {
                continue;
            }
            let folder = file.parent().and_then(stem).filter(|_| ut1);
            let strange = self.add(&folder.unwrap_or(name), &disk::read(&file)?);
            if let Some(line) = strange {
                let place = format!("{}:{line}", file.display());
                self.first_strange.get_or_insert(place);
            }
            n_files += 1;
        }
        if n_files == 0 {
            return Err(Error::Empty {
                path: path.into(),
                what: "no list: a file, or folders with files `domains` and `urls`".into(),
            });
        }
        Ok(())
    }

    /// Entries in all lists.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    fn category(&self, text: &str, is_url: bool) -> Option<&str> {
        let wanted = key(text, is_url);
        let at = self
            .entries
            .binary_search_by_key(&wanted, |(hash, _)| *hash)
            .ok()?;
        let (_, category) = self.entries.get(at)?;
        self.categories
            .get(usize::from(*category))
            .map(String::as_str)
    }

    /// Whether an address is on a list: its host or a domain above it, or its path or one that
    /// begins it.
    pub fn find(&self, url: &Url) -> Option<Blocked<'_>> {
        if self.entries.is_empty() {
            return None;
        }
        let mut domain = Some(url.host.as_str());
        for _ in 0..MAX_LEVELS {
            let Some(name) = domain else { break };
            if let Some(category) = self.category(name, false) {
                return Some(Blocked {
                    category,
                    entry: name.into(),
                    is_url: false,
                });
            }
            let above = name.split_once('.').map(|(_, above)| above);
            domain = above.filter(|_| !url.is_address());
        }
        let full = plain(url);
        let path_at = url.authority().len();
        let ends = full
            .char_indices()
            .filter(|(i, c)| *i > path_at && matches!(c, '/' | '?'));
        for end in ends.map(|(i, _)| i).take(MAX_LEVELS).chain([full.len()]) {
            let entry = full.get(..end).unwrap_or(&full);
            if let Some(category) = self.category(entry, true) {
                return Some(Blocked {
                    category,
                    entry: entry.into(),
                    is_url: true,
                });
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blocked(list: &BlockList, url: &str) -> Option<(String, String)> {
        let found = list.find(&Url::parse(url)?)?;
        Some((found.category.into(), found.entry))
    }

    #[test]
    fn domains_block_what_is_below_and_addresses_what_they_begin() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            disk::replace_bytes(&folder.path().join(name), text.as_bytes()).unwrap();
        };
        write(
            "adult/domains",
            "bad.example\n.Wörse.example\r\n10.0.0.1\n\n# no\n\u{0}\n",
        );
        write("adult/urls", "fine.example/adult/\nfine.example/a?x=1\n");
        write("adult/expressions", "(ignored)");
        write("games/domains", "play.example\n");
        let list = BlockList::read(folder.path()).unwrap();
        assert_eq!((list.len(), list.n_strange), (6, 1));
        let first = list.first_strange.as_deref().unwrap();
        assert!(first.ends_with("domains:6"), "{first}");
        let entry = |category: &str, entry: &str| Some((category.to_string(), entry.to_string()));
        for (url, expected) in [
            ("http://bad.example/x", entry("adult", "bad.example")),
            (
                "https://a.b.BAD.example:8080/",
                entry("adult", "bad.example"),
            ),
            ("http://notbad.example/", None),
            (
                "http://wörse.example/",
                entry("adult", "xn--wrse-5qa.example"),
            ),
            ("http://10.0.0.1/", entry("adult", "10.0.0.1")),
            ("http://9.10.0.0.1/", entry("adult", "10.0.0.1")),
            (
                "http://fine.example/adult",
                entry("adult", "fine.example/adult"),
            ),
            (
                "http://fine.example/adult/1?q",
                entry("adult", "fine.example/adult"),
            ),
            ("http://fine.example/adults", None),
            (
                "http://fine.example/a?x=1",
                entry("adult", "fine.example/a?x=1"),
            ),
            ("http://fine.example/", None),
            ("http://play.example/", entry("games", "play.example")),
        ] {
            assert_eq!(blocked(&list, url), expected, "{url}");
        }
        let file = folder.path().join("mine.txt");
        disk::replace_bytes(&file, b"https://one.example/page\ntwo.example").unwrap();
        let list = BlockList::read(&file).unwrap();
        assert_eq!(
            blocked(&list, "http://one.example/page"),
            entry("mine", "one.example/page")
        );
        assert_eq!(
            blocked(&list, "http://www.two.example/"),
            entry("mine", "two.example")
        );
        let empty = tempfile::tempdir().unwrap();
        assert!(BlockList::read(empty.path()).is_err());
    }

    #[test]
    fn hostile_addresses_end() {
        let mut list = BlockList::default();
        list.add("x", "a.b/c".as_bytes());
        list.finish();
        for url in [
            "http://".to_string() + &"a.".repeat(400),
            "http://a/".to_string() + &"/?".repeat(100_000),
        ] {
            assert_eq!(blocked(&list, &url), None);
        }
    }
}
