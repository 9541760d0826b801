//! Quality of one record: what its text is measured at, whether it is good, what is noted of it.

use serde_json::{Map, json};

use super::plan::Plan;
use super::steps::{Verdict, settle};
use super::tools::Tools;
use crate::data::filter::{Families, Family, Known, Meter, Metrics, Removed, clean, first_failure};
use crate::data::langid::{self, Guess};
use crate::data::record::Record;
use crate::lang::Lang;

/// Field of a record that says what was removed of its text, and how many.
const REMOVED: &str = "c4_removed";
/// Fields that speak of places in a text: wrong where lines were removed.
const PLACES: [&str; 3] = ["seg_langs", "pii", "pii_kinds"];

/// What was learnt of one record's text, so that no step asks twice.
#[derive(Default)]
pub(super) struct Learnt {
    /// The languages it may be in.
    guesses: Option<Vec<Guess>>,
    /// The language of each line.
    segments: Option<Vec<Option<Guess>>>,
    metrics: Option<Metrics>,
    is_judged: bool,
}

impl Learnt {
    /// Gives a record its language: its own label where the plan trusts it, else what its text
    /// says.
    pub(super) fn identify(&mut self, record: &mut Record, plan: &Plan) -> Option<Verdict> {
        if plan.trust_labels && record.lang.is_some() {
            return None;
        }
        let guesses = self.guesses(&record.text);
        settle(record, guesses, plan.min_lang_prob)
    }

    fn guesses(&mut self, text: &str) -> &[Guess] {
        self.guesses.get_or_insert_with(|| langid::identify(text))
    }

    fn segments(&mut self, text: &str) -> &[Option<Guess>] {
        if self.segments.is_none() {
            self.segments = Some(langid::segments(text, self.guesses(text)));
        }
        self.segments.as_deref().unwrap_or_default()
    }

    /// Measures the text, or gives what was measured, for the families that the rules of `lang`
    /// switch on and for `also`.
    pub(super) fn measure(
        &mut self,
        record: &Record,
        lang: &Lang,
        also: Families,
        tools: &Tools,
        meter: &mut Meter,
    ) -> &Metrics {
        let rules = tools.rules.of(lang);
        let families = rules.families.with(also);
        let is_measured = |m: &Metrics| families.without(m.measured) == Families::default();
        let metrics = match self.metrics.take().filter(is_measured) {
            Some(metrics) => metrics,
            None => {
                let known = self.known(record, lang, families, tools);
                meter.measure_for(&record.text, rules, families, &known)
            }
        };
        self.metrics.insert(metrics)
    }

    /// What the filters are told of a record. The languages of its lines are asked for only where
    /// something hangs on them: HPLT's score, or a threshold.
    fn known<'a>(
        &mut self,
        record: &Record,
        lang: &Lang,
        families: Families,
        tools: &'a Tools,
    ) -> Known<'a> {
        let rules = tools.rules.of(lang);
        let least = rules.threshold("min_lang_share").unwrap_or(0.0);
        let by_share = rules.families.has(Family::Language) && least > 0.0;
        Known {
            lang_prob: f64::from(record.lang_prob),
            lang_share: match families.has(Family::Wds) || by_share {
                true => lang_share(&record.text, self.segments(&record.text), lang),
                false => 1.0,
            },
            bad_words: tools.bad_words.as_ref(),
        }
    }

    /// Judges the text by the rules of its language; one without a language is not judged. Where
    /// scores are to be noted, they are measured on the way.
    pub(super) fn judge(
        &mut self,
        record: &Record,
        tools: &Tools,
        meter: &mut Meter,
    ) -> Option<Verdict> {
        let lang = record.lang?;
        let also = match tools.plan.annotate {
            true => scores(),
            false => Families::default(),
        };
        self.is_judged = true;
        let metrics = self.measure(record, lang, also, tools, meter);
        first_failure(metrics, tools.rules.of(lang)).map(|check| Verdict::of_check(&check))
    }

    /// Judges a record, and takes out of the text of one that stays what C4 takes out, where the
    /// rules of its language ask for C4; what was taken out.
    ///
    /// # Errors
    /// The verdict on a record that does not stay, or of which nothing is left.
    pub(super) fn filter(
        &mut self,
        record: &mut Record,
        tools: &Tools,
        meter: &mut Meter,
    ) -> Result<Removed, Box<Verdict>> {
        match self.judge(record, tools, meter) {
            Some(verdict) => Err(Box::new(verdict)),
            None => self.clean(record, tools),
        }
    }

    fn clean(&mut self, record: &mut Record, tools: &Tools) -> Result<Removed, Box<Verdict>> {
        let rules = record.lang.map(|lang| tools.rules.of(lang));
        let Some(rules) = rules.filter(|rules| rules.families.has(Family::C4)) else {
            return Ok(Removed::default());
        };
        let cleaned = clean(&record.text, rules);
        if cleaned.removed == Removed::default() {
            return Ok(cleaned.removed);
        }
        if cleaned.text.trim().is_empty() {
            let evidence = format!("all of {} lines", cleaned.n_lines);
            let verdict = Verdict::said("filter", "c4_removed_lines", &evidence);
            return Err(Box::new(verdict));
        }
        record.text = cleaned.text;
        (self.guesses, self.segments, self.metrics) = (None, None, None);
        for field in PLACES {
            record.fields.shift_remove(field);
        }
        let told = cleaned.removed.each();
        let told: Map<_, _> = told.map(|(what, n)| (what.into(), n.into())).collect();
        record.fields.insert(REMOVED.into(), told.into());
        Ok(cleaned.removed)
    }

    /// Measures what [`Learnt::annotate`] notes, of the text as it is now.
    pub(super) fn score(&mut self, record: &Record, tools: &Tools, meter: &mut Meter) {
        if let Some(lang) = record.lang {
            self.measure(record, lang, scores(), tools, meter);
        }
    }

    /// Notes the language of each line, HPLT's document scores, and, of a record that was judged,
    /// that no filter objects. The scores are those of the text before it was masked, if
    /// [`Learnt::score`] was asked for then.
    pub(super) fn annotate(&mut self, record: &mut Record, tools: &Tools, meter: &mut Meter) {
        let Some(lang) = record.lang else { return };
        let metrics = self.measure(record, lang, scores(), tools, meter);
        let doc_scores = metrics.wds.doc_scores();
        let n_lines = memchr::memchr_iter(b'\n', record.text.as_bytes()).count() + 1;
        if self.segments(&record.text).len() != n_lines {
            self.segments = None; // a mask took the place of more than one line
        }
        let codes = langid::seg_langs(self.segments(&record.text));
        record.fields.insert("seg_langs".into(), codes.into());
        record.fields.insert("doc_scores".into(), json!(doc_scores));
        if self.is_judged {
            record.fields.insert("filter".into(), "keep".into());
        }
    }
}

/// The family whose metrics are noted.
fn scores() -> Families {
    [Family::Wds].into_iter().collect()
}

/// The share of a text's lines that is in its language, by bytes, or in one close to it.
pub(in crate::data) fn own_share(text: &str, lang: &Lang) -> f64 {
    lang_share(text, &langid::segments(text, &langid::identify(text)), lang)
}

/// Bytes of the lines in `lang`, or in one close to it, over those of all lines that have a
/// language; 1 where none has.
fn lang_share(text: &str, segments: &[Option<Guess>], lang: &Lang) -> f64 {
    let is_own = |guess: &Guess| guess.lang == lang || lang.close.contains(&guess.lang.code);
    let (mut own, mut all) = (0, 0);
    for (line, guess) in text.split('\n').zip(segments) {
        if let Some(guess) = guess {
            all += line.len();
            own += if is_own(guess) { line.len() } else { 0 };
        }
    }
    match all {
        0 => 1.0,
        all => own as f64 / all as f64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_of_a_language_is_that_of_its_lines() {
        let guess = |code: &str| {
            Some(Guess {
                lang: Lang::find(code).unwrap(),
                prob: 0.9,
            })
        };
        let finnish = Lang::find("fi").unwrap();
        let lines = [guess("fi"), None, guess("sv")];
        assert_eq!(lang_share("aaa\n\nb", &lines, finnish), 0.75);
        assert_eq!(lang_share("1", &[None], finnish), 1.0);
        let croatian = Lang::find("hr").unwrap();
        assert_eq!(lang_share("aaa", &[guess("bs")], croatian), 1.0);
    }
}
