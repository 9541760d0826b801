//! Text from files, models and the clipboard made safe for a terminal, and its width in cells.

use ratatui::buffer::CellWidth;
use unicode_segmentation::UnicodeSegmentation;

/// Code points shown of one grapheme; more marks on one letter would spill over other rows.
const MAX_GRAPHEME_CHARS: usize = 16;

/// Makes text harmless: nothing in the result can move the cursor, change colours or reorder
/// the screen.
///
/// Control characters become visible pictures (`ESC` turns into one cell) rather than being
/// parsed as sequences, because a sequence may arrive cut in two pieces. Newlines stay, tabs
/// become spaces, carriage returns and soft hyphens (whose width terminals disagree on) go.
pub fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => out.push('\n'),
            '\t' => out.push_str("    "),
            '\r' | '\u{ad}' => {}
            '\u{2028}' | '\u{2029}' => out.push('\n'),
            // The block "Control Pictures" mirrors C0 from U+2400 on.
            '\0'..='\x1f' => out.push(char::from_u32(0x2400 + c as u32).unwrap_or('\u{fffd}')),
            '\x7f' => out.push('\u{2421}'),
            // C1, and the controls that override the direction of text.
            '\u{80}'..='\u{9f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                out.push('\u{fffd}');
            }
            c => out.push(c),
        }
    }
    out
}

/// [`plain`] text on one line.
pub fn plain_line(text: &str) -> String {
    plain(text).replace('\n', " ")
}

/// Cells the text takes: the sum over its graphemes, as they are drawn one by one.
pub fn width(text: &str) -> usize {
    text.graphemes(true).map(cells).sum()
}

/// Cells one grapheme takes.
pub fn cells(grapheme: &str) -> usize {
    if grapheme.contains(char::is_control) {
        return 0;
    }
    usize::from(grapheme.cell_width())
}

/// The grapheme with at most 16 code points: more marks would spill over other rows.
pub fn thin(grapheme: &str) -> &str {
    match grapheme.char_indices().nth(MAX_GRAPHEME_CHARS) {
        Some((end, _)) => &grapheme[..end],
        None => grapheme,
    }
}

/// The text cut to `max` cells, with an ellipsis where something is missing.
pub fn clip(text: &str, max: usize) -> String {
    let mut used = 0;
    // Where the text is cut if it turns out too long: one cell is kept for the ellipsis.
    let mut cut = 0;
    for (at, grapheme) in text.grapheme_indices(true) {
        used += cells(grapheme);
        if used > max {
            let ellipsis = if max > 0 { "…" } else { "" };
            return format!("{}{ellipsis}", &text[..cut]);
        }
        if used < max {
            cut = at + grapheme.len();
        }
    }
    text.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_escapes_become_visible_and_harmless() {
        let hostile = "a\x1b[31mred\x1b]0;title\x07\u{9b}2J\u{202e}rtl\x7f\r\n\tb\0";
        let safe = plain(hostile);
        assert_eq!(safe, "a␛[31mred␛]0;title␇\u{fffd}2J\u{fffd}rtl␡\n    b␀");
        assert!(safe.chars().all(|c| c == '\n' || !c.is_control()));
    }

    #[test]
    fn an_escape_cut_in_two_pieces_stays_harmless() {
        let whole = "\x1b[2Jgone";
        for cut in 0..=whole.len() {
            let (head, tail) = whole.split_at(cut);
            assert_eq!(plain(head) + &plain(tail), plain(whole));
        }
    }

    #[test]
    fn joiners_that_scripts_need_survive() {
        for text in ["می\u{200c}خواهم", "👩\u{200d}🔬", "e\u{301}"] {
            assert_eq!(plain(text), text);
        }
    }

    #[test]
    fn clip_counts_cells_and_keeps_letters_whole() {
        assert_eq!(clip("Europa", 6), "Europa");
        assert_eq!(clip("Europium", 5), "Euro…");
        assert_eq!(clip("漢字漢字", 5), "漢字…");
        assert_eq!(clip("漢字漢字", 4), "漢…");
        assert_eq!(clip("abc", 0), "");
        for max in 0..12 {
            assert!(
                width(&clip("ե́ 漢字 e\u{301}e\u{301} سلام", max)) <= max,
                "{max}"
            );
        }
    }
}
