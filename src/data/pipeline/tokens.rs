//! From texts to tokens: the vocabulary, what it costs each language, the shards.

use std::path::Path;

use rayon::prelude::*;
use tokenizers::Tokenizer;

use super::gather::{Gathered, Supplied};
use super::heldout::read_sound;
use super::plan::{Layout, Model, Plan};
use super::progress::Progress;
use super::steps::identify;
use super::work::Work;
use crate::data::corpus::parallel;
use crate::data::error::{Error, Result};
use crate::data::mix::Supply;
use crate::data::record::Record;
pub(super) use crate::data::tokenize::text_of;
use crate::data::tokenize::{
    Balance, Packed, Parity, Repeats, Rounds, Texts, TrainPlan, id_of, pack_file, parity,
    train_bpe, train_unigram,
};
use crate::disk;
use crate::event::{Control, Event};
use crate::lang::Lang;
use crate::shard::{Origin, Shard};
use crate::vocab::Vocab;

/// Text a vocabulary is trained on, of all languages together, in bytes.
const SAMPLE_BYTES: u64 = 256 << 20;
/// Held-out text of each language that its cost is measured on where none is parallel.
const COST_BYTES: u64 = 1 << 20;

/// Loads the vocabulary, or trains one on the first texts of each language: they are shuffled.
pub(super) fn vocabulary(
    plan: &Plan,
    gathered: &Gathered,
    work: &Work,
    progress: &Progress,
) -> Result<Vocab> {
    let target = work.out().join("tokenizer.json");
    if work.done::<usize>("tokenizer").is_some() {
        return Ok(Vocab::open(&target)?);
    }
    let vocab = match &plan.tokenizer {
        Some(path) => {
            let json = disk::read(path)?;
            disk::replace_bytes(&target, &json)?;
            Vocab::from_json(&json, path)?
        }
        None => trained(plan, gathered, work, progress, &target)?,
    };
    work.finish("tokenizer", &vocab.len())?;
    Ok(vocab)
}

fn trained(
    plan: &Plan,
    gathered: &Gathered,
    work: &Work,
    progress: &Progress,
    target: &Path,
) -> Result<Vocab> {
    let open = progress.begin("train_tokenizer", Some(plan.vocab_size as u64), "tokens");
    let each = SAMPLE_BYTES / gathered.unique.len().max(1) as u64;
    let read = gathered.unique.par_iter();
    let texts: Vec<Vec<String>> = read
        .map(|own| first_texts(&file(work, "unique", own), each))
        .collect::<Result<_>>()?;
    progress.stop_point(open.name)?;
    let langs: Vec<Option<&Lang>> = gathered
        .unique
        .iter()
        .map(|own| Lang::find(&own.lang))
        .collect();
    let tokenizer = learn(plan, &langs, &texts, progress.control)?;
    let json = tokenizer
        .to_string(true)
        .map_err(|e| Error::Failed(format!("tokenizer: cannot be written: {e}")))?;
    disk::replace_bytes(target, json.as_bytes())?;
    let vocab = Vocab::from_json(json.as_bytes(), target)?;
    if vocab.len() < plan.vocab_size {
        progress.sink.emit(Event::Note {
            warning: true,
            text: format!(
                "the text gives a vocabulary of {} tokens, not {}",
                vocab.len(),
                plan.vocab_size
            ),
        });
    }
    progress.end(open, texts.iter().map(|own| own.len() as u64).sum())?;
    Ok(vocab)
}

/// Trains a vocabulary as the plan says; what languages pay is judged by the embedded corpus.
pub(super) fn learn(
    plan: &Plan,
    langs: &[Option<&Lang>],
    texts: &[Vec<String>],
    control: &Control,
) -> Result<Tokenizer> {
    let texts: Vec<Texts> = langs
        .iter()
        .zip(texts)
        .map(|(lang, texts)| Texts {
            texts: texts.iter().map(String::as_str).collect(),
            parallel: lang.map_or(Vec::new(), |lang| parallel(lang).collect()),
        })
        .collect();
    let how = TrainPlan {
        vocab_size: plan.vocab_size,
        max_epochs: plan.max_epochs,
        balance: Balance {
            pressure: plan.pressure,
            ..Balance::default()
        },
        ..TrainPlan::default()
    };
    let go_on = || !control.stop_requested();
    let trained = match plan.model {
        Model::Bpe => train_bpe(&texts, &how, go_on),
        Model::Unigram => train_unigram(&texts, &how, go_on),
    };
    match control.stop_requested() {
        true => Err(Error::Interrupted {
            stage: "train_tokenizer".into(),
        }),
        false => trained,
    }
}

fn file(work: &Work, part: &str, supplied: &Supplied) -> std::path::PathBuf {
    let name = format!("{}.jsonl.zst", supplied.lang);
    work.out().join(part).join(name)
}

/// The first texts of a file of our own, up to `most` bytes of them.
fn first_texts(path: &Path, most: u64) -> Result<Vec<String>> {
    let (mut texts, mut n_bytes) = (Vec::new(), 0);
    let mut source = disk::Source::open(path)?;
    let mut line = Vec::new();
    while n_bytes < most && source.read_line(&mut line)? {
        let text = text_of(&line)?;
        n_bytes += text.len() as u64;
        texts.push(text);
    }
    Ok(texts)
}

/// Parity on the parallel text; without any, on the held-out text, which is parallel if every
/// language has the same ids.
pub(super) fn measure_parity(
    plan: &Plan,
    vocab: &Vocab,
    heldout: &[Record],
    gathered: &Gathered,
    work: &Work,
) -> Result<Parity> {
    if !plan.parallel.is_empty() {
        let texts = parallel_texts(plan)?;
        return parity(vocab, &texts, true);
    }
    if !plan.heldout.is_empty() {
        return parity(vocab, heldout, is_parallel(heldout));
    }
    let mut sample = Vec::new();
    for own in &gathered.heldout {
        let lang = Lang::find(&own.lang);
        for text in first_texts(&file(work, "heldout", own), COST_BYTES)? {
            sample.push(Record {
                lang,
                ..Record::new("", text)
            });
        }
    }
    parity(vocab, &sample, false)
}

/// How many tokens a `tokenizer.json` has, and what it costs each language of the plan's parallel
/// text, if there is some.
///
/// # Errors
/// When it is no vocabulary, or the text cannot be read.
pub fn vocabulary_cost(json: &[u8], plan: &Plan) -> Result<(usize, Option<Parity>)> {
    let vocab = Vocab::from_json(json, Path::new("tokenizer.json"))?;
    if plan.parallel.is_empty() {
        return Ok((vocab.len(), None));
    }
    let texts = parallel_texts(plan)?;
    Ok((vocab.len(), Some(parity(&vocab, &texts, true)?)))
}

/// The plan's parallel text; what has no label is identified.
fn parallel_texts(plan: &Plan) -> Result<Vec<Record>> {
    let mut texts = read_sound(&plan.parallel, plan)?;
    texts.par_iter_mut().for_each(|record| {
        if record.lang.is_none() {
            identify(record, plan);
        }
    });
    Ok(texts)
}

/// True if every language has records of the same ids.
pub(super) fn is_parallel(heldout: &[Record]) -> bool {
    let mut ids: std::collections::BTreeMap<&str, Vec<&str>> = Default::default();
    for record in heldout {
        ids.entry(record.code()).or_default().push(&record.id);
    }
    ids.values_mut().for_each(|ids| ids.sort_unstable());
    let mut sets = ids.values();
    let first = sets.next();
    first.is_some_and(|first| sets.all(|ids| ids == first))
}

/// Writes the tokens of a language in the layouts beside Megatron's that the plan asks for.
fn other_layouts(plan: &Plan, stem: &Path, records: &Path, repeats: &Repeats) -> Result<()> {
    for layout in &plan.layouts {
        match layout {
            Layout::Megatron => {}
            Layout::Datatrove => Shard::open(stem)?.save_datatrove(stem, "tokenizer.json")?,
            Layout::Olmo => {
                let mut rounds = Rounds::open(records, repeats)?;
                let (mut line, mut failed) = (Vec::new(), None);
                let name = records.file_name().unwrap_or_default().to_string_lossy();
                let mut packed = || loop {
                    match rounds.next(&mut line)? {
                        Some((_, said)) if said.n == 0 => {}
                        Some((place, _)) => return Ok((id_of(&line)?, place)),
                        None => return Err(Error::Failed("more documents than records".into())),
                    }
                };
                let origin = |_: usize| {
                    let (id, place) = packed().unwrap_or_else(|error| {
                        failed.get_or_insert(error);
                        (String::new(), 0)
                    });
                    let source = name.clone().into_owned();
                    Origin { id, source, place }
                };
                Shard::open(stem)?.save_olmo(stem, origin)?;
                if let Some(error) = failed {
                    return Err(error);
                }
            }
        }
    }
    Ok(())
}

/// The token that ends a text.
///
/// # Errors
/// When the vocabulary has none.
pub(super) fn end_of_text(vocab: &Vocab) -> Result<u32> {
    vocab.eos.first().copied().ok_or_else(|| {
        let what = "the tokenizer has no token that ends a text";
        Error::usage(what, "name one <|endoftext|>, or train a tokenizer here")
    })
}

/// Packs every language's texts of `part` as `tokens/<split>/<lang>`; those to train on as often as
/// the plan says.
pub(super) fn pack_all(
    plan: &Plan,
    vocab: &Vocab,
    (part, split): (&str, &str),
    supplied: &[Supplied],
    work: &Work,
    progress: &Progress,
) -> Result<Vec<(Supply, Packed)>> {
    let repeats = match split {
        "train" => plan.repeats(),
        _ => Repeats::default(),
    };
    let stage = match split {
        "train" => "pack",
        _ => "pack_heldout",
    };
    let end = end_of_text(vocab)?;
    let n: u64 = supplied.iter().map(|own| own.n_docs).sum();
    let mut open = progress.begin(stage, Some(n), "records");
    let mut supplies = Vec::new();
    for own in supplied {
        let piece = format!("tokens-{split}-{}", own.lang);
        let packed = match work.done::<Packed>(&piece) {
            Some(packed) => {
                progress.advance(&mut open, own.n_docs)?;
                packed
            }
            None => {
                let stem = work.out().join("tokens").join(split).join(&own.lang);
                let mut each = |n| progress.advance(&mut open, n);
                let records = file(work, part, own);
                let packed = pack_file(vocab, end, &records, &stem, &repeats, &mut each)?;
                other_layouts(plan, &stem, &records, &repeats)?;
                work.finish(&piece, &packed)?;
                packed
            }
        };
        let supply = Supply {
            lang: own.lang.clone(),
            n_docs: packed.n_docs,
            n_unique: packed.n_records,
            n_tokens: packed.n_tokens,
            n_bytes: packed.n_bytes,
        };
        supplies.push((supply, packed));
    }
    progress.end(open, n)?;
    Ok(supplies)
}
