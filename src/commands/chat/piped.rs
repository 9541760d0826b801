//! What is piped in: a question, or what stands before one.

use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Receiver;
use std::time::Duration;

use super::super::fail::{Failure, Result};
use super::super::out::Out;
use crate::disk;

/// How long a prompt waits for the first byte on standard input, beside the loading of the model.
const PATIENCE: Duration = Duration::from_millis(500);
/// Most bytes taken from standard input: far more than any context holds.
const MAX_PIPED: u64 = 64 << 20;

/// Standard input, read on a thread of its own so that a pipe nobody writes to blocks nothing.
pub(super) struct Piped {
    whole: Receiver<io::Result<Vec<u8>>>,
    began: Arc<AtomicBool>,
}

impl Piped {
    pub(super) fn start() -> Self {
        let (done, whole) = std::sync::mpsc::channel();
        let began = Arc::new(AtomicBool::new(false));
        let heard = began.clone();
        std::thread::spawn(move || {
            let mut text = Vec::new();
            let mut stdin = io::stdin().lock();
            let first = stdin.by_ref().take(1).read_to_end(&mut text);
            heard.store(true, Ordering::SeqCst);
            let all = first.and_then(|_| stdin.take(MAX_PIPED).read_to_end(&mut text));
            let _ = done.send(all.map(|_| text));
        });
        Piped { whole, began }
    }

    /// Everything that was piped in. Beside a prompt it may be missing: an open pipe on which
    /// nothing has come for [`PATIENCE`] is one that nobody writes to.
    fn text(self, beside_prompt: bool, out: &Out) -> Result<String> {
        let mut got = match beside_prompt {
            true => self.whole.recv_timeout(PATIENCE).ok(),
            false => None,
        };
        if got.is_none() && beside_prompt && !self.began.load(Ordering::SeqCst) {
            out.detail("nothing comes on standard input: going on without it");
            return Ok(String::new());
        }
        if got.is_none() {
            got = self.whole.recv().ok();
        }
        let bytes = got
            .unwrap_or_else(|| Ok(Vec::new()))
            .map_err(|e| disk::Error::io(Path::new("-"), "read", e))?;
        let text = String::from_utf8(bytes).map_err(|e| {
            let at = e.utf8_error().valid_up_to();
            Failure::damaged(format!("standard input: byte {at}: not UTF-8"))
        })?;
        Ok(if text.trim().is_empty() {
            String::new()
        } else {
            text
        })
    }
}

/// What to answer: none where somebody sits at the terminal and will ask.
pub(super) fn question(
    prompt: Option<&str>,
    piped: Option<Piped>,
    raw: bool,
    out: &Out,
) -> Result<Option<String>> {
    let has_stdin = piped.is_some();
    let before = match piped {
        Some(piped) => piped.text(prompt.is_some(), out)?,
        None => String::new(),
    };
    match prompt {
        Some(prompt) if before.is_empty() => Ok(Some(prompt.into())),
        Some(prompt) if raw => Ok(Some(format!("{before}{prompt}"))),
        Some(prompt) => Ok(Some(format!("{}\n\n{prompt}", before.trim_end()))),
        None if !has_stdin => Ok(None),
        None if before.is_empty() && !raw => Err(Failure::usage("nothing was asked")
            .hint("give text with -p, or pipe it in; on a terminal `eu chat MODEL` opens a chat")
            .into()),
        None => Ok(Some(before)),
    }
}
