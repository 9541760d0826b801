//! Logistic regression over hashed n-grams: choose, learn, throw out, keep what matters.

use std::cmp::Reverse;

use super::draw::{Draw, Rng};
use super::features::{Grain, Script, coarse, words};
use super::model::{BLOCK, WAYS, softmax};
use super::train::{Shelves, excerpt};
use crate::lang::Lang;

/// An n-gram seen less often than this in the excerpts of every language is not considered.
const LEAST_SEEN: u32 = 5;
/// Share of an excerpt's n-grams that is hidden at each visit, so that weight spreads over many
/// n-grams rather than resting on a few words of one kind of text.
const HIDDEN: f64 = 0.1;
/// The same for close languages, which have less text and more chance likenesses.
const FINE_HIDDEN: f64 = 0.5;
/// Step size of the first pass.
const RATE: f32 = 1.0;
/// A segment is in another language if its own has less than this probability.
const FOREIGN: f32 = 0.02;

/// From the hash of a feature to its row: open addressing over a power of two.
pub(super) struct Index {
    slots: Vec<(u64, u32)>,
    n: usize,
}

impl Index {
    fn new(hashes: &[u64]) -> Self {
        let mut slots = vec![(0, u32::MAX); (hashes.len() * 2).next_power_of_two()];
        let mask = slots.len() - 1;
        for (row, &hash) in hashes.iter().enumerate() {
            let mut at = (hash >> 20) as usize & mask;
            while slots[at].1 != u32::MAX {
                at = (at + 1) & mask;
            }
            slots[at] = (hash, row as u32);
        }
        Index {
            slots,
            n: hashes.len(),
        }
    }

    fn get(&self, hash: u64) -> Option<u32> {
        let mask = self.slots.len() - 1;
        let mut at = (hash >> 20) as usize & mask;
        loop {
            match self.slots[at] {
                (_, u32::MAX) => return None,
                (h, row) if h == hash => return Some(row),
                _ => at = (at + 1) & mask,
            }
        }
    }
}

/// The n-grams seen often enough in some language.
pub(super) fn candidates(
    shelves: &Shelves,
    kind: (Script, Grain),
    visits: usize,
    rng: Rng,
) -> Index {
    let mut kept: Vec<u64> = Vec::new();
    let mut hashes = Vec::new();
    for (label, shelf) in shelves.values().enumerate() {
        let mut rng = rng.child(label as u64);
        let draw = Draw::new(&shelf.sources, kind.1);
        let mut seen = Vec::new();
        for _ in 0..visits {
            let Some(text) = draw.next(&mut rng) else {
                break;
            };
            excerpt(text, kind, &mut rng, &mut hashes);
            seen.extend_from_slice(&hashes);
        }
        seen.sort_unstable();
        let often = seen
            .chunk_by(|a, b| a == b)
            .filter(|run| run.len() >= LEAST_SEEN as usize);
        kept.extend(often.map(|run| run[0]));
    }
    kept.sort_unstable();
    kept.dedup();
    Index::new(&kept)
}

/// Weights being learned.
pub(super) struct Lesson {
    index: Index,
    n_labels: usize,
    lanes: usize,
    /// [row, lane]
    weights: Vec<f32>,
    /// Sum of squared gradients of each row.
    heat: Vec<f32>,
    /// How often each row was seen.
    seen: Vec<u32>,
}

impl Lesson {
    pub(super) fn new(index: Index, n_labels: usize) -> Self {
        let lanes = n_labels.next_multiple_of(BLOCK);
        let n = index.n;
        Lesson {
            index,
            n_labels,
            lanes,
            weights: vec![0.0; n * lanes],
            heat: vec![1e-3; n],
            seen: vec![0; n],
        }
    }

    fn row(&self, row: u32) -> &[f32] {
        &self.weights[row as usize * self.lanes..][..self.lanes]
    }

    /// The weights of a row less their mean, which says nothing.
    fn centred(&self, row: u32) -> Vec<f32> {
        let own = &self.row(row)[..self.n_labels];
        let mean = own.iter().sum::<f32>() / own.len() as f32;
        own.iter().map(|w| w - mean).collect()
    }

    /// Every feature's hash and weights, the one seen most often first.
    pub(super) fn learned(&self) -> Vec<(u64, Vec<f32>)> {
        let used = self.index.slots.iter().filter(|(_, row)| *row != u32::MAX);
        let mut used: Vec<(u64, u32)> = used.copied().collect();
        used.sort_unstable_by_key(|&(hash, row)| (Reverse(self.seen[row as usize]), hash));
        let weights = |&(hash, row): &(u64, u32)| (hash, self.centred(row));
        used.iter().map(weights).collect()
    }

    /// Probability of each label for a text with these rows.
    fn probabilities(&self, rows: &[u32]) -> Vec<f32> {
        let mut logits = vec![0.0; self.lanes];
        for &row in rows {
            for (logit, weight) in logits.iter_mut().zip(self.row(row)) {
                *logit += weight;
            }
        }
        logits.truncate(self.n_labels);
        let factor = 1.0 / (rows.len().max(1) as f32).sqrt();
        logits.iter_mut().for_each(|l| *l *= factor);
        softmax(logits)
    }

    /// Moves the weights towards giving `label` for a text with these rows (AdaGrad by row).
    fn learn(&mut self, rows: &[u32], label: usize, rate: f32) {
        let mut error = self.probabilities(rows);
        error[label] -= 1.0;
        let factor = 1.0 / (rows.len().max(1) as f32).sqrt();
        error.iter_mut().for_each(|e| *e *= factor);
        let square: f32 = error.iter().map(|e| e * e).sum();
        for &row in rows {
            let row = row as usize;
            self.heat[row] += square;
            self.seen[row] += 1;
            let step = rate / self.heat[row].sqrt();
            let weights = &mut self.weights[row * self.lanes..][..self.lanes];
            for (weight, error) in weights.iter_mut().zip(&error) {
                *weight -= step * error;
            }
        }
    }

    /// Shows every label `visits` excerpts; `pace` scales the step size.
    pub(super) fn pass(
        &mut self,
        shelves: &Shelves,
        kind: (Script, Grain),
        visits: usize,
        pace: f32,
        mut rng: Rng,
    ) {
        let draws: Vec<Draw> = shelves
            .values()
            .map(|s| Draw::new(&s.sources, kind.1))
            .collect();
        let (mut hashes, mut rows) = (Vec::new(), Vec::new());
        let hidden = match kind.1 {
            Grain::Coarse => HIDDEN,
            Grain::Fine => FINE_HIDDEN,
        };
        for _ in 0..visits {
            for (label, draw) in draws.iter().enumerate() {
                let Some(text) = draw.next(&mut rng) else {
                    continue;
                };
                excerpt(text, kind, &mut rng, &mut hashes);
                rows.clear();
                let shown = hashes.iter().filter(|_| rng.unit() >= hidden);
                rows.extend(shown.filter_map(|&h| self.index.get(h)));
                self.learn(&rows, label, RATE * pace);
            }
        }
    }

    /// Takes away the segments that are surely not in the language they are labelled with.
    pub(super) fn clean(&self, shelves: &mut Shelves, script: Script) {
        let labels: Vec<String> = shelves.keys().cloned().collect();
        for (label, shelf) in shelves.values_mut().enumerate() {
            let own = Lang::find(&labels[label]);
            let is_own = |text: &String| {
                let mut hashes = Vec::new();
                words(text, |of, word| {
                    if of == script {
                        coarse(word, 0, &mut hashes);
                    }
                });
                let rows: Vec<u32> = hashes.iter().filter_map(|&h| self.index.get(h)).collect();
                let p = self.probabilities(&rows);
                let best = (0..p.len())
                    .max_by(|&a, &b| p[a].total_cmp(&p[b]))
                    .unwrap_or(label);
                p[label] >= FOREIGN || own.is_some_and(|own| own.close.contains(&labels[best]))
            };
            for sources in [&mut shelf.sources, &mut shelf.held_out] {
                sources
                    .values_mut()
                    .for_each(|source| source.retain(is_own));
                sources.retain(|_, source| !source.is_empty());
            }
        }
    }

    /// The rows that matter most, as many as fit a table of 2^`bits` buckets.
    pub(super) fn narrowed(&self, bits: u32) -> Lesson {
        let weight = |row: u32| {
            let norm: f32 = self.centred(row).iter().map(|w| w * w).sum();
            (norm * self.seen[row as usize] as f32).sqrt()
        };
        let entries = self.index.slots.iter().filter(|(_, row)| *row != u32::MAX);
        let mut ranked: Vec<(f32, u64, u32)> =
            entries.map(|&(h, row)| (weight(row), h, row)).collect();
        ranked.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let mut full = vec![0usize; 1 << bits];
        let fits = ranked.iter().filter(|(_, hash, _)| {
            let bucket = &mut full[(hash >> (64 - bits)) as usize];
            *bucket += 1;
            *bucket <= WAYS
        });
        let kept: Vec<(u64, u32)> = fits.map(|&(_, hash, row)| (hash, row)).collect();
        let hashes: Vec<u64> = kept.iter().map(|k| k.0).collect();
        let mut lesson = Lesson::new(Index::new(&hashes), self.n_labels);
        for (to, &(_, from)) in lesson.weights.chunks_exact_mut(self.lanes).zip(&kept) {
            to.copy_from_slice(self.row(from));
        }
        lesson.heat = kept
            .iter()
            .map(|&(_, row)| self.heat[row as usize])
            .collect();
        lesson
    }
}
