//! Tables: columns as wide as their text, or narrower so that all of them fit.

use ratatui::style::Style;
use ratatui::text::Span;

use super::block::{Align, Table};
use super::inline::{Styled, inline};
use super::layout::{Row, set};
use crate::tui::theme;
use crate::tui::widgets::width;

/// Between two columns.
const BAR: &str = " │ ";
/// Fewest cells of a column; with less a table becomes a list of its cells.
const LEAST: usize = 4;

/// A table in rows of at most `max` cells.
pub(super) fn table(table: &Table, max: usize) -> Vec<Row> {
    let styled: Vec<Vec<Styled>> = table
        .rows
        .iter()
        .map(|row| row.iter().map(|cell| inline(cell)).collect())
        .collect();
    let n = table.aligns.len();
    let room = max.saturating_sub((n - 1) * width(BAR));
    let wanted: Vec<usize> = (0..n)
        .map(|i| {
            styled
                .iter()
                .flat_map(|row| row[i].text.split('\n').map(width))
                .max()
                .unwrap_or(0)
                .max(1)
        })
        .collect();
    let Some(widths) = shared(&wanted, room) else {
        return as_list(&styled, max);
    };
    let mut rows = Vec::new();
    for (i, cells) in styled.iter().enumerate() {
        let base = if i == 0 { theme::STRONG } else { Style::new() };
        rows.extend(row(cells, &widths, &table.aligns, base));
        if i == 0 {
            let lines: Vec<String> = widths.iter().map(|n| "─".repeat(*n)).collect();
            rows.push(Row::styled(lines.join("─┼─"), theme::DIM));
        }
    }
    rows
}

/// Cells of each column: what it wants where there is room, else the widest give way first.
fn shared(wanted: &[usize], room: usize) -> Option<Vec<usize>> {
    let least: usize = wanted.iter().map(|n| (*n).min(LEAST)).sum();
    if least > room {
        return None;
    }
    // The largest bound under which all fit; what is left over goes to the columns it cuts.
    let under = |bound: usize| wanted.iter().map(|n| (*n).min(bound)).sum::<usize>();
    let mut bound = LEAST;
    let most = wanted.iter().copied().max().unwrap_or(LEAST).max(LEAST);
    while bound < most && under(bound + 1) <= room {
        bound += 1;
    }
    let mut left = room - under(bound);
    let width = |n: &usize| {
        let more = usize::from(*n > bound && left > 0);
        left -= more;
        (*n).min(bound) + more
    };
    Some(wanted.iter().map(width).collect())
}

fn row(cells: &[Styled], widths: &[usize], aligns: &[Align], base: Style) -> Vec<Row> {
    let columns: Vec<Vec<Row>> = cells
        .iter()
        .zip(widths)
        .map(|(cell, n)| set(cell, *n, base))
        .collect();
    let height = columns.iter().map(Vec::len).max().unwrap_or(0);
    (0..height)
        .map(|y| {
            let mut spans = Vec::new();
            for (i, column) in columns.iter().enumerate() {
                if i > 0 {
                    spans.push(Span::styled(BAR, theme::DIM));
                }
                let text = column.get(y).cloned().unwrap_or_default();
                let used: usize = text.spans.iter().map(|span| width(&span.content)).sum();
                let free = widths[i].saturating_sub(used);
                let before = match aligns[i] {
                    Align::Left => 0,
                    Align::Centre => free / 2,
                    Align::Right => free,
                };
                spans.push(Span::raw(" ".repeat(before)));
                spans.extend(text.spans);
                let is_last = i + 1 == columns.len();
                spans.push(Span::raw(" ".repeat(if is_last {
                    0
                } else {
                    free - before
                })));
            }
            spans.retain(|span| !span.content.is_empty());
            Row::from(spans)
        })
        .collect()
}

/// For each row of a table that is too wide: each cell behind the head of its column.
fn as_list(rows: &[Vec<Styled>], max: usize) -> Vec<Row> {
    let Some((head, body)) = rows.split_first() else {
        return Vec::new();
    };
    let mut out = Vec::new();
    for (i, cells) in body.iter().enumerate() {
        if i > 0 {
            out.push(Row::styled("─".repeat(max.min(8)), theme::DIM));
        }
        for (name, cell) in head.iter().zip(cells) {
            let mut line = Styled::default();
            line.push(&name.text, theme::STRONG);
            line.push(": ", theme::STRONG);
            let mut from = 0;
            for (end, style) in &cell.runs {
                line.push(&cell.text[from..*end], *style);
                from = *end;
            }
            out.extend(set(&line, max, Style::new()));
        }
    }
    if body.is_empty() {
        out.extend(head.iter().flat_map(|cell| set(cell, max, theme::STRONG)));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_share_the_room() {
        assert_eq!(shared(&[3, 5], 20), Some(vec![3, 5]));
        assert_eq!(shared(&[3, 30, 10], 20), Some(vec![3, 9, 8]));
        assert_eq!(shared(&[2, 30, 30], 20), Some(vec![2, 9, 9]));
        assert_eq!(shared(&[30, 30, 30], 11), None);
        assert_eq!(shared(&[1, 1, 1], 3), Some(vec![1, 1, 1]));
    }
}
