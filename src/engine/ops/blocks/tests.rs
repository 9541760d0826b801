//! Kernels beside the reference, and the reference beside sums in f64.

use super::*;
use crate::engine::ops::Team;
#[cfg(target_arch = "x86_64")]
use crate::engine::ops::gemm::Shared;

const KINDS: [&str; 12] = [
    "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "IQ4_NL", "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K",
    "IQ4_XS",
];

fn random(n: usize, seed: u64) -> impl Iterator<Item = u32> {
    let mut state = seed;
    (0..n).map(move |_| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as u32
    })
}

/// Any bytes, but for numbers in half precision, which are small.
fn matrix(kind: &Kind, o: usize, i: usize) -> Vec<u8> {
    let halves: &[usize] = match kind.name {
        "Q4_1" | "Q5_1" | "Q4_K" | "Q5_K" => &[0, 2],
        "Q2_K" => &[80, 82],
        "Q3_K" => &[108],
        "Q6_K" => &[208],
        _ => &[0],
    };
    let n = o * i / kind.block;
    let mut bytes: Vec<u8> = random(n * kind.block_bytes, 5).map(|x| x as u8).collect();
    let mut numbers = random(2 * n, 9);
    for block in bytes.chunks_exact_mut(kind.block_bytes) {
        for at in halves {
            let x = (numbers.next().unwrap() % 2000) as f32 * 1e-5 - 0.01;
            block[*at..at + 2].copy_from_slice(&half::f16::from_f32(x).to_le_bytes());
        }
    }
    bytes
}

fn activations(n: usize, i: usize) -> Vec<f32> {
    let numbers = random(n * i, 3);
    numbers.map(|x| (x % 4001) as f32 * 1e-3 - 2.0).collect()
}

/// `y[n,o]`, on two threads.
fn all(isa: Isa, y: &mut [f32], x: &[f32], w: &Matrix<'_>) {
    let mut products = Products::new(isa, true);
    let w = *w;
    products.multiply(&mut Team::new(2).unwrap(), x, &mut [Product { w, y }]);
}

#[test]
fn products_of_every_format_are_right_on_every_instruction_set() {
    for name in KINDS {
        let kind = Kind::named(name).unwrap();
        for (n, o, i) in [
            (1, 1, 256),
            (1, 39, 768),
            (2, 7, 512),
            (5, 18, 256),
            (1, 6, 32),
            (1, 21, 96),
            (4, 9, 288),
            (9, 5, 576),
            (7, 18, 2304),
            #[cfg(target_arch = "aarch64")] // elsewhere so many are for tiles, which round
            (12, 3, 768),
            #[cfg(target_arch = "aarch64")]
            (17, 1, 288),
            (7, 2, 224),
            (6, 40, 512),
        ] {
            if i % kind.block != 0 {
                continue;
            }
            let bytes = matrix(kind, o, i);
            let w = Matrix::new(kind, &bytes, i).unwrap();
            assert_eq!(w.o(), o);
            let x = activations(n, i);
            let mut eights = Eights::default();
            eights.set(Isa::detect(), &mut Team::new(1).unwrap(), &x, i);
            let mut weights = vec![0.0; o * i];
            kind.decode(&bytes, &mut weights).unwrap();
            #[cfg_attr(
                not(any(target_arch = "aarch64", target_arch = "x86_64")),
                allow(unused_mut)
            )]
            let mut found: Vec<_> = Isa::all()
                .into_iter()
                .map(|isa| {
                    let mut y = vec![f32::NAN; n * o];
                    all(isa, &mut y, &x, &w);
                    (isa.name(), y)
                })
                .collect();
            #[cfg(target_arch = "aarch64")]
            for extension in neon::Extension::all() {
                let (mut by_rows, mut y) = (vec![f32::NAN; n * o], vec![f32::NAN; n * o]);
                assert!(neon::matmul_by(*extension, &mut by_rows, &eights, &w));
                (0..n * o).for_each(|at| y[at] = by_rows[at % o * n + at / o]);
                found.push(("neon, not all of it", y));
            }
            #[cfg(target_arch = "x86_64")]
            {
                let mut room = panels::Room::default();
                room.set(&mut Team::new(1).unwrap(), &eights);
                let mut add = |name, panel: &mut dyn FnMut(Matrix<'_>, usize, Shared<'_, f32>)| {
                    let mut y = vec![f32::NAN; n * o];
                    for from in (0..o).step_by(panels::ROWS) {
                        let w = w.rows(from, panels::ROWS.min(o - from));
                        panel(w, from, Shared::new(&mut y));
                    }
                    found.push((name, y));
                };
                for isa in Isa::all() {
                    if panels::can(isa, &w) {
                        add("a panel", &mut |w, from, y| {
                            room.multiply(isa, &eights, y, o, from, &w);
                        });
                    }
                }
                if avx2::can_multiply(kind) {
                    let mut panel = panels::Panel {
                        by_fours: false,
                        ..panels::Panel::default()
                    };
                    add("avx2, a panel by twos", &mut |w, from, y| {
                        // SAFETY: columns of so many rows of `y`
                        unsafe {
                            let x = room.raised(&eights);
                            avx2::products_across(&mut panel, &x, &w, y.at(from), o);
                        }
                    });
                }
            }
            for (isa, y) in found {
                for (at, y) in y.iter().enumerate() {
                    let (row, out) = (eights.row(at / o), at % o);
                    let (mut sum, mut size) = (0.0, 0.0);
                    for (p, w) in weights[out * i..][..i].iter().enumerate() {
                        let x = f64::from(row.q[p]) * f64::from(row.d[p / PART]);
                        sum += f64::from(*w) * x;
                        size += (f64::from(*w) * x).abs();
                    }
                    // Formats with values below zero are computed with an offset, which cancels.
                    let bound = 2e-5 * size + 1e-6;
                    assert!(
                        (f64::from(*y) - sum).abs() <= bound,
                        "{name} {n}x{o}x{i} {isa}: {y} at {at}, not {sum}"
                    );
                }
            }
        }
    }
}

#[test]
fn what_is_no_matrix_of_blocks_is_refused() {
    let kind = |name| Kind::named(name).unwrap();
    let bytes = vec![0; 18 * 4];
    assert!(Matrix::new(kind("Q4_0"), &bytes, 64).is_ok());
    for (name, i) in [
        ("Q4_0", 96),
        ("Q4_0", 48),
        ("Q4_0", 0),
        ("Q4_K", 32),
        ("IQ1_S", 256),
    ] {
        assert!(Matrix::new(kind(name), &bytes, i).is_err(), "{name} {i}");
    }
}

#[test]
fn many_rows_are_right_on_every_instruction_set() {
    let plain = ["F32", "F16", "BF16"].map(|name| (name, false));
    for (name, in_blocks) in plain.into_iter().chain(KINDS.map(|name| (name, true))) {
        let kind = Kind::named(name).unwrap();
        for (n, o, i) in [(32, 32, 256), (45, 39, 512), (12, 70, 256), (64, 33, 288)] {
            if i % kind.block != 0 {
                continue;
            }
            let bytes = match in_blocks {
                true => matrix(kind, o, i),
                false => kind.encode(&activations(o, i), i, None).unwrap(),
            };
            let w = Matrix::new(kind, &bytes, i).unwrap();
            let x = activations(n, i);
            let mut weights = vec![0.0; o * i];
            kind.decode(&bytes, &mut weights).unwrap();
            for (isa, exact) in Isa::all()
                .into_iter()
                .flat_map(|isa| [(isa, true), (isa, false)])
            {
                let mut y = vec![f32::NAN; n * o];
                let mut products = Products::new(isa, exact);
                let product = Product { w, y: &mut y };
                products.multiply(&mut Team::new(2).unwrap(), &x, &mut [product]);
                for (at, y) in y.iter().enumerate() {
                    let (x, w) = (&x[at / o * i..][..i], &weights[at % o * i..][..i]);
                    let terms = x.iter().zip(w).map(|(x, w)| f64::from(*x) * f64::from(*w));
                    let (sum, size) = terms.fold((0.0, 0.0), |(s, a), t| (s + t, a + t * t));
                    // two numbers rounded to eight bits each err by 2^-8 of a term at most
                    let coarse = in_blocks || !exact;
                    let bound = if coarse { 0.03 } else { 1e-5 } * f64::sqrt(size) + 1e-6;
                    assert!(
                        (f64::from(*y) - sum).abs() <= bound,
                        "{name} {n}x{o}x{i} {} {exact}: {y} at {at}, not {sum}",
                        isa.name()
                    );
                }
            }
        }
    }
}

#[test]
fn every_weight_is_multiplied_in_f32_where_that_is_asked_for_by_one_row_as_by_many() {
    for name in ["F32", "F16", "BF16"].into_iter().chain(KINDS) {
        let kind = Kind::named(name).unwrap();
        for (o, i) in [(9, 256), (4, 512), (7, 288)] {
            if i % kind.block != 0 {
                continue;
            }
            let bytes = match kind.block > 1 {
                true => matrix(kind, o, i),
                false => kind.encode(&activations(o, i), i, None).unwrap(),
            };
            let w = Matrix::new(kind, &bytes, i).unwrap();
            let mut weights = vec![0.0; o * i];
            kind.decode(&bytes, &mut weights).unwrap();
            for isa in Isa::all() {
                let multiplied = |x: &[f32]| {
                    let mut y = vec![f32::NAN; x.len() / i * o];
                    let mut products = Products::new(isa, false).in_f32();
                    let product = Product { w, y: &mut y };
                    products.multiply(&mut Team::new(2).unwrap(), x, &mut [product]);
                    y
                };
                let n = 30;
                let x = activations(n, i);
                let y = multiplied(&x);
                for (at, y) in y.iter().enumerate() {
                    let (x, w) = (&x[at / o * i..][..i], &weights[at % o * i..][..i]);
                    let terms = x.iter().zip(w).map(|(x, w)| f64::from(*x) * f64::from(*w));
                    let (sum, size) = terms.fold((0.0, 0.0), |(s, a), t| (s + t, a + t * t));
                    let (off, bound) = ((f64::from(*y) - sum).abs(), 1e-5 * f64::sqrt(size) + 1e-6);
                    assert!(off <= bound, "{name} {o}x{i} {}: {off} at {at}", isa.name());
                }
                for row in [0, 1, 28, 29] {
                    let alone = multiplied(&x[row * i..(row + 1) * i]);
                    let what = format!("{name} {o}x{i} {} {row}", isa.name());
                    assert_eq!(alone, y[row * o..(row + 1) * o], "{what}");
                }
            }
        }
    }
}
