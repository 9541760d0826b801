//! A text that grows: what is finished is laid out once, the last block again for each frame.

use super::block::{Block, What, blocks};
use super::layout::{Layout, Row};

/// Bytes of one block that are laid out again for each frame; a longer one is taken as finished.
const MAX_TAIL: usize = 1 << 18;

/// Markdown and its rows at one width.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Document {
    text: String,
    /// Bytes of finished blocks.
    done: usize,
    /// An empty line stands before what is not finished.
    gap: bool,
    /// Blocks of code that are finished.
    n_code: usize,
    /// Rows of what is finished, then of the rest.
    rows: Vec<Row>,
    n_finished: usize,
    /// Cells of a row; 0: not laid out yet.
    width: usize,
    is_stale: bool,
}

impl Document {
    /// A document of harmless text.
    pub fn new(text: &str) -> Self {
        Document {
            text: text.into(),
            is_stale: true,
            ..Document::default()
        }
    }

    /// Adds harmless text at the end.
    pub fn push(&mut self, text: &str) {
        self.text.push_str(text);
        self.is_stale |= !text.is_empty();
    }

    /// The source.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Rows at the width last asked for.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// Lays out what is not yet, in rows of at most `width` cells.
    pub fn layout(&mut self, width: usize) {
        let width = width.max(1);
        if self.width != width {
            (self.done, self.gap, self.n_code, self.n_finished) = (0, false, 0, 0);
            self.rows.clear();
            self.width = width;
            self.is_stale = true;
        }
        if !self.is_stale {
            return;
        }
        self.is_stale = false;
        self.rows.truncate(self.n_finished);
        self.finish();
        let mut layout = self.layouter();
        for (i, block) in blocks(&self.text[self.done..]).into_iter().enumerate() {
            let block = self.with_gap(i, block);
            let is_first = self.rows.is_empty();
            self.rows.extend(layout.block(&block, is_first));
        }
        // Nothing at all is still one row.
        if self.rows.is_empty() {
            self.rows.push(Row::default());
        }
    }

    /// Lays out the blocks that no further text can change: those of whole lines, the last one
    /// left out.
    fn finish(&mut self) {
        let rest = &self.text[self.done..];
        let Some(end) = rest.rfind('\n') else {
            return;
        };
        let lines = &rest[..end];
        let found = blocks(lines);
        let n_finished = match rest.len() > MAX_TAIL {
            true => found.len(),
            false => found.len().saturating_sub(1),
        };
        let (last, mut layout) = (found.get(n_finished), self.layouter());
        let starts = || std::iter::once(0).chain(lines.match_indices('\n').map(|(at, _)| at + 1));
        let done = match last {
            Some(last) => starts().nth(last.line).unwrap_or(end),
            None if n_finished > 0 => end + 1,
            None => 0,
        };
        let gap = last.is_none_or(|last| last.gap);
        let mut rows = std::mem::take(&mut self.rows);
        for (i, block) in found.into_iter().take(n_finished).enumerate() {
            let block = self.with_gap(i, block);
            let is_first = rows.is_empty();
            rows.extend(layout.block(&block, is_first));
        }
        self.rows = rows;
        if n_finished > 0 {
            self.gap = gap;
            self.n_code = layout.n_code;
            self.n_finished = self.rows.len();
            self.done += done;
        }
    }

    fn layouter(&self) -> Layout {
        Layout {
            width: self.width,
            n_code: self.n_code,
        }
    }

    /// The first block of the rest knows nothing of the line before it.
    fn with_gap(&self, i: usize, block: Block) -> Block {
        let gap = block.gap || (i == 0 && self.gap);
        Block { gap, ..block }
    }
}

/// The blocks of code of a text, in the order of their numbers.
pub fn code_blocks(text: &str) -> Vec<String> {
    fn walk(blocks: Vec<Block>, found: &mut Vec<String>) {
        for block in blocks {
            match block.what {
                What::Code { text, .. } => found.push(text),
                What::Quote(inside) => walk(inside, found),
                What::List { items, .. } => items.into_iter().for_each(|item| walk(item, found)),
                _ => {}
            }
        }
    }
    let mut found = Vec::new();
    walk(blocks(text), &mut found);
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::tui::widgets::width;

    fn text(rows: &[Row]) -> Vec<String> {
        let line = |row: &Row| {
            row.spans
                .iter()
                .map(|s| s.content.as_ref())
                .collect::<String>()
        };
        rows.iter().map(line).collect()
    }

    fn rows(source: &str, width: usize) -> Vec<String> {
        let mut document = Document::new(source);
        document.layout(width);
        text(document.rows())
    }

    const SAMPLE: &str = "\
# Grüße *aus* Europa
Text mit **fett** und `code`, der so lang ist, dass er bricht.
1. eins
   - innen
     1. tief
2. zwei

> zitiert
> > doppelt

```rust
fn main() { println!(\"漢字\"); }
```
| Land | Zahl |
|:-----|-----:|
| Ελλάδα | 10,5 |
| 日本 | 1 |

---
Ende: [hier](https://europa.eu)";

    #[test]
    fn everything_has_its_rows() {
        insta::assert_snapshot!(rows(SAMPLE, 36).join("\n"), @r#"
        # Grüße aus Europa
        Text mit fett und `code`, der so
        lang ist, dass er bricht.
        1. eins
           ◦ innen
             1. tief
        2. zwei

        ▎ zitiert
        ▎ ▎ doppelt

        ┌ rust 1
        │ fn main() { println!("漢字"); }
        └─

        Land   │ Zahl
        ───────┼─────
        Ελλάδα │ 10,5
        日本   │    1

        ────────────────────────────────────
        Ende: hier (https://europa.eu)
        "#);
    }

    #[test]
    fn a_table_too_wide_is_broken_in_its_cells_and_then_told_as_a_list() {
        let source = "|Name|What it is said to be|\n|-|-|\n|a|one two three four five|";
        assert_eq!(
            rows(source, 20),
            [
                "Name │ What it is",
                "     │ said to be",
                "─────┼──────────────",
                "a    │ one two three",
                "     │ four five",
            ]
        );
        let broken = rows("|A|B|\n|-|-|\n|one<br>two|x|", 40);
        assert_eq!(broken[2..], ["one │ x", "two │ "]);
        assert_eq!(rows(source, 8)[..2], ["Name: a", "What it"]);
    }

    #[test]
    fn code_blocks_are_found_by_their_numbers() {
        let source = "```\none\n```\n- x\n  ```sh\n  two\n  ```\n> ```\n> three";
        assert_eq!(code_blocks(source), ["one", "two", "three"]);
        let shown = rows(source, 40).join("\n");
        for (n, name) in ["code 1", "sh 2", "code 3"].iter().enumerate() {
            assert!(shown.contains(name), "{n}\n{shown}");
        }
    }

    #[test]
    fn what_is_finished_is_not_laid_out_again() {
        let mut document = Document::new("");
        for n in 0..500 {
            document.push(&format!("Paragraph {n} with **some** words.\n\n"));
            document.layout(40);
            assert!(document.text.len() - document.done < 100);
        }
        assert_eq!(document.rows().len(), 999);
    }

    #[test]
    fn hostile_text_takes_no_time() {
        let began = std::time::Instant::now();
        for pattern in [
            "- ",
            "> ",
            "1. ",
            "|a|b\n",
            "|a|\n|-|\n",
            "```\n",
            "#\n",
            "  - x\n",
            "-\n\n",
            "a\n",
            "- a\n\n",
            "> a\n",
            "    a\n",
            "|",
            "[",
            "*a_",
            "`a",
            "\u{301}",
            "👩\u{200d}",
        ] {
            let source = pattern.repeat(100_000 / pattern.len());
            assert!(!rows(&source, 20).is_empty());
        }
        // A few seconds without optimisation; a square of the length would be hours.
        assert!(began.elapsed().as_secs() < 120, "{:?}", began.elapsed());
    }

    /// Bits of Markdown, letters that are hard to lay out among them.
    fn bits() -> impl Strategy<Value = String> {
        let bit = prop::sample::select(vec![
            "\n",
            "\n",
            "\n\n",
            "# ",
            "- ",
            "  ",
            "1. ",
            "> ",
            "```",
            "```rust\n",
            "|",
            "|-|-|\n",
            "**",
            "*",
            "_",
            "`",
            "[a](b)",
            "---",
            "word",
            "漢字",
            "سلام",
            "e\u{301}",
            "👩\u{200d}🔬",
            "🇪🇺",
            "\u{200b}",
            "a\u{301}\u{302}\u{303}",
            "    ",
            "let x = 1;",
            "~~~",
            "2) ",
            ":",
        ]);
        let bit = prop_oneof![9 => bit.prop_map(str::to_owned), 1 => "\\PC{1,3}"];
        prop::collection::vec(bit, 0..40).prop_map(|bits| bits.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]

        #[test]
        fn a_text_that_comes_in_pieces_ends_as_if_it_came_at_once(source in bits(), cut in 1usize..9, max in 1usize..50) {
            let mut document = Document::new("");
            let chars: Vec<char> = source.chars().collect();
            for piece in chars.chunks(cut) {
                document.push(&piece.iter().collect::<String>());
                document.layout(max);
            }
            document.layout(max);
            prop_assert_eq!(text(document.rows()), rows(&source, max));
        }

        #[test]
        fn no_row_is_wider_than_the_screen(source in bits(), max in 2usize..50) {
            for row in rows(&source, max) {
                prop_assert!(width(&row) <= max, "{:?} in {}", row, max);
            }
        }
    }
}
