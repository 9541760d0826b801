//! One record at a time: which language, whether it is asked for, what it must not hold.

use serde::Serialize;
use serde_json::json;

use super::plan::Plan;
use super::quality::Learnt;
use super::tools::Tools;
use crate::contamination::{Met, Rule, Scratch};
use crate::data::dedup::text_hash;
use crate::data::filter::{Bound, Check};
use crate::data::langid::{self, Guess};
use crate::data::pii;
use crate::data::record::Record;
use crate::lang::Lang;

/// Why a record was dropped.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Verdict {
    /// The stage that dropped it.
    pub stage: &'static str,
    /// The reason, as the folder under `dropped/` is called.
    pub reason: &'static str,
    /// What was measured, where something was.
    #[serde(flatten)]
    pub measure: Option<Measure>,
    /// What said so, in words, where words did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evidence: Option<String>,
    /// The record that stayed in its stead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub survivor: Option<String>,
}

/// A measure and what it was held against.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Measure {
    /// What was measured.
    pub metric: &'static str,
    /// The measure.
    pub value: f64,
    /// What it was held against.
    pub threshold: f64,
    /// The side of the threshold it should have been on.
    pub bound: Bound,
}

/// Characters of evidence kept.
const MAX_EVIDENCE: usize = 400;

impl Verdict {
    fn measured(stage: &'static str, reason: &'static str, measure: Measure) -> Self {
        Verdict {
            stage,
            reason,
            measure: Some(measure),
            evidence: None,
            survivor: None,
        }
    }

    fn below(stage: &'static str, reason: &'static str, value: f64, threshold: f64) -> Self {
        let measure = Measure {
            metric: "lang_prob",
            value,
            threshold,
            bound: Bound::AtLeast,
        };
        Verdict::measured(stage, reason, measure)
    }

    pub(super) fn of_check(check: &Check) -> Self {
        let measure = Measure {
            metric: check.metric,
            value: check.value,
            threshold: check.threshold,
            bound: check.bound,
        };
        Verdict::measured("filter", check.reason, measure)
    }

    /// What something said, in words.
    pub(super) fn said(stage: &'static str, reason: &'static str, evidence: &str) -> Self {
        Verdict {
            stage,
            reason,
            measure: None,
            evidence: Some(evidence.chars().take(MAX_EVIDENCE).collect()),
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
        let measure = Measure {
            metric: "similarity",
            value: similarity,
            threshold,
            bound: Bound::AtMost,
        };
        Verdict {
            survivor: Some(survivor.into()),
            ..Verdict::measured(stage, reason, measure)
        }
    }
}

/// Gives a record its language: its own label where the plan trusts it, else what its text says.
pub(super) fn identify(record: &mut Record, plan: &Plan) -> Option<Verdict> {
    Learnt::default().identify(record, plan)
}

/// Takes the best guess. Where that is easily confused with the record's own label, the label
/// decides between the two: whoever labelled the text knew more than its letters.
pub(super) fn settle(record: &mut Record, guesses: &[Guess], min_prob: f64) -> Option<Verdict> {
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
    let measure = Measure {
        metric: "lang_prob",
        value: f64::from(record.lang_prob),
        threshold: 0.0,
        bound: Bound::AtMost,
    };
    (!wanted).then(|| Verdict::measured("select", "other_language", measure))
}

/// What evaluation sets hold is never trained on: what of them was met, and, if that is anything,
/// the verdict. None where no sets were given.
pub(super) fn evaluated(
    record: &Record,
    tools: &Tools,
    scratch: &mut Scratch,
) -> Option<(Met, Option<Verdict>)> {
    let index = tools.evaluation.as_ref()?;
    let rule = Rule::default();
    let hits = index.check(&record.text, scratch);
    let met = index.met(&hits, &rule);
    let of_sets = hits.iter().filter(|hit| index.contaminates(hit, &rule));
    let Some(worst) = of_sets.max_by(|a, b| a.share.total_cmp(&b.share)) else {
        return Some((met, None));
    };
    let evidence = format!(
        "{} {}: {} runs of {} words",
        worst.benchmark, worst.id, worst.n_matched, worst.n
    );
    let verdict = Verdict::said("decontaminate", "in_evaluation_set", &evidence);
    Some((met, Some(verdict)))
}

/// What is scored on is never trained on: the verdict of `stage` on a text that is one of
/// `heldout`, which are hashes and ids, sorted.
pub(super) fn heldout_copy(
    text: &str,
    heldout: &[(u128, String)],
    stage: &'static str,
) -> Option<Verdict> {
    if heldout.is_empty() {
        return None;
    }
    let hash = text_hash(text);
    let at = heldout.partition_point(|(other, _)| *other < hash);
    let (_, id) = heldout.get(at).filter(|(other, _)| *other == hash)?;
    Some(Verdict::copy(stage, "in_heldout", 1.0, 1.0, id))
}

/// Finds personal data and does with it what the plan says; `spans` is where it lies now.
pub(super) fn redact(
    record: &mut Record,
    finder: &pii::Finder,
    mode: &pii::Mode,
    spans: &mut Vec<pii::Span>,
) {
    spans.clear();
    finder.find(&record.text, record.lang, spans);
    if spans.is_empty() {
        return;
    }
    if !matches!(mode, pii::Mode::Annotate) {
        (record.text, *spans) = pii::redact(&record.text, spans, mode);
    }
    let offsets = pii::unicode_offsets(&record.text, spans);
    record.fields.insert("pii".into(), json!(offsets));
    let kinds: Vec<&str> = spans.iter().map(|span| span.kind.name()).collect();
    record.fields.insert("pii_kinds".into(), json!(kinds));
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
            (verdict.reason, verdict.measure.unwrap().threshold),
            ("uncertain_language", 0.5)
        );
        assert!((verdict.measure.unwrap().value - 0.3).abs() < 1e-6);
        assert_eq!(settle(&mut record, &[], 0.5).unwrap().reason, "no_letters");
        assert_eq!(
            select(&record, &[Lang::find("fr").unwrap()])
                .unwrap()
                .reason,
            "other_language"
        );
    }
}
