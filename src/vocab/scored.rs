//! A `tokenizer.json` of the SentencePiece kind as a list with scores: what GGUF files have.
//!
//! Such files came from a list with scores in the first place: every way to make a token of two is
//! a merge, sorted by the score of what it makes. So the rank of the first merge that makes a token
//! is as good as its score, which only says what is merged before what.

use std::collections::HashMap;

use serde_json::Value as Json;

use super::decode::hex_byte;
use super::sentence::SPACE;
use super::{Listed, Named, Rule, TokenKind};

impl Listed {
    /// The list that gives the same ids; none for files of another kind.
    pub fn of_json(json: &Json) -> Option<Self> {
        let model = &json["model"];
        let plain = |key: &str| model[key].as_str().is_none_or(str::is_empty);
        let is_such = model["type"] == "BPE"
            && model["byte_fallback"] == true
            && model["dropout"].as_f64().is_none_or(|share| share == 0.0)
            && plain("continuing_subword_prefix")
            && plain("end_of_word_suffix");
        if !is_such {
            return None;
        }
        let space_prefix = space_prefix(&json["normalizer"], &json["pre_tokenizer"])?;
        let mut ids: HashMap<&str, usize> = HashMap::new();
        for (text, id) in model["vocab"].as_object()? {
            ids.insert(text, usize::try_from(id.as_u64()?).ok()?);
        }
        let added = json["added_tokens"]
            .as_array()
            .map_or(&[][..], Vec::as_slice);
        let mut kinds: HashMap<usize, TokenKind> = HashMap::new();
        for token in added {
            let id = usize::try_from(token["id"].as_u64()?).ok()?;
            ids.insert(token["content"].as_str()?, id);
            let kind = match token["special"].as_bool() {
                Some(true) => TokenKind::Control,
                _ => TokenKind::UserDefined,
            };
            kinds.insert(id, kind);
        }
        let n = ids.len();
        let mut texts = vec![None; n];
        for (text, id) in &ids {
            texts.get_mut(*id)?.replace(*text);
        }
        let unknown = model["unk_token"].as_str().and_then(|text| ids.get(text));
        let texts: Vec<&str> = texts.into_iter().collect::<Option<_>>()?;
        let kinds: Vec<TokenKind> = (0..n)
            .map(|id| match kinds.get(&id) {
                _ if unknown == Some(&id) => TokenKind::Unknown,
                Some(kind) => *kind,
                None if hex_byte(texts[id]).is_some() => TokenKind::Byte,
                None => TokenKind::Normal,
            })
            .collect();
        let merges = model["merges"].as_array()?;
        // Tokens that no merge makes come after all that one makes.
        let mut scores = vec![-(merges.len() as f32); n];
        for (rank, merge) in merges.iter().enumerate().rev() {
            let made = match merge {
                Json::String(merge) => merge.replacen(' ', "", 1),
                pair => format!("{}{}", pair[0].as_str()?, pair[1].as_str()?),
            };
            *scores.get_mut(*ids.get(made.as_str())?)? = -(rank as f32);
        }
        // In single precision ranks are told apart up to here.
        if merges.len() > 1 << f32::MANTISSA_DIGITS {
            return None;
        }
        let spelled = texts.iter().zip(&kinds).map(|(text, kind)| match kind {
            TokenKind::UserDefined => text.replace(SPACE, " "),
            _ => (*text).to_owned(),
        });
        Some(Listed {
            texts: spelled.collect(),
            kinds,
            rule: Rule::Scores {
                scores,
                space_prefix,
            },
            named: Named::default(),
            strips_after: false,
        })
    }
}

/// Whether a space is put in front of texts, where spaces become signs and nothing else happens.
fn space_prefix(normalizer: &Json, pre_tokenizer: &Json) -> Option<bool> {
    let steps = |of: &Json, list: &str| -> Vec<Json> {
        match (of["type"].as_str(), of[list].as_array()) {
            (Some("Sequence"), Some(steps)) => steps.clone(),
            (Some(_), _) => vec![of.clone()],
            (None, _) => Vec::new(),
        }
    };
    let sign = SPACE.to_string();
    let (mut prefix, mut signs) = (false, false);
    for step in steps(normalizer, "normalizers") {
        match step["type"].as_str() {
            Some("Prepend") if step["prepend"] == sign.as_str() => prefix = true,
            Some("Replace")
                if step["pattern"]["String"] == " " && step["content"] == sign.as_str() =>
            {
                signs = true;
            }
            _ => return None,
        }
    }
    for step in steps(pre_tokenizer, "pretokenizers") {
        match step["type"].as_str() {
            // Spaces are signs by now, so there is nothing to cut at.
            Some("Split") if signs && step["pattern"]["String"] == " " => {}
            Some("Metaspace") if step["split"] == false && step["replacement"] == sign.as_str() => {
                signs = true;
                prefix |= step["prepend_scheme"] != "never";
            }
            _ => return None,
        }
    }
    signs.then_some(prefix)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::json;

    use super::*;
    use crate::disk;
    use crate::vocab::Vocab;

    #[test]
    #[allow(clippy::print_stderr)] // the line that says why nothing was tested
    fn a_list_made_of_merges_gives_the_ids_of_the_merges() {
        let Some(folder) = std::env::var_os("EU_TEST_DATA") else {
            return eprintln!("skipped: EU_TEST_DATA is not set");
        };
        let folder = Path::new(&folder).join("data/tokenizers/hf-json");
        let path = folder.join("llama2.tokenizer.json.zst");
        let bytes = disk::read(&path).unwrap();
        let by_crate = Vocab::from_json(&bytes, &path).unwrap();
        let listed = Listed::of_json(&serde_json::from_slice(&bytes).unwrap()).unwrap();
        let by_list = Vocab::from_listed(listed, &path).unwrap();
        assert_eq!(by_list.len(), by_crate.len());
        let vectors = disk::read(&folder.join("llama2.vectors.jsonl")).unwrap();
        let mut n = 0;
        for row in serde_json::Deserializer::from_slice(&vectors).into_iter::<Json>() {
            let row = row.unwrap();
            let text = row["text"].as_str().unwrap();
            let ids = by_list.encode(text).unwrap();
            assert_eq!(ids, by_crate.encode(text).unwrap(), "{text:?}");
            assert_eq!(by_list.decode(&ids), by_crate.decode(&ids));
            n += 1;
        }
        assert!(n > 50, "{n}");
    }

    #[test]
    fn spaces_may_be_made_signs_in_either_step_and_nothing_else_may_happen() {
        let replace = json!({ "type": "Replace", "pattern": { "String": " " }, "content": "▁" });
        let prepend = json!({ "type": "Prepend", "prepend": "▁" });
        let both = json!({ "type": "Sequence", "normalizers": [prepend, replace] });
        let cut = json!({ "type": "Split", "pattern": { "String": " " }, "behavior": "MergedWithPrevious" });
        let meta = |scheme: &str, split: bool| json!({ "type": "Metaspace", "replacement": "▁", "prepend_scheme": scheme, "split": split });
        let none = Json::Null;
        for (normalizer, pre_tokenizer, prefix) in [
            (&both, &none, Some(true)),
            (&replace, &none, Some(false)),
            (&replace, &cut, Some(false)),
            (&none, &meta("first", false), Some(true)),
            (&none, &meta("never", false), Some(false)),
            (&none, &meta("first", true), None),
            (&json!({ "type": "NFC" }), &none, None),
            (&none, &none, None),
            (&none, &cut, None),
        ] {
            assert_eq!(space_prefix(normalizer, pre_tokenizer), prefix);
        }
    }
}
