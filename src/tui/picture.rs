//! A screen as text or as an SVG picture, drawn by the program itself.

use std::fmt::Write;

use ratatui::Frame;
use ratatui::backend::TestBackend;
use ratatui::buffer::{Buffer, Cell, CellWidth};
use ratatui::style::{Color, Modifier};

use super::train::{Look, State, view};

/// Size of a cell in the picture, in pixels: as high as its letters, so that frames close.
const CELL: (u32, u32) = (8, 15);
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

/// The screen as an SVG document. Frames, bars and curves are drawn as shapes and words one by
/// one in their columns, so that a reader's font cannot bend them.
pub fn svg(buf: &Buffer) -> String {
    let (w, h) = (
        u32::from(buf.area.width) * CELL.0 + 16,
        u32::from(buf.area.height) * CELL.1 + 16,
    );
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{w}\" height=\"{h}\" viewBox=\"0 0 {w} {h}\">\n\
         <rect width=\"{w}\" height=\"{h}\" rx=\"6\" fill=\"{GROUND}\"/>\n\
         <g font-family=\"ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace\" font-size=\"13\" \
         fill=\"{LETTERS}\" transform=\"translate(8 8)\">\n"
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

/// Writes the word or the shapes of one style that begin at `x`; where the next begin.
fn run(buf: &Buffer, x: u16, y: u16, out: &mut String) -> u16 {
    let cell = &buf[(buf.area.x + x, buf.area.y + y)];
    if cell.symbol() == " " {
        return x + 1;
    }
    let light = cell.symbol() == "░";
    let shaped = !shapes(cell.symbol()).is_empty();
    let (mut end, mut letters, mut path) = (x, String::new(), String::new());
    while end < buf.area.width {
        let next = &buf[(buf.area.x + end, buf.area.y + y)];
        let shapes = shapes(next.symbol());
        let same = (next.fg, next.modifier) == (cell.fg, cell.modifier)
            && shapes.is_empty() != shaped
            && (next.symbol() == "░") == light;
        if !same || next.symbol() == " " {
            break;
        }
        for [left, top, w, h] in shapes {
            let (left, top) = (left + u32::from(end) * CELL.0, top + u32::from(y) * CELL.1);
            let _ = write!(path, "M{left} {top}h{w}v{h}h-{w}z");
        }
        letters.push_str(next.symbol());
        end += next.symbol().cell_width().max(1);
    }
    let style = style(cell);
    if shaped {
        let faint = if light { " fill-opacity=\".3\"" } else { "" };
        let _ = writeln!(out, "<path d=\"{path}\"{style}{faint}/>");
    } else {
        let (left, base) = (u32::from(x) * CELL.0, u32::from(y) * CELL.1 + 12);
        let length = u32::from(end - x) * CELL.0;
        let letters = escaped(&letters);
        let _ = writeln!(
            out,
            "<text x=\"{left}\" y=\"{base}\" textLength=\"{length}\"{style}>{letters}</text>"
        );
    }
    end
}

/// Left, top, width and height of what a symbol of frames, bars and curves consists of.
fn shapes(symbol: &str) -> Vec<[u32; 4]> {
    let mut chars = symbol.chars();
    let (Some(c), None) = (chars.next(), chars.next()) else {
        return Vec::new();
    };
    match c {
        // Blocks count down from U+2588, eight eighths, to U+258F, one.
        '█'..='▏' => vec![[0, 2, 0x2590 - c as u32, 11]],
        '░' => vec![[0, 2, 8, 11]],
        '─' => vec![[0, 7, 8, 1]],
        '│' => vec![[4, 0, 1, 15]],
        '┌' => vec![[4, 7, 4, 1], [4, 7, 1, 8]],
        '┐' => vec![[0, 7, 4, 1], [4, 7, 1, 8]],
        '└' => vec![[4, 7, 4, 1], [4, 0, 1, 7]],
        '┘' => vec![[0, 7, 5, 1], [4, 0, 1, 7]],
        // Bits of a Braille cell: three rows left, three right, then the fourth row.
        '\u{2801}'..='\u{28ff}' => (0..8u32)
            .filter(|bit| (c as u32 - 0x2800) >> bit & 1 == 1)
            .map(|bit| {
                if bit < 6 {
                    (bit / 3, bit % 3)
                } else {
                    (bit - 6, 3)
                }
            })
            .map(|(column, row)| [1 + 4 * column, 1 + 15 * row / 4, 2, 2])
            .collect(),
        _ => Vec::new(),
    }
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
        assert!(
            svg.contains("<text x=\"0\" y=\"12\" textLength=\"48\">&lt;漢字&gt;</text>"),
            "{svg}"
        );
        assert!(
            svg.contains("<text x=\"56\" y=\"12\" textLength=\"8\">&amp;</text>"),
            "{svg}"
        );
    }

    #[test]
    fn bars_frames_and_curves_are_shapes() {
        let buf = buffer(6, 1, |frame| {
            frame.render_widget(Line::raw("│█▏░⠁⡀"), frame.area())
        });
        let svg = svg(&buf);
        assert!(
            svg.contains("M4 0h1v15h-1zM8 2h8v11h-8zM16 2h1v11h-1z"),
            "{svg}"
        );
        assert!(
            svg.contains("M24 2h8v11h-8z\" fill-opacity=\".3\""),
            "{svg}"
        );
        assert!(svg.contains("M33 1h2v2h-2zM41 12h2v2h-2z"), "{svg}");
        assert!(!svg.contains("<text"), "{svg}");
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
