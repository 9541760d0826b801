//! `cargo bench --bench encode -- tokenizer.json TEXTS.jsonl [ROUNDS]`: the ids of every `text`
//! beside those of the crate `tokenizers`, and megabytes of text a second of processor time, by
//! turns, one thread each. The texts are in memory and both vocabularies loaded, so that nothing
//! is timed but the calls.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a table for whoever runs it"
)]

use std::io::{BufRead, BufReader};
use std::process::ExitCode;
use std::time::Duration;

use europium::hardware::cpu_time;
use europium::vocab::Vocab;
use tokenizers::Tokenizer;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> ExitCode {
    // cargo itself adds --bench
    let args: Vec<String> = std::env::args()
        .skip(1)
        .filter(|arg| arg != "--bench")
        .collect();
    let [tokenizer, texts, rounds @ ..] = &args[..] else {
        eprintln!("usage: cargo bench --bench encode -- tokenizer.json TEXTS.jsonl [ROUNDS]");
        return ExitCode::from(if args.is_empty() { 0 } else { 2 });
    };
    let n_rounds = rounds.first().map_or(Ok(5), |n| n.parse());
    let ended = match n_rounds {
        Ok(n_rounds) => compare(tokenizer, texts, n_rounds),
        Err(error) => Err(error.into()),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn compare(tokenizer: &str, texts: &str, n_rounds: usize) -> Result<()> {
    let texts = read(texts)?;
    let n_bytes: usize = texts.iter().map(String::len).sum();
    let vocab = Vocab::open(tokenizer.as_ref())?;
    let peer = Tokenizer::from_file(tokenizer).map_err(|e| e.to_string())?;
    let mut n_unequal = 0;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for round in 0..n_rounds.max(1) {
        let began = cpu_time();
        let found: Vec<Vec<u32>> = texts
            .iter()
            .map(|text| vocab.encode(text))
            .collect::<std::result::Result<_, _>>()?;
        ours.push(cpu_time() - began);
        let began = cpu_time();
        let expected: Vec<Vec<u32>> = texts
            .iter()
            .map(|text| Ok(peer.encode_fast(text.as_str(), false)?.get_ids().to_vec()))
            .collect::<tokenizers::Result<_>>()
            .map_err(|e| e.to_string())?;
        theirs.push(cpu_time() - began);
        if round == 0 {
            n_unequal = found.iter().zip(&expected).filter(|(a, b)| a != b).count();
        }
    }
    let first = speed(n_bytes, ours[0]);
    let (ours, theirs) = (median(n_bytes, ours), median(n_bytes, theirs));
    println!(
        "{} texts, {:.1} MB, vocabulary of {}; {n_unequal} have other ids",
        texts.len(),
        n_bytes as f64 / 1e6,
        vocab.len(),
    );
    println!("eu          {ours:8.2} MB/CPU-s (first round {first:.2})");
    println!("tokenizers  {theirs:8.2} MB/CPU-s");
    println!("ratio       {:8.1}", ours / theirs);
    match n_unequal {
        0 => Ok(()),
        _ => Err("ids differ".into()),
    }
}

/// The field `text` of every line.
fn read(path: &str) -> Result<Vec<String>> {
    let lines = BufReader::new(std::fs::File::open(path)?).lines();
    lines
        .map(|line| {
            let record: serde_json::Value = serde_json::from_str(&line?)?;
            Ok(record["text"].as_str().ok_or("a line without text")?.into())
        })
        .collect()
}

fn speed(n_bytes: usize, spent: Duration) -> f64 {
    n_bytes as f64 / 1e6 / spent.as_secs_f64().max(1e-9)
}

fn median(n_bytes: usize, mut spent: Vec<Duration>) -> f64 {
    spent.sort();
    speed(n_bytes, spent[spent.len() / 2])
}
