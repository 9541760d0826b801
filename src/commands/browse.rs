//! `eu prepare view`: a prepared folder to look into, on the whole screen or as lines.

use std::path::PathBuf;

use serde::Serialize;

use super::fail::Result;
use super::out::{self, Out};
use super::table::Table;
use crate::data::browse::Folder;

/// What is shown before what can be typed.
pub const EXAMPLES: &str = "\
Examples:
  eu prepare view data                       browse what stayed and what was dropped, and why
  eu prepare view data --plain               the groups as a table
  eu prepare view data --json | jq .n_docs   the same, one object a line";

/// What can be typed after `eu prepare view`.
#[derive(Debug, Default, clap::Args)]
pub struct Args {
    /// Folder that `eu prepare -o` made.
    #[arg(value_name = "DIR", default_value = "data")]
    pub folder: PathBuf,
}

/// One group, as a line tells it.
#[derive(Debug, Serialize)]
struct Row<'a> {
    name: &'a str,
    lang: &'a str,
    dropped: bool,
    n_docs: Option<u64>,
}

/// Opens the browser, or prints the groups where there is no whole screen to be had.
///
/// # Errors
/// When the folder is not a prepared one, or the terminal fails.
pub fn run(args: &Args, out: &Out) -> Result<()> {
    let folder = Folder::open(&args.folder)?;
    #[cfg(feature = "tui")]
    if out.may_take_screen() {
        return screen::show(folder, &args.folder, out);
    }
    let rows = folder.groups().iter().map(|group| Row {
        name: &group.name,
        lang: &group.lang,
        dropped: group.dropped,
        n_docs: group.n_docs,
    });
    if out.is_json() {
        for row in rows {
            out.object("view/1", &row)?;
        }
        return Ok(());
    }
    let mut table = Table::new(&["lang", "what", "", ">documents"]);
    for row in rows {
        table.row([
            row.lang.to_string(),
            row.name.to_string(),
            (if row.dropped { "dropped" } else { "kept" }).to_string(),
            row.n_docs.map_or("-".into(), out::count),
        ]);
    }
    out.data(&table.text())?;
    if let Some(totals) = folder.totals() {
        let [seen, kept, heldout, dropped] = [
            totals.n_seen,
            totals.n_kept,
            totals.n_heldout,
            totals.n_dropped,
        ]
        .map(out::count);
        out.say(&format!(
            "{seen} seen = {kept} kept + {heldout} held out + {dropped} dropped"
        ));
    }
    out.say("documents are read on a terminal, by `eu prepare explain ID`, or with zstdcat");
    Ok(())
}

#[cfg(feature = "tui")]
mod screen {
    use std::io;
    use std::path::Path;
    use std::sync::mpsc;

    use super::{Folder, Out, Result};
    use crate::data::browse;
    use crate::data::filter::Bound;
    use crate::disk;
    use crate::event::Control;
    use crate::tui;
    use crate::tui::prepare::{
        Beginnings, Browser, Check, Document, Found, Group, Library, Totals,
    };

    /// Bytes of records read for a list, and looked through between two frames of the screen.
    const BYTES: usize = 16 << 20;

    /// The folder as the browser knows it.
    struct Shelf {
        folder: Folder,
        groups: Vec<Group>,
    }

    impl Library for Shelf {
        fn groups(&self) -> &[Group] {
            &self.groups
        }

        fn totals(&self) -> Option<Totals> {
            self.folder.totals().map(|totals| Totals {
                n_seen: totals.n_seen,
                n_kept: totals.n_kept,
                n_heldout: totals.n_heldout,
                n_dropped: totals.n_dropped,
            })
        }

        fn beginnings(&mut self, group: usize, from: u64, n: usize) -> io::Result<Beginnings> {
            let read = self.folder.beginnings(group, from, n, BYTES);
            let (texts, ended) = read.map_err(told)?;
            Ok(Beginnings { texts, ended })
        }

        fn document(&mut self, group: usize, at: u64) -> io::Result<Option<Document>> {
            let read = self.folder.document(group, at).map_err(told)?;
            Ok(read.map(|document| Document {
                id: document.id,
                why: document.why,
                facts: document.facts,
                text: document.text,
                n_bytes: document.n_bytes,
                marks: document.marks,
            }))
        }

        fn checks(&mut self, group: usize, at: u64) -> io::Result<Vec<Check>> {
            let Some(document) = self.folder.document(group, at).map_err(told)? else {
                return Ok(Vec::new());
            };
            let checks = self.folder.checks(&document).map_err(told)?.into_iter();
            let checks = checks.map(|check| Check {
                reason: check.reason.into(),
                value: check.value,
                bound: match check.bound {
                    Bound::AtLeast => "at least",
                    Bound::AtMost => "at most",
                },
                threshold: check.threshold,
                ok: check.ok,
                on: check.on,
            });
            Ok(checks.collect())
        }

        fn search(&mut self, group: usize, from: u64, words: Option<&str>) -> io::Result<Found> {
            let found = self.folder.search(group, from, words, BYTES);
            Ok(match found.map_err(told)? {
                browse::Found::At(at) => Found::At(at),
                browse::Found::NotBefore(next) => Found::NotBefore(next),
                browse::Found::End(n) => Found::End(n),
            })
        }
    }

    fn told(error: crate::data::Error) -> io::Error {
        io::Error::other(error.to_string())
    }

    pub(super) fn show(folder: Folder, path: &Path, out: &Out) -> Result<()> {
        let groups = folder.groups().iter().map(|group| Group {
            name: group.name.clone(),
            lang: group.lang.clone(),
            dropped: group.dropped,
            n_docs: group.n_docs,
        });
        let groups = groups.collect();
        let mut browser = Browser::new(Shelf { folder, groups }, &path.display().to_string());
        // No news comes in: the folder is whole.
        let (_nobody, mut news) = mpsc::channel();
        let control = Control::default();
        let shown = tui::run(&mut browser, &mut news, &control, out.colors(), &mut |_| {});
        Ok(shown.map_err(|e| disk::Error::io(path, "show", e))?)
    }
}
