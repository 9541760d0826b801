//! `eu quantize` of a Hugging Face folder of any architecture that is computed, as it lies.

use super::choose::{Facts, Tensor};
use super::describe::describe_folder;
use super::loss::lost;
use super::make::{Making, Row};
use super::report::Report;
use super::run::again;
use super::{About, Guide, Plan};
use crate::engine::eval::Request;
use crate::engine::load::Speaker;
use crate::engine::{Error, Result};
use crate::event::{Control, Sink};
use crate::ledger;

/// Makes the file that `plan` asks for of a folder, whose weights go from type to type piece by
/// piece; scores both on `requests`, if there are some, as [`run`](super::run) does.
///
/// # Errors
/// As of [`run`](super::run), and when a GGUF file cannot say what the folder does.
pub fn run_folder(
    plan: &Plan,
    speaker: Speaker,
    about: &About,
    guide: &Guide,
    requests: &[Request],
    control: &Control,
    sink: &dyn Sink,
) -> Result<Report> {
    let source = speaker.source.clone();
    let making = Making::begin(plan, &source, guide, || ledger::hash_files(&source))?;
    let weighed = making.weighed.as_ref();
    let (path, quant) = (&making.path, making.rules.quant);
    let tensors = speaker.weights.exported();
    let count = |dims: &[u64]| dims.iter().product::<u64>() as usize;
    let n_params = tensors.iter().map(|tensor| count(&tensor.dims)).sum();
    let of = (&speaker, n_params);
    let (metadata, notes) = describe_folder(path, quant, of, about, &making.parent, weighed)?;
    let shape = &speaker.weights.shape;
    let facts = Facts {
        n_layers: shape.n_layers,
        n_heads: shape.n_heads,
        n_kv_heads: shape.n_kv_heads,
        n_experts: 0,
        is_llama: shape.in_files() == "llama",
    };
    let of_rows: Vec<Tensor<'_>> = tensors
        .iter()
        .map(|tensor| Tensor {
            name: &tensor.name,
            dims: &tensor.dims,
            kind: tensor.kind,
        })
        .collect();
    let rows = Row::all(&making.rules, &facts, &of_rows);
    let encode = |making: &Making, i: usize| {
        let (tensor, importance) = (&tensors[i], making.columns(&rows[i]));
        let encoded = again(tensor.kind, &tensor.bytes(), &rows[i], importance);
        encoded.map_err(|what| Error::damaged(&source, format!("{}: {what}", tensor.name)))
    };
    let mut made = making.finish(metadata, &rows, notes, encode, control, sink)?;
    drop(tensors);
    let base = (!requests.is_empty()).then_some(speaker);
    lost(plan, base, &mut made.report, requests, control, sink)?;
    made.end()
}

#[cfg(test)]
mod tests {
    use super::super::parity::{loaded, tokenizer};
    use super::*;
    use crate::disk;
    use crate::engine::gguf::Header;
    use crate::engine::{folder, load, quant};
    use crate::event::Silent;

    #[test]
    fn a_folder_as_it_lies_gives_the_tensors_of_a_model_in_memory() {
        let place = tempfile::tempdir().unwrap();
        let (source, model) = (place.path().join("m"), loaded(3, false));
        let (config, params) = (&model.model.config, &model.model.params);
        folder::write(&source, config, params, &tokenizer(), &model.vocab).unwrap();
        for kind in ["f16", "q4_k_m"] {
            let plan = |name: &str| Plan {
                output: Some(place.path().join(format!("{name}-{kind}.gguf"))),
                r#type: kind.into(),
                ..Plan::default()
            };
            let (about, control) = (About::default(), Control::default());
            let guide = Guide::default();
            let speaker = load::open(&source).unwrap();
            let lies = plan("lies");
            run_folder(&lies, speaker, &about, &guide, &[], &control, &Silent).unwrap();
            let held = (plan("held"), load::load(&source).unwrap());
            quant::run(&held.0, &held.1, &about, &guide, &[], &control, &Silent).unwrap();
            let files = [lies, held.0].map(|plan| {
                let path = plan.output.unwrap();
                let bytes = disk::read(&path).unwrap();
                (Header::parse(&path, &bytes).unwrap(), bytes)
            });
            let [(header, bytes), (other, others)] = &files;
            assert_eq!(header.tensors.len(), other.tensors.len());
            for tensor in &header.tensors {
                let same = other
                    .tensors
                    .iter()
                    .find(|t| t.name == tensor.name)
                    .unwrap();
                assert_eq!((tensor.kind, &tensor.dims), (same.kind, &same.dims));
                let (own, theirs) = (&bytes[tensor.range.clone()], &others[same.range.clone()]);
                assert!(own == theirs, "{kind} {}", tensor.name);
            }
            assert_eq!(header.metadata.entries(), other.metadata.entries());
        }
    }
}
