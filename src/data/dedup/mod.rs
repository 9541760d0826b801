//! Duplicates: the same address, equal texts by hash, near ones by signature -> candidates ->
//! clusters -> keep one.
//!
//! In memory: [`exact_duplicates`], [`near_duplicates`]. For any number of texts: where a text is
//! read, a [`Sketcher`] makes its [`Sketch`]; later [`resolve`] decides from the sketches alone,
//! asking only for the texts of candidates, and leaves a file of [`UnitFate`]s for each unit.

mod blocks;
mod boilerplate;
mod buckets;
mod check;
mod cluster;
mod elect;
mod exact;
mod fates;
mod forest;
mod minhash;
mod near;
mod rehydrate;
mod resolve;
mod row;
mod shingles;
mod sketch;
mod sort;
mod tape;
#[cfg(test)]
mod tests;
mod url;

pub use boilerplate::{Boilerplate, BoilerplateRule, ParagraphCounter, Removed};
pub use check::{CheckRow, SelfCheck, self_check};
pub use cluster::{Document, Fate, near_duplicates};
pub use exact::{exact_duplicates, text_hash};
pub use fates::{Copy, FateReader, UnitFate};
pub use minhash::{Bands, SCurvePoint, Signer};
pub use rehydrate::{Rehydration, repeats};
pub use resolve::{Resolution, Resolve, Texts, resolve};
pub use sketch::{Sketch, SketchReader, SketchWriter, Sketcher};
pub use url::normal_url;
