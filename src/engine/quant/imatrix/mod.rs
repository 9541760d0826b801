//! Importance matrices: for each matrix of a model, how much each column is used.
//!
//! A column of a matrix is multiplied with one number of the activations; the mean of that
//! number's square over some text is the column's importance. Files are those of llama.cpp: GGUF,
//! where sums and counts stand as tensors, and the older `.dat`.

mod legacy;
mod read;
#[cfg(test)]
mod tests;
mod write;

use std::collections::BTreeMap;

/// What a file of importance holds.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Imatrix {
    /// Text it was computed from, as whoever computed it named it.
    pub datasets: Vec<String>,
    /// Pieces of text it was computed from.
    pub n_chunks: u32,
    /// Tokens of a piece; 0 where the file does not say.
    pub chunk_tokens: u32,
    /// By the name of the matrix in GGUF files.
    pub entries: BTreeMap<String, Entry>,
    /// Languages of the text with their tokens, where the file says; each counts alike.
    pub languages: Vec<(String, u64)>,
    /// SHA-256 of the text, where the file says.
    pub text_sha256: Option<String>,
}

/// Importance of the columns of one matrix, or of a stack of them (one for each expert).
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Σ x² of each column, matrix after matrix: finite and not negative.
    pub sums: Vec<f32>,
    /// For each matrix, of how many x; its columns are a whole share of `sums`.
    pub counts: Vec<u64>,
}

impl Entry {
    /// Mean of x² of each column; 1 for all columns of a matrix that was never used.
    pub fn means(&self) -> Vec<f32> {
        let width = self.sums.len() / self.counts.len().max(1);
        let mut means = Vec::with_capacity(self.sums.len());
        for (sums, count) in self.sums.chunks(width.max(1)).zip(&self.counts) {
            let count = *count as f32;
            let mean = |sum: &f32| if count > 0.0 { sum / count } else { 1.0 };
            means.extend(sums.iter().map(mean));
        }
        means
    }
}
