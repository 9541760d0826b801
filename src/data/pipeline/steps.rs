//! One record at a time: which language, whether it is asked for, whether it is good.

use serde::Serialize;

use super::plan::Plan;
use crate::data::filter::{Bound, Check, Meter, Rules, first_failure};
use crate::data::langid::{self, Guess};
use crate::data::record::Record;
use crate::lang::Lang;

/// Why a record was dropped.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Verdict {
    /// The stage that dropped it.
    pub stage: &'static str,
    /// The reason, as the folder under `dropped/` is called.
    pub reason: &'static str,
    /// What was measured.
    pub metric: &'static str,
    /// The measure.
    pub value: f64,
    /// What it was held against.
    pub threshold: f64,
    /// The side of the threshold it should have been on.
    pub bound: Bound,
    /// The record that stayed in its stead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub survivor: Option<String>,
}

impl Verdict {
    fn below(stage: &'static str, reason: &'static str, value: f64, threshold: f64) -> Self {
        Verdict {
            stage,
            reason,
            metric: "lang_prob",
            value,
            threshold,
            bound: Bound::AtLeast,
            survivor: None,
        }
    }

    fn of_check(check: &Check) -> Self {
        Verdict {
            stage: "filter",
            reason: check.reason,
            metric: check.metric,
            value: check.value,
            threshold: check.threshold,
            bound: check.bound,
            survivor: None,
        }
    }

    /// A copy of `survivor`, or nearly one.
    pub(super) fn copy(
        stage: &'static str,
        reason: &'static str,
        similarity: f64,
        threshold: f64,
        survivor: &str,
    ) -> Self {
        Verdict {
            stage,
            reason,
            metric: "similarity",
            value: similarity,
            threshold,
            bound: Bound::AtMost,
            survivor: Some(survivor.into()),
        }
    }
}

/// Gives a record its language: its own label where the plan trusts it, else what its text says.
pub(super) fn identify(record: &mut Record, plan: &Plan) -> Option<Verdict> {
    if plan.trust_labels && record.lang.is_some() {
        return None;
    }
    settle(record, &langid::identify(&record.text), plan.min_lang_prob)
}

/// Takes the best guess. Where that is easily confused with the record's own label, the label
/// decides between the two: whoever labelled the text knew more than its letters.
fn settle(record: &mut Record, guesses: &[Guess], min_prob: f64) -> Option<Verdict> {
    let Some(best) = guesses.first() else {
        return Some(Verdict::below("identify", "no_letters", 0.0, min_prob));
    };
    let label = record
        .lang
        .filter(|label| best.lang.close.contains(&label.code));
    let lang = label.unwrap_or(best.lang);
    let prob = guesses
        .iter()
        .find(|g| g.lang == lang)
        .map_or(0.0, |g| g.prob);
    let together = f64::from(langid::with_close(guesses, lang));
    record.set_lang(lang, prob);
    (together < min_prob)
        .then(|| Verdict::below("identify", "uncertain_language", together, min_prob))
}

/// Drops a record whose language was not asked for.
pub(super) fn select(record: &Record, langs: &[&'static Lang]) -> Option<Verdict> {
    let wanted = record.lang.is_some_and(|lang| langs.contains(&lang));
    let prob = f64::from(record.lang_prob);
    (!wanted).then(|| Verdict {
        bound: Bound::AtMost,
        ..Verdict::below("select", "other_language", prob, 0.0)
    })
}

/// Judges the text by the rules of its language.
pub(super) fn judge(record: &Record, meter: &mut Meter) -> Option<Verdict> {
    let rules = Rules::of(record.lang?);
    let metrics = meter.measure(&record.text, rules);
    first_failure(&metrics, rules).map(|check| Verdict::of_check(&check))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guess(code: &str, prob: f32) -> Guess {
        Guess {
            lang: Lang::find(code).unwrap(),
            prob,
        }
    }

    #[test]
    fn close_languages_stand_together_and_the_label_decides_between_them() {
        let guesses = [guess("hr", 0.4), guess("bs", 0.35), guess("sr-Latn", 0.2)];
        let mut record = Record::new("a", "…");
        assert_eq!(settle(&mut record, &guesses, 0.5), None);
        assert_eq!((record.code(), record.lang_prob), ("hrv_Latn", 0.4));
        record.lang = Lang::find("bs");
        assert_eq!(settle(&mut record, &guesses, 0.5), None);
        assert_eq!((record.code(), record.lang_prob), ("bos_Latn", 0.35));
        // A label that is not close has no say.
        record.lang = Lang::find("fi");
        assert_eq!(settle(&mut record, &guesses, 0.5), None);
        assert_eq!(record.code(), "hrv_Latn");
    }

    #[test]
    fn an_uncertain_guess_is_dropped_with_its_probability() {
        let mut record = Record::new("a", "…");
        let verdict = settle(&mut record, &[guess("de", 0.3)], 0.5).unwrap();
        assert_eq!(
            (verdict.reason, verdict.threshold),
            ("uncertain_language", 0.5)
        );
        assert!((verdict.value - 0.3).abs() < 1e-6);
        assert_eq!(settle(&mut record, &[], 0.5).unwrap().reason, "no_letters");
        assert_eq!(
            select(&record, &[Lang::find("fr").unwrap()])
                .unwrap()
                .reason,
            "other_language"
        );
    }
}
