//! What each type would cost each matrix.

use super::super::importance::Gathered;
use super::super::weighed::Weighed;
use crate::engine::gguf::Kind;
use crate::engine::infer::Held;

/// Types for rows of a multiple of 256, and for those of a multiple of 32 alone.
const KINDS: [&[&str]; 2] = [
    &[
        "Q2_K", "Q3_K", "IQ4_XS", "Q4_K", "Q5_K", "Q6_K", "Q8_0", "F16",
    ],
    &["Q4_0", "IQ4_NL", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "F16"],
];
/// Types that a group gets to see what a language makes of it: errors large enough to be seen
/// over the noise of some tokens, small enough that losses still grow as they do.
const COARSE: [&str; 2] = ["Q3_K", "Q4_0"];
/// Weights of a matrix that errors are taken from: rows are many, and alike.
const SAMPLE: usize = if cfg!(test) { 1 << 13 } else { 1 << 19 };

/// A type for a matrix.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Offer {
    pub(super) kind: &'static Kind,
    /// Bytes of the matrix.
    pub(super) len_bytes: u64,
    /// Squared error of its outputs over their energy, for each language.
    pub(super) errors: Vec<f64>,
}

/// Rows of a matrix as numbers, with how much its columns matter.
pub(super) struct Sampled {
    weights: Vec<f32>,
    width: usize,
    n_weights: u64,
    kind: &'static Kind,
    /// Importance that encoding goes by.
    importance: Option<Vec<f32>>,
    /// E\[x²\] of the columns, for each language.
    squares: Vec<Vec<f64>>,
    /// Energy of the outputs, for each language.
    energies: Vec<f64>,
}

/// Σ over rows of the squares of each column.
fn by_column(rows: &[f32], width: usize) -> Vec<f64> {
    let mut sums = vec![0.0; width];
    for row in rows.chunks_exact(width) {
        for (sum, x) in sums.iter_mut().zip(row) {
            *sum += f64::from(*x) * f64::from(*x);
        }
    }
    sums
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

impl Sampled {
    /// Rows of `matrix`, evenly spread over it; `is_looked_up`: it is multiplied with nothing.
    ///
    /// # Errors
    /// In words, when its weights cannot be read.
    pub(super) fn of(
        matrix: &Held<'_>,
        is_looked_up: bool,
        weighed: &Weighed,
        gathered: &Gathered,
    ) -> Result<Self, String> {
        let width = matrix.width;
        let n_rows = matrix.n_rows.min((SAMPLE / width).max(1));
        let row_bytes = matrix.bytes.len() / matrix.n_rows;
        let mut weights = vec![0.0; n_rows * width];
        for (i, row) in weights.chunks_exact_mut(width).enumerate() {
            let at = i * matrix.n_rows / n_rows * row_bytes;
            let bytes = &matrix.bytes[at..at + row_bytes];
            matrix.kind.decode_here(bytes, row)?;
        }
        let squares: Vec<Vec<f64>> = gathered
            .langs
            .iter()
            .map(|(_, _, seen)| match seen.columns(&matrix.name) {
                Some(columns) if !is_looked_up => {
                    let n = columns.n_rows.max(1) as f64;
                    columns.sums.iter().map(|sum| sum / n).collect()
                }
                _ => vec![1.0; width],
            })
            .collect();
        let energy = by_column(&weights, width);
        Ok(Sampled {
            energies: squares.iter().map(|s| dot(s, &energy)).collect(),
            weights,
            width,
            n_weights: (matrix.n_rows * width) as u64,
            kind: matrix.kind,
            importance: weighed.columns(&matrix.name, width),
            squares,
        })
    }

    /// What a type would cost; none where rows do not fit it, or weights are too large for it.
    pub(super) fn offer(&self, kind: &'static Kind) -> Option<Offer> {
        let importance = self.importance.as_deref();
        let len_bytes = kind.len_bytes(self.n_weights)?;
        if !self.width.is_multiple_of(kind.block) {
            return None;
        }
        let errors = match kind == self.kind && kind.block > 1 {
            true => vec![0.0; self.squares.len()], // its blocks stay as they are
            false => {
                let mut left = vec![0.0; self.weights.len()];
                let bytes = kind.encode(&self.weights, self.width, importance).ok()?;
                kind.decode(&bytes, &mut left).ok()?;
                left.iter_mut()
                    .zip(&self.weights)
                    .for_each(|(l, w)| *l -= w);
                let left = by_column(&left, self.width);
                let share = |(squares, energy): (&Vec<f64>, &f64)| match *energy > 0.0 {
                    true => dot(squares, &left) / energy,
                    false => 0.0,
                };
                self.squares.iter().zip(&self.energies).map(share).collect()
            }
        };
        Some(Offer {
            kind,
            len_bytes,
            errors,
        })
    }

    /// What each type would cost that is worth a thought, fewest bytes first.
    pub(super) fn offers(&self) -> Vec<Offer> {
        let names = KINDS[usize::from(!self.width.is_multiple_of(256))];
        let kinds = names.iter().filter_map(|name| Kind::named(name));
        let own = (self.kind.block > 1 && self.kind.is_readable()).then_some(self.kind);
        let kinds = kinds.filter(|kind| Some(*kind) != own).chain(own);
        let mut offers: Vec<Offer> = kinds.filter_map(|kind| self.offer(kind)).collect();
        offers.sort_by_key(|offer| (offer.len_bytes, offer.kind.id));
        offers
    }
}

/// The type of few bits that a matrix with rows of `width` gets while its group is probed; none
/// where there is none.
pub(super) fn coarse(width: usize) -> Option<&'static Kind> {
    let kinds = COARSE.iter().filter_map(|name| Kind::named(name));
    let mut kinds = kinds.filter(|kind| width.is_multiple_of(kind.block));
    kinds.next()
}

/// A matrix as it is after it has been in that type, in plain numbers: products with it then
/// round as those of the model do, and the difference is that of the weights alone.
///
/// # Errors
/// In words, when its weights cannot be read or encoded.
pub(super) fn coarsened(
    matrix: &Held<'_>,
    kind: &'static Kind,
    importance: Option<&[f32]>,
) -> Result<(&'static Kind, Vec<u8>), String> {
    let plain = Kind::named("F16").ok_or("F16 is a type")?;
    let bytes = kind.encode_from(matrix.kind, matrix.bytes, matrix.width, importance)?;
    Ok((plain, plain.encode_from(kind, &bytes, matrix.width, None)?))
}
