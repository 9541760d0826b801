//! What was read becomes a record: pages give their text and facts, and all that gives none is
//! a record too, with the reason it goes no further.

use serde_json::{Map, Value};

use super::steps::Verdict;
use super::tools::Tools;
use crate::data::extract::{self, Extracted};
use crate::data::optout::{Judgement, Page as Asked, PageSignals, Tally};
use crate::data::read::{Item, Page, Quarantined, Skipped};
use crate::data::record::{Record, Source};

/// Longest name or address kept of a record that is too long, in bytes.
const MAX_NAME: usize = 4096;

/// A record, and why it goes no further if it does not.
pub(super) struct Entered {
    pub(super) record: Record,
    pub(super) verdict: Option<Verdict>,
    /// What all checks of its lawfulness came to, where the plan asks.
    pub(super) judgement: Option<Judgement>,
}

/// Turns what was read into a record.
pub(super) fn enter(item: Item, tools: &Tools, tally: &mut Tally) -> Entered {
    let (record, verdict) = match item {
        Item::Record(record) => {
            let judgement = lawful_record(&record, tools, tally);
            return Entered {
                verdict: denial(judgement.as_ref()),
                judgement,
                record,
            };
        }
        Item::Page(page) => return enter_page(page, tools, tally),
        Item::Robots(page) => {
            let record = bare(page.source, page.url);
            (
                record,
                Some(Verdict::said("read", "site_file", "kept for its rules")),
            )
        }
        Item::Skipped(Skipped { source, url, why }) => {
            let evidence = format!("{why:?}");
            let verdict = Verdict::said("read", reason_of(why.name()), &evidence);
            (bare(source, url), Some(verdict))
        }
        Item::Quarantined(broken) => quarantined(broken),
    };
    Entered {
        record,
        verdict,
        judgement: None,
    }
}

/// The verdict of the first check that forbids.
fn denial(judgement: Option<&Judgement>) -> Option<Verdict> {
    let denial = judgement?.denial()?;
    Some(Verdict::said("lawful", denial.reason, &denial.evidence))
}

/// Reasons of what is whole but no text.
fn reason_of(why: &str) -> &'static str {
    match why {
        "warc_type" => "no_response",
        "status" => "http_status",
        "content_type" => "no_html",
        _ => "empty",
    }
}

/// A record whose line of JSON would be longer than any reader takes: what it is called, what its
/// language is and where it came from, and why there is no more of it.
pub(super) fn too_long(record: Record, len_bytes: usize) -> (Record, Verdict) {
    let short = |name: &str| (name.len() <= MAX_NAME).then(|| name.to_string());
    let mut left = bare(record.source.clone(), record.url().and_then(short));
    if let Some(id) = short(&record.id) {
        left.fields.insert("id".into(), id.clone().into());
        left.id = id;
    }
    (left.lang, left.lang_prob) = (record.lang, record.lang_prob);
    let what = format!("{len_bytes} bytes as a line of JSON");
    (left, Verdict::said("read", "long_line", &what))
}

/// A record without text, with its place: fields as HPLT names them.
fn bare(source: Source, url: Option<String>) -> Record {
    let mut record = Record::new(source.id(), "");
    record.fields = place(&source);
    if let Some(url) = url {
        record.fields.insert("u".into(), url.into());
    }
    record.fields.insert("id".into(), record.id.clone().into());
    record.fields.insert("text".into(), Value::Null);
    record.source = source;
    record
}

fn place(source: &Source) -> Map<String, Value> {
    let mut fields = Map::new();
    fields.insert("f".into(), source.path.to_string_lossy().into());
    fields.insert("o".into(), source.offset.into());
    fields.insert("s".into(), source.size.into());
    fields
}

fn quarantined(broken: Quarantined) -> (Record, Option<Verdict>) {
    let source = Source {
        path: broken.path,
        line: broken.line,
        offset: broken.offset,
        size: broken.size,
    };
    let mut record = bare(source, None);
    record.id = format!("{}-{}", record.id, record.source.offset);
    record.fields.insert("id".into(), record.id.clone().into());
    (record, Some(Verdict::said("read", "damaged", &broken.what)))
}

/// A page: its text, its facts, and whether it may be used.
fn enter_page(page: Page, tools: &Tools, tally: &mut Tally) -> Entered {
    if !tools.plan.has(super::plan::Step::Extract) {
        let verdict = Verdict::said("extract", "page", "the plan has no step `extract`");
        return Entered {
            record: bare(page.source, page.url),
            verdict: Some(verdict),
            judgement: None,
        };
    }
    let (html, de) = page.decode();
    let found = extract::page(&html, &tools.extract);
    let judgement = lawful_page(&page, &found, tools, tally);
    let mut record = page.into_record(found.text, de);
    for (key, value) in [
        ("title", found.title),
        ("htmllang", found.html_lang),
        ("metalang", found.meta_lang),
        ("date", found.date),
        ("canonical", found.canonical),
    ] {
        if let Some(value) = value {
            record.fields.insert(key.into(), value.into());
        }
    }
    if !found.licences.is_empty() {
        record
            .fields
            .insert("licences".into(), found.licences.into());
    }
    let empty = || record.text.trim().is_empty();
    let verdict = denial(judgement.as_ref()).or_else(|| {
        empty().then(|| Verdict::said("extract", "no_text", "nothing but boilerplate"))
    });
    Entered {
        record,
        verdict,
        judgement,
    }
}

/// What headers, meta elements, licences and lists say of a page.
fn lawful_page(
    page: &Page,
    found: &Extracted,
    tools: &Tools,
    tally: &mut Tally,
) -> Option<Judgement> {
    let rules = tools.lawful.as_ref()?;
    let mut signals = PageSignals::default();
    for (name, value) in &page.headers {
        signals.header(name, value, &tools.agents);
    }
    for (name, content) in &found.robots {
        signals.meta(name, content, &tools.agents);
    }
    let asked = Asked {
        url: page.url.as_deref().unwrap_or(""),
        date: page.ts.as_deref(),
        signals: Some(&signals),
        licences: &found.licences,
        spoke_of_mining: false,
    };
    Some(rules.judge(&asked, tally))
}

/// What its licences, lists and the files of its site say of a record.
fn lawful_record(record: &Record, tools: &Tools, tally: &mut Tally) -> Option<Judgement> {
    let rules = tools.lawful.as_ref()?;
    let said = |key: &str| record.fields.get(key).and_then(Value::as_str);
    let found = record.fields.get("licences").and_then(Value::as_array);
    let found = found.into_iter().flatten().filter_map(Value::as_str);
    let named = ["license", "licence"].into_iter().filter_map(said);
    let licences: Vec<String> = named.chain(found).map(String::from).collect();
    let asked = Asked {
        url: record.url().unwrap_or(""),
        date: record.date(),
        signals: None,
        licences: &licences,
        spoke_of_mining: false,
    };
    Some(rules.judge(&asked, tally))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::Lang;

    #[test]
    fn of_a_record_that_is_too_long_its_name_language_and_place_stay() {
        let mut record = Record::new("a", "x");
        record.fields.insert("u".into(), "http://a.eu/".into());
        record.lang = Lang::find("mt");
        let (short, verdict) = too_long(record.clone(), 1 << 30);
        assert_eq!((&short.id[..], short.code()), ("a", "mlt_Latn"));
        assert_eq!((short.url(), &short.text[..]), (Some("http://a.eu/"), ""));
        assert_eq!(verdict.reason, "long_line");
        record.id = "x".repeat(MAX_NAME + 1);
        record.fields.insert("u".into(), record.id.clone().into());
        let (short, _) = too_long(record.clone(), 1 << 30);
        assert_eq!((&short.id, short.url()), (&record.source.id(), None));
    }
}
