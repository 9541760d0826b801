//! Work from outside of this folder, compiled for each instruction set and run on the widest.
//!
//! No operation is fused or reordered on the way: the numbers are the same with every set.

use std::sync::LazyLock;

use super::simd::{Isa, simd};

/// Work whose loops become vector instructions where `run` and all that it calls is inlined.
pub trait Work {
    /// What comes of it.
    type Done;

    /// Does it; to be marked `#[inline(always)]`, as everything it calls.
    fn run(self) -> Self::Done;
}

/// What this machine has.
static WIDEST: LazyLock<Isa> = LazyLock::new(Isa::detect);

simd! {
    fn compiled<FMA, W: Work>(work: W) -> W::Done {
        work.run()
    }
}

/// Does the work with the widest instructions of this machine.
pub fn widest<W: Work>(work: W) -> W::Done {
    compiled(*WIDEST, work)
}

/// Does the work with each instruction set of this machine, the widest first.
#[cfg(test)]
pub(crate) fn with_each<W: Work>(mut work: impl FnMut() -> W) -> Vec<(&'static str, W::Done)> {
    let all = Isa::all().into_iter();
    all.map(|isa| (isa.name(), compiled(isa, work()))).collect()
}
