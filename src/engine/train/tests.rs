//! Whole runs on a small prepared folder.

use std::path::Path;
use std::sync::Mutex;

use super::*;
use crate::disk;
use crate::engine::model::Layout;
use crate::engine::ops::Precision;
use crate::engine::{Error, folder, load};
use crate::event::{Control, Event, Silent};
use crate::fault::{Fault, Kind};
use crate::ledger::Manifest;

fn plan(folder: &Path, run: &str, steps: u64) -> Plan {
    Plan {
        data: folder.join("data"),
        output: folder.join(run),
        d_model: 32,
        n_layers: 2,
        n_heads: 4,
        n_kv_heads: 2,
        d_ff: 48,
        context: 16,
        batch: 4,
        micro_batch: 2,
        lr: 1e-2,
        steps: Some(steps),
        threads: 1,
        ..Plan::default()
    }
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fixture::prepared(&folder.path().join("data"));
    folder
}

/// Runs until `stop` steps are made, as a person who presses Ctrl-C then.
fn run_until(plan: &Plan, stop: u64) -> Error {
    let control = Control::default();
    let sink = |event: Event| {
        if matches!(event, Event::Step { step, .. } if step == stop) {
            control.request_stop();
        }
    };
    run(plan, &control, &sink).unwrap_err()
}

/// Weights and both moments of a checkpoint, byte for byte.
fn bytes_of(run: &Path, step: u64) -> [Vec<u8>; 3] {
    let at = run.join(format!("checkpoints/step-{step:08}"));
    [
        "model.safetensors",
        "state/m.safetensors",
        "state/v.safetensors",
    ]
    .map(|name| std::fs::read(at.join(name)).unwrap())
}

fn go_on(plan: &Plan) -> Plan {
    Plan {
        data: plan.data.clone(),
        output: plan.output.clone(),
        resume: true,
        ..Plan::default()
    }
}

#[test]
fn a_run_stopped_half_way_and_resumed_ends_in_the_same_bytes() {
    let folder = folder();
    let whole = plan(folder.path(), "whole", 12);
    run(&whole, &Control::default(), &Silent).unwrap();
    let halves = plan(folder.path(), "halves", 12);
    let error = run_until(&halves, 6);
    assert_eq!(error.kind(), Kind::Interrupted);
    assert_eq!(error.to_string(), "stopped after step 6 of 12");
    assert!(
        error.hint().unwrap().contains("eu train --resume -o"),
        "{:?}",
        error.hint()
    );
    assert!(
        load::resolve(&halves.output)
            .unwrap()
            .ends_with("step-00000006")
    );
    let report = run(&go_on(&halves), &Control::default(), &Silent).unwrap();
    assert_eq!(report.steps, 12);
    assert_eq!(
        report.before.unwrap().step,
        0,
        "the first scores are remembered"
    );
    assert_eq!(bytes_of(&whole.output, 12), bytes_of(&halves.output, 12));
    let model = |run: &Plan| std::fs::read(run.output.join("model/model.safetensors")).unwrap();
    assert_eq!(model(&whole), model(&halves));
}

#[test]
fn one_thread_and_two_give_the_same_bytes() {
    let folder = folder();
    let [one, two] = [1, 2].map(|threads| {
        let plan = Plan {
            threads,
            ..plan(folder.path(), &threads.to_string(), 5)
        };
        run(&plan, &Control::default(), &Silent).unwrap();
        bytes_of(&plan.output, 5)
    });
    assert_eq!(one, two);
}

#[test]
fn muon_learns_in_both_precisions_and_keeps_no_second_moments_of_its_matrices() {
    let folder = folder();
    for precision in [Precision::Bf16, Precision::F32] {
        let plan = Plan {
            optimizer: Optimizer::Muon,
            precision,
            ..plan(folder.path(), precision.name(), 40)
        };
        let report = run(&plan, &Control::default(), &Silent).unwrap();
        let (before, after) = (report.before.unwrap(), report.after.unwrap());
        assert!(
            after.mean_bits_per_byte < 0.6 * before.mean_bits_per_byte,
            "{before:?} {after:?}"
        );
        let at = plan.output.join("checkpoints/step-00000040");
        let config = load::load(&plan.output).unwrap().model.config;
        let layout = Layout::new(&config);
        let [m, v] = ["m", "v"].map(|name| {
            let path = at.join(format!("state/{name}.safetensors"));
            folder::read_weights(&path, &layout).unwrap()
        });
        for (range, _) in layout.matrices() {
            assert!(m[range.clone()].iter().any(|&m| m != 0.0));
            assert!(v[range].iter().all(|&v| v == 0.0));
        }
        assert!(v[layout.embed()].iter().any(|&v| v != 0.0));
    }
}

#[test]
fn a_run_by_muon_resumed_on_two_threads_ends_in_the_same_bytes() {
    let folder = folder();
    let whole = Plan {
        optimizer: Optimizer::Muon,
        ..plan(folder.path(), "whole", 8)
    };
    run(&whole, &Control::default(), &Silent).unwrap();
    let halves = Plan {
        output: folder.path().join("halves"),
        ..whole.clone()
    };
    run_until(&halves, 4);
    let rest = Plan {
        threads: 2,
        ..go_on(&halves)
    };
    run(&rest, &Control::default(), &Silent).unwrap();
    assert_eq!(bytes_of(&whole.output, 8), bytes_of(&halves.output, 8));
    let adamw = plan(folder.path(), "adamw", 8);
    run(&adamw, &Control::default(), &Silent).unwrap();
    assert_ne!(bytes_of(&whole.output, 8), bytes_of(&adamw.output, 8));
}

#[test]
fn a_run_says_what_it_does_and_learns() {
    let folder = folder();
    let plan = Plan {
        eval_every: 10,
        checkpoint_every: 8,
        ..plan(folder.path(), "run", 40)
    };
    let events = Mutex::new(Vec::new());
    let sink = |event: Event| events.lock().unwrap().push(event);
    let report = run(&plan, &Control::default(), &sink).unwrap();
    let events = events.into_inner().unwrap();
    assert!(matches!(
        events[0],
        Event::TrainStarted {
            n_steps: 40,
            first_step: 0,
            ..
        }
    ));
    assert!(
        matches!(events[1], Event::HeldOut { step: 0, .. }),
        "{:?}",
        events[1]
    );
    let scored: Vec<u64> = events
        .iter()
        .filter_map(|e| {
            if let Event::HeldOut { step, .. } = e {
                Some(*step)
            } else {
                None
            }
        })
        .collect();
    assert_eq!(scored, [0, 10, 20, 30, 40]);
    let n_steps = events
        .iter()
        .filter(|e| matches!(e, Event::Step { .. }))
        .count();
    assert_eq!(n_steps, 40);
    let (before, after) = (report.before.unwrap(), report.after.unwrap());
    assert!(
        after.mean_bits_per_byte < 0.6 * before.mean_bits_per_byte,
        "{before:?} {after:?}"
    );
    assert!(
        before.mean_bits_per_byte > 7.5 && before.mean_bits_per_byte < 8.6,
        "{before:?}"
    );
    assert_eq!(after.scores.len(), 2);
    assert!(
        after.scores[0].bits_per_byte >= after.scores[1].bits_per_byte,
        "worst first"
    );
    assert_eq!(
        after.scores.iter().map(|s| s.n_bytes).sum::<u64>(),
        "alle Menschensind gleichάνθρωποι".len() as u64
    );
    let kept: Vec<_> = std::fs::read_dir(plan.output.join("checkpoints"))
        .unwrap()
        .collect();
    assert_eq!(kept.len(), 2, "keep_checkpoints");
    let manifest = Manifest::of(&report.model).unwrap();
    let (parent, _) = disk::sha256(&plan.data.join("manifest.json")).unwrap();
    assert_eq!(manifest.parents[0].sha256, parent);
    let loaded = load::load(&plan.output).unwrap();
    assert_eq!(loaded.source, report.model);
    assert!(loaded.chat_template.unwrap().contains("<|im_start|>"));
    assert_eq!((loaded.vocab.bos, loaded.vocab.eos), (Some(0), vec![0, 2]));
}

#[test]
fn a_damaged_checkpoint_is_passed_over_with_a_note() {
    let folder = folder();
    let plan = Plan {
        checkpoint_every: 3,
        ..plan(folder.path(), "run", 8)
    };
    run_until(&plan, 6);
    let newest = plan
        .output
        .join("checkpoints/step-00000006/state/m.safetensors");
    let mut bytes = std::fs::read(&newest).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    disk::replace_bytes(&newest, &bytes).unwrap();
    let torn = plan.output.join("checkpoints/.eu-torn");
    disk::replace_bytes(&torn.join("model.safetensors"), b"half").unwrap();
    let events = Mutex::new(Vec::new());
    let sink = |event: Event| events.lock().unwrap().push(event);
    run(&go_on(&plan), &Control::default(), &sink).unwrap();
    let events = events.into_inner().unwrap();
    assert!(
        matches!(&events[0], Event::Note { warning: true, text } if text.contains("m.safetensors"))
    );
    assert!(
        matches!(events[1], Event::TrainStarted { first_step: 3, .. }),
        "{:?}",
        events[1]
    );
    assert!(!torn.exists(), "what a killed process left is swept away");
    let whole = Plan {
        output: folder.path().join("whole"),
        ..plan.clone()
    };
    run(&whole, &Control::default(), &Silent).unwrap();
    assert_eq!(bytes_of(&whole.output, 8), bytes_of(&plan.output, 8));
}

#[test]
fn a_run_killed_before_its_first_checkpoint_starts_again_from_its_recipe() {
    let folder = folder();
    let plan = plan(folder.path(), "run", 4);
    run(&plan, &Control::default(), &Silent).unwrap();
    let expected = bytes_of(&plan.output, 4);
    for left in ["checkpoints", "model"] {
        std::fs::remove_dir_all(plan.output.join(left)).unwrap();
    }
    run(&go_on(&plan), &Control::default(), &Silent).unwrap();
    assert_eq!(bytes_of(&plan.output, 4), expected);
    let nothing = Plan {
        output: folder.path().join("none"),
        ..go_on(&plan)
    };
    let error = run(&nothing, &Control::default(), &Silent).unwrap_err();
    assert_eq!(error.kind(), Kind::Missing, "{error}");
}

#[test]
fn an_older_run_is_replaced_only_by_force_and_nothing_else_ever() {
    let folder = folder();
    let plan = plan(folder.path(), "run", 2);
    run(&plan, &Control::default(), &Silent).unwrap();
    let error = run(&plan, &Control::default(), &Silent).unwrap_err();
    assert_eq!(error.kind(), Kind::Usage, "{error}");
    let force = Plan {
        force: true,
        steps: Some(1),
        ..plan.clone()
    };
    assert_eq!(run(&force, &Control::default(), &Silent).unwrap().steps, 1);
    assert!(!plan.output.join("checkpoints/step-00000002").exists());
    let photos = folder.path().join("photos");
    disk::replace_bytes(&photos.join("model/cat.jpg"), b"cat").unwrap();
    let error = run(
        &Plan {
            output: photos.clone(),
            ..force
        },
        &Control::default(),
        &Silent,
    );
    assert!(
        error
            .unwrap_err()
            .to_string()
            .contains("not a run directory")
    );
    assert!(photos.join("model/cat.jpg").exists());
}

#[test]
fn other_data_or_another_shape_is_no_resume() {
    let folder = folder();
    let plan = plan(folder.path(), "run", 4);
    run_until(&plan, 2);
    let shape = Plan {
        d_model: 64,
        ..go_on(&plan)
    };
    let error = run(&shape, &Control::default(), &Silent)
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with("cannot resume with d_model = 64"),
        "{error}"
    );
    fixture::save(
        &plan.data,
        "train",
        "deu_Latn",
        &[fixture::document("etwas ganz anderes")],
    );
    Manifest::begin("prepare", &()).seal(&plan.data).unwrap();
    let error = run(&go_on(&plan), &Control::default(), &Silent).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("not the data the run was begun with"),
        "{error}"
    );
}

#[test]
fn minutes_become_steps_once_and_are_recorded() {
    let folder = folder();
    let plan = Plan {
        steps: None,
        minutes: Some(0.03),
        ..plan(folder.path(), "run", 1)
    };
    let report = run(&plan, &Control::default(), &Silent).unwrap();
    assert!(report.steps > 1, "{report:?}");
    let recipe = std::fs::read_to_string(plan.output.join("recipe.toml")).unwrap();
    assert!(
        recipe.contains(&format!("steps = {}", report.steps)),
        "{recipe}"
    );
    let replayed: toml::Table = recipe.parse().unwrap();
    let replayed: Plan = replayed["train"].clone().try_into().unwrap();
    assert!(replayed.check().is_ok(), "a recipe can be run again");
}

#[test]
fn without_steps_or_minutes_the_mix_is_seen_once() {
    let folder = folder();
    let plan = Plan {
        steps: None,
        ..plan(folder.path(), "run", 1)
    };
    let expected = estimate(&plan).unwrap();
    let report = run(&plan, &Control::default(), &Silent).unwrap();
    assert_eq!(Some(report.steps), expected.steps);
    assert_eq!(
        (Some(report.n_tokens), report.n_params),
        (expected.tokens, expected.n_params)
    );
    assert!(report.n_tokens <= expected.budget_tokens);
    assert!(report.n_tokens + expected.tokens_per_step > expected.budget_tokens);
}

#[test]
fn a_loss_that_is_no_number_ends_the_run_and_keeps_the_last_checkpoint() {
    let folder = folder();
    let plan = Plan {
        lr: 1e30,
        clip: 0.0,
        warmup_share: 0.0,
        checkpoint_every: 1,
        ..plan(folder.path(), "run", 30)
    };
    let error = run(&plan, &Control::default(), &Silent).unwrap_err();
    assert_eq!(error.kind(), Kind::Failed, "{error}");
    let text = error.to_string();
    assert!(
        text.starts_with("step ") && text.contains("checkpoints/step-"),
        "{text}"
    );
}

#[test]
fn a_second_request_to_stop_saves_nothing_more() {
    let folder = folder();
    let plan = plan(folder.path(), "run", 9);
    let control = Control::default();
    let sink = |event: Event| {
        if matches!(event, Event::Step { step: 2, .. }) {
            control.request_stop();
            control.request_stop();
        }
    };
    let error = run(&plan, &control, &sink).unwrap_err();
    assert_eq!(error.kind(), Kind::Interrupted);
    assert!(!plan.output.join("checkpoints").exists());
}

#[test]
fn a_checkpoint_comes_when_asked_for() {
    let folder = folder();
    let plan = Plan {
        keep_checkpoints: 0,
        ..plan(folder.path(), "run", 5)
    };
    let control = Control::default();
    let sink = |event: Event| {
        if matches!(event, Event::Step { step: 2, .. }) {
            control.request_checkpoint();
        }
    };
    run(&plan, &control, &sink).unwrap();
    assert!(
        plan.output
            .join("checkpoints/step-00000002/state/state.json")
            .is_file()
    );
    assert!(
        plan.output
            .join("checkpoints/step-00000005/state/state.json")
            .is_file()
    );
}
