//! How much came from each domain, and how much of it stayed.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::data::record::Record;

/// Domains counted at a time; beyond, those with the fewest records are forgotten, so that their
/// counts, should they come again, are too low.
const MOST: usize = 1 << 20;

/// One domain.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DomainRow {
    /// Its name, without `www.`.
    pub domain: String,
    /// Records that came from it.
    pub n_seen: u64,
    /// Those that no step which looks at one record alone dropped.
    pub n_kept: u64,
    /// Text of those, in bytes.
    pub n_bytes: u64,
}

/// Counts by domain.
#[derive(Default)]
pub(super) struct Domains {
    rows: HashMap<String, DomainRow>,
}

impl Domains {
    /// Counts one record.
    pub(super) fn count(&mut self, domain: &str, kept_bytes: Option<u64>) {
        self.add(DomainRow {
            domain: domain.into(),
            n_seen: 1,
            n_kept: u64::from(kept_bytes.is_some()),
            n_bytes: kept_bytes.unwrap_or(0),
        });
    }

    /// Adds the counts of a unit.
    pub(super) fn add(&mut self, row: DomainRow) {
        if self.rows.len() >= MOST && !self.rows.contains_key(&row.domain) {
            self.forget();
        }
        let own = self.rows.entry(row.domain.clone()).or_default();
        own.n_seen += row.n_seen;
        own.n_kept += row.n_kept;
        own.n_bytes += row.n_bytes;
        own.domain = row.domain;
    }

    /// Forgets half of the domains, those with the fewest records.
    fn forget(&mut self) {
        let rows = std::mem::take(self).most(MOST / 2);
        self.rows = rows.into_iter().map(|r| (r.domain.clone(), r)).collect();
    }

    /// The `n` domains with the most records, those first.
    pub(super) fn most(self, n: usize) -> Vec<DomainRow> {
        let mut rows: Vec<DomainRow> = self.rows.into_values().collect();
        rows.sort_by(|a, b| {
            b.n_seen
                .cmp(&a.n_seen)
                .then_with(|| a.domain.cmp(&b.domain))
        });
        rows.truncate(n);
        rows
    }
}

/// The domain a record came from, in lower case, without `www.` and port.
pub(super) fn domain(record: &Record) -> Option<String> {
    let (_, rest) = record.url()?.split_once("://")?;
    let host = rest.split(['/', '?', '#']).next()?;
    let host = host.rsplit('@').next()?;
    let host = match host.starts_with('[') {
        true => host.split_inclusive(']').next()?, // an address of IPv6
        false => host.split(':').next()?,
    };
    let host = host.trim_end_matches('.').to_lowercase();
    let bare = host.strip_prefix("www.").unwrap_or(&host);
    (!bare.is_empty()).then(|| bare.chars().take(253).collect()) // RFC 1035: 253 characters
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_is_found_in_an_address() {
        for (url, expected) in [
            ("https://www.Example.EU:8080/a?b#c", Some("example.eu")),
            ("http://user:pass@пример.бг/", Some("пример.бг")),
            ("http://[2001:db8::1]:80/", Some("[2001:db8::1]")),
            ("https://www./", Some("www")),
            ("https:///a", None),
            ("mailto:a@b.c", None),
            ("", None),
        ] {
            let mut record = Record::new("a", "");
            record.fields.insert("u".into(), url.into());
            assert_eq!(domain(&record).as_deref(), expected, "{url}");
        }
        assert_eq!(domain(&Record::new("a", "")), None);
    }

    #[test]
    fn the_domains_with_most_records_come_first() {
        let mut domains = Domains::default();
        for (domain, kept) in [("b", Some(10)), ("a", None), ("b", None), ("c", Some(1))] {
            domains.count(domain, kept);
        }
        let most = domains.most(2);
        let told: Vec<_> = most
            .iter()
            .map(|r| (r.domain.as_str(), r.n_seen, r.n_kept))
            .collect();
        assert_eq!(told, [("b", 2, 1), ("a", 1, 0)]);
    }
}
