//! The iterator over everything in many files, and the reader of one.

use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};

use super::crawl::Crawl;
use super::item::{Item, Options, Position, Quarantined, Unit};
use super::kind::{Kind, kind, kind_of_bytes, named_lang};
use super::lines::Lines;
use super::list::inputs;
use super::parquet::Rows;
use super::stored::{Input, Stored};
use super::unpacked::Unpacked;
use super::{warc, whole};
use crate::data::error::Result;
use crate::disk;

/// First bytes a nameless file is known by.
const HEAD_BYTES: usize = 1024;

/// Everything in `paths`, file after file; see [`inputs`] for what they may name.
///
/// What cannot be read is an item; an error is a file that cannot be opened or read at all, and
/// the iterator goes on with the next.
///
/// # Errors
/// When a folder or pattern names no file.
pub fn items(paths: &[PathBuf], options: &Options) -> Result<Items> {
    Ok(Items {
        files: inputs(paths)?.into(),
        open: None,
        options: options.clone(),
    })
}

/// Iterator over everything in many files.
pub struct Items {
    files: VecDeque<PathBuf>,
    open: Option<FileItems>,
    options: Options,
}

impl Iterator for Items {
    type Item = Result<Item>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(open) = &mut self.open {
                match open.next() {
                    Some(item) => return Some(item),
                    None => self.open = None,
                }
            }
            let path = self.files.pop_front()?;
            match open(&path, &self.options) {
                Ok(items) => self.open = Some(items),
                Err(e) => return Some(Err(e)),
            }
        }
    }
}

/// Everything in one file.
///
/// # Errors
/// When it cannot be opened.
pub fn open(path: &Path, options: &Options) -> Result<FileItems> {
    open_part(path, Position::default(), None, options)
}

/// Everything in one file from a [`FileItems::position`] on.
///
/// # Errors
/// When it cannot be opened, or is a pipe that cannot go there.
pub fn open_at(path: &Path, position: Position, options: &Options) -> Result<FileItems> {
    open_part(path, position, None, options)
}

/// Everything in one part of a file; see [`super::splits`].
///
/// # Errors
/// As [`open_at`].
pub fn open_unit(unit: &Unit, options: &Options) -> Result<FileItems> {
    open_part(&unit.path, unit.start, unit.end, options)
}

/// Everything in the part of a unit that begins at a position reached inside of it.
///
/// # Errors
/// As [`open_at`].
pub fn open_unit_at(unit: &Unit, position: Position, options: &Options) -> Result<FileItems> {
    open_part(&unit.path, position, unit.end, options)
}

/// Everything in bytes that are a file of that name; tables are not read so.
///
/// # Errors
/// Never for bytes alone; it is the type of an opened file.
pub fn open_bytes(name: &Path, bytes: Vec<u8>, options: &Options) -> Result<FileItems> {
    let failed = |e| disk::Error::io(name, "read", e);
    let stored = Stored::new(Input::Bytes(io::Cursor::new(bytes)));
    let mut bytes = Unpacked::new(stored, 0).map_err(failed)?;
    let kind = match kind(name) {
        Some(kind) => kind,
        None => {
            bytes.ensure(HEAD_BYTES).map_err(failed)?;
            kind_of_bytes(bytes.bytes())
        }
    };
    let start = Position::default();
    let reader = reader(kind, bytes, name, start, None, options).map_err(failed)?;
    Ok(FileItems {
        path: name.into(),
        reader,
        is_watched: false,
    })
}

fn open_part(
    path: &Path,
    start: Position,
    end: Option<u64>,
    options: &Options,
) -> Result<FileItems> {
    let failed = |e| disk::Error::io(path, "read", e);
    let reader = match kind(path) {
        Some(Kind::Parquet) => Reader::Rows(Box::new(Rows::open(path, start, end, options)?)),
        named => {
            let mut bytes = unpack(path, 0).map_err(failed_open(path))?;
            let kind = match named {
                Some(kind) => kind,
                None => {
                    bytes.ensure(HEAD_BYTES).map_err(failed)?;
                    kind_of_bytes(bytes.bytes())
                }
            };
            // Mislabelled tables are common enough.
            if kind == Kind::Lines && {
                bytes.ensure(4).map_err(failed)?;
                kind_of_bytes(bytes.bytes().get(..4).unwrap_or_default()) == Kind::Parquet
            } {
                Reader::Rows(Box::new(Rows::open(path, start, end, options)?))
            } else {
                if start.offset > 0 {
                    bytes = unpack(path, start.offset).map_err(failed_open(path))?;
                }
                reader(kind, bytes, path, start, end, options).map_err(failed)?
            }
        }
    };
    Ok(FileItems {
        path: path.into(),
        reader,
        is_watched: true,
    })
}

fn failed_open(path: &Path) -> impl Fn(Opening) -> disk::Error {
    |e| match e {
        Opening::Disk(e) => e,
        Opening::Io(e) => disk::Error::io(path, "read", e),
    }
}

enum Opening {
    Disk(disk::Error),
    Io(io::Error),
}

fn unpack(path: &Path, offset: u64) -> std::result::Result<Unpacked, Opening> {
    let stored = Stored::open(path).map_err(Opening::Disk)?;
    Unpacked::new(stored, offset).map_err(Opening::Io)
}

fn reader(
    kind: Kind,
    mut bytes: Unpacked,
    path: &Path,
    start: Position,
    end: Option<u64>,
    options: &Options,
) -> io::Result<Reader> {
    Ok(match kind {
        Kind::Crawl => {
            bytes.expect(warc::looks_like_record);
            Reader::Crawl(Box::new(Crawl::new(bytes, path, start, end, options)?))
        }
        Kind::Plain | Kind::Html => Reader::Whole {
            bytes: Box::new(bytes),
            options: options.clone(),
            is_html: kind == Kind::Html,
            // A file that is one item has two positions: before and behind it.
            is_read: start != Position::default(),
        },
        Kind::Lines | Kind::Parquet => {
            let lang = named_lang(path);
            let lines = Lines::new(bytes, path, start, end, options, lang)?;
            Reader::Lines(Box::new(lines))
        }
    })
}

enum Reader {
    Lines(Box<Lines>),
    Crawl(Box<Crawl>),
    Whole {
        bytes: Box<Unpacked>,
        options: Options,
        is_html: bool,
        is_read: bool,
    },
    Rows(Box<Rows>),
    Failed,
}

/// Iterator over everything in one file, or in a part of it.
pub struct FileItems {
    path: PathBuf,
    reader: Reader,
    /// Whether the file is still to be compared with what it was when it was opened.
    is_watched: bool,
}

impl FileItems {
    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where the next item is: given to [`open_at`], reading goes on with it.
    pub fn position(&self) -> Position {
        match &self.reader {
            Reader::Lines(lines) => lines.position(),
            Reader::Crawl(crawl) => crawl.position(),
            Reader::Whole { is_read, .. } => Position {
                offset: 0,
                skip: u64::from(*is_read),
                line: u64::from(*is_read),
            },
            Reader::Rows(rows) => rows.position(),
            Reader::Failed => Position::default(),
        }
    }

    fn advance(&mut self) -> io::Result<Option<Item>> {
        match &mut self.reader {
            Reader::Lines(lines) => lines.next(),
            Reader::Crawl(crawl) => crawl.next(),
            Reader::Whole { is_read: true, .. } | Reader::Failed => Ok(None),
            Reader::Whole {
                bytes,
                options,
                is_html,
                is_read,
            } => {
                *is_read = true;
                whole::item(bytes, &self.path, *is_html, options).map(Some)
            }
            Reader::Rows(rows) => rows.next(),
        }
    }

    /// An item at the end of a file that is not what it was when it was opened.
    fn changed(&mut self) -> Option<Item> {
        if !std::mem::take(&mut self.is_watched) {
            return None;
        }
        let stored = match &self.reader {
            Reader::Lines(lines) => lines.bytes().stored(),
            Reader::Crawl(crawl) => crawl.bytes().stored(),
            Reader::Whole { bytes, .. } => bytes.stored(),
            Reader::Rows(rows) => rows.stored(),
            Reader::Failed => return None,
        };
        stored.has_changed().then(|| {
            Item::Quarantined(Quarantined {
                path: self.path.clone(),
                offset: stored.pos(),
                size: 0,
                line: 0,
                what: "the file changed while it was read".into(),
            })
        })
    }
}

impl Iterator for FileItems {
    type Item = Result<Item>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.advance() {
            Ok(Some(item)) => Some(Ok(item)),
            Ok(None) => self.changed().map(Ok),
            Err(e) => {
                self.reader = Reader::Failed;
                Some(Err(disk::Error::io(&self.path, "read", e).into()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::data::read::Why;

    fn texts(items: &[Result<Item>]) -> Vec<&str> {
        let text = |item: &'_ Result<Item>| match item {
            Ok(Item::Record(_)) => "record",
            Ok(Item::Page(_)) => "page",
            Ok(Item::Robots(_)) => "robots",
            Ok(Item::Skipped(_)) => "skipped",
            Ok(Item::Quarantined(_)) => "quarantined",
            Err(_) => "error",
        };
        items.iter().map(text).collect()
    }

    #[test]
    fn files_of_every_kind_follow_one_another() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, bytes: &[u8]| {
            let path = folder.path().join(name);
            disk::replace_bytes(&path, bytes).unwrap();
            path
        };
        let zst = |bytes: &[u8]| zstd::encode_all(bytes, 1).unwrap();
        let paths = [
            write("a.jsonl", b"{\"text\":\"a\"}\n\n{\"text\":\"b\"}\n"),
            folder.path().join("missing.jsonl"),
            write("deu.txt.zst", &zst(b"eins\r\n")),
            write("bad.txt", b"a\0b"),
            write("empty.html", b" \n"),
            write("page.html.zst", &zst(b"<p>x")),
            write("unnamed", b"<!DOCTYPE html><p>x"),
            write("table.jsonl", b"PAR1 but no table"),
        ];
        let read: Vec<Result<Item>> = items(&paths, &Options::default()).unwrap().collect();
        assert_eq!(
            texts(&read),
            [
                "record",
                "record",
                "error",
                "record",
                "quarantined",
                "skipped",
                "page",
                "page",
                "quarantined"
            ]
        );
        let Ok(Item::Record(record)) = &read[3] else {
            panic!("a record")
        };
        assert_eq!((record.code(), record.text.as_str()), ("deu_Latn", "eins"));
        let Ok(Item::Skipped(skipped)) = &read[5] else {
            panic!("skipped")
        };
        assert_eq!(skipped.why, Why::Empty);
        // A file that is one item is not read twice.
        let mut page = open(&paths[5], &Options::default()).unwrap();
        page.next();
        let mut behind = open_at(&paths[5], page.position(), &Options::default()).unwrap();
        assert!(behind.next().is_none());
    }

    #[test]
    fn a_file_that_changes_while_it_is_read_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.jsonl");
        disk::replace_bytes(&path, b"{\"text\":\"a\"}\n").unwrap();
        let unchanged: Vec<_> = open(&path, &Options::default()).unwrap().collect();
        assert_eq!(texts(&unchanged), ["record"]);
        let mut reader = open(&path, &Options::default()).unwrap();
        reader.next();
        let mut file = disk::append(&path).unwrap();
        file.write_all(b"{\"text\":\"b\"}\n").unwrap();
        let rest: Vec<_> = reader.collect();
        assert_eq!(texts(&rest).last(), Some(&"quarantined"));
    }

    #[test]
    fn numbers_of_lines_and_records_are_kept_behind_a_skippable_frame() {
        let folder = tempfile::tempdir().unwrap();
        // As pzstd writes them, the length of each frame before it.
        let skippable = b"\x50\x2a\x4d\x18\x04\0\0\0abcd";
        let record = b"WARC/1.0\r\nWARC-Type: metadata\r\nContent-Length: 0\r\n\r\n\r\n\r\n";
        for (name, text) in [
            ("a.jsonl.zst", &b"{\"text\":\"a\"}\n"[..]),
            ("a.warc.zst", record),
        ] {
            let path = folder.path().join(name);
            let bytes = [&skippable[..], &zstd::encode_all(text, 1).unwrap()].concat();
            disk::replace_bytes(&path, &bytes).unwrap();
            let mut whole = open(&path, &Options::default()).unwrap();
            let start = whole.position();
            let item = whole.next().unwrap().unwrap();
            assert_eq!(item.place().1, 12, "{name}");
            let mut again = open_at(&path, start, &Options::default()).unwrap();
            assert_eq!(again.next().unwrap().unwrap(), item, "{name}");
        }
    }

    #[test]
    fn damage_at_the_beginning_is_told_alike_of_bytes_and_files() {
        // What looks like the next member does not begin with a record.
        let member = [
            &b"\x1f\x8b\x08\0\0\0\0\0\0\x03"[..],
            b"\x01\x03\0\xfc\xffabc",
        ]
        .concat();
        let bytes = [b"\x1f\x8bxx rubbish", &member[..], b" more rubbish"].concat();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.warc");
        disk::replace_bytes(&path, &bytes).unwrap();
        let of_file: Vec<_> = open(&path, &Options::default()).unwrap().collect();
        let of_bytes = open_bytes(&path, bytes, &Options::default()).unwrap();
        let plain = |items: Vec<Result<Item>>| items.into_iter().map(Result::unwrap).collect();
        let (of_file, of_bytes): (Vec<Item>, Vec<Item>) =
            (plain(of_file), plain(of_bytes.collect()));
        assert_eq!(of_file, of_bytes);
    }

    #[test]
    fn a_last_line_that_is_too_long_and_has_no_feed_is_told_once() {
        let folder = tempfile::tempdir().unwrap();
        let options = Options {
            max_record_bytes: 100,
            ..Options::default()
        };
        for name in ["a.jsonl", "a.jsonl.zst"] {
            let path = folder.path().join(name);
            let mut bytes = vec![b'x'; 106];
            if name.ends_with("zst") {
                bytes = zstd::encode_all(&bytes[..], 1).unwrap();
            }
            disk::replace_bytes(&path, &bytes).unwrap();
            let mut whole = open(&path, &options).unwrap();
            assert_eq!(texts(&[whole.next().unwrap()]), ["quarantined"]);
            let mut behind = open_at(&path, whole.position(), &options).unwrap();
            assert!(behind.next().is_none(), "{name}");
        }
    }
}
