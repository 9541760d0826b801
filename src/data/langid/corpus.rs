//! Labelled text for training: folders of records, and gold files whose sentences to leave out.

use std::collections::HashSet;
use std::path::Path;

use serde::Deserialize;

use super::draw::Rng;
use crate::disk::{self, Source};
use crate::lang::Lang;

/// A labelled text.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// A code [`Lang::find`](crate::lang::Lang::find) knows, or any other name for a language
    /// outside the table.
    pub code: String,
    /// Where it is from: training draws evenly on the sources of a language.
    pub source: String,
    /// The text; a line is a paragraph.
    pub text: String,
}

#[derive(Deserialize)]
struct Record {
    #[serde(default)]
    id: String,
    lang: String,
    #[serde(default)]
    source: String,
    text: String,
}

impl Record {
    /// The label, or the id where that is the code of a language close to it: the Universal
    /// Declaration in Nynorsk has the id `nno` and the label `no`.
    fn code(&self) -> &str {
        let labelled = Lang::find(&self.lang);
        let named = Lang::find(&self.id)
            .filter(|named| labelled.is_some_and(|labelled| named.close.contains(&labelled.code)));
        if named.is_some() {
            &self.id
        } else {
            &self.lang
        }
    }
}

/// Lines drawn from a list of words, and words in each.
const DRAWN: (usize, usize) = (16_000, 8);
/// Source of the words that tell close languages apart; shown to nothing else.
pub(super) const CLOSE_WORDS: &str = "close words";
/// Lines drawn from a list of words of close languages.
const DRAWN_CLOSE: usize = 4_000;
/// A word is drawn in proportion to its count to this power: rarer words are shown more often
/// than in running text, since there is no other text that would show them.
const DRAWN_POWER: f64 = 0.75;

/// Calls `each` with the labelled texts of a file or, in the order of their paths, of all files
/// of a folder. Five kinds of file are read, the others passed over:
///
/// - `*.jsonl`, also compressed: records with `lang`, `source` and `text`;
/// - `train.tsv`: a head line, the text in the last column; its folder names the language and
///   the folder above the source;
/// - `hr_set-ud-dev.conllu`: a treebank of Universal Dependencies, the texts of its sentences;
/// - `hr_50k.txt`: words with their counts, from which lines of words are drawn;
/// - `close.tsv`: a head line of codes, then what each of these close languages says for one
///   thing, from which lines of words are drawn likewise.
///
/// Gives how many records could not be read.
///
/// # Errors
/// When a folder or file cannot be read.
pub fn read_samples(path: &Path, mut each: impl FnMut(Sample)) -> disk::Result<u64> {
    let mut n_bad = 0;
    for file in disk::walk(path)? {
        let name = |up: usize| {
            let part = file.ancestors().nth(up).and_then(Path::file_name);
            part.map_or_else(String::new, |n| n.to_string_lossy().into_owned())
        };
        let (own, folder) = (name(0), name(1));
        let code = own.split('_').next().unwrap_or_default();
        let mut put = |code: &str, source: &str, text: &str| {
            let (code, source, text) = (code.into(), source.into(), text.into());
            each(Sample { code, source, text });
        };
        n_bad += if own.contains(".jsonl") {
            lines(&file, 0, |line| {
                let record: Record = serde_json::from_slice(line).ok()?;
                put(record.code(), &record.source, &record.text);
                Some(())
            })?
        } else if own == "train.tsv" {
            lines(&file, 1, |line| {
                let text = str::from_utf8(line).ok()?.rsplit('\t').next()?;
                put(&folder, &name(2), text);
                Some(())
            })?
        } else if own.ends_with(".conllu") {
            lines(&file, 0, |line| {
                if let Some(text) = line.strip_prefix(b"# text = ") {
                    put(code, "treebank", str::from_utf8(text).ok()?);
                }
                Some(())
            })?
        } else if own.ends_with("_50k.txt") {
            let mut words = Vec::new();
            let n_bad = lines(&file, 0, |line| {
                let (word, count) = str::from_utf8(line).ok()?.rsplit_once(' ')?;
                words.push((word.to_string(), count.parse().ok()?));
                Some(())
            })?;
            put(code, "words", &drawn(&words, DRAWN.0));
            n_bad
        } else if own.ends_with("close.tsv") {
            let mut columns: Vec<(String, Vec<(String, u32)>)> = Vec::new();
            let n_bad = lines(&file, 0, |line| {
                let cells: Vec<&str> = str::from_utf8(line).ok()?.split('\t').collect();
                if columns.is_empty() {
                    columns = cells
                        .iter()
                        .map(|code| (code.to_string(), vec![]))
                        .collect();
                    return Some(());
                }
                for ((_, words), cell) in columns.iter_mut().zip(cells) {
                    words.extend(cell.split(' ').map(|word| (word.to_string(), 1)));
                }
                Some(())
            })?;
            for (code, words) in columns {
                put(&code, CLOSE_WORDS, &drawn(&words, DRAWN_CLOSE));
            }
            n_bad
        } else {
            0
        };
    }
    Ok(n_bad)
}

/// Lines of words drawn by their counts, the same for the same list.
fn drawn(words: &[(String, u32)], n_lines: usize) -> String {
    let mut rng = Rng::new(xxhash_rust::xxh3::xxh3_64(format!("{words:?}").as_bytes()));
    let mut sum = 0.0;
    let upto: Vec<f64> = words
        .iter()
        .map(|(_, count)| {
            sum += f64::from(*count).powf(DRAWN_POWER);
            sum
        })
        .collect();
    let mut text = String::new();
    let n_lines = if words.is_empty() { 0 } else { n_lines };
    for _ in 0..n_lines {
        for _ in 0..DRAWN.1 {
            let at = rng.unit() * sum;
            let word = upto.partition_point(|&u| u <= at).min(words.len() - 1);
            text.push_str(&words[word].0);
            text.push(' ');
        }
        text.push('\n');
    }
    text
}

/// The letters of every text of gold files (`code`, tab, text; or only text), hashed: what
/// training must not have seen.
///
/// # Errors
/// When a file cannot be read.
pub fn read_gold(path: &Path, into: &mut HashSet<u64>) -> disk::Result<()> {
    for file in disk::walk(path)? {
        lines(&file, 0, |line| {
            let text = str::from_utf8(line).ok()?;
            into.insert(letters_hash(
                text.split_once('\t').map_or(text, |(_, text)| text),
            ));
            Some(())
        })?;
    }
    Ok(())
}

/// Hash of the letters of a text, case and all else aside.
pub(super) fn letters_hash(text: &str) -> u64 {
    let letters: String = text.chars().filter(|c| c.is_alphabetic()).collect();
    xxhash_rust::xxh3::xxh3_64(letters.to_lowercase().as_bytes())
}

/// Calls `each` with every line after the first `skip`; gives how many it did not accept.
fn lines(file: &Path, skip: u64, mut each: impl FnMut(&[u8]) -> Option<()>) -> disk::Result<u64> {
    let mut source = Source::open(file)?;
    let mut line = Vec::new();
    let mut n_bad = 0;
    while source.read_line(&mut line)? {
        if source.line() > skip && !line.is_empty() {
            n_bad += u64::from(each(&line).is_none());
        }
    }
    Ok(n_bad)
}
