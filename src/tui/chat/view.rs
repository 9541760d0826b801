//! The conversation drawn: transcript, input box, status line.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect, Size};
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::keys::Chat;
use super::state::{Message, Who};
use crate::tui::theme;
use crate::tui::widgets::{clip, gauge, grouped, rate, row, width, wrap};

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

fn text_width(width: u16) -> usize {
    usize::from(width.saturating_sub(MARGIN)).max(1)
}

/// Rows of the transcript that can be seen at once.
pub(super) fn transcript_height(chat: &Chat) -> usize {
    let area = Rect::from((ratatui::layout::Position::ORIGIN, chat.size));
    usize::from(places(chat, area).transcript.height)
}

/// Rows of the messages from `first` on, each with the empty row in front of it.
pub(super) fn rows_from(chat: &Chat, first: usize) -> usize {
    let cells = text_width(chat.size.width);
    chat.state
        .messages
        .iter()
        .skip(first)
        .map(|m| wrap(&m.text, cells).len() + 1)
        .sum()
}

/// How far the transcript can be scrolled up.
pub(super) fn rows_above(chat: &Chat) -> usize {
    rows_from(chat, 0).saturating_sub(transcript_height(chat))
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
}

fn header<'a>(chat: &Chat, cells: u16) -> Line<'a> {
    let room = usize::from(cells).saturating_sub(9);
    Line::from(vec![
        Span::styled("eu chat  ", theme::FOCUS),
        Span::styled(clip(&chat.state.info.model, room), theme::STRONG),
    ])
}

fn transcript(chat: &Chat, area: Rect, frame: &mut Frame<'_>) {
    let wanted = usize::from(area.height) + chat.scroll;
    let cells = text_width(area.width);
    let mut lines: Vec<Line<'_>> = Vec::new();
    // From the end, and no further up than what is seen.
    for message in chat.state.messages.iter().rev() {
        if lines.len() >= wanted {
            break;
        }
        lines.extend(message_lines(message, cells).into_iter().rev());
        lines.push(Line::default());
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

fn message_lines<'a>(message: &Message, cells: usize) -> Vec<Line<'a>> {
    let (mark, style) = match message.who {
        Who::You => ("> ", theme::STRONG),
        Who::Model => ("  ", Style::new()),
        Who::Note => ("· ", theme::DIM),
        Who::Warning => ("! ", theme::WARN),
    };
    let line = |(i, range)| {
        let mark = if i == 0 { mark } else { "  " };
        Line::from(vec![
            Span::styled(mark, theme::FOCUS),
            Span::styled(row(&message.text, &range), style),
        ])
    };
    wrap(&message.text, cells)
        .into_iter()
        .enumerate()
        .map(line)
        .collect()
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
    let now = match (chat.hint, state.busy, state.n_pieces) {
        (Some(hint), _, _) => hint.to_owned(),
        (None, true, 0) => "reading the prompt".into(),
        (None, true, n) => format!("answering, {} tokens", grouped(n)),
        (None, false, _) => "Enter sends".into(),
    };
    let style = if chat.hint.is_some() {
        theme::WARN
    } else {
        theme::DIM
    };
    let speed = state
        .tokens_per_s()
        .map(|speed| format!("   {} tokens/s", rate(speed)));
    let share = state.context_share();
    let short = share.map(|share| format!("   context {:.0}%", share * 100.0));
    let long = share.map(|share| {
        let (bar, size) = (gauge(share, 10), grouped(state.info.context));
        format!("   context {bar} {:.0}% of {size}", share * 100.0)
    });
    let mut rest = speed.unwrap_or_default();
    for context in [long, short].into_iter().flatten() {
        if width(&now) + width(&rest) + width(&context) <= cells {
            rest += &context;
            break;
        }
    }
    Line::from(vec![
        Span::styled(clip(&now, cells), style),
        Span::styled(rest, theme::DIM),
    ])
}
