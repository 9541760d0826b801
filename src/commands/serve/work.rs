//! The model's own thread: what clients ask for is answered side by side, until the end.

use std::collections::HashMap;
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError};
use std::time::{Duration, Instant};

use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::mpsc::Sender;
use tokio::sync::mpsc::error::TrySendError;

use super::refusal::Refusal;
use super::reply::{Piece, Said, Token};
use crate::engine;
use crate::engine::generate::{Batch, Job, JobId, Told};
use crate::event::Control;

/// How long a wish to stop may stay unheard while nothing is asked.
const TICK: Duration = Duration::from_millis(100);
/// How long answers go on once the server is to stop.
pub(super) const GRACE: Duration = Duration::from_secs(3);

/// An answer that is wanted, and who hears it.
pub(super) struct Call {
    pub(super) job: Job,
    pub(super) caller: Caller,
}

/// Who hears an answer.
pub(super) struct Caller {
    /// Its number among those of the request.
    pub(super) index: usize,
    /// Bounded: who reads too slowly loses the answer.
    pub(super) told: Sender<(usize, Said)>,
    /// The place that is free again when the answer is over.
    pub(super) place: Option<OwnedSemaphorePermit>,
}

impl Caller {
    /// Says something; false when nobody hears it any more.
    fn tell(&self, said: Said) -> bool {
        match self.told.try_send((self.index, said)) {
            Ok(()) => true,
            Err(TrySendError::Full(_) | TrySendError::Closed(_)) => false,
        }
    }
}

/// How much was done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) n_answers: u64,
    pub(super) n_tokens: u64,
}

/// Answers calls until a stop is asked for, and those at work then are over or out of time; or
/// until no more can come.
///
/// # Errors
/// When the model fails in a way that concerns all answers.
pub(super) fn work(
    mut batch: Batch<'_>,
    calls: &Receiver<Call>,
    control: &Control,
    stopping: &dyn Fn(),
) -> engine::Result<Tally> {
    let mut callers: HashMap<JobId, Caller> = HashMap::new();
    let mut tally = Tally::default();
    let mut end: Option<Instant> = None;
    loop {
        if control.stop_requested() && end.is_none() {
            stopping();
            end = Some(Instant::now() + GRACE);
        }
        let is_late = end.is_some_and(|end| Instant::now() >= end);
        if is_late || end.is_some() && callers.is_empty() {
            // What came in the last moment is told too.
            callers.drain().for_each(|(_, caller)| {
                caller.tell(Said::Failed(Refusal::closing()));
            });
            calls.try_iter().for_each(|call| {
                call.caller.tell(Said::Failed(Refusal::closing()));
            });
            return Ok(tally);
        }
        loop {
            let call = match callers.is_empty() {
                true => match calls.recv_timeout(TICK) {
                    Ok(call) => call,
                    Err(RecvTimeoutError::Timeout) => break,
                    Err(RecvTimeoutError::Disconnected) => return Ok(tally),
                },
                false => match calls.try_recv() {
                    Ok(call) => call,
                    Err(TryRecvError::Empty | TryRecvError::Disconnected) => break,
                },
            };
            callers.insert(batch.add(call.job), call.caller);
        }
        callers.retain(|id, caller| {
            let left = caller.told.is_closed();
            if left {
                batch.cancel(*id);
            }
            !left
        });
        let mut deaf: Vec<JobId> = Vec::new();
        let stepped = batch.step(&mut |id, told| {
            let Some(caller) = callers.get(&id) else {
                return;
            };
            let (said, is_over) = said(told);
            if let Said::End(answer) = &said {
                tally.n_answers += 1;
                tally.n_tokens += answer.tokens.len() as u64;
            }
            if !is_over {
                if !caller.tell(said) {
                    deaf.push(id);
                }
            } else if let Some(mut caller) = callers.remove(&id) {
                // Free before the client knows of it, who may ask again at once.
                drop(caller.place.take());
                caller.tell(said);
            }
        });
        for id in deaf {
            if callers.remove(&id).is_some() {
                batch.cancel(id);
            }
        }
        if let Err(error) = stepped {
            let refusal = Refusal::failed(error.to_string());
            callers.drain().for_each(|(_, caller)| {
                caller.tell(Said::Failed(refusal.clone()));
            });
            return Err(error);
        }
    }
}

/// What a client is told, and whether it is the last.
fn said(told: Told) -> (Said, bool) {
    match told {
        Told::Piece {
            text,
            token: id,
            logprob,
            top,
        } => {
            // The likeliest are there where log-probabilities are wanted, but not with text that
            // was held back and comes at the end.
            let token = (!top.is_empty()).then_some(Token { id, logprob, top });
            (Said::Piece(Piece { text, token }), false)
        }
        Told::End(answer) => (Said::End(answer), true),
        Told::Failed(error) => (Said::Failed(error.into()), true),
    }
}
