//! Texts that end an answer, held back while one of them may still come.

/// Most stop texts, and most bytes of one.
pub(super) const MAX_STOPS: usize = 64;
pub(super) const MAX_STOP_BYTES: usize = 1024;

/// Looks for stop texts in an answer that comes in pieces.
#[derive(Debug, Clone, Default)]
pub(super) struct Stops {
    stops: Vec<String>,
    /// The end of the text so far, which may be the beginning of a stop text.
    held: String,
}

impl Stops {
    /// Ends at any of `stops`; empty ones are none.
    pub(super) fn new(stops: &[String]) -> Self {
        Stops {
            stops: stops
                .iter()
                .filter(|stop| !stop.is_empty())
                .cloned()
                .collect(),
            held: String::new(),
        }
    }

    /// Takes the next characters. Returns those that belong to the answer for sure, and whether
    /// a stop text came behind them.
    pub(super) fn push(&mut self, text: &str) -> (String, bool) {
        if self.stops.is_empty() {
            return (text.to_owned(), false);
        }
        self.held.push_str(text);
        let found = self
            .stops
            .iter()
            .filter_map(|stop| self.held.find(stop.as_str()));
        if let Some(at) = found.min() {
            let mut answer = std::mem::take(&mut self.held);
            answer.truncate(at);
            return (answer, true);
        }
        let kept = self.held.split_off(self.begun_at());
        (std::mem::replace(&mut self.held, kept), false)
    }

    /// What was held back, at the end of the answer.
    pub(super) fn finish(&mut self) -> String {
        std::mem::take(&mut self.held)
    }

    /// The first byte from which on the held text is the beginning of a stop text.
    fn begun_at(&self) -> usize {
        let longest = self.stops.iter().map(String::len).max().unwrap_or(0);
        let from = self.held.len().saturating_sub(longest.saturating_sub(1));
        let ends = self
            .held
            .char_indices()
            .map(|(at, _)| at)
            .filter(|at| *at >= from);
        let begins = |at: &usize| self.stops.iter().any(|s| s.starts_with(&self.held[*at..]));
        ends.into_iter().find(begins).unwrap_or(self.held.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The answer that comes out, and whether it was stopped.
    fn answer(stops: &[&str], pieces: &[&str]) -> (String, bool) {
        let stops: Vec<String> = stops.iter().map(|s| (*s).to_owned()).collect();
        let mut stops = Stops::new(&stops);
        let mut text = String::new();
        for piece in pieces {
            let (more, stopped) = stops.push(piece);
            text.push_str(&more);
            if stopped {
                return (text, true);
            }
        }
        text.push_str(&stops.finish());
        (text, false)
    }

    #[test]
    fn an_answer_ends_before_a_stop_text_however_it_is_cut() {
        for (stops, whole, expected, stopped) in [
            (&["###"][..], "one ## two ### three", "one ## two ", true),
            (&["END"], "THE ENEND", "THE EN", true),
            (&["aab"], "aaab", "a", true),
            (&["ü€"], "Grüße ü ü€ x", "Grüße ü ", true),
            (&["\n\n", "b"], "a\n\nb", "a", true),
            (&["xyz", "y"], "wxyz", "w", true),
            (&["stop"], "sto", "sto", false),
            (&[""], "abc", "abc", false),
            (&[], "abc", "abc", false),
        ] {
            let chars: Vec<(usize, char)> = whole.char_indices().collect();
            for size in 1..=whole.len() {
                let pieces: Vec<String> = chars
                    .chunks(size)
                    .map(|c| c.iter().map(|(_, c)| c).collect())
                    .collect();
                let pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
                let (text, was) = answer(stops, &pieces);
                // Of two that overlap the one that is whole first counts, which is a matter of
                // where the pieces are cut.
                if stops.len() < 2 || size == whole.len() {
                    assert_eq!(
                        (text.as_str(), was),
                        (expected, stopped),
                        "{whole} by {size}"
                    );
                } else {
                    assert!(
                        was && text.starts_with(expected),
                        "{whole} by {size}: {text}"
                    );
                }
            }
        }
    }

    #[test]
    fn no_more_is_held_back_than_could_become_a_stop_text() {
        let mut stops = Stops::new(&["###".into(), "User:".into()]);
        assert_eq!(stops.push("Hi #"), ("Hi ".into(), false));
        assert_eq!(stops.push("1 U"), ("#1 ".into(), false));
        assert_eq!(stops.push("ser"), (String::new(), false));
        assert_eq!(stops.push(" x"), ("User x".into(), false));
        assert_eq!(stops.finish(), "");
    }
}
