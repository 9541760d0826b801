//! Norms, rotary positions and gates, row by row.

use super::super::simd::{Isa, LANES, dot, exp, simd};

simd! {
    /// `y[n,d]` = x · w / √(mean(x²) + eps), each row of d by itself (Zhang and Sennrich 2019).
    pub(in crate::engine) fn rms_norm<FMA>(y: &mut [f32], x: &[f32], w: &[f32], eps: f32) {
        let d = w.len();
        for (y, x) in y.chunks_exact_mut(d).zip(x.chunks_exact(d)) {
            let r = 1.0 / (dot::<FMA>(x, x) / d as f32 + eps).sqrt();
            for ((y, x), w) in y.iter_mut().zip(x).zip(w) {
                *y = x * r * w;
            }
        }
    }
}

simd! {
    /// x += delta
    pub(in crate::engine) fn add<FMA>(x: &mut [f32], delta: &[f32]) {
        for (x, delta) in x.iter_mut().zip(delta) {
            *x += delta;
        }
    }
}

simd! {
    /// x *= by
    pub(in crate::engine) fn scale<FMA>(x: &mut [f32], by: f32) {
        x.iter_mut().for_each(|x| *x *= by);
    }
}

/// What stands between the first matrices of a feed-forward block and its last.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::engine) enum Gate {
    /// silu(gate) · up (Shazeer 2020)
    Silu,
    /// gelu(gate) · up, with the tanh of Hendrycks and Gimpel 2016
    Gelu,
    /// xIELU of up alone (Huang et al. 2024): αp·x² + β·x above zero, below
    /// αn·(e^min(x, ε) − 1 − x) + β·x
    Xielu {
        /// αn
        negative: f32,
        /// αp
        positive: f32,
        /// β
        beta: f32,
        /// ε, at most zero
        eps: f32,
    },
}

/// up = what `by` makes of gate and up; gate is empty where there is none.
pub(in crate::engine) fn gate(isa: Isa, by: Gate, gate: &[f32], up: &mut [f32]) {
    match by {
        Gate::Silu => silu(isa, gate, up),
        Gate::Gelu => gelu(isa, gate, up),
        Gate::Xielu {
            negative,
            positive,
            beta,
            eps,
        } => xielu(isa, [negative, positive, beta, eps], up),
    }
}

simd! {
    fn silu<FMA>(gate: &[f32], up: &mut [f32]) {
        let (gates, rest) = gate.as_chunks::<LANES>();
        let (ups, up_rest) = up.as_chunks_mut::<LANES>();
        for (g, u) in gates.iter().zip(ups) {
            for lane in 0..LANES {
                u[lane] *= g[lane] / (1.0 + exp::<FMA>(-g[lane]));
            }
        }
        for (g, u) in rest.iter().zip(up_rest) {
            *u *= g / (1.0 + exp::<FMA>(-g));
        }
    }
}

simd! {
    fn gelu<FMA>(gate: &[f32], up: &mut [f32]) {
        // (1 + tanh(z)) / 2 is 1 / (1 + e^-2z)
        const TWICE: f32 = 1.595_769; // 2·√(2/π)
        let of = |g: f32| g / (1.0 + exp::<FMA>(-TWICE * g * (1.0 + 0.044_715 * g * g)));
        let (gates, rest) = gate.as_chunks::<LANES>();
        let (ups, up_rest) = up.as_chunks_mut::<LANES>();
        for (g, u) in gates.iter().zip(ups) {
            for lane in 0..LANES {
                u[lane] *= of(g[lane]);
            }
        }
        for (g, u) in rest.iter().zip(up_rest) {
            *u *= of(*g);
        }
    }
}

simd! {
    fn xielu<FMA>(numbers: [f32; 4], up: &mut [f32]) {
        let [negative, positive, beta, eps] = numbers;
        for x in up.iter_mut() {
            let above = positive * *x * *x + beta * *x;
            let below = negative * (x.min(eps).exp_m1() - *x) + beta * *x;
            *x = if *x > 0.0 { above } else { below };
        }
    }
}

/// Which numbers of a head are turned together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::engine) enum Pairs {
    /// 2j and 2j + 1, as GGUF files of architecture `llama` have them.
    Neighbours,
    /// j and j + hd/2, as Hugging Face has them.
    Halves,
}

/// Cosines and sines of rotary positions (Su et al. 2021).
#[derive(Debug, Clone)]
pub(in crate::engine) struct Angles {
    /// Angle of one position, for each pair.
    steps: Vec<f64>,
    /// Cosine and sine, `[pos, hd/2]`, for as many positions as were asked for.
    table: Vec<[f32; 2]>,
}

impl Angles {
    /// Angles of base θ for heads of width `head_dim`; pair j is slowed down by `factors[j]`.
    pub(in crate::engine) fn new(theta: f64, head_dim: usize, factors: &[f32]) -> Self {
        let step = |j: usize| {
            let factor = factors.get(j).map_or(1.0, |f| f64::from(*f));
            theta.powf(-2.0 * j as f64 / head_dim as f64) / factor
        };
        Angles {
            steps: (0..head_dim / 2).map(step).collect(),
            table: Vec::new(),
        }
    }

    /// Makes the table reach so many positions.
    pub(in crate::engine) fn reach(&mut self, n: usize) {
        let known = self.table.len() / self.steps.len().max(1);
        for pos in known..n {
            let turns = self.steps.iter().map(|step| pos as f64 * step);
            self.table
                .extend(turns.map(|a| [a.cos() as f32, a.sin() as f32]));
        }
    }

    /// Cosine and sine of each pair at a position that was reached.
    fn at(&self, pos: usize) -> &[[f32; 2]] {
        &self.table[pos * self.steps.len()..][..self.steps.len()]
    }
}

/// Turns every head of a row by the angles of position `pos`.
pub(in crate::engine) fn turn(row: &mut [f32], pairs: Pairs, angles: &Angles, pos: usize) {
    let angles = angles.at(pos);
    for head in row.chunks_exact_mut(2 * angles.len()) {
        match pairs {
            Pairs::Neighbours => {
                for (pair, [cos, sin]) in head.as_chunks_mut::<2>().0.iter_mut().zip(angles) {
                    let [a, b] = *pair;
                    *pair = [a * cos - b * sin, a * sin + b * cos];
                }
            }
            Pairs::Halves => {
                let (first, last) = head.split_at_mut(angles.len());
                for ((a, b), [cos, sin]) in first.iter_mut().zip(last).zip(angles) {
                    (*a, *b) = (*a * cos - *b * sin, *a * sin + *b * cos);
                }
            }
        }
    }
}
