//! The dashboard drawn: three lines of figures, the panes, a line of keys.

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear, Widget};

use super::keys::{Look, Pane};
use super::panes;
use super::state::State;
use crate::tui::theme;
use crate::tui::widgets::{clock, count, gauge, grouped, rate, short, width};

/// From this width and height on, several panes share the screen.
const GRID: (u16, u16) = (72, 18);

/// The keys, as the help shows them.
const KEYS: [(&str, &str); 8] = [
    ("q, Ctrl-C", "stop after this step and save; again: now"),
    ("c", "checkpoint now"),
    ("Tab, ← →", "next pane, pane before"),
    ("Enter", "only this pane, and back"),
    ("↑ ↓, PgUp PgDn", "scroll the languages"),
    ("Home, End", "worst and best language"),
    ("l", "the latest half of the steps, or all"),
    ("?", "these keys"),
];

/// Where everything is.
struct Places {
    header: Rect,
    progress: Rect,
    figures: Rect,
    tabs: Rect,
    footer: Rect,
    panes: Vec<(Pane, Rect)>,
    framed: bool,
}

/// The panes that have something to show, in the order of Tab.
pub(super) fn panes(state: &State) -> Vec<Pane> {
    let trains = state.run.is_some() || state.step.is_some() || !state.scores.is_empty();
    let shown = |pane: &Pane| match pane {
        Pane::Stages => !state.stages.is_empty(),
        Pane::Log => true,
        Pane::Loss | Pane::Languages | Pane::Text => trains || state.stages.is_empty(),
    };
    Pane::ALL.into_iter().filter(shown).collect()
}

/// The pane that has the focus among those shown.
fn focus(state: &State, look: &Look) -> Pane {
    let panes = panes(state);
    let held = panes.contains(&look.pane);
    if held {
        look.pane
    } else {
        panes.last().copied().unwrap_or_default()
    }
}

fn places(state: &State, look: &Look, area: Rect) -> Places {
    let grid = area.width >= GRID.0 && area.height >= GRID.1;
    let one = |h: u16| Constraint::Length(u16::from(area.height >= h));
    let tabs = if grid && !look.zoom {
        Constraint::Length(0)
    } else {
        one(5)
    };
    let rows = [one(12), one(2), one(1), tabs, Constraint::Min(0), one(7)];
    let [header, progress, figures, tabs, body, footer] = Layout::vertical(rows).areas(area);
    let panes = if grid && !look.zoom {
        grid_of(state, look, body)
    } else {
        vec![(focus(state, look), body)]
    };
    Places {
        header,
        progress,
        figures,
        tabs,
        footer,
        panes,
        framed: grid,
    }
}

fn grid_of(state: &State, look: &Look, body: Rect) -> Vec<(Pane, Rect)> {
    if !panes(state).contains(&Pane::Loss) {
        let high = (state.stages.len() as u16 + 2).clamp(5, body.height * 2 / 3);
        let [top, bottom] =
            Layout::vertical([Constraint::Length(high), Constraint::Min(0)]).areas(body);
        return vec![(Pane::Stages, top), (Pane::Log, bottom)];
    }
    let right = (body.width * 9 / 20).min(64);
    let [left, right] =
        Layout::horizontal([Constraint::Min(0), Constraint::Length(right)]).areas(body);
    let parts = [
        Constraint::Percentage(46),
        Constraint::Percentage(27),
        Constraint::Fill(1),
    ];
    let [top, middle, bottom] = Layout::vertical(parts).areas(left);
    let first = if look.pane == Pane::Stages {
        focus(state, look)
    } else {
        Pane::Loss
    };
    vec![
        (first, top),
        (Pane::Languages, right),
        (Pane::Text, middle),
        (Pane::Log, bottom),
    ]
}

/// Rows of languages that can be seen at once.
pub(super) fn language_rows(state: &State, look: &Look) -> usize {
    let area = Rect::from((ratatui::layout::Position::ORIGIN, look.size));
    let places = places(state, look, area);
    let found = places
        .panes
        .iter()
        .find(|(pane, _)| *pane == Pane::Languages);
    // The first row inside holds the mean.
    found.map_or(0, |(_, area)| {
        usize::from(inside(*area, places.framed).height.saturating_sub(1))
    })
}

fn inside(area: Rect, framed: bool) -> Rect {
    if framed {
        Block::bordered().inner(area)
    } else {
        area
    }
}

/// Draws what happened (`state`) in the way chosen (`look`).
pub fn view(state: &State, look: &Look, frame: &mut Frame<'_>) {
    let area = frame.area();
    let places = places(state, look, area);
    let focus = focus(state, look);
    let buf = frame.buffer_mut();
    header(state, look).render(places.header, buf);
    progress(state, places.progress.width).render(places.progress, buf);
    figures(state, places.figures.width).render(places.figures, buf);
    tabs(state, focus).render(places.tabs, buf);
    for (pane, area) in &places.panes {
        let mut inner = *area;
        if places.framed {
            inner = framed(state, look, (*pane, *area), *pane == focus, buf);
        }
        panes::draw(state, look, *pane, inner, buf);
    }
    footer(state, look, places.footer, buf);
    if look.help {
        help(look, area, buf);
    }
}

fn framed(state: &State, look: &Look, at: (Pane, Rect), focused: bool, buf: &mut Buffer) -> Rect {
    let (pane, area) = at;
    let (mark, style, border) = if focused {
        ("> ", theme::FOCUS, theme::INK)
    } else {
        ("", Style::new(), theme::DIM)
    };
    let title = Span::styled(format!(" {mark}{} ", panes::title(state, pane)), style);
    let below = panes::below(
        state,
        look,
        pane,
        usize::from(area.height.saturating_sub(3)),
    );
    let mut block = Block::bordered().border_style(border).title(title);
    if !below.is_empty() {
        block = block.title_bottom(Line::styled(format!(" {below} "), theme::DIM).right_aligned());
    }
    let inner = block.inner(area);
    block.render(area, buf);
    inner
}

fn header<'a>(state: &State, look: &Look) -> Line<'a> {
    let mut spans = vec![Span::styled(
        if look.watching { "eu watch" } else { "eu" },
        theme::FOCUS,
    )];
    if let Some(run) = &state.run {
        spans.push(Span::styled(format!("  {}", run.name), theme::STRONG));
        let threads = if run.n_threads == 1 {
            "thread"
        } else {
            "threads"
        };
        spans.push(Span::raw(format!(
            "  {} parameters, {} languages, {} on {} {threads}",
            count(run.n_params),
            run.n_langs,
            run.executor,
            run.n_threads
        )));
    }
    Line::from(spans)
}

/// How far the run, or else the stage in hand, has come.
fn progress<'a>(state: &State, cells: u16) -> Line<'a> {
    let cells = usize::from(cells);
    let Some(run) = &state.run else {
        return state
            .stages
            .last()
            .map(|s| panes::stage_line(s, cells))
            .unwrap_or_default();
    };
    let (done, all) = (grouped(state.steps()), grouped(run.n_steps));
    let head = format!("step {done} of {all} ");
    let elapsed = clock(state.step.map_or(0, |s| s.elapsed_ms));
    let left = match (state.left_ms(), state.outcome()) {
        (Some(ms), None) if ms > 0 => format!(", {} left", clock(ms)),
        _ => String::new(),
    };
    let percent = format!(" {:3.0}%", state.share() * 100.0);
    let tails = [
        format!("{percent}  {elapsed}{left}"),
        format!("{percent}{left}"),
        percent,
    ];
    let fits = |tail: &&String| width(&head) + width(tail) <= cells;
    let tail = tails.iter().find(fits).cloned().unwrap_or_default();
    let room = cells.saturating_sub(width(&head) + width(&tail));
    let bar = if room < 3 {
        String::new()
    } else {
        gauge(state.share(), room)
    };
    Line::from(vec![
        Span::raw(head),
        Span::styled(bar, theme::INK),
        Span::raw(tail),
    ])
}

/// As many figures as fit, the important ones first.
fn figures<'a>(state: &State, cells: u16) -> Line<'a> {
    let Some(step) = &state.step else {
        let ready = if state.run.is_some() {
            "waiting for the first step"
        } else {
            ""
        };
        return Line::styled(ready, theme::DIM);
    };
    let mean = state.mean_tokens_per_s().map_or_else(|| "-".into(), rate);
    let figures = [
        ("loss ", short(step.loss), String::new()),
        (
            "",
            rate(step.tokens_per_s),
            format!(" tokens/s (mean {mean})"),
        ),
        ("gradient ", short(step.grad_norm), String::new()),
        ("rate ", short(step.lr), String::new()),
        ("", count(step.n_tokens), " tokens".into()),
    ];
    let mut spans: Vec<Span<'a>> = Vec::new();
    let mut used = 0;
    for (before, figure, after) in figures {
        let gap = if used > 0 { 3 } else { 0 };
        let wide = gap + before.len() + figure.len() + after.len();
        if used + wide > usize::from(cells) && used > 0 {
            break;
        }
        used += wide;
        spans.push(Span::raw(" ".repeat(gap)));
        spans.push(Span::styled(before, theme::DIM));
        spans.push(Span::styled(figure, theme::STRONG));
        spans.push(Span::styled(after, theme::DIM));
    }
    Line::from(spans)
}

fn tabs<'a>(state: &State, focus: Pane) -> Line<'a> {
    let tab = |pane: Pane| {
        let focused = pane == focus;
        let (text, style) = if focused {
            (format!("[{}]", pane.title()), theme::FOCUS)
        } else {
            (format!(" {} ", pane.title()), theme::DIM)
        };
        Span::styled(text, style)
    };
    Line::from(panes(state).into_iter().map(tab).collect::<Vec<_>>())
}

fn footer(state: &State, look: &Look, area: Rect, buf: &mut Buffer) {
    let ended = state
        .outcome()
        .map(|o| format!("{} after {}", o.outcome, clock(o.elapsed_ms)));
    // Only training has steps and checkpoints.
    let trains = state.run.is_some();
    let checkpoint = if trains { "c checkpoint" } else { "" };
    let stopping = if trains {
        "stopping after this step"
    } else {
        "stopping"
    };
    let (items, style) = match (&ended, look.stops) {
        (Some(ended), _) => (
            vec![ended.as_str(), "q leave", "? keys", "Tab pane"],
            theme::STRONG,
        ),
        (None, _) if look.watching => (vec!["q leave", "? keys", "Tab pane"], theme::DIM),
        (None, 0) => (vec!["q stop", "? keys", checkpoint, "Tab pane"], theme::DIM),
        (None, 1) => (vec![stopping, "q stop now"], theme::WARN),
        (None, _) => (vec!["stopping now", "q leave"], theme::WARN),
    };
    let plural = if state.n_warnings == 1 { "" } else { "s" };
    let warnings = match state.n_warnings {
        0 => String::new(),
        n => format!("! {} warning{plural}", grouped(n)),
    };
    let room = usize::from(area.width).saturating_sub(width(&warnings) + 2);
    let mut text = String::new();
    for item in items.into_iter().filter(|item| !item.is_empty()) {
        let gap = if text.is_empty() { "" } else { "   " };
        if text.is_empty() || width(&text) + gap.len() + width(item) <= room {
            text = text + gap + item;
        }
    }
    Line::styled(text, style).render(area, buf);
    let right = Rect {
        x: area.right().saturating_sub(width(&warnings) as u16),
        ..area
    };
    Line::styled(warnings, theme::WARN).render(right.intersection(area), buf);
}

fn help(look: &Look, area: Rect, buf: &mut Buffer) {
    // A watched run cannot be touched: the first two keys do not apply.
    let mut lines = KEYS.to_vec();
    if look.watching {
        lines.splice(..2, [("q, Ctrl-C", "leave; the run goes on")]);
    }
    let keys = lines.iter().map(|(key, _)| width(key)).max().unwrap_or(0) + 3;
    let wide = keys + lines.iter().map(|(_, what)| what.len()).max().unwrap_or(0) + 3;
    let box_area = area.centered(
        Constraint::Length((wide as u16).min(area.width)),
        Constraint::Length((lines.len() as u16 + 2).min(area.height)),
    );
    Clear.render(box_area, buf);
    let block = Block::bordered().border_style(theme::INK).title(" keys ");
    let inner = block.inner(box_area);
    block.render(box_area, buf);
    for ((key, what), row) in lines.iter().zip(inner.rows()) {
        let key = Span::styled(format!(" {key:0$}", keys - 1), theme::STRONG);
        Line::from(vec![key, Span::raw(*what)]).render(row, buf);
    }
}
