//! The dashboard as it looks: a person reads these pictures before they change.

use ratatui::buffer::Buffer;
use ratatui::style::Color;

use super::state::tests::{held_out, started, step};
use super::{Look, Pane, State, view};
use crate::event::Event;
use crate::lang::Lang;
use crate::tui::{picture, theme};

fn state(events: impl IntoIterator<Item = Event>) -> State {
    let mut state = State::default();
    events.into_iter().for_each(|event| state.update(&event));
    state
}

fn middle() -> Vec<Event> {
    let mut events = vec![started(), held_out(0, 0.0)];
    events.extend((1..=400).map(step));
    events.push(held_out(400, 1.25));
    for code in ["kat_Geor", "deu_Latn"] {
        events.push(Event::Sample {
            step: 400,
            lang: code.into(),
            prompt: "Alle Menschen sind ".into(),
            text: "frei und gleich an Würde und Rechten geboren".into(),
        });
    }
    let path = "runs/tiny/checkpoints/step-00000400".into();
    events.push(Event::Saved {
        path,
        what: "checkpoint".into(),
    });
    events.push(Event::Note {
        warning: true,
        text: "mlt_Latn is repeated 4 times".into(),
    });
    events
}

fn ended() -> Vec<Event> {
    let end = Event::Ended {
        outcome: "done".into(),
        elapsed_ms: 351_000,
    };
    middle()
        .into_iter()
        .chain((401..=1000).map(step))
        .chain([held_out(1000, 1.5), end])
        .collect()
}

fn prepared() -> Vec<Event> {
    let total = Some(12_000);
    let unit = || "records".to_owned();
    let dropped = [("exact".to_owned(), 60), ("near".to_owned(), 40)].into();
    let (n_in, n_out, elapsed_ms) = (12_000, 11_900, 4321);
    vec![
        Event::StageStarted {
            stage: "dedup".into(),
            total,
            unit: unit(),
        },
        Event::StageDone {
            stage: "dedup".into(),
            n_in,
            n_out,
            dropped,
            elapsed_ms,
        },
        Event::StageStarted {
            stage: "tokenize".into(),
            total,
            unit: unit(),
        },
        Event::StageProgress {
            stage: "tokenize".into(),
            done: 3000,
        },
    ]
}

fn draw(state: &State, look: &Look, width: u16, height: u16) -> Buffer {
    picture::buffer(width, height, |frame| view(state, look, frame))
}

fn screen(events: Vec<Event>, width: u16, height: u16) -> String {
    picture::text(&draw(&state(events), &Look::default(), width, height))
}

#[test]
fn training_begins() {
    insta::assert_snapshot!(screen(vec![started(), held_out(0, 0.0)], 80, 24), @r"
    eu  runs/tiny  3.41M parameters, 39 languages, cpu on 2 threads
    step 0 of 1 000 ─────────────────────────────────────────────────────   0%  0:00
    waiting for the first step
    ┌ > loss, nats per token ──────────────────┐┌ bits per byte, step 0 ───────────┐
    │no step yet                               ││mean 3.430 +0.000 since step 0    │
    │                                          ││bul_Cyrl  4.000 +0.000 ███████████│
    │                                          ││ces_Latn  3.970 +0.000 ██████████▉│
    │                                          ││dan_Latn  3.940 +0.000 ██████████▉│
    │                                          ││deu_Latn  3.910 +0.000 ██████████▊│
    │                                          ││ell_Grek  3.880 +0.000 ██████████▋│
    │                                          ││eng_Latn  3.850 +0.000 ██████████▋│
    └──────────────────────────────────────────┘│ekk_Latn  3.820 +0.000 ██████████▌│
    ┌ text ────────────────────────────────────┐│fin_Latn  3.790 +0.000 ██████████▍│
    │nothing written yet                       ││fra_Latn  3.760 +0.000 ██████████▍│
    │                                          ││gle_Latn  3.730 +0.000 ██████████▎│
    │                                          ││hrv_Latn  3.700 +0.000 ██████████▏│
    │                                          ││hun_Latn  3.670 +0.000 ██████████▏│
    └──────────────────────────────────────────┘│ita_Latn  3.640 +0.000 ██████████ │
    ┌ log ─────────────────────────────────────┐│lit_Latn  3.610 +0.000 █████████▉ │
    │  step 0: bits per byte 3.430, worst      ││lvs_Latn  3.580 +0.000 █████████▉ │
    │  bul_Cyrl 4.000                          ││mlt_Latn  3.550 +0.000 █████████▊ │
    │                                          ││nld_Latn  3.520 +0.000 █████████▋ │
    └──────────────────────────────────────────┘└───────── worst first, 1-17 of 39 ┘
    q stop   ? keys   c checkpoint   Tab pane
    ");
}

#[test]
fn training_is_under_way_in_39_languages() {
    insta::assert_snapshot!(screen(middle(), 80, 24), @r"
    eu  runs/tiny  3.41M parameters, 39 languages, cpu on 2 threads
    step 400 of 1 000 ████████████████────────────────────────  40%  2:20, 3:30 left
    loss 3.179   11.9k tokens/s (mean 11.7k)   gradient 0.810   rate 2.0e-3
    ┌ > loss, nats per token ──────────────────┐┌ bits per byte, step 400 ─────────┐
    │10.27 ⢣                                   ││mean 2.180 -1.250 since step 0    │
    │      ⠘⡆                                  ││bul_Cyrl  2.750 -1.250 ███████▋░░░│
    │       ⠙⡆                                 ││ces_Latn  2.720 -1.250 ███████▌░░░│
    │        ⠉⢦⡀                               ││dan_Latn  2.690 -1.250 ███████▍░░░│
    │          ⠙⠦⣄⣀                            ││deu_Latn  2.660 -1.250 ███████▍░░░│
    │             ⠉⠙⠲⠶⢤⣄⣀⣀⣀                    ││ell_Grek  2.630 -1.250 ███████▎░░░│
    │3.132               ⠉⠉⠉⠛⠛⠛⠒⠒⠖⠶⠶⠶⠴⠤⠤⢤⡤⣤⣤⣤⣤⣤││eng_Latn  2.600 -1.250 ███████▏░░░│
    └────────────────────────── steps 1 to 400 ┘│ekk_Latn  2.570 -1.250 ███████▏░░░│
    ┌ text ────────────────────────────────────┐│fin_Latn  2.540 -1.250 ███████░░░░│
    │deu_Latn, step 400                        ││fra_Latn  2.510 -1.250 ██████▉░░░░│
    │Alle Menschen sind frei und gleich an     ││gle_Latn  2.480 -1.250 ██████▉░░░░│
    │Würde und Rechten geboren                 ││hrv_Latn  2.450 -1.250 ██████▊░░░░│
    │kat_Geor, step 400                        ││hun_Latn  2.420 -1.250 ██████▋░░░░│
    └──────────────────────────────────────────┘│ita_Latn  2.390 -1.250 ██████▋░░░ │
    ┌ log ─────────────────────────────────────┐│lit_Latn  2.360 -1.250 ██████▌░░░ │
    │  saved checkpoint                        ││lvs_Latn  2.330 -1.250 ██████▍░░░ │
    │  runs/tiny/checkpoints/step-00000400     ││mlt_Latn  2.300 -1.250 ██████▍░░░ │
    │! mlt_Latn is repeated 4 times            ││nld_Latn  2.270 -1.250 ██████▎░░░ │
    └──────────────────────────────────────────┘└───────── worst first, 1-17 of 39 ┘
    q stop   ? keys   c checkpoint   Tab pane                            ! 1 warning
    ");
}

#[test]
fn training_fits_a_small_terminal() {
    insta::assert_snapshot!(screen(middle(), 40, 10), @r"
    step 400 of 1 000   40%  2:20, 3:30 left
    loss 3.179   11.9k tokens/s (mean 11.7k)
    [loss] languages  text  log
    10.27 ⢣
          ⠈⣇
           ⠈⢦
             ⠙⠦⣀
               ⠈⠙⠓⠶⢤⣄⣀⣀⡀
    3.132            ⠈⠉⠉⠙⠛⠛⠒⠒⠲⠶⠶⠶⠦⠤⠤⠤⣤⢤⣤⣤⣤⣤⣤
    q stop   ? keys   Tab pane   ! 1 warning
    ");
    let look = Look {
        pane: Pane::Languages,
        offset: 39,
        ..Look::default()
    };
    insta::assert_snapshot!(picture::text(&draw(&state(middle()), &look, 40, 10)), @r"
    step 400 of 1 000   40%  2:20, 3:30 left
    loss 3.179   11.9k tokens/s (mean 11.7k)
     loss [languages] text  log
    mean 2.180 -1.250 since step 0
    tur_Latn  1.730 -1.250 ███████▍░░░░░
    ukr_Cyrl  1.700 -1.250 ███████▎░░░░░
    nob_Latn  1.670 -1.250 ███████▏░░░░░
    nno_Latn  1.640 -1.250 ███████░░░░░░
    cym_Latn  1.610 -1.250 ██████▉░░░░░░
    q stop   ? keys   Tab pane   ! 1 warning
    ");
}

#[test]
fn training_has_ended() {
    insta::assert_snapshot!(screen(ended(), 40, 10), @r"
    step 1 000 of 1 000 █████████ 100%  5:50
    loss 2.858   11.9k tokens/s (mean 11.7k)
    [loss] languages  text  log
    10.27 ⡇
          ⢹
          ⠈⣆
           ⠘⣆
            ⠈⠓⢦⣄⣀⡀
    2.706       ⠉⠉⠙⠛⠓⠒⠶⠶⠶⠶⠶⠤⠤⠤⠤⢤⣤⣤⣤⣤⣤⣤⣤⣤⣤⣤⣤⣤
    done after 5:51   q leave    ! 1 warning
    ");
    let last = screen(ended(), 80, 24);
    assert!(last.trim_end().ends_with("! 1 warning"), "{last}");
    assert!(last.contains("done after 5:51   q leave"), "{last}");
}

#[test]
fn stages_are_shown_while_nothing_trains() {
    insta::assert_snapshot!(screen(prepared(), 80, 18), @r"
    eu
    > tokenize     ██████████────────────────────────────── 3 000 of 12 000 records

    ┌ > stages ────────────────────────────────────────────────────────────────────┐
    │✓ dedup        11 900 records, 100 dropped, 0:04                              │
    │> tokenize     █████████▊───────────────────────────── 3 000 of 12 000 records│
    │                                                                              │
    └──────────────────────────────────────────────────────────────────────────────┘
    ┌ log ─────────────────────────────────────────────────────────────────────────┐
    │  dedup: 12 000 in, 11 900 out, 100 dropped (exact 60, near 40), 0:04         │
    │                                                                              │
    │                                                                              │
    │                                                                              │
    │                                                                              │
    │                                                                              │
    │                                                                              │
    └──────────────────────────────────────────────────────────────────────────────┘
    q stop   ? keys   Tab pane
    ");
}

#[test]
fn without_colour_the_letters_stay_and_the_colours_go() {
    let with = draw(&state(middle()), &Look::default(), 80, 24);
    assert!(with.content.iter().any(|cell| cell.fg != Color::Reset));
    let mut without = with.clone();
    theme::strip(&mut without);
    assert!(
        without
            .content
            .iter()
            .all(|c| c.fg == Color::Reset && c.bg == Color::Reset)
    );
    assert_eq!(picture::text(&without), picture::text(&with));
    let changes = picture::text(&without);
    assert!(
        changes.contains("-1.250"),
        "the change is told by its sign:\n{changes}"
    );
}

#[test]
fn every_language_has_its_row() {
    let tall = screen(middle(), 120, 60);
    for lang in Lang::all() {
        assert!(tall.contains(&lang.code), "{}", lang.code);
    }
}

#[test]
fn every_pane_is_drawn_at_any_size_and_twice_the_same() {
    for events in [vec![], vec![started()], middle(), ended(), prepared()] {
        let state = state(events);
        for pane in Pane::ALL {
            for n in 0..4 {
                let (zoom, help) = (n % 2 == 1, n > 1);
                let look = Look {
                    pane,
                    zoom,
                    help,
                    offset: 7,
                    ..Look::default()
                };
                for (width, height) in [
                    (0, 0),
                    (1, 1),
                    (2, 30),
                    (30, 2),
                    (9, 3),
                    (40, 10),
                    (71, 17),
                    (72, 18),
                    (200, 60),
                ] {
                    let first = draw(&state, &look, width, height);
                    assert_eq!(first, draw(&state, &look, width, height));
                }
            }
        }
    }
}

#[test]
fn hostile_words_in_events_never_reach_the_terminal() {
    let bad = || "\x1b[2J\x07\u{9b}31m\u{202e}\r\nx".to_owned();
    let Event::TrainStarted {
        n_params,
        n_steps,
        first_step,
        tokens_per_step,
        n_threads,
        mix,
        ..
    } = started()
    else {
        unreachable!()
    };
    let (run, executor) = (bad().into(), bad());
    let mut scores = match held_out(1, 0.0) {
        Event::HeldOut { scores, .. } => scores,
        _ => unreachable!(),
    };
    scores.iter_mut().for_each(|s| s.lang = bad());
    let events = vec![
        Event::StageStarted {
            stage: bad(),
            total: Some(1),
            unit: bad(),
        },
        Event::StageProgress {
            stage: bad(),
            done: 1,
        },
        Event::StageDone {
            stage: bad(),
            n_in: 1,
            n_out: 0,
            dropped: [(bad(), 1)].into(),
            elapsed_ms: 1,
        },
        Event::TrainStarted {
            run,
            n_params,
            n_steps,
            first_step,
            tokens_per_step,
            executor,
            n_threads,
            mix,
        },
        Event::HeldOut {
            step: 1,
            mean_bits_per_byte: f64::NAN,
            scores,
        },
        Event::Sample {
            step: 1,
            lang: bad(),
            prompt: bad(),
            text: bad(),
        },
        Event::Saved {
            path: bad().into(),
            what: bad(),
        },
        Event::Note {
            warning: true,
            text: bad(),
        },
        Event::Ended {
            outcome: bad(),
            elapsed_ms: u64::MAX,
        },
    ];
    let state = state(events);
    for pane in Pane::ALL {
        let look = Look {
            pane,
            zoom: true,
            ..Look::default()
        };
        for cell in draw(&state, &look, 80, 24).content {
            let harmless = |c: char| !c.is_control() && !('\u{202a}'..='\u{202e}').contains(&c);
            assert!(
                cell.symbol().chars().all(harmless),
                "{pane:?} {:?}",
                cell.symbol()
            );
        }
    }
}
