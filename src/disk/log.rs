//! A private log: lines that are only ever added, each on the disk before the next thing happens.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};

use super::{Error, Result};

/// A file of lines that one program at a time adds to; only its owner can read it.
#[derive(Debug)]
pub struct Log {
    path: PathBuf,
    file: File,
}

impl Log {
    /// Opens or creates a log. A last line that a crash cut short is ended, so that what is
    /// added begins a line of its own.
    ///
    /// # Errors
    /// When it cannot be opened, or another program adds to it (`WouldBlock`).
    pub fn open(path: &Path) -> Result<Self> {
        let failed = |action| move |e| Error::io(path, action, e);
        if let Some(folder) = path.parent() {
            create_private_folder(folder).map_err(|e| Error::io(folder, "create", e))?;
        }
        let mut options = File::options();
        options.create(true).append(true).read(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path).map_err(failed("open for appending"))?;
        // Some file systems know no locks: one reader too many is better than none.
        if let Err(e) = flock(&file, FlockOperation::NonBlockingLockExclusive)
            && io::Error::from(e).kind() == io::ErrorKind::WouldBlock
        {
            return Err(failed("add to it while another program does")(e.into()));
        }
        if ends_inside_a_line(&mut file).map_err(failed("read"))? {
            file.write_all(b"\n").map_err(failed("write"))?;
        }
        Ok(Log {
            path: path.into(),
            file,
        })
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Adds lines, which end with a line feed, and waits until they are on the disk.
    ///
    /// # Errors
    /// When the disk is full or gone.
    pub fn add(&mut self, lines: &str) -> Result<()> {
        let written = self.file.write_all(lines.as_bytes());
        written
            .and_then(|()| self.file.sync_data())
            .map_err(|e| Error::io(&self.path, "write", e))
    }

    /// Gives the log another name, which nothing may have yet, and goes on adding to it.
    ///
    /// # Errors
    /// When the name is taken or cannot be given.
    pub fn rename(&mut self, to: &Path) -> Result<()> {
        super::refuse_existing(to)?;
        super::promote(&self.path, to)?;
        self.path = to.into();
        Ok(())
    }
}

/// Makes a folder, and those above it, that only the owner can look into.
fn create_private_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

fn ends_inside_a_line(file: &mut File) -> io::Result<bool> {
    if file.seek(SeekFrom::End(0))? == 0 {
        return Ok(false);
    }
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last != *b"\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_added_behind_a_torn_one_by_one_program_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("eu/sessions/a.jsonl");
        let mut log = Log::open(&path).unwrap();
        log.add("one\nto").unwrap();
        let second = Log::open(&path).unwrap_err().to_string();
        assert!(second.contains("another program does"), "{second}");
        drop(log);
        let mut log = Log::open(&path).unwrap();
        log.add("two\n").unwrap();
        let renamed = path.with_file_name("b.jsonl");
        log.rename(&renamed).unwrap();
        log.add("three\n").unwrap();
        let text = fs::read_to_string(&renamed).unwrap();
        assert_eq!(text, "one\nto\ntwo\nthree\n");
        assert!(!path.exists());
        assert!(log.rename(&renamed).is_err(), "the name is taken");
    }

    #[test]
    #[cfg(unix)]
    fn nobody_else_can_read_it() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state/a.jsonl");
        Log::open(&path).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
    }
}
