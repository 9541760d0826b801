//! A file of importance beside the tensors it is for.

use std::path::{Path, PathBuf};

use super::choose::is_outside_of_layers;
use super::imatrix::Imatrix;
use crate::disk;
use crate::engine::{Error, Result};

/// A file of importance that was read.
pub(super) struct Weighed {
    /// The file.
    pub(super) path: PathBuf,
    /// Its SHA-256.
    pub(super) sha256: String,
    /// What it holds.
    pub(super) imatrix: Imatrix,
}

/// A matrix that importance is sought for.
pub(super) struct Sought<'a> {
    /// Name in Hugging Face files.
    pub(super) name: &'a str,
    /// Name in GGUF files.
    pub(super) in_file: &'a str,
    /// Columns.
    pub(super) width: usize,
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
        })
    }

    /// Importance of the columns of a matrix; none where the file does not know it.
    pub(super) fn columns(&self, in_file: &str, width: usize) -> Option<Vec<f32>> {
        let entry = self.imatrix.entries.get(in_file)?;
        Some(entry.means()).filter(|means| means.len() == width)
    }

    /// What the reader should know of the matrices that importance is not known of.
    ///
    /// # Errors
    /// When the file is for a model of another shape, or for none of these matrices.
    pub(super) fn compare(&self, matrices: &[Sought]) -> Result<Vec<String>> {
        let (mut n_known, mut unknown) = (0, Vec::new());
        for matrix in matrices {
            let entry = self.imatrix.entries.get(matrix.in_file);
            let is_outside = is_outside_of_layers(matrix.name);
            match entry.map(|entry| entry.sums.len()) {
                Some(n) if n == matrix.width => n_known += 1,
                // The embedding is looked up, not multiplied: no importance of it says anything.
                Some(_) | None if is_outside => {}
                None => unknown.push(matrix.in_file),
                Some(n) => {
                    let width = matrix.width;
                    let name = matrix.in_file;
                    let what = format!("{name} has {n} columns here, {width} in the model");
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
