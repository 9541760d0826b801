//! From the sketches of all units to the fate of each document, in bounded memory.
//!
//! Copies are looked for in three ways, each among what the ones before left: the same address
//! (the newest stays), the same text, nearly the same text. Of a set of copies the longest text
//! stays, then the smallest id, then the smallest hash of the bytes. Nothing depends on the order
//! of the files, on how documents are spread over them, or on threads.
//!
//! Tables are sorted on disk; what is held in memory for each document are nine bytes.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use super::elect::elect;
use super::fates::{Copy, FateWriter, UnitFate};
use super::forest::{Bits, Forest, MAX_DOCUMENTS};
use super::minhash::Bands;
use super::near::near;
use super::sketch::{Sketch, SketchReader};
use super::sort::{Rows, Sorted, Sorter};
use crate::data::error::{Error, Result};
use crate::disk;
use crate::event::Control;

/// Where the texts are, for those that must be compared in full.
pub trait Texts: Sync {
    /// Gives `found` the text of each document of `wanted`, which are places in the unit from 0,
    /// ascending, in that order. Units are asked for from several threads.
    ///
    /// # Errors
    /// Its own, and those of `found`.
    fn each(
        &self,
        unit: usize,
        wanted: &[u32],
        found: &mut dyn FnMut(u32, &str) -> Result<()>,
    ) -> Result<()>;
}

/// What is asked of [`resolve`].
#[derive(Debug, Clone, PartialEq)]
pub struct Resolve {
    /// Shape of the index; that of the sketches.
    pub shape: Bands,
    /// Look for the same address.
    pub url: bool,
    /// Look for the same text.
    pub exact: bool,
    /// Look for nearly the same text.
    pub fuzzy: bool,
    /// Memory to use, in bytes: nine for each document, and the rest for sorting.
    pub memory_bytes: u64,
    /// Folder for tables that do not fit: about a tenth of the text, and the shingles of the
    /// candidates. Nothing is left there.
    pub work: PathBuf,
    /// Folder the fates are written to, a file for each unit.
    pub fates: PathBuf,
}

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Resolution {
    /// A file of fates for each unit, in the order of the sketches.
    pub fates: Vec<PathBuf>,
    /// Documents seen.
    pub n_documents: u64,
    /// Documents that stay.
    pub n_kept: u64,
    /// Documents that go, by the way they were found.
    pub n_dropped: BTreeMap<Copy, u64>,
    /// Pairs that share a band and were to be compared.
    pub n_candidate_pairs: u64,
    /// How many clusters there are of each size, those of one document included.
    pub cluster_sizes: BTreeMap<u64, u64>,
}

/// Least memory to sort in.
const MIN_SORT_BYTES: u64 = 1 << 16;
/// Tables that are held at the same time.
const N_TABLES: u64 = 6;

/// Decides which documents stay, on the threads of the pool it is called in. `sketches` are the
/// units in the order `texts` knows them.
///
/// # Errors
/// When sketches are damaged or of another shape, the disk is full, a text is gone, the memory
/// is too little for the number of documents, or a stop was asked for.
pub fn resolve(
    sketches: &[PathBuf],
    texts: &dyn Texts,
    plan: &Resolve,
    control: &Control,
) -> Result<Resolution> {
    std::fs::create_dir_all(&plan.work).map_err(|e| disk::Error::io(&plan.work, "create", e))?;
    let mut run = Run::begin(sketches, plan, control)?;
    if plan.url {
        let groups = run.groups(|sketch| sketch.url_hash.map(u128::from))?;
        run.drop_copies(Copy::Url, &groups)?;
    }
    if plan.exact {
        let groups = run.groups(|sketch| Some(sketch.text_hash))?;
        run.drop_copies(Copy::Exact, &groups)?;
    }
    let similarities = match plan.fuzzy {
        true => near(&mut run, texts)?,
        false => Sorter::new(&plan.work, 0)?.sorted()?,
    };
    run.write(&similarities)
}

/// A document that goes: its number, the code of the way, the survivor's number and id.
pub(super) type FateRow = (u32, u8, u32, Vec<u8>);

/// Everything that is known so far.
pub(super) struct Run<'a> {
    pub(super) sketches: &'a [PathBuf],
    pub(super) plan: &'a Resolve,
    pub(super) control: &'a Control,
    /// Number of the first document of each unit, and at the end that of all.
    pub(super) starts: Vec<u32>,
    /// All copies, whatever way they were found.
    pub(super) forest: Forest,
    pub(super) gone: Bits,
    pub(super) fates: Sorter<FateRow>,
    /// Memory of one table, in bytes.
    pub(super) table_bytes: usize,
    pub(super) n_candidate_pairs: u64,
}

impl<'a> Run<'a> {
    fn begin(sketches: &'a [PathBuf], plan: &'a Resolve, control: &'a Control) -> Result<Self> {
        let mut starts = vec![0u32];
        let mut n = 0u64;
        for path in sketches {
            let mut reader = SketchReader::open(path, plan.shape)?;
            while reader.next()?.is_some() {
                check(control)?;
                n += 1;
            }
            if n > MAX_DOCUMENTS {
                return Err(Error::usage(
                    format!("more than {MAX_DOCUMENTS} documents"),
                    "deduplicate a part of them at a time, such as each language alone",
                ));
            }
            starts.push(n as u32);
        }
        let fixed = 9 * n;
        let Some(rest) = plan.memory_bytes.checked_sub(fixed + MIN_SORT_BYTES) else {
            let needed = (fixed + MIN_SORT_BYTES).div_ceil(1 << 20);
            return Err(Error::usage(
                format!("{n} documents need at least {needed} MiB of memory to deduplicate"),
                "give more with --memory, or deduplicate each language alone",
            ));
        };
        let table_bytes = ((rest + MIN_SORT_BYTES) / N_TABLES) as usize;
        Ok(Run {
            sketches,
            plan,
            control,
            starts,
            forest: Forest::new(n as usize),
            gone: Bits::new(n as usize),
            fates: Sorter::new(&plan.work, table_bytes)?,
            table_bytes,
            n_candidate_pairs: 0,
        })
    }

    /// Documents of all units.
    pub(super) fn n_documents(&self) -> u32 {
        self.starts.last().copied().unwrap_or(0)
    }

    /// Unit and place of a document.
    fn place(&self, ordinal: u32) -> (u32, u32) {
        let unit = self
            .starts
            .partition_point(|start| *start <= ordinal)
            .saturating_sub(1);
        let start = self.starts.get(unit).copied().unwrap_or(0);
        (unit as u32, ordinal - start)
    }

    /// An empty table.
    pub(super) fn table<T: super::row::Field>(&self) -> Result<Sorter<T>> {
        Sorter::new(&self.plan.work, self.table_bytes)
    }

    /// Gives `seen` every sketch that has not gone, with the number of its document.
    pub(super) fn each_left(&self, mut seen: impl FnMut(u32, &Sketch) -> Result<()>) -> Result<()> {
        for (path, ends) in self.sketches.iter().zip(self.starts.windows(2)) {
            let mut reader = SketchReader::open(path, self.plan.shape)?;
            let (mut ordinal, end) = (ends[0], ends[1]);
            while let Some(sketch) = reader.next()? {
                check(self.control)?;
                if ordinal == end {
                    return Err(changed(path));
                }
                if !self.gone.get(ordinal) {
                    seen(ordinal, &sketch)?;
                }
                ordinal += 1;
            }
            if ordinal != end {
                return Err(changed(path));
            }
        }
        Ok(())
    }

    /// Joins the documents of the same key; those that are not alone.
    fn groups(&mut self, key: impl Fn(&Sketch) -> Option<u128>) -> Result<Bits> {
        let mut table: Sorter<(u128, u32)> = self.table()?;
        self.each_left(|ordinal, sketch| match key(sketch) {
            Some(key) => table.push((key, ordinal)),
            None => Ok(()),
        })?;
        let table = table.sorted()?;
        let mut grouped = Bits::new(self.n_documents() as usize);
        let mut rows = table.rows()?;
        let mut before = None;
        while let Some((key, ordinal)) = rows.next()? {
            check(self.control)?;
            if let Some((last, other)) = before
                && last == key
            {
                self.forest.join(other, ordinal);
                grouped.set(other);
                grouped.set(ordinal);
            }
            before = Some((key, ordinal));
        }
        Ok(grouped)
    }

    /// Of each tree that `groups` is about, lets one stay.
    fn drop_copies(&mut self, copy: Copy, groups: &Bits) -> Result<()> {
        if groups.count() == 0 {
            return Ok(());
        }
        elect(self, copy, groups, &mut |_, _| Ok(()))
    }

    /// Writes the fates; `similarities` has the number of each near copy with its similarity.
    fn write(mut self, similarities: &Sorted<(u32, u64)>) -> Result<Resolution> {
        let fates =
            std::mem::replace(&mut self.fates, Sorter::new(&self.plan.work, 0)?).sorted()?;
        let (mut fates, mut similarities) = (fates.rows()?, similarities.rows()?);
        let mut found = Resolution {
            n_documents: u64::from(self.n_documents()),
            n_candidate_pairs: self.n_candidate_pairs,
            ..Resolution::default()
        };
        for unit in 0..self.sketches.len() {
            let path = self.plan.fates.join(format!("{unit:06}.fates"));
            let (start, end) = (self.starts[unit], self.starts[unit + 1]);
            let mut failed = None;
            let written = disk::replace(&path, |out| {
                let mut writer = FateWriter::new(out)?;
                for ordinal in start..end {
                    let fate = self.fate(ordinal, &mut fates, &mut similarities);
                    let fate = fate.map_err(|e| {
                        failed = Some(e);
                        io::Error::other("the fates could not be told")
                    })?;
                    found.count(&fate);
                    writer.push(&fate)?;
                }
                writer.finish().map(drop)
            });
            match failed {
                Some(error) => return Err(error),
                None => written?,
            }
            found.fates.push(path);
        }
        let n_out = found.n_kept + found.n_dropped.values().sum::<u64>();
        if n_out != found.n_documents || fates.peek().is_some() || similarities.peek().is_some() {
            return Err(Error::Lost {
                stage: "dedup".into(),
                n_in: found.n_documents,
                n_out,
            });
        }
        Ok(found)
    }

    fn fate(
        &mut self,
        ordinal: u32,
        fates: &mut Rows<FateRow>,
        similarities: &mut Rows<(u32, u64)>,
    ) -> Result<UnitFate> {
        check(self.control)?;
        if fates.peek().is_none_or(|row| row.0 != ordinal) {
            let cluster_size = u64::from(self.forest.size(ordinal));
            return Ok(UnitFate::Kept { cluster_size });
        }
        let Some((_, code, survivor, id)) = fates.next()? else {
            return Err(Error::Failed("a fate was lost".into())); // never: it was there to peek at
        };
        let copy = Copy::of(code).unwrap_or(Copy::Near);
        let similarity = match similarities.peek() {
            Some(row) if row.0 == ordinal => similarities.next()?.map_or(0, |row| row.1),
            _ if copy == Copy::Exact => 1f64.to_bits(),
            _ => 0f64.to_bits(),
        };
        let (unit, index) = self.place(survivor);
        Ok(UnitFate::Dropped {
            copy,
            survivor: String::from_utf8_lossy(&id).into_owned(),
            unit,
            index,
            similarity: f64::from_bits(similarity),
        })
    }
}

impl Resolution {
    fn count(&mut self, fate: &UnitFate) {
        match fate {
            UnitFate::Kept { cluster_size } => {
                self.n_kept += 1;
                *self.cluster_sizes.entry(*cluster_size).or_default() += 1;
            }
            UnitFate::Dropped { copy, .. } => *self.n_dropped.entry(*copy).or_default() += 1,
        }
    }
}

/// An error once a stop was asked for.
pub(super) fn check(control: &Control) -> Result<()> {
    match control.stop_requested() {
        true => Err(Error::Interrupted {
            stage: "dedup".into(),
        }),
        false => Ok(()),
    }
}

fn changed(path: &Path) -> Error {
    Error::line(
        path,
        1,
        "the file changed while it was read",
        "let nothing write to the sketches, and give the same command again",
    )
}
