//! Files of weights: GGUF, whole or in parts, and safetensors.

use std::collections::BTreeMap;
use std::path::Path;

use safetensors::{Dtype, SafeTensors};
use serde_json::{Map, Value};

use super::report::{Found, Look, Tensor};
use super::suspect;
use crate::commands::fail::{Failure, Result};
use crate::disk::Mapped;
use crate::engine::folder;
use crate::engine::gguf::{Header, Parts, TensorInfo, Value as Meta};
use crate::fault::{Fault, Kind};

/// Weights that are made numbers at once when all are looked at.
const AT_ONCE: usize = 1 << 18;

/// Looks at a GGUF file; where it is a part of several, at all of them.
pub(super) fn gguf(path: &Path, look: Look) -> Result<Found> {
    let parts = match Parts::open(path) {
        Ok(parts) => parts,
        // A part alone says what it can.
        Err(error) if error.kind() == Kind::Missing => {
            let bytes = Mapped::open(path)?;
            let header = Header::parse(path, &bytes)?;
            let of = |tensor: &TensorInfo| bytes.get(tensor.range.clone()).unwrap_or_default();
            let found = told(&header, look, of)?;
            return Ok(found.odd([error.to_string()]));
        }
        Err(error) => return Err(error.into()),
    };
    let mut found = told(&parts.header, look, |tensor| parts.bytes(tensor))?;
    if parts.paths().len() > 1 {
        let names = parts.paths().filter_map(|path| path.file_name()?.to_str());
        found = found.fact("parts", names.map(Value::from).collect::<Vec<_>>());
    }
    Ok(found)
}

fn told<'b>(header: &Header, look: Look, bytes: impl Fn(&TensorInfo) -> &'b [u8]) -> Result<Found> {
    let n_weights: u64 = header.tensors.iter().map(TensorInfo::n_weights).sum();
    let mut kinds: BTreeMap<&str, u64> = BTreeMap::new();
    for tensor in &header.tensors {
        *kinds.entry(tensor.kind.name).or_default() += 1;
    }
    let kinds: Map<String, Value> = kinds
        .into_iter()
        .map(|(k, n)| (k.into(), n.into()))
        .collect();
    let what = match header.metadata.get("general.type").and_then(Meta::as_str) {
        Some("imatrix") => "importance matrix",
        _ => "GGUF model",
    };
    let mut found = Found::new(what)
        .fact("version", header.version)
        .fact("parameters", n_weights)
        .fact("tensors", kinds);
    for (key, value) in header.metadata.entries() {
        found = found.fact(key, scalar(value));
    }
    found = found.odd(suspect::metadata(&header.metadata));
    if look.tensors {
        found.tensors = Some(header.tensors.iter().map(row).collect());
    }
    if look.weights {
        for tensor in &header.tensors {
            if let Some(what) = broken_blocks(tensor, bytes(tensor)) {
                found.broken.push(format!("tensor {}: {what}", tensor.name));
            }
        }
    }
    Ok(found)
}

fn row(tensor: &TensorInfo) -> Tensor {
    Tensor {
        name: tensor.name.clone(),
        kind: tensor.kind.name.into(),
        shape: tensor.dims.iter().rev().copied().collect(),
        len_bytes: tensor.range.len() as u64,
        part: tensor.part,
    }
}

/// What is wrong with a tensor's weights, each of which should be a number.
fn broken_blocks(tensor: &TensorInfo, bytes: &[u8]) -> Option<String> {
    let kind = tensor.kind;
    if !kind.is_readable() {
        return Some(format!("weights of type {} are not read", kind.name));
    }
    let n = AT_ONCE - AT_ONCE % kind.block.max(1);
    let step = usize::try_from(kind.len_bytes(n as u64)?).ok()?;
    let mut weights = vec![0.0; n];
    for (i, part) in bytes.chunks(step).enumerate() {
        let n_here = part.len() / (step / n.checked_div(kind.block)?) * kind.block;
        let here = weights.get_mut(..n_here)?;
        if let Err(what) = kind.decode(part, here) {
            return Some(what.to_string());
        }
        if let Some(at) = here.iter().position(|x| !x.is_finite()) {
            return Some(format!("weight {} is {}", i * n + at, here[at]));
        }
    }
    None
}

/// A metadata value as JSON; of a long array only its length.
fn scalar(value: &Meta) -> Value {
    const MAX_ITEMS: usize = 64;
    match value {
        Meta::String(text) => text.as_str().into(),
        Meta::Bool(is) => (*is).into(),
        other => match (
            other.shape(),
            other.as_u64(),
            other.as_i64(),
            other.as_f64(),
        ) {
            (Some((_, n)), ..) if n > MAX_ITEMS => format!("{n} items").into(),
            (Some(_), ..) => other.items().map(|item| scalar(&item)).collect(),
            (None, Some(n), ..) => n.into(),
            (None, None, Some(n), _) => n.into(),
            (None, None, None, Some(x)) => x.into(),
            (None, None, None, None) => Value::Null,
        },
    }
}

/// Looks at a safetensors file.
pub(super) fn safetensors(path: &Path, bytes: &[u8], look: Look) -> Result<Found> {
    let tensors = folder::tensors(path, bytes)?;
    let mut kinds: BTreeMap<String, u64> = BTreeMap::new();
    let mut n_weights = 0u64;
    for (_, tensor) in &tensors {
        *kinds.entry(format!("{:?}", tensor.dtype())).or_default() += 1;
        n_weights += tensor.shape().iter().map(|n| *n as u64).product::<u64>();
    }
    let kinds: Map<String, Value> = kinds.into_iter().map(|(k, n)| (k, n.into())).collect();
    let mut found = Found::new("safetensors weights")
        .fact("parameters", n_weights)
        .fact("tensors", kinds);
    let said = SafeTensors::read_metadata(bytes).ok();
    let said = said.and_then(|(_, said)| said.metadata().clone());
    let said: BTreeMap<String, String> = said.into_iter().flatten().collect();
    for (key, value) in &said {
        found = found.fact(key, value.as_str());
    }
    if look.tensors {
        let row = |(name, tensor): &(String, safetensors::tensor::TensorView)| Tensor {
            name: name.clone(),
            kind: format!("{:?}", tensor.dtype()),
            shape: tensor.shape().iter().map(|n| *n as u64).collect(),
            len_bytes: tensor.data().len() as u64,
            part: 0,
        };
        found.tensors = Some(tensors.iter().map(row).collect());
    }
    if look.weights {
        for (name, tensor) in &tensors {
            let at = match tensor.dtype() {
                Dtype::F32 => broken::<4>(tensor.data(), f32::from_le_bytes),
                Dtype::F16 => broken::<2>(tensor.data(), |b| half::f16::from_le_bytes(b).into()),
                Dtype::BF16 => broken::<2>(tensor.data(), |b| half::bf16::from_le_bytes(b).into()),
                _ => None,
            };
            if let Some((at, weight)) = at {
                let what = format!("tensor {name}: weight {at} is {weight}");
                found.broken.push(what);
            }
        }
    }
    Ok(found)
}

/// The first weight that is no number.
fn broken<const N: usize>(bytes: &[u8], weight: fn([u8; N]) -> f32) -> Option<(usize, f32)> {
    let mut weights = bytes.as_chunks::<N>().0.iter().map(|b| weight(*b));
    let at = weights.clone().position(|x| !x.is_finite())?;
    Some((at, weights.nth(at)?))
}

/// Looks at the list of the files that weights are in, and whether they are there.
pub(super) fn index(path: &Path, map: &Map<String, Value>) -> Result<Found> {
    let mut files: BTreeMap<&str, u64> = BTreeMap::new();
    for (tensor, file) in map {
        let Some(file) = file.as_str() else {
            let what = format!(
                "{}: the file of tensor {tensor} has no name",
                path.display()
            );
            return Err(Failure::damaged(what).into());
        };
        *files.entry(file).or_default() += 1;
    }
    let folder = path.parent().unwrap_or(Path::new(""));
    let missing = files.keys().filter(|file| {
        let plain = !file.contains(['/', '\\', ':']) && !file.starts_with('.');
        !plain || !folder.join(file).is_file()
    });
    let missing: Vec<String> = missing
        .map(|file| format!("{file:?} is not there"))
        .collect();
    let files: Map<String, Value> = files
        .iter()
        .map(|(file, n)| ((*file).into(), (*n).into()))
        .collect();
    Ok(Found::new("list of safetensors files")
        .fact("tensors", map.len())
        .fact("files", files)
        .odd(missing))
}
