//! What happened so far, as the dashboard needs it: bounded, whatever the length of the run.

use std::collections::{BTreeMap, VecDeque};

use super::facts::{Line, Outcome, Run, Sample, Score, Stage, Step, stage_line};
use super::history::History;
use crate::event::{Event, LangScore};
use crate::tui::widgets::{clip, clock, grouped, plain, plain_line, short};

/// Most lines of the log kept.
const MAX_LOG: usize = 256;
/// Most continuations kept.
const MAX_SAMPLES: usize = 8;
/// Most cells of a continuation kept.
const MAX_SAMPLE: usize = 4096;
/// Most languages shown, many times those of the table; the file may come from anywhere.
const MAX_LANGS: usize = 512;
/// Most stages shown.
const MAX_STAGES: usize = 64;
/// Most cells of one line of the log.
const MAX_LINE: usize = 512;

/// Everything the dashboard knows.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct State {
    pub(super) run: Option<Run>,
    pub(super) step: Option<Step>,
    pub(super) loss: History,
    pub(super) scores: Vec<Score>,
    pub(super) scored_at: u64,
    pub(super) scored_from: u64,
    pub(super) mean: f64,
    pub(super) start_mean: f64,
    start: BTreeMap<String, f64>,
    pub(super) samples: VecDeque<Sample>,
    pub(super) stages: Vec<Stage>,
    pub(super) log: VecDeque<Line>,
    pub(super) n_warnings: u64,
    outcome: Option<Outcome>,
}

impl State {
    /// Takes note of what happened.
    pub fn update(&mut self, event: &Event) {
        match event {
            Event::StageStarted { stage, total, unit } => self.stage_started(stage, *total, unit),
            Event::StageProgress { stage, done } => {
                if let Some(stage) = self.stage(stage) {
                    stage.done = *done;
                }
            }
            Event::StageDone {
                stage,
                n_in,
                n_out,
                dropped,
                elapsed_ms,
            } => {
                if let Some(stage) = self.stage(stage) {
                    stage.end = Some((*n_in, *n_out, *elapsed_ms));
                }
                self.log(
                    false,
                    &stage_line(stage, *n_in, *n_out, dropped, *elapsed_ms),
                );
            }
            Event::TrainStarted { .. } => self.train_started(event),
            Event::Step {
                step,
                loss,
                lr,
                grad_norm,
                n_tokens,
                tokens_per_s,
                elapsed_ms,
            } => {
                self.made_step(Step {
                    step: *step,
                    loss: *loss,
                    lr: *lr,
                    grad_norm: *grad_norm,
                    n_tokens: *n_tokens,
                    tokens_per_s: *tokens_per_s,
                    elapsed_ms: *elapsed_ms,
                });
            }
            Event::HeldOut {
                step,
                mean_bits_per_byte,
                scores,
            } => {
                self.held_out(*step, *mean_bits_per_byte, scores);
            }
            Event::Sample {
                step,
                lang,
                prompt,
                text,
            } => {
                self.samples.truncate(MAX_SAMPLES - 1);
                self.samples.push_front(Sample {
                    step: *step,
                    lang: clip(&plain_line(lang), MAX_LINE),
                    prompt: clip(&plain(prompt), MAX_SAMPLE),
                    text: clip(&plain(text), MAX_SAMPLE),
                });
            }
            Event::Saved { path, what } => {
                self.log(false, &format!("saved {what} {}", path.display()));
            }
            Event::Note { warning, text } => self.log(*warning, text),
            Event::Ended {
                outcome,
                elapsed_ms,
            } => {
                let outcome = clip(&plain_line(outcome), MAX_LINE);
                self.log(
                    outcome == "failed",
                    &format!("{outcome} after {}", clock(*elapsed_ms)),
                );
                self.outcome = Some(Outcome {
                    outcome,
                    elapsed_ms: *elapsed_ms,
                });
            }
            Event::Piece { .. }
            | Event::Answered { .. }
            | Event::Setting { .. }
            | Event::Session { .. }
            | Event::Loaded { .. } => {}
        }
    }

    /// How the work ended, once it has.
    pub fn outcome(&self) -> Option<&Outcome> {
        self.outcome.as_ref()
    }

    /// Steps made so far.
    pub fn steps(&self) -> u64 {
        self.step.map_or(0, |s| s.step)
    }

    /// Languages of the latest scores with their bits per byte, worst first.
    pub fn scores(&self) -> impl Iterator<Item = (&str, f64)> {
        self.scores.iter().map(|s| (s.lang.as_str(), s.now))
    }

    /// Share of the run that is done.
    pub(super) fn share(&self) -> f64 {
        let n_steps = self.run.as_ref().map_or(0, |r| r.n_steps);
        if n_steps == 0 {
            0.0
        } else {
            self.steps() as f64 / n_steps as f64
        }
    }

    /// Steps made by this process and the milliseconds they took.
    fn pace(&self) -> Option<(u64, u64)> {
        let (run, step) = (self.run.as_ref()?, self.step?);
        let made = step.step.checked_sub(run.first_step)?;
        (made > 0 && step.elapsed_ms > 0).then_some((made, step.elapsed_ms))
    }

    /// Mean tokens per second of this process, evaluations and checkpoints included.
    pub(super) fn mean_tokens_per_s(&self) -> Option<f64> {
        let (made, ms) = self.pace()?;
        let tokens = made as f64 * self.run.as_ref()?.tokens_per_step as f64;
        Some(tokens * 1000.0 / ms as f64)
    }

    /// Milliseconds until the last step, at the mean pace.
    pub(super) fn left_ms(&self) -> Option<u64> {
        let (made, ms) = self.pace()?;
        let left = self.run.as_ref()?.n_steps.saturating_sub(self.steps());
        Some((ms as f64 / made as f64 * left as f64) as u64)
    }

    fn stage(&mut self, name: &str) -> Option<&mut Stage> {
        let name = plain_line(name);
        self.stages.iter_mut().rev().find(|s| s.name == name)
    }

    fn stage_started(&mut self, name: &str, total: Option<u64>, unit: &str) {
        self.outcome = None;
        if self.stages.len() == MAX_STAGES {
            self.stages.remove(0);
        }
        self.stages.push(Stage {
            name: clip(&plain_line(name), MAX_LINE),
            unit: clip(&plain_line(unit), MAX_LINE),
            total,
            ..Stage::default()
        });
    }

    fn train_started(&mut self, event: &Event) {
        let Event::TrainStarted {
            run,
            n_params,
            n_steps,
            first_step,
            tokens_per_step,
            executor,
            n_threads,
            mix,
        } = event
        else {
            return;
        };
        self.outcome = None;
        self.loss.rewind(*first_step);
        if *first_step > 0 {
            self.log(
                false,
                &format!("resumed after step {}", grouped(*first_step)),
            );
        }
        // Steps after the checkpoint were lost with the process that made them.
        self.step = self.step.filter(|s| s.step <= *first_step);
        self.run = Some(Run {
            name: clip(&plain_line(&run.display().to_string()), MAX_LINE),
            n_params: *n_params,
            n_steps: *n_steps,
            first_step: *first_step,
            tokens_per_step: *tokens_per_step,
            executor: clip(&plain_line(executor), MAX_LINE),
            n_threads: *n_threads,
            n_langs: mix.len(),
        });
    }

    fn made_step(&mut self, step: Step) {
        let was_sound = self.step.is_none_or(|s| s.loss.is_finite());
        if was_sound && !step.loss.is_finite() {
            self.log(
                true,
                &format!("loss is not a number at step {}", grouped(step.step)),
            );
        }
        self.loss.push(step.step, step.loss);
        self.step = Some(step);
    }

    fn held_out(&mut self, step: u64, mean: f64, scores: &[LangScore]) {
        if self.start.is_empty() {
            self.start_mean = mean;
            self.scored_from = step;
        }
        self.mean = mean;
        self.scored_at = step;
        self.scores.clear();
        for score in scores.iter().take(MAX_LANGS) {
            let lang = clip(&plain_line(&score.lang), MAX_LINE);
            if !self.start.contains_key(&lang) && self.start.len() < MAX_LANGS {
                self.start.insert(lang.clone(), score.bits_per_byte);
            }
            let start = self
                .start
                .get(&lang)
                .copied()
                .unwrap_or(score.bits_per_byte);
            self.scores.push(Score {
                lang,
                now: score.bits_per_byte,
                start,
            });
        }
        self.scores
            .sort_by(|a, b| b.now.total_cmp(&a.now).then_with(|| a.lang.cmp(&b.lang)));
        let worst = self
            .scores
            .first()
            .map(|s| format!(", worst {} {}", s.lang, short(s.now)));
        let line = format!(
            "step {}: bits per byte {}{}",
            grouped(step),
            short(mean),
            worst.unwrap_or_default()
        );
        self.log(false, &line);
    }

    fn log(&mut self, warning: bool, text: &str) {
        self.n_warnings += u64::from(warning);
        if self.log.len() == MAX_LOG {
            self.log.pop_front();
        }
        self.log.push_back(Line {
            warning,
            text: clip(&plain_line(text), MAX_LINE),
        });
    }
}

#[cfg(test)]
pub(in crate::tui) mod tests {
    use super::*;
    use crate::lang::Lang;

    /// A run announced, in all languages of the table.
    pub(in crate::tui) fn started() -> Event {
        let share = 1.0 / Lang::all().len() as f64;
        Event::TrainStarted {
            run: "runs/tiny".into(),
            n_params: 3_412_480,
            n_steps: 1000,
            first_step: 0,
            tokens_per_step: 4096,
            executor: "cpu".into(),
            n_threads: 2,
            mix: Lang::all()
                .iter()
                .map(|l| (l.code.clone(), share))
                .collect(),
        }
    }

    /// A step whose loss falls as losses do.
    pub(in crate::tui) fn step(step: u64) -> Event {
        let ripple = (step as f64 * 0.7).sin() * 0.1;
        Event::Step {
            step,
            loss: 2.5 + 7.9 / (1.0 + step as f64 / 40.0) + ripple,
            lr: 2e-3,
            grad_norm: 0.81,
            n_tokens: step * 4096,
            tokens_per_s: 11_900.0,
            elapsed_ms: step * 350,
        }
    }

    /// Scores of every language of the table, `better` bits below the start.
    pub(in crate::tui) fn held_out(at: u64, better: f64) -> Event {
        let row = |(i, lang): (usize, &Lang)| LangScore {
            lang: lang.code.clone(),
            bits_per_byte: 4.0 - better - 0.03 * i as f64,
            n_bytes: 1000,
            n_tokens: 300,
        };
        Event::HeldOut {
            step: at,
            mean_bits_per_byte: 3.43 - better,
            scores: Lang::all().iter().enumerate().map(row).collect(),
        }
    }

    #[test]
    fn memory_stays_flat_after_a_million_steps_and_a_flood_of_everything_else() {
        let mut state = State::default();
        state.update(&started());
        for n in 1..=1_000_000 {
            state.update(&step(n));
        }
        for n in 0..1000u64 {
            state.update(&Event::Note {
                warning: true,
                text: "x".repeat(2000),
            });
            state.update(&Event::StageStarted {
                stage: n.to_string(),
                total: None,
                unit: "".into(),
            });
            let (lang, prompt) = ("deu_Latn".into(), "p".into());
            state.update(&Event::Sample {
                step: n,
                lang,
                prompt,
                text: "y".repeat(9000),
            });
            let lang = format!("x{n}");
            let scores = vec![
                LangScore {
                    lang,
                    bits_per_byte: 1.0,
                    n_bytes: 1,
                    n_tokens: 1
                };
                600
            ];
            if n < 600 {
                state.update(&Event::HeldOut {
                    step: n,
                    mean_bits_per_byte: 1.0,
                    scores,
                });
            }
        }
        assert!(state.loss.len() <= 1024);
        let lens = [
            state.log.len(),
            state.samples.len(),
            state.stages.len(),
            state.start.len(),
        ];
        assert_eq!(lens, [MAX_LOG, MAX_SAMPLES, MAX_STAGES, MAX_LANGS]);
        assert_eq!(state.scores.len(), MAX_LANGS);
        assert!(state.log.iter().all(|l| l.text.len() < MAX_LINE + 4));
        assert_eq!(state.n_warnings, 1000, "what is forgotten is still counted");
    }

    #[test]
    fn worst_comes_first_and_change_is_since_the_start() {
        let mut state = State::default();
        state.update(&held_out(0, 0.0));
        state.update(&held_out(100, 1.5));
        let langs: Vec<&str> = state.scores().map(|(lang, _)| lang).collect();
        let table: Vec<&str> = Lang::all().iter().map(|l| l.code.as_str()).collect();
        assert_eq!(langs, table);
        assert!(
            state
                .scores
                .iter()
                .all(|s| (s.start - s.now - 1.5).abs() < 1e-12)
        );
    }

    #[test]
    fn time_left_and_mean_pace_count_only_this_process() {
        let mut state = State::default();
        let mut announced = started();
        if let Event::TrainStarted { first_step, .. } = &mut announced {
            *first_step = 500;
        }
        state.update(&step(600));
        state.update(&announced);
        assert_eq!(state.steps(), 0, "steps past the checkpoint were lost");
        let Event::Step {
            step,
            loss,
            lr,
            grad_norm,
            n_tokens,
            tokens_per_s,
            ..
        } = step(600)
        else {
            unreachable!()
        };
        let elapsed_ms = 10_000;
        state.update(&Event::Step {
            step,
            loss,
            lr,
            grad_norm,
            n_tokens,
            tokens_per_s,
            elapsed_ms,
        });
        assert_eq!(state.left_ms(), Some(40_000));
        assert_eq!(state.mean_tokens_per_s(), Some(40_960.0));
    }

    #[test]
    fn a_loss_that_is_no_number_is_warned_of_once() {
        let mut state = State::default();
        for n in 1..=3 {
            let Event::Step {
                lr,
                grad_norm,
                n_tokens,
                tokens_per_s,
                elapsed_ms,
                ..
            } = step(n)
            else {
                unreachable!()
            };
            let (step, loss) = (n, f64::NAN);
            state.update(&Event::Step {
                step,
                loss,
                lr,
                grad_norm,
                n_tokens,
                tokens_per_s,
                elapsed_ms,
            });
        }
        assert_eq!(state.n_warnings, 1);
        assert!(state.loss.is_empty());
    }
}
