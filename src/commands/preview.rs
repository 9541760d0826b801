//! `--dry-run`: what would be done, from what, to where, and what it would cost.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::fail::Result;
use super::out::{self, Out};
use super::table::Table;
use crate::disk;

/// A file or folder a command would read.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Input {
    /// Where it is.
    pub path: PathBuf,
    /// Whether it is there.
    pub exists: bool,
    /// Bytes of the file, or of all files in the folder.
    pub len_bytes: u64,
}

impl Input {
    /// Looks at a path without reading it.
    pub fn of(path: &Path) -> Self {
        let files = disk::walk(path).unwrap_or_default();
        let len_bytes = files
            .iter()
            .filter_map(|f| f.metadata().ok())
            .map(|m| m.len())
            .sum();
        Input {
            path: path.into(),
            exists: path.exists(),
            len_bytes,
        }
    }
}

/// What a command would do: schema `plan/1`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Preview<P> {
    /// Name of the command.
    pub command: &'static str,
    /// Every setting, resolved.
    pub plan: P,
    /// What would be read.
    pub inputs: Vec<Input>,
    /// What would be made.
    pub outputs: Vec<PathBuf>,
    /// Memory it would need at most, estimated.
    pub memory_bytes: Option<u64>,
    /// Time it would take, estimated.
    pub time_ms: Option<u64>,
    /// Room it would take on disk, estimated.
    pub disk_bytes: Option<u64>,
    /// What else a reader should know.
    pub notes: Vec<String>,
}

impl<P: Serialize> Preview<P> {
    /// Prints it.
    ///
    /// # Errors
    /// When standard output cannot be written.
    pub fn print(&self, out: &Out) -> Result<()> {
        out.result("plan/1", self, || self.text())
    }

    fn text(&self) -> String {
        let guess = |n: Option<u64>, show: fn(u64) -> String| {
            n.map_or_else(
                || "not known beforehand".into(),
                |n| format!("about {}", show(n)),
            )
        };
        let mut table = Table::new(&["would", "", ">"]);
        for input in &self.inputs {
            let size = match input.exists {
                true => out::bytes(input.len_bytes),
                false => "is not there".into(),
            };
            table.row(["read".to_string(), input.path.display().to_string(), size]);
        }
        for path in &self.outputs {
            let state = match disk::refuse_existing(path) {
                Ok(()) => "",
                Err(_) => "exists already",
            };
            table.row(["make".to_string(), path.display().to_string(), state.into()]);
        }
        table.row(["need memory", &guess(self.memory_bytes, out::bytes), ""]);
        table.row(["take time", &guess(self.time_ms, out::span), ""]);
        table.row(["fill disk", &guess(self.disk_bytes, out::bytes), ""]);
        let mut text = table.text();
        for note in &self.notes {
            text.push_str(&format!("note: {}\n", out::clean(note)));
        }
        text.push_str(&format!("\n[{}]\n", self.command));
        text.push_str(&toml::to_string(&self.plan).unwrap_or_default());
        text
    }
}
