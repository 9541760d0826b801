//! Many answers side by side: each step reads a token of every text that is written, and a part of
//! the prompts that are still read, all in one go through the layers.
//!
//! Jobs come and go between steps. A long prompt is read by and by, so that it holds nobody up;
//! one that begins as a text at work or as one of those kept does is read from where they part.
//!
//! **Memory.** Keys and values are taken as texts grow. Texts at work and those kept together have
//! at most `most` contexts, and no more than fit half of the memory there is; those kept
//! no more than one. Where a job's prompt and longest answer do not fit beside what is at work,
//! kept texts go first, the least recently used before the others, and then the job waits. One
//! that is alone always fits.
//!
//! **The same bytes.** An answer depends on its job alone: not on what runs beside, nor on what
//! was kept. Processors with tiles round products of many rows otherwise than those of few. So
//! prompts are read as many, written tokens as few, whatever their number; the end of a prompt as
//! [`Text`](super::Text) reads it, which therefore gives the same answer. What another text has
//! read is taken over as far as it was rounded alike.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use super::answer::{Answer, READ, check_room, most_tokens, shifted};
use super::sampler::Sampler;
use super::writer::Writer;
use crate::engine::infer::{Ask, Decoder, Rows, Wants};
use crate::engine::{Error, Result};
use crate::hardware;
use crate::vocab::Vocab;

mod work;

use work::{Kept, Prefix, Work};

#[cfg(test)]
mod tests;

/// Tokens read in a step, those of all texts together; more only where as many texts are at work.
const ROOM: usize = 256;
/// Tokens a job has to have in common with a prompt that is being read, beyond what is read, to
/// wait for it.
const WORTH: usize = 32;
/// Jobs looked at behind one that waits for a prompt to be read.
const LOOK_AHEAD: usize = 64;

/// The number of a job: those added later have higher ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobId(u64);

/// A prompt to answer.
pub struct Job {
    /// Its tokens.
    pub prompt: Vec<u32>,
    /// What chooses the answer's tokens.
    pub sampler: Sampler,
    /// Most tokens of the answer; 0: until the context is full.
    pub max_tokens: usize,
}

/// What becomes of a job.
#[derive(Debug)]
pub enum Told {
    /// A token was chosen.
    Piece {
        /// Its characters; none while one of them is incomplete or may begin a stop text.
        text: String,
        /// Its id. What was held back at the end comes under the last token's.
        token: u32,
        /// Natural logarithm of its probability; no number where it was not asked for.
        logprob: f32,
        /// The likeliest tokens with theirs, where they were asked for.
        top: Vec<(u32, f32)>,
    },
    /// The answer is whole.
    End(Answer),
    /// The job was refused, or no token could be chosen; all others go on.
    Failed(Error),
}

/// Who hears what becomes of jobs.
type Tell<'a> = &'a mut dyn FnMut(JobId, Told);

/// A job that waits.
struct Waiting {
    id: JobId,
    job: Job,
    /// As [`Work::shift`].
    shift: Option<usize>,
}

/// Where a prompt is already read.
#[derive(Clone, Copy)]
enum Source {
    Nowhere,
    Working(usize),
    Kept(usize),
}

/// A model at work on several answers.
pub struct Batch<'m> {
    reader: Decoder<'m>,
    vocab: &'m Vocab,
    most: usize,
    /// Positions of all texts together.
    limit: usize,
    next: u64,
    waiting: VecDeque<Waiting>,
    working: Vec<Work>,
    /// Least recently used first.
    kept: Vec<Kept>,
}

impl<'m> Batch<'m> {
    /// Answers up to `most` jobs at a time with the texts of `reader`, which has none yet.
    pub fn new(reader: Decoder<'m>, vocab: &'m Vocab, most: usize) -> Self {
        let most = most.max(1);
        let memory = hardware::memory_bytes().map_or(usize::MAX, |bytes| (bytes / 2) as usize);
        let fitting = memory / reader.position_bytes().max(1);
        Batch {
            limit: most.saturating_mul(reader.context()).min(fitting),
            reader,
            vocab,
            most,
            next: 0,
            waiting: VecDeque::new(),
            working: Vec::new(),
            kept: Vec::new(),
        }
    }

    /// Bounds the positions that texts have together; a context at least is always there.
    #[cfg(test)]
    fn hold_at_most(mut self, positions: usize) -> Self {
        self.limit = positions;
        self
    }

    /// Most tokens of a text.
    pub fn context(&self) -> usize {
        self.reader.context()
    }

    /// Jobs at work.
    pub fn n_working(&self) -> usize {
        self.working.len()
    }

    /// Jobs that wait.
    pub fn n_waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Refuses a job that cannot be answered.
    ///
    /// # Errors
    /// When its prompt is empty, longer than the context, or has tokens outside of the vocabulary.
    pub fn check(&self, job: &Job) -> Result<()> {
        check_room(&job.prompt, self.context())?;
        let n_vocab = self.reader.n_vocab();
        match job.prompt.iter().find(|t| **t as usize >= n_vocab) {
            Some(token) => Err(Error::Usage {
                what: format!("token {token} is outside of a vocabulary of {n_vocab}"),
                hint: "use the tokens of this model's own vocabulary".into(),
            }),
            None => Ok(()),
        }
    }

    /// Takes a job; it waits where enough are at work. One that [`Batch::check`] refuses fails in
    /// the next step.
    pub fn add(&mut self, job: Job) -> JobId {
        self.add_shifting(job, None)
    }

    /// As [`Batch::add`]; a full context loses its oldest half behind its first `shift` tokens, as
    /// [`Text::shift_behind`](super::Text::shift_behind) says.
    pub fn add_shifting(&mut self, mut job: Job, shift: Option<usize>) -> JobId {
        let id = JobId(self.next);
        self.next += 1;
        if let Some(keep) = shift {
            job.prompt = shifted(&job.prompt, keep, self.context());
        }
        self.waiting.push_back(Waiting { id, job, shift });
        id
    }

    /// Gives a job up; nothing more is told of it.
    pub fn cancel(&mut self, id: JobId) {
        self.waiting.retain(|waiting| waiting.id != id);
        if let Some(at) = self.working.iter().position(|work| work.id == id) {
            let work = self.working.remove(at);
            self.keep(work);
        }
    }

    /// One step of all at work: reads what is new, and chooses a token of each text that is read.
    /// False where there is nothing to do.
    ///
    /// # Errors
    /// When a weight is no number: nothing can be answered then.
    pub fn step(&mut self, tell: Tell<'_>) -> Result<bool> {
        let n_refused = self.begin_jobs(tell);
        if self.working.is_empty() {
            return Ok(n_refused > 0);
        }
        if self.reader.least_many().is_some() {
            self.read(Rows::Many, tell)?;
        }
        self.read(Rows::Few, tell)?;
        Ok(true)
    }

    /// Puts jobs to work as long as there is room; gives how many were refused.
    fn begin_jobs(&mut self, tell: Tell<'_>) -> usize {
        let (mut at, mut n_refused) = (0, 0);
        while self.working.len() < self.most && at < self.waiting.len().min(LOOK_AHEAD) {
            let Waiting { id, job, .. } = &self.waiting[at];
            if let Err(error) = self.check(job) {
                tell(*id, Told::Failed(error));
                self.waiting.remove(at);
                n_refused += 1;
                continue;
            }
            if self.is_worth_waiting(&job.prompt) {
                at += 1;
                continue;
            }
            let needs = match job.max_tokens {
                0 => self.context(),
                n => job.prompt.len().saturating_add(n).min(self.context()),
            };
            if !self.make_room(needs) {
                break;
            }
            if let Some(job) = self.waiting.remove(at) {
                self.begin(job, needs);
            }
        }
        n_refused
    }

    /// Where a prompt's tokens are no longer read as many: behind whole parts of it, where fewer
    /// are left than are many.
    fn few_from(&self, n_prompt: usize) -> usize {
        match self.reader.least_many() {
            None => 0,
            Some(many) if n_prompt % READ < many => n_prompt - n_prompt % READ,
            Some(_) => n_prompt,
        }
    }

    /// What was read already of a prompt, and where.
    fn source(&self, prompt: &[u32]) -> (Source, usize) {
        let few_from = self.few_from(prompt.len());
        let wanted = Prefix {
            tokens: &prompt[..prompt.len() - 1], // the logits of the last are wanted
            few_from,
        };
        let mut best = (Source::Nowhere, 0);
        for (at, kept) in self.kept.iter().enumerate() {
            let n = wanted.common(&kept.read());
            if n >= best.1.max(1) {
                best = (Source::Kept(at), n);
            }
        }
        for (at, work) in self.working.iter().enumerate() {
            let n = wanted.common(&work.read());
            if n > best.1 {
                best = (Source::Working(at), n);
            }
        }
        best
    }

    /// Whether so much more of a prompt is about to be read that a job had better wait for it.
    fn is_worth_waiting(&self, prompt: &[u32]) -> bool {
        let (_, n) = self.source(prompt);
        let wanted = Prefix {
            tokens: &prompt[..prompt.len() - 1],
            few_from: self.few_from(prompt.len()),
        };
        let reading = self.working.iter().filter(|work| work.is_reading());
        reading
            .map(|work| wanted.common(&work.prompt()))
            .any(|common| common >= n + WORTH)
    }

    /// Room for so many positions more, if need be in place of kept texts; false where others have
    /// to end first.
    fn make_room(&mut self, needs: usize) -> bool {
        let at_work: usize = self.working.iter().map(|work| work.needs).sum();
        if self.working.is_empty() {
            self.keep_at_most(self.limit.saturating_sub(needs));
            return true;
        }
        let fits = at_work.saturating_add(needs) <= self.limit;
        if fits {
            self.keep_at_most(self.limit - at_work - needs);
        }
        fits
    }

    /// Forgets kept texts until the others have at most so many positions.
    fn keep_at_most(&mut self, positions: usize) {
        let mut held: usize = self.kept.iter().map(|kept| kept.tokens.len()).sum();
        let mut n_gone = 0;
        for kept in &self.kept {
            if held <= positions && self.kept.len() - n_gone <= 2 * self.most {
                break;
            }
            held -= kept.tokens.len();
            self.reader.end(kept.text);
            n_gone += 1;
        }
        self.kept.drain(..n_gone);
    }

    fn begin(&mut self, waiting: Waiting, needs: usize) {
        let Waiting { id, job, shift } = waiting;
        let Job {
            prompt,
            mut sampler,
            max_tokens,
        } = job;
        let (source, n) = self.source(&prompt);
        let text = match source {
            Source::Nowhere => self.reader.begin(),
            Source::Working(at) => self.reader.fork(self.working[at].text),
            Source::Kept(at) => {
                let kept = self.kept.remove(at);
                if prompt.starts_with(&kept.tokens) {
                    kept.text // the prompt goes on where it ended: it takes its place
                } else {
                    let text = self.reader.fork(kept.text);
                    self.kept.push(kept);
                    text
                }
            }
        };
        self.reader.truncate(text, n);
        sampler.begin(&prompt);
        let max = most_tokens(max_tokens, prompt.len(), self.context(), shift.is_some());
        self.working.push(Work {
            id,
            text,
            writer: Writer::new(sampler.stops(), max),
            sampler,
            n_prompt: prompt.len(),
            n_given: prompt.len(),
            shift,
            n_reused: n,
            n_read: n,
            few_from: self.few_from(prompt.len()),
            needs,
            began: Instant::now(),
            first: None,
            tokens: prompt,
        });
    }

    /// Keeps the text of a job that ended.
    fn keep(&mut self, mut work: Work) {
        work.tokens.truncate(work.n_read);
        self.kept.push(Kept {
            text: work.text,
            tokens: work.tokens,
            few_from: work.few_from,
        });
        let at_work: usize = self.working.iter().map(|work| work.needs).sum();
        let free = self.limit.saturating_sub(at_work);
        self.keep_at_most(free.min(self.context()));
    }

    /// Which texts read how many tokens now: those that write one, and prompts their fair share.
    fn parts(&self, rows: Rows) -> Vec<(usize, usize)> {
        let mut parts = Vec::new();
        let mut prompts = Vec::new();
        let mut n_writing = 0;
        for (at, work) in self.working.iter().enumerate() {
            let is_few = work.n_read >= work.few_from;
            match (work.is_reading(), rows == Rows::Few) {
                (true, few) if is_few == few => {
                    let until = if few { work.n_given } else { work.few_from };
                    prompts.push((until - work.n_read, at));
                }
                (false, true) => parts.push((at, 1)),
                _ => {}
            }
            n_writing += usize::from(!work.is_reading());
        }
        let mut room = ROOM.saturating_sub(n_writing).max(prompts.len());
        // the shortest first: what they leave is shared among the others
        prompts.sort_unstable();
        for (done, (rest, at)) in prompts.iter().enumerate() {
            let n = room.div_ceil(prompts.len() - done).min(*rest);
            room -= n;
            parts.push((*at, n));
        }
        parts
    }

    /// Takes what is to be read in this way through the layers.
    fn read(&mut self, rows: Rows, tell: Tell<'_>) -> Result<()> {
        let parts = self.parts(rows);
        if parts.is_empty() {
            return Ok(());
        }
        let Batch {
            reader,
            vocab,
            working,
            ..
        } = self;
        let tokens: Vec<Vec<u32>> = parts
            .iter()
            .map(|(at, n)| working[*at].tokens[working[*at].n_read..][..*n].to_vec())
            .collect();
        let mut asks = Vec::with_capacity(parts.len());
        for ((at, n), tokens) in parts.iter().zip(&tokens) {
            let work = &mut working[*at];
            work.n_read += n;
            asks.push(Ask {
                text: work.text,
                tokens,
                wants: match work.n_read == work.tokens.len() {
                    true => Wants::Last,
                    false => Wants::Nothing,
                },
            });
        }
        let (n_vocab, mut ended) = (reader.n_vocab(), Vec::new());
        reader.read_as(rows, &asks, &mut |team, heard, logits| {
            let mut line_of = vec![None; working.len()];
            for ((ask, _), line) in heard.iter().zip(logits.chunks_exact(n_vocab)) {
                line_of[parts[*ask].0] = Some(line);
            }
            // Each is chosen by itself, on all threads; what is told comes in order again.
            let texts = working.iter_mut().zip(line_of).enumerate();
            let texts: Vec<Mutex<_>> = texts
                .filter_map(|(at, (work, line))| Some(Mutex::new((at, work, line?, None))))
                .collect();
            team.run(texts.len(), &|i| {
                let mut text = texts[i].lock().unwrap_or_else(PoisonError::into_inner);
                let (_, work, line, choice) = &mut *text;
                *choice = Some(work.sampler.choose(line));
            });
            for text in texts {
                let text = text.into_inner().unwrap_or_else(PoisonError::into_inner);
                let (at, work, _, Some(choice)) = text else {
                    continue;
                };
                if let Some(end) = work.hear(vocab, choice, tell) {
                    ended.push((at, end));
                }
            }
        })?;
        ended.sort_by_key(|(at, _)| *at);
        for (gone, (at, end)) in ended.into_iter().enumerate() {
            let work = self.working.remove(at - gone);
            tell(work.id, end);
            self.keep(work);
        }
        self.shift_contexts();
        Ok(())
    }

    /// Of texts that are full, forgets the oldest half, and has what is left read again.
    fn shift_contexts(&mut self) {
        let context = self.context();
        for at in 0..self.working.len() {
            let work = &mut self.working[at];
            if let (Some(keep), true) = (work.shift, work.tokens.len() > context) {
                work.tokens = shifted(&work.tokens, keep, context);
                (work.n_read, work.n_given) = (0, work.tokens.len());
                self.reader.truncate(work.text, 0);
                let few_from = self.few_from(self.working[at].n_given);
                self.working[at].few_from = few_from;
            }
        }
    }
}
