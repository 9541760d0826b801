//! A file of importance beside the tensors it is for.

use std::path::{Path, PathBuf};

use super::imatrix::Imatrix;
use super::names::layer_of;
use crate::disk;
use crate::engine::{Error, Result};

/// Importance that was read from a file, or computed from text.
#[derive(Clone)]
pub(super) struct Weighed {
    /// The file, or the text.
    pub(super) path: PathBuf,
    /// Its SHA-256.
    pub(super) sha256: String,
    /// What it holds.
    pub(super) imatrix: Imatrix,
    /// What it is to the file that is made: `imatrix`, or `importance_text`.
    pub(super) role: &'static str,
}

impl Weighed {
    /// Reads the file at `path`.
    ///
    /// # Errors
    /// When it cannot be read or is no file of importance.
    pub(super) fn read(path: &Path) -> Result<Self> {
        Ok(Weighed {
            path: path.into(),
            sha256: disk::sha256(path)?.0,
            imatrix: Imatrix::read(path)?,
            role: "imatrix",
        })
    }

    /// Importance that was computed from text at `path`, and is in no file.
    pub(super) fn computed(path: &Path, imatrix: Imatrix) -> Self {
        Weighed {
            path: path.into(),
            sha256: imatrix.text_sha256.clone().unwrap_or_default(),
            imatrix,
            role: "importance_text",
        }
    }

    /// Importance of the `n` columns of a matrix, or of all matrices of a stack; none where the
    /// file does not know it.
    pub(super) fn columns(&self, name: &str, n: usize) -> Option<Vec<f32>> {
        let entry = self.imatrix.entries.get(name)?;
        Some(entry.means()).filter(|means| means.len() == n)
    }

    /// What the reader should know of the matrices that importance is not known of, given all
    /// with the number of their columns.
    ///
    /// # Errors
    /// When the file is for a model of another shape, or for none of these matrices.
    pub(super) fn compare(&self, matrices: &[(&str, usize)]) -> Result<Vec<String>> {
        let (mut n_known, mut unknown) = (0, Vec::new());
        for (name, n_columns) in matrices {
            let entry = self.imatrix.entries.get(*name);
            match entry.map(|entry| entry.sums.len()) {
                Some(n) if n == *n_columns => n_known += 1,
                // The embedding is looked up, not multiplied: no importance of it says anything.
                _ if layer_of(name).is_none() => {}
                None => unknown.push(*name),
                Some(n) => {
                    let what = format!("{name} has {n} columns here, {n_columns} in the model");
                    return Err(Error::damaged(&self.path, what));
                }
            }
        }
        if n_known == 0 {
            return Err(Error::Usage {
                what: format!(
                    "{}: it knows none of the model's matrices",
                    self.path.display()
                ),
                hint: "give the importance matrix of this model, made of its own GGUF file".into(),
            });
        }
        let Some(first) = unknown.first() else {
            return Ok(Vec::new());
        };
        let (n, path) = (unknown.len(), self.path.display());
        Ok(vec![format!(
            "{n} matrices are encoded without importance, {first} first: {path} does not know them"
        )])
    }
}
