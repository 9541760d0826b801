//! Bytes beside those of ggml itself (`tests/parity/encode_gguf.py`).

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Format, Iq4Nl, Iq4Xs, Q2K, Q3K, Q4_0, Q4_1, Q4K, Q5_0, Q5_1, Q5K, Q6K, Q8_0};
use crate::disk;
use crate::engine::gguf::Kind;
use crate::engine::ops::{Work, with_each};

const ROWS: usize = 4;
const WIDTH: usize = 768;

#[derive(Deserialize)]
struct Golden {
    weights: BTreeMap<String, String>,
    importance: String,
    formats: BTreeMap<String, BTreeMap<String, Hashes>>,
}

#[derive(Deserialize)]
struct Hashes {
    plain: String,
    weighed: String,
}

/// As `noise` of the script.
fn noise(seed: u64, n: usize) -> Vec<f32> {
    let number = |step: u64| {
        let mut z = seed.wrapping_add(step.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    };
    (1..=n as u64).map(number).collect()
}

/// As `weights` of the script.
fn weights() -> BTreeMap<&'static str, Vec<f32>> {
    let noise = noise(20_261_122, 4 * ROWS * WIDTH);
    let of_four = |[a, b, c, d]: &[f32; 4]| (a + b + c + d) * 0.02;
    let normal: Vec<f32> = noise.as_chunks().0.iter().map(of_four).collect();
    let each = |f: fn(usize, f32) -> f32| -> Vec<f32> {
        normal.iter().enumerate().map(|(i, x)| f(i, *x)).collect()
    };
    BTreeMap::from([
        ("normal", normal.clone()),
        ("heavy tails", each(|_, x| x * x * x * 300.0)),
        ("zeros", each(|_, _| 0.0)),
        ("zeros of either sign", each(|_, x| x * 0.0)),
        ("sparse", each(|_, x| if x > 0.06 { x } else { x * 0.0 })),
        ("small", each(|_, x| x * 2f32.powi(-20))),
        ("tiny", each(|_, x| x * 2f32.powi(-60))),
        (
            "outliers",
            each(|i, x| if i % 700 == 3 { x * 1000.0 } else { x }),
        ),
        ("constant", each(|_, _| 0.3)),
        ("negative constant", each(|_, _| -0.3)),
        ("negative", each(|_, x| -x.abs())),
        ("positive", each(|_, x| x.abs() + 0.1)),
        ("coarse", each(|_, x| (x * 32.0).floor() / 32.0)),
        (
            "of many sizes",
            each(|i, x| x * 2f32.powi((i / 16 % 40) as i32 - 30)),
        ),
    ])
}

/// As `importance` of the script.
fn importance() -> Vec<f32> {
    let of = |(i, x): (usize, &f32)| match i % 97 == 5 || i / 64 == 3 {
        true => 0.0,
        false => x * x * x * x * 10.0,
    };
    noise(5, WIDTH).iter().enumerate().map(of).collect()
}

fn sha256(x: &[f32]) -> String {
    let bytes: Vec<u8> = x.iter().flat_map(|x| x.to_le_bytes()).collect();
    disk::sha256_bytes(&bytes)
}

#[test]
fn bytes_are_those_of_ggml() {
    let golden = include_str!("../../../../../tests/golden/encode_gguf.json");
    let golden: Golden = serde_json::from_str(golden).unwrap();
    let (weights, importance) = (weights(), importance());
    assert_eq!(sha256(&importance), golden.importance);
    assert_eq!((golden.formats.len(), golden.weights.len()), (12, 14));
    let mut wrong = Vec::new();
    for (what, x) in &weights {
        assert_eq!(sha256(x), golden.weights[*what], "{what} are other weights");
        for (name, hashes) in &golden.formats {
            let kind = Kind::named(name).unwrap();
            let said = &hashes[*what];
            for (importance, said) in [(None, &said.plain), (Some(&importance), &said.weighed)] {
                let bytes = kind.encode(x, WIDTH, importance.map(|i| &i[..])).unwrap();
                if disk::sha256_bytes(&bytes) != *said {
                    wrong.push(format!("{name}, {what}, {}", importance.is_some()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn columns_of_no_importance_give_way_to_those_of_some() {
    let x = &weights()["normal"];
    let importance: Vec<f32> = (0..WIDTH).map(|i| (i % 2) as f32).collect();
    for name in [
        "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K", "IQ4_XS",
    ] {
        let kind = Kind::named(name).unwrap();
        let error = |importance: Option<&[f32]>| {
            let bytes = kind.encode(x, WIDTH, importance).unwrap();
            let mut back = vec![0.0; x.len()];
            kind.decode(&bytes, &mut back).unwrap();
            let odd = x.iter().zip(&back).skip(1).step_by(2);
            odd.map(|(a, b)| f64::from((a - b) * (a - b))).sum::<f64>()
        };
        let (plain, weighed) = (error(None), error(Some(&importance)));
        assert!(weighed < 0.98 * plain, "{name}: {weighed}, {plain}");
    }
}

/// Rows in one format, whole.
struct Whole<'a, F>(&'a [f32], Option<&'a [f32]>, std::marker::PhantomData<F>);

impl<F: Format> Work for Whole<'_, F> {
    type Done = Vec<u8>;

    #[inline(always)]
    fn run(self) -> Vec<u8> {
        let mut out = vec![0; self.0.len() / F::WEIGHTS * F::BYTES];
        for (x, out) in self
            .0
            .chunks(WIDTH)
            .zip(out.chunks_mut(WIDTH / F::WEIGHTS * F::BYTES))
        {
            F::row(x, self.1, out);
        }
        out
    }
}

fn same_with_each<F: Format>(x: &[f32], importance: Option<&[f32]>) {
    let made = with_each(|| Whole::<F>(x, importance, std::marker::PhantomData));
    for (isa, bytes) in &made[1..] {
        assert!(
            *bytes == made[0].1,
            "{isa} makes other bytes than {}",
            made[0].0
        );
    }
}

#[test]
fn every_instruction_set_makes_the_same_bytes() {
    let (weights, importance) = (weights(), importance());
    for what in ["normal", "coarse", "of many sizes"] {
        let x = &weights[what];
        for importance in [None, Some(&importance[..])] {
            same_with_each::<Q4_0>(x, importance);
            same_with_each::<Q4_1>(x, importance);
            same_with_each::<Q5_0>(x, importance);
            same_with_each::<Q5_1>(x, importance);
            same_with_each::<Q8_0>(x, importance);
            same_with_each::<Q2K>(x, importance);
            same_with_each::<Q3K>(x, importance);
            same_with_each::<Q4K>(x, importance);
            same_with_each::<Q5K>(x, importance);
            same_with_each::<Q6K>(x, importance);
            same_with_each::<Iq4Nl>(x, importance);
            same_with_each::<Iq4Xs>(x, importance);
        }
    }
}
