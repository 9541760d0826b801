//! Questions of all conversations, for whoever asks again: `history.jsonl` in
//! `$XDG_STATE_HOME/eu`, a line a question.

use std::path::Path;

use super::super::fail::Result;
use crate::disk::Log;

/// Name of the file.
const NAME: &str = "history.jsonl";

/// Adds a question.
///
/// # Errors
/// When the disk is full or gone. A question that another program adds at this very moment wins.
pub(super) fn add(folder: &Path, question: &str) -> Result<()> {
    let line = serde_json::Value::from(question).to_string() + "\n";
    if let Ok(mut log) = Log::open(&folder.join(NAME)) {
        log.add(&line)?;
    }
    Ok(())
}

/// The latest questions, oldest first; none where there is no file.
#[cfg(any(test, feature = "tui"))]
pub(super) fn recent(folder: &Path) -> Vec<String> {
    /// Most questions recalled.
    const MAX: usize = 1000;
    let bytes = tail(&folder.join(NAME)).unwrap_or_default();
    let lines = bytes.split(|byte| *byte == b'\n');
    let mut found: Vec<String> = lines
        .filter_map(|line| serde_json::from_slice(line).ok())
        .collect();
    found.split_off(found.len().saturating_sub(MAX))
}

/// The last mebibyte of a file, from the beginning of a line on.
#[cfg(any(test, feature = "tui"))]
fn tail(path: &Path) -> Option<Vec<u8>> {
    use std::io::{Read, Seek, SeekFrom};
    const MAX_BYTES: u64 = 1 << 20;
    let mut file = std::fs::File::open(path).ok()?;
    let from = file.metadata().ok()?.len().saturating_sub(MAX_BYTES);
    file.seek(SeekFrom::Start(from)).ok()?;
    let mut bytes = Vec::new();
    file.take(MAX_BYTES).read_to_end(&mut bytes).ok()?;
    if from > 0 {
        let line = bytes.iter().position(|byte| *byte == b'\n')?;
        bytes.drain(..=line);
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_questions_come_back_whatever_else_is_in_the_file() {
        let folder = tempfile::tempdir().unwrap();
        assert!(recent(folder.path()).is_empty());
        add(folder.path(), "a \"b\"\nc").unwrap();
        let path = folder.path().join(NAME);
        let mut text = std::fs::read_to_string(&path).unwrap();
        text.push_str("{\"no\": 1}\n\"torn");
        std::fs::write(&path, text).unwrap();
        add(folder.path(), "last").unwrap();
        assert_eq!(recent(folder.path()), ["a \"b\"\nc", "last"]);

        let many: String = (0..30_000)
            .map(|n| format!("\"question number {n} of many, many\"\n"))
            .collect();
        std::fs::write(&path, many).unwrap();
        let found = recent(folder.path());
        assert_eq!(found.len(), 1000);
        assert!(found[999].contains("29999"), "{}", found[999]);
    }
}
