//! Duplicates: equal texts by hash, near ones by signature -> candidates -> clusters -> keep one.

mod cluster;
mod exact;
mod minhash;
mod shingles;

pub use cluster::{Document, Fate, near_duplicates};
pub use exact::{exact_duplicates, text_hash};
pub use minhash::{Bands, SCurvePoint, Signer};
