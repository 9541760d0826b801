//! The panel of the model and of how tokens are chosen, each value to be changed in place.

use ratatui::Frame;
use ratatui::crossterm::event::{KeyCode, KeyEvent};
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear};
use unicode_segmentation::UnicodeSegmentation;

use super::state::State;
use crate::event::Ask;
use crate::tui::theme;
use crate::tui::widgets::{Editor, clip, plain_line, width};

/// Widest panel.
const WIDTH: u16 = 46;

/// Whether the panel is seen, and what is done in it.
#[derive(Debug, Clone, Default)]
pub(super) struct Panel {
    pub(super) is_open: bool,
    /// Which setting has the focus.
    at: usize,
    /// A value being written.
    draft: Option<Editor>,
}

impl Panel {
    /// Opens or closes it.
    pub(super) fn toggle(&mut self) {
        self.is_open = !self.is_open;
        self.draft = None;
    }

    /// Takes a key while it is open; what is asked for because of it.
    pub(super) fn key(&mut self, key: KeyEvent, state: &State) -> Option<Ask> {
        let n = state.info.settings.len();
        let setting = state.info.settings.get(self.at);
        if let Some(draft) = &mut self.draft {
            match key.code {
                KeyCode::Esc => self.draft = None,
                KeyCode::Enter => {
                    let value = draft.text().trim().to_owned();
                    self.draft = None;
                    let name = setting?.name.clone();
                    return Some(Ask::Set { name, value });
                }
                KeyCode::Up | KeyCode::Down | KeyCode::Tab => {}
                _ => {
                    draft.key(key, usize::MAX);
                }
            }
            return None;
        }
        match key.code {
            KeyCode::Esc | KeyCode::Tab | KeyCode::F(2) => self.toggle(),
            KeyCode::Up => self.at = self.at.saturating_sub(1),
            KeyCode::Down => self.at = (self.at + 1).min(n.saturating_sub(1)),
            KeyCode::Home => self.at = 0,
            KeyCode::End => self.at = n.saturating_sub(1),
            KeyCode::Enter | KeyCode::Backspace => {
                let mut draft = Editor::default();
                draft.set(&setting?.value);
                self.draft = Some(draft);
            }
            KeyCode::Char(_) => {
                let mut draft = Editor::default();
                draft.key(key, usize::MAX);
                self.draft = Some(draft).filter(|draft| !draft.text().is_empty());
            }
            _ => {}
        }
        None
    }

    /// Draws it at the right of `area`.
    pub(super) fn view(&self, state: &State, area: Rect, frame: &mut Frame<'_>) {
        let place = Rect {
            x: area.right() - WIDTH.min(area.width),
            width: WIDTH.min(area.width),
            ..area
        };
        frame.render_widget(Clear, place);
        let block = Block::bordered().border_style(theme::INK).title(" model ");
        let inside = block.inner(place);
        frame.render_widget(block, place);
        let cells = usize::from(inside.width);
        let info = &state.info;
        let system = state
            .tree
            .system()
            .unwrap_or("none: /sys TEXT begins under one");
        let mut lines = vec![
            fact("model", &info.model, cells),
            fact("system", &plain_line(system), cells),
            Line::default(),
        ];
        let names = info
            .settings
            .iter()
            .map(|s| width(&s.name))
            .max()
            .unwrap_or(0);
        // What has the focus is always seen; its meaning stands in the last row.
        let room = usize::from(inside.height)
            .saturating_sub(lines.len() + 2)
            .max(1);
        let skip = (self.at + 1).saturating_sub(room);
        let rows = info.settings.iter().enumerate().skip(skip).take(room);
        for (i, setting) in rows {
            let is_chosen = i == self.at;
            let mark = if is_chosen { "▸ " } else { "  " };
            let room = cells.saturating_sub(names + 4);
            let value = match (&self.draft, setting.value.as_str()) {
                (Some(draft), _) if is_chosen => end_of(draft.text(), room) + "▏",
                (_, "") => "-".into(),
                (_, value) => clip(&plain_line(value), room),
            };
            let style = match is_chosen {
                true => theme::STRONG.add_modifier(Modifier::REVERSED),
                false => theme::STRONG,
            };
            lines.push(Line::from(vec![
                Span::styled(mark, theme::FOCUS),
                Span::raw(format!("{:names$}  ", setting.name)),
                Span::styled(value, style),
            ]));
        }
        lines.resize(
            usize::from(inside.height).saturating_sub(1),
            Line::default(),
        );
        let about = info.settings.get(self.at).map_or("", |s| s.about.as_str());
        lines.push(Line::styled(clip(about, cells), theme::DIM));
        for (line, row) in lines.into_iter().zip(inside.rows()) {
            frame.render_widget(line, row);
        }
    }
}

/// The end of what is being written, with one of `max` cells left for the cursor.
fn end_of(text: &str, max: usize) -> String {
    let text = plain_line(text);
    let mut used = 1;
    let fits = |part: &&str| {
        used += width(part);
        used <= max
    };
    let kept: usize = text
        .graphemes(true)
        .rev()
        .take_while(fits)
        .map(str::len)
        .sum();
    text[text.len() - kept..].to_owned()
}

fn fact<'a>(name: &str, value: &str, cells: usize) -> Line<'a> {
    let value = clip(value, cells.saturating_sub(9));
    Line::from(vec![
        Span::styled(format!("{name:8} "), theme::DIM),
        Span::raw(value),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_long_value_is_seen_while_it_is_written() {
        assert_eq!(end_of("0.8", 9), "0.8");
        assert_eq!(end_of("a 漢字", 5), "漢字");
        assert_eq!(end_of("ab\n", 3), "b ");
        assert_eq!(end_of("ab", 0), "");
    }
}
