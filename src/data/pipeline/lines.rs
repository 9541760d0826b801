//! Paragraphs that many records repeat, taken out before records are compared with each other.
//!
//! When the map is done, a pass over what units kept counts paragraphs by site; the frequent ones
//! are found by sorting on disk; a second pass writes every unit anew without them, and later steps
//! take that in its place. A file of counts, the frequent paragraphs, and a unit written anew each
//! appear whole, and are taken as they are by a walk that goes on.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::counts::Counts;
use super::domains::domain;
use super::judge::sketch;
use super::map::row;
use super::output::line;
use super::plan::{Plan, Step};
use super::steps::{Verdict, heldout_copy};
use super::tools::Tools;
use super::unit_files::{Finished, Row, Writer};
use super::work::Work;
use crate::data::dedup::{Boilerplate, BoilerplateRule, ParagraphCounter, Removed, Sketcher};
use crate::data::error::{Error, Result};
use crate::data::record::{Record, Source};
use crate::disk;
use crate::event::Control;

/// Name of the step in verdicts, events and the report.
pub(super) const STAGE: &str = "dedup_lines";
/// File of a unit written anew that tells what was taken out.
const TOLD: &str = "lines.json";
/// Characters of a paragraph in the report.
const EXAMPLE_CHARS: usize = 120;

/// What was taken out as boilerplate.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BoilerplateLines {
    /// Paragraphs that are frequent on a site, once for each site.
    pub n_of_sites: u64,
    /// Paragraphs that are frequent in the corpus.
    pub n_of_corpus: u64,
    /// Records that lost some; those that lost all of their text are dropped as `boilerplate`.
    pub n_records: u64,
    /// Paragraphs taken out.
    pub n_lines: u64,
    /// Their bytes.
    pub n_bytes: u64,
    /// The most frequent ones, by the records that had them.
    pub examples: Vec<BoilerplateLine>,
}

/// A frequent paragraph.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BoilerplateLine {
    /// Its beginning, as one record had it.
    pub text: String,
    /// Records that had it, in whatever case and with whatever digits.
    pub n_records: u64,
}

/// Units without boilerplate.
pub(super) struct Bare {
    /// Units in the place of those given; none where the plan takes nothing out.
    pub(super) units: Option<Vec<Finished>>,
    /// What they dropped.
    pub(super) counts: Counts,
    /// What was taken out.
    pub(super) told: Option<BoilerplateLines>,
}

/// True when the map makes what copies are found by; else it is made of the texts without their
/// boilerplate.
pub(super) fn sketches_now(plan: &Plan) -> bool {
    plan.has(Step::Dedup) && plan.dedup_lines == 0
}

/// Takes frequent paragraphs out of the records of `units`, if the plan asks for it.
pub(super) fn strip(
    units: &[Finished],
    tools: &Tools,
    work: &Work,
    control: &Control,
) -> Result<Bare> {
    let plan = tools.plan;
    if plan.dedup_lines == 0 || !plan.has(Step::Dedup) {
        return Ok(Bare {
            units: None,
            counts: Counts::default(),
            told: None,
        });
    }
    let folder = work.temporary("lines");
    let frequent = frequent(units, plan, &folder, control)?;
    let bare: Vec<(Finished, Tally)> = (units.par_iter().enumerate())
        .map(|(at, unit)| {
            let target = folder.join("units").join(format!("{at:08}"));
            if Finished::open(&target).is_none() {
                rewrite(unit, &target, &frequent, tools, control)?;
            }
            let unit = Finished::open(&target)
                .ok_or_else(|| Error::Failed(format!("{}: not done", target.display())))?;
            let tally = unit.path(TOLD);
            let told = serde_json::from_slice(&disk::read(&tally)?);
            let told = told.map_err(|e| Error::Failed(format!("{}: {e}", tally.display())))?;
            Ok((unit, told))
        })
        .collect::<Result<_>>()?;
    let (mut counts, mut tally) = (Counts::default(), Tally::default());
    let mut units = Vec::with_capacity(bare.len());
    for (unit, told) in bare {
        counts.add(&unit.done.counts);
        tally.add(told);
        units.push(unit);
    }
    Ok(Bare {
        units: Some(units),
        counts,
        told: Some(tally.told(&frequent)),
    })
}

/// The frequent paragraphs of all units.
fn frequent(
    units: &[Finished],
    plan: &Plan,
    folder: &Path,
    control: &Control,
) -> Result<Boilerplate> {
    let path = folder.join("frequent");
    if path.exists() {
        return Boilerplate::read(&path);
    }
    let sorting = folder.join("sorting");
    disk::remove_folder(&sorting)?;
    std::fs::create_dir_all(&sorting).map_err(|e| disk::Error::io(&sorting, "create", e))?;
    let rule = BoilerplateRule::of(plan.dedup_lines);
    let memory = usize::try_from(plan.memory.0).unwrap_or(usize::MAX);
    let each = memory / 4 / rayon::current_num_threads().max(1);
    let counts: Vec<PathBuf> = (units.par_iter().enumerate())
        .map(|(at, unit)| {
            let path = folder.join("counts").join(format!("{at:08}"));
            if path.exists() {
                return Ok(path);
            }
            let mut counter = ParagraphCounter::new(&sorting, each, rule.min_words)?;
            each_record(unit, control, |_, record| {
                counter.add(&record.text, domain(&record).as_deref())
            })?;
            counter.write(&path)?;
            Ok(path)
        })
        .collect::<Result<_>>()?;
    let found = Boilerplate::gather(&counts, &rule, &sorting, memory, control)?;
    found.write(&path)?;
    Ok(found)
}

/// Calls `each` for every record of a unit, with the line it was read from.
fn each_record(
    unit: &Finished,
    control: &Control,
    mut each: impl FnMut(&[u8], Record) -> Result<()>,
) -> Result<()> {
    let mut source = unit.kept()?;
    let mut line = Vec::new();
    while source.read_line(&mut line)? {
        if control.stop_requested() {
            return Err(Error::Interrupted {
                stage: STAGE.into(),
            });
        }
        let fields = serde_json::from_slice::<Map<String, Value>>(&line);
        let fields = fields.map_err(|e| Error::Failed(format!("a record of our own: {e}")))?;
        let source = Source {
            path: PathBuf::new(),
            line: 0,
            offset: 0,
            size: 0,
        };
        let record = Record::from_fields(fields, "text", source);
        let missing = || Error::Failed("a record of our own has no text".into());
        each(&line, record.ok_or_else(missing)?)?;
    }
    Ok(())
}

/// Writes a unit anew, without the frequent paragraphs of its records.
fn rewrite(
    unit: &Finished,
    target: &Path,
    frequent: &Boilerplate,
    tools: &Tools,
    control: &Control,
) -> Result<()> {
    let bands = tools.plan.bands();
    let mut writer = Writer::new(target, Some(bands))?;
    let mut sketcher = Sketcher::new(bands);
    let mut tally = Tally::default();
    let mut rows = unit.rows()?;
    let mut bytes = Vec::new();
    if let Some(mut sites) = unit.sites()? {
        while sites.read_line(&mut bytes)? {
            bytes.push(b'\n');
            writer.site_file(&bytes)?;
        }
    }
    each_record(unit, control, |read, mut record| {
        let missing = || Error::Failed("more lines than rows".into());
        let was = rows.next().ok_or_else(missing)??;
        record.lang = was.lang;
        let host = domain(&record);
        let (left, removed) = frequent.apply(&record.text, host.as_deref());
        if removed.is_empty() {
            let sketch = sketch(&record, &mut sketcher);
            return writer.keep(&[read, b"\n"].concat(), was, Some(&sketch));
        }
        tally.count(&record.text, &removed, frequent);
        if !left.chars().any(char::is_alphanumeric) {
            let evidence = format!("{} paragraphs, all repeated", removed.len());
            let verdict = Verdict::said(STAGE, "boilerplate", &evidence);
            let line = line(&record, Some(&verdict));
            return writer.drop(line.as_bytes(), STAGE, "boilerplate", record.code());
        }
        // With its menu it was no copy of what is scored on; without, it may be.
        if let Some(verdict) = heldout_copy(&left, &tools.heldout, STAGE) {
            let line = line(&record, Some(&verdict));
            return writer.drop(line.as_bytes(), STAGE, verdict.reason, record.code());
        }
        let left = left.into_owned();
        follow(&mut record.fields, &record.text, &removed);
        record.text = left;
        let n_removed = removed.len();
        record
            .fields
            .insert("boilerplate_lines".into(), n_removed.into());
        let sketch = sketch(&record, &mut sketcher);
        let now = Row {
            spoke_of_mining: was.spoke_of_mining,
            ..row(&record)
        };
        writer.keep(line(&record, None).as_bytes(), now, Some(&sketch))
    })?;
    writer.note(TOLD, &tally)?;
    writer.finish().map(drop)
}

/// Moves what tells of places in the text: spans of personal data, and the languages of lines.
fn follow(fields: &mut Map<String, Value>, text: &str, removed: &[Removed]) {
    let mut starts = removed.iter().map(|r| r.start).peekable();
    let (mut n_chars, mut n_gone) = (0, 0);
    // For each line that is gone: its first character, the one after it, and how many are gone
    // with it and before it.
    let mut gone: Vec<(u64, u64, u64)> = Vec::new();
    let (mut langs_kept, mut start) = (Vec::new(), 0);
    for line in text.split_inclusive('\n') {
        let n = line.chars().count() as u64;
        let is_gone = starts.next_if_eq(&start).is_some();
        if is_gone {
            n_gone += n;
            gone.push((n_chars, n_chars + n, n_gone));
        }
        langs_kept.push(!is_gone);
        n_chars += n;
        start += line.len();
    }
    let spans = fields.get("pii").and_then(Value::as_array);
    let spans = spans.and_then(|spans| spans.iter().map(span).collect::<Option<Vec<_>>>());
    if let Some(spans) = spans {
        let moved = |(first, end): &(u64, u64)| {
            let at = gone.partition_point(|(_, past, _)| past <= first);
            let before = at.checked_sub(1).and_then(|at| gone.get(at));
            let before = before.map_or(0, |(.., n)| *n);
            let stays = gone.get(at).is_none_or(|(start, ..)| end <= start);
            stays.then(|| Value::from(vec![first - before, end - before]))
        };
        let moved: Vec<Option<Value>> = spans.iter().map(moved).collect();
        let mut stays = moved.iter().map(Option::is_some);
        if let Some(Value::Array(kinds)) = fields.get_mut("pii_kinds") {
            kinds.retain(|_| stays.next().unwrap_or(true));
        }
        let left = moved.into_iter().flatten().collect();
        fields.insert("pii".into(), Value::Array(left));
    }
    if let Some(Value::Array(langs)) = fields.get_mut("seg_langs")
        && langs.len() >= langs_kept.len()
    {
        let mut kept = langs_kept.into_iter();
        langs.retain(|_| kept.next().unwrap_or(true));
    }
}

/// The first character of a span and the one after it.
fn span(value: &Value) -> Option<(u64, u64)> {
    match value.as_array()?.as_slice() {
        [first, end] => Some((first.as_u64()?, end.as_u64()?)).filter(|(first, end)| first <= end),
        _ => None,
    }
}

/// What was taken out of some units.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Tally {
    n_records: u64,
    n_lines: u64,
    n_bytes: u64,
    /// How the most frequent paragraphs begin where they were met, the first one by code points.
    named: BTreeMap<u64, String>,
}

impl Tally {
    fn count(&mut self, text: &str, removed: &[Removed], frequent: &Boilerplate) {
        self.n_records += 1;
        self.n_lines += removed.len() as u64;
        for gone in removed {
            self.n_bytes += (gone.end - gone.start) as u64;
            if frequent.n_pages(gone.paragraph).is_some() {
                let text = text.get(gone.start..gone.end).unwrap_or_default();
                let example = text.trim().chars().take(EXAMPLE_CHARS).collect();
                self.name(gone.paragraph, example);
            }
        }
    }

    fn name(&mut self, paragraph: u64, example: String) {
        let own = self
            .named
            .entry(paragraph)
            .or_insert_with(|| example.clone());
        if example < *own {
            *own = example;
        }
    }

    fn add(&mut self, other: Tally) {
        self.n_records += other.n_records;
        self.n_lines += other.n_lines;
        self.n_bytes += other.n_bytes;
        for (paragraph, example) in other.named {
            self.name(paragraph, example);
        }
    }

    fn told(self, frequent: &Boilerplate) -> BoilerplateLines {
        let (n_of_sites, n_of_corpus) = frequent.n_frequent();
        let example = |(paragraph, text)| BoilerplateLine {
            text,
            n_records: frequent.n_pages(paragraph).unwrap_or(0),
        };
        let mut examples: Vec<BoilerplateLine> = self.named.into_iter().map(example).collect();
        examples.sort_by(|a, b| (b.n_records, &a.text).cmp(&(a.n_records, &b.text)));
        BoilerplateLines {
            n_of_sites: n_of_sites as u64,
            n_of_corpus: n_of_corpus as u64,
            n_records: self.n_records,
            n_lines: self.n_lines,
            n_bytes: self.n_bytes,
            examples,
        }
    }
}
