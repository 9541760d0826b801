//! A file that is written piece by piece and appears whole or not at all.

use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::{Error, Result, sync_folder};

/// Bytes gathered before the system is asked to write them.
const BUFFER_BYTES: usize = 256 << 10;

/// A file in the making: under a hidden name until [`Making::finish`] gives it its own; dropped
/// before, it leaves nothing behind.
pub struct Making {
    target: PathBuf,
    writer: BufWriter<NamedTempFile>,
}

impl Making {
    /// Begins a file that will be `target`; folders above it are made.
    ///
    /// # Errors
    /// When the folder is not writable.
    pub fn new(target: &Path) -> Result<Self> {
        let folder = folder_of(target);
        fs::create_dir_all(folder).map_err(|e| Error::io(folder, "create", e))?;
        let mut builder = tempfile::Builder::new();
        builder.prefix(super::staged::PREFIX);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            builder.permissions(fs::Permissions::from_mode(0o666)); // the umask takes its part away
        }
        let file = builder
            .tempfile_in(folder)
            .map_err(|e| Error::io(target, "create", e))?;
        Ok(Making {
            target: target.into(),
            writer: BufWriter::with_capacity(BUFFER_BYTES, file),
        })
    }

    /// What it will be called.
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// Gives the file its name, once its bytes are on the disk; a file of that name is replaced.
    ///
    /// # Errors
    /// When the disk is full or the file cannot be renamed.
    pub fn finish(self) -> Result<()> {
        let Making { target, writer } = self;
        let file = writer
            .into_inner()
            .map_err(|e| Error::io(&target, "write", e.into_error()))?;
        file.as_file()
            .sync_all()
            .map_err(|e| Error::io(&target, "sync", e))?;
        file.persist(&target)
            .map_err(|e| Error::io(&target, "rename", e.error))?;
        sync_folder(folder_of(&target));
        Ok(())
    }
}

impl Write for Making {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer.write(bytes)
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.writer.write_all(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_in_the_making_is_not_seen_and_leaves_nothing_when_given_up() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("sub/f");
        let mut making = Making::new(&target).unwrap();
        making.write_all(b"one").unwrap();
        assert!(!target.exists());
        drop(making);
        assert_eq!(fs::read_dir(folder.path().join("sub")).unwrap().count(), 0);
        let mut making = Making::new(&target).unwrap();
        making.write_all(b"two").unwrap();
        making.finish().unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"two");
    }
}
