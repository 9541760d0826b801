//! The browser drawn: groups, documents, and the text of one with what is known of it.

use std::ops::Range;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect, Size};
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};

use super::state::{Browser, Focus, Library, Shown};
use crate::tui::theme;
use crate::tui::widgets::{clip, count, plain_line, row, width};

/// Below this many columns only the pane with the focus is drawn.
const NARROW: u16 = 72;
const KEYS: &str = "arrows move   Tab pane   n p document   q leave";
/// Spans that tell why: seen without colour too.
const MARK: Style = Style::new().add_modifier(Modifier::REVERSED);

struct Places {
    header: Rect,
    groups: Rect,
    documents: Rect,
    text: Rect,
    keys: Rect,
}

fn places(area: Rect, focus: Focus) -> Places {
    let one = |h: u16| Constraint::Length(u16::from(area.height >= h));
    let [header, middle, keys] = Layout::vertical([one(4), Constraint::Min(0), one(6)]).areas(area);
    let none = Rect::ZERO;
    if area.width < NARROW {
        let only = |pane| if focus == pane { middle } else { none };
        return Places {
            header,
            groups: only(Focus::Groups),
            documents: only(Focus::Documents),
            text: only(Focus::Text),
            keys,
        };
    }
    let columns = [
        Constraint::Percentage(30),
        Constraint::Percentage(24),
        Constraint::Min(0),
    ];
    let [groups, documents, text] = Layout::horizontal(columns).spacing(1).areas(middle);
    Places {
        header,
        groups,
        documents,
        text,
        keys,
    }
}

/// Cells of a row of text on a terminal of that size.
pub(super) fn text_cells(size: Size) -> usize {
    let area = Rect::from((ratatui::layout::Position::ORIGIN, size));
    usize::from(places(area, Focus::Text).text.width).max(1)
}

/// Rows a page key moves.
pub(super) fn page(size: Size) -> usize {
    usize::from(size.height.saturating_sub(4)).max(1)
}

/// Draws the browser.
pub fn view<L: Library>(browser: &Browser<L>, frame: &mut Frame<'_>) {
    let area = frame.area();
    if area.is_empty() {
        return;
    }
    let places = places(area, browser.focus);
    let room = usize::from(places.header.width).saturating_sub(17);
    let header = Line::from(vec![
        Span::styled("eu prepare view  ", theme::FOCUS),
        Span::styled(clip(&plain_line(&browser.name), room), theme::STRONG),
    ]);
    frame.render_widget(header, places.header);
    groups(browser, places.groups, frame);
    documents(browser, places.documents, frame);
    text(browser, places.text, frame);
    let keys = clip(KEYS, usize::from(places.keys.width));
    frame.render_widget(Line::styled(keys, theme::DIM), places.keys);
}

/// First entry drawn so that the chosen one is seen.
fn first_seen(chosen: usize, height: u16) -> usize {
    chosen.saturating_sub(usize::from(height).saturating_sub(1))
}

/// An entry of a list: `>` stands before the chosen one.
fn entry<'a>(text: &str, is_chosen: bool, has_focus: bool, cells: usize) -> Line<'a> {
    let sign = if is_chosen { "> " } else { "  " };
    let style = match (is_chosen, has_focus) {
        (true, true) => theme::FOCUS,
        (true, false) => theme::STRONG,
        _ => Style::new(),
    };
    Line::styled(
        format!("{sign}{}", clip(text, cells.saturating_sub(2))),
        style,
    )
}

fn groups<L: Library>(browser: &Browser<L>, area: Rect, frame: &mut Frame<'_>) {
    let cells = usize::from(area.width);
    let all = browser.library.groups();
    let first = first_seen(browser.group, area.height);
    let lines = all
        .iter()
        .enumerate()
        .skip(first)
        .take(usize::from(area.height));
    let lines: Vec<Line<'_>> = lines
        .map(|(i, group)| {
            let n = group.n_docs.map_or(String::new(), count);
            let sign = if group.dropped { "- " } else { "+ " };
            let name = format!("{sign}{} {}", group.lang, group.name);
            let room = cells.saturating_sub(n.len() + 3);
            let name = clip(&plain_line(&name), room);
            let gap = " ".repeat(room.saturating_sub(width(&name)) + 1);
            let has_focus = browser.focus == Focus::Groups;
            entry(
                &format!("{name}{gap}{n}"),
                i == browser.group,
                has_focus,
                cells,
            )
        })
        .collect();
    frame.render_widget(ratatui::text::Text::from(lines), area);
}

fn documents<L: Library>(browser: &Browser<L>, area: Rect, frame: &mut Frame<'_>) {
    let first = first_seen(browser.document, area.height);
    let held = browser.documents.iter().enumerate().skip(first);
    let has_focus = browser.focus == Focus::Documents;
    let lines: Vec<Line<'_>> = held
        .take(usize::from(area.height))
        .map(|(i, shown)| {
            let start: String = shown.text.chars().take(200).collect();
            let start = plain_line(start.trim_start());
            entry(
                &start,
                i == browser.document,
                has_focus,
                usize::from(area.width),
            )
        })
        .collect();
    frame.render_widget(ratatui::text::Text::from(lines), area);
}

fn text<L: Library>(browser: &Browser<L>, area: Rect, frame: &mut Frame<'_>) {
    let cells = usize::from(area.width).max(1);
    let mut lines: Vec<Line<'_>> = Vec::new();
    if let Some(failed) = &browser.failed {
        lines.push(Line::styled(
            format!("! {}", plain_line(failed)),
            theme::WARN,
        ));
    }
    match browser.shown() {
        None => lines.push(Line::styled("no document here", theme::DIM)),
        Some(shown) => {
            if browser.scroll == 0 {
                lines.extend(facts(shown, cells));
            }
            let rows = browser.rows(cells);
            let seen = rows.iter().skip(browser.scroll);
            let left = usize::from(area.height).saturating_sub(lines.len());
            lines.extend(seen.take(left).map(|range| marked(shown, range)));
        }
    }
    frame.render_widget(ratatui::text::Text::from(lines), area);
}

fn facts<'a>(shown: &Shown, cells: usize) -> Vec<Line<'a>> {
    let id = ("id".to_string(), shown.document.id.clone());
    let facts = std::iter::once(&id).chain(&shown.document.facts);
    let mut lines: Vec<Line<'_>> = facts
        .map(|(name, told)| {
            let name = format!("{} ", plain_line(name));
            let told = clip(&plain_line(told), cells.saturating_sub(width(&name)));
            Line::from(vec![
                Span::styled(name, theme::DIM),
                Span::styled(told, theme::STRONG),
            ])
        })
        .collect();
    lines.push(Line::styled("─".repeat(cells), theme::DIM));
    lines
}

/// A row of the text with its marks.
fn marked<'a>(shown: &Shown, range: &Range<usize>) -> Line<'a> {
    let mut spans = Vec::new();
    let mut at = range.start;
    let first = shown.marks.partition_point(|mark| mark.end <= range.start);
    for mark in shown.marks[first..]
        .iter()
        .take_while(|m| m.start < range.end)
    {
        let (start, end) = (mark.start.max(at), mark.end.min(range.end));
        if start < end {
            spans.push(Span::raw(row(&shown.text, &(at..start))));
            spans.push(Span::styled(row(&shown.text, &(start..end)), MARK));
            at = end;
        }
    }
    spans.push(Span::raw(row(&shown.text, &(at..range.end))));
    Line::from(spans)
}
