//! Telephone numbers: ITU-T E.164 with a plus, and as written at home, by each country's plan.
//!
//! The plans are patterns from libphonenumber's metadata (`assets/pii-phones.toml`). The crate
//! `phonenumber` holds the same: tried, it took a minute to build, a tenth of a second to start
//! and 3 to 5 microseconds a number, where the patterns alone take less than one.

use std::sync::{LazyLock, OnceLock};

use regex_automata::meta::Regex;
use regex_automata::util::syntax;
use regex_automata::{Anchored, Input};
use serde::Deserialize;

use super::number::Run;

/// A country's numbering plan.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Plan {
    /// ISO 3166-1 in small letters.
    pub(super) country: String,
    /// Country code.
    code: u32,
    /// What is dialled before an area code at home: `0`, `06`.
    #[serde(default)]
    trunk: String,
    /// Of the number without code and trunk prefix.
    pattern: String,
    #[serde(skip)]
    regex: OnceLock<Option<Regex>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    #[serde(rename = "source")]
    _source: String,
    region: Vec<Plan>,
}

static PLANS: LazyLock<Vec<Plan>> = LazyLock::new(|| {
    let table: Table = toml::from_str(include_str!("../../../assets/pii-phones.toml"))
        .expect("the embedded table is checked by a test");
    table.region
});

/// A number found: how many of the run's groups, whose, how sure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Found {
    pub(super) groups: usize,
    pub(super) country: Option<&'static str>,
    pub(super) score: f32,
}

impl Plan {
    /// Whether the digits, without code and trunk prefix, are a number of the plan.
    fn fits(&self, digits: &[u8]) -> bool {
        let regex = self.regex.get_or_init(|| {
            let ascii = syntax::Config::new().unicode(false).utf8(false);
            let whole = format!("(?:{})$", self.pattern);
            Regex::builder().syntax(ascii).build(&whole).ok()
        });
        let input = Input::new(digits).anchored(Anchored::Yes);
        regex.as_ref().is_some_and(|regex| regex.is_match(input))
    }

    /// Whether the digits are a number of the plan as written at home; true if with the trunk
    /// prefix.
    fn home(&self, digits: &[u8]) -> Option<bool> {
        if !self.trunk.is_empty()
            && let Some(rest) = digits.strip_prefix(self.trunk.as_bytes())
            && self.fits(rest)
        {
            return Some(true);
        }
        self.fits(digits).then_some(false)
    }
}

/// The plan of a country.
fn plan(country: &str) -> Option<&'static Plan> {
    PLANS.iter().find(|plan| plan.country == country)
}

/// Digits of country code or trunk prefix at the head of a number of `country`.
pub(super) fn prefix_len(country: &str, digits: &[u8], abroad: bool) -> usize {
    let Some(plan) = plan(country) else {
        return 0;
    };
    let zeros = if digits.starts_with(b"00") { 2 } else { 0 };
    let code = plan.code.to_string();
    let lead = if abroad {
        code.as_bytes()
    } else {
        plan.trunk.as_bytes()
    };
    let zeros = if abroad { zeros } else { 0 };
    let rest = digits.get(zeros..).unwrap_or_default();
    zeros
        + if rest.starts_with(lead) {
            lead.len()
        } else {
            0
        }
}

/// Whether the digits after code and trunk prefix could be given to someone in `country`.
pub(super) fn is_given(country: &str, digits: &[u8]) -> bool {
    plan(country).is_some_and(|plan| plan.fits(digits))
}

/// The number with a plus or `00` before its country code, if there is one.
pub(super) fn international(run: &Run, named: bool) -> Option<Found> {
    let fallback = named && !run.dated(run.len());
    let whole = (1..=run.len()).rev().find_map(|groups| {
        let digits = run.digits(groups);
        let digits = digits.strip_prefix(b"00").unwrap_or(digits);
        if !(7..=15).contains(&digits.len()) || digits.starts_with(b"0") {
            return None;
        }
        let country = abroad(digits)?;
        Some(Found {
            groups,
            country: Some(country),
            score: if named { 1.0 } else { 0.9 },
        })
    });
    // Beside its word, a number of no plan we know is still one.
    whole.or_else(|| {
        let n = run.digits(run.len()).len();
        (fallback && (9..=15).contains(&n)).then_some(Found {
            groups: run.len(),
            country: None,
            score: 0.6,
        })
    })
}

/// The country of the digits after a plus: code, a trunk zero some write in brackets, number.
fn abroad(digits: &[u8]) -> Option<&'static str> {
    for len in 1..=3 {
        let (code, rest) = digits.split_at_checked(len)?;
        let code = code.iter().fold(0, |sum, b| sum * 10 + u32::from(b - b'0'));
        for plan in PLANS.iter().filter(|plan| plan.code == code) {
            let bare = rest.strip_prefix(plan.trunk.as_bytes()).unwrap_or(rest);
            if plan.fits(rest) || plan.fits(bare) {
                return Some(&plan.country);
            }
        }
    }
    None
}

/// The number as written at home in one of `countries`, the first being likeliest.
///
/// `named`: a word for telephones stands before it. Without one, a number takes its area code in
/// brackets, brackets around the whole, or the trunk prefix and groups as people write them.
pub(super) fn home(run: &Run, countries: &'static [String], named: bool) -> Option<Found> {
    if run.dated(run.len()) && !named {
        return None;
    }
    for groups in (1..=run.len()).rev() {
        let digits = run.digits(groups);
        if !(5..=15).contains(&digits.len()) || run.dated(groups) || digits.len() < 6 && !named {
            continue;
        }
        for (rank, country) in countries.iter().enumerate() {
            let Some(trunk) = plan(country).and_then(|plan| plan.home(digits)) else {
                continue;
            };
            if let Some(score) = weight(run, groups, trunk, named, rank) {
                let country = Some(country.as_str());
                return Some(Found {
                    groups,
                    country,
                    score,
                });
            }
        }
    }
    let n = run.digits(run.len()).len();
    let other =
        named && (8..=12).contains(&n) && (run.len() > 1 || run.digits(1).starts_with(b"0"));
    let decimal = run.len() == 2 && run.only(2, b'.');
    (other && !run.goes_on && !decimal && !run.dated(run.len())).then_some(Found {
        groups: run.len(),
        country: None,
        score: 0.6,
    })
}

/// How sure a number of a home plan is; none if not sure enough to say.
fn weight(run: &Run, groups: usize, trunk: bool, named: bool, rank: usize) -> Option<f32> {
    if named {
        return Some(if rank == 0 { 0.95 } else { 0.8 });
    }
    if run.goes_on && groups == run.len() {
        return None;
    }
    let digits = run.digits(groups).len();
    let issn = run.lengths(groups) == [4, 4] && run.only(groups, b'-');
    if run.bracketed && trunk && groups > 1 && digits >= 7 {
        return Some(0.6);
    }
    let decimal = groups == 2 && run.only(groups, b'.');
    if run.opened && rank == 0 && digits >= 7 && !issn && !decimal {
        let plain = groups > 1 || digits >= 9 || run.digits(1).starts_with(b"0");
        return plain.then_some(0.55);
    }
    let slashed = groups > 1 && run.lengths(groups).first().is_some_and(|&l| l > 2);
    let grouped = groups >= 3 || slashed && run.only(groups, b'/');
    let tied = matches!(run.before, b'.' | b',' | b'/' | b'-' | b'=' | b'#' | b':');
    (trunk && rank == 0 && grouped && digits >= 9 && !tied).then_some(0.5)
}

#[cfg(test)]
mod tests {
    use super::super::context::Words;
    use super::*;
    use crate::lang::Lang;

    #[test]
    fn every_plan_compiles() {
        assert_eq!(PLANS.len(), 245);
        for plan in PLANS.iter() {
            plan.fits(b"123");
            assert!(
                plan.regex.get().is_some_and(Option::is_some),
                "{}",
                plan.country
            );
        }
    }

    #[test]
    fn numbers_are_read_as_at_home_and_from_abroad() {
        let run = |text: &str| {
            let first = text.find(|c: char| c.is_ascii_digit()).unwrap();
            Run::read(text.as_bytes(), first).unwrap()
        };
        let country = |text: &str| international(&run(text), false).and_then(|f| f.country);
        assert_eq!(country("+49 (0)30 901820"), Some("de"));
        assert_eq!(country("00358 13 1221955"), Some("fi"));
        assert_eq!(country("+1 000 000"), None);
        assert_eq!(country("+999 123 456 789"), None);
        let words = |code: &str| &Words::of(Lang::find(code)).countries[..];
        let score = |text: &str, code: &str, named: bool| {
            home(&run(text), words(code), named).map(|f| f.score)
        };
        assert_eq!(score("0712 045 445", "ro", true), Some(0.95));
        assert_eq!(score("(0212) 342 14 05", "tr", false), Some(0.6));
        assert_eq!(score("475 631 758", "es", false), None);
        assert_eq!(score("28.12.1992", "da", false), None);
        assert_eq!(score("(1939-1945", "da", false), None);
        assert_eq!(score("1999-03-01", "en", true), None);
        assert_eq!(score("59.999999", "en", true), None);
    }
}
