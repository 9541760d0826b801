//! Records as a table.
//!
//! The first row group decides the columns: a field whose values are all strings, all integers,
//! all numbers or all of true and false has a column of that type; any other holds JSON. A later
//! value of another type, or of a field not seen before, is in the column `_extra`, one JSON
//! object. Read again, the records are what they were, but for the order of fields and for nulls.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use parquet::basic::{Compression, LogicalType, Repetition, Type as Physical, ZstdLevel};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DataType, DoubleType, Int64Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::types::Type;
use serde_json::{Map, Value};

use super::EXTRA;
use crate::data::error::{Error, Result};
use crate::data::record::Record;
use crate::disk;

/// Size of a row group, bytes of text.
const GROUP_BYTES: usize = 64 << 20;
/// Most rows of a row group.
const GROUP_ROWS: usize = 100_000;
/// Most columns: further fields are in `_extra`.
const MAX_COLUMNS: usize = 1000;

/// Writes records as a table that appears whole or not at all; gives their number.
///
/// # Errors
/// The first error among the records; when the file cannot be written.
pub fn write_parquet(
    path: &Path,
    records: impl IntoIterator<Item = Result<Record>>,
) -> Result<u64> {
    let mut failed = None;
    let mut n_records = 0;
    disk::replace(path, |file| {
        let mut writer = ParquetWriter::new(file);
        for record in records {
            match record {
                Ok(record) => writer.write(&record)?,
                Err(e) => {
                    failed = Some(e);
                    return Err(std::io::ErrorKind::InvalidInput.into()); // nothing is to appear
                }
            }
            n_records += 1;
        }
        writer.finish().map(drop)
    })
    .map_err(|e| failed.take().unwrap_or(Error::Disk(e)))?;
    Ok(n_records)
}

/// A column of values of one type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cells {
    Text,
    Integer,
    Number,
    Bool,
    Json,
}

impl Cells {
    /// The type of a value; none of a null.
    fn of(value: &Value) -> Option<Cells> {
        match value {
            Value::Null => None,
            Value::Bool(_) => Some(Cells::Bool),
            Value::String(_) => Some(Cells::Text),
            Value::Number(n) if n.is_i64() => Some(Cells::Integer),
            Value::Number(n) if n.is_f64() => Some(Cells::Number),
            _ => Some(Cells::Json),
        }
    }

    /// The type of a column that holds values of both.
    fn and(self, other: Cells) -> Cells {
        match (self, other) {
            (a, b) if a == b => a,
            _ => Cells::Json,
        }
    }

    fn holds(self, value: &Value) -> bool {
        self == Cells::Json || Cells::of(value).is_none_or(|cells| cells == self)
    }
}

/// Writer of one table.
pub struct ParquetWriter<W: Write + Send> {
    sink: Sink<W>,
    columns: Vec<(String, Cells)>,
    rows: Vec<Map<String, Value>>,
    n_bytes: usize,
}

/// The columns are known with the first row group only.
enum Sink<W: Write + Send> {
    Waiting(W),
    Open(SerializedFileWriter<W>),
    Closed,
}

impl<W: Write + Send> ParquetWriter<W> {
    /// A table that is written to `sink`.
    pub fn new(sink: W) -> Self {
        ParquetWriter {
            sink: Sink::Waiting(sink),
            columns: Vec::new(),
            rows: Vec::new(),
            n_bytes: 0,
        }
    }

    /// Writes one row; rows are held back until a group is whole.
    ///
    /// # Errors
    /// When the sink fails.
    pub fn write(&mut self, record: &Record) -> std::io::Result<()> {
        let row = record.to_json();
        self.n_bytes += row.iter().map(|(k, v)| k.len() + weight(v)).sum::<usize>();
        self.rows.push(row);
        if self.n_bytes >= GROUP_BYTES || self.rows.len() >= GROUP_ROWS {
            self.flush()?;
        }
        Ok(())
    }

    /// Writes what is left and the footer; gives the sink back.
    ///
    /// # Errors
    /// When the sink fails.
    pub fn finish(mut self) -> std::io::Result<W> {
        self.flush()?;
        match self.sink {
            Sink::Open(file) => file.into_inner().map_err(std::io::Error::other),
            Sink::Waiting(_) | Sink::Closed => Err(std::io::ErrorKind::NotConnected.into()),
        }
    }

    fn open(&mut self) -> std::io::Result<()> {
        let Sink::Waiting(sink) = std::mem::replace(&mut self.sink, Sink::Closed) else {
            return Ok(());
        };
        self.columns = columns(&self.rows);
        let level = ZstdLevel::try_new(3).map_err(std::io::Error::other)?;
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(level))
            .set_created_by(concat!("eu ", env!("CARGO_PKG_VERSION")).into())
            .build();
        let fields = self.columns.iter().map(|(name, cells)| {
            let (physical, logical) = match cells {
                Cells::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
                Cells::Json => (Physical::BYTE_ARRAY, Some(LogicalType::Json)),
                Cells::Integer => (Physical::INT64, None),
                Cells::Number => (Physical::DOUBLE, None),
                Cells::Bool => (Physical::BOOLEAN, None),
            };
            let field = Type::primitive_type_builder(name, physical)
                .with_repetition(Repetition::OPTIONAL)
                .with_logical_type(logical);
            field.build().map(Arc::new)
        });
        let fields: parquet::errors::Result<Vec<_>> = fields.collect();
        let schema = fields.and_then(|fields| {
            let schema = Type::group_type_builder("record")
                .with_fields(fields)
                .build()?;
            SerializedFileWriter::new(sink, Arc::new(schema), Arc::new(properties))
        });
        self.sink = Sink::Open(schema.map_err(std::io::Error::other)?);
        Ok(())
    }

    /// Writes the rows held back as a row group.
    fn flush(&mut self) -> std::io::Result<()> {
        if matches!(self.sink, Sink::Waiting(_)) {
            self.open()?;
        }
        let Sink::Open(file) = &mut self.sink else {
            return Err(std::io::ErrorKind::NotConnected.into());
        };
        let mut rows = std::mem::take(&mut self.rows);
        self.n_bytes = 0;
        if rows.is_empty() {
            return Ok(());
        }
        for row in &mut rows {
            gather_extra(row, &self.columns);
        }
        let mut written = file.next_row_group().and_then(|mut group| {
            for (name, cells) in &self.columns {
                write_column(&mut group, name, *cells, &rows)?;
            }
            group.close().map(drop)
        });
        if let Err(parquet::errors::ParquetError::External(e)) = written {
            // The disk's own word is better than the library's.
            let e = match e.downcast::<std::io::Error>() {
                Ok(e) => return Err(*e),
                Err(e) => e,
            };
            written = Err(parquet::errors::ParquetError::External(e));
        }
        written.map_err(std::io::Error::other)
    }
}

/// About the bytes a value takes.
fn weight(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::Array(items) => 8 + items.iter().map(weight).sum::<usize>(),
        Value::Object(map) => 8 + map.iter().map(|(k, v)| k.len() + weight(v)).sum::<usize>(),
        _ => 8,
    }
}

/// The columns of rows, in the order their fields come first.
fn columns(rows: &[Map<String, Value>]) -> Vec<(String, Cells)> {
    let mut found: serde_json::Map<String, Value> = Map::new(); // name -> index, in order
    let mut columns: Vec<(String, Cells)> = Vec::new();
    for (name, value) in rows.iter().flatten() {
        let Some(cells) = Cells::of(value).filter(|_| name != EXTRA) else {
            continue;
        };
        let known = found.get(name).and_then(Value::as_u64);
        let n_columns = columns.len();
        if let Some((_, all)) = known.and_then(|i| columns.get_mut(i as usize)) {
            *all = all.and(cells);
        } else if n_columns < MAX_COLUMNS {
            found.insert(name.clone(), n_columns.into());
            columns.push((name.clone(), cells));
        }
    }
    if !columns.iter().any(|(name, _)| name == "text") {
        columns.push(("text".into(), Cells::Text));
    }
    columns.push((EXTRA.into(), Cells::Json));
    columns
}

/// Moves what has no column to [`EXTRA`].
fn gather_extra(row: &mut Map<String, Value>, columns: &[(String, Cells)]) {
    let fits = |name: &str, value: &Value| {
        let column = columns.iter().find(|(n, _)| n == name);
        name != EXTRA && column.is_some_and(|(_, cells)| cells.holds(value))
    };
    let names = row.iter().filter(|(n, v)| !v.is_null() && !fits(n, v));
    let names: Vec<String> = names.map(|(n, _)| n.clone()).collect();
    let extra: Map<String, Value> = names
        .into_iter()
        .filter_map(|name| row.shift_remove(&name).map(|value| (name, value)))
        .collect();
    if !extra.is_empty() {
        row.insert(EXTRA.into(), Value::Object(extra));
    }
}

fn write_column<W: Write + Send>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    name: &str,
    cells: Cells,
    rows: &[Map<String, Value>],
) -> parquet::errors::Result<()> {
    let values = rows
        .iter()
        .map(|row| row.get(name).filter(|v| !v.is_null()));
    match cells {
        Cells::Text => {
            write_values::<ByteArrayType, W>(group, values, |v| Some(ByteArray::from(v.as_str()?)))
        }
        Cells::Json => write_values::<ByteArrayType, W>(group, values, |v| {
            Some(ByteArray::from(v.to_string().into_bytes()))
        }),
        Cells::Integer => write_values::<Int64Type, W>(group, values, Value::as_i64),
        Cells::Number => write_values::<DoubleType, W>(group, values, Value::as_f64),
        Cells::Bool => write_values::<BoolType, W>(group, values, Value::as_bool),
    }
}

fn write_values<'a, D: DataType, W: Write + Send>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    values: impl Iterator<Item = Option<&'a Value>>,
    cell: impl Fn(&Value) -> Option<D::T>,
) -> parquet::errors::Result<()> {
    let cells: Vec<Option<D::T>> = values.map(|value| cell(value?)).collect();
    let levels: Vec<i16> = cells.iter().map(|c| i16::from(c.is_some())).collect();
    let values: Vec<D::T> = cells.into_iter().flatten().collect();
    if let Some(mut column) = group.next_column()? {
        column
            .typed::<D>()
            .write_batch(&values, Some(&levels), None)?;
        column.close()?;
    }
    Ok(())
}
