//! Lines broken by display width, on graphemes, so that no script breaks the layout.

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;

use super::text::{cells, thin};

/// Breaks `text` into rows of at most `max` cells; each row is a range of bytes.
///
/// Rows break after spaces, around wide letters (Chinese, Japanese and Korean need no spaces)
/// and, where a word is longer than a row, between any two graphemes. Spaces at the end of a
/// row hang over and are part of it; newlines are part of no row. Empty text has one row.
pub fn wrap(text: &str, max: usize) -> Vec<Range<usize>> {
    let max = max.max(1);
    let mut rows = Vec::new();
    let mut offset = 0;
    for paragraph in text.split('\n') {
        wrap_paragraph(paragraph, offset, max, &mut rows);
        offset += paragraph.len() + 1;
    }
    rows
}

fn wrap_paragraph(text: &str, offset: usize, max: usize, rows: &mut Vec<Range<usize>>) {
    let mut start = 0;
    let mut column = 0;
    // Where the row may be broken: the byte, and the column there.
    let mut chance: Option<(usize, usize)> = None;
    for (at, grapheme) in text.grapheme_indices(true) {
        let wide = cells(grapheme);
        let end = at + grapheme.len();
        if grapheme == " " {
            column += 1;
            chance = Some((end, column));
            continue;
        }
        if wide > 1 && column > 0 {
            chance = Some((at, column));
        }
        while column + wide > max && column > 0 {
            let (cut, left) = chance.take().unwrap_or((at, column));
            rows.push(offset + start..offset + cut);
            start = cut;
            column -= left;
        }
        column += wide;
        if wide > 1 {
            chance = Some((end, column));
        }
    }
    rows.push(offset + start..offset + text.len());
}

/// The row as it is drawn: hanging spaces off, marks piled without measure cut.
pub fn row(text: &str, range: &Range<usize>) -> String {
    let line = text.get(range.clone()).unwrap_or_default();
    line.trim_end_matches(' ')
        .graphemes(true)
        .map(thin)
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::text::width;
    use super::*;

    fn rows(text: &str, max: usize) -> Vec<String> {
        wrap(text, max).iter().map(|r| row(text, r)).collect()
    }

    #[test]
    fn words_stay_whole_where_they_fit() {
        assert_eq!(rows("all human beings", 9), ["all human", "beings"]);
        assert_eq!(rows("all human beings", 8), ["all", "human", "beings"]);
        assert_eq!(rows("ab  cd", 2), ["ab", "cd"]);
        assert_eq!(rows("", 5), [""]);
        assert_eq!(rows("a\n\nb\n", 5), ["a", "", "b", ""]);
    }

    #[test]
    fn long_words_and_wide_letters_break_anywhere() {
        assert_eq!(rows("Rindfleisch", 4), ["Rind", "flei", "sch"]);
        assert_eq!(rows("人人生而自由", 5), ["人人", "生而", "自由"]);
        assert_eq!(rows("a人人 b", 4), ["a人", "人 b"]);
        assert_eq!(rows("漢", 1), ["漢"], "wider than the row: alone on it");
    }

    #[test]
    fn combining_marks_stay_with_their_letter() {
        let text = "e\u{301}e\u{301}e\u{301}";
        assert_eq!(rows(text, 2), ["e\u{301}e\u{301}", "e\u{301}"]);
        let zalgo = format!("a{}", "\u{301}".repeat(500));
        assert!(rows(&zalgo, 4)[0].chars().count() <= 16);
    }

    proptest! {
        #[test]
        fn every_letter_is_on_exactly_one_row_and_rows_fit(text in "\\PC{0,60}|[a-z 漢\n]{0,60}", max in 2usize..20) {
            let ranges = wrap(&text, max);
            let joined: String = ranges.iter().map(|r| &text[r.clone()]).collect();
            prop_assert_eq!(joined, text.replace('\n', ""));
            for range in &ranges {
                let line = text[range.clone()].trim_end_matches(' ');
                let alone = line.graphemes(true).count() <= 1;
                prop_assert!(alone || width(line) <= max, "{line:?} in {max}");
            }
        }
    }
}
