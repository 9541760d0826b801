//! A curve of any length in flat memory: when it is full, neighbours merge.

/// Most points kept: more than a wide terminal has columns of dots.
const MAX_POINTS: usize = 1024;

/// Means over equal runs of steps, at most 1024 of them.
#[derive(Debug, Clone, PartialEq)]
pub struct History {
    points: Vec<Point>,
    /// Steps that make one point.
    stride: u64,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Point {
    first: u64,
    last: u64,
    sum: f64,
    n: u64,
}

impl Default for History {
    fn default() -> Self {
        History {
            points: Vec::new(),
            stride: 1,
        }
    }
}

impl History {
    /// Adds the value of a step; steps come in order, and what is not finite leaves a gap.
    pub fn push(&mut self, step: u64, value: f64) {
        if !value.is_finite() {
            return;
        }
        match self.points.last_mut() {
            Some(p) if p.n < self.stride => {
                *p = Point {
                    first: p.first,
                    last: step,
                    sum: p.sum + value,
                    n: p.n + 1,
                };
            }
            _ => {
                if self.points.len() == MAX_POINTS {
                    self.halve();
                }
                self.points.push(Point {
                    first: step,
                    last: step,
                    sum: value,
                    n: 1,
                });
            }
        }
    }

    fn halve(&mut self) {
        let merge = |pair: &[Point]| {
            let (a, b) = (pair[0], pair[pair.len() - 1]);
            let (sum, n) = pair.iter().fold((0.0, 0), |(s, n), p| (s + p.sum, n + p.n));
            Point {
                first: a.first,
                last: b.last,
                sum,
                n,
            }
        };
        self.points = self.points.chunks(2).map(merge).collect();
        self.stride *= 2;
    }

    /// Forgets the points that reach past `step`: a run went back to a checkpoint.
    pub fn rewind(&mut self, step: u64) {
        self.points.retain(|p| p.last <= step);
    }

    /// Step and value of every point, in order.
    pub fn points(&self) -> Vec<(f64, f64)> {
        // In floats: the file of events may come from anywhere, and two large steps overflow.
        let step = |p: &Point| (p.first as f64 + p.last as f64) / 2.0;
        let middle = |p: &Point| (step(p), p.sum / p.n as f64);
        self.points.iter().map(middle).collect()
    }

    /// Number of points kept.
    pub fn len(&self) -> usize {
        self.points.len()
    }

    /// True before the first value.
    pub fn is_empty(&self) -> bool {
        self.points.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_million_steps_keep_their_mean_and_their_order_in_flat_memory() {
        let mut history = History::default();
        for step in 1..=1_000_000 {
            history.push(step, step as f64);
            assert!(history.len() <= MAX_POINTS);
        }
        assert!(
            history.len() > MAX_POINTS / 4,
            "detail is kept: {}",
            history.len()
        );
        let points = history.points();
        assert!(points.windows(2).all(|w| w[0].0 < w[1].0));
        assert!(
            points.iter().all(|p| p.0 == p.1),
            "a straight line stays straight"
        );
        assert!(history.points.capacity() <= 2 * MAX_POINTS);
    }

    #[test]
    fn a_rewind_forgets_what_comes_after() {
        let mut history = History::default();
        (1..=10).for_each(|step| history.push(step, 1.0));
        history.push(11, f64::NAN);
        history.rewind(4);
        assert_eq!(history.points().last(), Some(&(4.0, 1.0)));
    }
}
