//! A curve of Braille dots: two dots across and four down in every cell.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::widgets::Widget;

use super::figures::short;
use crate::tui::theme;

/// Bits of the dots of a Braille cell by row and column, added to U+2800 (Unicode, "Braille
/// Patterns").
const DOTS: [[u32; 2]; 4] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];

/// A line through points in order of x, its largest and smallest y written at the left.
pub struct Curve<'a> {
    /// Points; those that are not finite are left out.
    pub points: &'a [(f64, f64)],
    /// Style of the dots.
    pub style: Style,
}

impl Widget for Curve<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        let area = area.intersection(buf.area);
        let finite = |p: &&(f64, f64)| p.0.is_finite() && p.1.is_finite();
        let points: Vec<(f64, f64)> = self.points.iter().filter(finite).copied().collect();
        let Some((x, y)) = bounds(&points) else {
            return;
        };
        let labels = [short(y.1), short(y.0)];
        let margin = labels.iter().map(|l| l.len() as u16 + 1).max().unwrap_or(0);
        if area.height < 2 || area.width < margin + 2 {
            return;
        }
        for (label, row) in labels.iter().zip([area.top(), area.bottom() - 1]) {
            buf.set_string(area.x, row, label, theme::DIM);
        }
        let plot = Rect {
            x: area.x + margin,
            width: area.width - margin,
            ..area
        };
        let (wide, high) = (usize::from(plot.width) * 2, usize::from(plot.height) * 4);
        let mut cells = vec![0u32; usize::from(plot.width) * usize::from(plot.height)];
        for (column, (top, bottom)) in columns(&points, x, y, wide, high) {
            for dot in top..=bottom {
                let cell = dot / 4 * usize::from(plot.width) + column / 2;
                cells[cell] |= DOTS[dot % 4][column % 2];
            }
        }
        for (position, bits) in plot.positions().zip(cells) {
            if bits > 0 {
                let dots = char::from_u32(0x2800 + bits).unwrap_or(' ');
                buf[position].set_char(dots).set_style(self.style);
            }
        }
    }
}

type Bounds = (f64, f64);

/// Smallest and largest x and y.
fn bounds(points: &[(f64, f64)]) -> Option<(Bounds, Bounds)> {
    let first = points.first()?;
    let mut b = ((first.0, first.0), (first.1, first.1));
    for &(x, y) in points {
        b.0 = (b.0.0.min(x), b.0.1.max(x));
        b.1 = (b.1.0.min(y), b.1.1.max(y));
    }
    Some(b)
}

/// For every column of dots the line passes, its highest and lowest dot (row 0 is on top).
fn columns(
    points: &[(f64, f64)],
    x: Bounds,
    y: Bounds,
    wide: usize,
    high: usize,
) -> Vec<(usize, (usize, usize))> {
    // 0 divided by 0 is no number, which the cast turns into the first dot.
    let place = |value: f64, b: Bounds, n: usize| {
        ((value - b.0) / (b.1 - b.0) * (n - 1) as f64).round() as usize
    };
    let dot = |&(px, py): &(f64, f64)| (place(px, x, wide), high - 1 - place(py, y, high));
    let mut out: Vec<(usize, (usize, usize))> = Vec::with_capacity(wide);
    let mut last: Option<(usize, usize)> = None;
    for point in points {
        let (column, row) = dot(point);
        let (from, start) = last.unwrap_or((column, row));
        for c in from..=column {
            let share = if column == from {
                1.0
            } else {
                (c - from) as f64 / (column - from) as f64
            };
            let r = (start as f64 + (row as f64 - start as f64) * share).round() as usize;
            match out.last_mut() {
                Some((at, span)) if *at == c => *span = (span.0.min(r), span.1.max(r)),
                Some((_, span)) => {
                    // Meets the column before without a gap.
                    let joint = if r > span.1 {
                        (span.1 + 1, r)
                    } else if r < span.0 {
                        (r, span.0 - 1)
                    } else {
                        (r, r)
                    };
                    out.push((c, joint));
                }
                None => out.push((c, (r, r))),
            }
        }
        last = Some((column, row));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draw(points: &[(f64, f64)], width: u16, height: u16) -> Vec<String> {
        let area = Rect::new(0, 0, width, height);
        let mut buf = Buffer::empty(area);
        Curve {
            points,
            style: Style::new(),
        }
        .render(area, &mut buf);
        let row = |y| (0..width).map(|x| buf[(x, y)].symbol()).collect::<String>();
        (0..height).map(row).collect()
    }

    #[test]
    fn a_falling_line_falls() {
        let points: Vec<(f64, f64)> = (0..9).map(|i| (f64::from(i), 8.0 - f64::from(i))).collect();
        assert_eq!(draw(&points, 9, 2), ["8.000 ⠱⣀ ", "0      ⠈⢆"]);
    }

    #[test]
    fn strange_points_and_tiny_areas_are_drawn_without_panic() {
        let strange = [
            (0.0, f64::NAN),
            (1.0, 2.0),
            (f64::INFINITY, 1.0),
            (1.0, 2.0),
        ];
        for (w, h) in [(0, 0), (1, 1), (3, 2), (7, 2), (200, 50)] {
            draw(&strange, w, h);
            draw(&[], w, h);
            draw(&[(0.0, f64::MAX), (1.0, f64::MIN)], w, h);
        }
    }
}
