//! What is read, some at a time, for stages that work on a stream.

use std::iter::Fuse;
use std::path::PathBuf;

use super::map::held_bytes;
use crate::data::error::{Error, Result};
use crate::data::read::{self, Item, Items, Options};
use crate::event::Control;

/// Items of a batch at most.
const BATCH_ITEMS: usize = 512;
/// Text of a batch at most, or one item.
const BATCH_BYTES: usize = 4 << 20;

/// Everything in many files, in order and whole, some at a time.
pub(super) struct Batches<'a> {
    items: Fuse<Items>,
    /// Damage that was met, to be told once what came before it was given out.
    damage: Option<Error>,
    control: &'a Control,
}

impl<'a> Batches<'a> {
    /// Begins to read.
    ///
    /// # Errors
    /// When a path is not there.
    pub(super) fn open(paths: &[PathBuf], options: &Options, control: &'a Control) -> Result<Self> {
        Ok(Batches {
            items: read::items(paths, options)?.fuse(),
            damage: None,
            control,
        })
    }

    /// The next items; none at the end.
    ///
    /// # Errors
    /// The first damage, after which nothing is read; [`Error::Interrupted`] when a stop was asked
    /// for.
    pub(super) fn next(&mut self) -> Result<Option<Vec<Item>>> {
        if let Some(damage) = self.damage.take() {
            return Err(damage);
        }
        let (mut batch, mut n_bytes) = (Vec::new(), 0);
        while batch.len() < BATCH_ITEMS && n_bytes < BATCH_BYTES {
            if self.control.stop_requested() {
                return Err(interrupted());
            }
            match self.items.next().map(sound) {
                None => break,
                Some(Ok(item)) => {
                    n_bytes += held_bytes(&item);
                    batch.push(item);
                }
                Some(Err(damage)) if batch.is_empty() => return Err(damage),
                Some(Err(damage)) => {
                    self.damage = Some(damage);
                    break;
                }
            }
        }
        Ok((!batch.is_empty()).then_some(batch))
    }
}

/// An item that can be read; damage is an error where others must be able to rely on the whole.
pub(super) fn sound(item: Result<Item>) -> Result<Item> {
    match item? {
        Item::Quarantined(broken) => Err(Error::line(
            &broken.path,
            broken.line,
            broken.what,
            "as an input of `eu prepare` it would be set aside; here it must be whole",
        )),
        item => Ok(item),
    }
}

pub(super) fn interrupted() -> Error {
    Error::Interrupted {
        stage: "the stage".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk;

    #[test]
    fn what_came_before_damage_is_given_out_and_nothing_after_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("in.jsonl");
        let good = "{\"text\": \"x\"}\n".repeat(BATCH_ITEMS + 1);
        disk::replace_bytes(&path, format!("{good}broken\n{good}").as_bytes()).unwrap();
        let control = Control::default();
        let open =
            || Batches::open(std::slice::from_ref(&path), &Options::default(), &control).unwrap();
        let mut batches = open();
        let mut n = || Ok::<_, Error>(batches.next()?.map(|batch| batch.len()));
        assert_eq!(n().unwrap(), Some(BATCH_ITEMS));
        assert_eq!(n().unwrap(), Some(1));
        assert!(n().is_err());
        let mut batches = open();
        control.request_stop();
        assert!(matches!(batches.next(), Err(Error::Interrupted { .. })));
    }
}
