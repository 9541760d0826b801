//! Folders that appear whole or not at all.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Error, Result, refuse_existing, sync_folder};

/// How names of files and folders in the making begin.
pub(super) const PREFIX: &str = ".eu-";
/// How hidden names of folders that are being removed begin.
const GOING: &str = ".eu-old-";
/// Name of what was replaced, inside of the temporary folder it is removed with.
const OLD: &str = "old";

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
        builder.prefix(PREFIX);
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

    /// Gives the folder its name; an older one of that name is removed. Where that fails, the
    /// older one stays and nothing is left beside it.
    ///
    /// # Errors
    /// When it cannot be renamed.
    pub fn publish(self) -> Result<()> {
        give_name(self.folder.path(), &self.target)?;
        let _ = self.folder.keep(); // it has gone; nothing of its old name is to be removed
        Ok(())
    }
}

/// Gives `folder`, which was filled file by file, the name `target`, as [`Staged::publish`] does.
///
/// # Errors
/// [`Error::Exists`] when `target` is there already and is not an empty folder, unless `force`;
/// when it cannot be renamed.
pub fn publish(folder: &Path, target: &Path, force: bool) -> Result<()> {
    if !force {
        refuse_existing(target)?;
    }
    give_name(folder, target)
}

#[allow(clippy::disallowed_methods)]
fn give_name(folder: &Path, target: &Path) -> Result<()> {
    let aside = set_aside(target, folder)?;
    if let Err(e) = fs::rename(folder, target) {
        if let Some(old) = &aside {
            let _ = fs::rename(old.path().join(OLD), target);
        }
        return Err(Error::io(target, "rename", e));
    }
    sync_folder(target.parent().unwrap_or(Path::new("")));
    Ok(())
}

/// Removes a folder with all that is in it; one that is not there is no error.
///
/// # Errors
/// When something of it cannot be removed.
pub fn remove_folder(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(Error::io(folder, "remove", e)),
        _ => Ok(()),
    }
}

/// Removes a folder as [`remove_folder`] does, but under a hidden name: after a kill all of it is
/// there under its own, or nothing. What an earlier kill left under the hidden name goes as well.
///
/// # Errors
/// When it cannot be renamed, or something of it not be removed.
pub fn remove_at_once(folder: &Path) -> Result<()> {
    let Some(name) = folder.file_name() else {
        return remove_folder(folder);
    };
    let mut hidden = std::ffi::OsString::from(GOING);
    hidden.push(name);
    let hidden = folder.with_file_name(hidden);
    remove_folder(&hidden)?;
    #[allow(clippy::disallowed_methods)]
    match fs::rename(folder, &hidden) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
            return Err(Error::io(folder, "remove", e));
        }
        _ => sync_folder(folder.parent().unwrap_or(Path::new(""))),
    }
    remove_folder(&hidden)
}

/// Removes what a killed process left under a hidden name of ours, below `folder`. Only for a
/// folder that nobody else writes to.
///
/// # Errors
/// When a folder cannot be listed, or something not be removed.
pub fn remove_leftovers(folder: &Path) -> Result<()> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Ok(()); // nothing there, nothing left
    };
    for entry in entries {
        let entry = entry.map_err(|e| Error::io(folder, "list", e))?;
        let path = entry.path();
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        let is_ours = entry
            .file_name()
            .as_encoded_bytes()
            .starts_with(PREFIX.as_bytes());
        match (is_ours, is_folder) {
            (true, true) => remove_folder(&path)?,
            (true, false) => {
                fs::remove_file(&path).map_err(|e| Error::io(&path, "remove", e))?;
            }
            (false, true) => remove_leftovers(&path)?,
            (false, false) => {}
        }
    }
    Ok(())
}

/// True for a folder with nothing in it.
pub fn is_empty_folder(folder: &Path) -> bool {
    fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_none())
}

/// True for a folder with nothing in it but what a killed process left, or one is making.
pub fn holds_only_leftovers(folder: &Path) -> bool {
    let is_leftover = |entry: std::io::Result<fs::DirEntry>| {
        entry.is_ok_and(|e| {
            e.file_name()
                .as_encoded_bytes()
                .starts_with(PREFIX.as_bytes())
        })
    };
    fs::read_dir(folder).is_ok_and(|mut entries| entries.all(is_leftover))
}

/// Moves what bears the name of `target` into a temporary folder, which removes it when dropped.
#[allow(clippy::disallowed_methods)]
fn set_aside(target: &Path, folder: &Path) -> Result<Option<tempfile::TempDir>> {
    if !target.exists() {
        return Ok(None);
    }
    let old = tempfile::Builder::new()
        .prefix(GOING)
        .tempdir_in(folder.parent().unwrap_or(Path::new(".")))
        .map_err(|e| Error::io(target, "replace", e))?;
    fs::rename(target, old.path().join(OLD)).map_err(|e| Error::io(target, "move aside", e))?;
    Ok(Some(old))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::replace_bytes;
    use crate::fault::{Fault, Kind};

    #[test]
    fn what_a_kill_left_is_removed_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        for name in [".eu-a/f", "b/.eu-c", "b/d", ".other"] {
            replace_bytes(&folder.path().join(name), b"x").unwrap();
        }
        assert!(!holds_only_leftovers(folder.path()));
        replace_bytes(&folder.path().join("c/.eu-d"), b"x").unwrap();
        assert!(holds_only_leftovers(&folder.path().join("c")));
        remove_leftovers(folder.path()).unwrap();
        remove_leftovers(&folder.path().join("nowhere")).unwrap();
        let left = |name: &str| folder.path().join(name).exists();
        assert!(!left(".eu-a") && !left("b/.eu-c") && left("b/d") && left(".other"));
    }

    #[test]
    fn a_folder_goes_at_once_and_takes_what_a_kill_left_of_it_along() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("work");
        replace_bytes(&folder.path().join(".eu-old-work/a"), b"x").unwrap();
        replace_bytes(&target.join("b/c"), b"x").unwrap();
        remove_at_once(&target).unwrap();
        remove_at_once(&target).unwrap(); // one that is not there
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_staged_folder_appears_whole_and_needs_force_to_replace() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("out");
        for round in ["1", "2"] {
            let staged = Staged::new(&target, round == "2").unwrap();
            replace_bytes(&staged.path().join("f"), round.as_bytes()).unwrap();
            assert_eq!(target.exists(), round == "2");
            staged.publish().unwrap();
            assert_eq!(fs::read_to_string(target.join("f")).unwrap(), round);
        }
        assert_eq!(
            Staged::new(&target, false).err().unwrap().kind(),
            Kind::Usage
        );
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_that_cannot_be_published_leaves_the_old_one_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("out");
        replace_bytes(&target.join("f"), b"old").unwrap();
        let staged = Staged::new(&target, true).unwrap();
        fs::remove_dir(staged.path()).unwrap(); // the rename to come will fail
        assert!(staged.publish().is_err());
        assert_eq!(fs::read(target.join("f")).unwrap(), b"old");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
