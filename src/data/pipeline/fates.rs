//! What becomes of each record that units keep, when all are known: what its site says of it, and
//! whether it is a copy of another.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::plan::{Plan, Step};
use super::site::{self, Denial, Denied};
use super::steps::Verdict;
use super::tokens::text_of;
use super::unit_files::Finished;
use super::work::Work;
use crate::data::dedup::{self, Copy, FateReader, Resolve, SketchReader, SketchWriter, UnitFate};
use crate::data::error::{Error, Result};
use crate::disk;
use crate::event::Control;

/// What becomes of a record.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Fate {
    /// It stays.
    Kept {
        /// Records it stands for, itself included.
        n_copies: u64,
    },
    /// It goes.
    Dropped(Verdict),
}

/// The fates of all records.
pub(super) struct Fates {
    /// For each unit, what sites say of its records: the verdict of those that go, by place.
    denied: Vec<Vec<(u64, Denial)>>,
    /// How often checks of sites allowed and denied.
    pub(super) asked: BTreeMap<String, u64>,
    /// Files of fates, one a unit; none where nothing was compared.
    files: Vec<PathBuf>,
    /// Copies that records which go stood for already, by the record that stays.
    stood_for: HashMap<Compared, u64>,
    min_jaccard: f64,
    /// What was found on the way.
    pub(super) found: Found,
}

/// Numbers of the comparison, for the report.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Found {
    /// How many clusters there are of each size.
    pub(super) cluster_sizes: BTreeMap<u64, u64>,
    /// Pairs that were compared in full.
    pub(super) n_candidate_pairs: u64,
}

/// A record by its unit and its place among those of the unit that were compared.
type Compared = (u32, u32);

/// What is known of a record: its site keeps it back, or what the comparison said.
enum Known<'a> {
    Denied(&'a Denial),
    Compared(u32, UnitFate),
}

impl Fates {
    /// What is known of a unit's kept records, in order; none where nothing was compared.
    fn known(&self, unit: usize) -> Result<impl Iterator<Item = Result<Option<Known<'_>>>> + '_> {
        let mut reader = match self.files.get(unit) {
            Some(path) => Some(FateReader::open(path)?),
            None => None,
        };
        let mut denied = self.denied.get(unit).map_or(&[][..], Vec::as_slice);
        let (mut place, mut index) = (0, 0);
        Ok(std::iter::from_fn(move || {
            place += 1;
            if let Some(((first, denial), rest)) = denied.split_first()
                && first + 1 == place
            {
                denied = rest;
                return Some(Ok(Some(Known::Denied(denial))));
            }
            let Some(reader) = &mut reader else {
                return Some(Ok(None));
            };
            index += 1;
            match reader.next() {
                Ok(None) => None,
                Ok(Some(fate)) => Some(Ok(Some(Known::Compared(index - 1, fate)))),
                Err(error) => Some(Err(error)),
            }
        }))
    }

    /// Fates of a unit's kept records, in order.
    pub(super) fn of(&self, unit: usize) -> Result<impl Iterator<Item = Result<Fate>> + '_> {
        Ok(self.known(unit)?.map(move |known| {
            Ok(match known? {
                None => Fate::Kept { n_copies: 1 },
                Some(Known::Denied(Denial { reason, evidence })) => {
                    Fate::Dropped(Verdict::said("sites", reason, evidence))
                }
                Some(Known::Compared(index, fate)) => self.compared((unit as u32, index), fate),
            })
        }))
    }

    fn compared(&self, record: Compared, fate: UnitFate) -> Fate {
        match fate {
            UnitFate::Kept { cluster_size } => Fate::Kept {
                n_copies: cluster_size + self.stood_for.get(&record).unwrap_or(&0),
            },
            UnitFate::Dropped {
                copy,
                survivor,
                similarity,
                ..
            } => {
                let (stage, reason, threshold) = match copy {
                    Copy::Url => ("dedup_url", "same_url", 1.0),
                    Copy::Exact => ("dedup_exact", "duplicate", 1.0),
                    Copy::Near => ("dedup_fuzzy", "near_duplicate", self.min_jaccard),
                };
                Fate::Dropped(Verdict::copy(
                    stage, reason, similarity, threshold, &survivor,
                ))
            }
        }
    }

    /// Copies that records which go stood for already, by an earlier deduplication, added to those
    /// that stay. In memory are only such records.
    fn count_stood_for(&mut self, units: &[Finished]) -> Result<()> {
        let mut stood_for: HashMap<Compared, u64> = HashMap::new();
        // One that stayed for the same address may go for the same text, and so on: each round
        // hands on what came to such a one.
        for round in 0..=Copy::ALL.len() {
            let mut moved: HashMap<Compared, u64> = HashMap::new();
            for (unit, finished) in units.iter().enumerate() {
                for (row, known) in finished.rows()?.zip(self.known(unit)?) {
                    let Some(Known::Compared(at, fate)) = known? else {
                        continue;
                    };
                    let UnitFate::Dropped {
                        unit: to, index, ..
                    } = fate
                    else {
                        continue;
                    };
                    let n = match round {
                        0 => u64::from(row?.n_copies) - 1,
                        _ => stood_for.remove(&(unit as u32, at)).unwrap_or(0),
                    };
                    if n > 0 {
                        *moved.entry((to, index)).or_default() += n;
                    }
                }
            }
            if moved.is_empty() {
                break;
            }
            for (record, n) in moved {
                *stood_for.entry(record).or_default() += n;
            }
        }
        self.stood_for = stood_for;
        Ok(())
    }
}

/// Asks sites, and compares all records of all units, or takes up what was found before.
pub(super) fn resolve(
    units: &[Finished],
    plan: &Plan,
    work: &Work,
    control: &Control,
) -> Result<Fates> {
    let Denied { by_unit, asked } = site::denied(units, plan, work, control)?;
    let shape = plan.bands();
    let mut fates = Fates {
        denied: by_unit,
        asked,
        files: Vec::new(),
        stood_for: HashMap::new(),
        min_jaccard: shape.min_jaccard,
        found: Found::default(),
    };
    if !plan.has(Step::Dedup) {
        return Ok(fates);
    }
    let folder = work.temporary("fates");
    let resolve = Resolve {
        shape,
        url: plan.dedup_url,
        exact: plan.dedup_exact,
        fuzzy: plan.dedup_fuzzy,
        memory_bytes: plan.memory.0,
        work: work.temporary("sorting"),
        fates: folder.clone(),
    };
    if let Some((files, found)) = work.done::<(Vec<PathBuf>, Found)>("fates") {
        fates.files = files.iter().map(|name| folder.join(name)).collect();
        fates.found = found;
        fates.count_stood_for(units)?;
        return Ok(fates);
    }
    for left in [&resolve.work, &resolve.fates, &work.temporary("sketches")] {
        disk::remove_folder(left)?;
    }
    let sketches = allowed_sketches(units, &fates, plan, &work.temporary("sketches"))?;
    let texts = Texts {
        units,
        denied: &fates.denied,
    };
    let resolution = dedup::resolve(&sketches, &texts, &resolve, control)?;
    let names: Vec<&Path> = resolution
        .fates
        .iter()
        .filter_map(|path| path.strip_prefix(&folder).ok())
        .collect();
    fates.found = Found {
        cluster_sizes: resolution.cluster_sizes,
        n_candidate_pairs: resolution.n_candidate_pairs,
    };
    work.finish("fates", &(names, &fates.found))?;
    fates.files = resolution.fates;
    fates.count_stood_for(units)?;
    Ok(fates)
}

/// The sketches of records that may be used: those of the units, or copies without the others.
fn allowed_sketches(
    units: &[Finished],
    fates: &Fates,
    plan: &Plan,
    folder: &Path,
) -> Result<Vec<PathBuf>> {
    let mut paths = Vec::with_capacity(units.len());
    for (at, unit) in units.iter().enumerate() {
        let denied = fates.denied.get(at).map_or(&[][..], Vec::as_slice);
        if denied.is_empty() {
            paths.push(unit.sketches());
            continue;
        }
        let path = folder.join(format!("{at:08}"));
        let mut reader = SketchReader::open(&unit.sketches(), plan.bands())?;
        let mut failed = None;
        disk::replace(&path, |out| {
            let mut writer = SketchWriter::new(out, plan.bands())?;
            let mut denied = denied.iter().map(|(place, _)| *place).peekable();
            for place in 0.. {
                match reader.next() {
                    Ok(Some(sketch)) => match denied.next_if_eq(&place) {
                        Some(_) => {}
                        None => writer.push(&sketch)?,
                    },
                    Ok(None) => break,
                    Err(error) => {
                        failed = Some(error);
                        break;
                    }
                }
            }
            writer.finish().map(drop)
        })?;
        if let Some(error) = failed {
            return Err(error);
        }
        paths.push(path);
    }
    Ok(paths)
}

/// The texts of kept records, for those that must be compared in full.
struct Texts<'a> {
    units: &'a [Finished],
    denied: &'a [Vec<(u64, Denial)>],
}

impl dedup::Texts for Texts<'_> {
    fn each(
        &self,
        unit: usize,
        wanted: &[u32],
        found: &mut dyn FnMut(u32, &str) -> Result<()>,
    ) -> Result<()> {
        let missing = || Error::Failed(format!("unit {unit}: a record is missing"));
        let mut source = self.units.get(unit).ok_or_else(missing)?.kept()?;
        let denied = self.denied.get(unit).map_or(&[][..], Vec::as_slice);
        let mut denied = denied.iter().map(|(place, _)| *place).peekable();
        let mut wanted = wanted.iter().copied().peekable();
        let mut line = Vec::new();
        let mut index = 0; // among those with a sketch
        for place in 0u64.. {
            if wanted.peek().is_none() {
                break;
            }
            if !source.read_line(&mut line)? {
                return Err(missing());
            }
            if denied.next_if_eq(&place).is_some() {
                continue;
            }
            if wanted.next_if_eq(&index).is_some() {
                found(index, &text_of(&line)?)?;
            }
            index += 1;
        }
        Ok(())
    }
}
