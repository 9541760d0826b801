//! A shard as datatrove writes it (read by nanotron): `.ds` holds token ids as `u16` or `u32`
//! without a header, `.ds.index` the end of each document in tokens (`u64`), `.ds.metadata` three
//! lines: tokenizer and bytes a token, the count, the count for people. All little-endian.

use std::io::Write;
use std::path::Path;

use super::{Error, Shard, with_suffix};
use crate::disk;

impl Shard {
    /// Writes `<stem>.ds`, `<stem>.ds.index` and, last, `<stem>.ds.metadata`; `tokenizer` is the
    /// name that readers show.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn save_datatrove(&self, stem: &Path, tokenizer: &str) -> Result<(), Error> {
        // Ids are stored alike in both: u16, or 32 bits of which the highest is never set.
        disk::replace_bytes(&with_suffix(stem, "ds"), &self.tokens)?;
        disk::replace(&with_suffix(stem, "ds.index"), |w| {
            let mut ends = self.starts.iter().skip(1);
            ends.try_for_each(|end| w.write_all(&end.to_le_bytes()))
        })?;
        let (size, n) = (self.width.len_bytes(), self.n_tokens());
        let name: String = tokenizer
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect();
        let metadata = format!("{name}|{size}\n{n}\n{}", metric(n));
        disk::replace_bytes(&with_suffix(stem, "ds.metadata"), metadata.as_bytes())?;
        Ok(())
    }
}

/// A count of tokens in three digits: `1.23 MT`.
fn metric(n: u64) -> String {
    const PREFIXES: [&str; 7] = ["", "k", "M", "G", "T", "P", "E"];
    let n_digits = n.checked_ilog10().unwrap_or(0);
    let prefix = PREFIXES.get(n_digits as usize / 3).unwrap_or(&"");
    let value = n as f64 / 10f64.powi((n_digits / 3 * 3) as i32);
    let decimals = 2 - n_digits as usize % 3;
    format!("{value:.decimals$} {prefix}T")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shard::Writer;

    /// Made by tests/parity/shard_formats.py with datatrove itself.
    const GOLDEN: &str = include_str!("../../tests/golden/shard_formats.json");

    fn hex(path: &Path) -> String {
        disk::hex(&std::fs::read(path).unwrap())
    }

    #[test]
    fn files_are_those_of_datatrove_byte_for_byte() {
        let golden: serde_json::Value = serde_json::from_str(GOLDEN).unwrap();
        let folder = tempfile::tempdir().unwrap();
        for case in golden["cases"].as_array().unwrap() {
            let docs: Vec<Vec<u32>> = serde_json::from_value(case["docs"].clone()).unwrap();
            let stem = folder.path().join("x");
            let n_vocab = case["n_vocab"].as_u64().unwrap() as usize;
            let mut writer = Writer::new(&stem, n_vocab).unwrap();
            docs.iter().for_each(|doc| writer.push(doc).unwrap());
            writer.finish().unwrap();
            let shard = Shard::open(&stem).unwrap();
            shard.save_datatrove(&stem, "gpt2").unwrap();
            for suffix in ["ds", "ds.index", "ds.metadata"] {
                let made = hex(&with_suffix(&stem, suffix));
                assert_eq!(made, case[suffix].as_str().unwrap(), "{suffix}");
            }
        }
        for row in golden["metric"].as_array().unwrap() {
            assert_eq!(metric(row[0].as_u64().unwrap()), row[1].as_str().unwrap());
        }
    }
}
