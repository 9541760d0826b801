//! A vocabulary trained on a stream of records, and plain BPE on the same beside it.

use std::collections::BTreeMap;

use super::plan::{Model, Plan};
use super::tokens::learn;
use crate::data::error::{Error, Result};
use crate::data::record::Record;
use crate::event::Control;
use crate::lang::Lang;

/// The `tokenizer.json` of a vocabulary trained on `records`; with `compare` that of plain BPE of
/// the same size on the same sample after it. Both come of one reading, for a pipe has no second.
pub(super) fn vocabularies(
    records: Vec<Record>,
    plain: bool,
    compare: bool,
    plan: &Plan,
    control: &Control,
) -> Result<String> {
    let mut by_lang: BTreeMap<usize, (Option<&'static Lang>, Vec<String>)> = BTreeMap::new();
    for record in records {
        let lang = record.lang.filter(|_| !plain);
        let place = lang.map_or(usize::MAX, Lang::index);
        let own = by_lang.entry(place).or_insert_with(|| (lang, Vec::new()));
        own.1.push(record.text);
    }
    let (langs, texts): (Vec<_>, Vec<_>) = by_lang.into_values().unzip();
    let langs: Vec<Option<&Lang>> = langs;
    let trained = |plan: &Plan| {
        let json = learn(plan, &langs, &texts, control)?.to_string(true);
        json.map_err(|e| Error::Failed(format!("tokenizer: cannot be written: {e}")))
    };
    let mut plan = plan.clone();
    if plain {
        (plan.pressure, plan.max_epochs) = (0.0, 1.0);
    }
    let mut json = trained(&plan)?;
    if compare {
        (plan.model, plan.pressure) = (Model::Bpe, 0.0);
        json.push('\n');
        json.push_str(&trained(&plan)?);
    }
    Ok(json)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::corpus;

    #[test]
    fn plain_bpe_of_the_same_size_comes_second_from_one_reading() {
        let records: Vec<Record> = ["mlt_Latn", "kat_Geor"]
            .iter()
            .flat_map(|code| {
                corpus::records()
                    .filter(move |r| r.code() == *code)
                    .take(40)
            })
            .collect();
        let plan = Plan {
            vocab_size: 400,
            model: Model::Unigram,
            ..Plan::default()
        };
        let train = |compare, plan: &Plan| {
            vocabularies(records.clone(), false, compare, plan, &Control::default()).unwrap()
        };
        let both = train(true, &plan);
        let kinds: Vec<String> = serde_json::Deserializer::from_str(&both)
            .into_iter::<serde_json::Value>()
            .map(|json| json.unwrap()["model"]["type"].as_str().unwrap().to_string())
            .collect();
        assert_eq!(kinds, ["Unigram", "BPE"]);
        let own = train(false, &plan);
        let alike = Plan {
            model: Model::Bpe,
            pressure: 0.0,
            ..plan.clone()
        };
        assert_eq!(both, format!("{own}\n{}", train(false, &alike)));
    }
}
