//! Preferences for the use of a page, as a list of `name=value`: `Content-Usage: train-ai=n`
//! (draft-ietf-aipref-vocab-07) and `Content-Signal: ai-train=no` (contentsignals.org).

/// Names that speak of training, the present ones first: where several are given, the first of
/// this list decides. The others are of earlier drafts.
const TRAINING: [&str; 6] = ["train-ai", "ai-train", "train-genai", "genai", "ai", "tdm"];

/// Whether the preferences in `value` allow training; none when they do not speak of it.
pub fn training_preference(value: &str) -> Option<bool> {
    let mut best: Option<(usize, bool)> = None;
    for entry in value.split([',', ' ', '\t']) {
        // Parameters after a semicolon belong to a structured field and say nothing here.
        let entry = entry.split(';').next().unwrap_or("");
        let Some((name, value)) = entry.split_once('=') else {
            continue;
        };
        let name = name.trim().to_ascii_lowercase();
        let Some(rank) = TRAINING.iter().position(|known| *known == name) else {
            continue;
        };
        let value = value.trim().trim_matches('"');
        let allowed = match value.to_ascii_lowercase().as_str() {
            "y" | "yes" => true,
            "n" | "no" => false,
            _ => continue,
        };
        best = match best {
            // Said twice and not alike: the reservation stands.
            Some((r, a)) if r == rank => Some((r, a && allowed)),
            Some((r, a)) if r < rank => Some((r, a)),
            _ => Some((rank, allowed)),
        };
    }
    best.map(|(_, allowed)| allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn training_is_allowed_reserved_or_not_spoken_of() {
        for (value, expected) in [
            ("train-ai=n", Some(false)),
            ("train-ai=y, search=n", Some(true)),
            ("search=yes,ai-train=no", Some(false)),
            ("search=yes, ai-input=no", None),
            ("ai=n, train-ai=y", Some(true)),
            ("train-ai=y train-ai=n", Some(false)),
            ("TRAIN-AI=N;reason=x", Some(false)),
            ("train-ai", None),
            ("train-ai=maybe", None),
            ("", None),
            ("=,=,;", None),
        ] {
            assert_eq!(training_preference(value), expected, "{value}");
        }
    }
}
