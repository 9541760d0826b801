//! The index: hashes of runs of words, sorted, each with the part of an item it is from.

/// Bits of the filter for each entry: a probe of two bits lets about one in sixty strangers by.
const FILTER_BITS: usize = 16;
/// Entries of a bucket, on average.
const BUCKET: usize = 4;

/// An evaluation set.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Benchmark {
    /// Its name.
    pub name: String,
    /// Items in it.
    pub n_items: u32,
    /// Items of too few words to be told from any text.
    pub n_short: u32,
    /// Runs of words left out, since so many of its items have them.
    pub n_common: u32,
}

/// A part of an item: what hashes point to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) benchmark: u32,
    /// Number of the item among all of the index.
    pub(super) item: u32,
    /// Which of its parts, from 0.
    pub(super) part: u32,
    pub(super) n_words: u32,
    /// Different runs of each length of the index; of an item matched as a whole, none.
    pub(super) n_runs: Vec<u32>,
}

/// Evaluation sets as hashes of runs of their words.
#[derive(Debug, Clone)]
pub struct Index {
    /// Lengths of runs, in words, ascending.
    pub(super) lengths: Vec<u32>,
    pub(super) benchmarks: Vec<Benchmark>,
    /// Benchmark and id of each item, sorted by both.
    pub(super) items: Vec<(u32, String)>,
    pub(super) rows: Vec<Row>,
    pub(super) hashes: Vec<u64>,
    /// Row of each hash.
    pub(super) row_of: Vec<u32>,
    /// All lengths that occur: those of runs, and of items matched as a whole.
    pub(super) asked: Vec<u32>,
    filter: Vec<u64>,
    /// First entry of each bucket of hashes, by their highest bits, and the number of entries.
    starts: Vec<u32>,
    shift: u32,
}

impl Index {
    /// Ending of a file that holds one.
    pub const ENDING: &str = "eui";

    /// Puts an index together from parts that are sorted and fit each other.
    pub(super) fn assemble(
        lengths: Vec<u32>,
        benchmarks: Vec<Benchmark>,
        items: Vec<(u32, String)>,
        rows: Vec<Row>,
        hashes: Vec<u64>,
        row_of: Vec<u32>,
    ) -> Self {
        let whole = rows.iter().filter(|r| r.is_whole()).map(|r| r.n_words);
        let mut asked: Vec<u32> = lengths.iter().copied().chain(whole).collect();
        asked.sort_unstable();
        asked.dedup();
        let n_words = (hashes.len() * FILTER_BITS / 64).next_power_of_two();
        let mut filter = vec![0u64; n_words];
        let n_buckets = (hashes.len() / BUCKET).next_power_of_two();
        let shift = 64 - n_buckets.trailing_zeros();
        let mut starts = vec![0u32; n_buckets + 1];
        for &hash in &hashes {
            let (at, bits) = probe(hash, n_words);
            if let Some(word) = filter.get_mut(at) {
                *word |= bits;
            }
            if let Some(n) = starts.get_mut(bucket(hash, shift) + 1) {
                *n += 1;
            }
        }
        let mut sum = 0;
        for start in &mut starts {
            sum += *start;
            *start = sum;
        }
        Index {
            lengths,
            benchmarks,
            items,
            rows,
            hashes,
            row_of,
            asked,
            filter,
            starts,
            shift,
        }
    }

    /// The part of the index that is of the items wanted, by their numbers: what it finds of them
    /// is what the whole finds. Every set keeps its name.
    pub(super) fn only(&self, wanted: &dyn Fn(u32) -> bool) -> Index {
        let mut benchmarks = self.benchmarks.clone();
        for set in &mut benchmarks {
            (set.n_items, set.n_short) = (0, 0);
        }
        let (mut items, mut new_item) = (Vec::new(), vec![None; self.items.len()]);
        for ((item, new), number) in self.items.iter().zip(&mut new_item).zip(0u32..) {
            if !wanted(number) {
                continue;
            }
            *new = Some(items.len() as u32);
            items.push(item.clone());
            if let Some(set) = benchmarks.get_mut(item.0 as usize) {
                set.n_items += 1;
            }
        }
        let (mut rows, mut new_row) = (Vec::new(), vec![None; self.rows.len()]);
        for (row, new) in self.rows.iter().zip(&mut new_row) {
            if let Some(Some(item)) = new_item.get(row.item as usize).copied() {
                *new = Some(rows.len() as u32);
                rows.push(Row {
                    item,
                    ..row.clone()
                });
            }
        }
        let entries = self.hashes.iter().zip(&self.row_of);
        let (hashes, row_of) = entries
            .filter_map(|(hash, row)| Some((*hash, (*new_row.get(*row as usize)?)?)))
            .unzip();
        let lengths = self.lengths.clone();
        Index::assemble(lengths, benchmarks, items, rows, hashes, row_of)
    }

    /// The evaluation sets.
    pub fn benchmarks(&self) -> &[Benchmark] {
        &self.benchmarks
    }

    /// Lengths of the runs kept, in words.
    pub fn lengths(&self) -> &[u32] {
        &self.lengths
    }

    /// Hashes kept.
    pub fn n_hashes(&self) -> usize {
        self.hashes.len()
    }

    /// Items of all sets.
    pub fn n_items(&self) -> usize {
        self.items.len()
    }

    /// Whether a hash may be in the index: asked of every run of a text, and nearly always no.
    #[inline]
    pub(super) fn may_hold(&self, hash: u64) -> bool {
        let (at, bits) = probe(hash, self.filter.len());
        self.filter.get(at).is_some_and(|word| word & bits == bits)
    }

    /// Rows that have a run of this hash.
    pub(super) fn rows_of(&self, hash: u64) -> &[u32] {
        let bucket = bucket(hash, self.shift);
        let bound = |at: usize| self.starts.get(at).map_or(0, |start| *start as usize);
        let (from, to) = (bound(bucket), bound(bucket + 1));
        let hashes = self.hashes.get(from..to).unwrap_or_default();
        let first = from + hashes.partition_point(|h| *h < hash);
        let n = hashes.iter().filter(|h| **h == hash).count();
        self.row_of.get(first..first + n).unwrap_or_default()
    }
}

impl Row {
    /// Matched as a whole, since it is shorter than any run.
    pub(super) fn is_whole(&self) -> bool {
        self.n_runs.iter().all(|n| *n == 0)
    }
}

/// Word of the filter and two bits of it for a hash.
#[inline]
fn probe(hash: u64, n_words: usize) -> (usize, u64) {
    let at = (hash >> 12) as usize & (n_words - 1);
    (at, 1 << (hash & 63) | 1 << (hash >> 6 & 63))
}

#[inline]
fn bucket(hash: u64, shift: u32) -> usize {
    hash.checked_shr(shift).unwrap_or(0) as usize
}
