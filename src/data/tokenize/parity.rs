//! Parity: what each language pays, in tokens, to say the same thing.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::data::error::Result;
use crate::data::record::Record;
use crate::lang::Lang;
use crate::vocab::Vocab;

/// The language all others are compared with, if it is there: a yardstick, and the one every
/// published table of this kind uses.
pub const REFERENCE: &str = "eng_Latn";

/// `parity.json`: one row a language, the one that pays most first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Parity {
    /// `parity/1`.
    pub schema: String,
    /// Code of the language the others are compared with; none without parallel text.
    pub reference: Option<String>,
    /// Rows, worst first.
    pub rows: Vec<ParityRow>,
}

/// What one language pays.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ParityRow {
    /// Code of the language.
    pub lang: String,
    /// Tokens over those the reference needs for the same texts.
    pub ratio: Option<f64>,
    /// Texts compared with the reference.
    pub n_parallel: u64,
    /// Tokens of the texts compared with the reference; of all texts without one.
    #[serde(default)]
    pub n_tokens: u64,
    /// Tokens a word, where words are separated by white space.
    pub tokens_per_word: f64,
    /// Bytes of UTF-8 a token.
    pub bytes_per_token: f64,
}

impl Parity {
    /// Premium of the languages `chosen`: how many have one, its mean, and the worst.
    pub fn premium(&self, chosen: &[&Lang]) -> Option<Premium> {
        let rows = self.rows_of(chosen);
        let paid: Vec<(f64, &ParityRow)> = rows.filter_map(|row| Some((row.ratio?, row))).collect();
        let (worst, row) = paid.iter().max_by(|a, b| a.0.total_cmp(&b.0))?;
        Some(Premium {
            n_langs: paid.len(),
            mean: paid.iter().map(|(ratio, _)| ratio).sum::<f64>() / paid.len() as f64,
            worst: *worst,
            worst_lang: row.lang.clone(),
            n_tokens: paid.iter().map(|(_, row)| row.n_tokens).sum(),
        })
    }

    /// Rows of the languages `chosen` that pay more than `most` times the reference, worst first.
    pub fn above(&self, most: f64, chosen: &[&Lang]) -> Vec<&ParityRow> {
        let rows = self.rows_of(chosen);
        rows.filter(|row| row.ratio.is_some_and(|ratio| ratio > most))
            .collect()
    }

    fn rows_of(&self, chosen: &[&Lang]) -> impl Iterator<Item = &ParityRow> {
        let rows = self.rows.iter();
        rows.filter(|row| chosen.iter().any(|lang| lang.code == row.lang))
    }
}

/// What a set of languages pays over the reference.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Premium {
    /// Languages measured.
    pub n_langs: usize,
    /// Mean of their ratios.
    pub mean: f64,
    /// The greatest ratio.
    pub worst: f64,
    /// Code of the language that pays it.
    pub worst_lang: String,
    /// Tokens of all of them for the parallel texts.
    pub n_tokens: u64,
}

/// Two vocabularies side by side on the same parallel texts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// `parity-comparison/1`.
    pub schema: String,
    /// A language, its ratio in the first and in the second vocabulary, and its tokens in the
    /// second over those in the first; worst in the first one first.
    pub rows: Vec<(String, Option<f64>, Option<f64>, f64)>,
    /// Tokens of all languages in the second over those in the first.
    pub tokens: f64,
}

/// Puts two tables of the same texts side by side; languages that only one has are left out.
pub fn compare(first: &Parity, second: &Parity) -> Comparison {
    let over = |own: u64, other: u64| own as f64 / other.max(1) as f64;
    let (mut rows, mut tokens) = (Vec::new(), (0, 0));
    for row in &first.rows {
        let Some(other) = second.rows.iter().find(|other| other.lang == row.lang) else {
            continue;
        };
        tokens = (tokens.0 + row.n_tokens, tokens.1 + other.n_tokens);
        let tokens = over(other.n_tokens, row.n_tokens);
        rows.push((row.lang.clone(), row.ratio, other.ratio, tokens));
    }
    Comparison {
        schema: "parity-comparison/1".into(),
        rows,
        tokens: over(tokens.1, tokens.0),
    }
}

/// What a text is compared with: the text of this key in the reference.
type Key<'a> = (&'a str, usize);

#[derive(Default, Clone, Copy)]
struct Cost {
    tokens: u64,
    words: u64,
    bytes: u64,
}

/// Measures `vocab` on `records`. With `parallel`, records that share an id say the same thing;
/// if no id is shared between languages, records at the same position do.
///
/// # Errors
/// When a text cannot be encoded.
pub fn parity(vocab: &Vocab, records: &[Record], parallel: bool) -> Result<Parity> {
    let costs = records.par_iter().map(|r| cost(vocab, &r.text));
    let costs: Vec<Cost> = costs.collect::<Result<_>>()?;
    let mut langs: BTreeMap<usize, BTreeMap<Key, Cost>> = BTreeMap::new();
    let by_id = parallel && shares_ids(records);
    for (record, cost) in records.iter().zip(&costs) {
        let Some(lang) = record.lang else { continue };
        let texts = langs.entry(lang.index()).or_default();
        let key = if by_id {
            (record.id.as_str(), 0)
        } else {
            ("", texts.len())
        };
        texts.insert(key, *cost);
    }
    let reference = langs
        .iter()
        .find(|(lang, _)| Lang::all()[**lang].code == REFERENCE)
        .or(langs.iter().next())
        .filter(|_| parallel)
        .map(|(lang, texts)| (*lang, texts.clone()));
    let row = |(lang, texts): (&usize, &BTreeMap<Key, Cost>)| {
        let all = texts.values().fold(Cost::default(), |a, b| a.plus(b));
        let (mut own, mut theirs, mut n_parallel) = (0, 0, 0);
        let others = reference.as_ref().map(|(_, texts)| texts);
        for (key, cost) in texts {
            if let Some(other) = others.and_then(|texts| texts.get(key)) {
                own += cost.tokens;
                theirs += other.tokens;
                n_parallel += 1;
            }
        }
        ParityRow {
            lang: Lang::all()[*lang].code.clone(),
            ratio: (theirs > 0).then(|| own as f64 / theirs as f64),
            n_parallel,
            n_tokens: if n_parallel > 0 { own } else { all.tokens },
            tokens_per_word: all.tokens as f64 / all.words.max(1) as f64,
            bytes_per_token: all.bytes as f64 / all.tokens.max(1) as f64,
        }
    };
    let mut rows: Vec<ParityRow> = langs.iter().map(row).collect();
    let badness = |row: &ParityRow| row.ratio.unwrap_or(row.tokens_per_word);
    rows.sort_by(|a, b| badness(b).total_cmp(&badness(a)).then(a.lang.cmp(&b.lang)));
    Ok(Parity {
        schema: "parity/1".into(),
        reference: reference.map(|(lang, _)| Lang::all()[lang].code.clone()),
        rows,
    })
}

/// True when some id occurs in two languages.
fn shares_ids(records: &[Record]) -> bool {
    let mut seen: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    records.iter().any(|record| {
        let langs = seen.entry(&record.id).or_default();
        langs.insert(record.code());
        langs.len() > 1
    })
}

fn cost(vocab: &Vocab, text: &str) -> Result<Cost> {
    Ok(Cost {
        tokens: vocab.encode(text)?.len() as u64,
        words: text.split_whitespace().count() as u64,
        bytes: text.len() as u64,
    })
}

impl Cost {
    fn plus(self, other: &Cost) -> Cost {
        Cost {
            tokens: self.tokens + other.tokens,
            words: self.words + other.words,
            bytes: self.bytes + other.bytes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::corpus;
    use crate::data::tokenize::{MIN_VOCAB, train};

    /// One token a byte.
    fn bytes() -> Vocab {
        Vocab::from_tokenizer(train(&[], MIN_VOCAB, 1.0).unwrap()).unwrap()
    }

    #[test]
    fn a_vocabulary_of_bytes_costs_what_utf8_costs() {
        let records: Vec<Record> = corpus::records().collect();
        let parity = parity(&bytes(), &records, true).unwrap();
        assert_eq!(parity.reference.as_deref(), Some(REFERENCE));
        assert_eq!(parity.rows.len(), Lang::all().len());
        assert_eq!(parity.rows[0].lang, "kat_Geor", "three bytes a letter");
        let english = parity.rows.iter().find(|r| r.lang == REFERENCE).unwrap();
        assert_eq!(
            (english.ratio, english.n_parallel, english.bytes_per_token),
            (Some(1.0), 31, 1.0)
        );
        assert!(parity.rows.is_sorted_by(|a, b| a.ratio >= b.ratio));
    }

    #[test]
    fn texts_without_shared_ids_are_compared_by_position() {
        let text = |id: &str, lang: &str, text: &str| {
            let mut record = Record::new(id, text);
            record.lang = Lang::find(lang);
            record
        };
        let records = [
            text("1", "en", "abcd"),
            text("2", "fi", "abcdef"),
            text("3", "fi", "abcdefghi"),
        ];
        let paired = parity(&bytes(), &records, true).unwrap();
        assert_eq!(
            (paired.rows[0].lang.as_str(), paired.rows[0].ratio),
            ("fin_Latn", Some(1.5))
        );
        assert_eq!(paired.rows[0].n_parallel, 1);
        let alone = parity(&bytes(), &records, false).unwrap();
        assert_eq!((alone.reference, alone.rows[0].ratio), (None, None));
    }

    #[test]
    fn premiums_are_summed_up_and_gated_for_the_languages_chosen() {
        let records: Vec<Record> = corpus::records().collect();
        let parity = parity(&bytes(), &records, true).unwrap();
        let eu24 = Lang::select(&["eu24"]).unwrap();
        let premium = parity.premium(&eu24).unwrap();
        assert_eq!(
            (premium.n_langs, premium.worst_lang.as_str()),
            (24, "ell_Grek")
        );
        assert!(premium.mean > 1.0 && premium.mean < premium.worst);
        let above = parity.above(premium.worst, &Lang::select(&["europe"]).unwrap());
        assert_eq!(above[0].lang, "kat_Geor");
        assert!(parity.above(premium.worst, &eu24).is_empty());
        assert!(parity.premium(&[]).is_none());
    }

    #[test]
    fn two_vocabularies_stand_side_by_side() {
        let records: Vec<Record> = corpus::records().collect();
        let texts: Vec<&str> = records.iter().map(|r| r.text.as_str()).collect();
        let trained = Vocab::from_tokenizer(train(&[texts], 2000, 1.0).unwrap()).unwrap();
        let (bytes, trained) = (
            parity(&bytes(), &records, true).unwrap(),
            parity(&trained, &records, true).unwrap(),
        );
        let both = compare(&bytes, &trained);
        assert_eq!(both.rows.len(), Lang::all().len());
        assert!(both.rows.iter().all(|row| row.3 < 1.0) && both.tokens < 0.7);
        assert_eq!(compare(&bytes, &bytes).tokens, 1.0);
    }
}
