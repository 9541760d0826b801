//! `manifest.json`: parents' hashes, files' hashes, settings, seed, counters, time.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::disk;

/// Name of the file, in the folder of the artefact.
const NAME: &str = "manifest.json";

/// Where an artefact came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parent {
    /// What it was to us: `text`, `tokens`, `tokenizer`, `model`, …
    pub role: String,
    /// Path as it was given.
    pub path: PathBuf,
    /// SHA-256 of the parent's `manifest.json` where it has one, else of the file itself.
    pub sha256: String,
}

/// One file of an artefact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileHash {
    /// Path relative to the manifest.
    pub path: PathBuf,
    /// Its length.
    pub len_bytes: u64,
    /// SHA-256 of its bytes.
    pub sha256: String,
}

/// What was made, from what, how.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// `manifest/1`.
    pub schema: String,
    /// Program and version.
    pub tool: String,
    /// The stage that made it: `prepare`, `train`, `quantize`, …
    pub stage: String,
    /// Seconds since 1970 (UTC) when the stage began.
    pub started_unix_s: u64,
    /// Milliseconds the stage took.
    pub elapsed_ms: u64,
    /// Every setting, defaults resolved.
    pub settings: Value,
    /// Where it came from.
    pub parents: Vec<Parent>,
    /// Every file of the artefact but this one, sorted by path.
    pub files: Vec<FileHash>,
    /// Counts and results.
    pub counters: BTreeMap<String, Value>,
    #[serde(skip)]
    began: Option<Instant>,
}

impl Manifest {
    /// Starts the record of a stage; the clock runs from here.
    pub fn begin<S: Serialize>(stage: &str, settings: &S) -> Self {
        Manifest {
            schema: "manifest/1".into(),
            tool: concat!("eu ", env!("CARGO_PKG_VERSION")).into(),
            stage: stage.into(),
            started_unix_s: SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(0, |t| t.as_secs()),
            elapsed_ms: 0,
            settings: serde_json::to_value(settings).unwrap_or(Value::Null),
            parents: Vec::new(),
            files: Vec::new(),
            counters: BTreeMap::new(),
            began: Some(Instant::now()),
        }
    }

    /// Names a parent: a file, or a folder with a manifest of its own.
    ///
    /// # Errors
    /// When neither it nor its manifest can be read.
    pub fn add_parent(&mut self, role: &str, path: &Path) -> disk::Result<()> {
        let manifest = sidecar(path);
        let hashed = if manifest.is_file() {
            manifest
        } else {
            path.to_path_buf()
        };
        if hashed.is_dir() {
            for file in disk::walk(path)? {
                let (sha256, _) = disk::sha256(&file)?;
                self.parents.push(Parent {
                    role: role.into(),
                    path: file,
                    sha256,
                });
            }
            return Ok(());
        }
        let (sha256, _) = disk::sha256(&hashed)?;
        self.parents.push(Parent {
            role: role.into(),
            path: path.into(),
            sha256,
        });
        Ok(())
    }

    /// As [`add_parent`](Self::add_parent), of an artefact whose files [`hash_files`] has hashed:
    /// they are not read again.
    ///
    /// # Errors
    /// When its manifest cannot be read.
    pub fn add_hashed_parent(
        &mut self,
        role: &str,
        path: &Path,
        files: &[FileHash],
    ) -> disk::Result<()> {
        if sidecar(path).is_file() {
            return self.add_parent(role, path);
        }
        for file in files {
            let is_within = path.is_dir();
            self.parents.push(Parent {
                role: role.into(),
                path: if is_within {
                    path.join(&file.path)
                } else {
                    path.into()
                },
                sha256: file.sha256.clone(),
            });
        }
        Ok(())
    }

    /// Notes a count or a result.
    pub fn count<V: Serialize>(&mut self, name: &str, value: V) {
        self.counters.insert(
            name.into(),
            serde_json::to_value(value).unwrap_or(Value::Null),
        );
    }

    /// Hashes every file of the artefact and writes the manifest beside it, last of all.
    ///
    /// `artefact` is a folder (its files are listed, other manifests' folders included) or a
    /// single file (the manifest is then `<file>.manifest.json`).
    ///
    /// # Errors
    /// When a file cannot be read or the manifest not be written.
    pub fn seal(mut self, artefact: &Path) -> disk::Result<Self> {
        self.files = hash_files(artefact)?;
        self.elapsed_ms = self.began.map_or(0, |t| t.elapsed().as_millis() as u64);
        disk::replace_json(&sidecar(artefact), &self)?;
        Ok(self)
    }

    /// Reads the manifest of an artefact, if it has one.
    pub fn of(artefact: &Path) -> Option<Self> {
        let bytes = std::fs::read(sidecar(artefact)).ok()?;
        serde_json::from_slice(&bytes).ok()
    }
}

/// Hashes every file of an artefact but its manifest, sorted by path.
///
/// # Errors
/// When a file cannot be read.
pub fn hash_files(artefact: &Path) -> disk::Result<Vec<FileHash>> {
    let folder = if artefact.is_dir() {
        artefact
    } else {
        artefact.parent().unwrap_or(Path::new(""))
    };
    let manifest = sidecar(artefact);
    let mut files = Vec::new();
    for path in disk::walk(artefact)? {
        if path != manifest {
            let (sha256, len_bytes) = disk::sha256(&path)?;
            files.push(FileHash {
                path: path.strip_prefix(folder).unwrap_or(&path).to_path_buf(),
                len_bytes,
                sha256,
            });
        }
    }
    Ok(files)
}

/// One hash for all of `files`: that of the lines `sha256sum` prints of them, sorted by path.
/// Unlike the hash of a manifest it tells of no clock: the same bytes made twice have the same.
pub fn digest(files: &[FileHash]) -> String {
    let mut files: Vec<&FileHash> = files.iter().collect();
    files.sort_by(|a, b| a.path.cmp(&b.path));
    let line = |file: &&FileHash| format!("{}  {}\n", file.sha256, file.path.display());
    disk::sha256_bytes(files.iter().map(line).collect::<String>().as_bytes())
}

/// Where the manifest of an artefact lies.
fn sidecar(artefact: &Path) -> PathBuf {
    if artefact.is_dir() {
        return artefact.join(NAME);
    }
    let mut name = artefact.file_name().unwrap_or_default().to_os_string();
    name.push(".");
    name.push(NAME);
    artefact.with_file_name(name)
}

/// Files of an artefact whose bytes are no longer those its manifest names.
///
/// # Errors
/// When a file cannot be read for another reason than being absent.
pub fn verify(artefact: &Path, manifest: &Manifest) -> disk::Result<Vec<PathBuf>> {
    let folder = if artefact.is_dir() {
        artefact
    } else {
        artefact.parent().unwrap_or(artefact)
    };
    let mut changed = Vec::new();
    for file in &manifest.files {
        let path = folder.join(&file.path);
        if !path.exists() || disk::sha256(&path)?.0 != file.sha256 {
            changed.push(path);
        }
    }
    Ok(changed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_file_no_longer_matches_its_manifest() {
        let folder = tempfile::tempdir().unwrap();
        let artefact = folder.path().join("a");
        disk::replace_bytes(&artefact.join("x"), b"1").unwrap();
        disk::replace_bytes(&artefact.join("sub/y"), b"2").unwrap();
        let sealed = Manifest::begin("test", &()).seal(&artefact).unwrap();
        assert_eq!(sealed.files.len(), 2);
        let read = Manifest::of(&artefact).unwrap();
        assert_eq!(read.files, sealed.files);
        assert!(verify(&artefact, &read).unwrap().is_empty());
        disk::replace_bytes(&artefact.join("x"), b"3").unwrap();
        assert_eq!(verify(&artefact, &read).unwrap(), [artefact.join("x")]);
    }

    #[test]
    fn a_digest_tells_of_bytes_and_names_but_of_no_clock() {
        let folder = tempfile::tempdir().unwrap();
        let made = |name: &str, text: &[u8]| {
            let artefact = folder.path().join(name);
            disk::replace_bytes(&artefact.join("x"), text).unwrap();
            let mut manifest = Manifest::begin("test", &());
            manifest.started_unix_s = text.len() as u64;
            digest(&manifest.seal(&artefact).unwrap().files)
        };
        // printf 1 > x; sha256sum x | sha256sum
        let expected = "f3172cb1b5d796a204e6be9d9131798a241426fd7492ec5467e281c84abf0878";
        assert_eq!(made("a", b"1"), expected);
        assert_eq!(made("b", b"1"), expected);
        assert_ne!(made("c", b"2"), expected);
    }

    #[test]
    fn a_child_names_its_parents_manifest() {
        let folder = tempfile::tempdir().unwrap();
        let parent = folder.path().join("p");
        disk::replace_bytes(&parent.join("x"), b"1").unwrap();
        Manifest::begin("test", &()).seal(&parent).unwrap();
        let file = folder.path().join("child.gguf");
        disk::replace_bytes(&file, b"2").unwrap();
        let mut child = Manifest::begin("test", &());
        child.add_parent("model", &parent).unwrap();
        let child = child.seal(&file).unwrap();
        let (hash, _) = disk::sha256(&parent.join("manifest.json")).unwrap();
        assert_eq!(child.parents[0].sha256, hash);
        assert_eq!(Manifest::of(&file).unwrap().parents, child.parents);
    }
}
