//! Angles of every position, and the shape of what is turned.

use crate::engine::ops::Real;

/// Cosines and sines of the angles, `[positions, hd/2]` each.
#[derive(Debug, Clone)]
pub struct Table<T> {
    /// Cosines.
    pub cos: Vec<T>,
    /// Sines.
    pub sin: Vec<T>,
    frequency: Vec<f64>,
}

impl<T: Real> Table<T> {
    /// Angles of positions 0..`n_positions`, computed in f64.
    pub fn new(theta: f64, head_dim: usize, n_positions: usize) -> Self {
        let power = |j: usize| theta.powf(-2.0 * j as f64 / head_dim as f64);
        let frequency = (0..head_dim / 2).map(power).collect();
        let mut table = Table {
            cos: Vec::new(),
            sin: Vec::new(),
            frequency,
        };
        table.reach(n_positions);
        table
    }

    /// Adds the angles of positions up to `n_positions`, where they are not there yet.
    pub fn reach(&mut self, n_positions: usize) {
        for position in self.cos.len() / self.frequency.len()..n_positions {
            for frequency in &self.frequency {
                let (sin, cos) = (position as f64 * frequency).sin_cos();
                self.cos.push(T::of(cos));
                self.sin.push(T::of(sin));
            }
        }
    }
}

/// Shape of what is turned.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Dims {
    /// Numbers of a row.
    pub stride: usize,
    /// Heads turned, from the start of the row.
    pub n_heads: usize,
    /// Width of a head; even.
    pub head_dim: usize,
    /// Rows of a sequence: positions start again after them.
    pub t: usize,
    /// Position of the first row of a sequence.
    pub start: usize,
}

/// Which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// By the angles.
    Forward,
    /// Back by them: the gradient.
    Back,
}
