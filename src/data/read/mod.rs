//! Files to records and pages: JSON lines, plain text, HTML, WARC, Parquet, folders of them.
//!
//! [`items`] reads everything there is: what cannot be read is an item as well, with its place, so
//! that nothing is passed over in silence. [`open_at`] goes on where a reader stood, [`splits`] cuts
//! a file into parts for many readers. [`records`] reads texts alone and ends at the first damage.

mod crawl;
mod encoding;
mod gzip;
mod http;
mod item;
mod items;
mod kind;
mod lines;
mod list;
mod meta;
mod page;
mod parquet;
mod records;
mod split;
mod stored;
mod unpacked;
mod warc;
mod whole;
mod zst;

pub use encoding::{Decoded, decode, decode_hinted};
pub use item::{Item, Options, Position, Quarantined, Skipped, Unit, Why};
pub use items::{FileItems, Items, items, open, open_at, open_bytes, open_unit, open_unit_at};
pub use list::inputs;
pub use page::{Page, PageKind};
pub use parquet::{ParquetWriter, write_parquet};
pub use records::{Records, files, records};
pub use split::splits;
