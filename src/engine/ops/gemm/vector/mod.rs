//! Matrix products on vectors of f32.
use super::{Element, Matrix, Shared, Store};
use crate::engine::ops::simd::Isa;
pub(in crate::engine::ops) unsafe fn product<A: Element, B: Element, C: Element>(
    _isa: Isa,
    c: Shared<'_, C>,
    [start, stride]: [usize; 2],
    a: Matrix<'_, A>,
    b: Matrix<'_, B>,
    store: Store,
) {
    for i in 0..a.rows {
        for j in 0..b.cols {
            let mut s = 0.0;
            for k in 0..a.cols {
                s += a.data[i * a.row_stride + k * a.col_stride].wide()
                    * b.data[k * b.row_stride + j * b.col_stride].wide();
            }
            let c = unsafe { c.slice(start + i * stride + j, 1) };
            c[0] = C::narrow(if store == Store::Add {
                c[0].wide() + s
            } else {
                s
            });
        }
    }
}
pub(in crate::engine::ops) fn over_threads<A: Element, B: Element, C: Element>(
    isa: Isa,
    c: &mut [C],
    stride: usize,
    a: Matrix<'_, A>,
    b: Matrix<'_, B>,
    store: Store,
) {
    unsafe { product(isa, Shared::new(c), [0, stride], a, b, store) }
}
