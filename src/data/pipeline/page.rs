//! `report.html`: the report as a page that needs nothing but itself.

use minijinja::value::{Serde, Value};
use minijinja::{AutoEscape, Environment, context};
use serde::Serialize;

use super::report::{LangRow, Report};
use crate::data::error::{Error, Result};

/// The page; text in it is escaped as HTML, whatever it says.
const TEMPLATE: &str = include_str!("../../../assets/report.html.jinja");

/// A language as the page shows it.
#[derive(Serialize)]
struct Row {
    #[serde(flatten)]
    row: LangRow,
    /// Records of a hundred seen.
    kept_share: String,
    /// Records of a thousand seen, for each reason.
    by_reason: Vec<String>,
    #[serde(skip)]
    kept: f64,
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
    let reasons: Vec<String> = report.dropped.keys().cloned().collect();
    let mut langs: Vec<Row> = report.langs.iter().map(|r| lang_row(r, &reasons)).collect();
    langs.sort_by(|a, b| a.kept.total_cmp(&b.kept));
    let point = |p: &crate::data::dedup::SCurvePoint| {
        format!(
            "{:.1},{:.1}",
            40.0 + 370.0 * p.similarity,
            200.0 - 190.0 * p.found
        )
    };
    let curve: Vec<String> = report.s_curve.iter().map(point).collect();
    let made = env.render_str(
        TEMPLATE,
        context! {
            report => Serde(report.clone()),
            langs => Serde(langs),
            reasons,
            most_dropped => report.dropped.values().max(),
            most_tokens => report.langs.iter().map(|row| row.n_tokens).max(),
            curve => curve.join(" "),
            version => env!("CARGO_PKG_VERSION"),
        },
    );
    made.map_err(|e| Error::Failed(format!("report.html: {e:#}")))
}

fn lang_row(row: &LangRow, reasons: &[String]) -> Row {
    let dropped: u64 = row.dropped.values().sum();
    let seen = (row.n_docs + row.n_heldout + dropped).max(1) as f64;
    let kept = (row.n_docs + row.n_heldout) as f64 / seen;
    let thousandth = |reason: &String| match row.dropped.get(reason) {
        None => String::new(),
        Some(n) => format!("{:.1}", 1000.0 * *n as f64 / seen),
    };
    Row {
        row: row.clone(),
        kept_share: format!("{:.1}", 100.0 * kept),
        by_reason: reasons.iter().map(thousandth).collect(),
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
