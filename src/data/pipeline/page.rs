//! `report.html`: the report as a page that needs nothing but itself.

use minijinja::value::{Serde, Value};
use minijinja::{AutoEscape, Environment, context};
use serde::Serialize;

use super::report::{LangRow, Report};
use crate::data::error::{Error, Result};

/// The page; text in it is escaped as HTML, whatever it says.
const TEMPLATE: &str = include_str!("../../../assets/report.html.jinja");

/// Colours of the page, for parts of a bar.
const COLOURS: usize = 8;
/// Width of the plot of languages, in units of its picture, and where its bars begin.
const PLOT: (f64, f64) = (640.0, 110.0);

/// A reason as the page shows it.
#[derive(Serialize)]
struct Reason {
    reason: String,
    /// The stage that drops for it, or those that do.
    stage: String,
    n: u64,
}

/// A language as the page shows it.
#[derive(Serialize)]
struct Row {
    #[serde(flatten)]
    row: LangRow,
    /// Records of a hundred seen.
    kept_share: String,
    /// A cell for each reason.
    by_reason: Vec<Cell>,
    /// What became of its records, from left to right.
    parts: Vec<Part>,
    #[serde(skip)]
    kept: f64,
}

/// How many were dropped for a reason.
#[derive(Default, Serialize)]
struct Cell {
    /// Records of a thousand seen.
    thousandth: String,
    /// Strength of the cell's colour in percent; none where none was dropped.
    heat: Option<u32>,
}

/// A stretch of a bar.
#[derive(Serialize)]
struct Part {
    name: String,
    n: u64,
    x: String,
    width: String,
    /// Which colour of the page's.
    colour: usize,
}

/// The page that tells `report`.
pub(super) fn page(report: &Report) -> Result<String> {
    let mut env = Environment::new();
    env.set_auto_escape_callback(|_| AutoEscape::Html);
    env.add_filter("count", count);
    env.add_filter("share", |n: f64, of: f64| match of > 0.0 {
        true => format!("{:.1}", 100.0 * n / of),
        false => "0.0".into(),
    });
    env.add_filter("number", |x: Value| {
        f64::try_from(x).map_or("-".into(), |x| format!("{x:.2}"))
    });
    let reasons = reasons(report);
    let parts = parts(report);
    let langs = report.langs.iter();
    let mut langs: Vec<Row> = langs.map(|row| lang_row(row, &reasons, &parts)).collect();
    langs.sort_by(|a, b| a.kept.total_cmp(&b.kept));
    let point = |p: &crate::data::dedup::SCurvePoint| {
        format!(
            "{:.1},{:.1}",
            40.0 + 370.0 * p.similarity,
            200.0 - 190.0 * p.found
        )
    };
    let curve: Vec<String> = report.s_curve.iter().map(point).collect();
    // Every tenth of the curve in words, for those who do not see it.
    let tenth = |p: &&crate::data::dedup::SCurvePoint| (p.similarity * 10.0).fract().abs() < 1e-6;
    let points = report.s_curve.iter().filter(tenth);
    let points: Vec<String> = points
        .map(|p| format!("{:.2} at {:.1}", p.found, p.similarity))
        .collect();
    let made = env.render_str(
        TEMPLATE,
        context! {
            report => Serde(report.clone()),
            langs => Serde(langs),
            reasons => Serde(reasons),
            parts,
            points,
            most_dropped => report.dropped.values().max(),
            most_tokens => report.langs.iter().map(|row| row.n_tokens).max(),
            curve => curve.join(" "),
            version => env!("CARGO_PKG_VERSION"),
        },
    );
    made.map_err(|e| Error::Failed(format!("report.html: {e:#}")))
}

/// The stages that drop for a reason: files of sites are asked twice, for one.
fn stages_of(report: &Report, reason: &str) -> String {
    let stages = report.stages.iter();
    let stages = stages.filter(|stage| stage.dropped.contains_key(reason));
    let names: Vec<&str> = stages.map(|stage| stage.stage.as_str()).collect();
    names.join(", ")
}

/// Reasons, the most frequent first.
fn reasons(report: &Report) -> Vec<Reason> {
    let all = report.dropped.iter().map(|(reason, n)| Reason {
        reason: reason.clone(),
        stage: stages_of(report, reason),
        n: *n,
    });
    let mut all: Vec<Reason> = all.collect();
    all.sort_by_key(|row| std::cmp::Reverse(row.n));
    all
}

/// What may become of a record: it stays, it is held out, or a stage drops it.
fn parts(report: &Report) -> Vec<String> {
    let mut parts = vec!["to train on".into(), "held out".into()];
    for stage in &report.stages {
        for reason in report.dropped.keys() {
            let part = format!("dropped by {}", stages_of(report, reason));
            if stage.dropped.contains_key(reason) && !parts.contains(&part) {
                parts.push(part);
            }
        }
    }
    parts
}

fn lang_row(row: &LangRow, reasons: &[Reason], parts: &[String]) -> Row {
    let dropped: u64 = row.dropped.values().sum();
    let seen = (row.n_docs + row.n_heldout + dropped).max(1) as f64;
    let kept = (row.n_docs + row.n_heldout) as f64 / seen;
    let cell = |reason: &Reason| match row.dropped.get(&reason.reason) {
        None => Cell::default(),
        Some(n) => Cell {
            thousandth: format!("{:.1}", 1000.0 * *n as f64 / seen),
            // A tenth of all is seen well: half as strong as everything.
            heat: Some((90.0 * (*n as f64 / seen).powf(0.3)) as u32),
        },
    };
    let mut counts = vec![row.n_docs, row.n_heldout];
    counts.resize(parts.len(), 0);
    for reason in reasons {
        let part = format!("dropped by {}", reason.stage);
        let at = parts.iter().position(|name| *name == part);
        if let Some(count) = at.and_then(|at| counts.get_mut(at)) {
            *count += row.dropped.get(&reason.reason).copied().unwrap_or(0);
        }
    }
    let mut x = PLOT.1;
    let counted = parts.iter().zip(counts).enumerate();
    let stretch = |(at, (name, n)): (usize, (&String, u64))| {
        let width = PLOT.0 * n as f64 / seen;
        let part = Part {
            name: name.clone(),
            n,
            x: format!("{x:.1}"),
            width: format!("{width:.1}"),
            // Those of what stays are nobody else's.
            colour: if at < 2 {
                at
            } else {
                2 + (at - 2) % (COLOURS - 2)
            },
        };
        x += width;
        part
    };
    Row {
        row: row.clone(),
        kept_share: format!("{:.1}", 100.0 * kept),
        by_reason: reasons.iter().map(cell).collect(),
        parts: counted.map(stretch).filter(|part| part.n > 0).collect(),
        kept,
    }
}

/// A number with narrow spaces between thousands.
fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut told = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            told.push('\u{202f}');
        }
        told.push(digit);
    }
    told
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::domains::DomainRow;
    use super::super::report::StageRow;
    use super::*;
    use crate::data::dedup::SCurvePoint;

    const FOREIGN: &str = "<script>alert('1')</script>\"&";

    fn report() -> Report {
        let dropped = BTreeMap::from([(FOREIGN.to_string(), 3), ("rare".into(), 1)]);
        let stage = |stage: &str, n_in, dropped: BTreeMap<String, u64>| StageRow {
            stage: stage.into(),
            n_in,
            n_out: n_in - dropped.values().sum::<u64>(),
            dropped,
        };
        let lang = |lang: &str, n_docs, dropped: &BTreeMap<String, u64>| LangRow {
            lang: lang.into(),
            name: FOREIGN.into(),
            n_docs,
            n_bytes: 12_345,
            n_tokens: 0,
            n_heldout: 1,
            parity: None,
            tokens_per_word: None,
            weight: 0.0,
            epochs: 0.0,
            dropped: dropped.clone(),
        };
        let langs = vec![
            lang("deu_Latn", 5, &BTreeMap::new()),
            lang("und", 0, &dropped),
        ];
        Report {
            schema: "prepare/1".into(),
            n_seen: 11,
            n_kept: 5,
            n_heldout: 2,
            n_tokens: 0,
            n_vocab: 0,
            stages: vec![
                stage("read", 11, BTreeMap::new()),
                stage("filter", 11, dropped.clone()),
            ],
            dropped,
            langs,
            found: BTreeMap::from([(FOREIGN.into(), BTreeMap::from([(FOREIGN.into(), 2)]))]),
            domains: vec![DomainRow {
                domain: FOREIGN.into(),
                n_seen: 4,
                n_kept: 1,
                n_bytes: 9,
            }],
            evaluation_sets: Vec::new(),
            min_jaccard: 0.72,
            s_curve: vec![SCurvePoint {
                similarity: 0.5,
                found: 0.05,
            }],
            dedup_check: None,
            cluster_sizes: BTreeMap::from([(2, 7)]),
            boilerplate_lines: None,
        }
    }

    #[test]
    fn the_page_is_whole_by_itself_and_what_others_wrote_is_text() {
        let page = page(&report()).unwrap();
        for foreign in [
            "<script", "alert('", "http:", "https:", "src=", "url(", "@import",
        ] {
            assert!(!page.contains(foreign), "{foreign}");
        }
        let n_told = page.matches("&lt;script&gt;alert(").count();
        assert_eq!(
            n_told, 7,
            "a reason twice, a name twice, what was found twice, a domain"
        );
        // Every element that is opened is closed.
        for name in [
            "table", "tr", "td", "th", "svg", "figure", "main", "tbody", "thead", "title",
        ] {
            let opened = page.matches(&format!("<{name}>")).count()
                + page.matches(&format!("<{name} ")).count();
            assert_eq!(
                opened,
                page.matches(&format!("</{name}>")).count(),
                "{name}"
            );
            assert!(opened > 0, "{name}");
        }
    }

    #[test]
    fn bars_are_as_long_as_their_counts() {
        let report = report();
        let (reasons, parts) = (reasons(&report), parts(&report));
        assert_eq!(parts, ["to train on", "held out", "dropped by filter"]);
        assert_eq!(reasons[0].n, 3, "the most frequent first");
        let row = lang_row(&report.langs[1], &reasons, &parts);
        let told: Vec<(&str, u64, &str, &str)> = row
            .parts
            .iter()
            .map(|part| {
                (
                    part.name.as_str(),
                    part.n,
                    part.x.as_str(),
                    part.width.as_str(),
                )
            })
            .collect();
        assert_eq!(
            told,
            [
                ("held out", 1, "110.0", "128.0"),
                ("dropped by filter", 4, "238.0", "512.0")
            ]
        );
        assert_eq!(row.by_reason[0].thousandth, "600.0");
    }
}
