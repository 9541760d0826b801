//! Writes a file of importance in GGUF form.

use std::path::Path;

use super::Imatrix;
use super::read::{CHUNK_COUNT, CHUNK_SIZE, COUNTS, DATASETS, LANGUAGES, SUMS, TEXT, TOKENS};
use crate::engine::Result;
use crate::engine::gguf::{Draft, Kind, Metadata, Value, ValueKind};

impl Imatrix {
    /// Writes the file at `path`; entries come in the order of their names.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&self, path: &Path) -> Result<()> {
        let mut metadata = Metadata::new(path);
        metadata.set("general.type", Value::String("imatrix".into()));
        metadata.set(DATASETS, Value::strings(self.datasets.clone()));
        metadata.set(CHUNK_COUNT, Value::U32(self.n_chunks));
        metadata.set(CHUNK_SIZE, Value::U32(self.chunk_tokens));
        if !self.languages.is_empty() {
            let codes = self.languages.iter().map(|(lang, _)| lang.clone());
            metadata.set(LANGUAGES, Value::strings(codes));
            let tokens = self.languages.iter().map(|(_, n)| Value::U64(*n));
            metadata.set(TOKENS, Value::Array(ValueKind::U64, tokens.collect()));
        }
        if let Some(sha256) = &self.text_sha256 {
            metadata.set(TEXT, Value::String(sha256.clone()));
        }
        let mut draft = Draft::new(metadata);
        let f32s = Kind::named("F32").expect("F32 is a type");
        for (name, entry) in &self.entries {
            let n = entry.counts.len().max(1) as u64;
            let width = entry.sums.len() as u64 / n;
            // As ggml has it, a last dimension of one is none.
            let (sums, counts): (&[u64], &[u64]) = match n {
                1 => (&[width], &[1]),
                n => (&[width, n], &[1, n]),
            };
            draft.add(&format!("{name}{SUMS}"), sums, f32s);
            draft.add(&format!("{name}{COUNTS}"), counts, f32s);
        }
        let entries: Vec<_> = self.entries.values().collect();
        draft.write(path, |row| {
            let entry = entries[row / 2];
            let bytes = |x: &f32| x.to_le_bytes();
            Ok(match row % 2 {
                0 => entry.sums.iter().flat_map(bytes).collect(),
                _ => {
                    let counts = entry.counts.iter().map(|n| *n as f32);
                    counts.flat_map(f32::to_le_bytes).collect()
                }
            })
        })
    }
}
