//! Whether an answer is in the language that was asked for.
//!
//! The engine knows nothing of this: it tells pieces to a [`Sink`], and [`Watched`] is one that
//! listens on their way to the reader.

use std::fmt;
use std::sync::Mutex;

use crate::data::langid;
use crate::event::{Event, Sink};
use crate::lang::Lang;

/// Fewest letters a language is judged by: with fewer, names and numbers decide.
const MIN_LETTERS: usize = 40;
/// Bytes of text between two looks at an answer on its way.
const LOOK_EVERY: usize = 240;
/// Characters at the end of an answer on its way that are looked at.
const LOOK_BACK: usize = 500;
/// An answer has drifted where the language asked for and those close to it (Bosnian, Croatian
/// and Serbian stand and fall together) are together less likely than this.
const LEAST_PROB: f32 = 0.1;
/// The other language is named where it is at least this likely.
const NAMED_PROB: f32 = 0.5;

/// An answer in another language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Drift {
    /// What was asked for.
    pub(super) expected: &'static Lang,
    /// What it seems to be in; none if that is not known.
    pub(super) found: Option<&'static Lang>,
}

impl fmt::Display for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let expected = &self.expected.name;
        match self.found {
            Some(found) => write!(f, "the answer is in {}, not in {expected}", found.name),
            None => write!(f, "the answer is not in {expected}"),
        }
    }
}

/// Judges a whole answer; none where it is in the language asked for, or too short to tell.
pub(super) fn drift(text: &str, expected: &'static Lang) -> Option<Drift> {
    judge(&prose(text), expected)
}

fn judge(prose: &str, expected: &'static Lang) -> Option<Drift> {
    if prose.chars().filter(|c| c.is_alphabetic()).count() < MIN_LETTERS {
        return None;
    }
    let guesses = langid::identify(prose);
    if langid::with_close(&guesses, expected) >= LEAST_PROB {
        return None;
    }
    let best = guesses.first().filter(|best| best.prob >= NAMED_PROB);
    let found = best.map(|best| best.lang);
    Some(Drift { expected, found })
}

/// Text without code and addresses, which are in no language.
fn prose(text: &str) -> String {
    let (mut out, mut in_code) = (String::with_capacity(text.len()), false);
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
            continue;
        }
        if in_code {
            continue;
        }
        // Every second part between backticks is code.
        for words in line.split('`').step_by(2) {
            for word in words
                .split_whitespace()
                .filter(|word| !word.contains("://"))
            {
                out.push_str(word);
                out.push(' ');
            }
        }
        out.push('\n');
    }
    out
}

/// Warns once when an answer on its way leaves the language asked for; the rest goes on.
pub(super) struct Watched<'a> {
    inner: &'a dyn Sink,
    lang: &'static Lang,
    heard: Mutex<Heard>,
}

#[derive(Default)]
struct Heard {
    text: String,
    /// Length of the text at the last look.
    looked: usize,
    has_warned: bool,
}

impl<'a> Watched<'a> {
    pub(super) fn new(inner: &'a dyn Sink, lang: &'static Lang) -> Self {
        Watched {
            inner,
            lang,
            heard: Mutex::default(),
        }
    }

    /// Hears a piece, or the end; what is to be said about it.
    fn hear(&self, event: &Event) -> Option<Drift> {
        let mut heard = self.heard.lock().ok()?;
        let is_end = matches!(event, Event::Answered { .. });
        if let Event::Piece { text, .. } = event {
            heard.text.push_str(text);
        }
        let is_due = heard.text.len() >= heard.looked + LOOK_EVERY || is_end;
        if heard.has_warned || !is_due {
            return None;
        }
        heard.looked = heard.text.len();
        let prose = prose(&heard.text);
        let back = prose.char_indices().rev().nth(LOOK_BACK - 1);
        let end = &prose[back.map_or(0, |(at, _)| at)..];
        let drift = judge(end, self.lang);
        heard.has_warned = drift.is_some();
        drift
    }
}

impl Sink for Watched<'_> {
    fn emit(&self, event: Event) {
        let drift = self.hear(&event);
        self.inner.emit(event);
        if let Some(drift) = drift {
            self.inner.emit(Event::Note {
                warning: true,
                text: drift.to_string(),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::corpus;

    /// The beginning of the declaration of human rights in a language.
    fn sample(code: &str) -> String {
        let of_lang = corpus::records().filter(|record| record.code() == code);
        let texts: Vec<String> = of_lang.take(6).map(|record| record.text).collect();
        texts.join("\n")
    }

    #[test]
    fn every_language_is_known_as_itself_and_not_as_another() {
        let russian = "Все люди рождаются свободными и равными в своём достоинстве и правах.";
        for lang in Lang::all() {
            let text = sample(&lang.code);
            assert_eq!(drift(&text, lang), None, "{}", lang.code);
            let other = if lang.code == "fin_Latn" {
                "ell_Grek"
            } else {
                "fin_Latn"
            };
            let found = drift(&sample(other), lang).expect(&lang.code).found;
            assert_eq!(found.map(|l| l.code.as_str()), Some(other), "{}", lang.code);
            assert!(drift(russian, lang).is_some(), "{}", lang.code);
        }
    }

    #[test]
    fn every_language_asks_for_itself() {
        for lang in Lang::all() {
            // The sentence is short, so that a few times itself makes a text.
            let text = format!("{} ", lang.answer_in).repeat(4);
            assert_eq!(
                drift(&text, lang),
                None,
                "{}: {}",
                lang.code,
                lang.answer_in
            );
        }
    }

    #[test]
    fn close_languages_stand_together_and_little_text_is_not_judged() {
        let find = |code| Lang::find(code).unwrap();
        assert_eq!(drift(&sample("hrv_Latn"), find("bs")), None);
        assert_eq!(drift(&sample("hrv_Latn"), find("sr-Latn")), None);
        assert_eq!(drift("Helsinki, Finland", find("de")), None);
        assert_eq!(
            drift(
                "```rust\nlet many = \"english words in code, rather long\";\n```",
                find("de")
            ),
            None
        );
        assert_eq!(
            drift(
                "`all human beings are born free and equal in dignity`",
                find("de")
            ),
            None
        );
        let said = drift(&sample("dan_Latn"), find("sv")).unwrap().to_string();
        assert_eq!(said, "the answer is in Danish, not in Swedish");
    }

    #[test]
    fn an_answer_that_drifts_half_way_is_warned_of_once() {
        let told = Mutex::new(Vec::new());
        let sink = |event: Event| told.lock().unwrap().push(event);
        let watched = Watched::new(&sink, Lang::find("fi").unwrap());
        let text = sample("fin_Latn") + &sample("swe_Latn") + &sample("swe_Latn");
        for word in text.split_inclusive(' ') {
            watched.emit(Event::Piece {
                text: word.into(),
                token: 1,
                logprob: 0.0,
                top: Vec::new(),
            });
        }
        let n_pieces = text.split_inclusive(' ').count();
        let told = told.lock().unwrap();
        let notes: Vec<usize> = (0..told.len())
            .filter(|i| matches!(told[*i], Event::Note { warning: true, .. }))
            .collect();
        assert_eq!((notes.len(), told.len()), (1, n_pieces + 1));
        assert!(notes[0] > sample("fin_Latn").split_inclusive(' ').count());
    }
}
