//! The conversation drawn: transcript, input box, status line.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect, Size};
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::keys::Chat;
use super::transcript::{Entry, Who};
use crate::talk;
use crate::tui::theme;
use crate::tui::widgets::{clip, gauge, grouped, plain_line, rate, row, width};

/// Cells of the mark in front of every row.
const MARGIN: u16 = 2;
/// Most rows of the input box.
const MAX_INPUT: usize = 6;

struct Places {
    header: Rect,
    transcript: Rect,
    rule: Rect,
    input: Rect,
    status: Rect,
}

fn places(chat: &Chat, area: Rect) -> Places {
    let (rows, _) = chat.editor.rows(input_width(area.as_size()));
    let most = MAX_INPUT.min(usize::from(area.height / 3)).max(1);
    let input = rows.len().min(most) as u16;
    let one = |h: u16| Constraint::Length(u16::from(area.height >= h));
    let rows = [
        one(8),
        Constraint::Min(0),
        one(6),
        Constraint::Length(input),
        one(2),
    ];
    let [header, transcript, rule, input, status] = Layout::vertical(rows).areas(area);
    Places {
        header,
        transcript,
        rule,
        input,
        status,
    }
}

/// Cells of a row of the input box.
pub(super) fn input_width(size: Size) -> usize {
    // One cell stays free for the cursor behind the last letter.
    usize::from(size.width.saturating_sub(MARGIN + 1)).max(1)
}

/// Cells of a row of the transcript beside its mark.
pub(super) fn text_width(width: u16) -> usize {
    usize::from(width.saturating_sub(MARGIN)).max(1)
}

/// Rows of the transcript that can be seen at once.
pub(super) fn transcript_height(chat: &Chat) -> usize {
    let area = Rect::from((ratatui::layout::Position::ORIGIN, chat.size));
    usize::from(places(chat, area).transcript.height)
}

/// How far the transcript can be scrolled up.
pub(super) fn rows_above(chat: &Chat) -> usize {
    let n_rows = chat.state.transcript.n_rows();
    n_rows.saturating_sub(transcript_height(chat))
}

/// Rows from the first one of a message to the end.
pub(super) fn rows_below(chat: &Chat, node: u64) -> Option<usize> {
    let entries = &chat.state.transcript.entries;
    let at = entries.iter().position(|entry| entry.node == Some(node))?;
    Some(
        entries
            .iter()
            .skip(at)
            .map(|entry| entry.rows().len() + 1)
            .sum(),
    )
}

/// Draws the conversation.
pub fn view(chat: &Chat, frame: &mut Frame<'_>) {
    let area = frame.area();
    if area.is_empty() {
        return;
    }
    let places = places(chat, area);
    frame.render_widget(header(chat, places.header.width), places.header);
    transcript(chat, places.transcript, frame);
    let below = if chat.scroll > 0 {
        format!(" {} rows below ", chat.scroll)
    } else {
        String::new()
    };
    let rule = "─".repeat(usize::from(places.rule.width).saturating_sub(below.len()));
    frame.render_widget(Line::styled(rule + &below, theme::DIM), places.rule);
    input(chat, places.input, frame);
    frame.render_widget(
        status(chat, usize::from(places.status.width)),
        places.status,
    );
    if chat.panel.is_open {
        let above = places.transcript.union(places.rule);
        chat.panel.view(&chat.state, above, frame);
    }
}

fn header<'a>(chat: &Chat, cells: u16) -> Line<'a> {
    let info = &chat.state.info;
    let room = usize::from(cells).saturating_sub(9);
    let model = clip(&info.model, room);
    let mut beside = String::new();
    for (name, value) in [
        ("answers in ", chat.state.setting("lang")),
        ("kept as ", info.session.as_str()),
    ] {
        let more = format!("   {name}{}", plain_line(value));
        if !value.is_empty() && width(&model) + width(&beside) + width(&more) <= room {
            beside += &more;
        }
    }
    Line::from(vec![
        Span::styled("eu chat  ", theme::FOCUS),
        Span::styled(model, theme::STRONG),
        Span::styled(beside, theme::DIM),
    ])
}

fn transcript(chat: &Chat, area: Rect, frame: &mut Frame<'_>) {
    let wanted = usize::from(area.height) + chat.scroll;
    let mut lines: Vec<Line<'_>> = Vec::new();
    // From the end, and no further up than what is seen.
    for entry in chat.state.transcript.entries.iter().rev() {
        if lines.len() >= wanted {
            break;
        }
        let first = entry.rows().len().saturating_sub(wanted - lines.len());
        for i in (first..entry.rows().len()).rev() {
            lines.push(line(chat, entry, i));
        }
        if first == 0 {
            lines.push(branches(chat, entry));
        }
    }
    let seen = lines
        .into_iter()
        .skip(chat.scroll)
        .take(usize::from(area.height));
    let seen: Vec<Line<'_>> = seen.collect();
    for (line, row) in seen.into_iter().rev().zip(area.rows()) {
        frame.render_widget(line, row);
    }
}

/// One row of a message with its mark.
fn line<'a>(chat: &Chat, entry: &'a Entry, i: usize) -> Line<'a> {
    let (mark, style) = match entry.who {
        Who::You => ("> ", theme::STRONG),
        Who::Model => ("  ", Style::new()),
        Who::System => ("# ", theme::DIM),
        Who::Note => ("· ", theme::DIM),
        Who::Warning => ("! ", theme::WARN),
    };
    let is_chosen = chat.chosen.is_some() && entry.node == chat.chosen;
    let mark = match (is_chosen, i) {
        (true, _) => "▌ ",
        (false, 0) => mark,
        (false, _) => "  ",
    };
    let text = entry.rows().get(i).into_iter().flat_map(|row| &row.spans);
    let mut line = Line::from(Span::styled(mark, theme::FOCUS));
    let base = entry
        .rows()
        .get(i)
        .map_or(Style::new(), |row| style.patch(row.style));
    line.spans.extend(text.map(|span| {
        let style = base.patch(span.style);
        Span::styled(span.content.as_ref(), style)
    }));
    line
}

/// The row before a message: which of its branches is seen, where there are any.
fn branches<'a>(chat: &Chat, entry: &Entry) -> Line<'a> {
    let place = entry.node.and_then(|id| chat.state.tree.place(id));
    match place.filter(|(_, n)| *n > 1) {
        Some((at, n)) => Line::styled(format!("  ‹ {at}/{n} ›"), theme::INK),
        None => Line::default(),
    }
}

fn input(chat: &Chat, area: Rect, frame: &mut Frame<'_>) {
    let [marks, area] =
        Layout::horizontal([Constraint::Length(MARGIN), Constraint::Min(0)]).areas(area);
    frame.render_widget(Line::styled(">", theme::FOCUS), marks);
    let (rows, (at, column)) = chat
        .editor
        .rows(usize::from(area.width.saturating_sub(1)).max(1));
    if chat.editor.text().is_empty() {
        let invitation = clip("write a message, /help for help", usize::from(area.width));
        frame.render_widget(Line::styled(invitation, theme::DIM), area);
    }
    // The row with the cursor is always in the box.
    let skip = (at + 1).saturating_sub(usize::from(area.height));
    for (range, place) in rows.iter().skip(skip).zip(area.rows()) {
        frame.render_widget(Line::raw(row(chat.editor.text(), range)), place);
    }
    if !area.is_empty() {
        let x = area.x + (column as u16).min(area.width - 1);
        frame.set_cursor_position((x, area.y + (at - skip) as u16));
    }
}

/// What goes on, the speed, the context; as many as fit.
fn status<'a>(chat: &Chat, cells: usize) -> Line<'a> {
    let state = &chat.state;
    let completions = chat.completions();
    let (now, style) = if let Some((query, is_found)) = chat.history.sought() {
        let missing = if is_found { "" } else { " (not found)" };
        (format!("seek: {}{missing}", plain_line(query)), theme::WARN)
    } else if let Some(hint) = &chat.hint {
        (hint.to_string(), theme::WARN)
    } else if let Some(row) = talk::row_of(chat.editor.text()) {
        (
            format!("{} {}  {}", row.name, row.arg, row.what),
            theme::DIM,
        )
    } else if !completions.is_empty() {
        (completions.join("  "), theme::DIM)
    } else {
        let now = match (state.busy, state.n_pieces) {
            (true, 0) => "reading the prompt".into(),
            (true, n) => format!("answering, {} tokens", grouped(n)),
            (false, _) if chat.editing.is_some() => "Enter asks this instead, Esc leaves it".into(),
            (false, _) => "Enter sends".into(),
        };
        (now, theme::DIM)
    };
    let mut rest = String::new();
    let speed = state.tokens_per_s();
    let speed = speed.map(|speed| format!("   {} tokens/s", rate(speed)));
    let share = state.context_share();
    let short = share.map(|share| format!("   context {:.0}%", share * 100.0));
    let long = share.map(|share| {
        let (bar, size) = (gauge(share, 10), grouped(state.info.context));
        format!("   context {bar} {:.0}% of {size}", share * 100.0)
    });
    for part in [vec![speed], vec![long, short]] {
        let fits = |part: &String| width(&now) + width(&rest) + width(part) <= cells;
        let part = part.into_iter().flatten().find(fits);
        rest += &part.unwrap_or_default();
    }
    Line::from(vec![
        Span::styled(clip(&now, cells), style),
        Span::styled(rest, theme::DIM),
    ])
}
