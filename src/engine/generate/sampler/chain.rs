//! All stages in order.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::{Arc, OnceLock};

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use super::super::Plan;
use super::super::grammar::{Constraint, Lexicon};
use super::super::stop::Stops;
use super::bias;
use super::candidates::{Candidate, Candidates, best};
use super::dry::Dry;
use super::logprob::Logprobs;
use super::mirostat::Mirostat;
use super::penalties::Penalties;
use super::temperature::Temperature;
use super::truncate::Truncate;
use crate::engine::{Error, Result};
use crate::vocab::Vocab;

/// A token and how likely it was.
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    /// Its id.
    pub token: u32,
    /// Natural logarithm of its probability before any stage and at temperature 1; no number
    /// where it was not asked for ([`Sampler::tell_logprobs`]).
    pub logprob: f32,
    /// The likeliest tokens with theirs, likeliest first, as many as were asked for
    /// ([`Sampler::tell_top`]).
    pub top: Vec<(u32, f32)>,
}

/// Chooses tokens; the same seed and logits give the same choices. A clone goes on where the
/// original stands, and shares what is large.
#[derive(Clone)]
pub struct Sampler {
    bias: Arc<[(u32, f32)]>,
    penalties: Option<Penalties>,
    dry: Option<Dry>,
    truncate: Truncate,
    temperature: Temperature,
    mirostat: Option<Mirostat>,
    grammar: Option<Constraint>,
    stops: Stops,
    rng: ChaCha8Rng,
    logprobs: bool,
    /// How many of the likeliest tokens choices tell.
    n_top: usize,
    /// Tokens read and chosen since the beginning.
    n_tokens: usize,
    candidates: Candidates,
    /// The logits with edits, where there are any.
    edited: Vec<f32>,
}

/// A seed for when none is asked for: another one each time.
pub fn fresh_seed() -> u64 {
    RandomState::new().build_hasher().finish()
}

impl Sampler {
    /// Chooses among the tokens of `vocab` as `plan` says, with the random numbers of `seed`.
    ///
    /// # Errors
    /// When the plan makes no sense, a logit bias names no token, or the grammar or JSON schema
    /// cannot be read or is none.
    pub fn new(plan: &Plan, vocab: &Vocab, seed: u64) -> Result<Self> {
        let shared = OnceLock::new();
        let lexicon = || shared.get_or_init(|| Arc::new(Lexicon::new(vocab))).clone();
        Self::over(plan, vocab, lexicon, seed)
    }

    /// As [`Sampler::new`], with a `lexicon` of `vocab` that is there already: of a large
    /// vocabulary it takes longer to make than everything else.
    ///
    /// # Errors
    /// As [`Sampler::new`].
    pub fn sharing(plan: &Plan, vocab: &Vocab, lexicon: &Arc<Lexicon>, seed: u64) -> Result<Self> {
        Self::over(plan, vocab, || lexicon.clone(), seed)
    }

    fn over(
        plan: &Plan,
        vocab: &Vocab,
        lexicon: impl Fn() -> Arc<Lexicon>,
        seed: u64,
    ) -> Result<Self> {
        plan.check()?;
        Ok(Sampler {
            bias: bias::parse(&plan.logit_bias, vocab)?.into(),
            dry: Dry::new(plan, || lexicon().pieces()),
            grammar: Constraint::new(plan, &lexicon, &vocab.eos)?,
            ..Self::by_numbers(plan, seed)
        })
    }

    /// The stages that need no vocabulary.
    pub(in super::super) fn by_numbers(plan: &Plan, seed: u64) -> Self {
        Sampler {
            bias: [].into(),
            penalties: Penalties::new(plan),
            dry: None,
            truncate: Truncate::new(plan),
            temperature: Temperature::new(plan),
            mirostat: Mirostat::new(plan),
            grammar: None,
            stops: Stops::new(&plan.stop),
            rng: ChaCha8Rng::seed_from_u64(seed),
            logprobs: true,
            n_top: plan.logprobs.unwrap_or(0),
            n_tokens: 0,
            candidates: Candidates::default(),
            edited: Vec::new(),
        }
    }

    /// Whether choices tell their log-probability, which takes a look at every logit; at first
    /// they do.
    pub fn tell_logprobs(&mut self, on: bool) {
        self.logprobs = on;
    }

    /// How many of the likeliest tokens choices tell with their log-probability, of the same
    /// distribution as the chosen one's; at first as many as the plan says.
    pub fn tell_top(&mut self, n: usize) {
        self.n_top = n;
    }

    /// Goes on with the random numbers of `seed`: for another text beside the one of the original.
    pub fn reseed(&mut self, seed: u64) {
        self.rng = ChaCha8Rng::seed_from_u64(seed);
    }

    /// Begins an answer to `prompt`, whose tokens count as said. Random numbers go on.
    pub fn begin(&mut self, prompt: &[u32]) {
        self.n_tokens = 0;
        if let Some(penalties) = &mut self.penalties {
            penalties.clear();
        }
        if let Some(dry) = &mut self.dry {
            dry.clear();
        }
        if let Some(mirostat) = &mut self.mirostat {
            mirostat.clear();
        }
        if let Some(grammar) = &mut self.grammar {
            grammar.begin();
        }
        for token in prompt {
            self.remember(*token);
        }
    }

    /// Chooses the next token of the answer, and remembers it.
    ///
    /// # Errors
    /// When no logit is a number; when the grammar allows no token, or is read in too many ways.
    pub fn choose(&mut self, logits: &[f32]) -> Result<Choice> {
        let mut edited = std::mem::take(&mut self.edited);
        let chosen = self.choose_with(logits, &mut edited);
        self.edited = edited;
        let token = chosen?.id;
        self.remember(token);
        if let Some(grammar) = &mut self.grammar {
            grammar.accept(token)?;
        }
        let mut choice = Choice {
            token,
            logprob: f32::NAN,
            top: Vec::new(),
        };
        if !self.logprobs && self.n_top == 0 {
            return Ok(choice);
        }
        if let (Some(all), Some(logit)) = (Logprobs::of(logits), logits.get(token as usize)) {
            choice.logprob = all.at(*logit);
            if self.n_top > 0 {
                self.candidates
                    .gather(logits, self.n_top, f32::NEG_INFINITY);
                let top = self.candidates.list.iter();
                choice.top = top.map(|c| (c.id, all.at(c.logit))).collect();
            }
        }
        Ok(choice)
    }

    /// True when the answer is whole: the grammar allows nothing more.
    pub fn is_finished(&self) -> bool {
        self.grammar.as_ref().is_some_and(Constraint::is_finished)
    }

    /// What looks for the texts that end an answer.
    pub(in super::super) fn stops(&self) -> Stops {
        self.stops.clone()
    }

    fn remember(&mut self, token: u32) {
        self.n_tokens += 1;
        if let Some(penalties) = &mut self.penalties {
            penalties.accept(token);
        }
        if let Some(dry) = &mut self.dry {
            dry.accept(token);
        }
    }

    /// Chooses by all stages; `edited` is room for a copy of the logits.
    fn choose_with(&mut self, logits: &[f32], edited: &mut Vec<f32>) -> Result<Candidate> {
        let at = self.n_tokens;
        let broken = || {
            let what = format!("no logit after token {at} is a number; the weights are broken");
            Error::Failed(what)
        };
        let has_edits = !self.bias.is_empty() || self.penalties.is_some() || self.dry.is_some();
        if has_edits {
            edited.clear();
            edited.extend_from_slice(logits);
            self.edit(edited);
        }
        let mirostat = self.mirostat;
        let chosen = match has_edits {
            true => self.pick(edited),
            false => self.pick(logits),
        };
        let Some(grammar) = &mut self.grammar else {
            return chosen.ok_or_else(broken);
        };
        // Most choices follow the grammar by themselves; only where one does not is every
        // token asked about.
        if let Some(chosen) = chosen
            && grammar.allows(chosen.id)?
        {
            return Ok(chosen);
        }
        if !has_edits {
            edited.clear();
            edited.extend_from_slice(logits);
        }
        grammar.mask(edited)?;
        self.mirostat = mirostat;
        let chosen = self.pick(edited);
        chosen.ok_or_else(|| match best(logits) {
            Some(_) => Error::Failed(format!(
                "after token {at} no token of the vocabulary follows the grammar"
            )),
            None => broken(),
        })
    }

    /// The stages that change single logits.
    pub(super) fn edit(&self, logits: &mut [f32]) {
        for (id, bias) in self.bias.iter() {
            if let Some(logit) = logits.get_mut(*id as usize) {
                *logit += bias;
            }
        }
        if let Some(penalties) = &self.penalties {
            penalties.apply(logits);
        }
        if let Some(dry) = &self.dry {
            dry.apply(logits);
        }
    }

    /// The stages that leave candidates out, and the draw; none where no logit is a number.
    fn pick(&mut self, logits: &[f32]) -> Option<Candidate> {
        if self.temperature.is_greedy() {
            return best(logits);
        }
        let candidates = &mut self.candidates;
        match &mut self.mirostat {
            Some(mirostat) => {
                candidates.gather(logits, 0, f32::NEG_INFINITY);
                self.temperature.apply(candidates);
                mirostat.draw(candidates, logits.len(), &mut self.rng)
            }
            None => {
                self.truncate.apply(candidates, logits, &mut self.rng);
                self.temperature.apply(candidates);
                candidates.draw(&mut self.rng)
            }
        }
    }
}
