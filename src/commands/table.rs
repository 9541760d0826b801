//! Tables for a terminal: columns aligned by what is seen, not by bytes.

use unicode_width::UnicodeWidthStr;

use super::out::clean;

/// Rows of text under a heading; the caller chooses the order of rows.
#[derive(Debug, Default, Clone)]
pub struct Table {
    rows: Vec<Vec<String>>,
    right: Vec<bool>,
}

impl Table {
    /// A table with these headings; `>` in front of a heading aligns its column to the right.
    pub fn new(headings: &[&str]) -> Self {
        Table {
            right: headings.iter().map(|h| h.starts_with('>')).collect(),
            rows: vec![
                headings
                    .iter()
                    .map(|h| h.strip_prefix('>').unwrap_or(h).to_string())
                    .collect(),
            ],
        }
    }

    /// Adds a row; control characters are taken out.
    pub fn row<S: AsRef<str>>(&mut self, cells: impl IntoIterator<Item = S>) {
        self.rows
            .push(cells.into_iter().map(|c| clean(c.as_ref())).collect());
    }

    /// True when there is nothing under the headings.
    pub fn is_empty(&self) -> bool {
        self.rows.len() < 2
    }

    /// The table as text, one line a row, two spaces between columns, none at the end of a line.
    pub fn text(&self) -> String {
        let mut widths = vec![0; self.right.len()];
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.width());
            }
        }
        let mut text = String::new();
        for row in &self.rows {
            let mut line = String::new();
            for ((cell, width), right) in row.iter().zip(&widths).zip(&self.right) {
                let space = " ".repeat(width.saturating_sub(cell.width()));
                match right {
                    true => line.extend([space.as_str(), cell, "  "]),
                    false => line.extend([cell.as_str(), &space, "  "]),
                }
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_by_what_is_seen() {
        let mut table = Table::new(&["lang", ">bytes"]);
        table.row(["ქართული", "9"]);
        table.row(["中文", "1234"]);
        assert_eq!(
            table.text(),
            "lang     bytes\nქართული      9\n中文      1234\n"
        );
    }

    #[test]
    fn a_cell_cannot_move_the_cursor() {
        let mut table = Table::new(&["name"]);
        table.row(["a\u{1b}[2Jb\nc"]);
        assert!(!table.text().contains('\u{1b}'));
        assert_eq!(table.text().lines().count(), 2);
    }
}
