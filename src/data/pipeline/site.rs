//! Files that speak for their sites, met in the crawl itself: they may come after the pages they
//! speak of, or in another file, so pages are asked about once all is read.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::plan::{Plan, Step};
use super::steps::Verdict;
use super::tools::{agents, fetched, memory_of};
use super::unit_files::Finished;
use crate::data::error::{Error, Result};
use crate::data::optout::{Check, Fetched, Page, Rules, Store, Tally};
use crate::data::read;

/// Bytes of such a file that count: RFC 9309 asks for at least 500 KiB.
const MAX_BYTES: usize = 512 << 10;
/// Checks that look at files of sites; the others were made where the page was read.
const CHECKS: [Check; 4] = [Check::Robots, Check::Preference, Check::Tdm, Check::AiTxt];

/// A file of a site as a unit keeps it.
#[derive(Debug, Serialize, Deserialize)]
struct Line {
    url: String,
    status: u16,
    location: Option<String>,
    ts: Option<String>,
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
        body: String::from_utf8_lossy(body).into_owned(),
    };
    let mut bytes = serde_json::to_vec(&line).unwrap_or_default();
    bytes.push(b'\n');
    bytes
}

/// What sites say that was met in the crawl; none if nothing was.
pub(super) fn rules(units: &[Finished], plan: &Plan) -> Result<Option<Rules>> {
    if !plan.has(Step::Lawful) {
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
            let fetched = Fetched {
                url: &line.url,
                status: line.status,
                location: line.location.as_deref(),
                body: line.body.as_bytes(),
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
        checks: CHECKS.to_vec(),
        store: Some(store),
        ..Rules::default()
    }))
}

/// What its site says of a kept record, given its line.
pub(super) fn verdict(line: &[u8], rules: &Rules, tally: &mut Tally) -> Result<Option<Verdict>> {
    #[derive(Deserialize)]
    struct Place {
        #[serde(default)]
        u: Value,
        #[serde(default)]
        url: Value,
        #[serde(default)]
        ts: Value,
    }
    let read = serde_json::from_slice::<Place>(line);
    let place = read.map_err(|e| Error::Failed(format!("a record of our own: {e}")))?;
    let Some(url) = place.u.as_str().or(place.url.as_str()) else {
        return Ok(None);
    };
    let page = Page {
        url,
        date: place.ts.as_str(),
        signals: None,
        licences: &[],
    };
    let judgement = rules.judge(&page, tally);
    let denial = judgement.denial();
    Ok(denial.map(|denial| Verdict::said("sites", denial.reason, &denial.evidence)))
}
