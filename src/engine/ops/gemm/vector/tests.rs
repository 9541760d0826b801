//! Products of every kind against plain loops in f64.

use half::bf16;

use super::{Panels, Right, over_threads, product};
use crate::engine::ops::gemm::{Element, Matrix, Shared, Store};
use crate::engine::ops::simd::Isa;

/// Numbers that look random, between -1 and 1.
fn numbers<E: Element>(len: usize, seed: u32) -> Vec<E> {
    let mut state = seed.wrapping_mul(0x9e37_79b9) | 1;
    let next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        E::narrow(state as f32 / (1u32 << 31) as f32 - 1.0)
    };
    std::iter::repeat_with(next).take(len).collect()
}

/// A matrix somewhere in a buffer whose other numbers are none.
struct Held<E> {
    data: Vec<E>,
    rows: usize,
    cols: usize,
    stride: usize,
    /// Whether its columns, not its rows, lie one after the other.
    down: bool,
}

impl<E: Element> Held<E> {
    fn new([rows, cols]: [usize; 2], pad: usize, down: bool, seed: u32) -> Self {
        let (outer, inner) = if down { (cols, rows) } else { (rows, cols) };
        let stride = inner + pad;
        let mut data = vec![E::narrow(f32::NAN); outer * stride];
        let values = numbers::<E>(outer * inner, seed);
        for (to, from) in data.chunks_mut(stride).zip(values.chunks(inner)) {
            to[..inner].copy_from_slice(from);
        }
        Held {
            data,
            rows,
            cols,
            stride,
            down,
        }
    }

    fn matrix(&self) -> Matrix<'_, E> {
        if self.down {
            Matrix::rows(&self.data, self.cols, self.rows, self.stride).transposed()
        } else {
            Matrix::rows(&self.data, self.rows, self.cols, self.stride)
        }
    }
}

fn at<E: Element>(m: &Matrix<'_, E>, i: usize, j: usize) -> f64 {
    f64::from(m.data[i * m.row_stride + j * m.col_stride].wide())
}

/// One product of one kind, checked number by number, and the numbers around it.
fn check<A: Element, B: Element, C: Element>(
    isa: Isa,
    [m, n, k]: [usize; 3],
    downs: [bool; 2],
    store: Store,
) {
    let a = Held::<A>::new([m, k], 3, downs[0], 1 + m as u32);
    let b = Held::<B>::new([k, n], 5, downs[1], 7 + n as u32);
    let (start, stride) = (2, n + 1);
    let mut c = vec![C::narrow(f32::NAN); start + m * stride];
    let before = numbers::<C>(m * n, 3);
    for i in 0..m {
        if store == Store::Add {
            c[start + i * stride..][..n].copy_from_slice(&before[i * n..][..n]);
        }
    }
    // SAFETY: nobody else has c
    unsafe {
        product(
            isa,
            Shared::new(&mut c),
            [start, stride],
            a.matrix(),
            b.matrix().into(),
            store,
        )
    };
    let exactness = if size_of::<C>() == 2 {
        1.0 / 256.0
    } else {
        0.0
    };
    for i in 0..m {
        for j in 0..n {
            let terms = (0..k).map(|p| at(&a.matrix(), i, p) * at(&b.matrix(), p, j));
            let mut exact: f64 = terms.sum();
            if store == Store::Add {
                exact += f64::from(before[i * n + j].wide());
            }
            let got = f64::from(c[start + i * stride + j].wide());
            let off = (got - exact).abs();
            let most = exact.abs() * exactness + 2e-6 * (k as f64).sqrt() + 1e-7;
            assert!(
                off <= most,
                "{got} for {exact} at {i},{j} of {m}x{n}x{k}, down {downs:?}, {store:?}, {}",
                isa.name()
            );
        }
        assert!(c[start + i * stride + n].wide().is_nan());
    }
    assert!(c[..start].iter().all(|c| c.wide().is_nan()));
}

/// All layouts, stores and mixes of numbers of one shape.
fn check_all(isa: Isa, shape: [usize; 3]) {
    for layout in 0..8 {
        let downs = [layout & 1 > 0, layout & 2 > 0];
        let store = [Store::Set, Store::Add][layout >> 2];
        check::<f32, f32, f32>(isa, shape, downs, store);
        check::<bf16, bf16, bf16>(isa, shape, downs, store);
        check::<bf16, f32, f32>(isa, shape, downs, store);
        check::<f32, bf16, f32>(isa, shape, downs, store);
        check::<f32, bf16, bf16>(isa, shape, downs, store);
    }
}

#[test]
fn odd_shapes_of_every_kind_are_right() {
    for isa in Isa::all() {
        for shape in [
            [1, 1, 1],
            [2, 1, 3],
            [3, 2, 70],
            [1, 70, 33],
            [4, 33, 16],
            [5, 7, 11],
            [6, 16, 8],
            [7, 31, 5],
            [8, 32, 17],
            [13, 64, 9],
            [14, 32, 32],
            [15, 65, 15],
            [28, 40, 3],
            [29, 63, 48],
            [70, 69, 67],
            [33, 1, 40],
        ] {
            check_all(isa, shape);
        }
    }
}

#[test]
fn every_small_shape_is_right() {
    for isa in Isa::all() {
        for m in 1..=18 {
            for n in [1, 4, 9, 17, 32, 35] {
                let k = 1 + (m * 5 + n) % 23;
                check::<f32, f32, f32>(isa, [m, n, k], [m % 2 > 0, n % 3 > 0], Store::Set);
                check::<bf16, f32, bf16>(isa, [m, n, k], [m % 3 > 0, n % 2 > 0], Store::Add);
            }
        }
    }
}

#[test]
fn sums_over_many_steps_are_right() {
    for isa in Isa::all() {
        for shape in [[20, 40, 257], [1, 50, 1000], [17, 35, 700], [40, 33, 513]] {
            check_all(isa, shape);
        }
    }
}

#[test]
fn several_blocks_are_right() {
    for isa in Isa::all() {
        check::<f32, f32, f32>(isa, [300, 530, 100], [false, true], Store::Add);
        check::<bf16, bf16, bf16>(isa, [300, 530, 300], [true, false], Store::Set);
    }
}

#[test]
fn threads_change_nothing() {
    let [m, n, k] = [301, 530, 270];
    for isa in Isa::all() {
        let (a, b) = (numbers::<f32>(m * k, 1), numbers::<bf16>(k * n, 2));
        let (a, b) = (
            Matrix::rows(&a, m, k, k),
            Matrix::rows(&b, n, k, k).transposed(),
        );
        let mut alone = vec![bf16::ZERO; m * n];
        // SAFETY: nobody else has the buffer
        unsafe {
            product(
                isa,
                Shared::new(&mut alone),
                [0, n],
                a,
                b.into(),
                Store::Set,
            )
        };
        for rows in [m, 1] {
            let a = a.part([0, rows], [0, k]);
            let results = [1, 2, 3].map(|threads| {
                let pool = rayon::ThreadPoolBuilder::new()
                    .num_threads(threads)
                    .build()
                    .unwrap();
                let mut c = vec![bf16::ZERO; rows * n];
                pool.install(|| over_threads(isa, &mut c, n, a, b, Store::Set));
                c
            });
            assert!(results[0] == results[1] && results[1] == results[2]);
            assert!(rows == 1 || results[0] == alone);
        }
    }
}

#[test]
fn panels_give_the_same_bytes_as_the_matrix_that_was_packed() {
    for isa in Isa::all() {
        for ([m, n, k], down) in [
            ([40, 70, 300], true),
            ([3, 33, 64], false),
            ([65, 800, 7], true),
        ] {
            let a = Held::<f32>::new([m, k], 3, false, 1);
            let b = Held::<f32>::new([k + 5, n + 2 * Panels::START], 1, down, 2);
            let (rows, cols) = ([4, 4 + k], [Panels::START, Panels::START + n]);
            let mut panels = Panels::default();
            panels.pack(isa, b.matrix());
            let (mut plain, mut packed) = (vec![0.0_f32; m * n], vec![0.0_f32; m * n]);
            let columns = Right::<f32>::Packed(panels.part(rows, cols));
            let right = b.matrix().part(rows, cols).into();
            // SAFETY: nobody else has the buffers
            unsafe {
                let place = [0, n];
                product(
                    isa,
                    Shared::new(&mut plain),
                    place,
                    a.matrix(),
                    right,
                    Store::Set,
                );
                product(
                    isa,
                    Shared::new(&mut packed),
                    place,
                    a.matrix(),
                    columns,
                    Store::Set,
                );
            }
            assert_eq!(plain, packed, "{m}x{n}x{k} on {}", isa.name());
        }
    }
}

#[test]
fn a_copy_kept_for_the_next_block_is_not_taken_for_the_next_product() {
    let [m, n, k] = [560, 64, 64];
    for isa in Isa::all() {
        let a = numbers::<f32>(m * k, 1);
        for seed in [2, 3] {
            let b = numbers::<f32>(k * n, seed);
            let (a, b) = (Matrix::rows(&a, m, k, k), Matrix::rows(&b, k, n, n));
            let mut c = vec![0.0; m * n];
            over_threads(isa, &mut c, n, a, b, Store::Set);
            let exact: f64 = (0..k).map(|p| at(&a, m - 1, p) * at(&b, p, 5)).sum();
            assert!((f64::from(c[(m - 1) * n + 5]) - exact).abs() < 1e-4);
        }
    }
}

#[test]
fn numbers_that_are_none_or_too_large_stay_so() {
    for isa in Isa::all() {
        for m in [1, 20] {
            let k = 40;
            let mut a = vec![1.0_f32; m * k];
            let mut b = vec![1.0_f32; 5 * k]; // columns of B
            b[3] = f32::INFINITY;
            b[k + 3] = f32::NAN;
            b[2 * k..3 * k].fill(f32::MAX);
            (b[3 * k], b[3 * k + 1]) = (f32::INFINITY, f32::NEG_INFINITY);
            a[(m - 1) * k + 20] = -1.0;
            let mut c = vec![0.0; m * 5];
            let mut narrow = vec![bf16::ZERO; m * 5];
            let (a, b) = (
                Matrix::rows(&a, m, k, k),
                Matrix::rows(&b, 5, k, k).transposed(),
            );
            over_threads(isa, &mut c, 5, a, b, Store::Set);
            over_threads(isa, &mut narrow, 5, a, b, Store::Set);
            for (c, narrow) in c.chunks(5).zip(narrow.chunks(5)) {
                assert_eq!(c[0], f32::INFINITY);
                assert!(c[1].is_nan() && c[3].is_nan());
                assert_eq!(c[2], f32::INFINITY);
                assert!(c[4] == 40.0 || c[4] == 38.0);
                assert!(narrow[1].is_nan() && narrow[3].is_nan());
                assert_eq!(narrow[2], bf16::INFINITY);
            }
        }
    }
}

#[test]
fn nothing_times_something_is_zero_and_nothing_is_written_outside() {
    for isa in Isa::all() {
        let mut c = vec![1.0_f32; 6];
        let none: &[f32] = &[];
        let (a, b) = (Matrix::rows(none, 2, 0, 0), Matrix::rows(none, 0, 3, 3));
        over_threads(isa, &mut c, 3, a, b, Store::Add);
        assert_eq!(c, [1.0; 6]);
        over_threads(isa, &mut c, 3, a, b, Store::Set);
        assert_eq!(c, [0.0; 6]);
        over_threads(isa, &mut c, 3, a.part([0, 0], [0, 0]), b, Store::Set);
    }
}
