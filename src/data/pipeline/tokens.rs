//! From texts to tokens: the vocabulary, what it costs each language, the shards.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::output::Output;
use super::plan::Plan;
use super::steps::identify;
use super::tally::Tally;
use super::walk::read_all;
use crate::data::error::{Error, Result};
use crate::data::mix::Supply;
use crate::data::record::Record;
use crate::data::tokenize::{Parity, pack, parity, train};
use crate::disk;
use crate::event::Event;
use crate::lang::Lang;
use crate::vocab::Vocab;

/// Texts of one language.
pub(super) type Texts<'a> = (&'static Lang, Vec<&'a str>);

/// Texts by language, in table order.
pub(super) fn by_lang(records: &[Record]) -> Vec<Texts<'_>> {
    let of = |lang: &'static Lang| {
        let own = records.iter().filter(|r| r.lang == Some(lang));
        (lang, own.map(|r| r.text.as_str()).collect::<Vec<_>>())
    };
    let all = Lang::all().iter().map(of);
    all.filter(|(_, texts)| !texts.is_empty()).collect()
}

/// Loads the vocabulary, or trains one.
pub(super) fn vocabulary(
    plan: &Plan,
    kept: &[Texts],
    output: &Output,
    tally: &mut Tally,
) -> Result<Vocab> {
    let target = output.path("tokenizer.json");
    if let Some(path) = &plan.tokenizer {
        let json = disk::read(path)?;
        disk::replace_bytes(&target, &json)?;
        return Ok(Vocab::from_json(&json, path)?);
    }
    let open = tally.begin("train_tokenizer", Some(plan.vocab_size), "tokens");
    let texts: Vec<Vec<&str>> = kept.iter().map(|(_, texts)| texts.clone()).collect();
    let tokenizer = train(&texts, plan.vocab_size, plan.max_epochs)?;
    let json = tokenizer
        .to_string(true)
        .map_err(|e| Error::Failed(format!("tokenizer: cannot be written: {e}")))?;
    disk::replace_bytes(&target, json.as_bytes())?;
    let vocab = Vocab::from_json(json.as_bytes(), &target)?;
    if vocab.len() < plan.vocab_size {
        tally.sink.emit(Event::Note {
            warning: true,
            text: format!(
                "the text gives a vocabulary of {} tokens, not {}",
                vocab.len(),
                plan.vocab_size
            ),
        });
    }
    let n: usize = texts.iter().map(Vec::len).sum();
    tally.close(open, n, n, BTreeMap::new())?;
    Ok(vocab)
}

/// Parity on the parallel text; without any, on the held-out text, which is parallel if every
/// language has the same ids.
pub(super) fn measure_parity(
    plan: &Plan,
    vocab: &Vocab,
    heldout: &[Record],
    tally: &mut Tally,
) -> Result<Parity> {
    if plan.parallel.is_empty() {
        let mut ids: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for record in heldout {
            ids.entry(record.code()).or_default().push(&record.id);
        }
        ids.values_mut().for_each(|ids| ids.sort_unstable());
        let mut sets = ids.values();
        let parallel = match sets.next() {
            Some(first) => !plan.heldout.is_empty() && sets.all(|ids| ids == first),
            None => false,
        };
        return Ok(parity(vocab, heldout, parallel));
    }
    let mut texts = read_all(plan, &plan.parallel, "read_parallel", tally)?;
    texts.par_iter_mut().for_each(|record| {
        if record.lang.is_none() {
            identify(record, plan);
        }
    });
    Ok(parity(vocab, &texts, true))
}

/// Packs every language's texts as `tokens/<part>/<lang>`.
pub(super) fn pack_all(
    vocab: &Vocab,
    texts: &[Texts],
    part: &str,
    output: &Output,
    tally: &mut Tally,
) -> Result<Vec<Supply>> {
    let stage = if part == "train" {
        "pack"
    } else {
        "pack_heldout"
    };
    let end = vocab.eos.first().copied().ok_or_else(|| {
        let what = "the tokenizer has no token that ends a text";
        Error::usage(what, "name one <|endoftext|>, or train a tokenizer here")
    })?;
    let n: usize = texts.iter().map(|(_, texts)| texts.len()).sum();
    let mut open = tally.begin(stage, Some(n), "records");
    let mut supplies = Vec::new();
    for (lang, texts) in texts {
        let shard = pack(vocab, end, texts, |n| tally.advance(&mut open, n).is_ok());
        let Some(shard) = shard else {
            return Err(Error::Interrupted {
                stage: stage.into(),
            });
        };
        shard.save(&output.path("tokens").join(part).join(&lang.code))?;
        supplies.push(Supply {
            lang: lang.code.clone(),
            n_docs: shard.n_docs(),
            n_tokens: shard.n_tokens(),
            n_bytes: texts.iter().map(|t| t.len() as u64).sum(),
        });
    }
    tally.close(open, n, n, BTreeMap::new())?;
    Ok(supplies)
}
