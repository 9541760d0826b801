//! Which parts of a text are read, and in what order.
//!
//! A text is cut into windows of about [`WINDOW`] bytes at spaces. Up to [`MOST_BYTES`] the
//! windows are the whole text; of a longer one as many are taken as make that sum, spread
//! evenly. They are read in steps of about 0.618 of their number, so that however early reading
//! stops, what was read is spread over the whole text.

/// Bytes of a window, about.
const WINDOW: usize = 64;
/// Most bytes read of a text.
const MOST_BYTES: usize = 4096;
/// How far from its place a cut is moved to the next space.
const TO_SPACE: usize = 32;

/// The windows of a text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Windows<'a> {
    text: &'a str,
    n: usize,
    /// Bytes left out between two windows, as a fraction of `n - 1`.
    gaps: usize,
}

impl<'a> Windows<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let n = (text.len().min(MOST_BYTES) / WINDOW).max(1);
        Windows {
            text,
            n,
            gaps: text.len().saturating_sub(MOST_BYTES),
        }
    }

    /// The windows in the order they are to be read.
    pub(super) fn iter(self) -> impl Iterator<Item = &'a str> {
        let step = step(self.n);
        let first = self.n / 2;
        (0..self.n).map(move |k| self.window((first + k * step) % self.n))
    }

    fn window(self, at: usize) -> &'a str {
        let read = self.text.len() - self.gaps;
        let skipped = self.gaps / (self.n - 1).max(1) * at;
        let start = self.cut(skipped + read / self.n * at);
        let end = match at + 1 == self.n {
            true => self.text.len(),
            false => self.cut(skipped + read / self.n * (at + 1)),
        };
        self.text.get(start..end).unwrap_or_default()
    }

    /// The start of the first word at or after a place, or the place if no word starts near.
    fn cut(self, at: usize) -> usize {
        if at == 0 {
            return 0;
        }
        let bytes = &self.text.as_bytes()[at..self.text.len().min(at + TO_SPACE)];
        match bytes.iter().position(|&b| b <= b' ') {
            Some(space) => at + space + 1,
            None => self.text.floor_char_boundary(at),
        }
    }
}

/// The number next to 0.618 of `n` that has no factor in common with it.
fn step(n: usize) -> usize {
    let mut step = (n * 618 / 1000).max(1);
    let factor = |mut a: usize, mut b: usize| {
        while b > 0 {
            (a, b) = (b, a % b);
        }
        a
    };
    while factor(step, n) != 1 {
        step -= 1;
    }
    step
}

/// Whether to ask, after this many windows, if more are needed: one alone may be a quotation.
pub(super) fn is_stop(n: usize) -> bool {
    n >= 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_up_to_the_limit_is_read_whole_and_once() {
        for len in [0, 1, 63, 64, 65, 129, 1000, 4095, 4096] {
            let text: String = "žluť a kůň, ".chars().cycle().take(len).collect();
            let text = &text[..text.floor_char_boundary(len)];
            let windows = Windows::new(text);
            let mut parts: Vec<&str> = windows.iter().collect();
            parts.sort_by_key(|part| part.as_ptr() as usize);
            assert_eq!(parts.concat(), text, "{len}");
        }
    }

    #[test]
    fn of_a_longer_text_windows_are_spread_and_bounded() {
        let text = "słowo ".repeat(100_000);
        let parts: Vec<&str> = Windows::new(&text).iter().collect();
        assert_eq!(parts.len(), MOST_BYTES / WINDOW);
        let n_bytes: usize = parts.iter().map(|p| p.len()).sum();
        assert!(n_bytes <= MOST_BYTES + parts.len() * TO_SPACE, "{n_bytes}");
        assert!(parts.iter().all(|p| p.starts_with("słowo ")));
        let place = |part: &str| (part.as_ptr() as usize - text.as_ptr() as usize) * 4 / text.len();
        let mut quarters: Vec<usize> = parts[..4].iter().map(|p| place(p)).collect();
        quarters.sort_unstable();
        quarters.dedup();
        assert!(quarters.len() >= 3, "{quarters:?}");
    }

    #[test]
    fn words_without_end_are_cut_where_characters_begin() {
        let parts: usize = Windows::new(&"ž".repeat(50_000))
            .iter()
            .map(|part| part.chars().count())
            .sum();
        assert!((1500..=2100).contains(&parts), "{parts}");
    }
}
