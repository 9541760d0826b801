//! Finds what `MODEL` names: a path, or a hub id that was pulled.

use std::path::{Path, PathBuf};

use hf_hub::{Cache, Repo};
use safetensors::SafeTensors;

use super::fail::{Failure, Result};
use crate::disk::{self, Mapped};
use crate::engine;
use crate::engine::gguf::Header;

/// The path of a model: as given when it is there, else its newest copy in the hub's cache.
///
/// # Errors
/// When it is neither.
pub fn resolve(model: &Path) -> Result<PathBuf> {
    if model.exists() {
        return Ok(model.into());
    }
    let named = model.to_str().map(|id| (id, split_type(id)));
    if let Some((id, (repo, kind))) = named.filter(|(_, (repo, _))| is_hub_id(repo)) {
        if let Some(folder) = pulled(repo, kind) {
            return Ok(folder);
        }
        return Err(
            Failure::missing(format!("{id}: no such file, and not pulled"))
                .hint(format!(
                    "check the path, or `eu pull {id}` if it is a hub id"
                ))
                .into(),
        );
    }
    Err(
        Failure::missing(format!("{}: no such model", model.display()))
            .hint("give a Hugging Face folder, a .gguf file, a run directory or a hub id")
            .into(),
    )
}

/// Memory the weights of a model take once they are loaded, four bytes each; none when the model
/// cannot be read without loading it.
pub fn memory_bytes(model: &Path) -> Option<u64> {
    let path = engine::load::resolve(model).ok()?;
    let n_weights: u64 = match path.is_file() {
        true => gguf_weights(&path)?,
        false => disk::walk(&path)
            .ok()?
            .iter()
            .filter(|file| file.extension().is_some_and(|e| e == "safetensors"))
            .filter_map(|file| safetensors_weights(file))
            .sum(),
    };
    Some(4 * n_weights)
}

/// Memory that scoring some models takes: their files, which are mapped, and the logits that are
/// held of each; none when one is no model.
pub fn scoring_bytes<'a>(models: impl Iterator<Item = &'a PathBuf>) -> Option<u64> {
    const LOGITS: u64 = 64 << 20;
    models.map(|path| Some(mapped_bytes(path)? + LOGITS)).sum()
}

/// Bytes of the files of a model, of which as many are in memory as are in use.
fn mapped_bytes(model: &Path) -> Option<u64> {
    let path = engine::load::resolve(model).ok()?;
    let len = |path: &Path| path.metadata().ok().map(|file| file.len());
    if path.is_file() {
        return len(&path);
    }
    let files = disk::walk(&path).ok()?;
    let weights = files
        .iter()
        .filter(|file| file.extension().is_some_and(|e| e == "safetensors"));
    weights.map(|file| len(file)).sum()
}

fn gguf_weights(path: &Path) -> Option<u64> {
    let header = Header::parse(path, &Mapped::open(path).ok()?).ok()?;
    Some(header.tensors.iter().map(|t| t.n_weights()).sum())
}

/// Weights of the largest tensor of a GGUF file; none when it cannot be read.
pub fn largest_tensor(path: &Path) -> Option<u64> {
    let header = Header::parse(path, &Mapped::open(path).ok()?).ok()?;
    header.tensors.iter().map(|t| t.n_weights()).max()
}

fn safetensors_weights(path: &Path) -> Option<u64> {
    let bytes = Mapped::open(path).ok()?;
    let (_, metadata) = SafeTensors::read_metadata(&bytes).ok()?;
    let tensors = metadata.tensors();
    let weights = tensors
        .values()
        .map(|t| t.shape.iter().map(|n| *n as u64).product::<u64>());
    Some(weights.sum())
}

/// True for `name` or `owner/name` as the hub writes them.
pub fn is_hub_id(id: &str) -> bool {
    let parts: Vec<&str> = id.split('/').collect();
    let is_name = |name: &&str| {
        let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        !name.is_empty() && name.len() <= 96 && !name.starts_with('.') && name.chars().all(known)
    };
    parts.len() <= 2 && parts.iter().all(is_name) && !id.contains("..")
}

/// `owner/name:TYPE` as repository and type of GGUF file, if there is one.
pub fn split_type(id: &str) -> (&str, Option<&str>) {
    match id.split_once(':') {
        Some((repo, kind)) => (repo, Some(kind)),
        None => (id, None),
    }
}

/// Whether the name of a GGUF file, or of its folder, says that it is of this type.
pub fn is_of_type(name: &str, kind: &str) -> bool {
    let (name, kind) = (name.to_ascii_uppercase(), kind.to_ascii_uppercase());
    let ends = |c: Option<char>| c.is_none_or(|c| matches!(c, '-' | '.' | '/'));
    let mut places = name.match_indices(&kind);
    !kind.is_empty()
        && places.any(|(at, _)| {
            ends(name[..at].chars().next_back()) && ends(name[at + kind.len()..].chars().next())
        })
}

/// The name of a GGUF file without the place it has among the parts of a split one.
pub fn without_part(name: &str) -> &str {
    let stem = name.strip_suffix(".gguf").unwrap_or(name);
    let is_part = |part: &str| {
        let digits = |text: &str| text.len() == 5 && text.bytes().all(|b| b.is_ascii_digit());
        part.split_once("-of-")
            .is_some_and(|(no, of)| digits(no) && digits(of))
    };
    match stem
        .len()
        .checked_sub(15)
        .and_then(|at| stem.split_at_checked(at))
    {
        Some((whole, end)) if end.strip_prefix('-').is_some_and(is_part) => whole,
        _ => stem,
    }
}

/// The snapshot folder of a pulled model; its GGUF file where it is nothing but that, or where a
/// type is named.
fn pulled(id: &str, kind: Option<&str>) -> Option<PathBuf> {
    let cache = Cache::from_env();
    let repo = Repo::model(id.to_string());
    let root = cache.path().join(repo.folder_name());
    let commit = std::fs::read_to_string(root.join("refs/main")).ok()?;
    let snapshot = root.join("snapshots").join(commit.trim());
    let mut files: Vec<PathBuf> = disk::walk(&snapshot).unwrap_or_default();
    files.retain(|path| {
        let name = path
            .strip_prefix(&snapshot)
            .unwrap_or(path)
            .to_string_lossy();
        let is_wanted = kind.is_none_or(|kind| is_of_type(&name, kind));
        path.extension().is_some_and(|e| e == "gguf") && is_wanted
    });
    files.sort(); // of a split file the first part comes first
    let has_weights = snapshot.join("config.json").exists() && !only_gguf(&snapshot);
    if kind.is_none() && (has_weights || files.is_empty()) {
        return snapshot.join("config.json").exists().then_some(snapshot);
    }
    files.into_iter().next()
}

/// Whether a folder with a `config.json` has its weights in GGUF files alone.
fn only_gguf(snapshot: &Path) -> bool {
    let files = disk::walk(snapshot).unwrap_or_default();
    let any = |end: &str| {
        files
            .iter()
            .any(|f| f.extension().is_some_and(|e| e == end))
    };
    any("gguf") && !any("safetensors")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_found_in_names_as_they_are_written() {
        for (name, kind, yes) in [
            ("m-Q4_K_M.gguf", "Q4_K_M", true),
            ("m.q4_k_m-00001-of-00002.gguf", "Q4_K_M", true),
            ("Q4_K_M/m-00001-of-00002.gguf", "q4_k_m", true),
            ("m-Q4_K_M.gguf", "Q4_K", false),
            ("m-BF16.gguf", "F16", false),
            ("m-IQ4_NL.gguf", "", false),
        ] {
            assert_eq!(is_of_type(name, kind), yes, "{name} {kind}");
        }
        assert_eq!(split_type("a/b:Q8_0"), ("a/b", Some("Q8_0")));
        assert_eq!(split_type("a/b"), ("a/b", None));
        assert_eq!(without_part("x/m-00001-of-00002.gguf"), "x/m");
        assert_eq!(without_part("m-Q4_0.gguf"), "m-Q4_0");
        assert_eq!(without_part("äöüäöüäöü.gguf"), "äöüäöüäöü");
    }

    #[test]
    fn a_hub_id_is_told_from_a_path() {
        for id in ["gpt2", "utter-project/EuroLLM-1.7B", "a/b.c_d"] {
            assert!(is_hub_id(id), "{id}");
        }
        for path in [
            "../x",
            "/abs",
            "a/b/c",
            "a//b",
            "a/..",
            ".hidden/x",
            "",
            "a b",
        ] {
            assert!(!is_hub_id(path), "{path}");
        }
    }
}
