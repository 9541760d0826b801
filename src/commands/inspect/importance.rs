//! Importance matrices in their older form, `.dat`. (Those in GGUF files are told as such.)

use std::path::Path;

use serde_json::Value;

use super::report::{Found, Look, Tensor};
use crate::commands::fail::Result;
use crate::engine::quant::Imatrix;

/// Whether bytes begin as such a file does: a number of entries, the length of a name, and the
/// name of a matrix.
pub(super) fn is_legacy(bytes: &[u8]) -> bool {
    let Some((head, rest)) = bytes.split_first_chunk::<8>() else {
        return false;
    };
    let number =
        |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
    let name = rest.get(..number(4) as usize).unwrap_or_default();
    number(0) > 0 && name.ends_with(b".weight") && name.iter().all(u8::is_ascii_graphic)
}

/// Looks at one.
pub(super) fn legacy(path: &Path, look: Look) -> Result<Found> {
    let imatrix = Imatrix::read(path)?;
    let counts = || imatrix.entries.values().flat_map(|e| &e.counts);
    let mut found = Found::new("importance matrix")
        .fact("form", "legacy .dat")
        .fact("matrices", imatrix.entries.len())
        .fact(
            "columns",
            imatrix
                .entries
                .values()
                .map(|e| e.sums.len())
                .sum::<usize>(),
        )
        .fact("fewest calls", counts().min().copied())
        .fact("most calls", counts().max().copied())
        .fact("chunks", imatrix.n_chunks)
        .fact(
            "text",
            imatrix
                .datasets
                .iter()
                .map(|d| Value::from(&**d))
                .collect::<Vec<_>>(),
        );
    let unused = imatrix.entries.iter();
    let unused = unused.filter(|(_, entry)| entry.sums.iter().all(|sum| *sum == 0.0));
    let unused: Vec<&str> = unused.map(|(name, _)| name.as_str()).collect();
    if let Some(first) = unused.first() {
        let n = unused.len();
        found = found.odd([format!(
            "{n} matrices saw nothing but zeros, the first is {first}"
        )]);
    }
    if look.tensors {
        let rows = imatrix.entries.iter().map(|(name, entry)| Tensor {
            name: name.clone(),
            kind: "F32".into(),
            shape: vec![
                entry.counts.len() as u64,
                (entry.sums.len() / entry.counts.len()) as u64,
            ],
            len_bytes: 4 * entry.sums.len() as u64,
            part: 0,
        });
        found.tensors = Some(rows.collect());
    }
    Ok(found)
}
