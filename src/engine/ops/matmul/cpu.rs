//! Matrix products over threads, on tiles where there are some and else on vectors.

use super::{Dims, Store};
use crate::engine::ops::cpu::{Cpu, Number};
use crate::engine::ops::gemm::{Element, Matrix};

/// `c[m,n]` (+)= `a[m,k]` · `b[k,n]`, the rows of c `stride` apart.
pub(in crate::engine::ops) fn product<A: Number, C: Element>(
    cpu: &Cpu,
    c: &mut [C],
    stride: usize,
    a: Matrix<'_, A>,
    b: Matrix<'_, A>,
    store: Store,
) {
    cpu.install(|| A::product(cpu, c, stride, a, b, store));
}

pub(in crate::engine::ops) fn forward<A: Number, Y: Element>(
    cpu: &Cpu,
    y: &mut [Y],
    x: &[A],
    w: &[A],
    Dims { n, i, o }: Dims,
) {
    let (x, w) = (Matrix::rows(x, n, i, i), Matrix::rows(w, o, i, i));
    product(cpu, y, o, x, w.transposed(), Store::Set);
}

pub(in crate::engine::ops) fn dx<A: Number>(
    cpu: &Cpu,
    dx: &mut [A],
    dy: &[A],
    w: &[A],
    Dims { n, i, o }: Dims,
) {
    let (dy, w) = (Matrix::rows(dy, n, o, o), Matrix::rows(w, o, i, i));
    product(cpu, dx, i, dy, w, Store::Set);
}

pub(in crate::engine::ops) fn dw<A: Number>(
    cpu: &Cpu,
    dw: &mut [f32],
    dy: &[A],
    x: &[A],
    Dims { n, i, o }: Dims,
    store: Store,
) {
    let (dy, x) = (Matrix::rows(dy, n, o, o), Matrix::rows(x, n, i, i));
    product(cpu, dw, i, dy.transposed(), x, store);
}
