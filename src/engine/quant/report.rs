//! What `eu quantize` did: for people and programs.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Serialize;

use super::Plan;
use super::budget::Foretold;
use crate::engine::Result;
use crate::engine::eval::tax::{Loss, MeanLoss};

/// A file made of a model.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// `quantize/1`.
    pub schema: String,
    /// Type of the file: `q4_k_m`, …
    pub r#type: String,
    /// The file.
    pub path: PathBuf,
    /// Its length.
    pub len_bytes: u64,
    /// Number of weights.
    pub n_weights: u64,
    /// Bits of all tensors over the number of weights.
    pub bits_per_weight: f64,
    /// Tensors by their type.
    pub tensors: BTreeMap<String, u64>,
    /// What other programs will do differently, and where a type did not fit.
    pub notes: Vec<String>,
    /// Where a budget chose the types: what it expects; null elsewhere.
    pub budget: Option<Foretold>,
    /// What each language lost, the one that lost most first; empty where no text was given.
    pub losses: Vec<Loss>,
    /// The mean of languages.
    pub mean_loss: Option<MeanLoss>,
    /// The picture of it, where one was asked for.
    pub plot: Option<PathBuf>,
    /// Milliseconds it took.
    pub elapsed_ms: u64,
}

impl Report {
    /// Holds the worst language to the bounds of a plan.
    ///
    /// # Errors
    /// When it passes one; the file stays.
    pub fn judge(&self, plan: &Plan) -> Result<()> {
        let losses = self.losses.iter();
        let bits = losses.map(|loss| (loss.lang.as_str(), loss.after));
        plan.gates().judge(bits, &self.losses)
    }
}
