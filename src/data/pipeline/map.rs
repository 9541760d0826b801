//! One unit at a time: records are read, judged each by itself on every thread, and written in
//! the order they were read.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};

use rayon::ThreadPool;
use rayon::prelude::*;
use serde_json::Value;
use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

use super::counts::Counts;
use super::judge::{Judge, Judged};
use super::lines;
use super::progress::Progress;
use super::tools::Tools;
use super::unit_files::{Finished, Row, Writer};
use super::units::Unit;
use super::work::Work;
use crate::data::error::{Error, Result};
use crate::data::read::{self, Item};
use crate::data::record::{CLUSTER_SIZE, Record};
use crate::event::{Control, Event, Sink};

/// Name of the stage in events.
pub(super) const STAGE: &str = "records";
/// Items judged between two looks at the signals.
const BATCH_ITEMS: usize = 1024;
/// Text judged between two looks at the signals.
const BATCH_BYTES: usize = 8 << 20;
/// Batches read ahead of those being judged.
const AHEAD: usize = 2;
/// Threads that one reader can keep busy: a unit is unpacked by one thread.
const THREADS_PER_UNIT: usize = 8;

/// Which units are this process's: those numbered `i` modulo `n`, where `--shard i/n` was given.
pub(super) fn run(
    units: &[Unit],
    shard: Option<(usize, usize)>,
    work: &Work,
    tools: &Tools,
    pool: &ThreadPool,
    progress: &Progress,
) -> Result<()> {
    let Progress { control, sink } = progress;
    let (first, step) = shard.unwrap_or((0, 1));
    let mine: Vec<usize> = (first..units.len()).step_by(step).collect();
    let total: u64 = mine.iter().map(|at| units[*at].n_bytes()).sum();
    sink.emit(Event::StageStarted {
        stage: STAGE.into(),
        total: (total > 0).then_some(total),
        unit: "bytes".into(),
    });
    let walk = Walk {
        units,
        mine,
        next: AtomicUsize::new(0),
        stop: AtomicBool::new(false),
        done_bytes: Mutex::new(0),
        failed: Mutex::new(None),
        work,
        tools,
        pool,
        control,
        sink: *sink,
    };
    let n_at_once = pool.current_num_threads().div_ceil(THREADS_PER_UNIT);
    std::thread::scope(|scope| {
        for _ in 1..n_at_once {
            scope.spawn(|| walk.work_off());
        }
        walk.work_off();
    });
    let failed = walk
        .failed
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner);
    failed.map_or(Ok(()), Err)
}

/// Units that several threads work off.
struct Walk<'a> {
    units: &'a [Unit],
    mine: Vec<usize>,
    next: AtomicUsize,
    stop: AtomicBool,
    done_bytes: Mutex<u64>,
    failed: Mutex<Option<Error>>,
    work: &'a Work,
    tools: &'a Tools<'a>,
    /// Records of all units in work are judged on its threads.
    pool: &'a ThreadPool,
    control: &'a Control,
    sink: &'a dyn Sink,
}

impl Walk<'_> {
    /// Takes unit after unit until there is none, or something failed.
    fn work_off(&self) {
        while let Some(at) = self.mine.get(self.next.fetch_add(1, Ordering::Relaxed)) {
            if self.stop.load(Ordering::Acquire) {
                return;
            }
            let folder = self.work.unit(*at);
            let made = match Finished::open(&folder) {
                Some(_) => Ok(()),
                None => self.unit(&self.units[*at], &folder),
            };
            if let Err(error) = made {
                // Noted before others are told to stop: what they then end with says nothing.
                let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
                failed.get_or_insert(error);
                self.stop.store(true, Ordering::Release);
                return;
            }
            self.advance(self.units[*at].n_bytes());
        }
    }

    fn advance(&self, n_bytes: u64) {
        let mut done = self
            .done_bytes
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *done += n_bytes;
        self.sink.emit(Event::StageProgress {
            stage: STAGE.into(),
            done: *done,
        });
    }

    fn unit(&self, unit: &Unit, folder: &std::path::Path) -> Result<()> {
        let plan = self.tools.plan;
        let shape = lines::sketches_now(plan).then(|| plan.bands());
        let mut writer = Writer::new(folder, shape)?;
        let (to, from) = sync_channel(AHEAD);
        let ended = std::thread::scope(|scope| {
            scope.spawn(|| read_ahead(unit, self.tools, to));
            self.judge(from, &mut writer)
        });
        ended?;
        writer.finish().map(drop)
    }

    /// Judges batch after batch; the reader stops when nobody listens any more.
    fn judge(&self, batches: Receiver<Result<Vec<Item>>>, writer: &mut Writer) -> Result<()> {
        for batch in batches {
            if self.control.stop_requested() {
                return Err(Error::Interrupted {
                    stage: STAGE.into(),
                });
            }
            if self.stop.load(Ordering::Acquire) {
                // Another unit failed: this one must not be taken for whole. That error is told.
                return Err(Error::Interrupted {
                    stage: STAGE.into(),
                });
            }
            let batch = batch?;
            // A thread that takes units need not be of the pool.
            let judged: Vec<Judged> = self.pool.install(|| {
                let judged = batch.into_par_iter();
                judged
                    .map_init(|| Judge::new(self.tools), Judge::judge)
                    .collect()
            });
            for judged in &judged {
                writer.counts().n_seen += 1;
                for (what, kind, n) in &judged.found {
                    writer.counts().found(what, kind, *n);
                }
                if let (Some((met, lang)), Some(index)) = (&judged.met, &self.tools.evaluation) {
                    writer.sets().count(index, met, lang);
                }
                let kept_bytes = judged.fate.as_ref().ok().map(|kept| kept.row.n_bytes);
                if let Some(domain) = &judged.domain {
                    writer.domains().count(domain, kept_bytes);
                }
                if let Some(damage) = &judged.damage {
                    writer.damage(damage);
                }
                if let Some(line) = &judged.site_file {
                    writer.site_file(line)?;
                }
                match &judged.fate {
                    Ok(kept) => writer.keep(&judged.line, kept.row, kept.sketch.as_ref())?,
                    Err((stage, reason, lang)) => {
                        writer.drop(&judged.line, stage, reason, lang)?;
                    }
                }
            }
        }
        Ok(())
    }
}

/// Reads the parts of a unit, batch after batch; ends after the first error, or when the other
/// side is gone.
fn read_ahead(unit: &Unit, tools: &Tools, to: SyncSender<Result<Vec<Item>>>) {
    let (mut batch, mut n_bytes) = (Vec::new(), 0);
    for part in &unit.parts {
        let items = match read::open_unit(&part.unit, &tools.options) {
            Ok(items) => items,
            Err(error) => {
                let _ = to.send(Err(error));
                return;
            }
        };
        for item in items {
            match item {
                Ok(item) => {
                    n_bytes += held_bytes(&item);
                    batch.push(item);
                }
                Err(error) => {
                    let _ = to.send(Err(error));
                    return;
                }
            }
            if batch.len() >= BATCH_ITEMS || n_bytes >= BATCH_BYTES {
                n_bytes = 0;
                if to.send(Ok(std::mem::take(&mut batch))).is_err() {
                    return;
                }
            }
        }
    }
    if !batch.is_empty() {
        let _ = to.send(Ok(batch));
    }
}

/// Bytes an item holds in memory, roughly.
pub(super) fn held_bytes(item: &Item) -> usize {
    match item {
        Item::Record(record) => {
            record.text.len() + record.fields.values().map(text_bytes).sum::<usize>()
        }
        Item::Page(page) | Item::Robots(page) => page.body.len(),
        Item::Skipped(_) | Item::Quarantined(_) => 0,
    }
}

/// Bytes of the texts in a field.
fn text_bytes(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::Array(values) => values.iter().map(text_bytes).sum(),
        Value::Object(fields) => fields.values().map(text_bytes).sum(),
        _ => size_of::<Value>(),
    }
}

/// The counts of every unit; an error if one is not done.
pub(super) fn gather(work: &Work, n_units: usize) -> Result<(Vec<Finished>, Counts)> {
    let mut counts = Counts::default();
    let mut finished = Vec::with_capacity(n_units);
    for at in 0..n_units {
        let unit = Finished::open(&work.unit(at))
            .ok_or_else(|| Error::Failed(format!("{}: not done", work.unit(at).display())))?;
        counts.add(&unit.done.counts);
        finished.push(unit);
    }
    Ok((finished, counts))
}

/// What the later steps need to know of a record that is kept.
pub(super) fn row(record: &Record) -> Row {
    let n_copies = record.fields.get(CLUSTER_SIZE).and_then(Value::as_u64);
    Row {
        lang: record.lang,
        n_bytes: record.text.len() as u64,
        n_copies: n_copies.map_or(1, |n| u32::try_from(n.max(1)).unwrap_or(u32::MAX)),
        text_hash: xxh3_128(record.text.as_bytes()),
        id_hash: xxh3_64(record.id.as_bytes()),
        spoke_of_mining: false,
    }
}
