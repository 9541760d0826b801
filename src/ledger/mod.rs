//! The record that can be audited: what was made, from what, with which settings.
//!
//! Each artefact has a `manifest.json` beside it that names its parents by hash, so that one can
//! walk back from a chatting model to the text it was made of.

mod manifest;

pub use manifest::{FileHash, Manifest, Parent, digest, hash_files, verify};
