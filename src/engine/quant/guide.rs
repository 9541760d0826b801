//! What text says of a model before a file is made of it: how important columns are, and within a
//! budget which type each matrix gets.

use std::path::{Path, PathBuf};
use std::time::Instant;

use serde::Serialize;

use super::Plan;
use super::budget::{Allotted, allot};
use super::choose::Rules;
use super::importance::{Gathered, Texts};
use super::weighed::Weighed;
use crate::disk;
use crate::engine::eval::Request;
use crate::engine::load::{self, Speaker};
use crate::engine::ops::Executor;
use crate::engine::{Error, Result};
use crate::event::{Control, Event, Sink};
use crate::ledger::Manifest;

/// What text said of a model; nothing by default.
#[derive(Default)]
pub struct Guide {
    pub(super) weighed: Option<Weighed>,
    pub(super) allotted: Option<Allotted>,
    /// What importance was computed.
    pub importance: Option<Importance>,
}

/// Importance that was computed: for people and programs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Importance {
    /// `importance/1`.
    pub schema: String,
    /// The file it was written to; null where none was asked for.
    pub path: Option<PathBuf>,
    /// Matrices it is known of.
    pub n_matrices: u64,
    /// Tokens that were read.
    pub n_tokens: u64,
    /// Languages of the text, each of which counts alike.
    pub languages: Vec<LangTokens>,
    /// SHA-256 of the texts.
    pub text_sha256: String,
    /// Milliseconds it took.
    pub elapsed_ms: u64,
}

/// Tokens of one language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LangTokens {
    /// Code of the language.
    pub lang: String,
    /// Tokens.
    pub n_tokens: u64,
}

/// Computes importance of the model at `source` from `requests`, which the caller has read from
/// `plan.importance_data`, writes it if `plan` says so, and chooses types if there is a budget.
///
/// # Errors
/// When the model is of an architecture that cannot be computed, there is too little text, a file
/// exists that would be written, nothing fits the budget, or the work was interrupted.
pub fn study(
    plan: &Plan,
    source: &Path,
    requests: &[Request],
    control: &Control,
    sink: &dyn Sink,
) -> Result<Guide> {
    let began = Instant::now();
    plan.check()?;
    let out = plan.imatrix_out.as_deref();
    if let Some(path) = out.filter(|_| !plan.force) {
        disk::refuse_existing(path)?;
    }
    let mut manifest = Manifest::begin("importance", plan);
    let Speaker {
        mut weights, vocab, ..
    } = load::open(source)?;
    let context = weights.shape.context;
    let texts = Texts::of(requests, &vocab, plan.importance_tokens, context)?;
    let executor = Executor::choose("auto", "auto", plan.threads)?;
    let gathered = Gathered::of(&weights, &texts, &executor, control, sink)?;
    let datasets = plan.importance_data.iter();
    let datasets = datasets.map(|path| path.display().to_string());
    let imatrix = gathered.imatrix(&weights, datasets.collect(), plan.importance_output);
    let mut importance = Importance {
        schema: "importance/1".into(),
        path: plan.imatrix_out.clone(),
        n_matrices: imatrix.entries.len() as u64,
        n_tokens: texts.n_tokens(),
        languages: imatrix.languages.iter().map(LangTokens::from).collect(),
        text_sha256: texts.sha256.clone(),
        elapsed_ms: 0,
    };
    let weighed = match out {
        Some(path) => {
            imatrix.write(path)?;
            manifest.add_parent("model", source)?;
            for data in &plan.importance_data {
                manifest.add_parent("importance_text", data)?;
            }
            manifest.count("n_tokens", importance.n_tokens);
            manifest.count("languages", &importance.languages);
            manifest.seal(path)?;
            sink.emit(Event::Saved {
                path: path.into(),
                what: "imatrix".into(),
            });
            Weighed::read(path)?
        }
        None => Weighed::computed(
            plan.importance_data
                .first()
                .map_or(source, PathBuf::as_path),
            imatrix,
        ),
    };
    importance.elapsed_ms = began.elapsed().as_millis() as u64;
    let allotted = match plan.target_bpw {
        Some(bits) if !plan.importance_only => {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(plan.threads);
            let pool = pool.build();
            let pool = pool.map_err(|e| Error::Failed(format!("cannot start threads: {e}")))?;
            let rules = Rules::of(plan)?;
            let allot = || {
                let known = (&weighed, &gathered, &texts);
                allot(bits, &rules, &mut weights, known, &executor, control, sink)
            };
            Some(pool.install(allot)?)
        }
        _ => None,
    };
    Ok(Guide {
        weighed: Some(weighed),
        allotted,
        importance: Some(importance),
    })
}

impl From<&(String, u64)> for LangTokens {
    fn from((lang, n_tokens): &(String, u64)) -> Self {
        LangTokens {
            lang: lang.clone(),
            n_tokens: *n_tokens,
        }
    }
}
