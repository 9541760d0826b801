//! Checkpoints: a Hugging Face folder with what the run needs to go on exactly beside it.
//!
//! `RUN/checkpoints/step-00000100/` holds the model as any tool loads it, and `state/` both
//! moments and `state.json`. It appears whole, its manifest names the hash of every file, and on
//! the way back a checkpoint whose files do not match is passed over for the one before.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::super::load::Loaded;
use super::super::model::{Layout, Model};
use super::super::{Error, Result, folder};
use super::batch::Cursor;
use super::heldout::Scores;
use super::learner::Learner;
use super::plan::Plan;
use super::prepared::Prepared;
use crate::disk::{self, Staged};
use crate::ledger::{self, Manifest};

const FOLDER: &str = "checkpoints";
const PREFIX: &str = "step-";
/// How [`Staged`] names a folder that is not whole yet.
const UNFINISHED: &[u8] = b".eu-";
const STATE: &str = "state/state.json";
const FIRST_MOMENTS: &str = "state/m.safetensors";
const SECOND_MOMENTS: &str = "state/v.safetensors";

/// Where a run stands, apart from the weights and moments.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct State {
    /// `train-state/1`.
    pub schema: String,
    /// Steps made.
    pub step: u64,
    /// Tokens seen.
    pub n_tokens: u64,
    /// How far the data has been read.
    pub cursor: Cursor,
    /// The plan as it was resolved, number of steps included.
    pub plan: Plan,
    /// Hash of the data the run began with.
    pub data: String,
    /// Loss of the last step.
    pub loss: Option<f64>,
    /// Scores before the first step.
    pub before: Option<Scores>,
}

/// A checkpoint read back.
pub(super) struct Checkpoint {
    pub state: State,
    pub model: Model,
    pub m: Vec<f32>,
    pub v: Vec<f32>,
}

/// Writes a checkpoint and returns where; older ones than the newest `keep` are removed (0: none).
///
/// # Errors
/// When it cannot be written; the ones before are then still there.
pub(super) fn save(
    run: &Path,
    learner: &Learner,
    state: &State,
    data: &Prepared,
    lineage: &Manifest,
) -> Result<PathBuf> {
    let target = run.join(FOLDER).join(format!("{PREFIX}{:08}", state.step));
    let staged = Staged::new(&target, true)?;
    let (model, at) = (&learner.model, staged.path());
    folder::write(
        at,
        &model.config,
        &model.params,
        &data.tokenizer,
        &data.vocab,
    )?;
    let layout = Layout::new(&model.config);
    folder::write_weights(&at.join(FIRST_MOMENTS), &layout, &learner.m)?;
    folder::write_weights(&at.join(SECOND_MOMENTS), &layout, &learner.v)?;
    disk::replace_json(&at.join(STATE), state)?;
    let mut manifest = lineage.clone();
    manifest.count("step", state.step);
    manifest.count("n_tokens", state.n_tokens);
    manifest.seal(at)?;
    staged.publish()?;
    forget_old(run, state.plan.keep_checkpoints)?;
    Ok(target)
}

/// The newest whole checkpoint of a run; `note` hears of each that is passed over.
///
/// # Errors
/// When the folder cannot be read.
pub(in super::super) fn newest(
    run: &Path,
    note: &mut dyn FnMut(String),
) -> Result<Option<PathBuf>> {
    for path in all(run)?.into_iter().rev() {
        let Some(manifest) = Manifest::of(&path) else {
            note(format!(
                "{}: passed over, it has no manifest",
                path.display()
            ));
            continue;
        };
        match ledger::verify(&path, &manifest)?.first() {
            None => return Ok(Some(path)),
            Some(changed) => {
                note(format!(
                    "{}: passed over, its checkpoint is damaged",
                    changed.display()
                ));
            }
        }
    }
    Ok(None)
}

/// Reads a checkpoint that [`newest`] found whole.
///
/// # Errors
/// When its files are not those of a checkpoint.
pub(super) fn read(path: &Path) -> Result<Checkpoint> {
    let at = path.join(STATE);
    let state: State = serde_json::from_slice(&disk::read(&at)?)
        .map_err(|e| Error::damaged(&at, format!("not the state of a run: {e}")))?;
    let Loaded { model, .. } = folder::read(path)?;
    let layout = Layout::new(&model.config);
    Ok(Checkpoint {
        m: folder::read_weights(&path.join(FIRST_MOMENTS), &layout)?,
        v: folder::read_weights(&path.join(SECOND_MOMENTS), &layout)?,
        state,
        model,
    })
}

/// Every checkpoint of a run, oldest first.
fn all(run: &Path) -> Result<Vec<PathBuf>> {
    let folder = run.join(FOLDER);
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let entries = std::fs::read_dir(&folder)
        .and_then(|entries| {
            entries
                .map(|e| e.map(|e| e.path()))
                .collect::<std::io::Result<Vec<_>>>()
        })
        .map_err(|e| disk::Error::io(&folder, "list", e))?;
    let step = |path: &PathBuf| {
        let name = path.file_name()?.to_str()?;
        name.strip_prefix(PREFIX)?.parse::<u64>().ok()
    };
    let mut found: Vec<(u64, PathBuf)> = entries
        .into_iter()
        .filter_map(|path| Some((step(&path)?, path)))
        .collect();
    found.sort();
    Ok(found.into_iter().map(|(_, path)| path).collect())
}

fn forget_old(run: &Path, keep: usize) -> Result<()> {
    let found = all(run)?;
    let n_old = if keep == 0 {
        0
    } else {
        found.len().saturating_sub(keep)
    };
    for path in &found[..n_old] {
        std::fs::remove_dir_all(path).map_err(|e| disk::Error::io(path, "remove", e))?;
    }
    Ok(())
}

/// Removes what a killed process left half written in a run.
///
/// # Errors
/// When it cannot be removed.
pub(super) fn sweep(run: &Path) -> Result<()> {
    for folder in [run.to_path_buf(), run.join(FOLDER)] {
        let Ok(entries) = std::fs::read_dir(&folder) else {
            continue;
        };
        for path in entries.flatten().map(|entry| entry.path()) {
            let name = path.file_name().unwrap_or_default().as_encoded_bytes();
            if name.starts_with(UNFINISHED) && path.is_dir() {
                std::fs::remove_dir_all(&path).map_err(|e| disk::Error::io(&path, "remove", e))?;
            }
        }
    }
    Ok(())
}
