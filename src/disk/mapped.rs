//! A file's bytes in memory, mapped rather than read.

use std::fs::File;
use std::io;
use std::path::Path;

use super::{Error, Result, cut};

/// A file's bytes in memory, mapped rather than read.
///
/// A file that is replaced by rename stays as it was here. One that is cut while it is mapped ends
/// the program with a word about it (see [`cut`]).
pub struct Mapped {
    map: memmap2::Mmap,
    /// Kept until the map is gone.
    _watched: Option<cut::Watched>,
}

impl Mapped {
    /// Maps `path`.
    ///
    /// # Errors
    /// When it cannot be opened or mapped.
    pub fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).map_err(|e| Error::io(path, "open", e))?;
        if file.metadata().is_ok_and(|m| m.is_dir()) {
            return Err(Error::io(
                path,
                "map",
                io::Error::from(io::ErrorKind::IsADirectory),
            ));
        }
        // SAFETY: the map is read-only and private to this process; where another process cuts the
        // file, reading beyond its new end is a signal, which ends this one.
        #[allow(unsafe_code)]
        let map = unsafe { memmap2::Mmap::map(&file) }.map_err(|e| Error::io(path, "map", e))?;
        let _watched = cut::watch(path, &map);
        Ok(Mapped { map, _watched })
    }
}

impl std::ops::Deref for Mapped {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.map
    }
}
