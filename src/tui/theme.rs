//! Colours: sixteen of them at most, none where they are not wanted.
//!
//! Nothing is told by colour alone: every style that means something also differs in weight,
//! or stands beside a sign or a word. [`strip`] takes the colours off a finished frame, so no
//! view needs to ask whether they are wanted.

use ratatui::buffer::Buffer;
use ratatui::style::{Color, Modifier, Style};

/// Titles and what has the focus.
pub const FOCUS: Style = Style::new().fg(Color::Cyan).add_modifier(Modifier::BOLD);
/// Figures that matter.
pub const STRONG: Style = Style::new().add_modifier(Modifier::BOLD);
/// What may be overlooked.
pub const DIM: Style = Style::new().add_modifier(Modifier::DIM);
/// Bars and curves.
pub const INK: Style = Style::new().fg(Color::Cyan);
/// Better than before; stands beside a sign.
pub const GOOD: Style = Style::new().fg(Color::Green);
/// Worse than before; stands beside a sign.
pub const BAD: Style = Style::new().fg(Color::Red).add_modifier(Modifier::BOLD);
/// Warnings; stand beside `!`.
pub const WARN: Style = Style::new().fg(Color::Yellow).add_modifier(Modifier::BOLD);

/// Headings of a text.
pub const HEADING: Style = Style::new()
    .fg(Color::Cyan)
    .add_modifier(Modifier::BOLD.union(Modifier::UNDERLINED));
/// Code among words; stands between backticks.
pub const CODE: Style = Style::new().fg(Color::Cyan);
/// Links; where they lead stands behind them.
pub const LINK: Style = Style::new()
    .fg(Color::Blue)
    .add_modifier(Modifier::UNDERLINED);
/// Keywords of code.
pub const KEYWORD: Style = Style::new().fg(Color::Magenta).add_modifier(Modifier::BOLD);
/// Strings of code; stand between quotation marks.
pub const STRING: Style = Style::new().fg(Color::Green);

/// Takes every colour off, and leaves bold, dim and reversed as they are.
pub fn strip(buf: &mut Buffer) {
    for cell in &mut buf.content {
        cell.fg = Color::Reset;
        cell.bg = Color::Reset;
    }
}
