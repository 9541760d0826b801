//! How fast a model reads and writes on this machine.

use std::time::{Duration, Instant};

use serde::Serialize;

use crate::engine::Result;
use crate::engine::infer::{Ask, Decoder, TextId, Wants, Weights};
use crate::engine::ops::Executor;
use crate::hardware;

/// What is measured.
#[derive(Debug, Clone, Copy)]
pub struct Trial {
    /// Tokens of the prompt.
    pub prefill: usize,
    /// Tokens written after it, one by one.
    pub decode: usize,
    /// Texts side by side.
    pub batch: usize,
    /// Times that all is done; the best counts.
    pub repeat: usize,
}

/// Figures of a model, each of the best of all repeats. Schema `chat-bench/1`.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Speed {
    /// Tokens of the prompts read in a second.
    pub prefill_tokens_per_s: f64,
    /// Tokens written in a second, of all texts together.
    pub decode_tokens_per_s: f64,
    /// The first, for each second of all processors together.
    pub prefill_tokens_per_cpu_s: f64,
    /// The second, for each second of all processors together.
    pub decode_tokens_per_cpu_s: f64,
    /// The two of the middle of all repeats.
    pub prefill_tokens_per_s_median: f64,
    /// The two of the middle of all repeats.
    pub decode_tokens_per_s_median: f64,
    /// Tokens read and written in a second, with several texts side by side.
    pub total_tokens_per_s: f64,
}

/// Reads and writes tokens that mean nothing. The first go, which maps the file and grows memory,
/// does not count.
///
/// # Errors
/// When the context is too small for so many tokens.
pub fn bench(weights: &Weights, executor: &Executor, trial: Trial) -> Result<Speed> {
    let context = (trial.prefill + trial.decode).max(1);
    let context = context.min(weights.shape.context);
    let mut decoder = Decoder::new(weights, executor, context)?;
    let n_vocab = weights.shape.n_vocab as u64;
    let tokens = |n: usize, seed: u64| -> Vec<u32> {
        let mixed = |i: u64| (i + seed).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 33;
        (0..n as u64).map(|i| (mixed(i) % n_vocab) as u32).collect()
    };
    let texts: Vec<TextId> = (0..trial.batch).map(|_| decoder.begin()).collect();
    let prompts: Vec<Vec<u32>> = (0..trial.batch)
        .map(|i| tokens(trial.prefill, i as u64))
        .collect();
    let (mut reads, mut writes, mut totals) = (Vec::new(), Vec::new(), Vec::new());
    for turn in 0..=trial.repeat {
        texts.iter().for_each(|text| decoder.truncate(*text, 0));
        let clock = Clock::start();
        if trial.prefill > 0 {
            let asks = texts.iter().zip(&prompts).map(|(text, tokens)| Ask {
                text: *text,
                tokens,
                wants: Wants::Last,
            });
            decoder.read(&asks.collect::<Vec<_>>(), &mut |_, _, _| ())?;
        }
        let read = clock.stop();
        let clock = Clock::start();
        for i in 0..trial.decode {
            let next = tokens(trial.batch, 1000 + i as u64);
            let asks = texts.iter().zip(&next).map(|(text, token)| Ask {
                text: *text,
                tokens: std::slice::from_ref(token),
                wants: Wants::Last,
            });
            decoder.read(&asks.collect::<Vec<_>>(), &mut |_, _, _| ())?;
        }
        let wrote = clock.stop();
        if turn > 0 {
            totals.push(read[0] + wrote[0]);
            reads.push(read);
            writes.push(wrote);
        }
    }
    let rates = |spans: &[[f64; 2]], n: usize| {
        let mut walls: Vec<f64> = spans.iter().map(|s| s[0]).collect();
        walls.sort_by(f64::total_cmp);
        let cpu = spans.iter().map(|s| s[1]).fold(f64::INFINITY, f64::min);
        let rate = |seconds: f64| match n > 0 && seconds > 0.0 {
            true => (n * trial.batch) as f64 / seconds,
            false => 0.0,
        };
        [rate(walls[0]), rate(cpu), rate(walls[walls.len() / 2])]
    };
    let [prefill, prefill_cpu, prefill_median] = rates(&reads, trial.prefill);
    let [decode, decode_cpu, decode_median] = rates(&writes, trial.decode);
    let least = totals.into_iter().fold(f64::INFINITY, f64::min);
    Ok(Speed {
        prefill_tokens_per_s: prefill,
        decode_tokens_per_s: decode,
        prefill_tokens_per_cpu_s: prefill_cpu,
        decode_tokens_per_cpu_s: decode_cpu,
        prefill_tokens_per_s_median: prefill_median,
        decode_tokens_per_s_median: decode_median,
        total_tokens_per_s: ((trial.prefill + trial.decode) * trial.batch) as f64 / least,
    })
}

/// Time that passes, on the wall and on all processors together.
struct Clock(Instant, Duration);

impl Clock {
    fn start() -> Self {
        Clock(Instant::now(), hardware::cpu_time())
    }

    fn stop(self) -> [f64; 2] {
        let cpu = hardware::cpu_time().saturating_sub(self.1);
        [self.0.elapsed().as_secs_f64(), cpu.as_secs_f64()]
    }
}
