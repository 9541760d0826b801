//! `eu prepare tokenizer`: a vocabulary, and what it costs each language.

use std::sync::Arc;

use serde::Serialize;
use serde::de::IgnoredAny;

use super::fail::{Failure, Result};
use super::out::{self, Out};
use super::stages::{TokenizerArgs, inputs, named};
use super::table::Table;
use crate::data::tokenize::{Parity, compare};
use crate::data::{self, Plan, Stage};
use crate::disk;
use crate::event::Control;
use crate::lang::Lang;

/// What was made, and what it costs.
#[derive(Debug, Serialize)]
struct Made {
    tokenizer: std::path::PathBuf,
    n_vocab: usize,
    /// What each language pays over English, where parallel text was given.
    parity: Option<Parity>,
    /// The same of plain BPE of the same size on the same sample.
    plain: Option<Parity>,
}

/// Trains a vocabulary, writes its `tokenizer.json`, and tells what languages pay.
///
/// # Errors
/// When the input cannot be read, gives no vocabulary, or the folder is not writable.
pub fn run(args: &TokenizerArgs, plan: Plan, control: &Arc<Control>, out: &Arc<Out>) -> Result<()> {
    let plan = laid_over(args, plan)?;
    let target = args.output.join("tokenizer.json");
    let trained = trained(args, &plan, control)?;
    let (own, plain) = parted(&trained);
    disk::replace_bytes(&target, own.as_bytes())?;
    let (n_vocab, parity) = data::vocabulary_cost(own.as_bytes(), &plan)?;
    let plain = match plain {
        Some(plain) => data::vocabulary_cost(plain.as_bytes(), &plan)?.1,
        None => None,
    };
    let made = Made {
        tokenizer: target,
        n_vocab,
        parity,
        plain,
    };
    out.result("tokenizer/1", &made, || made.text())
}

/// The plan with what was typed laid over it; what was not typed stays as files, environment or
/// defaults have it.
fn laid_over(args: &TokenizerArgs, mut plan: Plan) -> Result<Plan> {
    if let Some(key) = &args.stage.text_key {
        plan.text_key.clone_from(key);
    }
    plan.vocab_size = args.vocab_size.unwrap_or(plan.vocab_size);
    if let Some(model) = &args.model {
        plan.model = named(model)?;
    }
    if !args.parallel.is_empty() {
        plan.parallel.clone_from(&args.parallel);
    }
    match args.compare && plan.parallel.is_empty() {
        true => Err(Failure::usage("nothing to compare vocabularies on")
            .hint("name texts that say the same in several languages with --parallel")
            .into()),
        false => Ok(plan),
    }
}

/// The `tokenizer.json` of a vocabulary trained on what `args` name; with `--compare` that of
/// plain BPE behind it.
fn trained(args: &TokenizerArgs, plan: &Plan, control: &Control) -> Result<String> {
    let mut json = String::new();
    let (plain, compare) = (args.plain, args.compare);
    let stage = Stage::Tokenizer { plain, compare };
    data::run_stage(stage, &inputs(&args.stage), plan, control, &mut |text| {
        json.push_str(text);
    })?;
    match json.is_empty() {
        true => Err(Failure::usage("no text to train on").into()),
        false => Ok(json),
    }
}

/// The first JSON value of a text, and what follows it, if something does.
fn parted(json: &str) -> (&str, Option<&str>) {
    let mut values = serde_json::Deserializer::from_str(json).into_iter::<IgnoredAny>();
    values.next();
    let (first, rest) = json
        .split_at_checked(values.byte_offset())
        .unwrap_or((json, ""));
    let rest = rest.trim_start();
    (first, (!rest.is_empty()).then_some(rest))
}

impl Made {
    fn text(&self) -> String {
        let mut text = String::new();
        if let Some(parity) = &self.parity {
            text.push_str(&table(parity, self.plain.as_ref()));
        }
        let path = self.tokenizer.display();
        text.push_str(&format!(
            "{} tokens in {path}\n",
            out::count(self.n_vocab as u64)
        ));
        text
    }
}

/// Every language, the one that pays most first, then sets of them.
fn table(parity: &Parity, plain: Option<&Parity>) -> String {
    let mut headings = vec!["lang", ">premium", ">tokens", ">bytes a token"];
    if plain.is_some() {
        headings.extend([">plain BPE", ">tokens over plain"]);
    }
    let mut table = Table::new(&headings);
    let known = |x: Option<f64>| x.map_or("-".into(), |x| format!("{x:.3}"));
    let beside = plain.map(|plain| compare(parity, plain));
    for row in &parity.rows {
        let mut cells = vec![
            row.lang.clone(),
            known(row.ratio),
            out::count(row.n_tokens),
            format!("{:.2}", row.bytes_per_token),
        ];
        if let Some(beside) = &beside {
            let other = beside.rows.iter().find(|(lang, ..)| *lang == row.lang);
            cells.push(other.map_or("-".into(), |(_, _, ratio, _)| known(*ratio)));
            let over = other.map(|(.., times)| (1.0 / times - 1.0) * 100.0);
            cells.push(over.map_or("-".into(), |x| format!("{x:+.1} %")));
        }
        table.row(cells);
    }
    let mut text = table.text();
    for set in ["eu24", "europe"] {
        let Ok(langs) = Lang::select(&[set]) else {
            continue;
        };
        for (name, parity) in [("", Some(parity)), ("plain BPE ", plain)] {
            let premium = parity.and_then(|parity| parity.premium(&langs));
            if let Some(premium) = premium {
                text.push_str(&format!(
                    "{name}{set}: mean premium {:.3}, worst {:.3} ({}), {} tokens\n",
                    premium.mean,
                    premium.worst,
                    premium.worst_lang,
                    out::count(premium.n_tokens)
                ));
            }
        }
    }
    if let Some(beside) = &beside {
        let over = (1.0 / beside.tokens - 1.0) * 100.0;
        text.push_str(&format!(
            "tokens of all languages over plain BPE: {over:+.2} %\n"
        ));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Model;

    #[test]
    fn what_was_not_typed_stays_as_it_was_set() {
        let set = Plan {
            vocab_size: 5000,
            model: Model::Unigram,
            parallel: vec!["texts.jsonl".into()],
            ..Plan::default()
        };
        let mut args = TokenizerArgs {
            compare: true,
            ..TokenizerArgs::default()
        };
        assert_eq!(laid_over(&args, set.clone()).unwrap(), set);
        assert!(laid_over(&args, Plan::default()).is_err());
        args.vocab_size = Some(300);
        args.model = Some("bpe".into());
        args.parallel = vec!["other.jsonl".into()];
        let plan = laid_over(&args, set).unwrap();
        assert_eq!((plan.vocab_size, plan.model), (300, Model::Bpe));
        assert_eq!(plan.parallel, args.parallel);
    }

    #[test]
    fn two_vocabularies_are_told_apart() {
        assert_eq!(parted("{\"a\": \"}\"}"), ("{\"a\": \"}\"}", None));
        assert_eq!(parted("{\n}\n{\"b\": 1}"), ("{\n}", Some("{\"b\": 1}")));
    }
}
