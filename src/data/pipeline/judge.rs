//! One record through every step that looks at it alone, to its fate.

use super::domains::domain;
use super::map::row;
use super::output::line;
use super::plan::Plan;
use super::steps::{Verdict, identify, judge, select};
use super::unit_files::Row;
use crate::data::dedup::text_hash;
use crate::data::filter::Meter;
use crate::data::record::Record;
use crate::lang::Lang;

/// Steps of the map, in their order; each may drop.
pub(super) const STEPS: [&str; 5] = ["read", "identify", "select", "filter", "heldout_copies"];

/// What all threads look things up in.
pub(super) struct Tools<'a> {
    pub(super) plan: &'a Plan,
    /// Languages asked for.
    pub(super) langs: &'a [&'static Lang],
    /// Hash and id of every text that is scored on, sorted.
    pub(super) heldout: Vec<(u128, String)>,
}

/// What one thread judges with.
pub(super) struct Judge<'a> {
    tools: &'a Tools<'a>,
    meter: Meter,
}

/// A record that was judged.
pub(super) struct Judged {
    /// Its line of JSON, line feed included; with the verdict if it was dropped.
    pub(super) line: Vec<u8>,
    /// What is known of it, or the step, reason and language it was dropped with.
    pub(super) fate: std::result::Result<Row, (&'static str, &'static str, &'static str)>,
    /// The domain it came from.
    pub(super) domain: Option<String>,
    /// What was met: of which sort, of which kind, how often.
    pub(super) found: Vec<(&'static str, String, u64)>,
}

impl<'a> Judge<'a> {
    pub(super) fn new(tools: &'a Tools<'a>) -> Self {
        Judge {
            tools,
            meter: Meter::new(),
        }
    }

    /// Judges one record.
    pub(super) fn judge(&mut self, mut record: Record) -> Judged {
        let verdict = self.verdict(&mut record);
        let mut json = line(&record, verdict.as_ref()).to_string().into_bytes();
        json.push(b'\n');
        Judged {
            domain: domain(&record),
            line: json,
            fate: match verdict {
                None => Ok(row(&record)),
                Some(verdict) => Err((verdict.stage, verdict.reason, record.code())),
            },
            found: Vec::new(),
        }
    }

    /// The first step that drops it.
    fn verdict(&mut self, record: &mut Record) -> Option<Verdict> {
        let Tools { plan, langs, .. } = self.tools;
        if let Some(verdict) = identify(record, plan).or_else(|| select(record, langs)) {
            return Some(verdict);
        }
        if plan.filter
            && let Some(verdict) = judge(record, &mut self.meter)
        {
            return Some(verdict);
        }
        self.heldout(record)
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
}
