//! Matrix products on tiles of bf16.
use super::{Element, Matrix, Store};
use half::bf16;

/// Why this machine cannot; none where it can.
pub(in crate::engine::ops) fn lacks() -> Option<&'static str> {
    Some("there are no kernels yet")
}
#[derive(Default)]
pub(in crate::engine::ops) struct Room;
pub(in crate::engine::ops) fn product<C: Element>(
    _room: &mut Room,
    _c: &mut [C],
    _stride: usize,
    _a: Matrix<'_, bf16>,
    _b: Matrix<'_, bf16>,
    _store: Store,
) {
    unreachable!()
}
