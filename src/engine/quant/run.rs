//! `eu quantize`: of a model in memory, or of a GGUF file as it lies.

use std::path::Path;

use super::choose::{Facts, Tensor};
use super::describe::{describe, described_again};
use super::loss::{base, lost};
use super::make::{Making, Row};
use super::names::is_kept;
use super::report::Report;
use super::{About, Guide, Plan};
use crate::disk::{self, Mapped};
use crate::engine::eval::Request;
use crate::engine::gguf::{Header, Kind, Metadata, TensorInfo, interleave, is_rotated, to_gguf};
use crate::engine::infer::Shape;
use crate::engine::load::Loaded;
use crate::engine::model::{Config, Layout, Param};
use crate::engine::{Error, Result};
use crate::event::{Control, Sink};
use crate::ledger::{self, FileHash};

/// Makes the file that `plan` asks for of `loaded`, and scores both on `requests`, which the
/// caller has read from `plan.data` (none: nothing is scored). `guide` is what [`study`] found, or
/// nothing.
///
/// [`study`]: super::study
///
/// # Errors
/// When a type is not known, the file exists, the model has no place in a GGUF file, importance is
/// that of another model, or the work was interrupted.
pub fn run(
    plan: &Plan,
    loaded: &Loaded,
    about: &About,
    guide: &Guide,
    requests: &[Request],
    control: &Control,
    sink: &dyn Sink,
) -> Result<Report> {
    let source = &loaded.source;
    let base = base(source, requests)?;
    let making = Making::begin(plan, source, guide, || ledger::hash_files(source))?;
    let weighed = making.weighed.as_ref();
    let (path, quant) = (&making.path, making.rules.quant);
    let (metadata, notes) = describe(path, quant, loaded, about, &making.parent, weighed)?;
    let layout = Layout::new(&loaded.model.config);
    let params = layout.params();
    let rows = rows_of(&making, &loaded.model.config, params);
    let encode = |making: &Making, i: usize| {
        let importance = making.columns(&rows[i]);
        encode(loaded, &params[i], &rows[i], importance.as_deref())
    };
    let mut made = making.finish(metadata, &rows, notes, encode, control, sink)?;
    lost(plan, base, &mut made.report, requests, control, sink)?;
    made.end()
}

fn rows_of(making: &Making, config: &Config, params: &[Param]) -> Vec<Row> {
    let named = |param: &Param| {
        let name = to_gguf(&param.name);
        let dims: Vec<u64> = param.shape.iter().rev().map(|n| *n as u64).collect();
        (
            name.expect("every parameter of the layout has a name in GGUF"),
            dims,
        )
    };
    let named: Vec<_> = params.iter().map(named).collect();
    let tensor = |(name, dims)| Tensor {
        name,
        dims,
        kind: Kind::named("F32").expect("F32 is a type"), // norms are small and precious
    };
    let tensors: Vec<Tensor> = named.iter().map(|(n, d)| tensor((n, d))).collect();
    Row::all(&making.rules, &Facts::of(config), &tensors)
}

fn encode(
    loaded: &Loaded,
    param: &Param,
    row: &Row,
    importance: Option<&[f32]>,
) -> Result<Vec<u8>> {
    let Loaded { model, source, .. } = loaded;
    let weights = &model.params[param.range.clone()];
    let (kind, width) = (row.choice.kind, row.width());
    let encoded = match is_rotated(&param.name) {
        true => {
            let paired = interleave(weights, model.config.head_dim, model.config.d_model);
            kind.encode(&paired, width, importance)
        }
        false => kind.encode(weights, width, importance),
    };
    encoded.map_err(|what| Error::damaged(source, format!("{}: {what}", param.name)))
}

/// Makes the file that `plan` asks for of the GGUF file at `source`, of any architecture: what it
/// says of itself stays, and weights go from type to type piece by piece, never all at once.
/// Scores both on `requests`, if there are some, as [`run`] does.
///
/// # Errors
/// As of [`run`]; when the file is damaged, one of several, or has weights of types that are not
/// read; and for scores, when its architecture cannot be computed.
pub fn run_file(
    plan: &Plan,
    source: &Path,
    guide: &Guide,
    requests: &[Request],
    control: &Control,
    sink: &dyn Sink,
) -> Result<Report> {
    let base = base(source, requests)?;
    let bytes = Mapped::open(source)?;
    let header = Header::parse(source, &bytes)?;
    refuse(source, &header)?;
    let hashed = || {
        Ok(vec![FileHash {
            path: source.file_name().unwrap_or_default().into(),
            len_bytes: bytes.len() as u64,
            sha256: disk::sha256_bytes(&bytes), // as it is mapped: it is not read twice
        }])
    };
    let making = Making::begin(plan, source, guide, hashed)?;
    let facts = Facts::in_file(&header.metadata)?;
    let tensors: Vec<Tensor> = header.tensors.iter().map(tensor_of).collect();
    let rows = Row::all(&making.rules, &facts, &tensors);
    let weighed = making.weighed.as_ref();
    let (quant, parent) = (making.rules.quant, &making.parent);
    let metadata = described_again(header.metadata.clone(), quant, parent, weighed);
    let notes = encoded_before(&header.tensors, &rows);
    let encode = |making: &Making, i: usize| {
        let importance = making.columns(&rows[i]);
        let tensor = &header.tensors[i];
        let encoded = again(
            tensor.kind,
            &bytes[tensor.range.clone()],
            &rows[i],
            importance,
        );
        encoded.map_err(|what| Error::damaged(source, format!("{}: {what}", tensor.name)))
    };
    let mut made = making.finish(metadata, &rows, notes, encode, control, sink)?;
    lost(plan, base, &mut made.report, requests, control, sink)?;
    made.end()
}

fn tensor_of(tensor: &TensorInfo) -> Tensor<'_> {
    Tensor {
        name: &tensor.name,
        dims: &tensor.dims,
        kind: tensor.kind,
    }
}

/// Refuses what would make a file that is not whole, or weights that mean nothing.
fn refuse(source: &Path, header: &Header) -> Result<()> {
    const PARTS: &str = "split.count";
    let n_parts = header.metadata.u64(PARTS)?.unwrap_or(1);
    if n_parts > 1 {
        return Err(Error::Usage {
            what: format!(
                "{}: one of the {n_parts} files of a model",
                source.display()
            ),
            hint: "join them first, or give the folder the model was made of".into(),
        });
    }
    let strange = |t: &&TensorInfo| !t.kind.is_readable() && !is_kept(&t.name, &t.dims);
    match header.tensors.iter().find(strange) {
        Some(tensor) => Err(Error::Usage {
            what: format!(
                "{}: tensor {:?} has type {}, which is not read",
                source.display(),
                tensor.name,
                tensor.kind.name
            ),
            hint: "give the file in F32, F16 or BF16 that it was made of".into(),
        }),
        None => Ok(()),
    }
}

/// What the reader should know of weights that have lost bits before.
fn encoded_before(tensors: &[TensorInfo], rows: &[Row]) -> Vec<String> {
    let again = tensors.iter().zip(rows);
    let again = again.filter(|(t, row)| t.kind.block > 1 && t.kind != row.choice.kind);
    match again.count() {
        0 => Vec::new(),
        n => vec![format!(
            "{n} tensors had lost bits before and lose more now: a file in F32, F16 or BF16 \
             would give better ones"
        )],
    }
}

/// The bytes of a tensor in its new type; a stack of matrices has importance for each.
pub(super) fn again(
    from: &'static Kind,
    bytes: &[u8],
    row: &Row,
    importance: Option<Vec<f32>>,
) -> std::result::Result<Vec<u8>, String> {
    let to = row.choice.kind;
    // Blocks stay as they are; of plain numbers it is seen that they are numbers.
    if from == to && (from.block > 1 || !from.is_readable()) {
        return Ok(bytes.to_vec());
    }
    let width = row.width();
    let n_stacked = row.n_columns() / width.max(1);
    let importance = match importance {
        Some(importance) if n_stacked > 1 => importance,
        one => return to.encode_from(from, bytes, width, one.as_deref()),
    };
    let each = bytes.len() / n_stacked;
    let mut encoded = Vec::new();
    for (bytes, importance) in bytes.chunks(each).zip(importance.chunks(width)) {
        encoded.extend(to.encode_from(from, bytes, width, Some(importance))?);
    }
    Ok(encoded)
}

impl Facts {
    /// Of a model as it lies.
    pub(super) fn of_shape(shape: &Shape) -> Self {
        Facts {
            n_layers: shape.n_layers,
            n_heads: shape.n_heads,
            n_kv_heads: shape.n_kv_heads,
            n_experts: 0,
            is_llama: shape.architecture == "llama",
        }
    }

    /// Of a model in memory.
    pub(super) fn of(config: &Config) -> Self {
        Facts {
            n_layers: config.n_layers,
            n_heads: config.n_heads,
            n_kv_heads: config.n_kv_heads,
            n_experts: 0,
            is_llama: true,
        }
    }

    /// Of what a file says. Where heads differ from layer to layer they are taken for unshared.
    fn in_file(metadata: &Metadata) -> Result<Self> {
        let key = "general.architecture";
        let architecture = metadata.required(key, metadata.str(key)?)?;
        let count = |name: &str| {
            let n = metadata
                .u64(&format!("{architecture}.{name}"))
                .ok()
                .flatten();
            n.and_then(|n| usize::try_from(n).ok())
        };
        let n_heads = count("attention.head_count").unwrap_or(1);
        Ok(Facts {
            n_layers: count("block_count").unwrap_or(0),
            n_heads,
            n_kv_heads: count("attention.head_count_kv").unwrap_or(n_heads),
            n_experts: count("expert_count").unwrap_or(0),
            is_llama: architecture == "llama",
        })
    }
}
