//! Files that speak for their sites, met in the crawl itself: they may come after the pages they
//! speak of, or in another file, so pages are asked about once all is read.

use std::collections::BTreeMap;
use std::path::PathBuf;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::plan::{Plan, Step};
use super::tools::{agents, checks, fetched, memory_of};
use super::unit_files::{Finished, Row};
use super::work::Work;
use crate::data::error::{Error, Result};
use crate::data::optout::{Check, Decision, Fetched, Judgement, Page, Rules, Source, Store, Tally};
use crate::data::read;
use crate::data::record::Origin;
use crate::disk;
use crate::event::Control;

/// Bytes of such a file that are kept: as many as any of them may have, and one to tell that one
/// has more.
const MAX_BYTES: usize = (1 << 20) + 1;
/// Checks that look at files of sites; the others were made where the page was read.
const CHECKS: [Check; 4] = [Check::Robots, Check::Preference, Check::Tdm, Check::AiTxt];
/// What such a check can forbid for, as [`Decision::reason`] has it.
const REASONS: [&str; 5] = [
    "robots",
    "robots_unreachable",
    "train_preference",
    "tdm_reserved",
    "ai_txt",
];
/// Sort under which the report counts what was asked.
pub(super) const FOUND: &str = "opt-outs asked";
/// Name of the step in stops, and of its note.
const STAGE: &str = "sites";

/// A file of a site as a unit keeps it.
#[derive(Debug, Serialize, Deserialize)]
struct Line {
    url: String,
    status: u16,
    location: Option<String>,
    ts: Option<String>,
    /// The file byte by byte, each as the character of its number: it need not be UTF-8.
    body: String,
}

/// A file of a site as a line of JSON.
pub(super) fn line(page: &read::Page) -> Vec<u8> {
    let Fetched {
        url,
        status,
        location,
        body,
        date,
    } = fetched(page);
    let body = body.get(..MAX_BYTES).unwrap_or(body);
    let line = Line {
        url: url.into(),
        status,
        location: location.map(String::from),
        ts: date.map(String::from),
        body: body.iter().map(|byte| char::from(*byte)).collect(),
    };
    let mut bytes = serde_json::to_vec(&line).unwrap_or_default();
    bytes.push(b'\n');
    bytes
}

/// Answers of checks as the report counts them: `robots: denied`, how often.
pub(super) fn told(tally: &Tally) -> impl Iterator<Item = (String, u64)> + '_ {
    tally.checks.iter().flat_map(|(check, count)| {
        [("allowed", count.allowed), ("denied", count.denied)]
            .into_iter()
            .filter(|(_, n)| *n > 0)
            .map(move |(answer, n)| (format!("{check}: {answer}"), n))
    })
}

/// True where a page said itself whether it may be mined: that outranks its host's file.
pub(super) fn spoke_of_mining(judgement: &Judgement) -> bool {
    let own = |d: &Decision| d.check == Check::Tdm && d.source != Source::HostFile;
    judgement.decisions.iter().any(own)
}

/// What sites say that was met in the crawl; none if nothing was, or no check asks for it.
fn rules(units: &[Finished], plan: &Plan) -> Result<Option<Rules>> {
    let mut asked = checks(plan)?;
    asked.retain(|check| CHECKS.contains(check));
    if !plan.has(Step::Lawful) || asked.is_empty() {
        return Ok(None);
    }
    let mut store = Store::new(agents(plan), memory_of(plan));
    let mut bytes = Vec::new();
    for unit in units {
        let Some(mut source) = unit.sites()? else {
            continue;
        };
        while source.read_line(&mut bytes)? {
            let read = serde_json::from_slice::<Line>(&bytes);
            let line = read.map_err(|e| Error::Failed(format!("a line of our own: {e}")))?;
            let body: Vec<u8> = line.body.chars().map(|c| c as u8).collect();
            let fetched = Fetched {
                url: &line.url,
                status: line.status,
                location: line.location.as_deref(),
                body: &body,
                date: line.ts.as_deref(),
            };
            store.add(fetched).map_err(|e| {
                Error::Failed(format!(
                    "{e}; raise --memory, of which they may take an eighth"
                ))
            })?;
        }
    }
    Ok((store.n_hosts() > 0).then(|| Rules {
        checks: asked,
        store: Some(store),
        ..Rules::default()
    }))
}

/// A record its site keeps back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Denial {
    /// Why, in one word.
    pub(super) reason: &'static str,
    /// What said so, and where.
    pub(super) evidence: String,
}

/// What sites said of all records.
#[derive(Debug, Default)]
pub(super) struct Denied {
    /// For each unit, the records that go, by place; no units where no site was heard.
    pub(super) by_unit: Vec<Vec<(u64, Denial)>>,
    /// How often checks allowed and denied.
    pub(super) asked: BTreeMap<String, u64>,
}

/// What is noted when all units were asked about.
#[derive(Debug, Serialize, Deserialize)]
struct Asked {
    n_units: usize,
    /// Units of which a record is kept back; each has a file.
    denied: Vec<usize>,
    asked: BTreeMap<String, u64>,
}

/// Records that their sites keep back, where a site was heard in the crawl, or what was found of
/// them before.
///
/// # Errors
/// When a unit cannot be read, files of sites need more memory than they may take, or a stop was
/// asked for.
pub(super) fn denied(
    units: &[Finished],
    plan: &Plan,
    work: &Work,
    control: &Control,
) -> Result<Denied> {
    let folder = work.temporary(STAGE);
    let file = |at: usize| folder.join(format!("{at:08}.json"));
    if let Some(done) = work.done::<Asked>(STAGE) {
        let mut by_unit = vec![Vec::new(); done.n_units];
        for at in done.denied {
            if let Some(denials) = by_unit.get_mut(at) {
                *denials = read_denials(file(at))?;
            }
        }
        let asked = done.asked;
        return Ok(Denied { by_unit, asked });
    }
    let (mut all, mut tally) = (Denied::default(), Tally::default());
    if let Some(rules) = rules(units, plan)? {
        disk::remove_folder(&folder)?;
        let heard = units.par_iter().enumerate().map(|(at, unit)| {
            let (denials, tally) = of_unit(unit, &rules, control)?;
            if !denials.is_empty() {
                let told = denials.iter().map(|(n, d)| (n, d.reason, &d.evidence));
                disk::replace_json(&file(at), &told.collect::<Vec<_>>())?;
            }
            Ok((denials, tally))
        });
        for (denials, of_unit) in heard.collect::<Result<Vec<_>>>()? {
            all.by_unit.push(denials);
            tally.add(&of_unit);
        }
    }
    all.asked = told(&tally).collect();
    let with = all.by_unit.iter().enumerate();
    let with = with.filter(|(_, denials)| !denials.is_empty());
    let asked = Asked {
        n_units: all.by_unit.len(),
        denied: with.map(|(at, _)| at).collect(),
        asked: all.asked.clone(),
    };
    work.finish(STAGE, &asked)?;
    Ok(all)
}

fn read_denials(path: PathBuf) -> Result<Vec<(u64, Denial)>> {
    let told = |e: &dyn std::fmt::Display| Error::Failed(format!("{}: {e}", path.display()));
    let read = serde_json::from_slice::<Vec<(u64, String, String)>>(&disk::read(&path)?);
    let denials = read.map_err(|e| told(&e))?.into_iter();
    denials
        .map(|(place, reason, evidence)| {
            let reason = reason_of(&reason).ok_or_else(|| told(&"no reason of ours"))?;
            Ok((place, Denial { reason, evidence }))
        })
        .collect()
}

fn reason_of(name: &str) -> Option<&'static str> {
    REASONS.into_iter().find(|reason| *reason == name)
}

/// Which of a unit's kept records their sites keep back, and what was asked.
fn of_unit(
    unit: &Finished,
    rules: &Rules,
    control: &Control,
) -> Result<(Vec<(u64, Denial)>, Tally)> {
    let (mut denied, mut tally) = (Vec::new(), Tally::default());
    let mut source = unit.kept()?;
    let mut line = Vec::new();
    for (place, row) in (0..).zip(unit.rows()?) {
        if control.stop_requested() {
            return Err(Error::Interrupted {
                stage: STAGE.into(),
            });
        }
        if !source.read_line(&mut line)? {
            break;
        }
        if let Some(denial) = denial(&line, &row?, rules, &mut tally)? {
            denied.push((place, denial));
        }
    }
    Ok((denied, tally))
}

/// What its site says against a kept record, given its line.
fn denial(line: &[u8], row: &Row, rules: &Rules, tally: &mut Tally) -> Result<Option<Denial>> {
    let read = serde_json::from_slice::<Origin>(line);
    let origin = read.map_err(|e| Error::Failed(format!("a record of our own: {e}")))?;
    let Some(url) = origin.url() else {
        return Ok(None);
    };
    let page = Page {
        url,
        date: origin.date(),
        signals: None,
        licences: &[],
        spoke_of_mining: row.spoke_of_mining,
    };
    let judgement = rules.judge(&page, tally);
    let Some(said) = judgement.denial() else {
        return Ok(None);
    };
    let known = reason_of(said.reason);
    let reason = known.ok_or_else(|| Error::Failed(format!("{}: no such reason", said.reason)))?;
    Ok(Some(Denial {
        reason,
        evidence: said.evidence.clone(),
    }))
}
