//! `*.safetensors`: named tensors to the one flat buffer of a [`Layout`], and back.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Formatter;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use half::{bf16, f16};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value, json};

use super::super::model::Layout;
use super::super::{Error, Result};
use super::WEIGHTS;
use super::config::object;
use crate::disk::{self, Mapped};

/// Lists the files of weights that are in several.
const INDEX: &str = "model.safetensors.index.json";
/// Buffers older exports carry; the engine computes them.
const COMPUTED: &str = ".rotary_emb.inv_freq";
/// The two matrices that are one where the output is tied to the input.
const EMBEDDING: &str = "model.embed_tokens.weight";
const OUTPUT: &str = "lm_head.weight";

/// Writes `values` as f32 tensors under the names of `layout`.
///
/// # Errors
/// When the file cannot be written.
pub fn write(path: &Path, layout: &Layout, values: &[f32]) -> Result<()> {
    let mut header = Map::new();
    header.insert("__metadata__".into(), json!({"format": "pt"}));
    for param in layout.params() {
        let entry = json!({
            "dtype": "F32",
            "shape": param.shape,
            "data_offsets": [4 * param.range.start, 4 * param.range.end],
        });
        header.insert(param.name.clone(), entry);
    }
    let mut header = Value::Object(header).to_string().into_bytes();
    header.resize(header.len().next_multiple_of(8), b' '); // tensors begin aligned
    disk::replace(path, |w| {
        w.write_all(&(header.len() as u64).to_le_bytes())?;
        w.write_all(&header)?;
        values
            .iter()
            .try_for_each(|value| w.write_all(&value.to_le_bytes()))
    })?;
    Ok(())
}

/// Reads the weights of a folder, in one file or in several.
///
/// # Errors
/// When a file is absent, lies about itself, or its tensors are not those of `layout`.
pub(super) fn read(folder: &Path, layout: &Layout, tied: bool) -> Result<Vec<f32>> {
    gather(&files(folder)?, layout, tied)
}

/// The files that hold the weights of a folder.
///
/// # Errors
/// When there are none, or the list of them is damaged.
pub fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let index = folder.join(INDEX);
    if folder.join(WEIGHTS).is_file() {
        Ok(vec![folder.join(WEIGHTS)])
    } else if index.is_file() {
        indexed(folder, &index)
    } else {
        Err(Error::Missing {
            what: format!("{}: no {WEIGHTS} and no {INDEX}", folder.display()),
            hint: "only safetensors are read; convert other formats first".into(),
        })
    }
}

/// Reads one file that holds exactly the tensors of `layout`.
///
/// # Errors
/// As for the weights of a folder.
pub fn read_file(path: &Path, layout: &Layout) -> Result<Vec<f32>> {
    gather(&[path.to_path_buf()], layout, false)
}

/// The files an index names, each once; names that would leave the folder are refused.
fn indexed(folder: &Path, index: &Path) -> Result<Vec<PathBuf>> {
    let map = object(index)?;
    let names = map
        .get("weight_map")
        .and_then(Value::as_object)
        .ok_or_else(|| Error::damaged(index, "no weight_map"))?;
    let mut files = BTreeSet::new();
    for name in names.values() {
        let name = name.as_str().unwrap_or_default();
        if name.is_empty() || name.contains(['/', '\\', ':']) || name.starts_with('.') {
            return Err(Error::damaged(
                index,
                format!("{name:?} is no file of this folder"),
            ));
        }
        files.insert(folder.join(name));
    }
    Ok(files.into_iter().collect())
}

/// The tensors of a safetensors file whose bytes are `bytes`, by name.
///
/// # Errors
/// When the file is cut, contradicts itself, or has two tensors of one name.
pub fn tensors<'b>(path: &Path, bytes: &'b [u8]) -> Result<Vec<(String, TensorView<'b>)>> {
    let damaged = |what: String| Error::damaged(path, format!("not a safetensors file: {what}"));
    let file = SafeTensors::deserialize(bytes).map_err(|e| damaged(e.to_string()))?;
    // Of two entries of one name the crate takes the last one.
    let len = bytes
        .first_chunk()
        .map_or(0, |len| u64::from_le_bytes(*len));
    let end = usize::try_from(len).ok().and_then(|len| len.checked_add(8));
    let header = end.and_then(|end| bytes.get(8..end)).unwrap_or_default();
    let names: Names = serde_json::from_slice(header).map_err(|e| damaged(e.to_string()))?;
    if let Some(name) = names.twice {
        return Err(damaged(format!("{name:?} is there twice")));
    }
    let mut tensors = file.tensors();
    tensors.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(tensors)
}

/// The names of a header's entries: the first one that is there twice.
struct Names {
    twice: Option<String>,
}

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: Deserializer<'de>>(from: D) -> std::result::Result<Self, D::Error> {
        struct Keys;
        impl<'de> Visitor<'de> for Keys {
            type Value = Names;

            fn expecting(&self, to: &mut Formatter<'_>) -> std::fmt::Result {
                to.write_str("a table of tensors")
            }

            fn visit_map<A: MapAccess<'de>>(
                self,
                mut map: A,
            ) -> std::result::Result<Names, A::Error> {
                let (mut seen, mut twice) = (BTreeSet::new(), None);
                while let Some((name, IgnoredAny)) = map.next_entry::<String, _>()? {
                    if !seen.insert(name.clone()) {
                        twice = twice.or(Some(name));
                    }
                }
                Ok(Names { twice })
            }
        }
        from.deserialize_map(Keys)
    }
}

/// Every tensor of `layout` from the files it may lie in; memory is taken only after all names
/// and shapes held, so it is bounded by the size of the files.
fn gather(paths: &[PathBuf], layout: &Layout, tied: bool) -> Result<Vec<f32>> {
    let maps: Vec<Mapped> = paths
        .iter()
        .map(|p| Mapped::open(p))
        .collect::<disk::Result<_>>()?;
    let mut found: BTreeMap<String, (TensorView, &Path)> = BTreeMap::new();
    for (map, path) in maps.iter().zip(paths) {
        for (name, view) in tensors(path, map)? {
            if let Some((_, first)) = found.insert(name.clone(), (view, path)) {
                let what = format!("tensor {name} is in {} too", first.display());
                return Err(Error::damaged(path, what));
            }
        }
    }
    let at = paths.first().map_or(Path::new(""), PathBuf::as_path);
    let views = layout
        .params()
        .iter()
        .map(|p| take(&mut found, &p.name, &p.shape, at))
        .collect::<Result<Vec<_>>>()?;
    refuse_rest(found, &views, layout, tied)?;
    Error::if_too_large(&at.display().to_string(), 4 * layout.n_params() as u64)?;
    let mut values = vec![0.0; layout.n_params()];
    for (param, (view, path)) in layout.params().iter().zip(&views) {
        let into = &mut values[param.range.clone()];
        let failed = |what: String| Error::damaged(path, format!("tensor {}: {what}", param.name));
        convert(view, into).map_err(|e| failed(e.to_string()))?;
        if let Some(at) = into.iter().position(|x| !x.is_finite()) {
            return Err(failed(format!("weight {at} is {}", into[at])));
        }
    }
    Ok(values)
}

/// Takes one tensor out of those found, with the shape and a type it must have.
fn take<'a>(
    found: &mut BTreeMap<String, (TensorView<'a>, &'a Path)>,
    name: &str,
    shape: &[usize],
    at: &Path,
) -> Result<(TensorView<'a>, &'a Path)> {
    let Some((view, path)) = found.remove(name) else {
        let hint = if name == OUTPUT {
            " (and tie_word_embeddings is not set)"
        } else {
            ""
        };
        return Err(Error::damaged(at, format!("no tensor {name}{hint}")));
    };
    if view.shape() != shape {
        let what = format!(
            "tensor {name} has shape {:?}, expected {shape:?}",
            view.shape()
        );
        return Err(Error::damaged(path, what));
    }
    if !matches!(view.dtype(), Dtype::F32 | Dtype::F16 | Dtype::BF16) {
        let what = format!(
            "tensor {name} is {:?}, expected F32, F16 or BF16",
            view.dtype()
        );
        return Err(Error::damaged(path, what));
    }
    Ok((view, path))
}

/// A tensor nobody asked for is a part of the model that would not be computed.
fn refuse_rest(
    found: BTreeMap<String, (TensorView, &Path)>,
    views: &[(TensorView, &Path)],
    layout: &Layout,
    tied: bool,
) -> Result<()> {
    for (name, (view, path)) in found {
        if name.ends_with(COMPUTED) {
            continue;
        }
        let embedding = layout.params().iter().position(|p| p.name == EMBEDDING);
        match embedding.and_then(|i| views.get(i)) {
            Some((input, _)) if tied && name == OUTPUT => {
                if input.data() != view.data() {
                    let what = format!("tied, but {OUTPUT} differs from {EMBEDDING}");
                    return Err(Error::damaged(path, what));
                }
            }
            _ => return Err(Error::damaged(path, format!("unexpected tensor {name}"))),
        }
    }
    Ok(())
}

fn convert(view: &TensorView, out: &mut [f32]) -> io::Result<()> {
    fn each<const N: usize>(bytes: &[u8], out: &mut [f32], f: impl Fn([u8; N]) -> f32) -> bool {
        let (parts, rest) = bytes.as_chunks::<N>();
        out.iter_mut().zip(parts).for_each(|(o, b)| *o = f(*b));
        parts.len() == out.len() && rest.is_empty()
    }
    let whole = match view.dtype() {
        Dtype::F32 => each(view.data(), out, f32::from_le_bytes),
        Dtype::F16 => each(view.data(), out, |b| f16::from_le_bytes(b).to_f32()),
        Dtype::BF16 => each(view.data(), out, |b| bf16::from_le_bytes(b).to_f32()),
        _ => false,
    };
    if whole {
        Ok(())
    } else {
        Err(io::Error::from(io::ErrorKind::InvalidData))
    }
}
