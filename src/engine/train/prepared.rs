//! The prepared folder as a run sees it: tokenizer, mix, and what it is made of.

use std::path::{Path, PathBuf};

use super::super::{Error, Result, folder};
use crate::disk;
use crate::ledger::{Manifest, Parent};
use crate::shard::Mix;
use crate::vocab::Vocab;

/// What a run takes from `eu prepare`, apart from the tokens.
pub(super) struct Prepared {
    /// Bytes of `tokenizer.json`, which go into every model unchanged.
    pub tokenizer: Vec<u8>,
    /// The same, ready to use.
    pub vocab: Vocab,
    /// How much of each language.
    pub mix: Mix,
    /// The folder with its hash, for the lineage.
    pub parents: Vec<Parent>,
    /// Hash of what the run depends on: tokens, mix and tokenizer, but no clock.
    pub fingerprint: String,
}

impl Prepared {
    /// Opens a prepared folder.
    ///
    /// # Errors
    /// When it is absent or damaged.
    pub(super) fn open(data: &Path) -> Result<Self> {
        if !data.join(Mix::NAME).is_file() {
            return Err(Error::Missing {
                what: format!(
                    "{}: not a prepared folder (no {})",
                    data.display(),
                    Mix::NAME
                ),
                hint: "make one with `eu prepare -o DATA`, and name it with --data".into(),
            });
        }
        let path = data.join(folder::TOKENIZER);
        let tokenizer = disk::read(&path)?;
        let mut lineage = Manifest::begin("train", &());
        lineage.add_parent("tokens", data)?;
        Ok(Prepared {
            vocab: Vocab::from_json(&tokenizer, &path)?,
            tokenizer,
            mix: Mix::open(data)?,
            parents: lineage.parents,
            fingerprint: fingerprint(data)?,
        })
    }
}

/// Hash over the files a run reads: from the manifest where there is one, else from the files.
fn fingerprint(data: &Path) -> Result<String> {
    let mut hashes: Vec<(PathBuf, String)> = match Manifest::of(data) {
        Some(manifest) => manifest
            .files
            .into_iter()
            .map(|f| (f.path, f.sha256))
            .collect(),
        None => hash_all(data)?,
    };
    hashes.retain(|(path, _)| {
        path.starts_with("tokens")
            || [Mix::NAME, folder::TOKENIZER]
                .iter()
                .any(|n| path == Path::new(n))
    });
    hashes.sort();
    let lines: Vec<String> = hashes
        .iter()
        .map(|(path, sha256)| format!("{sha256}  {}\n", path.display()))
        .collect();
    Ok(disk::sha256_bytes(lines.concat().as_bytes()))
}

fn hash_all(data: &Path) -> Result<Vec<(PathBuf, String)>> {
    let mut hashes = Vec::new();
    for part in ["tokens", Mix::NAME, folder::TOKENIZER] {
        for path in disk::walk(&data.join(part))? {
            let (sha256, _) = disk::sha256(&path)?;
            hashes.push((
                path.strip_prefix(data).unwrap_or(&path).to_path_buf(),
                sha256,
            ));
        }
    }
    Ok(hashes)
}
