//! Rows of a table, row group after row group.

use std::collections::HashSet;
use std::fs::File;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use parquet::basic::ConvertedType;
use parquet::file::metadata::RowGroupMetaData;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::reader::{ReaderIter, TreeBuilder};
use serde_json::{Map, Value};

use super::{EXTRA, value};
use crate::data::error::{Error, Result};
use crate::data::read::item::{Item, Options, Position, Quarantined};
use crate::data::read::kind::named_lang;
use crate::data::read::lines::label_by_name;
use crate::data::read::stored::Stored;
use crate::data::record::{Record, Source};
use crate::disk;
use crate::lang::Lang;

/// Rows decoded of each column at a time.
const BATCH_ROWS: usize = 64;

/// Reader of one table, or of some of its row groups.
pub(in crate::data::read) struct Rows {
    path: PathBuf,
    stored: Stored,
    options: Options,
    lang: Option<&'static Lang>,
    /// The table; what is wrong with the file where there is none.
    table: std::result::Result<Table, Option<String>>,
}

struct Table {
    reader: SerializedFileReader<File>,
    /// Columns that hold JSON.
    json: HashSet<String>,
    /// First bytes of its row groups, and rows before each.
    groups: Vec<Group>,
    /// Row group being read.
    group: usize,
    /// Row groups from here on are others' to read.
    end: usize,
    /// Rows of the group that were read.
    n_rows: u64,
    rows: Option<ReaderIter>,
}

#[derive(Clone, Copy)]
struct Group {
    offset: u64,
    size: u64,
    n_before: u64,
    n_rows: u64,
}

/// The columns of a row, or what is wrong with it.
type Fields = std::result::Result<Map<String, Value>, String>;

/// Runs what reads foreign bytes: the library panics on some that are damaged.
fn guarded<T>(read: impl FnOnce() -> parquet::errors::Result<T>) -> std::result::Result<T, String> {
    match catch_unwind(AssertUnwindSafe(read)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(e)) => Err(e.to_string()),
        Err(_) => Err("damaged".into()),
    }
}

/// First byte of a row group.
fn offset_of(group: &RowGroupMetaData) -> u64 {
    let of_columns = group.columns().iter().map(|column| {
        let data = column.data_page_offset();
        column
            .dictionary_page_offset()
            .filter(|d| *d > 0)
            .map_or(data, |d| d.min(data))
    });
    of_columns
        .min()
        .and_then(|n| u64::try_from(n).ok())
        .unwrap_or(0)
}

/// Row groups with places inside of a file of `len` bytes. A damaged table may say that they begin
/// anywhere, but the place is what a group is found again by: each is behind the one before.
fn groups_of(reader: &SerializedFileReader<File>, len: u64) -> Vec<Group> {
    let (mut n_before, mut least) = (0, 0);
    let metas = reader.metadata().row_groups().iter();
    metas
        .map(|meta| {
            let n_rows = u64::try_from(meta.num_rows()).unwrap_or(0);
            let offset = offset_of(meta).clamp(least, least.max(len));
            least = offset + 1;
            let group = Group {
                offset,
                size: u64::try_from(meta.compressed_size())
                    .unwrap_or(0)
                    .min(len.saturating_sub(offset)),
                n_before,
                n_rows,
            };
            n_before = n_before.saturating_add(n_rows);
            group
        })
        .collect()
}

/// Row groups to cut a file at, the first behind each multiple of `target`.
pub(in crate::data::read) fn cuts(path: &Path, target: u64) -> io::Result<Vec<u64>> {
    let file = File::open(path)?;
    let len = file.metadata()?.len();
    let Ok(reader) = guarded(|| SerializedFileReader::new(file)) else {
        return Ok(Vec::new());
    };
    let offsets: Vec<u64> = groups_of(&reader, len).iter().map(|g| g.offset).collect();
    let mut wanted = target;
    let wanted = offsets.into_iter().skip(1).filter(|offset| {
        let is_cut = *offset >= wanted;
        if is_cut {
            wanted = (offset / target + 1) * target;
        }
        is_cut
    });
    Ok(wanted.collect())
}

impl Rows {
    /// Opens a table.
    ///
    /// # Errors
    /// When the file cannot be opened or has no text column; a damaged one is an item.
    pub(in crate::data::read) fn open(
        path: &Path,
        start: Position,
        end: Option<u64>,
        options: &Options,
    ) -> Result<Self> {
        let mut rows = Rows {
            path: path.into(),
            stored: Stored::open(path)?,
            options: options.clone(),
            lang: named_lang(path),
            table: Err(Some(
                "a Parquet file is read from its end: not from a pipe".into(),
            )),
        };
        if rows.stored.len().is_none() {
            return Ok(rows);
        }
        let file = File::open(path).map_err(|e| disk::Error::io(path, "open", e))?;
        let reader = match guarded(|| SerializedFileReader::new(file)) {
            Ok(reader) => reader,
            Err(what) => {
                // One item, which is behind any position but the first.
                let what = format!("no whole Parquet file: {what}");
                rows.table = Err(Some(what).filter(|_| start == Position::default()));
                return Ok(rows);
            }
        };
        let schema = reader.metadata().file_metadata().schema();
        let names: Vec<&str> = schema.get_fields().iter().map(|f| f.name()).collect();
        if !names.contains(&options.text_key.as_str()) {
            let what = format!(
                "{}: no column {}; there are {}",
                path.display(),
                options.text_key,
                names.join(", ")
            );
            return Err(Error::usage(
                what,
                "name the column of the text with --text-key",
            ));
        }
        let json = schema.get_fields().iter().filter(|f| {
            f.is_primitive() && f.get_basic_info().converted_type() == ConvertedType::JSON
        });
        let json = json.map(|f| f.name().to_string()).collect();
        let groups = groups_of(&reader, rows.stored.len().unwrap_or(0));
        let ordinal = |offset: u64| groups.iter().position(|g| g.offset == offset);
        let n_groups = groups.len();
        let group = match start.offset {
            0 => Some(0),
            offset => ordinal(offset),
        };
        let mut table = Table {
            json,
            group: group.unwrap_or(n_groups),
            end: end.and_then(ordinal).unwrap_or(n_groups),
            n_rows: 0,
            rows: None,
            reader,
            groups,
        };
        table.pass(start.skip);
        rows.table = Ok(table);
        Ok(rows)
    }

    /// The file.
    pub(in crate::data::read) fn stored(&self) -> &Stored {
        &self.stored
    }

    /// Where the next row is.
    pub(in crate::data::read) fn position(&self) -> Position {
        let Ok(table) = &self.table else {
            return Position {
                skip: u64::from(matches!(self.table, Err(None))),
                ..Position::default()
            };
        };
        match table.groups.get(table.group) {
            Some(group) => Position {
                offset: group.offset,
                skip: table.n_rows,
                line: group.n_before + table.n_rows,
            },
            None => Position {
                offset: self.stored.len().unwrap_or(0),
                skip: 0,
                line: table.groups.last().map_or(0, |g| g.n_before + g.n_rows),
            },
        }
    }

    /// The next item; none at the end.
    pub(in crate::data::read) fn next(&mut self) -> io::Result<Option<Item>> {
        let table = match &mut self.table {
            Ok(table) => table,
            Err(what) => {
                let size = self.stored.len().unwrap_or(0);
                let what = what.take();
                return Ok(what.map(|what| quarantined(&self.path, 0, size, 0, what)));
            }
        };
        let Some((group, read)) = table.next() else {
            return Ok(None);
        };
        let line = group.n_before + table.n_rows;
        let fields = match read {
            Ok(fields) => fields,
            Err(what) => {
                let what = format!("rows {line} to {}: {what}", group.n_before + group.n_rows);
                table.next_group();
                let item = quarantined(&self.path, group.offset, group.size, line, what);
                return Ok(Some(item));
            }
        };
        let source = Source {
            path: self.path.clone(),
            line,
            offset: group.offset,
            size: 0,
        };
        let text_key = &self.options.text_key;
        let len = fields.get(text_key).and_then(Value::as_str).map(str::len);
        let max = self.options.max_record_bytes;
        let read = match len {
            Some(len) if len > max => Err(format!("text of {len} bytes, more than {max}")),
            _ => Record::from_fields(fields, text_key, source)
                .ok_or_else(|| format!("row has no {text_key} that is a string")),
        };
        Ok(Some(match read {
            Ok(mut record) => {
                label_by_name(&mut record, self.lang);
                Item::Record(record)
            }
            Err(what) => quarantined(&self.path, group.offset, 0, line, what),
        }))
    }
}

impl Table {
    fn next_group(&mut self) {
        self.group += 1;
        self.n_rows = 0;
        self.rows = None;
    }

    /// Passes over rows of the group.
    fn pass(&mut self, n: u64) {
        for _ in 0..n {
            if self.next().is_none_or(|(_, read)| read.is_err()) {
                break;
            }
        }
    }

    /// The columns of the next row, and its group.
    fn next(&mut self) -> Option<(Group, Fields)> {
        while self.group < self.end {
            let group = *self.groups.get(self.group)?;
            if self.n_rows >= group.n_rows {
                self.next_group();
                continue;
            }
            self.n_rows += 1;
            return Some((group, self.read_row()));
        }
        None
    }

    fn read_row(&mut self) -> Fields {
        let mut rows = match self.rows.take() {
            Some(rows) => rows,
            None => guarded(|| {
                let group = self.reader.get_row_group(self.group)?;
                let schema = self.reader.metadata().file_metadata().schema_descr_ptr();
                let builder = TreeBuilder::new().with_batch_size(BATCH_ROWS);
                builder.as_iter(schema, &*group)
            })?,
        };
        let row = guarded(|| rows.next().transpose())?;
        let row = row.ok_or("the row group has fewer rows than it says")?;
        self.rows = Some(rows);
        let mut fields = value::fields(&row);
        for (name, value) in &mut fields {
            if let Value::String(text) = value
                && self.json.contains(name)
                && let Ok(parsed) = serde_json::from_str(text)
            {
                *value = parsed;
            }
        }
        if self.json.contains(EXTRA) {
            let extra = fields.shift_remove(EXTRA);
            fields.retain(|_, value| !value.is_null());
            if let Some(Value::Object(extra)) = extra {
                fields.extend(extra);
            }
        }
        Ok(fields)
    }
}

fn quarantined(path: &Path, offset: u64, size: u64, line: u64, what: String) -> Item {
    Item::Quarantined(Quarantined {
        path: path.into(),
        offset,
        size,
        line,
        what,
    })
}
