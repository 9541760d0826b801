//! Tables in columns (Apache Parquet): FineWeb-2's and others', read row by row, and written.

mod read;
mod value;
mod write;

pub(super) use read::{Rows, cuts};
pub use write::{ParquetWriter, write_parquet};

/// Column that holds, as one JSON object, the fields of a row that have no column of their own.
const EXTRA: &str = "_extra";

#[cfg(test)]
mod tests;
