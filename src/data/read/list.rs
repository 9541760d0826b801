//! Which files a command line names: files, folders, patterns, standard input.

use std::collections::VecDeque;
use std::fs;
use std::path::{Path, PathBuf};

use super::kind::kind;
use crate::data::error::{Error, Result};
use crate::disk;

/// Folders in one another that are followed.
const MAX_DEPTH: usize = 128;

/// Every file `paths` name, of any kind eu reads, in order of name inside each folder and pattern;
/// `-` is standard input.
///
/// Inside of folders hidden names, other endings, and what is no regular file are passed over;
/// links to folders are followed once. In the last parts of a path `*` stands for anything
/// without a slash, `?` for a character, `**` for any folders; a file that has such a name is
/// taken as it is.
///
/// # Errors
/// When a path is not there, or a folder or pattern names no file.
pub fn inputs(paths: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for path in paths {
        let before = found.len();
        if path == Path::new("-") || fs::metadata(path).is_ok_and(|m| !m.is_dir()) {
            found.push(path.clone());
            continue;
        }
        let what = if path.is_dir() {
            walk(path, &mut found)?;
            "no file to read in this folder"
        } else if is_pattern(path) {
            expand(path, &mut found)?;
            "no file has such a name"
        } else {
            found.push(path.clone()); // opening it says why not
            continue;
        };
        if found.len() == before {
            return Err(Error::Empty {
                path: path.clone(),
                what: what.into(),
            });
        }
    }
    Ok(found)
}

fn is_hidden(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default();
    name.as_encoded_bytes().starts_with(b".")
}

/// The entries of a folder in order of name, hidden ones left out.
fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let listed =
        fs::read_dir(folder).and_then(|entries| entries.map(|e| e.map(|e| e.path())).collect());
    let mut entries: Vec<PathBuf> = listed.map_err(|e| disk::Error::io(folder, "list", e))?;
    entries.retain(|path| !is_hidden(path));
    entries.sort();
    Ok(entries)
}

/// Every file to read under a folder.
fn walk(folder: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    let mut above = Vec::new();
    walk_under(folder, &mut above, found)
}

/// As [`walk`]; `above` are the folders it is in, by their true names, so that a link to one of
/// them is not followed again.
fn walk_under(folder: &Path, above: &mut Vec<PathBuf>, found: &mut Vec<PathBuf>) -> Result<()> {
    let true_name = fs::canonicalize(folder).map_err(|e| disk::Error::io(folder, "open", e))?;
    if above.contains(&true_name) || above.len() >= MAX_DEPTH {
        return Ok(());
    }
    above.push(true_name);
    for entry in entries(folder)? {
        let Ok(meta) = fs::metadata(&entry) else {
            continue; // a link to nothing, or to itself
        };
        if meta.is_dir() {
            walk_under(&entry, above, found)?;
        } else if meta.is_file() && kind(&entry).is_some() {
            found.push(entry);
        }
    }
    above.pop();
    Ok(())
}

fn is_pattern(path: &Path) -> bool {
    path.to_string_lossy().contains(['*', '?'])
}

/// Every file a pattern names.
fn expand(pattern: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    let mut fixed = PathBuf::new();
    let mut parts: VecDeque<String> = VecDeque::new();
    for part in pattern.components() {
        let text = part.as_os_str().to_string_lossy();
        if parts.is_empty() && !text.contains(['*', '?']) {
            fixed.push(part);
        } else {
            parts.push_back(text.into_owned());
        }
    }
    let parts: Vec<String> = parts.into();
    let folder = match fixed.as_os_str().is_empty() {
        true => PathBuf::from("."),
        false => fixed,
    };
    let from = found.len();
    expand_in(&folder, &parts, 0, found)?;
    if let Some(new) = found.get_mut(from..) {
        new.sort();
    }
    // `**` may reach a file in more than one way.
    let mut new = found.split_off(from);
    new.dedup();
    found.extend(new);
    Ok(())
}

fn expand_in(
    folder: &Path,
    parts: &[String],
    depth: usize,
    found: &mut Vec<PathBuf>,
) -> Result<()> {
    let (Some((part, rest)), true) = (parts.split_first(), depth < MAX_DEPTH) else {
        return Ok(());
    };
    if part == "**" {
        expand_in(folder, rest, depth + 1, found)?;
    }
    for entry in entries(folder)? {
        let name = entry.file_name().unwrap_or_default().to_string_lossy();
        let is_link = entry.is_symlink();
        if part == "**" {
            if entry.is_dir() && !is_link {
                expand_in(&entry, parts, depth + 1, found)?;
            } else if rest.is_empty() && entry.is_file() && kind(&entry).is_some() {
                found.push(entry);
            }
        } else if matches(part.as_bytes(), name.as_bytes()) {
            if !rest.is_empty() && entry.is_dir() {
                expand_in(&entry, rest, depth + 1, found)?;
            } else if rest.is_empty() && entry.is_dir() {
                walk(&entry, found)?;
            } else if rest.is_empty() && entry.is_file() {
                found.push(entry);
            }
        }
    }
    Ok(())
}

/// Whether a name is of the pattern's form: `*` anything, `?` one character.
fn matches(pattern: &[u8], name: &[u8]) -> bool {
    let (mut p, mut n) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        match (pattern.get(p), name.get(n)) {
            (Some(b'*'), _) => {
                star = Some((p, n));
                p += 1;
            }
            (Some(b'?'), _) => {
                (p, n) = (p + 1, n + 1);
                while name.get(n).is_some_and(|b| b & 0xc0 == 0x80) {
                    n += 1; // the rest of the character
                }
            }
            (Some(a), Some(b)) if a == b => (p, n) = (p + 1, n + 1),
            _ => match star {
                Some((at, from)) => {
                    (p, n) = (at + 1, from + 1);
                    star = Some((at, from + 1));
                }
                None => return false,
            },
        }
    }
    pattern
        .get(p..)
        .unwrap_or_default()
        .iter()
        .all(|b| *b == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_match_patterns() {
        for (pattern, name, expected) in [
            ("*.gz", "a.warc.gz", true),
            ("*.gz", "a.gzip", false),
            ("a?c", "abc", true),
            ("a?c", "a\u{e9}c", true),
            ("a?c", "ac", false),
            ("*a*b*", "xxaxxbxx", true),
            ("*a*b", "ba", false),
            ("*", "", true),
            ("", "a", false),
        ] {
            assert_eq!(
                matches(pattern.as_bytes(), name.as_bytes()),
                expected,
                "{pattern} {name}"
            );
        }
        let (pattern, name) = ("*a".repeat(5000) + "b", "a".repeat(20_000));
        assert!(!matches(pattern.as_bytes(), name.as_bytes())); // in time
    }

    #[test]
    fn folders_patterns_and_files_are_found_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        for name in [
            "b/2.html",
            "b/1.jsonl",
            "b/.x.html",
            "a.warc.gz",
            "b/c/3.txt",
            "b/no.md",
        ] {
            disk::replace_bytes(&root.join(name), b"x").unwrap();
        }
        let names = |paths: &[&str]| -> Result<Vec<String>> {
            let paths: Vec<PathBuf> = paths.iter().map(|p| root.join(p)).collect();
            let name = |p: &PathBuf| p.strip_prefix(root).unwrap().display().to_string();
            Ok(inputs(&paths)?.iter().map(name).collect())
        };
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(root.join("b"), root.join("b/c/loop")).unwrap();
            std::os::unix::fs::symlink("itself", root.join("b/itself.html")).unwrap();
            std::os::unix::net::UnixListener::bind(root.join("b/socket.html")).unwrap();
        }
        assert_eq!(
            names(&["b"]).unwrap(),
            ["b/1.jsonl", "b/2.html", "b/c/3.txt"]
        );
        assert_eq!(
            names(&["b/*.html", "a.*"]).unwrap(),
            ["b/2.html", "a.warc.gz"]
        );
        assert_eq!(names(&["**/*.txt"]).unwrap(), ["b/c/3.txt"]);
        assert_eq!(
            names(&["**"]).unwrap(),
            ["a.warc.gz", "b/1.jsonl", "b/2.html", "b/c/3.txt"]
        );
        assert_eq!(names(&["b/no.md"]).unwrap(), ["b/no.md"]); // given by name
        assert!(names(&["*.pdf"]).is_err());
    }
}
