//! Requests to work for the model: prompts as tokens, and how their answers are chosen.

use std::sync::{Arc, OnceLock};
use std::time::SystemTime;

use hyper::StatusCode;
use serde_json::{Value, json};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::refusal::{Refusal, Result};
use super::reply::Shape;
use super::request::{Endpoint, Input, Request};
use crate::engine::generate::{Job, Lexicon, Plan, Prompter, Sampler, fresh_seed};
use crate::engine::load::Speaker;

/// Makes work of requests; it is shared by all of them.
pub(super) struct Intake {
    pub(super) speaker: Arc<Speaker>,
    prompter: Option<Prompter>,
    /// What requests leave open.
    base: Plan,
    /// Name of the model.
    name: Arc<str>,
    /// Most tokens of a text.
    context: usize,
    /// Most tokens of an answer, whatever a request asks for; 0: as many as the context holds.
    token_limit: usize,
    /// Most answers that wait or are written.
    n_places: usize,
    places: Arc<Semaphore>,
    lexicon: OnceLock<Arc<Lexicon>>,
    since: u64,
}

/// A request made ready.
pub(super) struct Admitted {
    pub(super) shape: Shape,
    pub(super) stream: bool,
    /// An answer each; those to one prompt stand together.
    pub(super) jobs: Vec<Job>,
    /// A place for each of them.
    pub(super) places: OwnedSemaphorePermit,
}

impl Intake {
    /// For a model that answers to `name`, as `base` says where requests do not.
    ///
    /// # Errors
    /// When its template is not valid, or the plan makes no sense.
    pub(super) fn new(
        speaker: Arc<Speaker>,
        base: Plan,
        name: &str,
        (context, token_limit): (usize, usize),
        n_places: usize,
    ) -> crate::engine::Result<Self> {
        Sampler::new(&base, &speaker.vocab, 0)?; // what is wrong with the plan is told now
        Ok(Intake {
            prompter: Prompter::new(&speaker, &base)?,
            speaker,
            base,
            name: name.into(),
            context,
            token_limit,
            n_places,
            places: Arc::new(Semaphore::new(n_places)),
            lexicon: OnceLock::new(),
            since: now(),
        })
    }

    /// Whether conversations can be answered, not texts alone.
    pub(super) fn knows_conversations(&self) -> bool {
        self.prompter.is_some()
    }

    /// The model that is served.
    pub(super) fn model(&self) -> Value {
        json!({
            "id": &*self.name,
            "object": "model",
            "created": self.since,
            "owned_by": "europium",
            "meta": {"n_ctx": self.context, "n_vocab": self.speaker.vocab.len()},
        })
    }

    /// The model of this name.
    ///
    /// # Errors
    /// When another one is served.
    pub(super) fn named(&self, name: &str) -> Result<()> {
        if name == &*self.name {
            return Ok(());
        }
        let what = format!(
            "the model {name:?} is not here: this server has {:?}",
            self.name
        );
        Err(Refusal::new(StatusCode::NOT_FOUND, what)
            .param("model")
            .code("model_not_found"))
    }

    /// Makes a request ready.
    ///
    /// # Errors
    /// When it makes no sense, does not fit, or there is no place for it.
    pub(super) fn admit(&self, endpoint: Endpoint, body: &[u8]) -> Result<Admitted> {
        let request = Request::read(endpoint, body, &self.base)?;
        if let Some(name) = request.model.as_deref().filter(|name| !name.is_empty()) {
            self.named(name)?;
        }
        let n_choices = request.input.n_prompts() * request.n;
        let places = self.reserve(n_choices)?;
        let prompts = self.prompts(&request)?;
        let jobs = self.jobs(&request, prompts)?;
        let random = (fresh_seed(), fresh_seed());
        let kind = match endpoint {
            Endpoint::Chat => "chatcmpl",
            Endpoint::Completions => "cmpl",
        };
        Ok(Admitted {
            shape: Shape {
                endpoint,
                id: format!("{kind}-{:016x}{:016x}", random.0, random.1),
                created: now(),
                model: self.name.clone(),
                n_top: request.n_top,
                include_usage: request.include_usage,
                n: request.n,
            },
            stream: request.stream,
            jobs,
            places,
        })
    }

    /// Places for so many answers.
    fn reserve(&self, n: usize) -> Result<OwnedSemaphorePermit> {
        let most = self.n_places;
        if n > most {
            let what = format!("{n} answers are asked for, {most} can wait at a time");
            return Err(Refusal::bad(what).param("n"));
        }
        let places = self.places.clone();
        let got = places.try_acquire_many_owned(u32::try_from(n).unwrap_or(u32::MAX));
        got.map_err(|_| {
            let what = "too many answers are waiting: try again in a moment";
            Refusal::new(StatusCode::TOO_MANY_REQUESTS, what).code("rate_limit_exceeded")
        })
    }

    /// The tokens of each prompt.
    fn prompts(&self, request: &Request) -> Result<Vec<Vec<u32>>> {
        let vocab = &self.speaker.vocab;
        let (name, prompts) = match &request.input {
            Input::Messages(messages, arguments) => {
                let Some(prompter) = &self.prompter else {
                    let what = "this model has no chat template, or is served with --raw: \
                                continue texts at /v1/completions";
                    return Err(Refusal::bad(what).param("messages"));
                };
                let ids = prompter.ids(vocab, messages, arguments);
                let refused = |e| Refusal::from(e).param("messages");
                ("messages", vec![ids.map_err(refused)?])
            }
            Input::Texts(texts) => {
                let ids = |text: &String| {
                    crate::engine::generate::prompt_ids(vocab, text)
                        .map_err(|e| Refusal::from(e).param("prompt"))
                };
                ("prompt", texts.iter().map(ids).collect::<Result<_>>()?)
            }
            Input::Tokens(prompts) => ("prompt", prompts.clone()),
        };
        for prompt in &prompts {
            self.check(prompt).map_err(|refusal| refusal.param(name))?;
        }
        Ok(prompts)
    }

    fn check(&self, prompt: &[u32]) -> Result<()> {
        let (n, context) = (prompt.len(), self.context);
        if n == 0 {
            return Err(Refusal::bad("the prompt has no tokens"));
        }
        if n > context {
            let what = format!("the prompt has {n} tokens, the context only {context}: shorten it");
            return Err(Refusal::bad(what).code("context_length_exceeded"));
        }
        let n_vocab = self.speaker.vocab.len();
        match prompt.iter().find(|id| **id as usize >= n_vocab) {
            Some(id) => {
                let last = n_vocab.saturating_sub(1);
                Err(Refusal::bad(format!(
                    "there is no token {id}: ids go from 0 to {last}"
                )))
            }
            None => Ok(()),
        }
    }

    /// What the model does for each answer. The seeds of answers are counted up, so that each
    /// can be had again by itself.
    fn jobs(&self, request: &Request, prompts: Vec<Vec<u32>>) -> Result<Vec<Job>> {
        let (plan, vocab) = (&request.plan, &self.speaker.vocab);
        let seed = plan.seed.unwrap_or_else(fresh_seed);
        let has_form =
            plan.grammar.is_some() || plan.grammar_file.is_some() || plan.json_schema.is_some();
        let mut sampler = match has_form || plan.dry_multiplier > 0.0 {
            true => Sampler::sharing(plan, vocab, self.lexicon(), seed)?,
            false => Sampler::new(plan, vocab, seed)?,
        };
        sampler.tell_logprobs(request.n_top.is_some());
        // One at least: a piece without any is no token, but text that was held back.
        sampler.tell_top(request.n_top.map_or(0, |n| n.max(1)));
        let max_tokens = match (plan.max_tokens, self.token_limit) {
            (max, 0) => max,
            (0, limit) => limit,
            (max, limit) => max.min(limit),
        };
        let mut jobs = Vec::with_capacity(prompts.len() * request.n);
        for prompt in prompts {
            for _ in 0..request.n {
                let mut sampler = sampler.clone();
                sampler.reseed(seed.wrapping_add(jobs.len() as u64));
                jobs.push(Job {
                    prompt: prompt.clone(),
                    sampler,
                    max_tokens,
                });
            }
        }
        Ok(jobs)
    }

    /// What grammars are held against, made when the first is asked for.
    fn lexicon(&self) -> &Arc<Lexicon> {
        let speaker = &self.speaker;
        self.lexicon
            .get_or_init(|| Arc::new(Lexicon::new(&speaker.vocab)))
    }
}

/// Seconds since 1970.
fn now() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}
