//! A budget of bits: which type each matrix gets so that the language which loses most loses
//! least.
//!
//! 1. `offers`: what each type would cost each matrix, in bytes and, language by language, in
//!    squared error of its outputs: Σ over columns of E\[x²\]·Σ over rows of (w − ŵ)², over the
//!    outputs' energy. (Errors of columns are taken for independent, as importance matrices do.)
//! 2. `probe`: how much a language suffers from such an error, which no error of a matrix tells.
//!    One group of matrices at a time (one part of the layers, in a third of their depth) gets few
//!    bits; the Kullback-Leibler divergence of the model's predictions from those it had, over
//!    the group's error, is the group's sensitivity in that language. Divergence grows with the
//!    square of a small change, so with the squared error as a straight line.
//! 3. `solve`: losses of matrices are added; types are chosen within the budget so that the
//!    largest sum over languages is least, with a bound that no choice can be below.

mod allot;
mod offers;
mod probe;
mod solve;
#[cfg(test)]
mod tests;

pub(super) use allot::{Allotted, allot};
pub use allot::{Expected, Foretold};
