//! The work folder: what is done of a walk, so that it can go on after a stop, a kill or a full
//! disk, and so that several processes can share it.
//!
//! `<output>.work/` holds `walk.json` (which walk this is), `units/<n>/` (each appears whole when
//! its unit is done), `out/` (the output in the making, file by file) and `done/<piece>.json`
//! (pieces of the output that are whole, with what was counted). Whoever finds a piece takes it as
//! it is; the last rename turns `out/` into the output, and the folder is then removed under a
//! hidden name, so that no half of it is ever found.

use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::plan::Plan;
use super::units::{Unit, stamp};
use crate::data::error::{Error, Result};
use crate::data::read;
use crate::disk;

/// Settings that change how a walk is done but not what comes out.
const FREE_SETTINGS: [&str; 5] = ["force", "threads", "memory", "shard", "max_premium"];

/// Note that `out/` may have become the output: without it, nothing else here is of use.
const PUBLISHED: &str = "published";

/// The work folder of one walk.
pub(super) struct Work {
    folder: PathBuf,
}

impl Work {
    /// Opens the work folder of `plan`, or begins one. One of another walk is refused, or with
    /// `force` removed.
    ///
    /// # Errors
    /// When it cannot be made, or belongs to a walk of other settings or inputs.
    pub(super) fn open(plan: &Plan, units: &[Unit]) -> Result<Self> {
        let work = Work {
            folder: folder_of(&plan.output),
        };
        let walk = work.folder.join("walk.json");
        let own = identity(plan, units);
        if work.done::<bool>(PUBLISHED).is_some() && !work.out().exists() {
            work.clear()?; // killed between the last rename and the end of clearing away
        }
        if work.folder.symlink_metadata().is_ok() {
            let found = disk::read(&walk).ok();
            let found = found.and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok());
            match found {
                Some(found) if found == own => return Ok(work),
                Some(found) if !plan.force => return Err(other_walk(&work.folder, &found, &own)),
                None if !plan.force && !disk::holds_only_leftovers(&work.folder) => {
                    return Err(Error::usage(
                        format!("{}: not the work folder of a walk", work.folder.display()),
                        "move it away, or choose another -o",
                    ));
                }
                Some(_) => work.clear()?,
                None => {}
            }
        }
        disk::replace_json(&walk, &own)?;
        Ok(work)
    }

    /// True when `plan` has a work folder.
    pub(super) fn exists(plan: &Plan) -> bool {
        folder_of(&plan.output).join("walk.json").exists()
    }

    /// Folder of the unit numbered `at`; there only if the unit is done.
    pub(super) fn unit(&self, at: usize) -> PathBuf {
        self.folder.join("units").join(format!("{at:08}"))
    }

    /// Where the output is made.
    pub(super) fn out(&self) -> PathBuf {
        self.folder.join("out")
    }

    /// A folder for what is only needed meanwhile.
    pub(super) fn temporary(&self, name: &str) -> PathBuf {
        self.folder.join("tmp").join(name)
    }

    /// What was counted when `piece` was made; none while it is not whole.
    pub(super) fn done<T: DeserializeOwned>(&self, piece: &str) -> Option<T> {
        let bytes = disk::read(&self.marker(piece)).ok()?;
        serde_json::from_slice(&bytes).ok()
    }

    /// Notes that `piece` is whole.
    ///
    /// # Errors
    /// When the note cannot be written.
    pub(super) fn finish<T: Serialize>(&self, piece: &str, counted: &T) -> Result<()> {
        Ok(disk::replace_json(&self.marker(piece), counted)?)
    }

    fn marker(&self, piece: &str) -> PathBuf {
        self.folder.join("done").join(format!("{piece}.json"))
    }

    /// Turns `out/` into the output and removes the rest.
    ///
    /// # Errors
    /// When the output is there already and may not be replaced.
    pub(super) fn publish(self, plan: &Plan) -> Result<()> {
        self.rename_out(plan)?;
        self.remove()
    }

    /// The part of [`Work::publish`] after which the output is seen.
    pub(super) fn rename_out(&self, plan: &Plan) -> Result<()> {
        self.finish(PUBLISHED, &true)?;
        Ok(disk::publish(&self.out(), &plan.output, plan.force)?)
    }

    /// Removes all that was done.
    ///
    /// # Errors
    /// When a file cannot be removed.
    pub(super) fn remove(self) -> Result<()> {
        self.clear()
    }

    /// Removes the folder; a kill leaves all of it under its name, or nothing.
    fn clear(&self) -> Result<()> {
        Ok(disk::remove_at_once(&self.folder)?)
    }
}

/// `data` is worked on in `data.work`.
fn folder_of(output: &Path) -> PathBuf {
    let mut name = output.as_os_str().to_os_string();
    name.push(".work");
    name.into()
}

/// What a walk is: every setting that changes what comes out, and every input as it was.
fn identity(plan: &Plan, units: &[Unit]) -> Value {
    let mut settings = serde_json::to_value(plan).unwrap_or(Value::Null);
    if let Some(settings) = settings.as_object_mut() {
        settings.retain(|key, _| !FREE_SETTINGS.contains(&key.as_str()));
    }
    let mut inputs = serde_json::to_vec(units).unwrap_or_default();
    // Files that settings name are known by their names, sizes and when they were changed.
    let looked_up = plan.looked_up().into_iter().map(|(_, path)| path);
    let key = plan.pii_key.as_deref();
    for path in looked_up.chain(key) {
        let files = disk::walk(path).or_else(|_| read::inputs(&[path.into()]));
        inputs.extend(stamped(path, files.unwrap_or_default()));
    }
    for path in plan.heldout.iter().chain(&plan.parallel) {
        let files = read::inputs(std::slice::from_ref(path));
        inputs.extend(stamped(path, files.unwrap_or_default()));
    }
    let files: usize = units.iter().map(|unit| unit.parts.len()).sum();
    json!({
        "schema": "walk/2",
        "tool": concat!("eu ", env!("CARGO_PKG_VERSION")),
        "settings": settings,
        "n_units": units.len(),
        "n_parts": files,
        "inputs_sha256": disk::sha256_bytes(&inputs),
    })
}

/// What a setting named, and the files it stands for as they were; where there are none, opening
/// it says what is wrong.
fn stamped(named: &Path, files: Vec<PathBuf>) -> Vec<u8> {
    let stamps: Vec<_> = files.iter().map(|file| (file, stamp(file).ok())).collect();
    serde_json::to_vec(&(named, stamps)).unwrap_or_default()
}

/// Says what differs, so that a person can set it back.
fn other_walk(folder: &Path, found: &Value, own: &Value) -> Error {
    let mut differs: Vec<String> = Vec::new();
    if let (Some(a), Some(b)) = (found["settings"].as_object(), own["settings"].as_object()) {
        let changed = b.iter().filter(|(key, value)| a.get(*key) != Some(value));
        differs.extend(changed.map(|(key, _)| key.clone()));
    }
    if found["inputs_sha256"] != own["inputs_sha256"] {
        differs.push("the input files".into());
    }
    if ["tool", "schema"]
        .iter()
        .any(|key| found[*key] != own[*key])
    {
        differs.push("the version of eu".into());
    }
    Error::usage(
        format!(
            "{}: left by a walk that differs in {}",
            folder.display(),
            differs.join(", ")
        ),
        "give the settings it had to finish it, or -f to begin anew",
    )
}
