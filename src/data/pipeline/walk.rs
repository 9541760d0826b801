//! The walk from files of text to a folder of tokens, from top to bottom.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use rayon::ThreadPool;

use super::counts::Counts;
use super::domains::{DomainRow, Domains};
use super::fates;
use super::gather::{Gathered, gather};
use super::heldout;
use super::judge::STEPS;
use super::lines::{self, BoilerplateLines};
use super::map;
use super::page::page;
use super::plan::{NO_PARALLEL, Plan, Step};
use super::progress::Progress;
use super::report::{Made, Report};
use super::sets;
use super::site;
use super::tokens::{end_of_text, is_parallel, measure_parity, pack_all, vocabulary};
use super::tools::Tools;
use super::unit_files::Finished;
use super::units::{Unit, units};
use super::work::Work;
use crate::contamination::BenchmarkCounts;
use crate::data::error::{Error, Result};
use crate::data::mix::mix;
use crate::data::read;
use crate::data::record::Record;
use crate::data::tokenize::Parity;
use crate::disk;
use crate::event::{Control, Event, Sink};
use crate::lang::Lang;
use crate::ledger::Manifest;
use crate::vocab::Vocab;

/// Name of the stage in manifests.
const STAGE: &str = "prepare";
/// Steps after the map, in their order; each may drop.
const LATER_STEPS: [&str; 6] = [
    lines::STAGE,
    "sites",
    "dedup_url",
    "dedup_exact",
    "dedup_fuzzy",
    "heldout",
];

/// Domains in the report.
const REPORTED_DOMAINS: usize = 100;

/// What came of a walk.
pub enum Walked {
    /// The folder is whole.
    All(Box<Report>),
    /// This process's share of the units is done (`--shard`); a walk without `--shard` merges.
    Shard {
        /// Units done now or before, by whomever.
        n_done: usize,
        /// Units there are.
        n_units: usize,
    },
}

/// Prepares a folder as `plan` says; it appears whole, or not at all. What was done of it before
/// it was stopped is kept beside it, as `<output>.work`, and the same plan goes on from there.
///
/// # Errors
/// When the plan makes no sense, input is missing, nothing is left to train on, the disk is
/// full, or `control` asked to stop.
pub fn run(plan: &Plan, control: &Control, sink: &dyn Sink) -> Result<Walked> {
    let langs = plan.check()?;
    refuse_strange(plan)?;
    let pool = plan.pool()?;
    pool.install(|| {
        let units = units(plan)?;
        let heldout = heldout::read(plan, &langs, sink)?;
        refuse_early(plan, &heldout)?;
        let tools = Tools::open(plan, &langs, &heldout)?;
        let is_new = !Work::exists(plan);
        let work = Work::open(plan, &units)?;
        let progress = Progress { control, sink };
        let walked = walk(&tools, &heldout, &units, &work, &pool, &progress);
        match walked {
            Ok(Walked::All(report)) => {
                work.publish(plan)?;
                sink.emit(Event::Saved {
                    path: plan.output.clone(),
                    what: "data".into(),
                });
                Ok(Walked::All(report))
            }
            Ok(shard) => Ok(shard),
            Err(error) => {
                // What is done is kept: after a stop or a full disk, or where more memory or
                // another limit is all that is needed. Where nothing is left there is nothing to
                // go on with. Of a share of the units, others may be at work on the rest.
                let can_resume = !matches!(error, Error::NothingLeft { .. } | Error::Empty { .. });
                if !can_resume && is_new && plan.shard.is_none() {
                    work.remove()?;
                }
                Err(error)
            }
        }
    })
}

fn walk(
    tools: &Tools,
    heldout: &[Record],
    units: &[Unit],
    work: &Work,
    pool: &ThreadPool,
    progress: &Progress,
) -> Result<Walked> {
    let plan = tools.plan;
    let mut manifest = Manifest::begin(STAGE, plan);
    sets::warn(tools, progress);
    let began = Instant::now();
    let shard = plan.shard.map(|shard| (shard.first(), shard.n));
    map::run(units, shard, work, tools, pool, progress)?;
    if shard.is_some() {
        let done = (0..units.len()).filter(|at| work.unit(*at).exists());
        return Ok(Walked::Shard {
            n_done: done.count(),
            n_units: units.len(),
        });
    }
    let (finished, mut counts) = map::gather(work, units.len())?;
    disk::remove_leftovers(&work.out())?; // of a walk that was killed
    tell(&counts, &STEPS, Some(began), progress)?;
    let damage = tell_damage(&finished, &counts, progress);

    let began = Instant::now();
    let bare = lines::strip(&finished, tools, work, progress.control)?;
    let (units, earlier) = match &bare.units {
        Some(units) => (&units[..], &finished[..]),
        None => (&finished[..], &[][..]),
    };
    let found = fates::resolve(units, plan, work, progress.control)?;
    let gathered = gather(units, earlier, &found, work, plan, progress.control)?;
    for (answer, n) in &found.asked {
        counts.found(site::FOUND, answer, *n);
    }
    let mut later = bare.counts;
    later.add(&gathered.counts);
    later.n_seen = 0;
    let n_seen = counts.n_kept;
    counts.add(&later);
    counts.n_kept = gathered.counts.n_kept;
    (later.n_seen, later.n_kept) = (n_seen, counts.n_kept);
    tell(&later, &LATER_STEPS, Some(began), progress)?;
    if counts.n_kept == 0 {
        return Err(nothing_left(plan, &counts, damage)?);
    }
    heldout::write(heldout, plan, work)?;
    let all = All {
        counts,
        domains: domains(&finished)?,
        evaluation_sets: sets::tell(&finished, tools, work)?,
        gathered,
        cluster_sizes: found.found.cluster_sizes,
        boilerplate: bare.told,
    };
    let report = pack(tools, heldout, all, work, progress)?;

    name_parents(plan, &mut manifest)?;
    manifest.count("n_seen", report.n_seen);
    manifest.count("n_kept", report.n_kept);
    manifest.count("n_heldout", report.n_heldout);
    manifest.count("dropped", &report.dropped);
    manifest.count("n_tokens", report.n_tokens);
    manifest.seal(&work.out())?;
    progress.stop_point("publish")?;
    Ok(Walked::All(Box::new(report)))
}

/// What is known when all records have their fate.
struct All {
    counts: Counts,
    domains: Vec<DomainRow>,
    evaluation_sets: Vec<BenchmarkCounts>,
    gathered: Gathered,
    cluster_sizes: BTreeMap<u64, u64>,
    boilerplate: Option<BoilerplateLines>,
}

/// The domains most records came from.
fn domains(units: &[Finished]) -> Result<Vec<DomainRow>> {
    let mut domains = Domains::default();
    for unit in units {
        unit.domains()?.into_iter().for_each(|row| domains.add(row));
    }
    Ok(domains.most(REPORTED_DOMAINS))
}

/// The vocabulary, the shards and the mix, as far as the plan goes, and the report on all.
fn pack(
    tools: &Tools,
    heldout: &[Record],
    all: All,
    work: &Work,
    progress: &Progress,
) -> Result<Report> {
    let All {
        counts,
        domains,
        evaluation_sets,
        gathered,
        cluster_sizes,
        boilerplate,
    } = &all;
    let plan = tools.plan;
    let out = work.out();
    let aside = match plan.heldout.is_empty() {
        true => gathered.heldout.clone(),
        false => heldout::supplied(heldout),
    };
    let mut made = Made {
        plan,
        counts,
        stages: stages(counts)?,
        domains: domains.clone(),
        evaluation_sets: evaluation_sets.clone(),
        unique: &gathered.unique,
        heldout: &aside,
        dedup_check: gathered.self_check.as_ref(),
        cluster_sizes,
        boilerplate: boilerplate.as_ref(),
        n_vocab: 0,
        packed: Vec::new(),
        parity: None,
        mix: None,
    };
    if plan.has(Step::Tokenizer) {
        let vocab = vocabulary(plan, gathered, work, progress)?;
        made.n_vocab = vocab.len();
        let costs = measure_parity(plan, &vocab, heldout, gathered, work)?;
        disk::replace_json(&out.join("parity.json"), &costs)?;
        refuse_dear(plan, tools.langs, &costs)?;
        made.parity = Some(costs);
        if plan.has(Step::Pack) {
            let train = ("unique", "train");
            let packed = pack_all(plan, &vocab, train, &gathered.unique, work, progress)?;
            pack_all(plan, &vocab, ("heldout", "valid"), &aside, work, progress)?;
            let (supplies, packed): (Vec<_>, Vec<_>) = packed.into_iter().unzip();
            let mix = mix(&supplies, &plan.wish());
            made.packed = packed;
            mix.save(&out)?;
            made.mix = Some(mix);
        }
    }
    let report = Report::of(made)?;
    disk::replace_json(&out.join("report.json"), &report)?;
    let page = page(&report)?;
    disk::replace_bytes(&out.join("report.html"), page.as_bytes())?;
    Ok(report)
}

/// A row for every step of the walk.
fn stages(counts: &Counts) -> Result<Vec<super::report::StageRow>> {
    counts.rows(&[&STEPS[..], &LATER_STEPS[..]].concat())
}

/// Tells of every step; the first one took the time of all.
fn tell(
    counts: &Counts,
    steps: &[&str],
    began: Option<Instant>,
    progress: &Progress,
) -> Result<()> {
    let mut began = began;
    for row in counts.rows(steps)? {
        progress.tell(&row.stage, row.n_in, row.n_out, row.dropped, began.take());
    }
    progress.stop_point(steps[0])
}

/// Even with `force`, nothing but a prepared folder is replaced: `-o` may name a home by mistake.
fn refuse_strange(plan: &Plan) -> Result<()> {
    let is_ours = || Manifest::of(&plan.output).is_some_and(|m| m.stage == STAGE);
    let free = disk::refuse_existing(&plan.output);
    if !plan.force {
        return Ok(free?);
    }
    if free.is_ok() || is_ours() {
        return Ok(());
    }
    Err(Error::usage(
        format!(
            "{}: not a prepared folder, so it is not replaced",
            plan.output.display()
        ),
        "choose another -o",
    ))
}

/// Names every file that is read; standard input cannot be named, and a key is not.
fn name_parents(plan: &Plan, manifest: &mut Manifest) -> Result<()> {
    for (role, paths) in [
        ("text", &plan.inputs),
        ("heldout", &plan.heldout),
        ("parallel", &plan.parallel),
    ] {
        for path in read::inputs(paths)? {
            if path != Path::new("-") {
                manifest.add_parent(role, &path)?;
            }
        }
    }
    for (role, path) in plan.looked_up() {
        manifest.add_parent(role, path)?;
    }
    Ok(())
}

/// Refuses what the last steps would stumble over, before the first takes hours.
fn refuse_early(plan: &Plan, heldout: &[Record]) -> Result<()> {
    let is_gated = plan.max_premium.is_some() && plan.has(Step::Tokenizer);
    if is_gated && plan.parallel.is_empty() && !is_parallel(heldout) {
        return Err(Error::usage(NO_PARALLEL.0, NO_PARALLEL.1));
    }
    match &plan.tokenizer {
        Some(path) if plan.has(Step::Pack) => end_of_text(&Vocab::open(path)?).map(drop),
        _ => Ok(()),
    }
}

/// Ends the walk where the vocabulary charges one of `langs` more than the plan allows; what it
/// charges others is told in `parity.json` alone.
fn refuse_dear(plan: &Plan, langs: &[&'static Lang], costs: &Parity) -> Result<()> {
    let Some(most) = plan.max_premium else {
        return Ok(());
    };
    let Some(worst) = costs.premium(langs) else {
        return Err(Error::usage(NO_PARALLEL.0, NO_PARALLEL.1));
    };
    match worst.worst <= most {
        true => Ok(()),
        false => Err(Error::Premium {
            lang: worst.worst_lang,
            ratio: worst.worst,
            most,
        }),
    }
}

/// Warns of input that was damaged and set aside; the first of it.
fn tell_damage(units: &[Finished], counts: &Counts, progress: &Progress) -> Option<String> {
    let first = units
        .iter()
        .find_map(|unit| unit.done.first_damage.as_ref())?;
    let all = counts
        .dropped
        .get("read")
        .and_then(|reasons| reasons.get("damaged"));
    let n: u64 = all.map_or(0, |langs| langs.values().sum());
    progress.sink.emit(Event::Note {
        warning: true,
        text: format!("{n} pieces of the input are damaged and were set aside; the first: {first}"),
    });
    Some(first.clone())
}

/// Says after which stage nothing was left, and why.
fn nothing_left(plan: &Plan, counts: &Counts, damage: Option<String>) -> Result<Error> {
    if counts.n_seen == 0 {
        return Ok(Error::Empty {
            path: plan.inputs.first().cloned().unwrap_or_default(),
            what: "no record in this file".into(),
        });
    }
    let rows = stages(counts)?;
    let worst = rows.iter().rev().find(|row| !row.dropped.is_empty());
    let told = worst.map_or(String::new(), |row| {
        let reasons = row
            .dropped
            .iter()
            .map(|(reason, n)| format!("{reason} {n}"));
        format!(
            "; {} dropped: {}",
            row.stage,
            reasons.collect::<Vec<_>>().join(", ")
        )
    });
    let damaged = damage
        .as_ref()
        .map_or(String::new(), |d| format!("; damaged: {d}"));
    Ok(Error::NothingLeft {
        is_damaged: damage.is_some(),
        what: format!(
            "none of {} records is left to train on{told}{damaged}",
            counts.n_seen
        ),
        hint: "run `eu prepare explain` on the input to see each measure".into(),
    })
}
