//! Folders that appear whole.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Error, Result, refuse_existing, sync_folder};

/// A folder in the making: filled under a hidden name, then published under its own.
pub struct Staged {
    target: PathBuf,
    folder: tempfile::TempDir,
}

impl Staged {
    /// Starts a folder that will be `target`.
    ///
    /// # Errors
    /// [`Error::Exists`] when `target` is there already and is not an empty folder, unless
    /// `force`.
    pub fn new(target: &Path, force: bool) -> Result<Self> {
        if !force {
            refuse_existing(target)?;
        }
        let parent = match target.parent() {
            Some(p) if !p.as_os_str().is_empty() => p,
            _ => Path::new("."),
        };
        fs::create_dir_all(parent).map_err(|e| Error::io(parent, "create", e))?;
        let mut builder = tempfile::Builder::new();
        builder.prefix(".eu-");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            builder.permissions(fs::Permissions::from_mode(0o777));
        }
        let folder = builder
            .tempdir_in(parent)
            .map_err(|e| Error::io(target, "create", e))?;
        Ok(Staged {
            target: target.into(),
            folder,
        })
    }

    /// Where to write meanwhile.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Gives the folder its name; an older one of that name is removed.
    ///
    /// # Errors
    /// When it cannot be renamed.
    #[allow(clippy::disallowed_methods)]
    pub fn publish(self) -> Result<()> {
        let Staged { target, folder } = self;
        let fresh = folder.keep();
        let parent = target.parent().unwrap_or(Path::new(".")).to_path_buf();
        if target.exists() {
            let old = tempfile::Builder::new()
                .prefix(".eu-old-")
                .tempdir_in(fresh.parent().unwrap_or(Path::new(".")))
                .map_err(|e| Error::io(&target, "replace", e))?;
            let aside = old.path().join("old");
            fs::rename(&target, &aside).map_err(|e| Error::io(&target, "move aside", e))?;
            if let Err(e) = fs::rename(&fresh, &target) {
                let _ = fs::rename(&aside, &target);
                let _ = fs::remove_dir_all(&fresh);
                return Err(Error::io(&target, "rename", e));
            }
        } else if let Err(e) = fs::rename(&fresh, &target) {
            let _ = fs::remove_dir_all(&fresh);
            return Err(Error::io(&target, "rename", e));
        }
        sync_folder(&parent);
        Ok(())
    }
}
