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
    if let Some(id) = model.to_str().filter(|id| is_hub_id(id)) {
        if let Some(folder) = pulled(id) {
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

/// The snapshot folder of a pulled model; its only GGUF file where it is nothing but that.
fn pulled(id: &str) -> Option<PathBuf> {
    let cache = Cache::from_env();
    let repo = Repo::model(id.to_string());
    let root = cache.path().join(repo.folder_name());
    let commit = std::fs::read_to_string(root.join("refs/main")).ok()?;
    let snapshot = root.join("snapshots").join(commit.trim());
    if snapshot.join("config.json").exists() {
        return Some(snapshot);
    }
    let mut files: Vec<PathBuf> = std::fs::read_dir(&snapshot)
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|e| e == "gguf"))
        .collect();
    files.sort();
    files.into_iter().next()
}

#[cfg(test)]
mod tests {
    use super::*;

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
