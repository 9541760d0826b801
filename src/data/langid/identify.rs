//! Text → languages with probabilities, best first.

use std::sync::LazyLock;

use super::features::{Script, features, words};
use super::model::{self, Section, Tally};
use crate::lang::Lang;

/// A longer text is judged by windows spread evenly over it.
const WHOLE_BYTES: usize = 4096;
/// How many windows a long text is judged by.
const N_WINDOWS: usize = 8;
/// Guesses less likely than this are not reported.
const LEAST_PROB: f32 = 0.001;
/// A Latin letter counts this much beside letters of other scripts: names, brands and code are
/// Latin everywhere, the opposite is rare.
const LATIN_AMONG_OTHERS: f32 = 0.5;

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
/// without letters of a known script gives nothing. Texts over 4 KiB are judged by eight windows
/// of 512 bytes spread evenly over them.
pub fn identify(text: &str) -> Vec<Guess> {
    static BUILT_IN: LazyLock<Identifier> = LazyLock::new(|| {
        Identifier::from_bytes(include_bytes!("../../../assets/langid.bin"))
            .expect("the embedded model is checked by a test")
    });
    BUILT_IN.identify(text)
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
}

impl Identifier {
    /// Reads what [`train`](super::train) wrote; none if the bytes are not a model.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let sections = model::read(bytes)?;
        let langs = |s: &Section| s.labels.iter().map(|label| Lang::find(label)).collect();
        let langs = sections.iter().map(langs).collect();
        Some(Identifier { sections, langs })
    }

    /// The languages `text` may be in, best first; see [`identify`].
    pub fn identify(&self, text: &str) -> Vec<Guess> {
        let mut letters = [0.0f32; 5];
        let mut tallies: Vec<Tally> = self.sections.iter().map(|_| Tally::new()).collect();
        for window in windows(text) {
            let mut before = [0u64; 5];
            words(window, |script, word| {
                letters[script as usize] += (word.len() - 2) as f32;
                for (section, tally) in self.sections.iter().zip(&mut tallies) {
                    if section.script == script {
                        let before = &mut before[script as usize];
                        *before = features(word, *before, |hash| section.add(hash, tally));
                    }
                }
            });
        }
        let shares = script_shares(letters);
        let mut guesses = Vec::new();
        for script in Script::KNOWN {
            let share = shares[script as usize];
            if share == 0.0 {
                continue;
            }
            if let Some(at) = self.sections.iter().position(|s| s.script == script) {
                let probs = self.sections[at].probabilities(&mut tallies[at]);
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
}

/// How likely each script is the text's own, from its counts of letters.
fn script_shares(mut letters: [f32; 5]) -> [f32; 5] {
    letters[Script::Latin as usize] *= LATIN_AMONG_OTHERS;
    let squares: f32 = letters.iter().map(|n| n * n).sum();
    letters.map(|n| if squares > 0.0 { n * n / squares } else { 0.0 })
}

/// The parts of a text it is judged by, cut where characters begin.
fn windows(text: &str) -> impl Iterator<Item = &str> {
    let (n, len) = match text.len() {
        0..=WHOLE_BYTES => (1, text.len()),
        _ => (N_WINDOWS, WHOLE_BYTES / N_WINDOWS),
    };
    let room = text.len() - len;
    (0..n).map(move |i| {
        let start = text.floor_char_boundary(room / (n - 1).max(1) * i);
        let end = text.floor_char_boundary(start + len);
        &text[start..end]
    })
}
