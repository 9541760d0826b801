//! The language of each line of a text, as HPLT's records want it.

use super::identify::{Guess, Identifier, built_in, with_close};
use crate::lang::Lang;

/// What stands for a line whose language is not known: ISO 639-3 for "undetermined".
pub const UNDETERMINED: &str = "und";
/// A language less likely than this, with those close to it, is not named.
pub const ABSTAIN: f32 = 0.5;
/// How much a line is expected to be in its text's language rather than in any.
const LIKE_THE_TEXT: f32 = 0.8;

/// The language of each line (what `\n` parts) of a text, none where it is not known.
///
/// A line is judged by its own letters and by the text it stands in: what could be several
/// languages is taken for that of the text, what is surely another is called so. A line without
/// letters has no language.
///
/// `whole` is what [`identify`](super::identify) says of the text.
pub fn segments(text: &str, whole: &[Guess]) -> Vec<Option<Guess>> {
    built_in().segments(text, whole)
}

/// [`segments`] as codes, [`UNDETERMINED`] for none: the field `seg_langs` of HPLT's records.
pub fn seg_langs(segments: &[Option<Guess>]) -> Vec<&'static str> {
    let code = |guess: &Option<Guess>| guess.map_or(UNDETERMINED, |g| g.lang.code.as_str());
    segments.iter().map(code).collect()
}

impl Identifier {
    /// The language of each line of a text that is thought to be in `whole`; see [`segments`].
    pub fn segments(&self, text: &str, whole: &[Guess]) -> Vec<Option<Guess>> {
        text.split('\n')
            .map(|line| self.segment(line, whole))
            .collect()
    }

    fn segment(&self, line: &str, whole: &[Guess]) -> Option<Guess> {
        let expected = whole.first().map(|g| g.lang);
        let mut guesses = self.judge(&self.read(line, expected));
        if guesses.is_empty() {
            return None;
        }
        let even = (1.0 - LIKE_THE_TEXT) / Lang::all().len() as f32;
        let known: f32 = whole.iter().map(|g| g.prob).sum();
        let prior = |lang: &Lang| {
            let of_whole = whole.iter().find(|g| g.lang == lang);
            even + LIKE_THE_TEXT * of_whole.map_or(0.0, |g| g.prob)
        };
        let none = (1.0 - guesses.iter().map(|g| g.prob).sum::<f32>()).max(0.0);
        let mut sum = none * (even + LIKE_THE_TEXT * (1.0 - known).max(0.0));
        for guess in &mut guesses {
            guess.prob *= prior(guess.lang);
            sum += guess.prob;
        }
        for guess in &mut guesses {
            guess.prob /= sum;
        }
        let best = guesses
            .iter()
            .copied()
            .max_by(|a, b| a.prob.total_cmp(&b.prob))?;
        (with_close(&guesses, best.lang) >= ABSTAIN).then_some(best)
    }
}

#[cfg(test)]
mod tests {
    use super::super::identify;
    use super::*;

    const CROATIAN: &str = "Općina je u ponedjeljak objavila izvješće o stanju rijeka.";
    const GERMAN: &str = "Alle Menschen sind frei und gleich an Würde und Rechten geboren.";

    #[test]
    fn each_line_has_its_own_language_and_lines_without_letters_none() {
        let text = format!("{GERMAN}\n\n12.10.2024\n{CROATIAN}\nВсички хора се раждат свободни");
        let expected = ["deu_Latn", "und", "und", "hrv_Latn", "bul_Cyrl"];
        let codes = |text: &str| seg_langs(&segments(text, &identify(text)));
        assert_eq!(codes(&text), expected);
        assert_eq!(codes(""), ["und"]);
        assert_eq!(codes("\n\n"), ["und"; 3]);
    }

    #[test]
    fn a_short_line_follows_its_text_and_is_unsure_alone() {
        for (text, code) in [(GERMAN, "deu_Latn"), (CROATIAN, "hrv_Latn")] {
            let text = format!("{text}\nSport\n{text}");
            let guesses = segments(&text, &identify(&text));
            assert_eq!(guesses[1].map(|g| g.lang.code.as_str()), Some(code));
        }
        let alone = segments("Sport", &identify("Sport"))[0];
        assert!(alone.is_none_or(|g| g.prob < 0.9), "{alone:?}");
    }

    #[test]
    fn a_million_empty_lines_take_little_time_and_one_answer_each() {
        assert_eq!(segments(&"\n".repeat(1_000_000), &[]).len(), 1_000_001);
    }
}
