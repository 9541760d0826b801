//! Listeners: the same events as NDJSON, plain lines, a moving bar, a file, or a screen.

use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use super::out::{self, Out, clean};
use crate::event::{Event, Sink};
use crate::lang::Lang;

/// Between two plain lines about the same progress.
const LINE_EVERY: Duration = Duration::from_secs(3);

/// What a command listens with: NDJSON with `--json` (and nothing more with `-q`), a bar on a
/// terminal, lines elsewhere; the log file hears everything.
pub fn for_command(out: &Arc<Out>) -> Box<dyn Sink> {
    match (out.is_json(), out.is_quiet()) {
        (true, false) => Box::new(Tee(vec![
            Box::new(Json(out.clone())),
            Box::new(Lines::to_log(out)),
        ])),
        (_, true) => Box::new(Lines::to_log(out)),
        (false, false) if out.may_draw_bars() => Box::new(Bars::new(out)),
        (false, false) => Box::new(Lines::new(out)),
    }
}

/// As [`for_command`], for commands whose result is one object: with `--json` no events.
pub fn quiet_with_json(out: &Arc<Out>) -> Box<dyn Sink> {
    match out.is_json() {
        true => Box::new(Lines::to_log(out)),
        false => for_command(out),
    }
}

/// Tells several listeners.
pub struct Tee(pub Vec<Box<dyn Sink>>);

impl Sink for Tee {
    fn emit(&self, event: Event) {
        for sink in &self.0 {
            sink.emit(event.clone());
        }
    }
}

/// One object of schema `event/1` a line on standard output.
pub struct Json(pub Arc<Out>);

impl Sink for Json {
    fn emit(&self, event: Event) {
        // A reader that went away is found by the command itself when it prints its result.
        let _ = self.0.object("event/1", &event);
    }
}

/// One plain line an event on standard error, progress every few seconds.
pub struct Lines {
    out: Arc<Out>,
    only_log: bool,
    progress: Mutex<Progress>,
}

#[derive(Default)]
struct Progress {
    last: Option<Instant>,
    n_steps: u64,
    total: Option<u64>,
    unit: String,
}

impl Lines {
    /// Lines on standard error (and in the log file).
    pub fn new(out: &Arc<Out>) -> Self {
        Lines {
            out: out.clone(),
            only_log: false,
            progress: Mutex::default(),
        }
    }

    /// Lines in the log file only; warnings are still said.
    pub fn to_log(out: &Arc<Out>) -> Self {
        Lines {
            only_log: true,
            ..Lines::new(out)
        }
    }
}

impl Sink for Lines {
    fn emit(&self, event: Event) {
        let Ok(mut progress) = self.progress.lock() else {
            return;
        };
        if !progress.is_due(&event) {
            return;
        }
        let Some(line) = describe(&event, &progress) else {
            return;
        };
        match &event {
            Event::Note { warning: true, .. } => self.out.warn(&line),
            _ if self.only_log => self.out.log(&line),
            _ => self.out.say(&line),
        }
    }
}

impl Progress {
    /// Notes what later lines need; false for progress that was told a moment ago.
    fn is_due(&mut self, event: &Event) -> bool {
        match event {
            Event::TrainStarted { n_steps, .. } => self.n_steps = *n_steps,
            Event::StageStarted { total, unit, .. } => {
                self.total = *total;
                self.unit.clone_from(unit);
            }
            Event::Step { step, .. } if *step < self.n_steps => return self.waited(),
            Event::StageProgress { .. } => return self.waited(),
            _ => {}
        }
        true
    }

    fn waited(&mut self) -> bool {
        let due = self.last.is_none_or(|last| last.elapsed() >= LINE_EVERY);
        if due {
            self.last = Some(Instant::now());
        }
        due
    }
}

/// An event in one line of plain words; none for those that are not news by themselves.
fn describe(event: &Event, progress: &Progress) -> Option<String> {
    Some(match event {
        Event::StageStarted { stage, total, unit } => match total {
            Some(total) => format!("{stage}: {} {unit}", out::count(*total)),
            None => format!("{stage}: started"),
        },
        Event::StageProgress { stage, done } => {
            let (done, unit) = (out::count(*done), &progress.unit);
            match progress.total {
                Some(total) => format!("{stage}: {done} of {} {unit}", out::count(total)),
                None => format!("{stage}: {done} {unit}"),
            }
        }
        Event::StageDone {
            stage,
            n_in,
            n_out,
            dropped,
            elapsed_ms,
        } => {
            let reasons: Vec<String> = dropped
                .iter()
                .map(|(reason, n)| format!("{reason} {}", out::count(*n)))
                .collect();
            let reasons = match reasons.is_empty() {
                true => String::new(),
                false => format!(" (dropped: {})", reasons.join(", ")),
            };
            format!(
                "{stage}: {} in, {} out{reasons}, {}",
                out::count(*n_in),
                out::count(*n_out),
                out::span(*elapsed_ms)
            )
        }
        Event::TrainStarted {
            run,
            n_params,
            n_steps,
            first_step,
            tokens_per_step,
            executor,
            n_threads,
            mix,
        } => {
            let from = match first_step {
                0 => String::new(),
                step => format!(" from step {step}"),
            };
            format!(
                "training {}: {} parameters, {} languages, {n_steps} steps of {tokens_per_step} \
                 tokens{from}, {executor} on {n_threads} threads",
                run.display(),
                out::count(*n_params),
                mix.len()
            )
        }
        Event::Step {
            step,
            loss,
            lr,
            grad_norm,
            tokens_per_s,
            elapsed_ms,
            ..
        } => format!(
            "step {step}/{}  loss {loss:.4}  lr {lr:.2e}  grad {grad_norm:.2}  \
             {tokens_per_s:.0} tokens/s  {}",
            progress.n_steps,
            out::span(*elapsed_ms)
        ),
        Event::HeldOut {
            step,
            mean_bits_per_byte,
            scores,
        } => {
            let worst = scores.first().map_or(String::new(), |worst| {
                format!(", worst {} {:.3}", short(&worst.lang), worst.bits_per_byte)
            });
            format!("held-out text at step {step}: {mean_bits_per_byte:.3} bits per byte{worst}")
        }
        Event::Sample {
            step, prompt, text, ..
        } => format!("sample at step {step}: {prompt}{text}"),
        Event::Saved { path, what } => format!("saved {what} {}", path.display()),
        Event::Note { text, .. } => text.clone(),
        Event::Ended {
            outcome,
            elapsed_ms,
        } => format!("{outcome} after {}", out::span(*elapsed_ms)),
        Event::Piece { .. }
        | Event::Answered { .. }
        | Event::Setting { .. }
        | Event::Session { .. }
        | Event::Loaded { .. } => return None,
    })
}

/// The code a person types for a language, where it is one we know.
pub(super) fn short(code: &str) -> String {
    Lang::find(code).map_or_else(|| clean(code), Lang::short)
}

/// A moving bar on standard error for the stage in hand; everything else as lines above it.
pub struct Bars {
    out: Arc<Out>,
    state: Mutex<(Option<ProgressBar>, Progress)>,
}

impl Bars {
    /// Bars on standard error, which is a terminal.
    pub fn new(out: &Arc<Out>) -> Self {
        Bars {
            out: out.clone(),
            state: Mutex::default(),
        }
    }
}

impl Sink for Bars {
    fn emit(&self, event: Event) {
        let Ok(mut state) = self.state.lock() else {
            return;
        };
        let (bar, progress) = &mut *state;
        progress.is_due(&event);
        match &event {
            Event::StageStarted { stage, total, unit } => {
                *bar = Some(new_bar(&clean(stage), *total, &clean(unit)));
                return;
            }
            Event::StageProgress { done, .. } => {
                if let Some(bar) = bar {
                    bar.set_position(*done);
                }
                return;
            }
            Event::TrainStarted {
                n_steps,
                first_step,
                ..
            } => {
                let new = new_bar("train", Some(*n_steps), "steps");
                new.set_position(*first_step);
                *bar = Some(new);
            }
            Event::Step {
                step,
                loss,
                tokens_per_s,
                ..
            } => {
                if let Some(bar) = bar {
                    bar.set_message(format!("loss {loss:.3}  {tokens_per_s:.0} tokens/s"));
                    bar.set_position(*step);
                }
                return;
            }
            Event::StageDone { .. } | Event::Ended { .. } => {
                if let Some(bar) = bar.take() {
                    bar.finish_and_clear();
                }
            }
            _ => {}
        }
        let Some(line) = describe(&event, progress) else {
            return;
        };
        let say = || match &event {
            Event::Note { warning: true, .. } => self.out.warn(&line),
            _ => self.out.say(&line),
        };
        match bar {
            Some(bar) => bar.suspend(say),
            None => say(),
        }
    }
}

fn new_bar(name: &str, total: Option<u64>, unit: &str) -> ProgressBar {
    let template = match total {
        Some(_) => "{prefix:10} {wide_bar} {human_pos}/{human_len} {msg} {eta}",
        None => "{prefix:10} {spinner} {human_pos} {msg}",
    };
    let bar = total.map_or_else(ProgressBar::new_spinner, ProgressBar::new);
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.progress_chars("=> "));
    }
    bar.set_prefix(name.to_string());
    bar.set_message(unit.to_string());
    bar
}

/// Hands events to a screen on another thread; a screen that was closed hears no more.
pub struct Screen(pub Sender<Event>);

impl Sink for Screen {
    fn emit(&self, event: Event) {
        let _ = self.0.send(event);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::LangScore;

    fn started(run: &std::path::Path) -> Event {
        Event::TrainStarted {
            run: run.into(),
            n_params: 1_234_567,
            n_steps: 100,
            first_step: 0,
            tokens_per_step: 4096,
            executor: "cpu".into(),
            n_threads: 2,
            mix: vec![("mlt_Latn".into(), 1.0)],
        }
    }

    #[test]
    fn each_event_is_one_line_or_none() {
        let progress = Progress {
            n_steps: 100,
            ..Progress::default()
        };
        let step = Event::Step {
            step: 7,
            loss: 3.25,
            lr: 2e-3,
            grad_norm: 1.0,
            n_tokens: 28_672,
            tokens_per_s: 5000.0,
            elapsed_ms: 61_000,
        };
        assert_eq!(
            describe(&step, &progress).unwrap(),
            "step 7/100  loss 3.2500  lr 2.00e-3  grad 1.00  5000 tokens/s  1 min 01 s"
        );
        let held_out = Event::HeldOut {
            step: 7,
            mean_bits_per_byte: 2.0,
            scores: vec![LangScore {
                lang: "kat_Geor".into(),
                bits_per_byte: 2.5,
                n_bytes: 9,
                n_tokens: 3,
            }],
        };
        assert_eq!(
            describe(&held_out, &progress).unwrap(),
            "held-out text at step 7: 2.000 bits per byte, worst ka 2.500"
        );
        let done = Event::StageDone {
            stage: "filter".into(),
            n_in: 1500,
            n_out: 1400,
            dropped: [("word_length".to_string(), 100)].into(),
            elapsed_ms: 1500,
        };
        assert_eq!(
            describe(&done, &progress).unwrap(),
            "filter: 1 500 in, 1 400 out (dropped: word_length 100), 1.5 s"
        );
        assert!(
            describe(&started("r".as_ref()), &progress)
                .unwrap()
                .starts_with("training r: 1 234 567 parameters, 1 languages, 100 steps")
        );
        let piece = Event::Piece {
            text: "a".into(),
            token: 1,
            logprob: 0.0,
            top: Vec::new(),
        };
        assert_eq!(describe(&piece, &progress), None);
    }

    #[test]
    fn progress_is_told_once_in_a_while_and_the_last_step_always() {
        let mut progress = Progress::default();
        progress.is_due(&started("r".as_ref()));
        let step = |step| Event::Step {
            step,
            loss: 1.0,
            lr: 1.0,
            grad_norm: 1.0,
            n_tokens: 1,
            tokens_per_s: 1.0,
            elapsed_ms: 1,
        };
        assert!(progress.is_due(&step(1)));
        assert!(!progress.is_due(&step(2)));
        assert!(progress.is_due(&step(100)));
    }
}
