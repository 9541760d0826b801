//! The prepared folder as a run sees it: tokenizer, mix, and what it is made of.

use std::path::Path;

use super::super::{Error, Result, folder};
use crate::disk;
use crate::ledger::{self, Manifest, Parent};
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
    let mut files = match Manifest::of(data) {
        Some(manifest) => manifest.files,
        None => ledger::hash_files(data)?,
    };
    let others = [Path::new(Mix::NAME), Path::new(folder::TOKENIZER)];
    files.retain(|file| file.path.starts_with("tokens") || others.contains(&file.path.as_path()));
    Ok(ledger::digest(&files))
}
