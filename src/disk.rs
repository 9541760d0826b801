//! Files: open, decompress, hash, and create whole or not at all.
//!
//! This is the only place that creates or renames files. A file or folder appears under its
//! name when it is complete and synced; a killed process or a full disk leaves at most a
//! hidden temporary beside it, never half an artefact.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::fault::{Fault, Kind};

pub mod cut;
mod log;
mod making;
mod mapped;
mod source;
mod staged;

pub use log::Log;
pub use making::Making;
pub use mapped::Mapped;
pub use source::Source;
pub use staged::{
    Staged, holds_only_leftovers, is_empty_folder, publish, remove_at_once, remove_folder,
    remove_leftovers,
};

/// Longest line any reader of lines accepts, in bytes.
pub const MAX_LINE_BYTES: usize = 256 << 20;
/// Most bytes a compressed file may unpack to where it is read whole: a megabyte of zstd can
/// claim to be a terabyte.
pub const MAX_UNPACKED_BYTES: u64 = 2 << 30;

/// A file could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The operating system said no.
    #[error("{}: cannot {action}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What was tried: `open`, `read`, `write`, …
        action: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// A compressed file ends early or its checksums do not hold.
    #[error("{}: damaged after byte {offset} of the compressed file: {source}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Compressed bytes read until then.
        offset: u64,
        /// What the decoder said.
        source: io::Error,
    },
    /// A line is longer than [`MAX_LINE_BYTES`].
    #[error("{}:{line}: line is longer than {} MiB", path.display(), MAX_LINE_BYTES >> 20)]
    LongLine {
        /// The file.
        path: PathBuf,
        /// Line number, from 1.
        line: u64,
    },
    /// A compressed file that is read whole unpacks to more than [`MAX_UNPACKED_BYTES`].
    #[error("{}: unpacks to more than {} GiB", path.display(), MAX_UNPACKED_BYTES >> 30)]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// The output is there already.
    #[error("{}: exists already", path.display())]
    Exists {
        /// The file or folder.
        path: PathBuf,
    },
}

impl Error {
    /// An error of the operating system about `path`.
    pub fn io(path: &Path, action: &'static str, source: io::Error) -> Self {
        Error::Io {
            path: path.into(),
            action,
            source,
        }
    }
}

impl Fault for Error {
    fn kind(&self) -> Kind {
        match self {
            // a call was given memory that is not there: of a file that was cut (see `cut`)
            Error::Io { source, .. } if source.raw_os_error() == Some(libc::EFAULT) => {
                Kind::Damaged
            }
            Error::Io { source, .. } => match source.kind() {
                io::ErrorKind::NotFound
                | io::ErrorKind::NotADirectory
                | io::ErrorKind::PermissionDenied => Kind::Missing,
                io::ErrorKind::AlreadyExists | io::ErrorKind::IsADirectory => Kind::Usage,
                io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => Kind::Damaged,
                _ => Kind::Failed,
            },
            Error::Damaged { .. } | Error::LongLine { .. } | Error::TooLarge { .. } => {
                Kind::Damaged
            }
            Error::Exists { .. } => Kind::Usage,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Error::Io { source, .. } if source.raw_os_error() == Some(libc::EFAULT) => Some(
                "a file was cut while it was read: run the command again on the whole file".into(),
            ),
            Error::Io { path, source, .. } => match source.kind() {
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Some(format!(
                    "the disk is full ({} free); nothing was left behind under the final name",
                    free_bytes(path).map_or("unknown bytes".into(), |n| format!("{n} bytes"))
                )),
                io::ErrorKind::PermissionDenied => {
                    Some("check the permissions of the file and of the folders above it".into())
                }
                io::ErrorKind::NotFound => Some("check the path".into()),
                io::ErrorKind::NotADirectory => {
                    Some("check the path: a part of it is a file, not a folder".into())
                }
                io::ErrorKind::AlreadyExists => {
                    Some("a file is where a folder is needed; choose another path".into())
                }
                io::ErrorKind::IsADirectory => Some("give a file, not a folder".into()),
                _ => None,
            },
            Error::Damaged { .. } => Some("fetch or compress the file again".into()),
            Error::LongLine { .. } => Some("is this file really one record a line?".into()),
            Error::TooLarge { .. } => Some("unpack it first, or cut it in smaller files".into()),
            Error::Exists { .. } => Some("use --force to overwrite it".into()),
        }
    }
}

/// Result of this module.
pub type Result<T> = std::result::Result<T, Error>;

/// Reads a whole file, decompressed if it is compressed.
///
/// # Errors
/// When it cannot be opened or is damaged.
pub fn read(path: &Path) -> Result<Vec<u8>> {
    Source::open(path)?.read_all()
}

/// Writes a file that appears whole or not at all; `write` gets a buffered writer.
///
/// # Errors
/// When the folder is not writable or the disk is full; nothing is then left behind.
pub fn replace<F>(path: &Path, write: F) -> Result<()>
where
    F: FnOnce(&mut Making) -> io::Result<()>,
{
    let mut making = Making::new(path)?;
    write(&mut making).map_err(|e| Error::io(path, "write", e))?;
    making.finish()
}

/// Writes `bytes` as a file that appears whole or not at all.
///
/// # Errors
/// As [`replace`].
pub fn replace_bytes(path: &Path, bytes: &[u8]) -> Result<()> {
    replace(path, |w| w.write_all(bytes))
}

/// Gives a file that was written piece by piece (see [`append`]) its final name, once it is
/// whole and checked.
///
/// # Errors
/// When it cannot be synced or renamed.
pub fn promote(part: &Path, target: &Path) -> Result<()> {
    let file = File::open(part).map_err(|e| Error::io(part, "open", e))?;
    file.sync_all().map_err(|e| Error::io(part, "sync", e))?;
    #[allow(clippy::disallowed_methods)]
    fs::rename(part, target).map_err(|e| Error::io(target, "rename", e))?;
    sync_folder(target.parent().unwrap_or(Path::new("")));
    Ok(())
}

/// Makes `pointer` a link to `target`, which is given relative to the pointer's folder; where the
/// system has no links, a copy. A pointer that is there already is replaced.
///
/// # Errors
/// When it cannot be made.
pub fn link(target: &Path, pointer: &Path) -> Result<()> {
    let folder = pointer.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(|e| Error::io(folder, "create", e))?;
    if pointer.symlink_metadata().is_ok() {
        fs::remove_file(pointer).map_err(|e| Error::io(pointer, "replace", e))?;
    }
    #[cfg(unix)]
    let made = std::os::unix::fs::symlink(target, pointer);
    #[cfg(not(unix))]
    let made = fs::copy(folder.join(target), pointer).map(drop);
    made.map_err(|e| Error::io(pointer, "link", e))
}

/// Writes `value` as indented JSON with a final line feed.
///
/// # Errors
/// As [`replace`].
pub fn replace_json<T: serde::Serialize>(path: &Path, value: &T) -> Result<()> {
    replace(path, |w| {
        serde_json::to_writer_pretty(&mut *w, value)?;
        w.write_all(b"\n")
    })
}

/// Opens a log that grows line by line (the one kind of file that is seen before it is whole).
///
/// # Errors
/// When it cannot be created.
pub fn append(path: &Path) -> Result<File> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|e| Error::io(folder, "create", e))?;
    }
    File::options()
        .create(true)
        .append(true)
        .open(path)
        .map_err(|e| Error::io(path, "open for appending", e))
}

/// Fails with [`Error::Exists`] when `path` is a file or a folder with something in it.
///
/// # Errors
/// See above.
pub fn refuse_existing(path: &Path) -> Result<()> {
    if path.symlink_metadata().is_ok() && !is_empty_folder(path) {
        return Err(Error::Exists { path: path.into() });
    }
    Ok(())
}

/// Makes renames inside `folder` durable where the system can.
fn sync_folder(folder: &Path) {
    let folder = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    if let Ok(handle) = File::open(folder) {
        let _ = handle.sync_all();
    }
}

/// Bytes that are read and hashed at a time: enough that reading costs little, few enough that
/// they are still near when they are hashed.
const HASHED_AT_A_TIME: usize = 1 << 18;

/// SHA-256 of a file's bytes as they are on disk, in hexadecimal, and its length.
///
/// # Errors
/// When it cannot be read.
pub fn sha256(path: &Path) -> Result<(String, u64)> {
    let mut file = File::open(path).map_err(|e| Error::io(path, "open", e))?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; HASHED_AT_A_TIME];
    let mut len_bytes = 0;
    loop {
        match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(n) => {
                hasher.update(&buffer[..n]);
                len_bytes += n as u64;
            }
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(Error::io(path, "read", e)),
        }
    }
    Ok((hex(&hasher.finalize()), len_bytes))
}

/// SHA-256 of bytes in memory, in hexadecimal.
pub fn sha256_bytes(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}

/// Free bytes on the disk that holds `path` (or its nearest folder that exists).
pub fn free_bytes(path: &Path) -> Option<u64> {
    let mut at = path.to_path_buf();
    loop {
        let probe = if at.as_os_str().is_empty() {
            Path::new(".")
        } else {
            at.as_path()
        };
        if let Ok(stat) = rustix::fs::statvfs(probe) {
            return Some(stat.f_bavail.saturating_mul(stat.f_frsize));
        }
        if !at.pop() {
            return None;
        }
    }
}

/// Every regular file under `path`, sorted by name; `path` itself when it is a file.
/// Hidden files and folders below `path` are passed over.
///
/// # Errors
/// When a folder cannot be listed.
pub fn walk(path: &Path) -> Result<Vec<PathBuf>> {
    let meta = fs::metadata(path).map_err(|e| Error::io(path, "open", e))?;
    if !meta.is_dir() {
        return Ok(vec![path.into()]);
    }
    let mut found = Vec::new();
    let mut entries: Vec<PathBuf> = fs::read_dir(path)
        .and_then(|entries| entries.map(|e| e.map(|e| e.path())).collect())
        .map_err(|e| Error::io(path, "list", e))?;
    entries.sort();
    for entry in entries {
        let hidden = entry
            .file_name()
            .is_some_and(|n| n.as_encoded_bytes().starts_with(b"."));
        if !hidden {
            found.extend(walk(&entry)?);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_alike_whatever_its_compression() {
        let folder = tempfile::tempdir().unwrap();
        let text = b"eins\r\nzwei\n\ndrei";
        let plain = folder.path().join("a");
        replace_bytes(&plain, text).unwrap();
        let gz = folder.path().join("b");
        replace(&gz, |w| {
            let mut e = flate2::write::GzEncoder::new(w, flate2::Compression::fast());
            e.write_all(&text[..6])?;
            let w = e.finish()?; // two members, as crawls have them
            let mut e = flate2::write::GzEncoder::new(w, flate2::Compression::fast());
            e.write_all(&text[6..])?;
            e.finish().map(drop)
        })
        .unwrap();
        let zst = folder.path().join("c");
        replace(&zst, |w| {
            w.write_all(&zstd::encode_all(&text[..3], 1)?)?;
            w.write_all(&zstd::encode_all(&text[3..], 1)?)
        })
        .unwrap();
        for path in [plain, gz, zst] {
            let mut source = Source::open(&path).unwrap();
            let mut line = Vec::new();
            let mut lines = Vec::new();
            while source.read_line(&mut line).unwrap() {
                lines.push(String::from_utf8(line.clone()).unwrap());
            }
            assert_eq!(lines, ["eins", "zwei", "", "drei"], "{}", path.display());
        }
    }

    #[test]
    fn a_cut_zst_is_damaged_with_its_offset() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cut.zst");
        let whole = zstd::encode_all(&vec![7u8; 100_000][..], 1).unwrap();
        replace_bytes(&path, &whole[..whole.len() - 3]).unwrap();
        let error = read(&path).unwrap_err();
        assert_eq!(error.kind(), Kind::Damaged, "{error}");
        assert!(
            error.to_string().contains("cut.zst: damaged after byte"),
            "{error}"
        );
    }

    #[test]
    fn a_failed_write_leaves_the_old_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f");
        replace_bytes(&path, b"old").unwrap();
        replace(&path, |w| {
            w.write_all(b"new")?;
            Err(io::Error::from(io::ErrorKind::StorageFull))
        })
        .unwrap_err();
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(
            fs::read_dir(folder.path()).unwrap().count(),
            1,
            "no temporary is left"
        );
    }
}
