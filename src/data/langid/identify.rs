//! Text → languages with probabilities, best first.

use std::sync::LazyLock;

use super::features::{Grain, MOST_FEATURES, Script, coarse, words};
use super::model::{self, Section, Tally};
use super::windows::{self, Windows};
use crate::lang::Lang;

/// Guesses less likely than this are not reported.
const LEAST_PROB: f32 = 0.001;
/// A Latin letter counts this much beside letters of other scripts: names, brands and code are
/// Latin everywhere, the opposite is rare.
const LATIN_AMONG_OTHERS: f32 = 0.5;
/// Reading stops where the best label leads every label that is not close to it by this many
/// units of log-odds,
const DECIDED: f32 = 14.0;
/// by these where it is the language expected,
const DECIDED_AS_EXPECTED: f32 = 5.0;
/// and one script has this share of the letters.
const DECIDED_SHARE: f32 = 0.8;
/// Letters of a script that only one language is written in that are enough.
const ENOUGH_LETTERS: f32 = 60.0;
/// A group of close languages is told apart where together they have this probability,
const GROUP_PROB: f32 = 0.05;
/// and, where even the table does not call them close, none of them has this share of it.
const SETTLED: f32 = 0.99;

/// A language a text may be in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Guess {
    /// The language.
    pub lang: &'static Lang,
    /// How likely it is, 0 to 1.
    pub prob: f32,
}

/// The languages `text` may be in, best first, by the built-in model.
///
/// Probabilities are calibrated; what is missing to 1 is some other language or none. A text
/// without letters of a known script gives nothing. Not all of a text is read: windows of some
/// 64 bytes, spread evenly over it, until one language leads beyond doubt, and 4 KiB at most.
pub fn identify(text: &str) -> Vec<Guess> {
    built_in().identify(text)
}

/// The model in the program, read when it is first asked.
pub(super) fn built_in() -> &'static Identifier {
    static BUILT_IN: LazyLock<Identifier> = LazyLock::new(|| {
        Identifier::from_bytes(include_bytes!("../../../assets/langid.bin"))
            .expect("the embedded model is checked by a test")
    });
    &BUILT_IN
}

/// How likely a text is in `lang` or a language easily confused with it (`Lang::close`): what to
/// ask where Bosnian, Croatian and Serbian should stand or fall together.
pub fn with_close(guesses: &[Guess], lang: &Lang) -> f32 {
    let close = |g: &&Guess| g.lang == lang || lang.close.contains(&g.lang.code);
    guesses.iter().filter(close).map(|g| g.prob).sum()
}

/// A model ready for use.
#[derive(Debug)]
pub struct Identifier {
    sections: Vec<Section>,
    /// For each section, what language of the table each label is.
    langs: Vec<Vec<Option<&'static Lang>>>,
    /// For each section, the number of each label's group of close languages.
    groups: Vec<Vec<usize>>,
    /// For each script, whether there are languages to tell apart by its words.
    has_coarse: [bool; 5],
}

/// What was read of a text so far.
#[derive(Debug, Clone)]
pub(super) struct Heard {
    letters: [f32; 5],
    /// One a section.
    tallies: Vec<Tally>,
    /// Features of the window that is read, by script.
    hashes: [Vec<u64>; 5],
}

impl Identifier {
    /// Reads what [`train`](super::train) wrote; none if the bytes are not a model.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let sections = model::read(bytes)?;
        let langs = |s: &Section| s.labels.iter().map(|label| Lang::find(label)).collect();
        let langs: Vec<Vec<Option<&'static Lang>>> = sections.iter().map(langs).collect();
        let groups = langs.iter().map(|langs| groups(langs)).collect();
        let mut has_coarse = [false; 5];
        for section in sections.iter().filter(|s| s.grain == Grain::Coarse) {
            has_coarse[section.script as usize] = true;
        }
        Some(Identifier {
            sections,
            langs,
            groups,
            has_coarse,
        })
    }

    /// The languages `text` may be in, best first; see [`identify`].
    pub fn identify(&self, text: &str) -> Vec<Guess> {
        let mut guesses = self.judge(&self.read(text, None));
        self.tell_apart(text, &mut guesses);
        guesses
    }

    /// Reads as much of a text as is needed, less if it seems to be in the language expected.
    pub(super) fn read(&self, text: &str, expected: Option<&'static Lang>) -> Heard {
        let mut heard = Heard {
            letters: [0.0; 5],
            tallies: vec![Tally::new(); self.sections.len()],
            hashes: Default::default(),
        };
        for (n, window) in Windows::new(text).iter().enumerate() {
            self.hear(window, &mut heard);
            let is_stop = expected.is_some() || windows::is_stop(n + 1);
            if is_stop && self.is_decided(&heard, expected) {
                break;
            }
        }
        heard
    }

    /// Reads on.
    fn hear(&self, text: &str, heard: &mut Heard) {
        let mut before = [0u64; 5];
        words(text, |script, word| {
            let script = script as usize;
            heard.letters[script] += (word.len() - 2) as f32;
            if !self.has_coarse[script] {
                return; // of one language, or of none that we know
            }
            let hashes = &mut heard.hashes[script];
            if hashes.capacity() == 0 {
                hashes.reserve(MOST_FEATURES * text.len());
            }
            before[script] = coarse(word, before[script], hashes);
        });
        for (section, tally) in self.sections.iter().zip(&mut heard.tallies) {
            if section.grain == Grain::Coarse {
                section.add(&heard.hashes[section.script as usize], tally);
            }
        }
        heard.hashes.iter_mut().for_each(Vec::clear);
    }

    /// Whether more of the text would not change the answer.
    fn is_decided(&self, heard: &Heard, expected: Option<&'static Lang>) -> bool {
        let shares = script_shares(heard.letters);
        let Some(script) = Script::KNOWN
            .into_iter()
            .find(|&s| shares[s as usize] >= DECIDED_SHARE)
        else {
            return false;
        };
        let Some(at) = self.coarse(script) else {
            return heard.letters[script as usize] >= ENOUGH_LETTERS;
        };
        let (best, lead) = self.sections[at].lead(&heard.tallies[at], &self.groups[at]);
        let is_expected = expected.is_some()
            && self.langs[at]
                .get(best)
                .is_some_and(|lang| *lang == expected);
        lead >= if is_expected {
            DECIDED_AS_EXPECTED
        } else {
            DECIDED
        }
    }

    /// The section that tells all languages of a script apart.
    fn coarse(&self, script: Script) -> Option<usize> {
        let is_it = |s: &Section| s.script == script && s.grain == Grain::Coarse;
        self.sections.iter().position(is_it)
    }

    /// What was read, judged.
    pub(super) fn judge(&self, heard: &Heard) -> Vec<Guess> {
        let shares = script_shares(heard.letters);
        let mut guesses = Vec::new();
        for script in Script::KNOWN {
            let share = shares[script as usize];
            if share == 0.0 {
                continue;
            }
            if let Some(at) = self.coarse(script) {
                let probs = self.sections[at].probabilities(&heard.tallies[at]);
                let labels = self.langs[at].iter().zip(probs);
                let known = labels.filter_map(|(lang, p)| lang.map(|lang| (lang, p * share)));
                guesses.extend(known.map(|(lang, prob)| Guess { lang, prob }));
            } else {
                // A script that only one language of the table is written in.
                let mut langs = Lang::all().iter().filter(|l| l.script() == script.code());
                if let (Some(lang), None) = (langs.next(), langs.next()) {
                    guesses.push(Guess { lang, prob: share });
                }
            }
        }
        guesses.retain(|g| g.prob >= LEAST_PROB);
        guesses.sort_by(|a, b| b.prob.total_cmp(&a.prob));
        guesses
    }

    /// Divides the probability of a group of close languages among them anew.
    fn tell_apart(&self, text: &str, guesses: &mut Vec<Guess>) {
        let fine = self.sections.iter().zip(&self.langs);
        for (section, langs) in fine.filter(|(s, _)| s.grain == Grain::Fine) {
            let is_in = |guess: &Guess| langs.contains(&Some(guess.lang));
            let group = || guesses.iter().filter(|g| is_in(g));
            let together: f32 = group().map(|g| g.prob).sum();
            let settled = |g: &Guess| g.lang.close.is_empty() && g.prob > SETTLED * together;
            if together < GROUP_PROB || group().any(settled) {
                continue;
            }
            let probs = told_apart(section, text);
            guesses.retain(|g| !is_in(g));
            let apart = langs.iter().zip(probs);
            let apart = apart.filter_map(|(lang, p)| lang.map(|lang| (lang, p * together)));
            guesses.extend(apart.map(|(lang, prob)| Guess { lang, prob }));
        }
        guesses.retain(|g| g.prob >= LEAST_PROB);
        guesses.sort_by(|a, b| b.prob.total_cmp(&a.prob));
    }
}

/// Probability of each label of a group, for a text that is in one of them.
fn told_apart(section: &Section, text: &str) -> Vec<f32> {
    let (mut tally, mut hashes) = (Tally::new(), Vec::new());
    let each: Vec<usize> = (0..section.labels.len()).collect();
    for (n, window) in Windows::new(text).iter().enumerate() {
        let mut before = 0;
        hashes.clear();
        words(window, |script, word| {
            if section.script == script {
                before = section.grain.features(word, before, &mut hashes);
            }
        });
        section.add(&hashes, &mut tally);
        if windows::is_stop(n + 1) && section.lead(&tally, &each).1 >= DECIDED {
            break;
        }
    }
    section.probabilities(&tally)
}

/// Numbers labels so that close languages have the same number.
fn groups(langs: &[Option<&'static Lang>]) -> Vec<usize> {
    let first = |at: usize, lang: &Option<&'static Lang>| {
        let is_close = |other: &Option<&'static Lang>| match (lang, other) {
            (Some(lang), Some(other)) => lang == other || lang.close.contains(&other.code),
            _ => false,
        };
        langs.iter().position(is_close).unwrap_or(at)
    };
    langs
        .iter()
        .enumerate()
        .map(|(at, lang)| first(at, lang))
        .collect()
}

/// How likely each script is the text's own, from its counts of letters.
fn script_shares(mut letters: [f32; 5]) -> [f32; 5] {
    letters[Script::Latin as usize] *= LATIN_AMONG_OTHERS;
    let squares: f32 = letters.iter().map(|n| n * n).sum();
    letters.map(|n| if squares > 0.0 { n * n / squares } else { 0.0 })
}
