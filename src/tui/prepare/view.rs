//! The browser drawn: groups, documents, and the text of one with what is known of it.

use std::ops::Range;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect, Size};
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span, Text};

use super::library::{Library, Totals};
use super::shown::{Face, Shown};
use super::state::{Browser, Focus, Purpose};
use crate::tui::theme;
use crate::tui::widgets::{clip, count, grouped, plain_line, row, width, wrap};

/// Below this many columns only the pane with the focus is drawn.
const NARROW: u16 = 72;
/// From this many rows on, every pane has a title.
const TITLED: u16 = 8;
/// Keys worth a line, the more important first.
const HINTS: &str =
    "? keys   q leave   arrows move   Tab pane   n p document   / search   f filter";
/// Every key, as the help shows them.
const KEYS: [(&str, &str); 11] = [
    (
        "↑ ↓, PgUp PgDn",
        "move within the pane; Home, End: to its ends",
    ),
    ("Tab, ← →", "next pane, pane before"),
    ("n, p", "next document, document before"),
    (
        "1, 2, 3",
        "text; every check beside its threshold; the record",
    ),
    (
        "m",
        "next span that tells why: personal data, what was counted",
    ),
    ("/", "search the documents of the group, as written"),
    (
        "/ Enter",
        "the same words again, in the documents after this one",
    ),
    (
        "f",
        "list groups by words: a language, a reason, kept, dropped",
    ),
    ("s", "the largest group first, or reason by reason"),
    ("Esc", "stop a search, list all groups, leave"),
    ("q, Ctrl-C", "leave"),
];
/// Spans that tell why: seen without colour too.
const MARK: Style = Style::new().add_modifier(Modifier::REVERSED);
/// Spans that were searched for.
const HIT: Modifier = Modifier::UNDERLINED.union(Modifier::BOLD);

struct Places {
    header: Rect,
    titles: [Rect; 3],
    groups: Rect,
    documents: Rect,
    text: Rect,
    keys: Rect,
}

fn places(area: Rect, focus: Focus) -> Places {
    let one = |h: u16| Constraint::Length(u16::from(area.height >= h));
    let rows = [one(4), one(TITLED), Constraint::Min(0), one(6)];
    let [header, titles, middle, keys] = Layout::vertical(rows).areas(area);
    let split = |area: Rect| -> [Rect; 3] {
        if area.width < NARROW {
            let only = |pane| if focus == pane { area } else { Rect::ZERO };
            return [Focus::Groups, Focus::Documents, Focus::Text].map(only);
        }
        let columns = [
            Constraint::Percentage(30),
            Constraint::Percentage(24),
            Constraint::Min(0),
        ];
        Layout::horizontal(columns).spacing(1).areas(area)
    };
    let [groups, documents, text] = split(middle);
    Places {
        header,
        titles: split(titles),
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
    usize::from(size.height.saturating_sub(5)).max(1)
}

/// Draws the browser.
pub fn view<L: Library>(browser: &Browser<L>, frame: &mut Frame<'_>) {
    let area = frame.area();
    if area.is_empty() {
        return;
    }
    let places = places(area, browser.focus);
    header(browser, places.header, frame);
    if browser.help {
        let middle = Rect {
            y: places.header.bottom(),
            height: places.keys.top().saturating_sub(places.header.bottom()),
            ..area
        };
        frame.render_widget(help(usize::from(area.width)), middle);
    } else {
        titles(browser, places.titles, frame);
        groups(browser, places.groups, frame);
        documents(browser, places.documents, frame);
        text(browser, places.text, frame);
    }
    footer(browser, places.keys, frame);
}

fn header<L: Library>(browser: &Browser<L>, area: Rect, frame: &mut Frame<'_>) {
    let name = plain_line(&browser.name);
    let room = usize::from(area.width).saturating_sub(17);
    let told = browser.library.totals().and_then(|totals| {
        let left = room.saturating_sub(width(&name));
        let all = [grouped, count].map(|number| sum(totals, number));
        all.into_iter().find(|told| width(told) <= left)
    });
    let line = Line::from(vec![
        Span::styled("eu prepare view  ", theme::FOCUS),
        Span::styled(clip(&name, room), theme::STRONG),
        Span::raw(told.unwrap_or_default()),
    ]);
    frame.render_widget(line, area);
}

/// What became of all records, in numbers of either kind.
fn sum(totals: Totals, number: fn(u64) -> String) -> String {
    let Totals {
        n_seen,
        n_kept,
        n_heldout,
        n_dropped,
    } = totals;
    let [seen, kept, heldout, dropped] = [n_seen, n_kept, n_heldout, n_dropped].map(number);
    format!("   {seen} seen = {kept} kept + {heldout} held out + {dropped} dropped")
}

fn titles<L: Library>(browser: &Browser<L>, areas: [Rect; 3], frame: &mut Frame<'_>) {
    let all = browser.library.groups();
    let listed = browser.listed.iter().filter_map(|group| all.get(*group));
    let n_docs: u64 = listed.filter_map(|group| group.n_docs).sum();
    let groups = match browser.listed.len() {
        1 if all.len() == 1 => "1 group".into(),
        n if n == all.len() => format!("{n} groups"),
        n => format!("{} in {n} of {} groups", grouped(n_docs), all.len()),
    };
    let n_docs = browser.n_docs().map_or("?".into(), grouped);
    let documents = match browser.window.texts.is_empty() {
        true => "documents".into(),
        false => format!("document {} of {n_docs}", grouped(browser.document + 1)),
    };
    let faces = [
        (Face::Text, "1 text"),
        (Face::Checks, "2 checks"),
        (Face::Fields, "3 record"),
    ];
    let faces = faces.map(|(face, name)| match face == browser.face {
        true => format!("[{name}]"),
        false => format!(" {name} "),
    });
    let marks = browser.shown.as_ref().map_or(0, |shown| shown.marks.len());
    let marks = match marks {
        0 => String::new(),
        n => format!(" {} marked", grouped(n as u64)),
    };
    let titles = [groups, documents, faces.join(" ") + &marks];
    let panes = [Focus::Groups, Focus::Documents, Focus::Text];
    for ((title, area), pane) in titles.iter().zip(areas).zip(panes) {
        let style = if browser.focus == pane {
            theme::FOCUS
        } else {
            theme::DIM
        };
        let title = clip(title, usize::from(area.width));
        frame.render_widget(Line::styled(title, style), area);
    }
}

fn help(cells: usize) -> Text<'static> {
    let widest = KEYS.iter().map(|(keys, _)| width(keys)).max().unwrap_or(0);
    let lines = KEYS.iter().map(|(keys, what)| {
        let gap = " ".repeat(widest - width(keys) + 2);
        Line::from(vec![
            Span::styled(*keys, theme::STRONG),
            Span::raw(clip(
                &format!("{gap}{what}"),
                cells.saturating_sub(width(keys)),
            )),
        ])
    });
    Text::from_iter(lines)
}

/// What is being typed, what is going on, what came of it, or the keys.
fn footer<L: Library>(browser: &Browser<L>, area: Rect, frame: &mut Frame<'_>) {
    let cells = usize::from(area.width);
    if let Some((purpose, line)) = &browser.typing {
        let name = match purpose {
            Purpose::Filter => "list groups with: ",
            Purpose::Search => "search for: ",
        };
        // The end of what is typed is what is looked at.
        let mut line = plain_line(line);
        while width(&line) + width(name) + 1 > cells && !line.is_empty() {
            line.remove(0);
        }
        let spans = vec![
            Span::styled(clip(name, cells), theme::STRONG),
            Span::raw(line),
            Span::styled(" ", MARK),
        ];
        frame.render_widget(Line::from(spans), area);
        return;
    }
    let told = match (&browser.search, &browser.note) {
        (Some(search), _) => {
            let what = match search.words {
                Some(_) => "searching",
                None => "going to the end",
            };
            let n = grouped(search.next);
            format!("{what}, {n} documents done   Esc stop")
        }
        (None, Some(note)) => note.clone(),
        (None, None) => HINTS.into(),
    };
    frame.render_widget(Line::styled(clip(&told, cells), theme::DIM), area);
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
    let listed = browser.listed.iter().enumerate().skip(first);
    let listed = listed.filter_map(|(i, group)| Some((i, all.get(*group)?)));
    let lines: Vec<Line<'_>> = listed
        .take(usize::from(area.height))
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
    let none = || Text::styled("no group has these words", theme::DIM);
    let is_none = lines.is_empty() && !all.is_empty();
    frame.render_widget(if is_none { none() } else { Text::from(lines) }, area);
}

fn documents<L: Library>(browser: &Browser<L>, area: Rect, frame: &mut Frame<'_>) {
    let window = &browser.window;
    let chosen = usize::try_from(browser.document.saturating_sub(window.from)).unwrap_or(0);
    let first = first_seen(chosen, area.height);
    let held = window.texts.iter().enumerate().skip(first);
    let has_focus = browser.focus == Focus::Documents;
    let lines: Vec<Line<'_>> = held
        .take(usize::from(area.height))
        .map(|(i, start)| entry(start, i == chosen, has_focus, usize::from(area.width)))
        .collect();
    frame.render_widget(Text::from(lines), area);
}

fn text<L: Library>(browser: &Browser<L>, area: Rect, frame: &mut Frame<'_>) {
    let cells = usize::from(area.width).max(1);
    let height = usize::from(area.height);
    let mut lines: Vec<Line<'_>> = Vec::new();
    if let Some(failed) = &browser.failed {
        let failed = format!("! {}", plain_line(failed));
        let rows = wrap(&failed, cells).into_iter().take(height / 2 + 1);
        lines.extend(rows.map(|range| Line::styled(row(&failed, &range), theme::WARN)));
    }
    match &browser.shown {
        None => lines.push(Line::styled("no document here", theme::DIM)),
        Some(shown) => {
            lines.extend(head(shown, cells).into_iter().take(height / 2));
            if height > 2 {
                lines.push(Line::styled("─".repeat(cells), theme::DIM));
            }
            let seen = shown.rows.iter().skip(browser.scroll);
            let left = height.saturating_sub(lines.len());
            lines.extend(seen.take(left).map(|range| marked(shown, range)));
        }
    }
    frame.render_widget(Text::from(lines), area);
}

/// The id, then why the document is where it is.
fn head<'a>(shown: &Shown, cells: usize) -> Vec<Line<'a>> {
    let lines = shown.head.iter().enumerate();
    let lines = lines.map(|(i, line)| match i {
        0 => Line::styled(clip(line, cells), theme::DIM),
        _ => Line::styled(clip(line, cells), theme::STRONG),
    });
    lines.collect()
}

/// A row of the text with its marks.
fn marked<'a>(shown: &Shown, range: &Range<usize>) -> Line<'a> {
    let parts = shown.parts(range).into_iter();
    let spans = parts.map(|(part, is_mark, is_hit)| {
        let mut style = if is_mark { MARK } else { Style::new() };
        if is_hit {
            style = style.add_modifier(HIT);
        }
        let mut text = row(&shown.body, &part);
        if part.end < range.end {
            // Spaces hang over at the end of a row alone.
            let said = shown.body.get(part).unwrap_or_default();
            text.extend(std::iter::repeat_n(
                ' ',
                said.len() - said.trim_end_matches(' ').len(),
            ));
        }
        Span::styled(text, style)
    });
    Line::from_iter(spans)
}
