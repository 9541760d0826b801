//! HPLT's web document score (Burchell et al. 2025, arXiv 2503.10267): how much of a document is
//! running text in its own language. The formula is HPLT's, 0 to 1 as in its version 4; what is
//! usual in a language was derived here, see `assets/thresholds.md`.

use std::collections::BTreeMap;

use memchr::memmem;
use serde::{Deserialize, Serialize};

use super::flags::{FIRST_OF_LINE, LETTER};
use super::metrics::{Page, Tables, ratio};
use super::rules::Rules;
use super::words::Word;

/// What is usual in a language. Lengths, and shares of letters, of good text.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scale {
    /// Letters it needs to say what 100 letters say in Spanish, divided by 100.
    pub letters: f64,
    /// Common punctuation marks a hundred letters.
    pub punctuation: f64,
    /// Compressed size of a text over that of a European text of its length.
    pub compression: f64,
}

/// The score and its parts, each between 0 and 1; 1 is good.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Scores {
    /// The score of the document.
    pub wds: f64,
    /// Share of letters in segments of its own language.
    pub language: f64,
    /// Few addresses.
    pub urls: f64,
    /// Neither too few marks for sentences nor too many.
    pub punctuation: f64,
    /// Few symbols.
    pub singular_chars: f64,
    /// Few digits.
    pub numbers: f64,
    /// Few segments that were there before.
    pub repeated: f64,
    /// A tenth for each long segment.
    pub n_long_segments: f64,
    /// How long the longest segments are.
    pub great_segment: f64,
    /// Compresses neither far better nor far worse than text of its length does.
    pub informativeness: f64,
    /// Letters in segments that are not short, between 0.5 and 1.
    pub short_segments: f64,
}

impl Scores {
    /// The values of HPLT's field `doc_scores`, in its order: the score, the language, then the
    /// parts; four digits each.
    pub fn doc_scores(&self) -> [f64; 11] {
        let scores = [
            self.wds,
            self.language,
            self.urls,
            self.punctuation,
            self.singular_chars,
            self.numbers,
            self.repeated,
            self.n_long_segments,
            self.great_segment,
            self.informativeness,
            self.short_segments,
        ];
        scores.map(|score| (score * 1e4).round() / 1e4)
    }
}

/// Letters of a Spanish segment too short to judge, of a long one, and of great ones.
const SHORT: f64 = 30.0;
const LONG: f64 = 250.0;
const GREAT: [f64; 2] = [625.0, 1000.0];
/// Bytes of text that are compressed to see how much they say.
const SAMPLE_BYTES: usize = 64 << 10;
/// Exponents of the penalty: the worst part weighs most.
const ALPHA: f64 = 2.9;
const BETA: f64 = 3.0;

/// Marks a hundred letters in Spanish, for which the curves below are written. Digits and symbols
/// do not hang on the language: their curves are the same for all.
const SPANISH_PUNCTUATION: f64 = 2.4;

type Curve = [(f64, f64)];
/// Addresses a 2,400 letters.
const URLS: &Curve = &[(3.0, 1.0), (10.0, 0.0)];
/// Digits a hundred letters.
const NUMBERS: &Curve = &[(1.0, 1.0), (10.0, 0.7), (15.0, 0.5), (30.0, 0.0)];
/// Marks a hundred letters.
const PUNCTUATION: &Curve = &[
    (0.3, 0.0),
    (0.5, 0.5),
    (0.9, 1.0),
    (2.5, 1.0),
    (9.0, 0.7),
    (13.0, 0.5),
    (25.0, 0.0),
];
/// Symbols a hundred letters.
const SYMBOLS: &Curve = &[(1.0, 1.0), (2.0, 0.7), (6.0, 0.5), (10.0, 0.0)];
/// Compressed size over what is expected.
const INFORMATION: &Curve = &[(0.2, 0.0), (0.7, 1.0), (1.3, 1.0), (1.9, 0.0)];

/// Buffers kept from text to text.
#[derive(Default)]
pub(super) struct Buffers {
    compressor: Option<zstd::bulk::Compressor<'static>>,
    compressed: Vec<u8>,
}

/// Compressed size over size of good text of `n_bytes`, by zstd's level 1: a curve through the
/// medians of a corpus.
pub(super) fn expected_ratio(n_bytes: usize) -> f64 {
    FLOOR + SLOPE / (n_bytes.max(64) as f64).sqrt()
}

const FLOOR: f64 = 0.31;
const SLOPE: f64 = 6.6;

/// The scores of a page; `lang_share` of its letters are in segments of its own language.
pub(super) fn score(page: &Page, rules: &Rules, lang_share: f64, tables: &mut Tables) -> Scores {
    let scale = &rules.wds;
    let n_letters: usize = page
        .words
        .iter()
        .filter(|w| w.is(LETTER))
        .map(|w| w.n_chars())
        .sum();
    if n_letters == 0 {
        return Scores::default();
    }
    let short = SHORT * scale.letters;
    let (mut n_judged, mut n_repeated, mut long, mut great, mut n_great) = (0, 0, 0.0, 0.0, 0);
    tables.first.clear(page.words.len());
    for segment in segments(page.words) {
        let n = segment
            .iter()
            .filter(|w| w.is(LETTER))
            .map(|w| w.n_chars())
            .sum::<usize>();
        let letters = n as f64;
        if letters < short {
            continue;
        }
        n_judged += n;
        let hash = segment
            .iter()
            .fold(0, |hash, word| super::words::mix(hash, word.hash));
        n_repeated += if tables.first.seen(hash) { n } else { 0 };
        long += if letters >= LONG * scale.letters {
            0.1
        } else {
            0.0
        };
        let [from, to] = GREAT.map(|letters| letters * scale.letters);
        if letters >= from {
            n_great += 1;
            great += ((letters - from) / (to - from)).min(1.0);
        }
    }
    let bytes = page.text.as_bytes();
    let n_digits = bytes.iter().filter(|b| b.is_ascii_digit()).count();
    let percent = |n: usize| 100.0 * ratio(n, n_letters);
    let usual = SPANISH_PUNCTUATION / scale.punctuation.max(0.1);
    let mut scores = Scores {
        wds: 0.0,
        language: lang_share.clamp(0.0, 1.0),
        urls: on(URLS, 2400.0 * ratio(n_urls(bytes), n_letters)),
        punctuation: on(PUNCTUATION, percent(page.marks.common) * usual),
        singular_chars: on(SYMBOLS, percent(page.marks.symbols)),
        numbers: on(NUMBERS, percent(n_digits)),
        repeated: 1.0 - ratio(n_repeated, n_judged),
        n_long_segments: f64::min(long, 1.0),
        great_segment: if n_great == 0 {
            0.0
        } else {
            great / f64::from(n_great)
        },
        informativeness: informativeness(bytes, scale, &mut tables.wds),
        short_segments: 0.5 + 0.5 * ratio(n_judged, n_letters),
    };
    let base = 0.8 * scores.language + 0.1 * scores.n_long_segments + 0.1 * scores.great_segment;
    scores.wds = base * penalty(&scores);
    scores
}

/// Words from line to line.
fn segments(words: &[Word]) -> impl Iterator<Item = &[Word]> {
    words.chunk_by(|_, next| !next.is(FIRST_OF_LINE))
}

/// The product of the parts, each to the power of its share of all that is wrong.
fn penalty(scores: &Scores) -> f64 {
    let parts = [
        scores.urls,
        scores.numbers,
        scores.punctuation,
        scores.singular_chars,
        scores.repeated,
        scores.informativeness,
        scores.short_segments,
    ];
    let parts = parts.map(|part| part.max(1e-3)); // so that none weighs without end
    let sum: f64 = parts.iter().map(|part| part.powf(-ALPHA)).sum();
    parts
        .iter()
        .map(|part| part.powf(part.powf(-ALPHA) / sum / BETA))
        .product()
}

/// The value at `x` of a line through points in order of x, flat beyond them.
fn on(curve: &Curve, x: f64) -> f64 {
    let mut before: Option<(f64, f64)> = None;
    for &(at, value) in curve {
        if x <= at {
            return match before {
                Some((from, low)) => low + (value - low) * (x - from) / (at - from),
                None => value,
            };
        }
        before = Some((at, value));
    }
    before.map_or(0.0, |(_, value)| value)
}

/// Addresses: `http`, and `www` that does not follow it.
fn n_urls(bytes: &[u8]) -> usize {
    let bare = memmem::find_iter(bytes, b"www.")
        .filter(|at| bytes.get(at.saturating_sub(2)..*at) != Some(b"//"));
    memmem::find_iter(bytes, b"http").count() + bare.count()
}

/// How near the compressed size of the first part of a text is to that of good text.
fn informativeness(bytes: &[u8], scale: &Scale, buffers: &mut Buffers) -> f64 {
    let sample = bytes.get(..SAMPLE_BYTES).unwrap_or(bytes);
    match compressed_ratio(sample, buffers) {
        Some(found) => on(
            INFORMATION,
            found / (expected_ratio(sample.len()) * scale.compression),
        ),
        None => 1.0,
    }
}

/// Compressed size over size; none where the compressor cannot run.
fn compressed_ratio(sample: &[u8], buffers: &mut Buffers) -> Option<f64> {
    if buffers.compressor.is_none() {
        buffers.compressor = zstd::bulk::Compressor::new(1).ok();
    }
    buffers
        .compressed
        .resize(zstd::zstd_safe::compress_bound(sample.len()), 0);
    let compressor = buffers.compressor.as_mut()?;
    let n = compressor
        .compress_to_buffer(sample, &mut buffers.compressed[..])
        .ok()?;
    Some(ratio(n, sample.len()))
}

/// What one text tells of what is usual in its language; [`Usual::scale`] sums up many.
#[derive(Debug, Clone, Copy)]
pub(super) struct Usual {
    pub(super) punctuation: f64,
    pub(super) compression: f64,
}

impl Usual {
    /// Measures a page; none for one too short to tell.
    pub(super) fn of(page: &Page, tables: &mut Tables) -> Option<Usual> {
        let words = page.words.iter();
        let n_letters: usize = words.filter(|w| w.is(LETTER)).map(|w| w.n_chars()).sum();
        if n_letters < 400 {
            return None;
        }
        let bytes = page.text.as_bytes();
        let sample = bytes.get(..SAMPLE_BYTES).unwrap_or(bytes);
        Some(Usual {
            punctuation: 100.0 * ratio(page.marks.common, n_letters),
            compression: compressed_ratio(sample, &mut tables.wds)? / expected_ratio(sample.len()),
        })
    }
}

/// Letters of the same text in each language over those in Spanish, from the embedded
/// Declaration of Human Rights.
pub(super) fn letters_by_language() -> BTreeMap<&'static str, f64> {
    let mut sums: BTreeMap<&'static str, f64> = BTreeMap::new();
    for record in crate::data::corpus::records() {
        let letters = record.text.chars().filter(|c| c.is_alphabetic()).count();
        *sums.entry(record.code()).or_default() += letters as f64;
    }
    let spanish = sums.get("spa_Latn").copied().unwrap_or(1.0);
    sums.values_mut()
        .for_each(|sum| *sum = (*sum / spanish * 1000.0).round() / 1000.0);
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_is_flat_beyond_its_ends_and_straight_between() {
        let at = |x| (on(PUNCTUATION, x) * 100.0).round();
        assert_eq!(
            [0.1, 0.4, 1.5, 11.0, 99.0].map(at),
            [0.0, 25.0, 100.0, 60.0, 0.0]
        );
        assert_eq!(on(&[], 1.0), 0.0);
    }

    #[test]
    fn the_worst_part_weighs_most() {
        let good = Scores {
            urls: 1.0,
            numbers: 1.0,
            punctuation: 1.0,
            singular_chars: 1.0,
            repeated: 1.0,
            informativeness: 1.0,
            short_segments: 1.0,
            ..Scores::default()
        };
        assert_eq!(penalty(&good), 1.0);
        let half = penalty(&Scores { urls: 0.5, ..good });
        let none = penalty(&Scores { urls: 0.0, ..good });
        assert!(none < half && half < 0.9 && none < 0.11, "{none} {half}");
    }
}
