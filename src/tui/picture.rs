//! A screen as text or as an SVG picture, drawn by the program itself.

use std::fmt::Write;

use ratatui::Frame;
use ratatui::backend::TestBackend;
use ratatui::buffer::{Buffer, Cell, CellWidth};
use ratatui::style::{Color, Modifier};

use super::train::{Look, State, view};

/// Size of a cell in the picture, in pixels: as high as its letters, so that frames close.
const CELL: (u16, u16) = (8, 15);
/// Colours of the picture where the screen has none: letters, ground, letters that are dim.
const LETTERS: &str = "#d8dee9";
const GROUND: &str = "#15191e";
const DIMMED: &str = "#7d8794";

/// The dashboard as lines of text.
pub fn picture(state: &State, width: u16, height: u16) -> String {
    text(&buffer(width, height, |frame| {
        view(state, &Look::default(), frame)
    }))
}

/// The dashboard as an SVG document.
pub fn picture_svg(state: &State, width: u16, height: u16) -> String {
    svg(&buffer(width, height, |frame| {
        view(state, &Look::default(), frame)
    }))
}

/// What a view draws on a screen of that size.
pub fn buffer(width: u16, height: u16, view: impl FnOnce(&mut Frame<'_>)) -> Buffer {
    let Ok(mut terminal) = ratatui::Terminal::new(TestBackend::new(width, height));
    let Ok(frame) = terminal.draw(view);
    frame.buffer.clone()
}

/// The letters of a screen, one line a row, spaces at the end left out.
pub fn text(buf: &Buffer) -> String {
    let mut out = String::new();
    for y in buf.area.top()..buf.area.bottom() {
        let mut line = String::new();
        let mut x = buf.area.left();
        while x < buf.area.right() {
            let symbol = buf[(x, y)].symbol();
            line.push_str(symbol);
            x += symbol.cell_width().max(1);
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

/// The screen as an SVG document: one text element for each run of letters of one style.
pub fn svg(buf: &Buffer) -> String {
    let (wide, high) = (u32::from(buf.area.width), u32::from(buf.area.height));
    let (w, h) = (wide * u32::from(CELL.0) + 16, high * u32::from(CELL.1) + 16);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{w}\" height=\"{h}\" viewBox=\"0 0 {w} {h}\">\n\
         <rect width=\"{w}\" height=\"{h}\" rx=\"6\" fill=\"{GROUND}\"/>\n\
         <g font-family=\"ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace\" font-size=\"13\" \
         fill=\"{LETTERS}\" xml:space=\"preserve\">\n"
    );
    for y in 0..buf.area.height {
        let mut x = 0;
        while x < buf.area.width {
            x = run(buf, x, y, &mut out);
        }
    }
    out.push_str("</g>\n</svg>\n");
    out
}

/// Writes the run of cells of one style that begins at `x`; where the next one begins.
fn run(buf: &Buffer, x: u16, y: u16, out: &mut String) -> u16 {
    let cell = &buf[(buf.area.x + x, buf.area.y + y)];
    let mut end = x;
    let mut letters = String::new();
    while end < buf.area.width {
        let next = &buf[(buf.area.x + end, buf.area.y + y)];
        if (next.fg, next.modifier) != (cell.fg, cell.modifier) {
            break;
        }
        letters.push_str(next.symbol());
        end += next.symbol().cell_width().max(1);
    }
    if letters.trim().is_empty() {
        return end;
    }
    let (left, base) = (8 + u32::from(x * CELL.0), 8 + u32::from(y * CELL.1) + 12);
    // The length is given, so that a reader's font cannot bend the columns.
    let length = u32::from((end - x) * CELL.0);
    let _ = writeln!(
        out,
        "<text x=\"{left}\" y=\"{base}\" textLength=\"{length}\" lengthAdjust=\"spacingAndGlyphs\"{}>{}</text>",
        style(cell),
        escaped(&letters)
    );
    end
}

fn style(cell: &Cell) -> String {
    let dim = cell.modifier.contains(Modifier::DIM);
    let colour = match cell.fg {
        Color::Cyan => Some("#5fc9d8"),
        Color::Green => Some("#86c06c"),
        Color::Red => Some("#e5737b"),
        Color::Yellow => Some("#e2b86b"),
        _ if dim => Some(DIMMED),
        _ => None,
    };
    let mut out = colour.map(|c| format!(" fill=\"{c}\"")).unwrap_or_default();
    if cell.modifier.contains(Modifier::BOLD) {
        out.push_str(" font-weight=\"bold\"");
    }
    out
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use ratatui::text::Line;

    use super::*;

    #[test]
    fn a_picture_escapes_its_letters_and_keeps_wide_ones_once() {
        let buf = buffer(12, 1, |frame| {
            frame.render_widget(Line::raw("<漢字> & b"), frame.area())
        });
        assert_eq!(text(&buf), "<漢字> & b\n");
        let svg = svg(&buf);
        assert!(svg.contains(">&lt;漢字&gt; &amp; b  </text>"), "{svg}");
    }

    #[test]
    fn a_state_is_drawn_at_any_size() {
        for (w, h) in [(0, 0), (1, 1), (40, 10), (80, 24), (200, 60)] {
            assert_eq!(
                picture(&State::default(), w, h).lines().count(),
                usize::from(h)
            );
            assert!(picture_svg(&State::default(), w, h).ends_with("</svg>\n"));
        }
    }
}
