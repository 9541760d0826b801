//! Which documents of a bucket are compared.
//!
//! A bucket holds the documents that share a band. Up to [`ALL_PAIRS`] of them are compared each
//! with each. In a larger one, which a template makes, that would cost the square of its size;
//! there every document is compared with the [`LEADERS`] longest and with the [`NEIGHBOURS`] that
//! follow it in length, equal texts side by side. What is joined was compared in full either way,
//! so precision does not change. Recall does only where two similar documents of a bucket that
//! large are neither joined by a chain of others nor share a smaller bucket: copies of one text
//! are all found, for they are similar to the leader, or follow one another. The order is that of
//! the texts, never of the files.

use std::collections::VecDeque;

/// Largest bucket that is compared each with each.
const ALL_PAIRS: usize = 64;
/// The first of a larger bucket, which all others are compared with.
const LEADERS: usize = 16;
/// How many that follow it a document is compared with.
const NEIGHBOURS: usize = 16;

/// The documents of one bucket, in order; never more than a few at a time.
pub(super) struct Bucket {
    /// The first ones; of a large bucket the leaders.
    first: Vec<u32>,
    /// Of a large bucket the last ones.
    last: VecDeque<u32>,
}

impl Bucket {
    pub(super) fn new() -> Self {
        Bucket {
            first: Vec::with_capacity(ALL_PAIRS + 1),
            last: VecDeque::with_capacity(NEIGHBOURS + 1),
        }
    }

    /// Takes the next document and gives `pair` the pairs that are to be compared for certain.
    pub(super) fn push<E>(
        &mut self,
        next: u32,
        pair: &mut impl FnMut(u32, u32) -> Result<(), E>,
    ) -> Result<(), E> {
        if !self.last.is_empty() {
            for before in self.first.iter().chain(&self.last) {
                pair(*before, next)?;
            }
            self.last.push_back(next);
            self.last.pop_front();
            return Ok(());
        }
        self.first.push(next);
        if self.first.len() > ALL_PAIRS {
            for (j, b) in self.first.iter().enumerate() {
                for (i, a) in self.first.iter().enumerate().take(j) {
                    if i < LEADERS || j - i <= NEIGHBOURS {
                        pair(*a, *b)?;
                    }
                }
            }
            let last = self.first.len().saturating_sub(NEIGHBOURS);
            self.last.extend(self.first.drain(last..));
            self.first.truncate(LEADERS);
        }
        Ok(())
    }

    /// Ends the bucket: gives the pairs that were held back.
    pub(super) fn end<E>(
        &mut self,
        pair: &mut impl FnMut(u32, u32) -> Result<(), E>,
    ) -> Result<(), E> {
        if self.last.is_empty() {
            for (j, b) in self.first.iter().enumerate() {
                for a in self.first.iter().take(j) {
                    pair(*a, *b)?;
                }
            }
        }
        self.first.clear();
        self.last.clear();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn pairs(n: u32) -> BTreeSet<(u32, u32)> {
        let mut found = BTreeSet::new();
        let mut bucket = Bucket::new();
        let mut pair = |a, b| {
            assert!(found.insert((a, b)), "{a} {b} twice");
            Ok::<(), ()>(())
        };
        (0..n).for_each(|i| bucket.push(i, &mut pair).unwrap());
        bucket.end(&mut pair).unwrap();
        found
    }

    #[test]
    fn small_buckets_are_compared_each_with_each_and_large_ones_by_the_rule() {
        for n in [0, 1, 2, 63, 64, 65, 66, 80, 81, 82, 300] {
            let is_large = n as usize > ALL_PAIRS;
            let expected = |a: u32, b: u32| {
                !is_large || (a as usize) < LEADERS || (b - a) as usize <= NEIGHBOURS
            };
            let all = (0..n).flat_map(|b| (0..b).map(move |a| (a, b)));
            let expected: BTreeSet<_> = all.filter(|(a, b)| expected(*a, *b)).collect();
            assert_eq!(pairs(n), expected, "{n}");
        }
        assert!(pairs(10_000).len() <= 32 * 10_000);
    }
}
