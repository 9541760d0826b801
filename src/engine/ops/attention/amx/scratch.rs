//! Memory of one thread for blocks of attention: it grows to the largest shape and stays.

use half::bf16;

use crate::engine::ops::buffer::{Buffer, Plain};

/// Room for what a task packs and adds up.
#[derive(Default)]
pub(super) struct Scratch {
    pub(super) operands: Room<bf16>,
    pub(super) sums: Room<f32>,
}

/// A buffer that grows.
#[derive(Default)]
pub(super) struct Room<E: Plain>(Buffer<E>);

impl<E: Plain> Room<E> {
    /// Parts of these lengths, with whatever stands there.
    pub(super) fn parts<const N: usize>(&mut self, lens: [usize; N]) -> [&mut [E]; N] {
        let len = lens.iter().sum();
        let mut rest = self.0.first(len);
        lens.map(|len| {
            let (part, others) = std::mem::take(&mut rest).split_at_mut(len);
            rest = others;
            part
        })
    }
}
