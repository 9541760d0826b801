//! The languages: one row each, read from `assets/languages.toml`; every table loops over them.
//!
//! This is the one place where codes are normalised. Slips between `lav` and `lvs`, `sqi` and
//! `als`, `est` and `ekk` are silent and costly, so [`Lang::find`] is the only way in.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::fault::{Fault, Kind};

/// One language in one script.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lang {
    /// ISO 639-3, `_`, ISO 15924: `deu_Latn`.
    pub code: String,
    /// ISO 639-1, what a person types: `de`.
    pub iso1: String,
    /// English name.
    pub name: String,
    /// The language's own name for itself.
    pub endonym: String,
    /// What asks a model to answer in it, in its own words.
    pub answer_in: String,
    /// The smallest set it belongs to: `eu24` or `europe`.
    pub set: String,
    /// Other codes that mean this row.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// Codes of rows it is easily confused with.
    #[serde(default)]
    pub close: Vec<String>,
}

#[derive(Deserialize)]
struct Table {
    language: Vec<Lang>,
}

static ALL: LazyLock<Vec<Lang>> = LazyLock::new(|| {
    let table: Table = toml::from_str(include_str!("../assets/languages.toml"))
        .expect("the embedded table is checked by a test");
    table.language
});

/// A name that is neither a language nor a set.
#[derive(Debug, thiserror::Error)]
#[error("unknown language {name:?}{}", nearest.as_ref().map(|n| format!(", did you mean {n:?}?")).unwrap_or_default())]
pub struct Unknown {
    /// What was asked for.
    pub name: String,
    /// The nearest code known.
    pub nearest: Option<String>,
}

impl Fault for Unknown {
    fn kind(&self) -> Kind {
        Kind::Usage
    }

    fn hint(&self) -> Option<String> {
        Some("languages are written de, deu or deu_Latn; sets are eu24 and europe".into())
    }
}

impl Lang {
    /// Every language, in table order.
    pub fn all() -> &'static [Lang] {
        &ALL
    }

    /// The language of a code: `deu_Latn`, `deu`, `de`, `de-AT` and macro codes.
    ///
    /// A script after `_` or `-` picks between rows that share a code (`sr-Latn`); without one
    /// the first row of the table wins (`sr` is Cyrillic). `hbs` is a cluster, not a language.
    pub fn find(code: &str) -> Option<&'static Lang> {
        let mut parts = code.trim().split(['_', '-']);
        let base = parts.next()?.to_ascii_lowercase();
        let mut script = None;
        for part in parts {
            match part.len() {
                4 => script = Some(part),
                2 if part.bytes().all(|b| b.is_ascii_uppercase()) => {} // a region: de-AT
                _ => return None,
            }
        }
        ALL.iter().find(|lang| {
            let (iso3, own_script) = lang.code.split_once('_').unwrap_or((&lang.code, ""));
            let named = base == iso3 || base == lang.iso1 || lang.aliases.contains(&base);
            named && script.is_none_or(|s| s.eq_ignore_ascii_case(own_script))
        })
    }

    /// Every language a list of codes and sets (`eu24`, `europe`, `all`) names, in table order.
    ///
    /// # Errors
    /// When a name is neither a language nor a set.
    pub fn select<S: AsRef<str>>(names: &[S]) -> Result<Vec<&'static Lang>, Unknown> {
        let mut wanted = vec![false; ALL.len()];
        for name in names {
            let name = name.as_ref();
            match name {
                "europe" | "all" => wanted.fill(true),
                "eu24" => {
                    for (want, lang) in wanted.iter_mut().zip(ALL.iter()) {
                        *want |= lang.set == "eu24";
                    }
                }
                _ => match Lang::find(name) {
                    Some(lang) => wanted[lang.index()] = true,
                    None => {
                        return Err(Unknown {
                            name: name.into(),
                            nearest: nearest(name),
                        });
                    }
                },
            }
        }
        Ok(ALL
            .iter()
            .zip(wanted)
            .filter(|(_, want)| *want)
            .map(|(lang, _)| lang)
            .collect())
    }

    /// Position of the row in the table.
    pub fn index(&self) -> usize {
        ALL.iter()
            .position(|lang| lang.code == self.code)
            .expect("every Lang is a row of ALL")
    }

    /// The script's ISO 15924 code: `Latn`.
    pub fn script(&self) -> &str {
        self.code.split_once('_').map_or("", |(_, script)| script)
    }

    /// The code a person types where it is unambiguous: `de`, but `sr-Latn`.
    pub fn short(&self) -> String {
        match Lang::find(&self.iso1) {
            Some(first) if first.code == self.code => self.iso1.clone(),
            _ => format!("{}-{}", self.iso1, self.script()),
        }
    }
}

impl PartialEq for Lang {
    fn eq(&self, other: &Self) -> bool {
        self.code == other.code
    }
}

impl Eq for Lang {}

/// The known code with the fewest edits from `name`, if it is near at all.
fn nearest(name: &str) -> Option<String> {
    let known = ALL
        .iter()
        .flat_map(|l| [l.code.clone(), l.iso1.clone(), l.name.to_lowercase()]);
    known
        .chain(["eu24".into(), "europe".into()])
        .map(|known| (edits(&name.to_lowercase(), &known.to_lowercase()), known))
        .min()
        .filter(|(distance, _)| *distance <= 2)
        .map(|(_, known)| Lang::find(&known).map_or(known, |l| l.code.clone()))
}

/// Levenshtein distance in characters.
pub(crate) fn edits(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(row[j + 1] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thirty_nine_rows_with_codes_of_their_own() {
        assert_eq!(Lang::all().len(), 39);
        assert_eq!(Lang::select(&["eu24"]).unwrap().len(), 24);
        assert_eq!(Lang::select(&["europe"]).unwrap().len(), 39);
        for lang in Lang::all() {
            assert_eq!(Lang::find(&lang.code), Some(lang), "{}", lang.code);
            assert_eq!(Lang::find(&lang.short()), Some(lang), "{}", lang.code);
            assert_eq!(lang.script().len(), 4, "{}", lang.code);
            for close in &lang.close {
                assert!(Lang::find(close).is_some_and(|l| l.close.contains(&lang.code)));
            }
        }
    }

    #[test]
    fn macro_codes_normalise_in_this_one_place() {
        for (alias, code) in [
            ("est", "ekk_Latn"),
            ("et", "ekk_Latn"),
            ("est_Latn", "ekk_Latn"),
            ("lav", "lvs_Latn"),
            ("lv", "lvs_Latn"),
            ("sqi", "als_Latn"),
            ("sq", "als_Latn"),
            ("nor", "nob_Latn"),
            ("no", "nob_Latn"),
            ("nb", "nob_Latn"),
            ("nn", "nno_Latn"),
            ("sr", "srp_Cyrl"),
            ("sr-Latn", "srp_Latn"),
            ("srp_latn", "srp_Latn"),
            ("ka", "kat_Geor"),
            ("de-AT", "deu_Latn"),
            ("DE", "deu_Latn"),
        ] {
            assert_eq!(
                Lang::find(alias).map(|l| l.code.as_str()),
                Some(code),
                "{alias}"
            );
        }
        assert_eq!(Lang::find("hbs"), None);
        assert_eq!(Lang::find("de-Cyrl"), None);
    }

    #[test]
    fn a_slip_names_the_nearest() {
        let error = Lang::select(&["deu_Lat"]).unwrap_err().to_string();
        assert_eq!(
            error,
            "unknown language \"deu_Lat\", did you mean \"deu_Latn\"?"
        );
        assert!(Lang::select(&["klingon"]).unwrap_err().nearest.is_none());
    }
}
