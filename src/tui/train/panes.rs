//! The panes of the dashboard: loss, languages, text, log, stages.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

use super::facts::{Sample, Score, Stage};
use super::keys::{Look, Pane};
use super::state::State;
use crate::lang::Lang;
use crate::tui::theme;
use crate::tui::widgets::{Curve, clip, clock, gauge, grouped, row, score_bar, width, wrap};

/// Draws one pane into its inner area.
pub(super) fn draw(state: &State, look: &Look, pane: Pane, area: Rect, buf: &mut Buffer) {
    match pane {
        Pane::Loss => loss(state, look, area, buf),
        Pane::Languages => languages(state, look.offset, area, buf),
        Pane::Text => samples(state, area, buf),
        Pane::Log => log(state, area, buf),
        Pane::Stages => stages(state, area, buf),
    }
}

fn empty(what: &str, area: Rect, buf: &mut Buffer) {
    Line::styled(what.to_owned(), theme::DIM).render(area, buf);
}

/// What stands above a pane.
pub(super) fn title(state: &State, pane: Pane) -> String {
    match pane {
        Pane::Loss => "loss, nats per token".into(),
        Pane::Languages if !state.scores.is_empty() => {
            format!("bits per byte, step {}", grouped(state.scored_at))
        }
        pane => pane.title().into(),
    }
}

/// What stands below a pane that shows so many languages at once; may be nothing.
pub(super) fn below(state: &State, look: &Look, pane: Pane, rows: usize) -> String {
    match pane {
        Pane::Languages if !state.scores.is_empty() => {
            let n = state.scores.len();
            let offset = look.offset.min(n.saturating_sub(rows));
            format!(
                "worst first, {}-{} of {n}",
                offset + 1,
                (offset + rows).min(n)
            )
        }
        Pane::Loss => match (points(state, look).first(), state.step) {
            (Some(first), Some(last)) => {
                format!(
                    "steps {} to {}",
                    grouped(first.0 as u64),
                    grouped(last.step)
                )
            }
            _ => String::new(),
        },
        _ => String::new(),
    }
}

/// The curve, or its latest half.
fn points(state: &State, look: &Look) -> Vec<(f64, f64)> {
    let mut points = state.loss.points();
    if look.recent {
        let half = state.steps() as f64 / 2.0;
        points.retain(|p| p.0 >= half);
    }
    points
}

fn loss(state: &State, look: &Look, area: Rect, buf: &mut Buffer) {
    if state.loss.is_empty() {
        return empty("no step yet", area, buf);
    }
    Curve {
        points: &points(state, look),
        style: theme::INK,
    }
    .render(area, buf);
}

fn languages(state: &State, offset: usize, area: Rect, buf: &mut Buffer) {
    if state.scores.is_empty() {
        return empty("not scored yet", area, buf);
    }
    let mut rows = area.rows();
    let Some(first) = rows.next() else { return };
    let visible = usize::from(area.height.saturating_sub(1));
    let n = state.scores.len();
    let offset = offset.min(n.saturating_sub(visible));
    let mut head = vec![
        Span::raw("mean "),
        Span::styled(format!("{:.3}", state.mean), theme::STRONG),
        Span::raw(" "),
        change(state.mean - state.start_mean),
    ];
    let since = format!(" since step {}", grouped(state.scored_from));
    head.push(Span::styled(since, theme::DIM));
    Line::from(head).render(first, buf);
    let finite = |x: &f64| x.is_finite();
    let longest = state
        .scores
        .iter()
        .flat_map(|s| [s.now, s.start])
        .filter(finite);
    let longest = longest.fold(f64::MIN_POSITIVE, f64::max);
    for (score, row) in state.scores.iter().skip(offset).zip(rows) {
        language(score, longest, row.width).render(row, buf);
    }
}

/// `mlt_Latn 3.412 -1.203 ████░░░`: the bar is as long as the score, its tail where it began.
fn language<'a>(score: &Score, longest: f64, cells: u16) -> Line<'a> {
    let mut spans = vec![Span::raw(pad(&score.lang, 9))];
    if cells >= 58 {
        let name = Lang::find(&score.lang).map_or("", |l| l.name.as_str());
        spans.push(Span::raw(pad(name, 18)));
    }
    spans.push(Span::styled(format!("{:6.3} ", score.now), theme::STRONG));
    spans.push(change(score.now - score.start));
    spans.push(Span::raw(" "));
    let used: usize = spans.iter().map(|s| width(&s.content)).sum();
    let room = usize::from(cells).saturating_sub(used);
    let bar = score_bar(score.now / longest, score.start / longest, room);
    spans.push(Span::styled(bar, theme::INK));
    Line::from(spans)
}

fn pad(text: &str, cells: usize) -> String {
    let text = clip(text, cells.saturating_sub(1));
    let gap = cells.saturating_sub(width(&text));
    text + &" ".repeat(gap)
}

/// The change since the start, always with its sign; fewer bits are better.
fn change<'a>(by: f64) -> Span<'a> {
    let style = match by {
        by if by < -5e-4 => theme::GOOD,
        by if by > 5e-4 => theme::BAD,
        _ => theme::DIM,
    };
    Span::styled(format!("{by:+6.3}"), style)
}

fn samples(state: &State, area: Rect, buf: &mut Buffer) {
    if state.samples.is_empty() {
        return empty("nothing written yet", area, buf);
    }
    let lines = state
        .samples
        .iter()
        .flat_map(|sample| sample_lines(sample, area.width));
    for (line, row) in lines.zip(area.rows()) {
        line.render(row, buf);
    }
}

/// Who, when, then the prompt in bold and what the model made of it.
fn sample_lines<'a>(sample: &Sample, cells: u16) -> Vec<Line<'a>> {
    let text = format!("{}{}", sample.prompt, sample.text);
    let title = format!("{}, step {}", sample.lang, grouped(sample.step));
    let mut lines = vec![Line::styled(title, theme::DIM)];
    for range in wrap(&text, usize::from(cells)) {
        let split = sample.prompt.len().clamp(range.start, range.end);
        lines.push(Line::from(vec![
            Span::styled(
                row(&text, &(range.start..split)) + gap(&text, range.start, split),
                theme::STRONG,
            ),
            Span::raw(row(&text, &(split..range.end))),
        ]));
    }
    lines
}

/// The space that [`row`] takes off the end of a prompt, where text follows on the same row.
fn gap(text: &str, from: usize, to: usize) -> &'static str {
    let prompt = text.get(from..to).unwrap_or_default();
    if prompt.ends_with(' ') { " " } else { "" }
}

fn log(state: &State, area: Rect, buf: &mut Buffer) {
    if state.log.is_empty() {
        return empty("nothing to report", area, buf);
    }
    let high = usize::from(area.height);
    let mut lines: Vec<Line<'_>> = Vec::new();
    for entry in state.log.iter().rev() {
        if lines.len() >= high {
            break;
        }
        let (mark, style) = if entry.warning {
            ("! ", theme::WARN)
        } else {
            ("  ", Default::default())
        };
        let rows = wrap(&entry.text, usize::from(area.width.saturating_sub(2)));
        for (i, range) in rows.iter().enumerate().rev() {
            let mark = if i == 0 { mark } else { "  " };
            lines.push(Line::styled(
                format!("{mark}{}", row(&entry.text, range)),
                style,
            ));
        }
    }
    lines.truncate(high);
    for (line, row) in lines.iter().rev().zip(area.rows()) {
        line.render(row, buf);
    }
}

fn stages(state: &State, area: Rect, buf: &mut Buffer) {
    let skip = state.stages.len().saturating_sub(usize::from(area.height));
    for (stage, row) in state.stages.iter().skip(skip).zip(area.rows()) {
        stage_line(stage, usize::from(row.width)).render(row, buf);
    }
}

/// One stage: its name, how far it is, or what came of it.
pub(super) fn stage_line<'a>(stage: &Stage, cells: usize) -> Line<'a> {
    let mark = if stage.end.is_some() { "✓ " } else { "> " };
    let head = vec![
        Span::styled(mark, theme::FOCUS),
        Span::styled(pad(&stage.name, 13), theme::STRONG),
    ];
    let room = cells.saturating_sub(15);
    let tail = match (stage.end, stage.total) {
        (Some((n_in, n_out, ms)), _) => {
            let lost = n_in.saturating_sub(n_out);
            let lost = if lost > 0 {
                format!(", {} dropped", grouped(lost))
            } else {
                String::new()
            };
            let text = format!("{} {}{lost}, {}", grouped(n_out), stage.unit, clock(ms));
            vec![Span::raw(clip(&text, room))]
        }
        (None, Some(total)) if total > 0 => {
            let text = format!(
                " {} of {} {}",
                grouped(stage.done),
                grouped(total),
                stage.unit
            );
            let share = stage.done as f64 / total as f64;
            let bar = gauge(share, room.saturating_sub(width(&text)).min(40));
            vec![Span::styled(bar, theme::INK), Span::raw(clip(&text, room))]
        }
        _ => vec![Span::raw(clip(
            &format!("{} {}", grouped(stage.done), stage.unit),
            room,
        ))],
    };
    Line::from([head, tail].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_always_carries_its_sign() {
        assert_eq!(change(-1.2034).content, "-1.203");
        assert_eq!(change(0.5).content, "+0.500");
    }
}
