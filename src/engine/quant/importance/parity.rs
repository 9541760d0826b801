//! Proof against llama.cpp: the same text and the same file, the same sums of squares.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use super::{Gathered, Spoken, Texts};
use crate::disk;
use crate::engine::load;
use crate::engine::ops::Executor;
use crate::event::{Control, Silent};

/// What llama-imatrix summed: made by `tests/parity/imatrix_llamacpp.py`.
#[derive(Deserialize)]
struct Golden {
    sha256: String,
    chunk: usize,
    ids: Vec<u32>,
    matrices: BTreeMap<String, Said>,
}

#[derive(Deserialize)]
struct Said {
    sum: f64,
    count: u64,
    #[serde(default)]
    columns: Vec<f64>,
}

/// How far matrices, single columns, and columns on the mean may be apart. Activations are rounded
/// on their way through the layers, by each program and each kernel in its own way: llama-imatrix
/// itself, given the same weights in F16 and in Q4_1, has columns 1.1 % apart on the mean, and one
/// nine times as large (512 tokens, all matrices); of either it is as far from here.
const BOUNDS: [f64; 3] = [0.02, 0.2, 0.02];

#[test]
#[allow(clippy::print_stderr)] // how far apart, and why nothing was tested
fn sums_are_those_of_llama_imatrix() {
    let name = "SmolLM2-135M-Instruct.Q4_1.gguf";
    let folder = std::env::var_os("EU_TEST_MODELS");
    let path = folder.map(|folder| Path::new(&folder).join(name));
    let Some(path) = path.filter(|path| path.is_file()) else {
        return eprintln!("skipped: {name} is not in EU_TEST_MODELS");
    };
    let golden = include_str!("../../../../tests/golden/imatrix_llamacpp.json");
    let golden: Golden = serde_json::from_str(golden).unwrap();
    assert_eq!(disk::sha256(&path).unwrap().0, golden.sha256);
    let weights = load::open(&path).unwrap().weights;
    let texts = Texts {
        langs: vec![Spoken {
            lang: "mul".into(),
            pieces: golden
                .ids
                .chunks(golden.chunk)
                .map(<[u32]>::to_vec)
                .collect(),
        }],
        sha256: String::new(),
        piece: golden.chunk,
    };
    let executor = Executor::choose("auto", "auto", 0).unwrap();
    let gathered = Gathered::of(&weights, &texts, &executor, &Control::default(), &Silent);
    let imatrix = gathered.unwrap().imatrix(&weights, Vec::new(), false);
    assert_eq!(
        imatrix.entries.keys().collect::<Vec<_>>(),
        golden.matrices.keys().collect::<Vec<_>>()
    );
    let (mut worst, mut worst_column, mut n_columns, mut sum) = (0.0f64, 0.0f64, 0, 0.0);
    for (name, said) in &golden.matrices {
        let entry = &imatrix.entries[name];
        assert_eq!(entry.counts, [said.count], "{name}");
        let apart = |ours: f64, theirs: f64| (ours - theirs).abs() / theirs.abs().max(1e-9);
        let ours = entry.sums.iter().map(|x| f64::from(*x)).sum::<f64>();
        worst = worst.max(apart(ours, said.sum));
        for (ours, theirs) in entry.sums.iter().zip(&said.columns) {
            let apart = apart(f64::from(*ours), *theirs);
            worst_column = worst_column.max(apart);
            (n_columns, sum) = (n_columns + 1, sum + apart);
        }
    }
    let mean = sum / f64::from(n_columns);
    eprintln!("apart: matrices {worst:.4}, columns {worst_column:.4}, on the mean {mean:.4}");
    assert!(worst < BOUNDS[0] && worst_column < BOUNDS[1] && mean < BOUNDS[2]);
}
