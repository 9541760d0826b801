//! Metadata: keys and values in the order of the file, asked for by key and kind.

use std::path::{Path, PathBuf};

use super::Value;
use crate::engine::{Error, Result};
use crate::vocab::Texts;

/// Keys and values in the order of the file; errors name the file and the key.
#[derive(Debug, Clone, PartialEq)]
pub struct Metadata {
    path: PathBuf,
    entries: Vec<(String, Value)>,
}

impl Metadata {
    /// No entries yet, for or from the file at `path`.
    pub fn new(path: &Path) -> Self {
        Metadata {
            path: path.into(),
            entries: Vec::new(),
        }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Every entry, in order.
    pub fn entries(&self) -> &[(String, Value)] {
        &self.entries
    }

    /// Appends an entry, or replaces the value of its key.
    pub fn set(&mut self, key: impl Into<String>, value: Value) {
        let key = key.into();
        match self.entries.iter_mut().find(|(k, _)| *k == key) {
            Some(entry) => entry.1 = value,
            None => self.entries.push((key, value)),
        }
    }

    /// Appends an entry whose key is known to be new.
    pub(super) fn push(&mut self, key: String, value: Value) {
        self.entries.push((key, value));
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.entries.iter().find(|(k, _)| k == key).map(|(_, v)| v)
    }

    /// A value that `pick` understands; none where the key is absent.
    fn pick<'a, T>(
        &'a self,
        key: &str,
        wanted: &str,
        pick: impl Fn(&'a Value) -> Option<T>,
    ) -> Result<Option<T>> {
        let Some(value) = self.get(key) else {
            return Ok(None);
        };
        pick(value).map(Some).ok_or_else(|| {
            let is = match value.shape() {
                Some((kind, n)) => format!("{n} of {kind:?}"),
                None => format!("{:?}", value.kind()),
            };
            Error::damaged(&self.path, format!("{key} is {is}, not {wanted}"))
        })
    }

    /// A string, if the key is there.
    ///
    /// # Errors
    /// When it is of another kind; so for all questions below.
    pub fn str(&self, key: &str) -> Result<Option<&str>> {
        self.pick(key, "a string", Value::as_str)
    }

    /// A truth value, if the key is there.
    pub fn bool(&self, key: &str) -> Result<Option<bool>> {
        self.pick(key, "a truth value", Value::as_bool)
    }

    /// A whole number, if the key is there.
    pub fn u64(&self, key: &str) -> Result<Option<u64>> {
        self.pick(key, "a whole number", Value::as_u64)
    }

    /// A number with a fraction, if the key is there.
    pub fn f64(&self, key: &str) -> Result<Option<f64>> {
        self.pick(key, "a number", Value::as_f64)
    }

    /// An array of strings, if the key is there.
    pub fn texts(&self, key: &str) -> Result<Option<Texts>> {
        self.pick(key, "an array of strings", Value::as_texts)
    }

    /// An array of whole numbers, if the key is there.
    pub fn i64s(&self, key: &str) -> Result<Option<Vec<i64>>> {
        self.pick(key, "an array of whole numbers", Value::as_i64s)
    }

    /// An array of numbers, if the key is there.
    pub fn f32s(&self, key: &str) -> Result<Option<Vec<f32>>> {
        self.pick(key, "an array of numbers", Value::as_f32s)
    }

    /// A count that must be there.
    pub fn count(&self, key: &str) -> Result<usize> {
        let n = self.required(key, self.u64(key)?)?;
        usize::try_from(n).map_err(|_| Error::damaged(&self.path, format!("{key} is {n}")))
    }

    /// The value, or an error that names the missing key.
    pub fn required<T>(&self, key: &str, value: Option<T>) -> Result<T> {
        value.ok_or_else(|| Error::damaged(&self.path, format!("the metadata has no {key}")))
    }
}
