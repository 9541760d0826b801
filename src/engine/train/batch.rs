//! Prepared tokens to sequences: which text the model sees at which step.
//!
//! Each language is one endless stream: its documents in an order drawn anew for every epoch, cut
//! into windows that overlap by one token, so that every token is predicted once an epoch. Which
//! language the next sequence comes from is the one farthest behind its share of the mix. Both
//! follow from the seed and from how many windows each language has given: that is the [`Cursor`],
//! all there is to save.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::super::{Error, Result};
use crate::shard::{Mix, Shard};

/// How far the data has been read: windows given so far, by language.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// Windows given by each language.
    pub windows: BTreeMap<String, u64>,
}

/// Sequences of one step: row i of `targets` is row i of `inputs` one token later.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Batch {
    /// Tokens to read, [b, t].
    pub inputs: Vec<u32>,
    /// Tokens to predict, [b, t].
    pub targets: Vec<u32>,
}

/// The sequences of a run, in order.
pub struct Batches {
    streams: Vec<Stream>,
    n_sequences: u64,
    context: usize,
    n_vocab: usize,
    window: Vec<u32>,
}

impl Batches {
    /// Opens the training shards of a prepared folder and goes to `cursor`.
    ///
    /// # Errors
    /// When the mix or a shard is absent or damaged, or no language has text.
    pub fn open(
        data: &Path,
        context: usize,
        n_vocab: usize,
        seed: u64,
        cursor: &Cursor,
    ) -> Result<Self> {
        let mix = Mix::open(data)?;
        let mut streams = Vec::new();
        for row in mix
            .rows
            .iter()
            .filter(|row| row.weight > 0.0 && row.n_tokens > 0)
        {
            let stem = data.join("tokens").join("train").join(&row.lang);
            let shard = Shard::open(&stem)?;
            if shard.n_tokens() == 0 {
                let what = format!("no tokens, but {} in {}", row.n_tokens, Mix::NAME);
                return Err(Error::damaged(&stem.with_extension("bin"), what));
            }
            let n_windows = cursor.windows.get(&row.lang).copied().unwrap_or(0);
            streams.push(Stream::new(
                &row.lang, stem, shard, row.weight, seed, n_windows,
            ));
        }
        if streams.is_empty() {
            return Err(Error::Missing {
                what: format!("{}: no language has text to train on", data.display()),
                hint: "prepare more text with `eu prepare`".into(),
            });
        }
        let total: f64 = streams.iter().map(|s| s.weight).sum();
        streams.iter_mut().for_each(|s| s.weight /= total);
        Ok(Batches {
            n_sequences: streams.iter().map(|s| s.n_windows).sum(),
            streams,
            context,
            n_vocab,
            window: Vec::new(),
        })
    }

    /// Fills `batch` with the next `n` sequences.
    ///
    /// # Errors
    /// When a shard holds a token the vocabulary does not have.
    pub fn next(&mut self, n: usize, batch: &mut Batch) -> Result<()> {
        batch.inputs.clear();
        batch.targets.clear();
        for _ in 0..n {
            let stream = farthest_behind(&self.streams, self.n_sequences);
            let stream = &mut self.streams[stream];
            stream.next(self.context, &mut self.window);
            if let Some(token) = self.window.iter().find(|t| **t as usize >= self.n_vocab) {
                let what = format!("token {token}, but the vocabulary has {}", self.n_vocab);
                return Err(Error::damaged(&stream.stem.with_extension("bin"), what));
            }
            batch.inputs.extend_from_slice(&self.window[..self.context]);
            batch.targets.extend_from_slice(&self.window[1..]);
            self.n_sequences += 1;
        }
        Ok(())
    }

    /// How far the data has been read.
    pub fn cursor(&self) -> Cursor {
        let windows = self.streams.iter().map(|s| (s.lang.clone(), s.n_windows));
        Cursor {
            windows: windows.collect(),
        }
    }

    /// Languages with their share, largest first.
    pub fn mix(&self) -> Vec<(String, f64)> {
        let mut mix: Vec<(String, f64)> = self
            .streams
            .iter()
            .map(|s| (s.lang.clone(), s.weight))
            .collect();
        mix.sort_by(|a, b| b.1.total_cmp(&a.1));
        mix
    }
}

/// The stream that lacks most to its share of one sequence more; the first one on a tie.
fn farthest_behind(streams: &[Stream], n_sequences: u64) -> usize {
    let lack = |s: &Stream| s.weight * (n_sequences + 1) as f64 - s.n_windows as f64;
    let mut best = 0;
    for i in 1..streams.len() {
        if lack(&streams[i]) > lack(&streams[best]) {
            best = i;
        }
    }
    best
}

/// The endless text of one language.
struct Stream {
    lang: String,
    stem: PathBuf,
    shard: Shard,
    weight: f64,
    seed: u64,
    n_windows: u64,
    order: Order,
    piece: Vec<u32>,
}

/// The documents of one epoch in their order.
struct Order {
    epoch: u64,
    docs: Vec<u32>,
    /// Position in the epoch where each of `docs` begins, and the epoch's length at the end.
    starts: Vec<u64>,
}

impl Stream {
    fn new(lang: &str, stem: PathBuf, shard: Shard, weight: f64, seed: u64, n: u64) -> Self {
        Stream {
            order: Order::draw(&shard, lang, seed, 0),
            lang: lang.into(),
            stem,
            shard,
            weight,
            seed,
            n_windows: n,
            piece: Vec::new(),
        }
    }

    /// The next `context` + 1 tokens; the last of them begins the window after.
    fn next(&mut self, context: usize, window: &mut Vec<u32>) {
        window.clear();
        let length = u128::from(self.shard.n_tokens());
        let mut at = u128::from(self.n_windows) * context as u128;
        while window.len() <= context {
            let (epoch, inside) = ((at / length) as u64, (at % length) as u64);
            if self.order.epoch != epoch {
                self.order = Order::draw(&self.shard, &self.lang, self.seed, epoch);
            }
            let i = self.order.starts.partition_point(|start| *start <= inside) - 1;
            let doc = self.shard.doc(self.order.docs[i] as usize);
            let from = doc.start + (inside - self.order.starts[i]);
            let missing = (context + 1 - window.len()) as u64;
            self.shard
                .read(from..doc.end.min(from + missing), &mut self.piece);
            window.extend_from_slice(&self.piece);
            at += self.piece.len() as u128;
        }
        self.n_windows += 1;
    }
}

impl Order {
    /// Shuffles the documents (Fisher and Yates) with a generator of this language and epoch.
    fn draw(shard: &Shard, lang: &str, seed: u64, epoch: u64) -> Self {
        let own = xxh3_64_with_seed(format!("order/{lang}/{epoch}").as_bytes(), seed);
        let mut rng = ChaCha8Rng::seed_from_u64(own);
        let mut docs: Vec<u32> = (0..shard.n_docs() as u32).collect();
        for i in (1..docs.len()).rev() {
            // The high half of the product is uniform in 0..=i but for one part in 2^32.
            let j = (u128::from(rng.next_u64()) * (i as u128 + 1)) >> 64;
            docs.swap(i, j as usize);
        }
        let mut starts = Vec::with_capacity(docs.len() + 1);
        let mut at = 0;
        for doc in &docs {
            starts.push(at);
            let range = shard.doc(*doc as usize);
            at += range.end - range.start;
        }
        starts.push(at);
        Order {
            epoch,
            docs,
            starts,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::*;

    /// Two languages: one with 40 documents of 9 tokens, one with a single document of 5.
    fn open(cursor: &Cursor, seed: u64) -> (tempfile::TempDir, Batches) {
        let folder = tempfile::tempdir().unwrap();
        let large: Vec<Vec<u32>> = (0..40).map(|i| vec![10 + i; 9]).collect();
        fixture::tokens(
            folder.path(),
            &[("aaa", 0.75, large), ("bbb", 0.25, vec![vec![5; 5]])],
        );
        let batches = Batches::open(folder.path(), 7, 100, seed, cursor).unwrap();
        (folder, batches)
    }

    fn steps(batches: &mut Batches, n: usize) -> Vec<Batch> {
        let mut batch = Batch::default();
        (0..n)
            .map(|_| {
                batches.next(4, &mut batch).unwrap();
                batch.clone()
            })
            .collect()
    }

    #[test]
    fn going_on_from_a_cursor_gives_what_would_have_come() {
        let (_a, mut whole) = open(&Cursor::default(), 3);
        let all = steps(&mut whole, 20);
        let (_b, mut first) = open(&Cursor::default(), 3);
        let mut joined = steps(&mut first, 9);
        let saved = serde_json::to_string(&first.cursor()).unwrap();
        let (_c, mut second) = open(&serde_json::from_str(&saved).unwrap(), 3);
        joined.extend(steps(&mut second, 11));
        assert_eq!(all, joined);
        assert_eq!(second.cursor(), whole.cursor());
        let (_d, mut other) = open(&Cursor::default(), 4);
        assert_ne!(steps(&mut other, 20), all, "the seed decides the order");
    }

    #[test]
    fn every_language_has_its_share_and_every_token_its_turn() {
        let (_folder, mut batches) = open(&Cursor::default(), 1);
        // 40 documents of 9 tokens are 360 / 7 = 51.4 windows, at 3 a step: 17.1 steps
        let seen = steps(&mut batches, 18);
        assert_eq!(batches.cursor().windows["aaa"], 54);
        assert_eq!(
            batches.cursor().windows["bbb"],
            18,
            "longer than its text: repeated"
        );
        let mut counts = [0u32; 100];
        for target in seen.iter().flat_map(|b| &b.targets) {
            counts[*target as usize] += 1;
        }
        assert!((10..50).all(|token| counts[token] >= 8), "{counts:?}");
        assert_eq!(counts.iter().sum::<u32>(), 18 * 4 * 7);
    }

    #[test]
    fn targets_are_inputs_one_token_later_and_windows_meet() {
        let (_folder, mut batches) = open(&Cursor::default(), 1);
        let mut last = None;
        for batch in steps(&mut batches, 40) {
            for (inputs, targets) in batch.inputs.chunks(7).zip(batch.targets.chunks(7)) {
                assert_eq!(inputs[1..], targets[..6]);
                if inputs[0] >= 10 {
                    assert!(last.is_none_or(|token| token == inputs[0]));
                    last = Some(targets[6]);
                }
            }
        }
    }

    #[test]
    fn a_token_beyond_the_vocabulary_is_damage_and_names_the_file() {
        let folder = tempfile::tempdir().unwrap();
        fixture::tokens(folder.path(), &[("aaa", 1.0, vec![vec![99; 9]])]);
        let mut batches = Batches::open(folder.path(), 7, 50, 1, &Cursor::default()).unwrap();
        let error = batches
            .next(1, &mut Batch::default())
            .unwrap_err()
            .to_string();
        assert!(
            error.ends_with("aaa.bin: token 99, but the vocabulary has 50"),
            "{error}"
        );
    }
}
