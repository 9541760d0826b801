//! `eu prepare mix`: what each language's share would be.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::fail::Result;
use super::out::{self, Out};
use super::stages::{StageArgs, inputs, named};
use super::table::Table;
use super::{prepare, signals};
use crate::data::{self, Plan};
use crate::event::Control;
use crate::shard::Mix;

/// Shown above the help.
pub const EXAMPLES: &str = "\
Examples:
  eu prepare mix data                      a prepared folder, as the recipe wishes it
  eu prepare mix data --temperature 3 --weights mt=2 --budget-bytes 100G
  eu prepare mix packed/*.idx --mix-unit tokens
  eu prepare mix clean/*.jsonl.zst --tokenizer tok/tokenizer.json --json > mix.json";

/// What can be typed after `mix`.
#[derive(Debug, Default, clap::Args)]
pub struct Args {
    #[command(flatten)]
    stage: StageArgs,
    /// The vocabulary: tells the tokens of records, and the bytes of token files.
    #[arg(long, value_name = "FILE")]
    tokenizer: Option<PathBuf>,
    /// What the shares of languages are counted in.
    #[arg(long, value_name = "UNIT", value_parser = ["bytes", "tokens"])]
    mix_unit: Option<String>,
    /// Shares in proportion to n^(1/T), 1 taking languages as they come; without it all alike.
    #[arg(long, value_name = "T")]
    temperature: Option<f64>,
    /// How much more (or less) than its share a language gets: de=0.5,mt=2.
    #[arg(long, value_name = "LANG=W,…", value_parser = prepare::weights)]
    weights: Option<BTreeMap<String, f64>>,
    /// Tokens of the mix over all languages; without it as many as there are.
    #[arg(long, value_name = "N")]
    budget_tokens: Option<u64>,
    /// Bytes of text of the mix over all languages, instead of tokens.
    #[arg(long, value_name = "BYTES", conflicts_with = "budget_tokens")]
    budget_bytes: Option<data::Bytes>,
    /// How often the text of one language may be repeated at most.
    #[arg(long, value_name = "N")]
    max_epochs: Option<f64>,
}

/// Counts what `args` name, and tells the mix; nothing is written.
///
/// # Errors
/// When the settings make no sense or an input is damaged.
pub fn run(args: &Args, mut plan: Plan, control: &Arc<Control>, out: &Arc<Out>) -> Result<()> {
    if let Some(key) = &args.stage.text_key {
        plan.text_key.clone_from(key);
    }
    plan.tokenizer = args.tokenizer.clone().or(plan.tokenizer);
    if let Some(unit) = &args.mix_unit {
        plan.mix_unit = named(unit)?;
    }
    plan.temperature = args.temperature.or(plan.temperature);
    if let Some(weights) = &args.weights {
        plan.weights.clone_from(weights);
    }
    if args.budget_tokens.is_some() || args.budget_bytes.is_some() {
        // One typed takes the place of the other in a recipe.
        (plan.budget_tokens, plan.budget_bytes) = (args.budget_tokens, args.budget_bytes);
    }
    plan.max_epochs = args.max_epochs.unwrap_or(plan.max_epochs);
    signals::listen(control, out)?;
    let mix = data::plan_mix(&inputs(&args.stage), &plan, control)?;
    out.result("mix/1", &mix, || text(&mix))
}

/// Every language, the one whose text is repeated most first.
fn text(mix: &Mix) -> String {
    let is_repeated = mix.rows.iter().any(|row| row.n_unique != row.n_docs);
    let mut headings = vec!["lang", ">docs", ">bytes", ">tokens", ">share", ">epochs"];
    if is_repeated {
        headings.push(">of records");
    }
    let mut table = Table::new(&headings);
    let mut rows: Vec<_> = mix.rows.iter().collect();
    rows.sort_by(|a, b| b.epochs.total_cmp(&a.epochs));
    let known = |n: u64| match n {
        0 => "-".to_string(),
        n => out::count(n),
    };
    for row in rows {
        let mut cells = vec![
            row.lang.clone(),
            out::count(row.n_docs),
            known(row.n_bytes),
            known(row.n_tokens),
            format!("{:.1} %", row.weight * 100.0),
            format!("{:.2}", row.epochs),
        ];
        if is_repeated {
            cells.push(out::count(row.n_unique));
        }
        table.row(cells);
    }
    let seen = |n: fn(&crate::shard::MixRow) -> u64| {
        let all = mix.rows.iter().map(|row| n(row) as f64 * row.epochs);
        all.sum::<f64>().round() as u64
    };
    let told = [
        ("tokens", seen(|row| row.n_tokens)),
        ("bytes", seen(|row| row.n_bytes)),
    ];
    let told = told.iter().filter(|(_, n)| *n > 0);
    let told: Vec<String> = (told.map(|(what, n)| format!("{} {what}", out::count(*n)))).collect();
    format!("{}a mix of {}\n", table.text(), told.join(", "))
}
