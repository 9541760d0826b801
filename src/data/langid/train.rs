//! Labelled text → the bytes of a model.
//!
//! For each script: cut the text into segments, choose n-grams, learn weights by logistic
//! regression on excerpts of all lengths, throw out segments that the weights say are in
//! another language (untranslated English, mostly), keep the n-grams that matter, learn again,
//! round to bytes, and fit the probabilities on segments set aside. Every language is shown
//! equally often, whatever the amount of its text.

use std::collections::{BTreeMap, HashSet};

use super::corpus::{CLOSE_WORDS, Sample, letters_hash};
use super::draw::Rng;
use super::features::{Grain, Script, words};
use super::finish::{FINE_FIT_SHARE, FIT_VISITS, fit, quantise};
use super::learn::{Lesson, candidates};
use super::model::{self, BLOCK, MAX_BLOCKS};
use super::yat;
use crate::lang::Lang;

/// How a model is trained.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainPlan {
    /// Seed of every random choice.
    pub seed: u64,
    /// Excerpts of each language shown in one pass.
    pub visits: usize,
    /// Passes over all n-grams, before choosing.
    pub wide_passes: usize,
    /// Passes over the chosen n-grams.
    pub narrow_passes: usize,
    /// n-grams kept for each language; their number is rounded to a power of two.
    pub rows_per_label: usize,
    /// The same for the languages of a close group.
    pub fine_rows_per_label: usize,
    /// The same as `visits`, for these.
    pub fine_visits: usize,
    /// Hashes of texts that must not be trained on; see [`read_gold`](super::read_gold).
    pub exclude: HashSet<u64>,
}

impl Default for TrainPlan {
    fn default() -> Self {
        TrainPlan {
            seed: 1,
            visits: 9_000,
            wide_passes: 3,
            narrow_passes: 4,
            rows_per_label: 3000,
            fine_rows_per_label: 20_000,
            fine_visits: 18_000,
            exclude: HashSet::new(),
        }
    }
}

impl TrainPlan {
    fn visits_of(&self, grain: Grain) -> usize {
        match grain {
            Grain::Coarse => self.visits,
            Grain::Fine => self.fine_visits,
        }
    }
}

/// Segments end at the first space after this many bytes.
const SEGMENT_BYTES: usize = 400;
/// Fewest letters of a segment.
const LEAST_LETTERS: usize = 15;
/// One segment in this many is set aside to fit probabilities on.
const HELD_OUT: u64 = 16;
/// Shortest and longest excerpt of a segment that is shown, in words; drawn evenly on a
/// logarithmic scale.
const EXCERPT_WORDS: (f64, f64) = (3.0, 50.0);

/// Segments by source.
pub(super) type Sources = BTreeMap<String, Vec<String>>;

/// The segments of one label.
#[derive(Debug, Clone, Default)]
pub(super) struct Shelf {
    pub sources: Sources,
    pub held_out: Sources,
    seen: HashSet<u64>,
}

/// The segments of one script, by label.
pub(super) type Shelves = BTreeMap<String, Shelf>;

/// Trains a model for [`Identifier`](super::Identifier) on labelled texts.
///
/// Labels outside the table become labels of the model that are never named. The same samples
/// in the same order and the same plan give the same bytes.
pub fn train(samples: impl IntoIterator<Item = Sample>, plan: &TrainPlan) -> Vec<u8> {
    let mut by_script: BTreeMap<Script, Shelves> = BTreeMap::new();
    for sample in samples {
        for line in sample.text.lines() {
            for segment in segments(line) {
                place(&sample, segment, plan, &mut by_script);
            }
        }
    }
    by_script.retain(|_, shelves| shelves.len() > 1);
    let mut sections = Vec::new();
    for (script, mut shelves) in by_script {
        let groups = group_sections(script, shelves.clone(), plan);
        sections.push(section(script, &mut shelves, plan));
        sections.extend(groups);
    }
    model::write(&sections)
}

/// Puts a segment on the shelf of its script and label, if it has one and was not there.
fn place(sample: &Sample, text: &str, plan: &TrainPlan, to: &mut BTreeMap<Script, Shelves>) {
    let hash = letters_hash(text);
    let Some(script) = script_of(text) else {
        return;
    };
    if plan.exclude.contains(&hash) {
        return;
    }
    let mut put = |script: Script, label: String, source: String, text: String| {
        let shelf = to.entry(script).or_default().entry(label).or_default();
        if shelf.seen.insert(hash) {
            let held_out = hash.is_multiple_of(HELD_OUT);
            let sources = if held_out {
                &mut shelf.held_out
            } else {
                &mut shelf.sources
            };
            sources.entry(source).or_default().push(text);
        }
    };
    let Some(known) = Lang::find(&sample.code) else {
        return put(
            script,
            sample.code.clone(),
            sample.source.clone(),
            text.into(),
        );
    };
    let rows = || Lang::all().iter().filter(|l| l.iso1 == known.iso1);
    if !rows().any(|row| row.script() == script.code()) {
        return;
    }
    for row in rows() {
        if row.script() == script.code() {
            put(script, row.code.clone(), sample.source.clone(), text.into());
        } else if script == Script::Cyrillic {
            // A language in two scripts: what is written in one is also read in the other.
            let source = format!("{}{IN_LATIN}", sample.source);
            put(
                Script::Latin,
                row.code.clone(),
                source,
                in_latin_letters(text),
            );
        }
    }
}

/// Serbian Cyrillic in Gaj's Latin alphabet, letter by letter.
fn in_latin_letters(text: &str) -> String {
    const CYRILLIC: &str = "абвгдђежзијклљмнњопрстћуфхцчџш";
    const LATIN: [&str; 30] = [
        "a", "b", "v", "g", "d", "đ", "e", "ž", "z", "i", "j", "k", "l", "lj", "m", "n", "nj", "o",
        "p", "r", "s", "t", "ć", "u", "f", "h", "c", "č", "dž", "š",
    ];
    let mut latin = String::with_capacity(text.len());
    for c in text.to_lowercase().chars() {
        match CYRILLIC.chars().position(|known| known == c) {
            Some(at) => latin.push_str(LATIN[at]),
            None => latin.push(c),
        }
    }
    latin
}

/// A line in parts of about [`SEGMENT_BYTES`], cut at spaces.
fn segments(line: &str) -> impl Iterator<Item = &str> {
    let mut rest = line;
    std::iter::from_fn(move || {
        let from = rest.floor_char_boundary(SEGMENT_BYTES);
        let cut = rest[from..].find(' ').map_or(rest.len(), |at| from + at);
        let (head, tail) = rest.split_at(cut);
        rest = tail.trim_start();
        (!head.is_empty()).then_some(head)
    })
}

/// The script four in five letters of a text are in, if there are enough of them.
fn script_of(text: &str) -> Option<Script> {
    let mut counts = [0; 5];
    words(text, |script, word| {
        counts[script as usize] += word.len() - 2
    });
    let all: usize = counts.iter().sum();
    Script::KNOWN
        .into_iter()
        .find(|&s| counts[s as usize] >= LEAST_LETTERS && counts[s as usize] * 5 >= all * 4)
}

/// Hashes of the features of an excerpt of a segment.
pub(super) fn excerpt(
    text: &str,
    (script, grain): (Script, Grain),
    rng: &mut Rng,
    into: &mut Vec<u64>,
) {
    into.clear();
    let n_words = text.split(' ').count();
    let (least, most) = EXCERPT_WORDS;
    let len = (least * (most / least).powf(rng.unit())) as usize;
    let start = rng.below(n_words.saturating_sub(len) + 1);
    let mut spaces = text.match_indices(' ').map(|(at, _)| at + 1);
    let from = if start == 0 {
        0
    } else {
        spaces.nth(start - 1).unwrap_or(0)
    };
    let to = spaces.nth(len - 1).unwrap_or(text.len());
    let mut before = 0;
    words(&text[from..to], |of, word| {
        if of == script {
            before = grain.features(word, before, into);
        }
    });
}

/// Learns to tell apart all labels of a script, and throws out what is in another language.
fn section(script: Script, shelves: &mut Shelves, plan: &TrainPlan) -> model::Section {
    for shelf in shelves.values_mut() {
        shelf.sources.remove(CLOSE_WORDS);
        shelf.held_out.remove(CLOSE_WORDS);
    }
    let rng = Rng::new(plan.seed ^ (script as u64) << 32);
    let wide = wide(shelves, (script, Grain::Coarse), plan, &rng);
    wide.clean(shelves, script);
    narrow(&wide, shelves, (script, Grain::Coarse), plan, &rng)
}

/// Learns to tell apart the languages of each group of close ones.
fn group_sections(script: Script, shelves: Shelves, plan: &TrainPlan) -> Vec<model::Section> {
    let mut rest = shelves;
    let mut sections = Vec::new();
    for lang in Lang::all() {
        let named = CLOSE
            .iter()
            .find(|group| group.contains(&lang.code.as_str()));
        let is_close = |label: &str| {
            label == lang.code
                || lang.close.iter().any(|c| c == label)
                || named.is_some_and(|group| group.contains(&label))
        };
        let labels: Vec<String> = rest.keys().filter(|l| is_close(l)).cloned().collect();
        let mut group: Shelves = labels
            .into_iter()
            .filter_map(|label| rest.remove_entry(&label))
            .collect();
        if group.len() < 2 {
            continue;
        }
        yat::fill(&mut group);
        keep_common(&mut group);
        let kind = (script, Grain::Fine);
        let rng = Rng::new(plan.seed ^ (script as u64) << 32 ^ (1 + lang.index() as u64) << 40);
        let wide = wide(&group, kind, plan, &rng);
        sections.push(narrow(&wide, &group, kind, plan, &rng));
    }
    sections
}

/// Languages a sentence is easily mistaken between, beside those that the table calls close.
const CLOSE: [&[&str]; 2] = [
    &["ces_Latn", "slk_Latn"],
    &["glg_Latn", "por_Latn", "spa_Latn"],
];

/// Marks a source that was written in other letters.
const IN_LATIN: &str = " in Latin letters";

/// Leaves only the sources that all languages of a group have: what only one has, say the news,
/// would teach that news are in that language.
fn keep_common(group: &mut Shelves) {
    let name = |source: &String| {
        let written = source.trim_end_matches(IN_LATIN);
        written.trim_end_matches("-latin").to_string()
    };
    let names = |shelf: &Shelf| shelf.sources.keys().map(name).collect::<HashSet<String>>();
    let Some(common) = group.values().map(names).reduce(|a, b| &a & &b) else {
        return;
    };
    for shelf in group.values_mut() {
        shelf
            .sources
            .retain(|source, _| common.contains(&name(source)));
        shelf
            .held_out
            .retain(|source, _| common.contains(&name(source)));
    }
}

/// Learns all n-grams that are seen often enough.
fn wide(shelves: &Shelves, kind: (Script, Grain), plan: &TrainPlan, rng: &Rng) -> Lesson {
    assert!(
        shelves.len() <= BLOCK * MAX_BLOCKS,
        "more labels than a row has lanes"
    );
    let visits = plan.visits_of(kind.1);
    let index = candidates(shelves, kind, visits, rng.child(0));
    let mut wide = Lesson::new(index, shelves.len());
    for pass in 0..plan.wide_passes {
        let pace = 1.0 - pass as f32 / plan.wide_passes as f32;
        let rng = rng.child(1 + pass as u64);
        wide.pass(shelves, kind, visits, pace, rng);
    }
    wide
}

/// Keeps the n-grams that matter and learns these again.
fn narrow(
    wide: &Lesson,
    shelves: &Shelves,
    kind: (Script, Grain),
    plan: &TrainPlan,
    rng: &Rng,
) -> model::Section {
    let rows = match kind.1 {
        Grain::Coarse => plan.rows_per_label,
        Grain::Fine => plan.fine_rows_per_label,
    };
    let slots = (rows * shelves.len()) as f64 / model::WAYS as f64;
    let bits = (slots.log2().round() as u32).clamp(8, 20);
    let mut narrow = wide.narrowed(bits);
    for pass in 0..plan.narrow_passes {
        let pace = 1.0 - pass as f32 / plan.narrow_passes as f32;
        let rng = rng.child(100 + pass as u64);
        narrow.pass(shelves, kind, plan.visits_of(kind.1), pace, rng);
    }
    let mut section = quantise(&narrow, kind, shelves.keys().cloned().collect(), bits);
    let visits = match kind.1 {
        Grain::Coarse => FIT_VISITS,
        Grain::Fine => plan.fine_visits / FINE_FIT_SHARE,
    };
    fit(&mut section, shelves, visits, rng.child(200));
    section
}
