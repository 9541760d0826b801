//! The iterator over records of many files.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::kind::{Kind, kind, named_lang};
use super::lines::label_by_name;
use crate::data::record::{Record, Source};
use crate::data::{Error, error::Result};
use crate::disk;

const BOM: &[u8] = b"\xef\xbb\xbf";
const PARQUET: &[u8] = b"PAR1";

/// Every file `paths` name, folders walked in order of name; `-` is standard input.
///
/// Inside a folder only files whose names end as records' do are taken.
///
/// # Errors
/// When a path is not there, or a folder holds no such file.
pub fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for path in paths {
        if path == Path::new("-") || !path.is_dir() {
            found.push(path.clone());
            continue;
        }
        let before = found.len();
        let inside = disk::walk(path)?;
        found.extend(inside.into_iter().filter(|file| is_texts(file)));
        if found.len() == before {
            return Err(Error::Empty {
                path: path.clone(),
                what: "no .jsonl or .txt file in this folder".into(),
            });
        }
    }
    Ok(found)
}

/// Whether a file is one of texts, by its name.
fn is_texts(path: &Path) -> bool {
    matches!(kind(path), Some(Kind::Lines | Kind::Plain))
}

/// Every record of `paths`, file after file; text is under `text_key`.
///
/// # Errors
/// When a path is not there or a folder holds nothing to read. Damage found later comes as an
/// item, the last one.
pub fn records(paths: &[PathBuf], text_key: &str) -> Result<Records> {
    Ok(Records {
        files: files(paths)?.into(),
        open: None,
        text_key: text_key.into(),
        line: Vec::new(),
    })
}

/// Iterator over records; ends after the first error.
pub struct Records {
    files: VecDeque<PathBuf>,
    open: Option<Lines>,
    text_key: String,
    line: Vec<u8>,
}

/// A file of JSON lines that is being read.
struct Lines {
    source: disk::Source,
    lang: Option<&'static crate::lang::Lang>,
    n_records: u64,
}

impl Iterator for Records {
    type Item = Result<Record>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = self.advance().transpose();
        if matches!(next, Some(Err(_))) {
            self.files.clear();
            self.open = None;
        }
        next
    }
}

impl Records {
    fn advance(&mut self) -> Result<Option<Record>> {
        loop {
            if let Some(mut open) = self.open.take() {
                if let Some(record) = self.next_line(&mut open)? {
                    self.open = Some(open);
                    return Ok(Some(record));
                }
                if open.n_records == 0 {
                    return Err(empty(open.source.path()));
                }
            }
            let Some(path) = self.files.pop_front() else {
                return Ok(None);
            };
            match kind(&path) {
                Some(Kind::Plain) => return plain(&path).map(Some),
                _ => {
                    self.open = Some(Lines {
                        source: disk::Source::open(&path)?,
                        lang: named_lang(&path),
                        n_records: 0,
                    });
                }
            }
        }
    }

    /// The next record of a file of JSON lines; empty lines are passed over.
    fn next_line(&mut self, open: &mut Lines) -> Result<Option<Record>> {
        while open.source.read_line(&mut self.line)? {
            let number = open.source.line();
            let mut bytes = self.line.as_slice();
            if number == 1 {
                bytes = bytes.strip_prefix(BOM).unwrap_or(bytes);
            }
            if bytes.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            if number == 1 && bytes.starts_with(PARQUET) {
                let hint = "convert it to JSON lines first";
                return Err(Error::line(open.source.path(), 1, "a Parquet file", hint));
            }
            let mut record = parse(bytes, open.source.path(), number, &self.text_key)?;
            label_by_name(&mut record, open.lang);
            open.n_records += 1;
            return Ok(Some(record));
        }
        Ok(None)
    }
}

fn parse(bytes: &[u8], path: &Path, line: u64, text_key: &str) -> Result<Record> {
    let text = utf8(bytes, path, line)?;
    let fields: Map<String, Value> = serde_json::from_str(text).map_err(|e| {
        let what = format!("not a JSON object, at column {}", e.column());
        Error::line(path, line, what, "records are read one JSON object a line")
    })?;
    let source = Source {
        path: path.into(),
        line,
        offset: 0,
        size: 0,
    };
    Record::from_fields(fields, text_key, source).ok_or_else(|| {
        let what = format!("record has no {text_key} field that is a string");
        Error::line(path, line, what, "name the field with --text-key")
    })
}

/// A whole file as one record; its paragraphs stay as they are.
fn plain(path: &Path) -> Result<Record> {
    let bytes = disk::read(path)?;
    let bytes = bytes.strip_prefix(BOM).unwrap_or(&bytes);
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(empty(path));
    }
    for (i, line) in bytes.split(|b| *b == b'\n').enumerate() {
        utf8(line, path, i as u64 + 1)?;
    }
    let text = String::from_utf8_lossy(bytes).replace("\r\n", "\n");
    let mut record = Record::new("", text.trim_matches('\n'));
    record.source = Source {
        path: path.into(),
        line: 1,
        offset: 0,
        size: 0,
    };
    record.id = record.source.id();
    label_by_name(&mut record, named_lang(path));
    Ok(record)
}

fn utf8<'a>(bytes: &'a [u8], path: &Path, line: u64) -> Result<&'a str> {
    std::str::from_utf8(bytes).map_err(|e| {
        let at = e.valid_up_to();
        let byte = bytes.get(at).copied().unwrap_or(0);
        let what = format!("byte {} of the line, {byte:#04x}, is not UTF-8", at + 1);
        Error::line(path, line, what, "convert the file with iconv -t UTF-8")
    })
}

fn empty(path: &Path) -> Error {
    Error::Empty {
        path: path.into(),
        what: "no record in this file".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::{Fault, Kind};

    fn read_one(name: &str, bytes: &[u8]) -> Result<Vec<Record>> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        disk::replace_bytes(&path, bytes).unwrap();
        records(&[path], "text")?.collect()
    }

    #[test]
    fn json_lines_are_read_alike_whatever_their_compression() {
        let lines = b"\xef\xbb\xbf{\"text\":\"eins\",\"lang\":\"de\"}\r\n\n{\"text\":\"zwei\"}";
        let gz = {
            use std::io::Write;
            let mut e = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            e.write_all(lines).unwrap();
            e.finish().unwrap()
        };
        let zst = zstd::encode_all(&lines[..], 1).unwrap();
        for bytes in [&lines[..], &gz, &zst] {
            let read = read_one("a.jsonl", bytes).unwrap();
            let texts: Vec<&str> = read.iter().map(|r| r.text.as_str()).collect();
            assert_eq!(texts, ["eins", "zwei"]);
            assert_eq!(read[1].source.line, 3);
        }
    }

    #[test]
    fn a_folder_of_texts_is_labelled_by_its_names() {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in [
            ("udhr/mt.txt", "Il-bnedmin\n\nkollha"),
            ("udhr/udhr_ga.txt", "Saolaítear"),
            ("udhr/README.md", "no text"),
            ("udhr/.hidden.txt", "no text"),
        ] {
            disk::replace_bytes(&folder.path().join(name), text.as_bytes()).unwrap();
        }
        let read: Vec<Record> = records(&[folder.path().into()], "text")
            .unwrap()
            .collect::<Result<_>>()
            .unwrap();
        let seen: Vec<_> = read.iter().map(|r| (r.code(), r.text.as_str())).collect();
        assert_eq!(
            seen,
            [
                ("mlt_Latn", "Il-bnedmin\n\nkollha"),
                ("gle_Latn", "Saolaítear")
            ]
        );
    }

    #[test]
    fn damage_is_named_with_file_and_line() {
        for (name, bytes, message) in [
            ("a.jsonl", &b""[..], "a.jsonl: no record in this file"),
            ("a.txt", b" \n ", "a.txt: no record in this file"),
            (
                "a.jsonl",
                b"{\"text\":\"a\"}\n{\"text\":\"\xff\"}",
                "a.jsonl:2: byte 10 of the line, 0xff, is not UTF-8",
            ),
            ("a.txt", b"a\nb\xc3", "a.txt:2: byte 2 of the line"),
            ("a.jsonl", b"{\"text\":", "a.jsonl:1: not a JSON object"),
            ("a.parquet", b"PAR1\x15\x04", "a.parquet:1: a Parquet file"),
            ("a.jsonl", b"[1]", "a.jsonl:1: not a JSON object"),
            (
                "a.jsonl",
                b"{\"txt\":\"a\"}",
                "a.jsonl:1: record has no text field",
            ),
        ] {
            let error = read_one(name, bytes).unwrap_err();
            assert!(error.to_string().contains(message), "{error}");
            assert_eq!(error.kind(), Kind::Damaged, "{error}");
            assert!(error.hint().is_some(), "{error}");
        }
    }

    #[test]
    fn a_cut_zst_is_an_error_and_the_end() {
        let lines: String = (0..20_000)
            .map(|i| format!("{{\"text\":\"{}\"}}\n", i * 7919))
            .collect();
        let whole = zstd::encode_all(lines.as_bytes(), 1).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cut.jsonl.zst");
        disk::replace_bytes(&path, &whole[..whole.len() * 2 / 3]).unwrap();
        let mut read = records(&[path.clone(), path], "text").unwrap();
        let error = read.by_ref().find_map(std::result::Result::err).unwrap();
        assert!(
            error.to_string().contains("cut.jsonl.zst: damaged"),
            "{error}"
        );
        assert_eq!(error.kind(), Kind::Damaged);
        assert!(read.next().is_none());
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(bytes: Vec<u8>) {
            let _ = read_one("a.jsonl", &bytes);
            let _ = read_one("a.txt", &bytes);
        }
    }
}
