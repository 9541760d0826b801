//! Licences that pages name: addresses and phrases -> identifiers in the manner of SPDX, and a
//! list of those that are wanted or not.

use crate::data::error::{Error, Result};

/// Longest text that is searched for a licence, in bytes.
const MAX_TEXT: usize = 4 << 10;

/// A licence recognised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Licence {
    /// SPDX identifier where there is one (`CC-BY-SA-4.0`); without a version when none is told.
    pub id: String,
}

/// Part of a licence's address (without scheme or `www.`) or a phrase, and what it means. The
/// first that is found counts, so that what is longer stands before what it contains.
const KNOWN: &[(&str, &str)] = &[
    ("creativecommons.org/publicdomain/zero", "CC0-1.0"),
    ("creativecommons.org/publicdomain/mark", "PDM-1.0"),
    ("gnu.org/licenses/fdl-1.3", "GFDL-1.3"),
    ("gnu.org/licenses/fdl-1.2", "GFDL-1.2"),
    ("gnu.org/copyleft/fdl", "GFDL"),
    ("gnu.org/licenses/fdl", "GFDL"),
    ("gnu.org/licenses/agpl", "AGPL-3.0"),
    ("gnu.org/licenses/lgpl", "LGPL"),
    ("gnu.org/licenses/gpl", "GPL"),
    ("apache.org/licenses/license-2.0", "Apache-2.0"),
    ("opensource.org/licenses/mit", "MIT"),
    ("opensource.org/license/mit", "MIT"),
    ("mozilla.org/mpl/2.0", "MPL-2.0"),
    ("mozilla.org/en-us/mpl/2.0", "MPL-2.0"),
    ("opendatacommons.org/licenses/odbl", "ODbL-1.0"),
    ("opendatacommons.org/licenses/by", "ODC-By-1.0"),
    ("opendatacommons.org/licenses/pddl", "PDDL-1.0"),
    (
        "nationalarchives.gov.uk/doc/open-government-licence/version/3",
        "OGL-UK-3.0",
    ),
    (
        "nationalarchives.gov.uk/doc/open-government-licence",
        "OGL-UK",
    ),
    ("govdata.de/dl-de/by-2-0", "DL-DE-BY-2.0"),
    ("govdata.de/dl-de/zero-2-0", "DL-DE-ZERO-2.0"),
    ("etalab.gouv.fr/licence-ouverte", "etalab-2.0"),
    ("joinup.ec.europa.eu/collection/eupl", "EUPL-1.2"),
    ("eupl.eu/1.2", "EUPL-1.2"),
    ("data.norge.no/nlod", "NLOD-2.0"),
    ("dati.gov.it/iodl/2.0", "IODL-2.0"),
    ("gnu free documentation license", "GFDL"),
    ("open government licence", "OGL-UK"),
    ("licence ouverte", "etalab-2.0"),
    ("european union public licence", "EUPL-1.2"),
    ("open database license", "ODbL-1.0"),
    ("apache license", "Apache-2.0"),
    ("mit license", "MIT"),
    ("public domain", "PDM-1.0"),
    ("all rights reserved", "LicenseRef-all-rights-reserved"),
    ("alle rechte vorbehalten", "LicenseRef-all-rights-reserved"),
    (
        "tous droits r\u{e9}serv\u{e9}s",
        "LicenseRef-all-rights-reserved",
    ),
    (
        "todos los derechos reservados",
        "LicenseRef-all-rights-reserved",
    ),
    (
        "todos os direitos reservados",
        "LicenseRef-all-rights-reserved",
    ),
    (
        "tutti i diritti riservati",
        "LicenseRef-all-rights-reserved",
    ),
    (
        "alle rechten voorbehouden",
        "LicenseRef-all-rights-reserved",
    ),
    (
        "wszelkie prawa zastrze\u{17c}one",
        "LicenseRef-all-rights-reserved",
    ),
];

/// Identifiers that are known by their own name when a text is nothing else.
const NAMES: &[&str] = &[
    "CC0-1.0",
    "PDM-1.0",
    "GFDL-1.2",
    "GFDL-1.3",
    "MIT",
    "Apache-2.0",
    "MPL-2.0",
    "GPL-2.0",
    "GPL-3.0",
    "LGPL-3.0",
    "AGPL-3.0",
    "ODbL-1.0",
    "ODC-By-1.0",
    "PDDL-1.0",
    "EUPL-1.2",
    "OGL-UK-3.0",
    "etalab-2.0",
    "DL-DE-BY-2.0",
    "NLOD-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
];

impl Licence {
    /// The licence that an address or a short text names, if it is a known one.
    pub fn find(text: &str) -> Option<Self> {
        let mut end = text.len().min(MAX_TEXT);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let text = text.get(..end)?.trim();
        if let Some(name) = NAMES.iter().find(|name| name.eq_ignore_ascii_case(text)) {
            return Some(Licence::plain(name));
        }
        let lower = text.to_lowercase();
        creative_commons(&lower).or_else(|| {
            let known = KNOWN.iter().find(|(part, _)| lower.contains(part));
            known.map(|(_, id)| Licence::plain(id))
        })
    }

    fn plain(id: &str) -> Self {
        Licence { id: id.into() }
    }
}

/// One of the six Creative Commons licences, named by address, by abbreviation or in words.
fn creative_commons(lower: &str) -> Option<Licence> {
    let has = |parts: &[&str]| parts.iter().any(|part| lower.contains(part));
    let address = lower
        .split_once("creativecommons.org/licenses/")
        .map(|(_, rest)| rest);
    let spoken = || has(&["creative commons"]) && has(&["attribution", "namensnennung"]);
    let (terms, rest) = if let Some(rest) = address {
        let (terms, rest) = rest.split_once('/').unwrap_or((rest, ""));
        (
            terms.split('-').map(str::to_string).collect::<Vec<_>>(),
            rest,
        )
    } else if let Some(words) = abbreviation(lower) {
        (words, lower)
    } else if spoken() {
        let mut terms = vec!["by".to_string()];
        for (term, names) in [
            (
                "nc",
                &[
                    "noncommercial",
                    "non-commercial",
                    "nicht-kommerziell",
                    "nicht kommerziell",
                ][..],
            ),
            (
                "nd",
                &[
                    "noderiv",
                    "no derivatives",
                    "no-derivatives",
                    "keine bearbeitung",
                ],
            ),
            (
                "sa",
                &[
                    "sharealike",
                    "share-alike",
                    "share alike",
                    "gleichen bedingungen",
                ],
            ),
        ] {
            terms.extend(has(names).then(|| term.to_string()));
        }
        (terms, lower)
    } else {
        return None;
    };
    let is = |term: &str| terms.iter().any(|t| t == term);
    if !is("by") {
        return None;
    }
    let mut id = String::from("CC-BY");
    for (term, name) in [("nc", "-NC"), ("sa", "-SA"), ("nd", "-ND")] {
        id += if is(term) { name } else { "" };
    }
    for version in ["4.0", "3.0", "2.5", "2.1", "2.0", "1.0"] {
        if rest.contains(version) {
            id = format!("{id}-{version}");
            break;
        }
    }
    Some(Licence { id })
}

/// The terms after `cc` in `CC BY-NC-SA 4.0` or `CC-BY-4.0`.
fn abbreviation(lower: &str) -> Option<Vec<String>> {
    let mut words = lower.split(|c: char| !c.is_alphanumeric());
    words.find(|word| *word == "cc")?;
    let known = ["by", "nc", "nd", "sa"];
    let terms: Vec<String> = words
        .take_while(|w| known.contains(w))
        .map(str::to_string)
        .collect();
    (!terms.is_empty()).then_some(terms)
}

/// Which licences are wanted, from a list: `allow ID` or `deny ID` on each line, where ID may
/// hold `*`, or be `unknown`; the first line that matches counts. `#` begins a comment.
#[derive(Debug, Clone, Default)]
pub struct LicenceRules(Vec<(bool, String, usize)>);

impl LicenceRules {
    /// Reads a list.
    ///
    /// # Errors
    /// When a line is neither.
    pub fn parse(text: &str) -> Result<Self> {
        let mut rules = Vec::new();
        for (i, line) in text.lines().enumerate() {
            let bare = line.split('#').next().unwrap_or("").trim();
            if bare.is_empty() {
                continue;
            }
            let allow = match bare.split_once(char::is_whitespace) {
                Some(("allow", id)) => Some((true, id)),
                Some(("deny", id)) => Some((false, id)),
                _ => None,
            };
            let Some((allow, id)) = allow else {
                let what = format!("line {}: {bare:?} is no rule for licences", i + 1);
                return Err(Error::usage(
                    what,
                    "write `allow CC-BY-4.0` or `deny *-NC*`",
                ));
            };
            rules.push((allow, id.trim().to_ascii_lowercase(), i + 1));
        }
        Ok(LicenceRules(rules))
    }

    /// Whether a licence is wanted (none: the page names none that is known), and the line that
    /// says so; none when no line speaks of it.
    pub fn verdict(&self, licence: Option<&Licence>) -> Option<(bool, usize)> {
        let id = licence.map_or("unknown".into(), |l| l.id.to_ascii_lowercase());
        let rule = self.0.iter().find(|(_, pattern, _)| glob(pattern, &id))?;
        Some((rule.0, rule.2))
    }
}

/// Whether `text` is `pattern`, in which `*` stands for anything.
fn glob(pattern: &str, text: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let Some(text) = text.strip_prefix(first) else {
        return false;
    };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let last = parts.pop().unwrap_or("");
    let rest = parts.iter().try_fold(text, |text, part| {
        text.find(part).and_then(|at| text.get(at + part.len()..))
    });
    rest.is_some_and(|rest| rest.ends_with(last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn licences_are_known_by_address_abbreviation_and_phrase() {
        for (text, id) in [
            (
                "https://creativecommons.org/licenses/by-nc-sa/3.0/deed.de",
                "CC-BY-NC-SA-3.0",
            ),
            ("http://creativecommons.org/licenses/by/4.0/", "CC-BY-4.0"),
            (
                "//creativecommons.org/licenses/by-nd/2.5/it/",
                "CC-BY-ND-2.5",
            ),
            (
                "https://creativecommons.org/publicdomain/zero/1.0/",
                "CC0-1.0",
            ),
            ("CC BY-SA 4.0", "CC-BY-SA-4.0"),
            ("cc-by-nc-nd-4.0", "CC-BY-NC-ND-4.0"),
            ("Text: CC BY 3.0 DE", "CC-BY-3.0"),
            (
                "Creative Commons Attribution-ShareAlike 4.0 International",
                "CC-BY-SA-4.0",
            ),
            (
                "Creative Commons Namensnennung - Nicht kommerziell 3.0",
                "CC-BY-NC-3.0",
            ),
            ("https://www.gnu.org/licenses/fdl-1.3.html", "GFDL-1.3"),
            ("https://www.govdata.de/dl-de/by-2-0", "DL-DE-BY-2.0"),
            ("MIT", "MIT"),
            (
                "\u{a9} 2024 Verlag. Alle Rechte vorbehalten.",
                "LicenseRef-all-rights-reserved",
            ),
        ] {
            assert_eq!(
                Licence::find(text).map(|l| l.id).as_deref(),
                Some(id),
                "{text}"
            );
        }
        for text in [
            "",
            "a permitted use",
            "cc: me",
            "creativecommons.org",
            "acc by chance",
        ] {
            assert_eq!(Licence::find(text), None, "{text}");
        }
    }

    #[test]
    fn the_first_line_of_a_list_that_matches_counts() {
        let list = "# ours\nallow CC-BY-SA-*\ndeny *-NC*\ndeny *-ND*\nallow CC-BY*\ndeny unknown\n";
        let rules = LicenceRules::parse(list).unwrap();
        for (text, expected) in [
            ("CC BY-SA 4.0", Some((true, 2))),
            ("CC BY-NC 4.0", Some((false, 3))),
            ("CC BY-ND 4.0", Some((false, 4))),
            ("CC BY 4.0", Some((true, 5))),
            ("nothing known", Some((false, 6))),
            ("MIT", None),
        ] {
            let licence = Licence::find(text);
            assert_eq!(rules.verdict(licence.as_ref()), expected, "{text}");
        }
        assert!(LicenceRules::parse("permit MIT").is_err());
        assert_eq!(LicenceRules::default().verdict(None), None);
    }
}
