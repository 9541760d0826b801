//! Thresholds from reference text: what good text of a language looks like, in numbers.
//!
//! The ways of FineWeb-2 (arXiv 2506.20920), which finds thresholds on text known to be good:
//! - *tail*: the value beyond which a tenth of the reference lies, for shares of lines and words
//!   that hang on how a language is written (`10Tail`);
//! - *spread*: as many standard deviations from the mean as English's published threshold lies
//!   from the mean of the English reference, for lengths and repetition (`MeanStd`); where the
//!   reference has no English, three, on the side that the threshold is for.
//!
//! Stop words are those that make up at least 0.8 % of all words, and no fewer than eight. A
//! language with too few texts keeps its built-in rules. Each language is summed up from a sample
//! of at most [`Plan::max_texts`] texts, chosen by the hash of their ids: the same in every run,
//! whatever the order, in bounded memory.

use std::collections::{BTreeMap, BinaryHeap, HashMap};

use serde::Serialize;
use serde_json::{Map, Value, json};
use xxhash_rust::xxh3::xxh3_64;

use super::checks::{Bound, Family, Filter};
use super::metrics::{Known, Meter, head};
use super::rules::{Rules, quantile};
use super::wds;
use crate::lang::Lang;

/// What to derive thresholds from, and how.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Plan {
    /// Share of the reference that a tail threshold drops.
    pub tail: f64,
    /// Most texts of a language that are summed up.
    pub max_texts: usize,
    /// Fewest texts that make a threshold.
    pub min_texts: usize,
}

impl Default for Plan {
    fn default() -> Self {
        Plan {
            tail: 0.1,
            max_texts: 20_000,
            min_texts: 100,
        }
    }
}

/// How a threshold is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// A share of the reference lies beyond it.
    Tail,
    /// So many standard deviations from the mean.
    Spread,
}

/// The thresholds that hang on the language.
const TARGETS: [(&str, Method); 15] = [
    ("min_mean_word", Method::Spread),
    ("max_mean_word", Method::Spread),
    ("min_alpha_ratio", Method::Tail),
    ("max_top_2_gram", Method::Spread),
    ("max_top_3_gram", Method::Spread),
    ("max_top_4_gram", Method::Spread),
    ("max_dup_5_gram", Method::Spread),
    ("max_dup_6_gram", Method::Spread),
    ("max_dup_7_gram", Method::Spread),
    ("max_dup_8_gram", Method::Spread),
    ("max_dup_9_gram", Method::Spread),
    ("max_dup_10_gram", Method::Spread),
    ("max_dup_lines", Method::Spread),
    ("min_line_punctuation", Method::Tail),
    ("max_new_line_ratio", Method::Tail),
];
/// Columns of a sample: one a target, then two for HPLT's score.
const N_COLUMNS: usize = TARGETS.len() + 2;
/// Deviations from the mean where the reference has no English to learn them from.
const DEVIATIONS: f64 = 3.0;
/// Share of all words that makes a stop word, and bounds on their number.
const STOP_SHARE: f64 = 0.008;
const STOP_WORDS: std::ops::RangeInclusive<usize> = 8..=20;
/// Different words counted for a language before the rare ones are forgotten.
const MAX_WORDS: usize = 50_000;
/// Characters of a stop word at most.
const MAX_STOP_CHARS: usize = 16;

/// Sums up readings of reference text, one after the other; texts are read on any thread.
pub struct Calibrator {
    plan: Plan,
    samples: Vec<Sample>,
}

/// What one text known to be good says of its language.
pub struct Reading {
    lang: &'static Lang,
    row: Row,
    words: Vec<Often>,
    n_words: u64,
}

/// A word and how often it occurs.
struct Often {
    hash: u64,
    n: u64,
    /// Where it stands first: bytes of the text, which is cut long before `u32` ends.
    at: std::ops::Range<u32>,
}

/// What is kept of one language.
#[derive(Default)]
struct Sample {
    /// Texts with the smallest hashes: a draw that hangs on nothing but the ids.
    rows: BinaryHeap<Row>,
    n_texts: u64,
    words: HashMap<u64, (u64, String)>,
    n_words: u64,
}

/// The values of one text, under the hash of its id and text.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Row {
    hash: u64,
    /// Bits of `f32`, so that rows can be put in order.
    values: [u32; N_COLUMNS],
}

/// The thresholds found for one language.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Calibrated {
    /// Its code.
    pub lang: String,
    /// Texts seen.
    pub n_texts: u64,
    /// Texts summed up; 0 where there were too few to say anything.
    pub n_sampled: u64,
    /// Thresholds by name.
    pub thresholds: BTreeMap<&'static str, f64>,
    /// The words that are everywhere, the most frequent first.
    pub stop_words: Vec<String>,
    /// What is usual, for HPLT's score; none where there were too few texts.
    pub wds: Option<wds::Scale>,
}

impl Reading {
    /// Reads a text known to be good; none of one of fewer words than its language asks for, which
    /// says nothing and does not count.
    pub fn of(lang: &'static Lang, id: &str, text: &str, meter: &mut Meter) -> Option<Self> {
        let rules = Rules::of(lang);
        let families = [Family::GopherQuality].into_iter().collect();
        let metrics = meter.measure_for(text, rules, families, &Known::default());
        let least = rules.threshold("min_words").unwrap_or(0.0);
        if (metrics.n_words as f64) < least {
            return None;
        }
        let usual = meter.usual(text)?;
        let mut values = [0; N_COLUMNS];
        let targets = TARGETS.iter().map(|(key, _)| match Filter::find(key) {
            Some(filter) => (filter.value)(&metrics),
            None => 0.0,
        });
        let usual = [usual.punctuation, usual.compression];
        for (cell, value) in values.iter_mut().zip(targets.chain(usual)) {
            *cell = (value as f32).to_bits();
        }
        let hash = xxh3_64(id.as_bytes()) ^ xxh3_64(text.as_bytes()).rotate_left(1);
        let words = words(head(text));
        Some(Reading {
            lang,
            row: Row { hash, values },
            n_words: words.iter().map(|word| word.n).sum(),
            words,
        })
    }
}

/// The different words of a text, in the order in which they first occur.
fn words(text: &str) -> Vec<Often> {
    let mut words: Vec<Often> = Vec::new();
    let mut places: HashMap<u64, usize> = HashMap::new();
    let parts = text.split(|c: char| !c.is_alphabetic() && c != '\'' && c != '’');
    for word in parts.filter(|word| !word.is_empty()) {
        let hash = xxh3_64(word.as_bytes());
        let place = *places.entry(hash).or_insert(words.len());
        if let Some(word) = words.get_mut(place) {
            word.n += 1;
            continue;
        }
        let start = word.as_ptr().addr() - text.as_ptr().addr();
        let at = start as u32..(start + word.len()) as u32;
        words.push(Often { hash, n: 1, at });
    }
    words
}

impl Calibrator {
    /// A calibrator that has seen nothing.
    pub fn new(plan: Plan) -> Self {
        let samples = Lang::all().iter().map(|_| Sample::default()).collect();
        Calibrator { plan, samples }
    }

    /// Sums up what [`Reading::of`] told of `text`. Rare words are forgotten in the order of the
    /// texts: the same order gives the same words.
    pub fn add(&mut self, text: &str, reading: Reading) {
        let Some(sample) = self.samples.get_mut(reading.lang.index()) else {
            return;
        };
        sample.n_texts += 1;
        sample.n_words += reading.n_words;
        sample.count(text, &reading.words);
        sample.rows.push(reading.row);
        if sample.rows.len() > self.plan.max_texts {
            sample.rows.pop();
        }
    }

    /// The thresholds of every language that had texts, in table order.
    pub fn finish(self) -> Vec<Calibrated> {
        let Calibrator { plan, samples, .. } = self;
        let letters = wds::letters_by_language();
        let columns: Vec<Option<Vec<Vec<f64>>>> = samples
            .iter()
            .map(|sample| sample.columns(plan.min_texts))
            .collect();
        let english = Lang::find("en")
            .and_then(|lang| Some((Rules::of(lang), columns.get(lang.index())?.as_ref()?)));
        let deviations = deviations(english);
        let mut out = Vec::new();
        for ((lang, sample), columns) in Lang::all().iter().zip(&samples).zip(&columns) {
            if sample.n_texts == 0 {
                continue;
            }
            let mut told = Calibrated {
                lang: lang.code.clone(),
                n_texts: sample.n_texts,
                n_sampled: 0,
                thresholds: BTreeMap::new(),
                stop_words: Vec::new(),
                wds: None,
            };
            if let Some(columns) = columns {
                told.n_sampled = sample.rows.len() as u64;
                told.thresholds = thresholds(columns, &deviations, plan.tail);
                told.stop_words = sample.stop_words();
                let letters = letters.get(lang.code.as_str()).copied().unwrap_or(1.0);
                told.wds = scale(columns, letters);
            }
            out.push(told);
        }
        out
    }
}

/// The value of each target.
fn thresholds(columns: &[Vec<f64>], deviations: &[f64], tail: f64) -> BTreeMap<&'static str, f64> {
    let mut found = BTreeMap::new();
    for (((key, method), column), deviations) in TARGETS.iter().zip(columns).zip(deviations) {
        let Some(filter) = Filter::find(key) else {
            continue;
        };
        let least = filter.bound == Bound::AtLeast;
        let value = match method {
            Method::Tail => quantile(column, if least { tail } else { 1.0 - tail }),
            Method::Spread => {
                let (mean, deviation) = spread(column);
                mean + deviations * deviation
            }
        };
        found.insert(*key, (value.max(0.0) * 1000.0).round() / 1000.0);
    }
    found
}

/// Deviations from the mean at which English's own threshold of each target lies. Where there is
/// no English, all its texts are alike, or its threshold lies on the wrong side of the mean,
/// [`DEVIATIONS`] towards the side the threshold is for: below the mean where it is a least.
fn deviations(english: Option<(&Rules, &Vec<Vec<f64>>)>) -> Vec<f64> {
    let of_target = |(at, (key, _)): (usize, &(&str, Method))| {
        let is_least = Filter::find(key).is_some_and(|f| f.bound == Bound::AtLeast);
        let outward = if is_least { -1.0 } else { 1.0 };
        let found = english.and_then(|(rules, columns)| {
            let (mean, deviation) = spread(columns.get(at)?);
            Some((rules.threshold(key)? - mean) / deviation)
        });
        found
            .filter(|z| z.is_finite() && z * outward > 0.0)
            .unwrap_or(outward * DEVIATIONS)
    };
    TARGETS.iter().enumerate().map(of_target).collect()
}

/// Mean and standard deviation.
fn spread(column: &[f64]) -> (f64, f64) {
    let n = column.len().max(1) as f64;
    let mean = column.iter().sum::<f64>() / n;
    let squares: f64 = column.iter().map(|value| (value - mean).powi(2)).sum();
    (mean, (squares / n).sqrt())
}

fn scale(columns: &[Vec<f64>], letters: f64) -> Option<wds::Scale> {
    let median = |at: usize| {
        let value = quantile(columns.get(TARGETS.len() + at)?, 0.5);
        Some((value * 1000.0).round() / 1000.0)
    };
    Some(wds::Scale {
        letters,
        punctuation: median(0)?,
        compression: median(1)?,
    })
}

impl Sample {
    /// The columns, each sorted; none of too few texts.
    fn columns(&self, min_texts: usize) -> Option<Vec<Vec<f64>>> {
        if self.rows.len() < min_texts.max(1) {
            return None;
        }
        let mut columns = vec![Vec::new(); N_COLUMNS];
        for row in &self.rows {
            for (column, bits) in columns.iter_mut().zip(row.values) {
                column.push(f64::from(f32::from_bits(bits)));
            }
        }
        columns
            .iter_mut()
            .for_each(|column| column.sort_by(f64::total_cmp));
        Some(columns)
    }

    /// Counts the words of a text.
    fn count(&mut self, text: &str, words: &[Often]) {
        for Often { hash, n, at } in words {
            let (sum, _) = self.words.entry(*hash).or_insert_with(|| {
                let word = text.get(at.start as usize..at.end as usize);
                let head = word.unwrap_or_default().chars().take(MAX_STOP_CHARS);
                (0, head.collect())
            });
            *sum += n;
        }
        if self.words.len() > MAX_WORDS {
            // Lossy counting (Manku, Motwani 2002): a word this rare is no stop word.
            let few = self.n_words / MAX_WORDS as u64 + 1;
            self.words.retain(|_, (n, _)| *n > few);
        }
    }

    fn stop_words(&self) -> Vec<String> {
        let mut words: Vec<&(u64, String)> = self
            .words
            .values()
            .filter(|(_, word)| !word.chars().all(|c| c == '\'' || c == '’'))
            .collect();
        words.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
        let enough = STOP_SHARE * self.n_words as f64;
        let often = words
            .iter()
            .take_while(|(n, _)| *n as f64 >= enough)
            .count();
        let n = often.clamp(*STOP_WORDS.start(), *STOP_WORDS.end());
        words
            .into_iter()
            .take(n)
            .map(|(_, word)| word.clone())
            .collect()
    }
}

/// The rules found, as a file that [`super::RuleBook::load`] reads.
pub fn rules_file(found: &[Calibrated], plan: &Plan) -> Value {
    let told = format!(
        "thresholds from reference text: a tail of {} or the spread of English, from at most {} \
         texts a language",
        plan.tail, plan.max_texts
    );
    let mut file = Map::new();
    file.insert("comment".into(), told.into());
    for lang in found.iter().filter(|lang| lang.n_sampled > 0) {
        let mut table = Map::new();
        for (key, value) in &lang.thresholds {
            table.insert((*key).into(), (*value).into());
        }
        table.insert("stop_words".into(), lang.stop_words.clone().into());
        if let Some(scale) = lang.wds {
            table.insert("wds".into(), json!(scale));
        }
        file.insert(lang.lang.clone(), table.into());
    }
    file.into()
}

#[cfg(test)]
mod tests {
    use super::super::RuleBook;
    use super::*;

    fn text(i: usize) -> String {
        let sentence = |j: usize| {
            format!(
                "Der Wert {j} ist an dem Tag und der Nacht so gut wie an dem Ort {}.",
                i * j
            )
        };
        let lines: Vec<String> = (0..12 + i % 7).map(sentence).collect();
        lines.join(if i.is_multiple_of(3) { "\n" } else { " " })
    }

    fn found(order: impl Iterator<Item = usize>, plan: Plan) -> Vec<Calibrated> {
        let (mut calibrator, mut meter) = (Calibrator::new(plan), Meter::new());
        let mut add = |lang: &str, id: &str, text: &str| {
            let reading = Reading::of(Lang::find(lang).unwrap(), id, text, &mut meter);
            reading.map(|reading| calibrator.add(text, reading))
        };
        for i in order {
            add("de", &format!("t{i}"), &text(i));
            assert!(add("fr", "short", "trop court").is_none());
        }
        add("it", "one", &text(1).replace("Wert", "valore"));
        calibrator.finish()
    }

    #[test]
    fn thresholds_are_the_same_in_any_order_and_a_file_of_rules() {
        let plan = Plan {
            max_texts: 60,
            min_texts: 50,
            ..Plan::default()
        };
        let one = found(0..200, plan);
        assert_eq!(one, found((0..200).rev(), plan));
        let codes: Vec<(&str, u64)> = one.iter().map(|l| (l.lang.as_str(), l.n_sampled)).collect();
        assert_eq!(codes, [("deu_Latn", 60), ("ita_Latn", 0)]);
        let german = one.first().unwrap();
        assert!(german.stop_words.iter().any(|w| w == "dem") && german.stop_words.len() >= 8);
        let file = serde_json::to_vec(&rules_file(&one, &plan)).unwrap();
        let book = RuleBook::parse(&file, true).unwrap();
        let rules = book.of(Lang::find("de").unwrap());
        assert_eq!(
            rules.threshold("min_line_punctuation"),
            Some(german.thresholds["min_line_punctuation"])
        );
        assert_eq!(Some(rules.wds), german.wds);
        assert_eq!(
            book.of(Lang::find("it").unwrap()),
            Rules::of(Lang::find("it").unwrap())
        );
    }

    #[test]
    fn a_tail_leaves_its_share_and_a_spread_lies_beyond_the_mean() {
        let column: Vec<f64> = (0..=100).map(f64::from).collect();
        let columns = vec![column; N_COLUMNS];
        let found = thresholds(&columns, &[2.0; TARGETS.len()], 0.1);
        assert_eq!(found["max_new_line_ratio"], 90.0);
        assert_eq!(found["min_line_punctuation"], 10.0);
        assert!((found["max_dup_lines"] - (50.0 + 2.0 * 29.155)).abs() < 0.01);
    }

    #[test]
    fn without_english_a_least_lies_below_the_mean_and_a_most_above() {
        let column: Vec<f64> = (40..=60).map(f64::from).collect();
        let columns = vec![column; N_COLUMNS];
        let found = thresholds(&columns, &deviations(None), 0.1);
        let reach = 3.0 * spread(&columns[0]).1;
        assert!((found["min_mean_word"] - (50.0 - reach)).abs() < 1e-3);
        assert!((found["max_mean_word"] - (50.0 + reach)).abs() < 1e-3);
        // English that says nothing (all its texts alike), or says it of the wrong side.
        let alike = vec![vec![5.0; 20]; N_COLUMNS];
        let english = Rules::of(Lang::find("en").unwrap());
        for columns in [&alike, &columns] {
            let found = deviations(Some((english, columns)));
            let at = |key| TARGETS.iter().position(|(k, _)| *k == key).unwrap();
            assert!(found[at("min_mean_word")] < 0.0 && found[at("max_mean_word")] > 0.0);
        }
    }

    #[test]
    fn words_are_counted_once_for_all_their_places() {
        let text = "la pluja, l'aigua i la pluja";
        let told = words(text).into_iter().map(|word| {
            let at = word.at.start as usize..word.at.end as usize;
            (&text[at], word.n)
        });
        let expected = [("la", 2), ("pluja", 2), ("l'aigua", 1), ("i", 1)];
        assert_eq!(told.collect::<Vec<_>>(), expected);
    }
}
