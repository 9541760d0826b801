//! The mix alone: how much of each language there is, counted wherever it lies, and what its share
//! would be.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::batches::{Batches, interrupted};
use super::output::line;
use super::plan::Plan;
use super::steps::identify;
use crate::data::error::{Error, Result};
use crate::data::mix::{Supply, Unit, mix};
use crate::data::read::{self, Item};
use crate::data::record::Record;
use crate::disk;
use crate::event::Control;
use crate::lang::Lang;
use crate::shard::{Mix, Shard};
use crate::vocab::Vocab;

/// Tokens of a shard looked at together.
const SPAN_TOKENS: u64 = 1 << 20;

/// The mix of what `inputs` hold, as the plan wishes it: prepared folders (by their `mix.json`),
/// token files of Megatron's layout (named by their language), records.
///
/// Without a vocabulary the tokens of records are not known, nor the bytes of token files; rows
/// have 0 there, and a mix of records alone is one of bytes.
///
/// # Errors
/// When the settings make no sense, an input is damaged, or what the shares are counted in is not
/// known; [`Error::Interrupted`] when a stop was asked for.
pub fn plan_mix(inputs: &[PathBuf], plan: &Plan, control: &Control) -> Result<Mix> {
    let plan = Plan {
        inputs: inputs.to_vec(),
        ..plan.clone()
    };
    plan.check()?;
    let vocab = plan.tokenizer.as_deref().map(Vocab::open).transpose()?;
    let pool = plan.pool()?;
    let mut shards = BTreeSet::new();
    let mut counted = Counted::default();
    let mut records = Vec::new();
    for path in inputs {
        if path.join(Mix::NAME).is_file() {
            let rows = Mix::open(path)?.rows.into_iter();
            rows.for_each(|row| {
                let n_unique = match row.n_unique {
                    0 => row.n_docs, // of a time when nothing was repeated
                    n => n,
                };
                let counts = [row.n_docs, n_unique, row.n_tokens, row.n_bytes];
                counted.add(&row.lang, counts);
            });
            continue;
        }
        match stems(path)? {
            stems if stems.is_empty() && path.join("unique").is_dir() => {
                records.push(path.join("unique")); // prepared, and without tokens
            }
            stems if stems.is_empty() => records.push(path.clone()),
            stems => shards.extend(stems),
        }
    }
    for stem in shards {
        pool.install(|| counted.shard(&stem, vocab.as_ref(), control))?;
    }
    if !records.is_empty() {
        pool.install(|| counted.records(&records, &plan, vocab.as_ref(), control))?;
    }
    let supplies = counted.supplies();
    if supplies.is_empty() {
        return Err(Error::Empty {
            path: inputs.first().cloned().unwrap_or_default(),
            what: "no text to mix".into(),
        });
    }
    refuse_unknown(&supplies, &plan)?;
    Ok(mix(&supplies, &plan.wish()))
}

/// What is shared out, and what the budget is counted in, must be known of every language.
fn refuse_unknown(supplies: &[Supply], plan: &Plan) -> Result<()> {
    let lacks = |n: fn(&Supply) -> u64| supplies.iter().find(|s| s.n_docs > 0 && n(s) == 0);
    let any_tokens = supplies.iter().any(|s| s.n_tokens > 0);
    let needs_tokens = plan.mix_unit == Unit::Tokens || plan.budget_tokens.is_some() || any_tokens;
    let needs_bytes = plan.mix_unit == Unit::Bytes || plan.budget_bytes.is_some();
    let unknown = |supply: &Supply, what: &str, hint: &str| {
        let lang = &supply.lang;
        Err(Error::usage(
            format!("{lang}: how many {what} there are is not known"),
            hint,
        ))
    };
    if let Some(supply) = lacks(|s| s.n_bytes).filter(|_| needs_bytes) {
        let hint = "name the tokenizer.json with --tokenizer, or share tokens: --mix-unit tokens";
        return unknown(supply, "bytes", hint);
    }
    if let Some(supply) = lacks(|s| s.n_tokens).filter(|_| needs_tokens) {
        return unknown(supply, "tokens", "name a tokenizer.json with --tokenizer");
    }
    Ok(())
}

/// Token files that `path` names, or holds, without their endings; those to train on where a
/// folder has such.
fn stems(path: &Path) -> Result<Vec<PathBuf>> {
    let is_token_file = |path: &Path| path.extension().is_some_and(|e| e == "idx" || e == "bin");
    if path == Path::new("-") || (!path.is_dir() && !is_token_file(path)) {
        return Ok(Vec::new());
    }
    let train = ["tokens/train", "train"].map(|part| path.join(part));
    let train = train.iter().find(|folder| folder.is_dir());
    let files = disk::walk(train.map_or(path, |folder| folder))?;
    // In a folder a `.bin` without an index beside it is something else.
    let is_wanted = |file: &&PathBuf| *file == path || file.extension().is_some_and(|e| e == "idx");
    let stems = files.iter().filter(is_wanted);
    Ok(stems.map(|file| file.with_extension("")).collect())
}

/// Documents, the same each once, tokens and bytes by the name of their language.
#[derive(Default)]
struct Counted {
    by_lang: BTreeMap<String, [u64; 4]>,
}

impl Counted {
    fn add(&mut self, lang: &str, counts: [u64; 4]) {
        let own = self.by_lang.entry(lang.into()).or_default();
        own.iter_mut().zip(counts).for_each(|(sum, n)| *sum += n);
    }

    /// Counts a pair of token files; with a vocabulary also the bytes they stand for.
    fn shard(&mut self, stem: &Path, vocab: Option<&Vocab>, control: &Control) -> Result<()> {
        let shard = Shard::open(stem)?;
        let name = stem.file_name().unwrap_or_default().to_string_lossy();
        let lang = Lang::find(&name).map_or(name.as_ref(), |lang| lang.code.as_str());
        let n_bytes = match vocab {
            None => 0,
            Some(vocab) => bytes_of(&shard, vocab, stem, control)?,
        };
        let n_docs = shard.n_docs() as u64;
        self.add(lang, [n_docs, n_docs, shard.n_tokens(), n_bytes]);
        Ok(())
    }

    /// Counts the records of `paths` under their labels; those without one are identified.
    fn records(
        &mut self,
        paths: &[PathBuf],
        plan: &Plan,
        vocab: Option<&Vocab>,
        control: &Control,
    ) -> Result<()> {
        let options = read::Options {
            text_key: plan.text_key.clone(),
            ..read::Options::default()
        };
        let repeats = plan.repeats();
        let mut batches = Batches::open(paths, &options, control)?;
        while let Some(batch) = batches.next()? {
            // A page has no text of its own before `extract`.
            let mut batch: Vec<Record> = batch.into_iter().filter_map(Item::record).collect();
            let count = |record: &mut Record| -> Result<[u64; 4]> {
                if record.lang.is_none() {
                    identify(record, plan);
                }
                let n_tokens = match vocab {
                    Some(vocab) => vocab.encode(&record.text)?.len() as u64 + 1,
                    None => 0,
                };
                let n = match repeats.is_once() {
                    true => 1,
                    false => u64::from(repeats.of(line(record, None).trim_end().as_bytes())?.n),
                };
                Ok([n, 1, n * n_tokens, n * record.text.len() as u64])
            };
            let counts: Vec<Result<[u64; 4]>> = batch.par_iter_mut().map(count).collect();
            for (record, counts) in batch.iter().zip(counts) {
                self.add(record.code(), counts?);
            }
        }
        Ok(())
    }

    /// In the order of the table of languages, then by name.
    fn supplies(self) -> Vec<Supply> {
        let place = |name: &str| Lang::find(name).map_or(usize::MAX, Lang::index);
        let mut rows: Vec<_> = self.by_lang.into_iter().collect();
        rows.sort_by_key(|(lang, _)| place(lang)); // stable: the others stay in order of names
        let supply = |(lang, [n_docs, n_unique, n_tokens, n_bytes]): (String, [u64; 4])| Supply {
            lang,
            n_docs,
            n_unique,
            n_tokens,
            n_bytes,
        };
        rows.into_iter().map(supply).collect()
    }
}

/// Bytes of text that the tokens of a shard stand for.
fn bytes_of(shard: &Shard, vocab: &Vocab, stem: &Path, control: &Control) -> Result<u64> {
    let lens: Vec<u64> = (0..vocab.len())
        .map(|id| match vocab.is_special(id as u32) {
            true => 0,
            false => vocab.bytes(id as u32).len() as u64,
        })
        .collect();
    let n_spans = shard.n_tokens().div_ceil(SPAN_TOKENS);
    let of_span = |span: u64| {
        if control.stop_requested() {
            return Err(interrupted());
        }
        let (mut tokens, first) = (Vec::new(), span * SPAN_TOKENS);
        shard.read(
            first..(first + SPAN_TOKENS).min(shard.n_tokens()),
            &mut tokens,
        );
        let known = tokens.iter().map(|id| lens.get(*id as usize).copied());
        known.sum::<Option<u64>>().ok_or_else(|| {
            Error::usage(
                format!("{}: tokens beyond those of the vocabulary", stem.display()),
                "name the tokenizer.json these files were made with",
            )
        })
    };
    (0..n_spans).into_par_iter().map(of_span).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::corpus::parallel;
    use crate::data::tokenize::{MIN_VOCAB, train};

    fn wish() -> Plan {
        Plan {
            threads: 1,
            max_epochs: 2.0,
            ..Plan::default()
        }
    }

    #[test]
    fn records_token_files_and_a_folder_are_mixed_alike() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let mut lines = String::new();
        for (code, n) in [("deu_Latn", 30), ("mlt_Latn", 3)] {
            for i in 0..n {
                let line = serde_json::json!({"id": format!("{code}{i}"), "lang": code,
                    "text": format!("Text ħ {i}")});
                lines.push_str(&format!("{line}\n"));
            }
        }
        disk::replace_bytes(&path("r.jsonl"), lines.as_bytes()).unwrap();
        let control = Control::default();
        let mixed = |inputs: &[PathBuf], plan: &Plan| plan_mix(inputs, plan, &control);

        // Of records alone the bytes are known: the small language is seen as often as it may be.
        let of_bytes = mixed(&[path("r.jsonl")], &wish()).unwrap();
        assert_eq!(
            (of_bytes.rows[0].lang.as_str(), of_bytes.rows[1].epochs),
            ("deu_Latn", 2.0)
        );
        let shares: f64 = of_bytes.rows.iter().map(|row| row.weight).sum();
        assert!((shares - 1.0).abs() < 1e-9 && of_bytes.budget_tokens == 0);
        let tokens = Plan {
            mix_unit: Unit::Tokens,
            ..wish()
        };
        assert!(mixed(&[path("r.jsonl")], &tokens).is_err());

        let vocab = train(&[], MIN_VOCAB, 1.0).unwrap();
        let json = vocab.to_string(true).unwrap();
        disk::replace_bytes(&path("tokenizer.json"), json.as_bytes()).unwrap();
        let known = Plan {
            tokenizer: Some(path("tokenizer.json")),
            ..wish()
        };
        let of_records = mixed(&[path("r.jsonl")], &known).unwrap();
        // A token a byte, and the end of each text.
        let n_tokens = of_records.rows[1].n_bytes + 3;
        assert_eq!(of_records.rows[1].n_tokens, n_tokens);

        let packed = Plan {
            inputs: vec![path("r.jsonl")],
            output: path("data"),
            steps: vec![super::super::Step::Tokenizer, super::super::Step::Pack],
            heldout_share: 0.0,
            ..known.clone()
        };
        super::super::run(&packed, &control, &crate::event::Silent).unwrap();
        let of_folder = mixed(&[path("data")], &wish()).unwrap();
        let of_files = mixed(&[path("data/tokens")], &known).unwrap();
        assert_eq!(of_folder, of_records);
        assert_eq!(of_files, of_records);
        let one = mixed(&[path("data/tokens/train/mlt_Latn.idx")], &tokens).unwrap();
        assert_eq!((one.rows.len(), one.rows[0].n_tokens), (1, n_tokens));
        assert!(mixed(&[path("data/tokens")], &wish()).is_err());
        let twice = [path("data/tokens/train/mlt_Latn.idx"), path("data/tokens")];
        assert_eq!(mixed(&twice, &known).unwrap(), of_records);

        // What is scored on is not counted, whatever of the folder is named.
        let packed = Plan {
            output: path("parted"),
            heldout_share: 0.5,
            ..packed
        };
        super::super::run(&packed, &control, &crate::event::Silent).unwrap();
        let of_folder = mixed(&[path("parted")], &wish()).unwrap();
        assert!(of_folder.rows[0].n_docs < 30);
        assert_eq!(mixed(&[path("parted/tokens")], &known).unwrap(), of_folder);
        let packed = Plan {
            output: path("untold"),
            steps: vec![super::super::Step::Dedup],
            ..packed
        };
        super::super::run(&packed, &control, &crate::event::Silent).unwrap();
        let kept = |of: Mix| of.rows.iter().map(|row| row.n_docs).sum::<u64>();
        let whole = kept(mixed(&[path("untold/unique")], &wish()).unwrap());
        assert_eq!(kept(mixed(&[path("untold")], &wish()).unwrap()), whole);
    }

    #[test]
    fn what_has_no_label_is_identified() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.jsonl");
        let finnish = Lang::find("fi").unwrap();
        let text: Vec<&str> = parallel(finnish).collect();
        let line = serde_json::json!({"text": text.join("\n")});
        disk::replace_bytes(&path, format!("{line}\n").as_bytes()).unwrap();
        let mix = plan_mix(&[path], &wish(), &Control::default()).unwrap();
        assert_eq!(mix.rows[0].lang, finnish.code);
    }
}
