//! Room: text on disk to tokens on disk.
//!
//! A [`Record`] is read, identified, judged, compared with all others, and packed; what is
//! dropped on the way is kept beside with its reason. `pipeline` is the whole walk, `stage` one
//! step of it over a stream.

pub mod browse;
pub mod contamination;
pub mod corpus;
pub mod dedup;
mod error;
pub mod extract;
pub mod filter;
pub mod langid;
pub mod mix;
pub mod optout;
pub mod pii;
mod pipeline;
pub mod read;
mod record;
pub mod tokenize;

pub use error::{Error, Result};
pub use pipeline::{
    BoilerplateLine, BoilerplateLines, Bytes, DomainRow, Estimate, LangRow, Layout, Measure, Model,
    PassedOver, Plan, Redact, Report, ShardOf, Stage, StageRow, Step, Verdict, Walked, estimate,
    plan_mix, run, run_stage, sketch, vocabulary_cost,
};
pub use record::{Record, Source};
