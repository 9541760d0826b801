//! One thing that was read, through every step that looks at it alone, to its fate.

use super::domains::domain;
use super::enter::{Entered, enter};
use super::lines;
use super::map::row;
use super::output::line;
use super::plan::Step;
use super::site;
use super::steps::{Verdict, annotate, evaluated, identify, judge, redact, select};
use super::tools::Tools;
use super::unit_files::Row;
use crate::contamination::Scratch;
use crate::data::dedup::{Sketch, Sketcher, text_hash};
use crate::data::filter::Meter;
use crate::data::optout;
use crate::data::pii::Span;
use crate::data::read::Item;
use crate::data::record::Record;

/// Steps of the map, in their order; each may drop.
pub(super) const STEPS: [&str; 8] = [
    "read",
    "extract",
    "lawful",
    "identify",
    "select",
    "filter",
    "decontaminate",
    "heldout_copies",
];

/// What one thread judges with.
pub(super) struct Judge<'a> {
    tools: &'a Tools<'a>,
    meter: Meter,
    sketcher: Sketcher,
    scratch: Scratch,
    spans: Vec<Span>,
}

/// A record that was judged.
pub(super) struct Judged {
    /// Its line of JSON, line feed included; with the verdict if it was dropped.
    pub(super) line: Vec<u8>,
    /// What is known of it, or the step, reason and language it was dropped with.
    pub(super) fate: std::result::Result<Kept, (&'static str, &'static str, &'static str)>,
    /// Where it is damaged, and how, if it is.
    pub(super) damage: Option<String>,
    /// What it says of its site, as a line of JSON, if it is a file that does.
    pub(super) site_file: Option<Vec<u8>>,
    /// The domain it came from.
    pub(super) domain: Option<String>,
    /// What was met: of which sort, of which kind, how often.
    pub(super) found: Vec<(&'static str, String, u64)>,
}

/// What is known of a record that is kept.
pub(super) struct Kept {
    pub(super) row: Row,
    pub(super) sketch: Option<Sketch>,
}

impl<'a> Judge<'a> {
    pub(super) fn new(tools: &'a Tools<'a>) -> Self {
        Judge {
            tools,
            meter: Meter::new(),
            sketcher: Sketcher::new(tools.plan.bands()),
            scratch: Scratch::default(),
            spans: Vec::new(),
        }
    }

    /// Judges one thing that was read.
    pub(super) fn judge(&mut self, item: Item) -> Judged {
        let mut found = Vec::new();
        let site_file = match &item {
            Item::Robots(page) if self.tools.lawful.is_some() => Some(site::line(page)),
            _ => None,
        };
        let damage = match &item {
            Item::Quarantined(broken) => Some(broken.to_string()),
            _ => None,
        };
        let mut asked = optout::Tally::default();
        let Entered {
            mut record,
            mut verdict,
            ..
        } = enter(item, self.tools, &mut asked);
        for (check, count) in &asked.checks {
            for (kind, n) in [("allowed", count.allowed), ("denied", count.denied)] {
                if n > 0 {
                    found.push(("opt-outs asked", format!("{check}: {kind}"), n));
                }
            }
        }
        verdict = verdict.or_else(|| self.verdict(&mut record, &mut found));
        let json = line(&record, verdict.as_ref()).into_bytes();
        Judged {
            damage,
            site_file,
            domain: domain(&record),
            line: json,
            fate: match verdict {
                None => Ok(self.kept(&record)),
                Some(verdict) => Err((verdict.stage, verdict.reason, record.code())),
            },
            found,
        }
    }

    /// The first step that drops it.
    fn verdict(
        &mut self,
        record: &mut Record,
        found: &mut Vec<(&'static str, String, u64)>,
    ) -> Option<Verdict> {
        let tools = self.tools;
        let plan = tools.plan;
        if plan.has(Step::Identify) {
            let verdict = identify(record, plan).or_else(|| select(record, tools.langs));
            if verdict.is_some() {
                return verdict;
            }
        }
        if plan.has(Step::Filter)
            && let Some(verdict) = judge(record, tools, &mut self.meter)
        {
            return Some(verdict);
        }
        if let Some((benchmark, verdict)) = evaluated(record, tools, &mut self.scratch) {
            found.push(("evaluation sets", benchmark, 1));
            return Some(verdict);
        }
        if let Some(verdict) = self.heldout(record) {
            return Some(verdict);
        }
        if let Some((finder, mode)) = &tools.personal {
            redact(record, finder, mode, &mut self.spans);
            for span in &self.spans {
                found.push(("personal data", span.kind.name().into(), 1));
            }
        }
        if plan.annotate {
            annotate(record, tools, &mut self.meter);
        }
        None
    }

    /// What is scored on is never trained on.
    fn heldout(&self, record: &Record) -> Option<Verdict> {
        let theirs = &self.tools.heldout;
        if theirs.is_empty() {
            return None;
        }
        let hash = text_hash(&record.text);
        let at = theirs.partition_point(|(other, _)| *other < hash);
        let (_, id) = theirs.get(at).filter(|(other, _)| *other == hash)?;
        Some(Verdict::copy("heldout_copies", "in_heldout", 1.0, 1.0, id))
    }

    fn kept(&mut self, record: &Record) -> Kept {
        Kept {
            row: row(record),
            sketch: lines::sketches_now(self.tools.plan)
                .then(|| sketch(record, &mut self.sketcher)),
        }
    }
}

/// What copies of a record are found by.
pub(super) fn sketch(record: &Record, sketcher: &mut Sketcher) -> Sketch {
    let said = |key: &str| record.fields.get(key).and_then(serde_json::Value::as_str);
    let url = said("u").or(said("url"));
    let time = said("ts").or(said("date"));
    let time = time.and_then(optout::date_number).unwrap_or(0);
    sketcher.sketch(&record.id, &record.text, url, time)
}
