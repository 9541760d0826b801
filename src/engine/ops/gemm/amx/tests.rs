use half::bf16;
use rayon::ThreadPoolBuilder;

use super::super::{Element, Matrix, Store};
use super::{Room, lacks, product};

/// Numbers that are the same in every run, in (-1, 1).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> f32 {
        self.0 = self
            .0
            .wrapping_mul(0x5851_f42d_4c95_7f2d)
            .wrapping_add(0x1405_7b7e_f767_814f);
        (self.0 >> 40) as f32 / (1 << 23) as f32 - 1.0
    }

    fn below(&mut self, n: usize) -> usize {
        ((self.next() + 1.0) / 2.0 * n as f32) as usize % n
    }
}

/// A matrix with other memory before, behind and between its rows, which holds no numbers.
struct Island {
    data: Vec<bf16>,
    start: usize,
    rows: usize,
    cols: usize,
    stride: usize,
    transposed: bool,
}

impl Island {
    fn new(rng: &mut Numbers, rows: usize, cols: usize, transposed: bool, gap: usize) -> Self {
        let (lines, len) = if transposed {
            (cols, rows)
        } else {
            (rows, cols)
        };
        let (start, stride) = (gap * 3 % 37, len + gap);
        let mut data = vec![bf16::NAN; start + lines * stride + 40];
        for line in 0..lines {
            for x in &mut data[start + line * stride..][..len] {
                *x = bf16::from_f32(rng.next());
            }
        }
        Island {
            data,
            start,
            rows,
            cols,
            stride,
            transposed,
        }
    }

    fn matrix(&self) -> Matrix<'_, bf16> {
        let data = &self.data[self.start..];
        match self.transposed {
            true => Matrix::rows(data, self.cols, self.rows, self.stride).transposed(),
            false => Matrix::rows(data, self.rows, self.cols, self.stride),
        }
    }

    /// The numbers row by row, or column by column.
    fn plain(&self, by_columns: bool) -> Vec<f64> {
        let m = match by_columns {
            true => self.matrix().transposed(),
            false => self.matrix(),
        };
        let line = |i: usize| {
            (0..m.cols).map(move |j| f64::from(m.data[i * m.row_stride + j * m.col_stride].wide()))
        };
        (0..m.rows).flat_map(line).collect()
    }
}

/// One product with `threads`, compared with plain loops.
fn check<C: Element + PartialEq>(
    [m, n, k]: [usize; 3],
    [a_turned, b_turned]: [bool; 2],
    gap: usize,
    store: Store,
    threads: &[usize],
) {
    let what = format!("{m} x {n} x {k}, {a_turned} {b_turned}, {gap}, {store:?}");
    let mut rng = Numbers((m * 71 + n * 73 + k * 79 + gap) as u64);
    let a = Island::new(&mut rng, m, k, a_turned, gap);
    let b = Island::new(&mut rng, k, n, b_turned, gap);
    let stride = n + gap;
    let before: Vec<C> = (0..m * stride + 5).map(|_| C::narrow(rng.next())).collect();
    let mut earlier: Option<Vec<C>> = None;
    for &threads in threads {
        let pool = ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        let mut c = before.clone();
        let mut room = Room::default();
        pool.install(|| product(&mut room, &mut c, stride, a.matrix(), b.matrix(), store));
        if let Some(earlier) = &earlier {
            assert!(c == *earlier, "{what}: {threads} threads give other bytes");
            continue;
        }
        let (left, right) = (a.plain(false), b.plain(true));
        for (i, (&got, &old)) in c.iter().zip(&before).enumerate() {
            let (row, col) = (i / stride, i % stride);
            if row >= m || col >= n {
                assert!(got == old, "{what}: wrote next to the result");
                continue;
            }
            let (mut sum, mut size) = (0.0, 0.0);
            for (a, b) in left[row * k..][..k].iter().zip(&right[col * k..][..k]) {
                sum += a * b;
                size += (a * b).abs();
            }
            if store == Store::Add {
                sum += f64::from(old.wide());
                size += f64::from(old.wide()).abs();
            }
            let rounding = if size_of::<C>() == 2 {
                sum.abs() / 256.0
            } else {
                0.0
            };
            let off = (f64::from(got.wide()) - sum).abs();
            assert!(
                off <= rounding + size * 1e-6 + 1e-37,
                "{what}: {} for {sum}",
                got.wide()
            );
        }
        earlier = Some(c);
    }
}

fn check_all(shape: [usize; 3], gap: usize, threads: &[usize]) {
    for turned in [[false, false], [false, true], [true, false], [true, true]] {
        for store in [Store::Set, Store::Add] {
            check::<f32>(shape, turned, gap, store, threads);
            check::<bf16>(shape, turned, gap, store, threads);
        }
    }
}

/// Whether there is nothing to test; says so.
#[allow(clippy::print_stderr)] // why nothing was tested
fn skips() -> bool {
    if let Some(why) = lacks() {
        eprintln!("not tested: {why}");
    }
    lacks().is_some()
}

#[test]
fn products_of_every_layout_and_odd_shape_are_those_of_plain_loops() {
    if skips() {
        return;
    }
    let mut rng = Numbers(7);
    for round in 0..60 {
        let shape = [(); 3].map(|()| 1 + rng.below(70));
        check_all(shape, round % 4 * 5, &[1]);
    }
    for shape in [
        [1, 1, 1],
        [32, 32, 32],
        [64, 64, 64],
        [33, 31, 65],
        [1, 70, 40],
        [70, 1, 40],
    ] {
        check_all(shape, 0, &[1]);
        check_all(shape, 32, &[1]);
    }
}

#[test]
fn large_products_have_the_same_bytes_for_any_number_of_threads() {
    if skips() {
        return;
    }
    for shape in [
        [160, 224, 96],
        [65, 129, 3000],
        [300, 40, 1056],
        [257, 256, 256],
        [96, 96, 2100],
    ] {
        check_all(shape, 0, &[1, 2, 3]);
        check_all(shape, 7, &[1, 2, 3]);
    }
}

#[test]
fn panels_packed_beside_the_products_of_others_are_right() {
    if skips() {
        return;
    }
    // one row of tasks, and two rounds along k
    let shape = [33, 770, 2090];
    check::<f32>(shape, [false, false], 7, Store::Add, &[1, 2]);
    check::<bf16>(shape, [false, true], 0, Store::Set, &[1, 2]);
    check::<f32>([770, 33, 2090], [true, false], 0, Store::Add, &[1, 2]);
}

#[test]
fn a_product_along_nothing_is_zero() {
    if skips() {
        return;
    }
    check_all([3, 40, 0], 3, &[1]);
}
