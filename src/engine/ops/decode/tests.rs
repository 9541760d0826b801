//! Operations beside plain loops in f64.

use super::*;
use crate::engine::ops::{Isa, Team};

fn numbers(n: usize, seed: f32) -> Vec<f32> {
    (0..n).map(|i| (i as f32 * 0.731 + seed).sin()).collect()
}

/// Attention over everything seen, in f64.
fn plainly(q: &[f32], k: &[f32], v: &[f32], pos: &[usize], heads: Heads) -> Vec<f64> {
    let Heads {
        n_heads,
        n_kv_heads,
        head_dim: hd,
        scale,
        window,
    } = heads;
    let mut o = vec![0.0; q.len()];
    for (row, pos) in pos.iter().enumerate() {
        for head in 0..n_heads {
            let kv = head / (n_heads / n_kv_heads);
            let q = &q[(row * n_heads + head) * hd..][..hd];
            let from = window.map_or(0, |w| (pos + 1).saturating_sub(w));
            let dot = |p: usize| -> f64 {
                let k = &k[(p * n_kv_heads + kv) * hd..][..hd];
                q.iter()
                    .zip(k)
                    .map(|(a, b)| f64::from(*a) * f64::from(*b))
                    .sum()
            };
            let scores: Vec<f64> = (from..=*pos).map(|p| dot(p) * f64::from(scale)).collect();
            let top = scores.iter().copied().fold(f64::MIN, f64::max);
            let total: f64 = scores.iter().map(|s| (s - top).exp()).sum();
            for (p, score) in (from..).zip(&scores) {
                let weight = (score - top).exp() / total;
                let v = &v[(p * n_kv_heads + kv) * hd..][..hd];
                for (o, v) in o[(row * n_heads + head) * hd..].iter_mut().zip(v) {
                    *o += weight * f64::from(*v);
                }
            }
        }
    }
    o
}

#[test]
fn attention_over_pages_is_attention() {
    for (n_heads, n_kv_heads, head_dim) in [(9, 3, 64), (4, 1, 32), (2, 2, 24)] {
        for (kept, bound) in [(Kept::F16, 2e-3), (Kept::Q8, 3e-2)] {
            for window in [None, Some(40), Some(5)] {
                let heads = Heads {
                    n_heads,
                    n_kv_heads,
                    head_dim,
                    scale: 0.3,
                    window,
                };
                let mut pages = Pages::new(kept, 2, n_kv_heads, head_dim);
                let kv = n_kv_heads * head_dim;
                // two texts whose pages lie in each other's way
                let texts = [(77, 41), (33, 1)]; // positions, and rows asked at their end
                let mut own: [Vec<usize>; 2] = Default::default();
                let mut kept_of = Vec::new();
                for (text, (len, _)) in texts.iter().enumerate() {
                    let k = numbers(len * kv, 1.0 + text as f32);
                    let v = numbers(len * kv, 5.0 + text as f32);
                    kept_of.push((k, v));
                }
                for pos in 0..77 {
                    for (text, (len, _)) in texts.iter().enumerate() {
                        if pos >= *len {
                            continue;
                        }
                        if pos % PAGE == 0 {
                            own[text].push(pages.take());
                        }
                        let at = [own[text][pos / PAGE], pos % PAGE];
                        let (k, v) = &kept_of[text];
                        pages.put(1, at, &k[pos * kv..][..kv], &v[pos * kv..][..kv]);
                    }
                }
                let n: usize = texts.iter().map(|(_, n)| n).sum();
                let mut q = numbers(n * n_heads * head_dim, 9.0);
                let spans = [
                    Span {
                        row: 0,
                        n: 41,
                        pos: 36,
                        pages: &own[0],
                    },
                    Span {
                        row: 41,
                        n: 1,
                        pos: 32,
                        pages: &own[1],
                    },
                ];
                for isa in Isa::all() {
                    let mut o = vec![f32::NAN; q.len()];
                    let mut team = Team::new(2).unwrap();
                    attend(isa, &mut team, [&mut o, &mut q], &spans, (&pages, 1), heads);
                    for span in &spans {
                        let (k, v) = &kept_of[usize::from(span.row > 0)];
                        let width = n_heads * head_dim;
                        let rows = span.row * width..(span.row + span.n) * width;
                        let at: Vec<usize> = (span.pos..span.pos + span.n).collect();
                        let exact = plainly(&q[rows.clone()], k, v, &at, heads);
                        for (o, exact) in o[rows].iter().zip(&exact) {
                            let off = (f64::from(*o) - exact).abs();
                            assert!(off < bound, "{heads:?} {kept:?} {}: {off}", isa.name());
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn pages_given_back_are_taken_again_and_copies_are_alike() {
    let mut pages = Pages::new(Kept::Q8, 1, 1, 32);
    let (a, b) = (pages.take(), pages.take());
    pages.put(0, [a, 3], &numbers(32, 0.0), &numbers(32, 1.0));
    pages.copy(a, b);
    let read = |page| {
        let (mut k, mut v) = (vec![0.0; 32 * PAGE], vec![0.0; 32 * PAGE]);
        pages.read(Isa::scalar(), page, 0, 0, &mut k, &mut v);
        (k, v)
    };
    assert_eq!(read(a), read(b));
    pages.give(a);
    assert_eq!(pages.take(), a);
    assert_ne!(pages.take(), a);
}

#[test]
fn gates_norms_and_turns_are_what_they_say() {
    for isa in Isa::all() {
        let (g, u) = (numbers(37, 0.0), numbers(37, 2.0));
        let of = |by: Gate| {
            let mut up = u.clone();
            gate(
                isa,
                by,
                &g.iter().map(|g| 4.0 * g).collect::<Vec<_>>(),
                &mut up,
            );
            up
        };
        let xielu = Gate::Xielu {
            negative: 0.7,
            positive: 0.9,
            beta: 0.5,
            eps: -1e-6,
        };
        for (i, (g, u)) in g.iter().zip(&u).enumerate() {
            let (g, u) = (f64::from(4.0 * g), f64::from(*u));
            let silu = g / (1.0 + (-g).exp()) * u;
            let inner = (2.0 / std::f64::consts::PI).sqrt() * (g + 0.044_715 * g * g * g);
            let gelu = 0.5 * g * (1.0 + inner.tanh()) * u;
            let x = match u > 0.0 {
                true => 0.9 * u * u + 0.5 * u,
                false => 0.7 * (u.exp() - 1.0 - u) + 0.5 * u,
            };
            for (by, exact) in [(Gate::Silu, silu), (Gate::Gelu, gelu), (xielu, x)] {
                let off = (f64::from(of(by)[i]) - exact).abs();
                assert!(off < 1e-5, "{by:?} {g} {u}: {off}");
            }
        }
        let (x, w) = (numbers(2 * 20, 3.0), numbers(20, 4.0));
        let mut y = vec![0.0; 40];
        rms_norm(isa, &mut y, &x, &w, 1e-5);
        for (i, y) in y.iter().enumerate() {
            let row = &x[i / 20 * 20..][..20];
            let mean = row.iter().map(|x| f64::from(x * x)).sum::<f64>() / 20.0;
            let exact = f64::from(x[i]) * f64::from(w[i % 20]) / (mean + 1e-5).sqrt();
            assert!((f64::from(*y) - exact).abs() < 1e-5);
        }
    }
    let mut angles = Angles::new(100.0, 4, &[1.0, 2.0]);
    angles.reach(8);
    let (a, b) = (7.0f64, 7.0 * 0.1 / 2.0); // of the two pairs, at position 7
    for (pairs, places) in [
        (Pairs::Neighbours, [0, 1, 2, 3]),
        (Pairs::Halves, [0, 2, 1, 3]),
    ] {
        let mut row = [1.0, 2.0, 3.0, 4.0];
        let before = row;
        turn(&mut row, pairs, &angles, 7);
        for (pair, angle) in [a, b].into_iter().enumerate() {
            let [i, j] = [places[2 * pair], places[2 * pair + 1]];
            let (x, y) = (f64::from(before[i]), f64::from(before[j]));
            let exact = [
                x * angle.cos() - y * angle.sin(),
                x * angle.sin() + y * angle.cos(),
            ];
            assert!((f64::from(row[i]) - exact[0]).abs() < 1e-5);
            assert!((f64::from(row[j]) - exact[1]).abs() < 1e-5);
        }
    }
}
