//! Training a byte-level Unigram vocabulary (arXiv 1804.10959): from more pieces than wanted,
//! those stay without which the words of the sample would be put together worst.
//!
//! The first pieces are the tokens of a larger BPE vocabulary, and words count as they did at its
//! end, so that languages that pay more weigh more here too.

use rayon::prelude::*;
use serde_json::{Value as Json, json};
use tokenizers::Tokenizer;

use super::merges::ONE;
use super::train::{Texts, TrainPlan, around, built, first_tokens, learn, spelt};
use super::words::Words;
use crate::data::error::{Error, Result};
use crate::vocab::{SPECIALS, Trie};

/// Pieces begun with, over pieces wanted.
const SEED: usize = 3;
/// Share of the pieces that a round leaves.
const SHRINK: f64 = 0.7;
/// Words longer than this, in bytes, are left out: their probability would not be a number.
const MAX_WORD: usize = 32;
/// Words learnt from at most, the most frequent.
const MAX_WORDS: usize = 1 << 19;
/// Parts the words are cut into; fixed, so that sums do not depend on the number of threads.
const PARTS: usize = 32;
/// The least probability of a piece.
const LEAST: f64 = 1e-9;

struct Piece {
    bytes: Vec<u8>,
    prob: f64,
}

/// Trains a Unigram vocabulary on `langs` as `plan` says. The result depends neither on the order
/// of texts nor on the number of threads.
///
/// # Errors
/// As [`super::train_bpe`].
pub fn train_unigram(
    langs: &[Texts],
    plan: &TrainPlan,
    go_on: impl Fn() -> bool,
) -> Result<Tokenizer> {
    let n_pieces = plan.vocab_size.saturating_sub(SPECIALS.len());
    let learnt = learn(langs, plan, SEED * plan.vocab_size, &go_on)?;
    let words = sample(&learnt.words, &learnt.weights);
    let (tokens, _) = learnt.learner.finish();
    let mut pieces: Vec<Piece> = tokens
        .into_iter()
        .skip(SPECIALS.len())
        .filter(|bytes| bytes.len() <= MAX_WORD)
        .map(|bytes| Piece { bytes, prob: 1.0 })
        .collect();
    let first = counted(&pieces, &words);
    set_probs(&mut pieces, &first);
    loop {
        for _ in 0..2 {
            if !go_on() {
                return Err(Error::Interrupted {
                    stage: "train_tokenizer".into(),
                });
            }
            let expected = expected(&pieces, &words);
            set_probs(&mut pieces, &expected);
        }
        if pieces.len() <= n_pieces {
            break;
        }
        let n = (pieces.len() as f64 * SHRINK) as usize;
        pieces = pruned(pieces, n.max(n_pieces));
    }
    built(&json_of(pieces))
}

/// Words with what they weigh, all languages together, in byte order.
fn sample(counts: &[Words], weights: &[u64]) -> Vec<(Vec<u8>, f64)> {
    let mut all = Words::default();
    for (words, weight) in counts.iter().zip(weights) {
        for (word, count) in words.iter().filter(|(word, _)| word.len() <= MAX_WORD) {
            all.add(word, count * weight);
        }
    }
    let all = all.cap(MAX_WORDS);
    let weigh = |(word, count): (&[u8], u64)| (word.to_vec(), count as f64 / ONE as f64);
    let mut words: Vec<_> = all.iter().map(weigh).collect();
    words.par_sort_unstable_by(|a, b| a.0.cmp(&b.0));
    words
}

fn trie(pieces: &[Piece]) -> Trie {
    Trie::new(pieces.iter().zip(0..).map(|(p, i)| (p.bytes.as_slice(), i)))
}

/// Sums over all words, piece by piece: `add` adds those of one word.
fn sums(
    n_pieces: usize,
    words: &[(Vec<u8>, f64)],
    add: impl Fn(&[u8], f64, &mut [f64], &mut Room) + Sync,
) -> Vec<f64> {
    let parts = words.par_chunks(words.len().div_ceil(PARTS).max(1));
    let parts: Vec<Vec<f64>> = parts
        .map(|words| {
            let mut sums = vec![0.0; n_pieces];
            let mut room = Room::default();
            for (word, weight) in words {
                add(word, *weight, &mut sums, &mut room);
            }
            sums
        })
        .collect();
    let mut total = vec![0.0; n_pieces];
    for part in parts {
        total.iter_mut().zip(part).for_each(|(sum, n)| *sum += n);
    }
    total
}

/// How often each piece occurs in the words, whatever stands around it.
fn counted(pieces: &[Piece], words: &[(Vec<u8>, f64)]) -> Vec<f64> {
    let trie = trie(pieces);
    sums(pieces.len(), words, |word, weight, sums, _| {
        for start in 0..word.len() {
            trie.prefixes(&word[start..], |_, piece| sums[piece as usize] += weight);
        }
    })
}

/// What is computed along one word.
#[derive(Default)]
struct Room {
    /// Probability of all ways to a place, and from it to the end.
    to: Vec<f64>,
    from: Vec<f64>,
    /// Start, end and number of every piece in the word, by start.
    found: Vec<(usize, usize, u32)>,
}

/// How often each piece is expected in the words, over all ways to cut them.
fn expected(pieces: &[Piece], words: &[(Vec<u8>, f64)]) -> Vec<f64> {
    let trie = trie(pieces);
    sums(pieces.len(), words, |word, weight, sums, room| {
        let Room { to, from, found } = room;
        found.clear();
        to.clear();
        to.resize(word.len() + 1, 0.0);
        to[0] = 1.0;
        for start in 0..word.len() {
            trie.prefixes(&word[start..], |len, piece| {
                found.push((start, start + len, piece));
                to[start + len] += to[start] * pieces[piece as usize].prob;
            });
        }
        from.clear();
        from.resize(word.len() + 1, 0.0);
        from[word.len()] = 1.0;
        let all = to[word.len()];
        if all <= 0.0 {
            return;
        }
        for (start, end, piece) in found.iter().rev() {
            let on = pieces[*piece as usize].prob * from[*end];
            sums[*piece as usize] += weight * to[*start] * on / all;
            from[*start] += on;
        }
    })
}

/// Probabilities from expected counts; a rare piece gets less than its share, as under a prior
/// that prefers few pieces: exp(digamma(n)) is about n - 1/2.
fn set_probs(pieces: &mut [Piece], expected: &[f64]) {
    let total: f64 = expected.iter().sum();
    for (piece, expected) in pieces.iter_mut().zip(expected) {
        piece.prob = ((expected - 0.5) / total.max(1.0)).max(LEAST);
    }
}

/// The `n` pieces that would be missed most, and every byte: what the words lose without a piece
/// is its part in them times how much worse the next best way to put it together is.
fn pruned(pieces: Vec<Piece>, n: usize) -> Vec<Piece> {
    let trie = trie(&pieces);
    let loss = |(i, piece): (usize, &Piece)| -> f64 {
        let bytes = &piece.bytes;
        if bytes.len() == 1 {
            return f64::INFINITY;
        }
        let mut best = [f64::NEG_INFINITY; MAX_WORD + 1];
        best[0] = 0.0;
        for start in 0..bytes.len() {
            trie.prefixes(&bytes[start..], |len, other| {
                if other as usize != i {
                    let score = best[start] + pieces[other as usize].prob.ln();
                    best[start + len] = best[start + len].max(score);
                }
            });
        }
        piece.prob * (piece.prob.ln() - best[bytes.len()])
    };
    let losses: Vec<f64> = pieces.par_iter().enumerate().map(loss).collect();
    let mut order: Vec<usize> = (0..pieces.len()).collect();
    order.sort_by(|a, b| losses[*b].total_cmp(&losses[*a]).then(a.cmp(b)));
    order.truncate(n.max(256));
    order.sort_unstable();
    let mut pieces: Vec<Option<Piece>> = pieces.into_iter().map(Some).collect();
    order.into_iter().filter_map(|i| pieces[i].take()).collect()
}

/// Special tokens, bytes, then the pieces from the most probable on.
fn json_of(mut pieces: Vec<Piece>) -> Json {
    let place = |piece: &Piece| first_tokens().iter().position(|t| *t == piece.bytes);
    let firsts: Vec<Option<usize>> = pieces
        .iter()
        .map(|piece| {
            if piece.bytes.len() == 1 {
                place(piece)
            } else {
                None
            }
        })
        .collect();
    let mut order: Vec<usize> = (0..pieces.len()).collect();
    order.sort_by(|a, b| {
        let rank = |i: usize| firsts[i].unwrap_or(usize::MAX);
        let by_prob = pieces[*b].prob.total_cmp(&pieces[*a].prob);
        let by_bytes = pieces[*a].bytes.cmp(&pieces[*b].bytes);
        rank(*a).cmp(&rank(*b)).then(by_prob).then(by_bytes)
    });
    let specials = SPECIALS.iter().map(|name| json!([name, LEAST.ln()]));
    let rows: Vec<Json> = specials
        .chain(order.into_iter().map(|i| {
            let bytes = std::mem::take(&mut pieces[i].bytes);
            json!([spelt(&bytes), pieces[i].prob.ln()])
        }))
        .collect();
    around(json!({
        "type": "Unigram", "unk_id": null, "vocab": rows, "byte_fallback": false,
    }))
}
