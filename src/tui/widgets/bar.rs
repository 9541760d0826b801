//! Bars made of letters: they read the same with and without colour.

/// Blocks of one eighth to eight eighths of a cell.
const EIGHTHS: [char; 8] = ['▏', '▎', '▍', '▌', '▋', '▊', '▉', '█'];

/// Share of `cells` filled, at a resolution of an eighth; no number counts as nothing.
fn filled(share: f64, cells: usize) -> usize {
    let share = if share.is_finite() {
        share.clamp(0.0, 1.0)
    } else {
        0.0
    };
    (share * (cells * 8) as f64).round() as usize
}

/// A gauge of exactly `cells` cells: `███▌──────`.
pub fn gauge(share: f64, cells: usize) -> String {
    drawn(filled(share, cells), cells, '─')
}

/// A bar as long as `now`, with a light tail up to where it was at the `start`: `████▌░░░   `.
///
/// Both are shares of the longest bar of the table; a `start` below `now` leaves no tail.
pub fn score_bar(now: f64, start: f64, cells: usize) -> String {
    let eighths = filled(now, cells);
    let tail = filled(start, cells).div_ceil(8);
    let mut out: String = drawn(eighths, cells, ' ').trim_end().into();
    let full = out.chars().count();
    out.extend(std::iter::repeat_n('░', tail.saturating_sub(full)));
    let used = out.chars().count();
    out.extend(std::iter::repeat_n(' ', cells.saturating_sub(used)));
    out
}

fn drawn(eighths: usize, cells: usize, rest: char) -> String {
    let mut out: String = std::iter::repeat_n('█', eighths / 8).collect();
    if !eighths.is_multiple_of(8) {
        out.push(EIGHTHS[eighths % 8 - 1]);
    }
    let used = eighths.div_ceil(8);
    out.extend(std::iter::repeat_n(rest, cells.saturating_sub(used)));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_always_fills_its_cells() {
        for cells in 0..9 {
            for share in [
                f64::NAN,
                -1.0,
                0.0,
                0.03,
                0.5,
                0.99,
                1.0,
                7.0,
                f64::INFINITY,
            ] {
                assert_eq!(gauge(share, cells).chars().count(), cells, "{share}");
                for start in [0.0, 0.7, 2.0] {
                    assert_eq!(score_bar(share, start, cells).chars().count(), cells);
                }
            }
        }
    }

    #[test]
    fn bars_show_their_share() {
        assert_eq!(gauge(0.5, 4), "██──");
        assert_eq!(gauge(0.55, 4), "██▎─");
        assert_eq!(score_bar(0.5, 1.0, 6), "███░░░");
        assert_eq!(score_bar(0.5, 0.8, 6), "███░░ ");
        assert_eq!(score_bar(0.5, 0.2, 6), "███   ");
    }
}
