//! `eu train --bench`: what every comparison of speed uses.

use serde_json::Value;

use crate::program::Place;
use crate::trained::Trained;

fn bench(more: &[&str]) -> Value {
    let mut words = vec![
        "train",
        "--bench",
        "--d-model",
        "192",
        "--layers",
        "6",
        "--heads",
        "4",
    ];
    words.extend([
        "--kv-heads",
        "2",
        "--ff",
        "512",
        "--vocab",
        "6000",
        "--seq",
        "128",
    ]);
    words.extend(["--batch", "8", "--steps", "3", "--json"]);
    words.extend(more);
    let run = Place::new().run(&words).code(0);
    serde_json::from_str(run.stdout.lines().last().unwrap()).unwrap()
}

#[test]
fn it_prints_one_object_with_what_comparisons_need() {
    let found = bench(&["--threads", "1", "--precision", "f32", "--cpu", "scalar"]);
    assert_eq!(found["schema"], "train-bench/1");
    assert_eq!(found["executor"], "cpu (scalar)");
    for key in [
        "tokens_per_s",
        "tokens_per_cpu_s",
        "peak_share",
        "gemm_peak_share",
    ] {
        assert!(found[key].as_f64().unwrap() > 0.0, "{key}");
    }
    assert_eq!(found["steps"], 3);
}

#[test]
fn the_memory_planned_is_what_is_used_within_a_tenth() {
    for more in [
        ["--precision", "bf16"],
        ["--precision", "f32"],
        ["--recompute", "6"],
    ] {
        let found = bench(&more);
        let Some(used) = found["peak_rss_bytes"].as_f64() else {
            eprintln!("skipped: this system does not tell how much memory was used");
            return;
        };
        let planned = found["planned_bytes"].as_f64().unwrap();
        let off = planned / used - 1.0;
        assert!(off.abs() < 0.1, "{more:?}: planned {planned}, used {used}");
    }
}

#[test]
fn the_memory_of_a_run_that_scores_is_planned_too() {
    let place = Place::new();
    Trained::shared().copy("data", &place);
    let shape = ["--d-model=192", "--n-layers=6", "--n-heads=4", "--d-ff=512"];
    for more in [["--precision=bf16"], ["--precision=f32"]] {
        let mut words = vec!["train", "data", "-o", "run", "--force", "--json", "-q"];
        words.extend(["--context=128", "--batch=16", "--steps=2"]);
        words.extend(shape);
        words.extend(more);
        let found = |words: &[&str]| -> Value {
            let run = place.run(words).code(0);
            serde_json::from_str(run.stdout.lines().last().unwrap()).unwrap()
        };
        let Some(used) = found(&words)["peak_memory_bytes"].as_f64() else {
            eprintln!("skipped: this system does not tell how much memory was used");
            return;
        };
        words.push("--dry-run");
        let planned = found(&words)["memory_bytes"].as_f64().unwrap();
        let off = planned / used - 1.0;
        assert!(off.abs() < 0.1, "{more:?}: planned {planned}, used {used}");
    }
}

#[test]
fn an_instruction_set_that_is_not_there_is_refused_with_a_way_on() {
    let foreign = if cfg!(target_arch = "x86_64") {
        "neon"
    } else {
        "avx2"
    };
    let words = ["train", "--bench", "--steps", "1"];
    let run = Place::new()
        .run_with(&[("EU_CPU", foreign)], &words)
        .code(4);
    assert!(
        run.stderr.contains(foreign) && run.stderr.contains("hint:"),
        "{}",
        run.stderr
    );
}
