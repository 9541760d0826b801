//! Sorting more rows than memory holds: sorted runs on disk, merged as they are read.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::row::Field;
use super::tape::{Tape, TapeReader};
use crate::data::error::Result;

/// Most runs merged at once.
const MAX_RUNS: usize = 256;
/// Bytes that each run is read by at least, where memory allows.
const READ_BYTES: usize = 1 << 16;
/// Rows there is room for at the start.
const FIRST_ROWS: usize = 64;

/// Takes rows in any order.
pub(super) struct Sorter<T> {
    work: PathBuf,
    max_bytes: usize,
    rows: Vec<T>,
    /// What the rows hold beside their own size.
    heap_bytes: usize,
    tape: Tape<T>,
    runs: Vec<(u64, u64)>,
    is_alone: bool,
}

impl<T: Field> Sorter<T> {
    /// A sorter that holds at most `max_bytes` of rows in memory, and the rest in the folder
    /// `work`.
    pub(super) fn new(work: &Path, max_bytes: usize) -> Result<Self> {
        Ok(Sorter {
            work: work.into(),
            max_bytes,
            rows: Vec::with_capacity(FIRST_ROWS),
            heap_bytes: 0,
            tape: Tape::new(work)?,
            runs: Vec::new(),
            is_alone: false,
        })
    }

    /// Sorts without the help of other threads: for a table behind a lock, which a thread that
    /// waits for help could be given work for that takes the lock again.
    pub(super) fn alone(self) -> Self {
        Sorter {
            is_alone: true,
            ..self
        }
    }

    /// Takes a row.
    pub(super) fn push(&mut self, row: T) -> Result<()> {
        let bytes = |n_rows: usize| n_rows.saturating_mul(size_of::<T>());
        let must_grow = self.rows.len() == self.rows.capacity();
        let grown = match must_grow {
            true => bytes(2 * self.rows.capacity()) + bytes(self.rows.capacity()), // while it moves
            false => bytes(self.rows.capacity()),
        };
        if !self.rows.is_empty() && grown + self.heap_bytes + row.heap_bytes() > self.max_bytes {
            self.spill()?;
        }
        self.heap_bytes += row.heap_bytes();
        self.rows.push(row);
        Ok(())
    }

    /// Writes the rows in memory as one run.
    fn spill(&mut self) -> Result<()> {
        match self.is_alone {
            true => self.rows.sort_unstable(),
            false => self.rows.par_sort_unstable(),
        }
        let start = self.tape.end();
        for row in self.rows.drain(..) {
            self.tape.push(&row)?;
        }
        self.heap_bytes = 0;
        self.tape.flush()?;
        self.runs.push((start, self.tape.end()));
        Ok(())
    }

    /// Ends the taking.
    pub(super) fn sorted(mut self) -> Result<Sorted<T>> {
        if !self.rows.is_empty() {
            self.spill()?;
        }
        let Sorter {
            work,
            max_bytes,
            tape,
            runs,
            ..
        } = self;
        let n_at_once = (max_bytes / READ_BYTES).clamp(2, MAX_RUNS);
        let mut sorted = Sorted {
            tape,
            runs,
            read_bytes: (max_bytes / n_at_once).min(READ_BYTES),
        };
        while sorted.runs.len() > n_at_once {
            sorted = sorted.merged(&work, n_at_once)?;
        }
        Ok(sorted)
    }
}

/// Sorted rows, read as often as needed.
pub(super) struct Sorted<T> {
    tape: Tape<T>,
    runs: Vec<(u64, u64)>,
    read_bytes: usize,
}

impl<T: Field> Sorted<T> {
    /// Merges `n_at_once` runs each to one.
    fn merged(self, work: &Path, n_at_once: usize) -> Result<Self> {
        let mut tape = Tape::new(work)?;
        let mut runs = Vec::new();
        for group in self.runs.chunks(n_at_once.max(2)) {
            let start = tape.end();
            let mut rows = self.merge(group)?;
            while let Some(row) = rows.next()? {
                tape.push(&row)?;
            }
            runs.push((start, tape.end()));
        }
        tape.flush()?;
        Ok(Sorted { tape, runs, ..self })
    }

    /// The rows in order.
    pub(super) fn rows(&self) -> Result<Rows<'_, T>> {
        self.merge(&self.runs)
    }

    /// The rows in order on one tape, which can be read from any row on.
    pub(super) fn into_tape(self, work: &Path) -> Result<Tape<T>> {
        match self.runs.len() {
            0 | 1 => Ok(self.tape),
            n => Ok(self.merged(work, n)?.tape),
        }
    }

    fn merge(&self, runs: &[(u64, u64)]) -> Result<Rows<'_, T>> {
        let read = |(start, end): &(u64, u64)| self.tape.read(*start, *end, self.read_bytes);
        let mut rows = Rows {
            readers: runs.iter().map(read).collect(),
            next: BinaryHeap::with_capacity(runs.len()),
        };
        for run in 0..rows.readers.len() {
            rows.draw(run)?;
        }
        Ok(rows)
    }
}

/// Sorted rows as they are merged.
pub(super) struct Rows<'a, T> {
    readers: Vec<TapeReader<'a, T>>,
    next: BinaryHeap<Reverse<(T, usize)>>,
}

impl<T: Field> Rows<'_, T> {
    /// The next row; none at the end.
    pub(super) fn next(&mut self) -> Result<Option<T>> {
        let Some(Reverse((row, run))) = self.next.pop() else {
            return Ok(None);
        };
        self.draw(run)?;
        Ok(Some(row))
    }

    /// The row that will be next.
    pub(super) fn peek(&self) -> Option<&T> {
        self.next.peek().map(|Reverse((row, _))| row)
    }

    fn draw(&mut self, run: usize) -> Result<()> {
        if let Some(reader) = self.readers.get_mut(run)
            && let Some(row) = reader.next()?
        {
            self.next.push(Reverse((row, run)));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all<T: Field>(sorted: &Sorted<T>) -> Vec<T> {
        let mut rows = sorted.rows().unwrap();
        std::iter::from_fn(|| rows.next().unwrap()).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]

        #[test]
        fn rows_are_sorted_whatever_the_memory(
            rows in proptest::collection::vec((0u32..50, proptest::collection::vec(0u8..4, 0..200)), 0..700),
            max_bytes in 0usize..60_000,
        ) {
            let work = tempfile::tempdir().unwrap();
            let mut sorter = Sorter::new(work.path(), max_bytes).unwrap();
            let mut expected = rows.clone();
            expected.sort();
            for row in rows {
                sorter.push(row).unwrap();
                let held = sorter.rows.capacity() * size_of::<(u32, Vec<u8>)>() + sorter.heap_bytes;
                prop_assert!(held <= max_bytes.max(FIRST_ROWS * 32 + 256), "{held} of {max_bytes}");
            }
            let sorted = sorter.sorted().unwrap();
            prop_assert!(sorted.runs.len() <= MAX_RUNS);
            prop_assert_eq!(&all(&sorted), &expected);
            prop_assert_eq!(&all(&sorted), &expected, "a second reading");
            let tape = sorted.into_tape(work.path()).unwrap();
            let mut reader = tape.read(0, tape.end(), 100);
            for row in expected {
                let at = reader.at();
                let again = tape.read(at, tape.end(), 100).next().unwrap();
                prop_assert_eq!(again.as_ref(), Some(&row));
                prop_assert_eq!(reader.next().unwrap(), again);
            }
            prop_assert_eq!(reader.next().unwrap(), None);
        }
    }

    #[test]
    fn little_memory_makes_many_runs_and_leaves_nothing_behind() {
        let work = tempfile::tempdir().unwrap();
        let mut sorter = Sorter::new(work.path(), 4000).unwrap();
        for i in 0..50_000u64 {
            sorter
                .push((i.wrapping_mul(0x9e37_79b9_7f4a_7c15), i))
                .unwrap();
        }
        assert!(sorter.runs.len() > 200, "{}", sorter.runs.len());
        let sorted = sorter.sorted().unwrap();
        assert_eq!(sorted.runs.len(), 2);
        let rows = all(&sorted);
        assert!(rows.len() == 50_000 && rows.is_sorted());
        drop(sorted);
        assert_eq!(std::fs::read_dir(work.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_folder_that_is_not_there_is_named() {
        let error = Sorter::<(u32, u32)>::new(Path::new("/nowhere/at all"), 100).err();
        assert!(error.unwrap().to_string().contains("/nowhere/at all"));
    }
}
