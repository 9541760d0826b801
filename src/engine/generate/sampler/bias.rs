//! Logits raised or lowered by hand.

use crate::engine::{Error, Result};
use crate::vocab::Vocab;

/// Reads `ID+X` and `TEXT-X` to ids and what is added to their logits. A text stands for each of
/// its tokens; `-inf` forbids.
///
/// # Errors
/// When an entry is of another form, names an id that is not there or a text without tokens.
pub(super) fn parse(entries: &[String], vocab: &Vocab) -> Result<Vec<(u32, f32)>> {
    let mut biases = Vec::new();
    for entry in entries {
        let (what, bias) = split(entry).ok_or_else(|| {
            refused(
                entry,
                "has no bias at its end",
                "write a token's id or a text, a sign and a number, such as 15043-2.5 or ' Oh-inf'",
            )
        })?;
        if what.bytes().all(|b| b.is_ascii_digit()) {
            let known = what
                .parse()
                .ok()
                .filter(|id: &u32| (*id as usize) < vocab.len());
            let id = known.ok_or_else(|| {
                let last = vocab.len().saturating_sub(1);
                refused(entry, "names no token", &format!("ids go from 0 to {last}"))
            })?;
            biases.push((id, bias));
        } else {
            let ids = vocab.encode(what)?;
            biases.extend(ids.into_iter().map(|id| (id, bias)));
        }
    }
    Ok(biases)
}

/// Cuts where the longest end that is a signed number begins; something must stand before it.
fn split(entry: &str) -> Option<(&str, f32)> {
    let signs = entry.match_indices(['+', '-']).filter(|(at, _)| *at > 0);
    for (at, _) in signs {
        if let Ok(bias) = entry[at..].parse::<f32>()
            && bias < f32::INFINITY
        {
            return Some((&entry[..at], bias));
        }
    }
    None
}

fn refused(entry: &str, what: &str, hint: &str) -> Error {
    Error::Usage {
        what: format!("logit_bias {entry:?} {what}"),
        hint: hint.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_cut_before_the_number_at_its_end() {
        for (entry, expected) in [
            ("15043+1", Some(("15043", 1.0))),
            ("15043-2.5", Some(("15043", -2.5))),
            (" Hello-inf", Some((" Hello", f32::NEG_INFINITY))),
            ("1e+5", Some(("1e", 5.0))),
            ("x+1e-5", Some(("x", 1e-5))),
            ("a-b+3", Some(("a-b", 3.0))),
            ("+-1", Some(("+", -1.0))),
            ("Grüße-1", Some(("Grüße", -1.0))),
            ("+1", None),
            ("7", None),
            ("7+inf", None),
            ("7+nan", None),
            ("7+", None),
            ("", None),
        ] {
            assert_eq!(split(entry), expected, "{entry}");
        }
    }
}
