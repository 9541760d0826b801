//! Importance of a small model from text in several languages.

use std::path::Path;

use super::{Gathered, Texts};
use crate::disk;
use crate::engine::eval::Request;
use crate::engine::infer::Weights;
use crate::engine::load::Loaded;
use crate::engine::model::Layout;
use crate::engine::ops::Executor;
use crate::engine::quant::parity::{loaded, vocab};
use crate::engine::quant::{About, Guide, Imatrix, Plan, run, run_file, study};
use crate::event::{Control, Silent};
use crate::ledger::Manifest;

/// Much text of one language and little of another.
pub(in crate::engine::quant) fn requests() -> Vec<Request> {
    let request = |lang: &str, text: String| Request {
        lang: lang.into(),
        text,
        is_met: false,
    };
    let many = (0..40).map(|i| request("deu_Latn", format!("Der {i}. Satz über Flüsse. ")));
    let few = (0..4).map(|i| request("ell_Grek", format!("Η {i}η πρόταση για τα ποτάμια. ")));
    many.chain(few).collect()
}

/// A model in a GGUF file of 16 bits.
pub(in crate::engine::quant) fn file(folder: &Path) -> std::path::PathBuf {
    let mut loaded = loaded(3, true);
    loaded.source = folder.join("model");
    disk::replace_bytes(&loaded.source.join("config.json"), b"{}").unwrap();
    let plan = Plan {
        output: Some(folder.join("f16.gguf")),
        r#type: "f16".into(),
        ..Plan::default()
    };
    let (about, guide) = (About::default(), Guide::default());
    let control = Control::default();
    run(&plan, &loaded, &about, &guide, &[], &control, &Silent)
        .unwrap()
        .path
}

fn gathered(loaded: &Loaded, texts: &Texts, n_threads: usize) -> Gathered {
    let weights = Weights::of_model(&loaded.model).unwrap();
    let executor = Executor::cpu(n_threads).unwrap();
    Gathered::of(&weights, texts, &executor, &Control::default(), &Silent).unwrap()
}

#[test]
fn every_language_gives_the_same_number_of_tokens_as_far_as_it_has_them() {
    let texts = Texts::of(&requests(), &vocab(), 600, 128).unwrap();
    let langs: Vec<&str> = texts.langs.iter().map(|l| l.lang.as_str()).collect();
    assert_eq!(langs, ["deu_Latn", "ell_Grek"]);
    let n_pieces = |lang: usize| texts.langs[lang].pieces.len() as u64;
    assert_eq!(texts.langs[0].n_tokens() - n_pieces(0), 300, "its share");
    assert!(
        texts.langs[1].n_tokens() - n_pieces(1) <= 300,
        "what it has"
    );
    let longest = texts
        .langs
        .iter()
        .flat_map(|l| &l.pieces)
        .map(Vec::len)
        .max();
    assert_eq!(longest, Some(128), "no longer than the context");
    let fewer = Texts::of(&requests(), &vocab(), 60, 128).unwrap();
    assert_ne!(texts.sha256, fewer.sha256, "the hash is of what was taken");
    assert!(Texts::of(&[], &vocab(), 600, 128).is_err());
}

#[test]
fn sums_are_the_same_with_any_number_of_threads_and_languages_count_alike() {
    let loaded = loaded(3, true);
    let texts = Texts::of(&requests(), &vocab(), 600, 128).unwrap();
    let (one, three) = (gathered(&loaded, &texts, 1), gathered(&loaded, &texts, 3));
    let weights = Weights::of_model(&loaded.model).unwrap();
    let imatrix = one.imatrix(&weights, Vec::new(), true);
    assert_eq!(imatrix, three.imatrix(&weights, Vec::new(), true));
    assert_ne!(texts.langs[0].n_tokens(), texts.langs[1].n_tokens());
    let name = "blk.1.ffn_down.weight";
    let means = one.means(name).unwrap();
    for (column, mean) in means.iter().enumerate() {
        let of = |lang: usize| {
            let (_, n, seen) = &one.langs[lang];
            let columns = seen.columns(name).unwrap();
            assert_eq!(
                columns.n_rows, *n,
                "every token goes through the last layer"
            );
            columns.sums[column] / *n as f64
        };
        let alike = (of(0) + of(1)) / 2.0;
        assert!(
            (mean - alike).abs() <= 1e-9 * alike,
            "{column}: {mean} {alike}"
        );
    }
    let entry = &imatrix.entries[name];
    for (written, mean) in entry.means().iter().zip(&means) {
        assert!((f64::from(*written) - mean).abs() <= 1e-5 * mean);
    }
}

#[test]
fn what_goes_into_the_first_matrices_is_the_normed_embedding() {
    let loaded = loaded(3, true);
    let texts = Texts::of(&requests()[..1], &vocab(), 600, 128).unwrap();
    let gathered = gathered(&loaded, &texts, 2);
    let config = &loaded.model.config;
    let layout = Layout::new(config);
    let param = |name: &str| {
        let param = layout.params().iter().find(|p| p.name == name).unwrap();
        &loaded.model.params[param.range.clone()]
    };
    let embed = param("model.embed_tokens.weight");
    let norm = param("model.layers.0.input_layernorm.weight");
    let mut wanted = vec![0.0; config.d_model];
    for token in texts.langs[0].pieces.iter().flatten() {
        let x = &embed[*token as usize * config.d_model..][..config.d_model];
        let mean = x.iter().map(|x| x * x).sum::<f32>() / x.len() as f32;
        let by = 1.0 / (mean + config.norm_eps as f32).sqrt();
        for ((sum, x), w) in wanted.iter_mut().zip(x).zip(norm) {
            *sum += f64::from(x * by * w).powi(2);
        }
    }
    for name in ["attn_q", "attn_k", "attn_v"] {
        let columns = gathered.langs[0].2.columns(&format!("blk.0.{name}.weight"));
        for (ours, wanted) in columns.unwrap().sums.iter().zip(&wanted) {
            assert!((ours - wanted).abs() <= 1e-4 * wanted, "{ours} {wanted}");
        }
    }
}

#[test]
fn importance_is_written_with_its_text_and_used_in_the_same_run() {
    let folder = tempfile::tempdir().unwrap();
    let source = file(folder.path());
    let text = folder.path().join("text.txt");
    disk::replace_bytes(&text, b"text").unwrap();
    let path = folder.path().join("a.imatrix.gguf");
    let plan = Plan {
        importance_data: vec![text],
        importance_tokens: 400,
        imatrix_out: Some(path.clone()),
        r#type: "q3_k_m".into(),
        output: Some(folder.path().join("a.gguf")),
        ..Plan::default()
    };
    let control = Control::default();
    let guide = study(&plan, &source, &requests(), &control, &Silent).unwrap();
    let told = guide.importance.as_ref().unwrap();
    assert_eq!((told.n_matrices, told.languages.len()), (14, 2));
    let read = Imatrix::read(&path).unwrap();
    assert_eq!(read.languages[0].0, "deu_Latn");
    assert_eq!(read.text_sha256.as_deref(), Some(told.text_sha256.as_str()));
    assert!(read.languages.iter().map(|l| l.1).sum::<u64>() == told.n_tokens);
    let parents = Manifest::of(&path).unwrap().parents;
    let roles: Vec<&str> = parents.iter().map(|p| p.role.as_str()).collect();
    assert_eq!(roles, ["model", "importance_text"]);

    let made = |plan: &Plan, guide: &Guide| {
        let report = run_file(plan, &source, guide, &[], &control, &Silent).unwrap();
        disk::read(&report.path).unwrap()
    };
    let weighed = made(&plan, &guide);
    let from_file = Plan {
        importance_data: Vec::new(),
        imatrix_out: None,
        imatrix: Some(path.clone()),
        force: true,
        ..plan.clone()
    };
    assert!(
        weighed == made(&from_file, &Guide::default()),
        "the same file"
    );
    let without = Plan {
        imatrix: None,
        ..from_file
    };
    assert!(
        weighed != made(&without, &Guide::default()),
        "importance matters"
    );
    let again = study(&plan, &source, &requests(), &control, &Silent);
    let again = again.err().expect("nothing is overwritten").to_string();
    assert!(again.contains("a.imatrix.gguf"), "{again}");
}

#[test]
fn settings_that_contradict_one_another_are_refused() {
    let text = vec!["text".into()];
    let some = || Some("file".into());
    let refused = |plan: Plan, says: &str| {
        let error = plan.check().unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
    };
    let plan = Plan {
        importance_data: text.clone(),
        ..Plan::default()
    };
    plan.check().unwrap();
    refused(
        Plan {
            imatrix: some(),
            ..plan.clone()
        },
        "both given",
    );
    refused(
        Plan {
            importance_only: true,
            ..plan.clone()
        },
        "no other to make",
    );
    refused(
        Plan {
            target_bpw: Some(f64::NAN),
            ..plan.clone()
        },
        "NaN",
    );
    refused(
        Plan {
            target_bpw: Some(4.0),
            pure: true,
            ..plan
        },
        "--pure",
    );
    let bare = Plan::default();
    refused(
        Plan {
            target_bpw: Some(4.5),
            ..bare.clone()
        },
        "there is none",
    );
    refused(
        Plan {
            imatrix_out: some(),
            ..bare
        },
        "--imatrix-out is of importance",
    );
}
