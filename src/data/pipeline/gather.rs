//! From units to the output: what is unique, in an order that the seed alone decides, and what
//! was dropped, in bounded memory.
//!
//! Every record has a lot drawn from its text, its id and the seed. Records are dealt to buckets
//! by language and lot, each small enough to be sorted in memory, and written bucket after
//! bucket: the order is the same whatever the units, the threads and the memory were.

use std::collections::{BTreeMap, BinaryHeap};
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use xxhash_rust::xxh3::xxh3_128_with_seed;

use super::bucket::{Bucket, assemble};
use super::counts::Counts;
use super::fates::{Fate, Fates};
use super::plan::{Plan, Step};
use super::unit_files::{Finished, Row, Writer};
use super::work::Work;
use crate::data::dedup::{Document, SelfCheck, self_check};
use crate::data::error::{Error, Result};
use crate::data::read;
use crate::data::record::CLUSTER_SIZE;
use crate::data::tokenize::{id_of, text_of};
use crate::disk;
use crate::event::Control;
use crate::lang::Lang;

/// Records rewritten at a time, and bytes of their lines after which no more are taken.
const CHUNK: usize = 1024;
const CHUNK_BYTES: usize = 8 << 20;
/// Bytes of a line for each byte of text: fields and escapes come beside it.
const LINE_SHARE: u64 = 2;
/// A bucket takes at most this part of the memory: it is held packed, unpacked and sorted.
const MEMORY_PARTS: u64 = 6;
/// Memory of one bucket that is being filled.
const BUCKET_BUFFERS: u64 = 768 << 10;
/// Records deduplication is checked by, and the longest of them in bytes of text.
const SAMPLE_RECORDS: usize = 1000;
const SAMPLE_BYTES: u64 = 50_000;
/// Name of records in no language of the table.
const NO_LANG: &str = "und";

/// Documents of one language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Supplied {
    /// Code of the language, or `und`.
    pub(super) lang: String,
    /// Documents.
    pub(super) n_docs: u64,
    /// Their text, bytes of UTF-8.
    pub(super) n_bytes: u64,
}

/// What was gathered: in table order, languages without text left out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Gathered {
    /// To train on.
    pub(super) unique: Vec<Supplied>,
    /// To score on.
    pub(super) heldout: Vec<Supplied>,
    /// What deduplication dropped, and how many are set aside.
    pub(super) counts: Counts,
    /// How well near-duplicates were found, by copies planted in a sample of the records.
    pub(super) self_check: Option<SelfCheck>,
}

/// A number that depends on a record's text and id and on the seed, not on its place.
fn lot(row: &Row, seed: u64) -> u128 {
    let mut bytes = [0; 24];
    bytes[..16].copy_from_slice(&row.text_hash.to_le_bytes());
    bytes[16..].copy_from_slice(&row.id_hash.to_le_bytes());
    xxh3_128_with_seed(&bytes, seed)
}

/// Position of a language in tables of all languages and one more for none.
fn place(lang: Option<&'static Lang>) -> usize {
    lang.map_or(Lang::all().len(), Lang::index)
}

fn code(place: usize) -> &'static str {
    Lang::all().get(place).map_or(NO_LANG, |l| l.code.as_str())
}

/// Gathers every unit's kept records, or takes what an earlier walk gathered. Of the units that
/// others took the place of, `earlier`, only what they dropped.
pub(super) fn gather(
    units: &[Finished],
    earlier: &[Finished],
    fates: &Fates,
    work: &Work,
    plan: &Plan,
    control: &Control,
) -> Result<Gathered> {
    let piece = "gathered";
    let buckets = work.temporary("buckets");
    let gathered = match work.done(piece) {
        Some(gathered) => gathered,
        None => {
            disk::remove_folder(&buckets)?;
            let gathered =
                Dealer::new(units, fates, plan)?.deal(units, fates, &buckets, control)?;
            work.finish(piece, &gathered)?;
            gathered
        }
    };
    for (part, supplied) in [("unique", &gathered.unique), ("heldout", &gathered.heldout)] {
        for supplied in supplied {
            let lang = &supplied.lang;
            let piece = format!("{part}-{lang}");
            if work.done::<u64>(&piece).is_none() {
                let target = work.out().join(part).join(format!("{lang}.jsonl.zst"));
                let n = assemble(&buckets.join(part).join(lang), &target, control)?;
                if n != supplied.n_docs {
                    return Err(Error::Lost {
                        stage: piece,
                        n_in: supplied.n_docs,
                        n_out: n,
                    });
                }
                if plan.parquet {
                    let records = read::records(std::slice::from_ref(&target), "text")?;
                    let table = target.with_extension("").with_extension("parquet");
                    read::write_parquet(&table, records)?;
                }
                work.finish(&piece, &n)?;
            }
        }
    }
    if work.done::<u64>("dropped").is_none() {
        let copies = Finished::open(&buckets.join("copies"));
        let n = dropped(
            earlier.iter().chain(units).chain(&copies),
            &work.out().join("dropped"),
        )?;
        work.finish("dropped", &n)?;
    }
    disk::remove_folder(&buckets)?;
    Ok(gathered)
}

/// Deals records to buckets.
struct Dealer<'a> {
    plan: &'a Plan,
    /// Documents and bytes of each language that are unique.
    totals: Vec<(u64, u64)>,
    /// The highest lot of those set aside, by language, and how many of that lot.
    aside: Vec<Option<(u128, u64)>>,
    /// Texts to check deduplication by, those with the lowest hashes: their ids and lines.
    sample: BTreeMap<u128, Vec<u8>>,
}

impl<'a> Dealer<'a> {
    fn new(units: &[Finished], fates: &Fates, plan: &'a Plan) -> Result<Self> {
        let mut totals = vec![(0, 0); Lang::all().len() + 1];
        each_unique(units, fates, |row| {
            let total: &mut (u64, u64) = &mut totals[place(row.lang)];
            total.0 += 1;
            total.1 += row.n_bytes;
        })?;
        let mut dealer = Dealer {
            plan,
            aside: vec![None; totals.len()],
            totals,
            sample: BTreeMap::new(),
        };
        if plan.heldout.is_empty() && plan.heldout_share > 0.0 {
            dealer.choose(units, fates)?;
        }
        Ok(dealer)
    }

    /// Chooses those to set aside: of each language the share with the lowest lots, at least one
    /// record of two or more, so that neither the order of files nor other languages matter.
    fn choose(&mut self, units: &[Finished], fates: &Fates) -> Result<()> {
        let share = |n: u64| {
            let wanted = (n as f64 * self.plan.heldout_share).round() as u64;
            wanted.clamp(u64::from(n > 1), n.saturating_sub(1)) as usize
        };
        let wanted: Vec<usize> = self.totals.iter().map(|(n, _)| share(*n)).collect();
        let mut lowest: Vec<BinaryHeap<u128>> = vec![BinaryHeap::new(); wanted.len()];
        each_unique(units, fates, |row| {
            let (heap, n) = (&mut lowest[place(row.lang)], wanted[place(row.lang)]);
            let lot = lot(row, aside_seed(self.plan));
            if heap.len() < n {
                heap.push(lot);
            } else if let Some(mut highest) = heap.peek_mut()
                && lot < *highest
            {
                *highest = lot;
            }
        })?;
        for (aside, heap) in self.aside.iter_mut().zip(lowest) {
            let highest = heap.peek().copied();
            *aside = highest.map(|h| (h, heap.iter().filter(|lot| **lot == h).count() as u64));
        }
        Ok(())
    }

    /// True for a record that is set aside.
    fn is_aside(&mut self, row: &Row) -> bool {
        let Some((highest, left)) = &mut self.aside[place(row.lang)] else {
            return false;
        };
        let lot = lot(row, aside_seed(self.plan));
        if lot == *highest && *left > 0 {
            *left -= 1;
            return true;
        }
        lot < *highest
    }

    /// Takes a record into the sample if its hash is among the lowest so far.
    fn consider(&mut self, row: &Row, line: &[u8]) {
        let is_full = self.sample.len() >= SAMPLE_RECORDS;
        let last = self.sample.last_key_value().map(|(hash, _)| *hash);
        if row.n_bytes > SAMPLE_BYTES || (is_full && last.is_some_and(|l| row.text_hash >= l)) {
            return;
        }
        self.sample.insert(row.text_hash, line.to_vec());
        if self.sample.len() > SAMPLE_RECORDS {
            self.sample.pop_last();
        }
    }

    /// How well near-duplicates are found among the sample and copies planted in it.
    fn self_check(&self, control: &Control) -> Result<Option<SelfCheck>> {
        if !self.plan.has(Step::Dedup) || !self.plan.dedup_fuzzy {
            return Ok(None);
        }
        let told = |line: &Vec<u8>| Ok((id_of(line)?, text_of(line)?));
        let texts: Vec<(String, String)> = self.sample.values().map(told).collect::<Result<_>>()?;
        let documents: Vec<Document> = texts
            .iter()
            .map(|(id, text)| Document { id, text })
            .collect();
        let (shape, seed) = (self.plan.bands(), self.plan.seed);
        let checked = self_check(&documents, shape, seed, control);
        match (checked, control.stop_requested()) {
            (None, true) => Err(Error::Interrupted {
                stage: "gather".into(),
            }),
            (checked, _) => Ok(checked),
        }
    }

    /// Buckets of a language: as many as keep each within its part of the memory.
    fn n_buckets(&self, n_bytes: u64) -> u64 {
        let memory = self.plan.memory.0.max(64 << 20);
        let all: u64 = self.totals.iter().map(|(_, n)| n * LINE_SHARE).sum();
        let most_open = memory / 4 / BUCKET_BUFFERS;
        let bucket_bytes = (memory / MEMORY_PARTS).max(all.div_ceil(most_open.max(1)));
        (n_bytes * LINE_SHARE).div_ceil(bucket_bytes).max(1)
    }

    /// Reads every kept record once more and puts it where it belongs.
    fn deal(
        mut self,
        units: &[Finished],
        fates: &Fates,
        folder: &Path,
        control: &Control,
    ) -> Result<Gathered> {
        let mut hands: BTreeMap<(&str, usize), Hand> = BTreeMap::new();
        let mut copies = Writer::new(&folder.join("copies"), None)?;
        for (at, unit) in units.iter().enumerate() {
            let mut fates = fates.of(at)?;
            let mut rows = unit.rows()?;
            let mut source = unit.kept()?;
            loop {
                if control.stop_requested() {
                    return Err(Error::Interrupted {
                        stage: "gather".into(),
                    });
                }
                let chunk = read_chunk(&mut source, &mut rows, &mut fates)?;
                if chunk.is_empty() {
                    break;
                }
                let lines: Vec<Result<Vec<u8>>> = chunk
                    .par_iter()
                    .map(|(line, _, fate)| rewritten(line, fate, self.plan))
                    .collect();
                for ((read, row, fate), line) in chunk.iter().zip(lines) {
                    let line = line?;
                    self.consider(row, read);
                    if let Fate::Dropped(verdict) = fate {
                        let lang = code(place(row.lang));
                        copies.drop(&line, verdict.stage, verdict.reason, lang)?;
                        continue;
                    }
                    let (part, seed) = match self.is_aside(row) {
                        true => ("heldout", aside_seed(self.plan)),
                        false => ("unique", self.plan.seed),
                    };
                    let key = (part, place(row.lang));
                    let hand = hands.entry(key).or_insert_with(|| {
                        let path = folder.join(part).join(code(key.1));
                        Hand::new(path, self.n_buckets(self.totals[key.1].1))
                    });
                    hand.take(lot(row, seed), &line, row.n_bytes)?;
                }
            }
        }
        let mut counts = copies.finish()?;
        let mut gathered = Gathered {
            unique: Vec::new(),
            heldout: Vec::new(),
            counts: Counts::default(),
            self_check: self.self_check(control)?,
        };
        for ((part, place), hand) in hands {
            let supplied = hand.finish(code(place))?;
            match part {
                "unique" => gathered.unique.push(supplied),
                _ => {
                    counts.dropped("heldout", "heldout", code(place), supplied.n_docs);
                    gathered.heldout.push(supplied);
                }
            }
        }
        counts.n_kept = gathered.unique.iter().map(|s| s.n_docs).sum();
        gathered.counts = counts;
        Ok(gathered)
    }
}

/// Not the order the documents are packed in.
fn aside_seed(plan: &Plan) -> u64 {
    plan.seed ^ 1
}

/// Calls `each` for every record that deduplication keeps.
fn each_unique(units: &[Finished], fates: &Fates, mut each: impl FnMut(&Row)) -> Result<()> {
    for (at, unit) in units.iter().enumerate() {
        for (row, fate) in unit.rows()?.zip(fates.of(at)?) {
            if let Fate::Kept { .. } = fate? {
                each(&row?);
            }
        }
    }
    Ok(())
}

/// The next records of a unit, with what is known of them.
fn read_chunk(
    source: &mut disk::Source,
    rows: &mut impl Iterator<Item = Result<Row>>,
    fates: &mut impl Iterator<Item = Result<Fate>>,
) -> Result<Vec<(Vec<u8>, Row, Fate)>> {
    let mut chunk = Vec::new();
    let (mut line, mut n_bytes) = (Vec::new(), 0);
    while chunk.len() < CHUNK && n_bytes < CHUNK_BYTES && source.read_line(&mut line)? {
        let missing =
            || Error::Failed(format!("{}: more lines than rows", source.path().display()));
        let row = rows.next().ok_or_else(missing)??;
        let fate = fates.next().ok_or_else(missing)??;
        n_bytes += line.len();
        chunk.push((std::mem::take(&mut line), row, fate));
    }
    Ok(chunk)
}

/// The line with the number of copies it stands for, or with why it was dropped.
fn rewritten(line: &[u8], fate: &Fate, plan: &Plan) -> Result<Vec<u8>> {
    let read = serde_json::from_slice::<Map<String, Value>>(line);
    let mut fields = read.map_err(|e| Error::Failed(format!("a record of our own: {e}")))?;
    match fate {
        Fate::Kept { n_copies } if plan.has(Step::Dedup) => {
            // It goes on standing for what it stood for.
            let before = fields
                .get(CLUSTER_SIZE)
                .and_then(Value::as_u64)
                .unwrap_or(1);
            let n = n_copies.saturating_add(before.saturating_sub(1));
            fields.insert(CLUSTER_SIZE.into(), n.into());
        }
        Fate::Kept { .. } => {}
        Fate::Dropped(verdict) => {
            let verdict = serde_json::to_value(verdict).unwrap_or(Value::Null);
            fields.insert("verdict".into(), verdict);
        }
    }
    let mut line = Value::Object(fields).to_string().into_bytes();
    line.push(b'\n');
    Ok(line)
}

/// The buckets of one language.
struct Hand {
    folder: PathBuf,
    buckets: BTreeMap<u64, Bucket>,
    n_buckets: u64,
    n_docs: u64,
    n_bytes: u64,
}

impl Hand {
    fn new(folder: PathBuf, n_buckets: u64) -> Self {
        Hand {
            folder,
            buckets: BTreeMap::new(),
            n_buckets,
            n_docs: 0,
            n_bytes: 0,
        }
    }

    fn take(&mut self, lot: u128, line: &[u8], n_bytes: u64) -> Result<()> {
        self.n_docs += 1;
        self.n_bytes += n_bytes;
        let at = (((lot >> 64) * u128::from(self.n_buckets)) >> 64) as u64;
        if !self.buckets.contains_key(&at) {
            let path = self.folder.join(format!("{at:08}"));
            self.buckets.insert(at, Bucket::new(&path)?);
        }
        let bucket = self.buckets.get_mut(&at).expect("put there above");
        bucket.push(lot, line)
    }

    fn finish(self, lang: &str) -> Result<Supplied> {
        self.buckets.into_values().try_for_each(Bucket::finish)?;
        Ok(Supplied {
            lang: lang.into(),
            n_docs: self.n_docs,
            n_bytes: self.n_bytes,
        })
    }
}

/// Writes `folder/<reason>/<lang>.jsonl.zst` of the frames of all units, in their order.
fn dropped<'a>(units: impl Iterator<Item = &'a Finished>, folder: &Path) -> Result<u64> {
    let mut files: BTreeMap<(&str, &str), Vec<(&Finished, &super::unit_files::Section)>> =
        BTreeMap::new();
    for unit in units {
        for section in &unit.done.sections {
            let key = (section.reason.as_str(), section.lang.as_str());
            files.entry(key).or_default().push((unit, section));
        }
    }
    for ((reason, lang), sections) in &files {
        let target = folder.join(reason).join(format!("{lang}.jsonl.zst"));
        let mut making = disk::Making::new(&target)?;
        for (unit, section) in sections {
            let frame = unit.frame(section)?;
            std::io::Write::write_all(&mut making, &frame)
                .map_err(|e| disk::Error::io(&target, "write", e))?;
        }
        making.finish()?;
    }
    Ok(files.len() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::pipeline::map::row;
    use crate::data::record::Record;
    use crate::disk::replace_bytes;

    #[test]
    fn a_chunk_ends_at_its_bytes_as_well_as_at_its_records() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kept");
        let long = format!("{}\n", "x".repeat(CHUNK_BYTES / 2));
        replace_bytes(&path, (long.repeat(3) + &"y\n".repeat(2000)).as_bytes()).unwrap();
        let mut source = disk::Source::open(&path).unwrap();
        let mut rows = std::iter::repeat_with(|| Ok(row(&Record::new("a", ""))));
        let mut fates = std::iter::repeat_with(|| Ok(Fate::Kept { n_copies: 1 }));
        let mut next = || {
            read_chunk(&mut source, &mut rows, &mut fates)
                .unwrap()
                .len()
        };
        assert_eq!([next(), next(), next(), next()], [2, 1024, 977, 0]);
    }
}
