//! From a budget to types.

use std::collections::BTreeMap;
use std::time::Instant;

use serde::Serialize;

use super::super::choose::{Facts, Rules, Tensor};
use super::super::importance::{Gathered, Texts};
use super::super::names::{is_kept, layer_of};
use super::super::table::{QUANTS, Quant};
use super::super::weighed::Weighed;
use super::offers::{Offer, Sampled, coarse, coarsened};
use super::probe::Probe;
use super::solve::{Choice, Solved, solve};
use crate::engine::gguf::Kind;
use crate::engine::infer::{Held, Weights};
use crate::engine::ops::Executor;
use crate::engine::{Error, Result};
use crate::event::{Control, Event, Sink};

/// Names of the stages in events.
const STAGES: [&str; 2] = ["weigh types", "probe"];
/// Bits of a number of a norm.
const NORM_BITS: u64 = 32;

/// Types within a budget.
pub(in crate::engine::quant) struct Allotted {
    /// By the name of the matrix.
    pub(in crate::engine::quant) kinds: BTreeMap<String, &'static Kind>,
    /// The type of file that has most of its weights in the same type.
    pub(in crate::engine::quant) quant: &'static Quant,
    pub(in crate::engine::quant) foretold: Foretold,
}

/// What a choice of types within a budget is expected to cost.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Foretold {
    /// Most bits a weight that were allowed.
    pub target_bpw: f64,
    /// Divergence of each language, the worst first.
    pub langs: Vec<Expected>,
    /// By the same reckoning no choice of types within the budget has less for its worst language.
    pub bound: f64,
    /// Tokens that languages were probed on.
    pub n_tokens: u64,
}

/// What one language is expected to lose.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Expected {
    /// Code of the language.
    pub lang: String,
    /// Mean divergence of the file's predictions from the model's, in nats a token.
    pub kld: f64,
}

/// A matrix with what it may be.
struct Thing {
    name: String,
    /// Matrices of a group are probed together.
    group: (String, usize),
    n_weights: u64,
    width: usize,
    /// Error of each language while its group is probed.
    coarse: Option<Offer>,
    offers: Vec<Offer>,
}

/// Chooses types so that no more than `bits` a weight are taken and the language that loses most
/// loses least. Rules by name hold whatever they take.
///
/// # Errors
/// When no choice fits, weights are damaged, or the work was interrupted.
pub(in crate::engine::quant) fn allot(
    bits: f64,
    rules: &Rules,
    weights: &mut Weights,
    known: (&Weighed, &Gathered, &Texts),
    executor: &Executor,
    control: &Control,
    sink: &dyn Sink,
) -> Result<Allotted> {
    let (weighed, gathered, texts) = known;
    let things = things(rules, weights, (weighed, gathered), control, sink)?;
    let n_in_norms = weights.n_in_norms() as u64;
    let n_weights = n_in_norms + things.iter().map(|t| t.n_weights).sum::<u64>();
    let budget = (bits * n_weights as f64 / 8.0).floor() as u64;
    let budget = budget.saturating_sub(n_in_norms * NORM_BITS / 8);
    refuse_less(&things, budget, n_in_norms, n_weights)?;
    let mut probing = Probing {
        weights,
        weighed,
        executor,
        control,
        sink,
    };
    let (sensitivities, n_tokens) = probing.sensitivities(&things, texts)?;
    let choices = |thing: &Thing| -> Vec<Choice> {
        let by_lang = &sensitivities[&thing.group];
        let choice = |offer: &Offer| Choice {
            len_bytes: offer.len_bytes,
            costs: offer
                .errors
                .iter()
                .zip(by_lang)
                .map(|(e, s)| e * s)
                .collect(),
        };
        thing.offers.iter().map(choice).collect()
    };
    let choices: Vec<Vec<Choice>> = things.iter().map(choices).collect();
    let Some(solved) = solve(&choices, budget) else {
        return Err(Error::Failed("no choice of types fits the budget".into()));
    };
    Ok(allotted(bits, &things, &solved, texts, n_tokens as u64))
}

fn allotted(
    bits: f64,
    things: &[Thing],
    solved: &Solved,
    texts: &Texts,
    n_tokens: u64,
) -> Allotted {
    let picked = things.iter().zip(&solved.picked);
    let kinds: BTreeMap<String, &'static Kind> = picked
        .map(|(thing, at)| (thing.name.clone(), thing.offers[*at].kind))
        .collect();
    let mut shares: BTreeMap<&str, u64> = BTreeMap::new();
    for thing in things {
        *shares.entry(kinds[&thing.name].name).or_insert(0) += thing.n_weights;
    }
    let most = shares
        .iter()
        .max_by_key(|(_, n)| **n)
        .map(|(kind, _)| *kind);
    let quant = QUANTS.iter().find(|quant| Some(quant.matrix) == most);
    let langs = texts.langs.iter().zip(&solved.sums);
    let mut langs: Vec<Expected> = langs
        .map(|(spoken, kld)| Expected {
            lang: spoken.lang.clone(),
            kld: *kld,
        })
        .collect();
    langs.sort_by(|a, b| b.kld.total_cmp(&a.kld).then_with(|| a.lang.cmp(&b.lang)));
    Allotted {
        kinds,
        quant: quant.unwrap_or(&QUANTS[0]),
        foretold: Foretold {
            target_bpw: bits,
            langs,
            bound: solved.bound,
            n_tokens,
        },
    }
}

/// Refuses a budget below what the smallest types take.
fn refuse_less(things: &[Thing], budget: u64, n_in_norms: u64, n_weights: u64) -> Result<()> {
    let least = |thing: &Thing| thing.offers.iter().map(|o| o.len_bytes).min().unwrap_or(0);
    let least: u64 = things.iter().map(least).sum();
    if least <= budget {
        return Ok(());
    }
    let bits = (least * 8 + n_in_norms * NORM_BITS) as f64 / n_weights as f64;
    Err(Error::Usage {
        what: format!("no choice of types is so small: the smallest has {bits:.3} bits a weight"),
        hint: format!(
            "allow at least --target-bpw {:.2}, or fewer bits by rules with --tensor",
            (bits * 100.0).ceil() / 100.0
        ),
    })
}

/// The group of a matrix: its part, and which third of the layers it is in.
fn group_of(name: &str, n_layers: usize) -> (String, usize) {
    match layer_of(name) {
        Some(layer) => {
            let part = name.split('.').nth(2).unwrap_or_default();
            (part.into(), 3 * layer / n_layers.max(1))
        }
        None => (name.into(), 0),
    }
}

/// Every matrix with its offers.
fn things(
    rules: &Rules,
    weights: &Weights,
    (weighed, gathered): (&Weighed, &Gathered),
    control: &Control,
    sink: &dyn Sink,
) -> Result<Vec<Thing>> {
    let (matrices, facts) = (weights.matrices(), Facts::of_shape(&weights.shape));
    let dims: Vec<[u64; 2]> = matrices
        .iter()
        .map(|m| [m.width, m.n_rows].map(|n| n as u64))
        .collect();
    let tensor = |(matrix, dims)| tensor(matrix, dims);
    let tensors: Vec<Tensor> = matrices.iter().zip(&dims).map(tensor).collect();
    let ruled = rules.ruled(&facts, &tensors);
    let has_output = matrices.iter().any(|m| m.name == "output.weight");
    let stage = Stage::begin(STAGES[0], matrices.len(), "matrices", sink);
    let mut things = Vec::new();
    for (at, (matrix, ruled)) in matrices.iter().zip(ruled).enumerate() {
        stop_at(control, at, matrices.len())?;
        let damaged = |what| Error::Failed(format!("{}: {what}", matrix.name));
        let is_looked_up = has_output && matrix.name == "token_embd.weight";
        let sampled = Sampled::of(matrix, is_looked_up, weighed, gathered).map_err(damaged)?;
        let kept = is_kept(&matrix.name, &dims[at]).then_some(matrix.kind);
        let offers = match kept.or(ruled) {
            Some(kind) => sampled.offer(kind).into_iter().collect(),
            None => sampled.offers(),
        };
        if offers.is_empty() {
            return Err(damaged("its weights fit no type".into()));
        }
        things.push(Thing {
            name: matrix.name.clone(),
            group: group_of(&matrix.name, facts.n_layers),
            n_weights: (matrix.width * matrix.n_rows) as u64,
            width: matrix.width,
            coarse: coarse(matrix.width).and_then(|kind| sampled.offer(kind)),
            offers,
        });
        stage.done(at + 1);
    }
    stage.end(matrices.len());
    Ok(things)
}

fn tensor<'a>(matrix: &'a Held<'_>, dims: &'a [u64; 2]) -> Tensor<'a> {
    Tensor {
        name: &matrix.name,
        dims,
        kind: matrix.kind,
    }
}

fn stop_at(control: &Control, done: usize, of: usize) -> Result<()> {
    match control.stop_requested() {
        true => Err(Error::Interrupted {
            what: format!("stopped after {done} of {of} matrices; no file was written"),
            hint: "run the command again".into(),
        }),
        false => Ok(()),
    }
}

/// What groups of matrices are changed with, and what is looked at.
struct Probing<'a> {
    weights: &'a mut Weights,
    weighed: &'a Weighed,
    executor: &'a Executor,
    control: &'a Control,
    sink: &'a dyn Sink,
}

/// How much each language suffers from an error of a group: nats a token for each share of the
/// outputs' energy.
type Sensitivities = BTreeMap<(String, usize), Vec<f64>>;

impl Probing<'_> {
    fn sensitivities(&mut self, things: &[Thing], texts: &Texts) -> Result<(Sensitivities, usize)> {
        let mut groups: BTreeMap<&(String, usize), Vec<&Thing>> = BTreeMap::new();
        for thing in things {
            groups.entry(&thing.group).or_default().push(thing);
        }
        let probe = Probe::new(self.weights, texts, self.executor)?;
        let sink = self.sink;
        let stage = Stage::begin(STAGES[1], groups.len(), "groups", sink);
        let mut found = BTreeMap::new();
        for (at, (group, things)) in groups.iter().enumerate() {
            stop_at(self.control, at, groups.len())?;
            let changed = self.change(things);
            let diverged = changed.and_then(|()| probe.divergence(self.weights, self.executor));
            self.weights.restore();
            let diverged = diverged?;
            let per_error = |(lang, kld): (usize, &f64)| {
                let errors = things.iter().filter_map(|t| t.coarse.as_ref());
                let error: f64 = errors.map(|offer| offer.errors[lang]).sum();
                if error > 0.0 { kld / error } else { 0.0 }
            };
            let by_lang: Vec<f64> = diverged.iter().enumerate().map(per_error).collect();
            found.insert((*group).clone(), by_lang);
            stage.done(at + 1);
        }
        stage.end(groups.len());
        Ok((found, probe.n_tokens()))
    }

    /// Puts the matrices of a group in few bits.
    fn change(&mut self, things: &[&Thing]) -> Result<()> {
        for thing in things {
            let Some(kind) = coarse(thing.width).filter(|_| thing.coarse.is_some()) else {
                continue;
            };
            let failed = |what| Error::Failed(format!("{}: {what}", thing.name));
            let matrices = self.weights.matrices();
            let matrix = matrices.iter().find(|matrix| matrix.name == thing.name);
            let Some(matrix) = matrix else {
                continue;
            };
            let importance = self.weighed.columns(&thing.name, thing.width);
            let coarsened = coarsened(matrix, kind, importance.as_deref());
            let (plain, bytes) = coarsened.map_err(failed)?;
            self.weights
                .replace(&thing.name, plain, bytes)
                .map_err(failed)?;
        }
        Ok(())
    }
}

/// A stage that tells how far it is.
struct Stage<'a> {
    name: &'static str,
    began: Instant,
    sink: &'a dyn Sink,
}

impl<'a> Stage<'a> {
    fn begin(name: &'static str, total: usize, unit: &str, sink: &'a dyn Sink) -> Self {
        sink.emit(Event::StageStarted {
            stage: name.into(),
            total: Some(total as u64),
            unit: unit.into(),
        });
        Stage {
            name,
            began: Instant::now(),
            sink,
        }
    }

    fn done(&self, n: usize) {
        self.sink.emit(Event::StageProgress {
            stage: self.name.into(),
            done: n as u64,
        });
    }

    fn end(self, n: usize) {
        self.sink.emit(Event::StageDone {
            stage: self.name.into(),
            n_in: n as u64,
            n_out: n as u64,
            dropped: BTreeMap::new(),
            elapsed_ms: self.began.elapsed().as_millis() as u64,
        });
    }
}
