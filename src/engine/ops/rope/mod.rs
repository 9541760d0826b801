//! Rotary positions (Su et al. 2021) in the order of Hugging Face's Llama: element j of a head is
//! turned with element j + hd/2, by the angle position · theta^(−2j/hd).
//!
//! Works in place on the first `n_heads` heads of every row: queries and keys of a packed
//! `[q | k | v]` row. The backward pass turns the other way.

pub(super) mod cpu;
pub(super) mod reference;
mod table;

pub use table::{Dims, Table, Turn};
