//! A conversation as lines of JSON: one a message in the order they were said, and between them
//! `{"head":N}` where the reader went to another branch. Lines are only ever added.

use serde::{Deserialize, Serialize};

use super::tree::{Node, Tree};

/// Most bytes of the name of a conversation.
pub const MAX_NAME_BYTES: usize = 100;
/// Most notes about one file: a foreign file must not fill the screen.
const MAX_NOTES: usize = 5;

/// Where the reader went.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    head: u64,
}

/// What was read of a file.
#[derive(Debug, Default)]
pub struct Kept {
    /// The conversation, at the place where it was left.
    pub tree: Tree,
    /// What was wrong, in lines for the reader.
    pub notes: Vec<String>,
}

/// A message as a line, without its end.
pub fn line_of(node: &Node) -> String {
    serde_json::to_string(node).expect("a message has string keys only")
}

/// The line that says where the reader went, without its end.
pub fn line_of_head(id: u64) -> String {
    format!("{{\"head\":{id}}}")
}

/// A whole conversation as lines.
pub fn lines_of(nodes: &[Node], head: Option<u64>) -> String {
    let mut text: String = nodes.iter().map(|node| line_of(node) + "\n").collect();
    if let Some(id) = head.filter(|id| nodes.last().is_some_and(|last| last.id != *id)) {
        text += &(line_of_head(id) + "\n");
    }
    text
}

/// Reads a conversation. Lines that are not whole, as a crash leaves them, and messages that
/// follow none of those read are left out and told of.
pub fn read_lines(bytes: &[u8]) -> Kept {
    let mut kept = Kept::default();
    let mut n_wrong = 0;
    for (n, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        if line.trim_ascii().is_empty() {
            continue;
        }
        let Err(why) = take(line, &mut kept.tree) else {
            continue;
        };
        n_wrong += 1;
        if n_wrong <= MAX_NOTES {
            kept.notes.push(format!("line {}: {why}: left out", n + 1));
        }
    }
    if n_wrong > MAX_NOTES {
        kept.notes.push(format!("{n_wrong} lines were left out"));
    }
    kept
}

fn take(line: &[u8], tree: &mut Tree) -> Result<(), String> {
    if let Ok(node) = serde_json::from_slice::<Node>(line) {
        return tree.insert(node).map_err(|why| why.to_string());
    }
    match serde_json::from_slice::<Head>(line) {
        Ok(Head { head }) if tree.end_at(head) => Ok(()),
        Ok(_) => Err("it goes to a message that is not there".into()),
        Err(_) => Err("not a whole message".into()),
    }
}

/// True for what a conversation may be called: letters, digits, `-`, `_` and dots inside, so
/// that it is the name of a file everywhere.
pub fn is_name(name: &str) -> bool {
    let fits = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    !name.is_empty()
        && name.len() <= MAX_NAME_BYTES
        && !name.starts_with(['.', '-'])
        && name.chars().all(fits)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn said() -> Tree {
        let mut tree = Tree::default();
        tree.begin("S");
        let first = tree.ask("a \"quoted\"\nquestion");
        tree.answer("one", 5, 2, "eos");
        tree.edit(first, "another");
        tree.answer("two", 4, 2, "stopped");
        tree.go(first, 1);
        tree
    }

    #[test]
    fn a_conversation_is_read_as_it_was_left() {
        let tree = said();
        let text = lines_of(tree.nodes(), tree.head().map(|n| n.id));
        assert_eq!(text.lines().count(), 6, "{text}");
        let kept = read_lines(text.as_bytes());
        assert_eq!(kept.tree, tree);
        assert!(kept.notes.is_empty());
    }

    #[test]
    fn a_torn_last_line_is_left_out_and_told_of() {
        let tree = said();
        let text = lines_of(tree.nodes(), None);
        let last = text.trim_end().rfind('\n').unwrap() + 1;
        for cut in last + 1..text.len() - 1 {
            let kept = read_lines(&text.as_bytes()[..cut]);
            assert_eq!(kept.tree.nodes(), &tree.nodes()[..4], "{cut}");
            assert_eq!(kept.notes, ["line 5: not a whole message: left out"]);
        }
    }

    #[test]
    fn a_foreign_file_is_told_of_in_few_lines() {
        let kept = read_lines(&b"{}\n[1]\nnull\n\xff\n{\"head\":1}\n\"x\"\n".repeat(50));
        assert!(kept.tree.is_empty());
        assert_eq!(kept.notes.len(), MAX_NOTES + 1);
        assert!(kept.notes[5].contains("300 lines"), "{:?}", kept.notes);
    }

    #[test]
    fn names_are_names_of_files() {
        for good in ["letter", "2026-11-22T10-00-00Z", "γράμμα_2", "a.b"] {
            assert!(is_name(good), "{good}");
        }
        let long = "x".repeat(101);
        for bad in [
            "",
            ".",
            "..",
            ".a",
            "-f",
            "a/b",
            "a b",
            "a\\b",
            "a\n",
            "\u{202e}a",
            &long,
        ] {
            assert!(!is_name(bad), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_break_the_reader(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            read_lines(&bytes);
        }
    }
}
