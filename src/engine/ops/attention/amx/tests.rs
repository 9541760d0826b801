//! Judged against plain loops in f64 over the same numbers.

use half::bf16;

use super::{Saved, backward, forward};
use crate::engine::ops::attention::Dims;
use crate::engine::ops::simd::Isa;

/// `[b, tq, tk, heads, key-value heads, width]`.
const SHAPES: &[[usize; 6]] = &[
    [1, 1, 1, 1, 1, 1],
    [2, 7, 7, 2, 1, 8],
    [1, 65, 65, 2, 2, 48],
    [3, 33, 33, 3, 1, 80],
    [2, 130, 130, 4, 2, 64],
    [1, 97, 97, 1, 1, 256],
    [1, 64, 64, 2, 2, 33],
    [9, 40, 40, 2, 1, 16],
    [1, 600, 600, 2, 1, 64],
    [1, 530, 530, 1, 1, 128],
    [2, 1, 65, 4, 2, 64],
    [1, 7, 130, 2, 1, 48],
    [1, 65, 300, 2, 2, 20],
    [1, 1, 512, 8, 1, 128],
];

/// Tiles, where this machine has them.
fn tiles() -> Option<Isa> {
    Isa::named("amx").ok()
}

/// Numbers in [-scale, scale], the same for the same seed.
fn numbers(n: usize, seed: u64, scale: f32) -> Vec<bf16> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bf16::from_f32((state >> 40) as f32 / (1_u64 << 23) as f32 * scale - scale)
    };
    (0..n).map(|_| next()).collect()
}

fn wide(x: &[bf16]) -> Vec<f64> {
    x.iter().map(|x| x.to_f64()).collect()
}

/// A forward and a backward pass in f64.
struct Plain {
    o: Vec<f64>,
    lse: Vec<f64>,
    /// Gradients of packed rows; empty without gradients of the output.
    dqkv: Vec<f64>,
}

fn plain(qkv: [&[bf16]; 3], d_o: Option<&[bf16]>, dims: &Dims, first: Option<&[u32]>) -> Plain {
    let &Dims {
        b,
        tq,
        tk,
        n_heads,
        head_dim: hd,
        q_stride,
        kv_stride,
        ..
    } = dims;
    let [q, k, v] = qkv.map(wide);
    let d_o = d_o.map(wide);
    let mut into = Plain {
        o: vec![0.0; b * tq * n_heads * hd],
        lse: vec![],
        dqkv: vec![],
    };
    into.dqkv = vec![0.0; d_o.as_ref().map_or(0, |_| b * tq * q_stride)];
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    for i in 0..b * n_heads * tq {
        let (batch, head, query) = (i / tq / n_heads, i / tq % n_heads, i % tq);
        let row = batch * tq + query;
        let q_at = row * q_stride + head * hd;
        let o_at = (row * n_heads + head) * hd;
        let place = |key: usize| (batch * tk + key) * kv_stride + head / dims.group() * hd;
        let keys = first.map_or(0, |first| first[row] as usize)..tk - tq + query + 1;
        let score = |key| dot(&q[q_at..][..hd], &k[place(key)..][..hd]) * dims.scale();
        let scores: Vec<f64> = keys.clone().map(score).collect();
        let top = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let lse = scores.iter().map(|s| (s - top).exp()).sum::<f64>().ln() + top;
        into.lse.push(lse);
        for (key, score) in keys.clone().zip(&scores) {
            let v = &v[place(key)..][..hd];
            for (o, v) in into.o[o_at..][..hd].iter_mut().zip(v) {
                *o += (score - lse).exp() * v;
            }
        }
        let Some(d_o) = &d_o else { continue };
        let d_o = &d_o[o_at..][..hd];
        let mean = dot(d_o, &into.o[o_at..][..hd]);
        for (key, score) in keys.zip(&scores) {
            let share = (score - lse).exp();
            let ds = share * (dot(d_o, &v[place(key)..][..hd]) - mean) * dims.scale();
            let k_at = place(key) + n_heads * hd;
            let v_at = k_at + dims.n_kv_heads * hd;
            for x in 0..hd {
                into.dqkv[q_at + x] += ds * k[place(key) + x];
                into.dqkv[k_at + x] += ds * q[q_at + x];
                into.dqkv[v_at + x] += share * d_o[x];
            }
        }
    }
    into
}

/// Both passes on tiles: output, lse, gradients of packed rows. Every buffer holds NaN before.
fn both(
    isa: Isa,
    qkv: &[bf16],
    d_o: &[bf16],
    dims: &Dims,
    first: Option<&[u32]>,
) -> (Vec<bf16>, Vec<f32>, Vec<bf16>) {
    let mut o = vec![bf16::NAN; d_o.len()];
    let mut lse = vec![f32::NAN; dims.b * dims.n_heads * dims.tq];
    forward(isa, &mut o, &mut lse, dims.split(qkv), dims, first);
    let mut dqkv = vec![bf16::NAN; qkv.len()];
    let saved = Saved {
        qkv,
        o: &o,
        lse: &lse,
    };
    backward(isa, &mut dqkv, d_o, saved, dims, first);
    (o, lse, dqkv)
}

/// Fails where numbers are further off than bf16 explains: 1.5 % of the largest at most, 0.2 % of
/// it on average.
fn check(what: &str, ours: &[bf16], exact: &[f64]) {
    assert_eq!(ours.len(), exact.len(), "{what}");
    let top = exact.iter().fold(0.0, |top: f64, x| top.max(x.abs()));
    let off: Vec<f64> = ours
        .iter()
        .zip(exact)
        .map(|(a, b)| (a.to_f64() - b).abs())
        .collect();
    let worst = off
        .iter()
        .fold(0.0, |worst, &x| if x <= worst { worst } else { x });
    let mean = off.iter().sum::<f64>() / off.len() as f64;
    assert!(worst <= 0.015 * top, "{what}: {worst} off, of {top}");
    assert!(
        mean <= 0.002 * top,
        "{what}: {mean} off on average, of {top}"
    );
}

fn check_lse(what: &str, ours: &[f32], exact: &[f64]) {
    for (&ours, exact) in ours.iter().zip(exact) {
        assert!(
            (f64::from(ours) - exact).abs() < 1e-4,
            "{what}: lse {ours}, not {exact}"
        );
    }
}

fn check_both(isa: Isa, dims: &Dims, first: Option<&[u32]>) {
    let qkv = numbers(dims.b * dims.tq * dims.q_stride, 1, 1.7);
    let d_o = numbers(dims.b * dims.tq * dims.n_heads * dims.head_dim, 2, 1.0);
    let (o, lse, dqkv) = both(isa, &qkv, &d_o, dims, first);
    let exact = plain(dims.split(&qkv), Some(&d_o), dims, first);
    let what = format!("{dims:?}");
    check(&format!("{what} o"), &o, &exact.o);
    check_lse(&what, &lse, &exact.lse);
    // queries, keys and values apart, for they differ in size
    let rows = |from: usize, to: usize| {
        let places = (0..dqkv.len()).filter(move |i| (from..to).contains(&(i % dims.q_stride)));
        let places: Vec<usize> = places.collect();
        (
            places.iter().map(|&i| dqkv[i]).collect::<Vec<_>>(),
            places.iter().map(|&i| exact.dqkv[i]).collect::<Vec<_>>(),
        )
    };
    let [keys, values] =
        [dims.n_heads, dims.n_heads + dims.n_kv_heads].map(|heads| heads * dims.head_dim);
    for (name, from, to) in [
        ("dq", 0, keys),
        ("dk", keys, values),
        ("dv", values, dims.q_stride),
    ] {
        let (ours, exact) = rows(from, to);
        if dims.tq > 1 || name == "dv" {
            check(&format!("{what} {name}"), &ours, &exact);
        } // of one key, gradients of scores are what rounding leaves of 0
    }
}

#[test]
fn both_passes_are_the_plain_ones_in_every_shape() {
    let Some(isa) = tiles() else { return };
    for &[b, tq, tk, n_heads, n_kv_heads, head_dim] in SHAPES {
        if tq == tk {
            check_both(
                isa,
                &Dims::packed(b, tq, n_heads, n_kv_heads, head_dim),
                None,
            );
        }
    }
}

#[test]
fn queries_at_the_end_of_longer_keys_see_all_before_them_and_nothing_beside() {
    let Some(isa) = tiles() else { return };
    for &[b, tq, tk, n_heads, n_kv_heads, head_dim] in SHAPES {
        let (q_stride, kv_stride) = (n_heads * head_dim + 5, n_kv_heads * head_dim + 3);
        let dims = Dims {
            b,
            tq,
            tk,
            n_heads,
            n_kv_heads,
            head_dim,
            q_stride,
            kv_stride,
        };
        // what stands between the rows is not a number
        let garbled = |rows: usize, stride: usize, used: usize, seed| {
            let mut x = numbers(rows * stride, seed, 1.7);
            x.chunks_mut(stride)
                .for_each(|row| row[used..].fill(bf16::NAN));
            x.truncate(rows * stride - (stride - used)); // nor does the buffer go on
            x
        };
        let q = garbled(b * tq, q_stride, n_heads * head_dim, 1);
        let k = garbled(b * tk, kv_stride, n_kv_heads * head_dim, 2);
        let v = garbled(b * tk, kv_stride, n_kv_heads * head_dim, 3);
        let mut o = vec![bf16::NAN; b * tq * n_heads * head_dim];
        let mut lse = vec![f32::NAN; b * n_heads * tq];
        forward(isa, &mut o, &mut lse, [&q, &k, &v], &dims, None);
        let exact = plain([&q, &k, &v], None, &dims, None);
        check(&format!("{dims:?}"), &o, &exact.o);
        check_lse(&format!("{dims:?}"), &lse, &exact.lse);
    }
}

#[test]
fn scores_that_rise_or_fall_with_the_keys_are_weighed_as_ever() {
    let Some(isa) = tiles() else { return };
    let dims = Dims::packed(1, 300, 1, 1, 64);
    for slope in [0.5, 0.02, -0.5] {
        let mut qkv = numbers(300 * dims.q_stride, 9, 1.0);
        for (key, row) in qkv.chunks_mut(dims.q_stride).enumerate() {
            row[..64].fill(bf16::ONE);
            row[64..128].fill(bf16::from_f32(slope * key as f32)); // scores are 8 times this
        }
        let mut o = vec![bf16::NAN; 300 * 64];
        let mut lse = vec![f32::NAN; 300];
        forward(isa, &mut o, &mut lse, dims.split(&qkv), &dims, None);
        let exact = plain(dims.split(&qkv), None, &dims, None);
        check(&format!("slope {slope}"), &o, &exact.o);
        check_lse(&format!("slope {slope}"), &lse, &exact.lse);
    }
}

/// First keys of documents of these lengths, over and over.
fn documents(b: usize, t: usize, lens: &[usize]) -> Vec<u32> {
    let mut first = Vec::new();
    for batch in 0..b {
        let mut lens = lens.iter().cycle().skip(batch);
        let mut row: Vec<u32> = Vec::new();
        while row.len() < t {
            let len = *lens.next().expect("a cycle");
            row.extend(vec![row.len() as u32; len.min(t - row.len())]);
        }
        first.extend(row);
    }
    first
}

#[test]
fn no_query_sees_into_the_document_before_its_own() {
    let Some(isa) = tiles() else { return };
    for (lens, [b, t, n_heads, n_kv_heads, head_dim]) in [
        (&[1][..], [1, 70, 2, 1, 32]),
        (&[1, 5, 40, 1, 1, 100], [2, 200, 2, 2, 64]),
        (&[32, 64, 33], [2, 130, 2, 1, 48]),
        (&[300, 7, 220], [1, 620, 2, 1, 64]),
        (&[90], [8, 180, 1, 1, 80]),
    ] {
        let first = documents(b, t, lens);
        let dims = Dims::packed(b, t, n_heads, n_kv_heads, head_dim);
        if lens.len() > 1 || lens[0] > 1 {
            check_both(isa, &dims, Some(&first));
            continue;
        }
        // documents of one token: the output is its value, and all gradient goes there
        let qkv = numbers(t * dims.q_stride, 1, 1.0);
        let d_o = numbers(t * n_heads * head_dim, 2, 1.0);
        let (o, _, dqkv) = both(isa, &qkv, &d_o, &dims, Some(&first));
        let exact = plain(dims.split(&qkv), Some(&d_o), &dims, Some(&first));
        check("o of one", &o, &exact.o);
        check("gradients of one", &dqkv, &exact.dqkv);
    }
}

#[test]
fn the_number_of_threads_changes_no_byte() {
    let Some(isa) = tiles() else { return };
    for [b, t, n_heads, n_kv_heads, head_dim] in [[1, 700, 2, 1, 64], [9, 100, 2, 2, 48]] {
        let dims = Dims::packed(b, t, n_heads, n_kv_heads, head_dim);
        let qkv = numbers(b * t * dims.q_stride, 5, 2.0);
        let d_o = numbers(b * t * n_heads * head_dim, 6, 1.0);
        let of = |n_threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(n_threads)
                .build();
            let first = documents(b, t, &[200, 150, 3]);
            let run = || both(isa, &qkv, &d_o, &dims, Some(&first));
            let (o, lse, dqkv) = pool.expect("threads").install(run);
            let bits = |x: Vec<bf16>| x.into_iter().map(bf16::to_bits).collect::<Vec<_>>();
            (
                bits(o),
                lse.into_iter().map(f32::to_bits).collect::<Vec<_>>(),
                bits(dqkv),
            )
        };
        let one = of(1);
        assert!(one == of(2) && one == of(3), "{dims:?}");
    }
}

#[test]
fn equal_and_huge_numbers_stay_numbers() {
    let Some(isa) = tiles() else { return };
    let dims = Dims::packed(1, 150, 2, 1, 64);
    let (n, n_out) = (150 * dims.q_stride, 150 * 2 * 64);
    for qkv in [
        vec![bf16::ZERO; n],
        vec![bf16::ONE; n],
        vec![bf16::from_f32(1e4); n],
        vec![bf16::from_f32(-1e4); n],
        numbers(n, 7, 1e4),
    ] {
        let d_o = numbers(n_out, 8, 1e4);
        let (o, lse, dqkv) = both(isa, &qkv, &d_o, &dims, None);
        let top = qkv
            .iter()
            .fold(0.0, |top: f32, x| top.max(x.to_f32().abs()));
        assert!(
            o.iter().all(|x| x.to_f32().abs() <= 1.01 * top),
            "an output is no mean of values"
        );
        assert!(lse.iter().all(|x| x.is_finite()));
        assert!(dqkv.iter().all(|x| x.is_finite()));
    }
}

#[test]
fn what_is_no_number_stays_in_its_head_and_sequence_and_is_not_hidden() {
    let Some(isa) = tiles() else { return };
    let dims = Dims::packed(2, 70, 2, 2, 48);
    let mut qkv = numbers(2 * 70 * dims.q_stride, 3, 1.0);
    for row in 0..70 {
        for head in [0, 2, 4] {
            qkv[row * dims.q_stride + head * 48..][..48].fill(bf16::NAN); // head 0 of sequence 0
        }
    }
    let d_o = numbers(2 * 70 * 2 * 48, 4, 1.0);
    let (o, lse, dqkv) = both(isa, &qkv, &d_o, &dims, None);
    for (i, x) in o.iter().enumerate() {
        assert_eq!(x.is_nan(), i / 48 % 2 == 0 && i < o.len() / 2, "output {i}");
    }
    for (i, x) in lse.iter().enumerate() {
        assert_eq!(x.is_nan(), i < 70, "lse {i}");
    }
    for (i, x) in dqkv.iter().enumerate() {
        let spoilt = i / 48 % 2 == 0 && i < dqkv.len() / 2;
        assert_eq!(x.is_nan(), spoilt, "gradient {i}");
    }
}
