//! Euclidean norm of the gradients, √Σ g², added up in f64 in chunks of a fixed size.

pub(super) mod cpu;
pub(super) mod reference;
