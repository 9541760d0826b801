//! The report of `eu inspect`, and the choice of who looks at what.

use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::{Map, Value};

use super::{files, folders};
use crate::commands::fail::{Failure, Result};
use crate::commands::out::{self, Out};
use crate::commands::table::Table;
use crate::disk;
use crate::ledger::{self, Manifest, Parent};

const EXAMPLES: &str = "\
Examples:
  eu inspect model.gguf                    architecture, tensors, parents
  eu inspect -v --check model.gguf         every tensor; is every weight a number
  eu inspect run                           how far a run is, and from what
  eu inspect data/tokens/train/deu_Latn.idx
  eu inspect run/model --json | jq .parents";

/// What can be typed after `eu inspect`.
#[derive(Debug, clap::Args)]
#[command(before_help = EXAMPLES)]
pub struct Args {
    /// File or folder.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Read all weights as well: each has to be a number.
    #[arg(long)]
    pub check: bool,
}

/// How closely to look.
#[derive(Debug, Clone, Copy)]
pub(super) struct Look {
    /// At each tensor.
    pub(super) tensors: bool,
    /// At each weight.
    pub(super) weights: bool,
}

/// A row of the table of tensors.
#[derive(Debug, Serialize)]
pub(super) struct Tensor {
    pub(super) name: String,
    #[serde(rename = "type")]
    pub(super) kind: String,
    /// Rows first, as in `config.json` and PyTorch.
    pub(super) shape: Vec<u64>,
    pub(super) len_bytes: u64,
    /// The file of a split model, from 0.
    pub(super) part: usize,
}

/// What a file or folder is: schema `inspect/1`.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    path: PathBuf,
    what: &'static str,
    len_bytes: u64,
    sha256: Option<String>,
    facts: Map<String, Value>,
    /// What is odd about it.
    odd: Vec<String>,
    /// Weights that are no numbers; none unless they were looked at.
    broken: Option<Vec<String>>,
    /// None unless they were asked for.
    tensors: Option<Vec<Tensor>>,
    stage: Option<String>,
    made_by: Option<String>,
    parents: Vec<Parent>,
    /// Files whose bytes are no longer those the manifest names; none without a manifest.
    changed: Option<Vec<PathBuf>>,
}

/// What a look at a file or folder found: what it is, and facts in the order they are told.
pub(super) struct Found {
    pub(super) what: &'static str,
    pub(super) facts: Map<String, Value>,
    pub(super) odd: Vec<String>,
    pub(super) broken: Vec<String>,
    pub(super) tensors: Option<Vec<Tensor>>,
}

impl Found {
    pub(super) fn new(what: &'static str) -> Self {
        Found {
            what,
            facts: Map::new(),
            odd: Vec::new(),
            broken: Vec::new(),
            tensors: None,
        }
    }

    pub(super) fn odd(mut self, odd: impl IntoIterator<Item = String>) -> Self {
        self.odd.extend(odd);
        self
    }

    pub(super) fn fact(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.facts.insert(name.into(), value.into());
        self
    }
}

/// Looks and tells.
///
/// # Errors
/// When the file is damaged, or no longer what its manifest says (exit code 3).
pub fn run(args: &Args, out: &Out) -> Result<()> {
    let path = crate::commands::model::resolve(&args.file).unwrap_or_else(|_| args.file.clone());
    let meta = std::fs::metadata(&path).map_err(|e| disk::Error::io(&path, "open", e))?;
    let look = Look {
        tensors: out.is_verbose(),
        weights: args.check,
    };
    let found = match meta.is_dir() {
        true => folders::look(&path, look)?,
        false => files::look(&path, look)?,
    };
    let (sha256, len_bytes) = match meta.is_dir() {
        true => (None, folder_bytes(&path)?),
        false => {
            let (sha256, len_bytes) = disk::sha256(&path)?;
            (Some(sha256), len_bytes)
        }
    };
    let manifest = Manifest::of(&path);
    let changed = match &manifest {
        Some(manifest) => Some(ledger::verify(&path, manifest)?),
        None => None,
    };
    let report = Report {
        what: found.what,
        facts: found.facts,
        odd: found.odd,
        broken: args.check.then_some(found.broken),
        tensors: found.tensors,
        len_bytes,
        sha256,
        stage: manifest.as_ref().map(|m| m.stage.clone()),
        made_by: manifest.as_ref().map(|m| m.tool.clone()),
        parents: manifest.map(|m| m.parents).unwrap_or_default(),
        changed,
        path,
    };
    out.result("inspect/1", &report, || text(&report))?;
    if let Some([first, ..]) = report.broken.as_deref() {
        return Err(
            Failure::damaged(format!("{}: {first}", report.path.display()))
                .hint("no answer of such a model is worth anything; fetch or make it again")
                .into(),
        );
    }
    match report.changed.as_deref() {
        None | Some([]) => Ok(()),
        Some([first, ..]) => Err(Failure::damaged(format!(
            "{}: not the bytes its manifest names",
            first.display()
        ))
        .hint("make it again, or fetch it again; `eu inspect --json` lists every such file")
        .into()),
    }
}

fn folder_bytes(path: &Path) -> Result<u64> {
    let files = disk::walk(path)?;
    let lens = files.iter().filter_map(|file| file.metadata().ok());
    Ok(lens.map(|meta| meta.len()).sum())
}

fn text(report: &Report) -> String {
    let mut table = Table::new(&[&out::clean(&report.path.display().to_string()), report.what]);
    table.row(["size", &out::bytes(report.len_bytes)]);
    if let Some(sha256) = &report.sha256 {
        table.row(["sha256", sha256]);
    }
    for (name, value) in &report.facts {
        table.row([name.as_str(), &told(value)]);
    }
    for odd in &report.odd {
        table.row(["look out", odd.as_str()]);
    }
    match report.broken.as_deref() {
        Some([]) => table.row(["weights", "every one is a number"]),
        Some(broken) => broken.iter().for_each(|what| table.row(["broken", what])),
        None => {}
    }
    if let (Some(stage), Some(tool)) = (&report.stage, &report.made_by) {
        table.row(["made by", &format!("{tool}, {stage}")]);
    }
    for parent in &report.parents {
        let words = format!("{} {}", parent.sha256, parent.path.display());
        table.row([format!("from {}", parent.role), words]);
    }
    let whole = match &report.changed {
        None => "no manifest".to_string(),
        Some(changed) if changed.is_empty() => "whole: every hash of the manifest holds".into(),
        Some(changed) => format!("{} files differ from the manifest", changed.len()),
    };
    table.row(["record", &whole]);
    let tensors = report.tensors.as_deref().map(list).unwrap_or_default();
    table.text() + &tensors
}

/// The table of tensors.
fn list(tensors: &[Tensor]) -> String {
    let mut table = Table::new(&["tensor", "type", ">shape", ">size"]);
    for tensor in tensors {
        let shape: Vec<String> = tensor.shape.iter().map(u64::to_string).collect();
        table.row([
            &tensor.name,
            &tensor.kind,
            &shape.join(" x "),
            &out::bytes(tensor.len_bytes),
        ]);
    }
    format!("\n{}", table.text())
}

/// A fact in words: strings bare, long ones cut, numbers grouped.
fn told(value: &Value) -> String {
    const MAX_CHARS: usize = 72; // what is left of 80 columns beside a short name
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(n) => match n.as_u64() {
            Some(n) if n >= 10_000 => out::count(n),
            _ => n.to_string(),
        },
        Value::Object(fields) => {
            let fields = fields
                .iter()
                .map(|(name, value)| format!("{name} {}", told(value)));
            fields.collect::<Vec<_>>().join(", ")
        }
        Value::Array(items) => items.iter().map(told).collect::<Vec<_>>().join(" "),
        other => other.to_string(),
    };
    match text.char_indices().nth(MAX_CHARS) {
        Some((at, _)) => format!("{}...", &text[..at]),
        None => text,
    }
}
