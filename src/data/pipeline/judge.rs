//! One thing that was read, through every step that looks at it alone, to its fate.

use super::domains::domain;
use super::enter::{Entered, enter, too_long};
use super::lines;
use super::map::row;
use super::output::line;
use super::plan::Step;
use super::quality::Learnt;
use super::site;
use super::steps::{Verdict, evaluated, heldout_copy, redact, select};
use super::tools::Tools;
use super::unit_files::Row;
use crate::contamination::{Met, Scratch};
use crate::data::dedup::{Sketch, Sketcher};
use crate::data::filter::Meter;
use crate::data::optout;
use crate::data::pii::Span;
use crate::data::read::Item;
use crate::data::record::Record;
use crate::disk::MAX_LINE_BYTES;

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
    max_line: usize,
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
    /// What it holds of evaluation sets, and its language, if it was asked.
    pub(super) met: Option<(Met, &'static str)>,
}

/// Longest line of a record: half of what readers take, for what later steps add to it.
const MAX_RECORD_LINE: usize = MAX_LINE_BYTES / 2;

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
            max_line: MAX_RECORD_LINE,
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
            judgement,
        } = enter(item, self.tools, &mut asked);
        found.extend(site::told(&asked).map(|(kind, n)| (site::FOUND, kind, n)));
        let spoke_of_mining = judgement.is_some_and(|judgement| site::spoke_of_mining(&judgement));
        let mut met = None;
        verdict = verdict.or_else(|| self.verdict(&mut record, &mut found, &mut met));
        let mut json = line(&record, verdict.as_ref()).into_bytes();
        if json.len() > self.max_line {
            let (short, why) = too_long(record, json.len());
            json = line(&short, Some(&why)).into_bytes();
            // What is met is told of the reason it was dropped for, so that sums agree.
            (record, verdict, met) = (short, Some(why), None);
        }
        Judged {
            damage,
            site_file,
            domain: domain(&record),
            line: json,
            fate: match verdict {
                None => Ok(self.kept(&record, spoke_of_mining)),
                Some(verdict) => Err((verdict.stage, verdict.reason, record.code())),
            },
            found,
            met,
        }
    }

    /// The first step that drops it.
    fn verdict(
        &mut self,
        record: &mut Record,
        found: &mut Vec<(&'static str, String, u64)>,
        met: &mut Option<(Met, &'static str)>,
    ) -> Option<Verdict> {
        let tools = self.tools;
        let plan = tools.plan;
        let mut learnt = Learnt::default();
        if plan.has(Step::Identify) {
            let verdict = learnt.identify(record, plan);
            let verdict = verdict.or_else(|| select(record, tools.langs));
            if verdict.is_some() {
                return verdict;
            }
        }
        if plan.has(Step::Filter) {
            match learnt.filter(record, tools, &mut self.meter) {
                Ok(removed) => {
                    found.extend(removed.each().map(|(why, n)| ("C4 lines", why.into(), n)));
                }
                Err(verdict) => return Some(*verdict),
            }
        }
        if let Some((held, verdict)) = evaluated(record, tools, &mut self.scratch) {
            *met = Some((held, record.code()));
            if verdict.is_some() {
                return verdict;
            }
        }
        if let Some(verdict) = heldout_copy(&record.text, &tools.heldout, "heldout_copies") {
            return Some(verdict);
        }
        if plan.annotate {
            learnt.score(record, tools, &mut self.meter);
        }
        if let Some((finder, mode)) = &tools.personal {
            redact(record, finder, mode, &mut self.spans);
            for span in &self.spans {
                found.push(("personal data", span.kind.name().into(), 1));
            }
        }
        if plan.annotate {
            learnt.annotate(record, tools, &mut self.meter);
        }
        None
    }

    fn kept(&mut self, record: &Record, spoke_of_mining: bool) -> Kept {
        Kept {
            row: Row {
                spoke_of_mining,
                ..row(record)
            },
            sketch: lines::sketches_now(self.tools.plan)
                .then(|| sketch(record, &mut self.sketcher)),
        }
    }
}

/// What copies of a record are found by.
pub(super) fn sketch(record: &Record, sketcher: &mut Sketcher) -> Sketch {
    let time = record.date().and_then(optout::date_number).unwrap_or(0);
    sketcher.sketch(&record.id, &record.text, record.url(), time)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::pipeline::Plan;

    #[test]
    fn a_record_no_reader_could_take_is_dropped_without_its_text() {
        let plan = Plan {
            trust_labels: true,
            filter: false,
            langs: vec!["mt".into()],
            ..Plan::default()
        };
        let langs = crate::lang::Lang::select(&plan.langs).unwrap();
        let tools = Tools::open(&plan, &langs, &[]).unwrap();
        let mut judge = Judge::new(&tools);
        let mut record = Record::new("a", "Kliem ".repeat(1000));
        record.lang = crate::lang::Lang::find("mt");
        let short = judge.judge(Item::Record(record.clone()));
        assert!(short.fate.is_ok());
        judge.max_line = 4000;
        let long = judge.judge(Item::Record(record));
        let why = long.fate.err();
        assert_eq!(why, Some(("read", "long_line", "mlt_Latn")));
        let line: serde_json::Value = serde_json::from_slice(&long.line).unwrap();
        assert_eq!((&line["id"], &line["text"]), (&"a".into(), &"".into()));
        assert_eq!(line["verdict"]["reason"], "long_line");
    }
}
