//! What `eu eval` found: for people and programs, and in the form of lm-evaluation-harness.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::super::Result;
use super::super::load::Speaker;
use super::tax::{Loss, MeanLoss};
use super::{Plan, mean};
use crate::disk;
use crate::event::LangScore;
use crate::ledger::Parent;

/// The scores of one model.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// `eval/1`.
    pub schema: String,
    /// The model as it was named.
    pub model: PathBuf,
    /// The file or folder it was read from, with its hash.
    pub parents: Vec<Parent>,
    /// Context the texts were cut to.
    pub context: usize,
    /// One row a language, worst first.
    pub scores: Vec<LangScore>,
    /// Mean over languages, each counting the same.
    pub mean_bits_per_byte: f64,
    /// The worst language.
    pub worst: String,
    /// Its score.
    pub worst_bits_per_byte: f64,
    /// Distance from the best language to the worst.
    pub spread: f64,
    /// Texts scored of each language.
    pub n_texts: BTreeMap<String, u64>,
    /// The same without texts that hold items of evaluation sets, where these were looked for.
    pub clean: Option<Clean>,
    /// The model it was compared with, where there was one.
    pub against: Option<PathBuf>,
    /// What each language lost beside that, the one that lost most first.
    pub losses: Vec<Loss>,
    /// The mean of languages.
    pub mean_loss: Option<MeanLoss>,
    /// The picture of it, where one was asked for.
    pub plot: Option<PathBuf>,
    /// Milliseconds it took.
    pub elapsed_ms: u64,
    /// The file of results, where one was asked for.
    pub results: Option<PathBuf>,
}

/// Scores without the texts that hold items of evaluation sets.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Clean {
    /// Texts left out of each language that has such texts.
    pub n_met: BTreeMap<String, u64>,
    /// One row a language, worst first; one of which no text is left has none.
    pub scores: Vec<LangScore>,
    /// Mean over these languages, each counting the same; NaN without any.
    pub mean_bits_per_byte: f64,
}

impl Report {
    /// Sums up `scores`, which are ranked and not empty; the caller fills in the rest.
    pub(super) fn new(
        plan: &Plan,
        speaker: &Speaker,
        context: usize,
        scores: Vec<LangScore>,
    ) -> Self {
        let at = |row: Option<&LangScore>| row.map_or(f64::NAN, |s| s.bits_per_byte);
        let (worst, best) = (at(scores.first()), at(scores.last()));
        let name = if plan.model.as_os_str().is_empty() {
            &speaker.source
        } else {
            &plan.model
        };
        Report {
            schema: "eval/1".into(),
            model: name.clone(),
            parents: Vec::new(),
            context,
            mean_bits_per_byte: mean(&scores),
            worst: scores.first().map(|s| s.lang.clone()).unwrap_or_default(),
            worst_bits_per_byte: worst,
            spread: worst - best,
            scores,
            against: None,
            losses: Vec::new(),
            mean_loss: None,
            plot: None,
            elapsed_ms: 0,
            clean: None,
            n_texts: BTreeMap::new(),
            results: None,
        }
    }

    /// Holds the worst language to the bounds of a plan, not the mean.
    ///
    /// # Errors
    /// When it passes one.
    pub fn judge(&self, plan: &Plan) -> Result<()> {
        let scores = self.scores.iter();
        let bits = scores.map(|score| (score.lang.as_str(), score.bits_per_byte));
        plan.gates().judge(bits, &self.losses)
    }

    /// Writes `results_<time>.json` into `folder`, as lm-evaluation-harness lays it out.
    pub(super) fn write(&self, plan: &Plan, folder: &Path, unix_s: f64) -> Result<PathBuf> {
        let path = folder.join(format!("results_{}.json", timestamp(unix_s)));
        disk::replace_json(&path, &self.harness(plan, unix_s))?;
        Ok(path)
    }

    fn harness(&self, plan: &Plan, unix_s: f64) -> Value {
        let each = |f: &dyn Fn(&LangScore) -> Value| -> Value {
            let rows = self.scores.iter().map(|s| (task(&s.lang), f(s)));
            Value::Object(rows.collect::<Map<_, _>>())
        };
        let model = self.model.display().to_string();
        json!({
            "results": each(&|s| json!({
                "alias": task(&s.lang),
                "bits_per_byte,none": s.bits_per_byte,
                "bits_per_byte_stderr,none": "N/A",
                "byte_perplexity,none": s.bits_per_byte.exp2(),
                "byte_perplexity_stderr,none": "N/A",
            })),
            "group_subtasks": each(&|_| json!([])),
            "configs": each(&|s| json!({
                "task": task(&s.lang),
                "output_type": "loglikelihood_rolling",
                "num_fewshot": 0,
                "metadata": {"version": 1, "n_bytes": s.n_bytes, "n_tokens": s.n_tokens},
            })),
            "versions": each(&|_| json!(1)),
            "n-shot": each(&|_| json!(0)),
            "higher_is_better": each(&|_| json!({"bits_per_byte": false, "byte_perplexity": false})),
            "n-samples": each(&|s| {
                let n_texts = self.n_texts.get(&s.lang);
                json!({"original": n_texts, "effective": n_texts})
            }),
            "config": {
                "model": "eu",
                "model_args": format!("pretrained={model}"),
                "batch_size": null,
                "device": plan.device,
                "limit": null,
            },
            "git_hash": null,
            "date": unix_s,
            "eu_version": env!("CARGO_PKG_VERSION"),
            "eu_parents": self.parents,
            "eu_clean": self.clean,
            "eu_against": self.against,
            "eu_losses": self.losses,
            "eu_macro_mean_bits_per_byte": self.mean_bits_per_byte,
            "max_length": self.context,
            "model_source": "eu",
            "model_name": model,
            "model_name_sanitized": sanitized(&model),
            "total_evaluation_time_seconds": (self.elapsed_ms as f64 / 1e3).to_string(),
        })
    }
}

/// Name of the task that scores one language.
fn task(lang: &str) -> String {
    format!("bpb_{lang}")
}

fn sanitized(name: &str) -> String {
    name.chars()
        .map(|c| {
            if c.is_alphanumeric() || "-_.".contains(c) {
                c
            } else {
                '_'
            }
        })
        .collect()
}

/// `2026-03-14T15-09-26.535897` in UTC, as the harness names its files.
fn timestamp(unix_s: f64) -> String {
    let micros = (unix_s.max(0.0) * 1e6) as u64;
    let (seconds, micros) = (micros / 1_000_000, micros % 1_000_000);
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = civil(days);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}-{minute:02}-{second:02}.{micros:06}")
}

/// Year, month and day of a day counted from 1970-01-01 in the Gregorian calendar.
fn civil(mut days: u64) -> (u64, u64, u64) {
    let leap = |y: u64| y.is_multiple_of(4) && (!y.is_multiple_of(100) || y.is_multiple_of(400));
    let mut year = 1970;
    while days >= 365 + u64::from(leap(year)) {
        days -= 365 + u64::from(leap(year));
        year += 1;
    }
    let february = 28 + u64::from(leap(year));
    let lengths = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut month = 0;
    while days >= lengths[month] {
        days -= lengths[month];
        month += 1;
    }
    (year, month as u64 + 1, days + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_the_harness_does() {
        for (unix_s, name) in [
            (0.0, "1970-01-01T00-00-00.000000"),
            (951_827_696.5, "2000-02-29T12-34-56.500000"),
            (1_798_761_599.0, "2026-12-31T23-59-59.000000"),
        ] {
            assert_eq!(timestamp(unix_s), name);
        }
    }
}
