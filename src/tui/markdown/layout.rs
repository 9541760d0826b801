//! Blocks to rows of exactly as many cells as there are, or fewer.

use std::ops::Range;

use ratatui::style::Style;
use ratatui::text::{Line, Span};
use unicode_segmentation::UnicodeSegmentation;

use super::block::{Block, What};
use super::code::highlighted;
use super::inline::{Styled, inline};
use super::table::table;
use crate::tui::theme;
use crate::tui::widgets::{cells, clip, thin, wrap};

/// A row of the screen.
pub(super) type Row = Line<'static>;

/// Fewest cells that stay for text beside a sign; where there are fewer, there is no sign.
const LEAST: usize = 8;
/// Signs of bullets, by depth.
const BULLETS: [&str; 3] = ["•", "◦", "▪"];

/// Lays blocks out, one after the other.
pub(super) struct Layout {
    /// Cells of a row.
    pub(super) width: usize,
    /// Blocks of code so far: each is shown with its number, by which it can be copied.
    pub(super) n_code: usize,
}

impl Layout {
    /// The rows of a block at the top, with an empty row before them where there should be one.
    pub(super) fn block(&mut self, block: &Block, is_first: bool) -> Vec<Row> {
        let mut rows = Vec::new();
        if !is_first && (block.gap || stands_apart(&block.what)) {
            rows.push(Row::default());
        }
        self.what(&block.what, self.width, 0, &mut rows);
        rows
    }

    fn what(&mut self, what: &What, width: usize, depth: usize, rows: &mut Vec<Row>) {
        match what {
            What::Heading(level, text) => {
                let sign = "#".repeat(*level) + " ";
                let rows_of = |width| set(&inline(text), width, theme::HEADING);
                beside(width, &sign, theme::DIM, false, rows, rows_of);
            }
            What::Paragraph(text) => rows.extend(set(&inline(text), width, Style::new())),
            What::Rule => rows.push(Row::styled("─".repeat(width), theme::DIM)),
            What::Code { lang, text } => self.code(lang, text, width, rows),
            What::Quote(blocks) => {
                let rows_of = |width| self.inside(blocks, width, depth);
                beside(width, "▎ ", theme::DIM, true, rows, rows_of);
            }
            What::List { start, items } => self.list(*start, items, width, depth, rows),
            What::Table(of) => rows.extend(table(of, width)),
        }
    }

    fn inside(&mut self, blocks: &[Block], width: usize, depth: usize) -> Vec<Row> {
        let mut rows = Vec::new();
        for (i, block) in blocks.iter().enumerate() {
            if i > 0 && block.gap && !matches!(block.what, What::List { .. }) {
                rows.push(Row::default());
            }
            self.what(&block.what, width, depth + 1, &mut rows);
        }
        rows
    }

    fn list(
        &mut self,
        start: Option<u64>,
        items: &[Vec<Block>],
        width: usize,
        depth: usize,
        rows: &mut Vec<Row>,
    ) {
        let last = start.map(|n| n.saturating_add(items.len() as u64 - 1));
        let wide = last.map_or(0, |n| n.to_string().len());
        for (i, item) in items.iter().enumerate() {
            let sign = match start {
                Some(n) => format!("{:>wide$}. ", n.saturating_add(i as u64)),
                None => format!("{} ", BULLETS[depth.min(BULLETS.len() - 1)]),
            };
            let rows_of = |width| self.inside(item, width, depth);
            beside(width, &sign, theme::INK, false, rows, rows_of);
        }
    }

    fn code(&mut self, lang: &str, text: &str, width: usize, rows: &mut Vec<Row>) {
        self.n_code += 1;
        let name = if lang.is_empty() { "code" } else { lang };
        let title = clip(&format!("┌ {name} {}", self.n_code), width);
        rows.push(Row::styled(title, theme::DIM));
        let styled = highlighted(lang, text);
        let rows_of = |width| {
            let mut rows = Vec::new();
            let mut from = 0;
            for line in styled.text.split('\n') {
                for part in chop(line, width) {
                    let range = from + part.start..from + part.end;
                    rows.push(Row::from(spans(&styled, &range, Style::new())));
                }
                from += line.len() + 1;
            }
            rows
        };
        beside(width, "│ ", theme::DIM, true, rows, rows_of);
        rows.push(Row::styled(clip("└─", width), theme::DIM));
    }
}

/// True for blocks that an empty row sets off, even where the source has none.
fn stands_apart(what: &What) -> bool {
    matches!(
        what,
        What::Heading(..) | What::Code { .. } | What::Table(_) | What::Quote(_)
    )
}

/// Adds rows with a sign before the first of them, or before each, and its width before others.
fn beside(
    width: usize,
    sign: &str,
    style: Style,
    on_each: bool,
    rows: &mut Vec<Row>,
    rows_of: impl FnOnce(usize) -> Vec<Row>,
) {
    let n_cells = crate::tui::widgets::width(sign);
    if width < n_cells + LEAST {
        rows.extend(rows_of(width));
        return;
    }
    let mut inside = rows_of(width - n_cells);
    if inside.is_empty() {
        inside.push(Row::default());
    }
    for (i, mut row) in inside.into_iter().enumerate() {
        let before = if i == 0 || on_each {
            Span::styled(sign.to_owned(), style)
        } else {
            Span::raw(" ".repeat(n_cells))
        };
        row.spans.insert(0, before);
        rows.push(row);
    }
}

/// Text in rows broken between words.
pub(super) fn set(styled: &Styled, width: usize, base: Style) -> Vec<Row> {
    let rows = wrap(&styled.text, width);
    rows.iter()
        .map(|range| {
            let line = &styled.text[range.clone()];
            let kept = range.start..range.start + line.trim_end_matches(' ').len();
            Row::from(spans(styled, &kept, base))
        })
        .collect()
}

/// A part of a text with its styles; no letter is divided between two of them, and the marks
/// piled on one are cut to what a cell can hold.
fn spans(styled: &Styled, range: &Range<usize>, base: Style) -> Vec<Span<'static>> {
    let mut out: Vec<Span<'static>> = Vec::new();
    let mut run = styled.runs.partition_point(|(end, _)| *end <= range.start);
    for (at, grapheme) in styled.text[range.clone()].grapheme_indices(true) {
        while styled
            .runs
            .get(run)
            .is_some_and(|(end, _)| *end <= range.start + at)
        {
            run += 1;
        }
        let style = base.patch(styled.runs.get(run).map_or(Style::new(), |run| run.1));
        match out.last_mut() {
            Some(last) if last.style == style => last.content.to_mut().push_str(thin(grapheme)),
            _ => out.push(Span::styled(thin(grapheme).to_owned(), style)),
        }
    }
    out
}

/// Breaks a line after as many cells as there are, whatever stands there.
fn chop(line: &str, max: usize) -> Vec<Range<usize>> {
    let max = max.max(1);
    let mut parts = Vec::new();
    let (mut start, mut used) = (0, 0);
    for (at, grapheme) in line.grapheme_indices(true) {
        let n_cells = cells(grapheme);
        if used + n_cells > max && used > 0 {
            parts.push(start..at);
            (start, used) = (at, 0);
        }
        used += n_cells;
    }
    parts.push(start..line.len());
    parts
}
