//! Tokens that may come next because they came so before: to be checked by the model many at once.
//!
//! The end of the text is looked for earlier in it; what followed there is the draft (Saxena,
//! "Prompt Lookup Decoding", 2023). Texts that repeat their prompt (summaries, corrections, code)
//! are then read several tokens at a time.

use std::collections::HashMap;

use crate::vocab::IdHasher;

/// Tokens at the end of the text that must have been there before.
const LEAST: usize = 2;
/// Earlier places compared: the latest ones.
const MAX_PLACES: usize = 16;
/// Tokens compared at each place; of longer matches the latest wins.
const LONGEST: usize = 32;
/// No place.
const NOWHERE: u32 = u32::MAX;

/// A text, indexed by its pairs of tokens.
#[derive(Debug, Clone, Default)]
pub struct Draft {
    tokens: Vec<u32>,
    /// For each pair of tokens, where it ended last.
    latest: HashMap<u64, u32, std::hash::BuildHasherDefault<IdHasher>>,
    /// For each token, where the pair that it ends had ended before.
    before: Vec<u32>,
}

impl Draft {
    /// The text so far.
    pub fn tokens(&self) -> &[u32] {
        &self.tokens
    }

    /// Adds a token to the text.
    pub fn push(&mut self, token: u32) {
        let at = self.tokens.len();
        self.tokens.push(token);
        let before = match self.pair_at(at) {
            Some(pair) => self.latest.insert(pair, at as u32),
            None => None,
        };
        self.before.push(before.unwrap_or(NOWHERE));
    }

    /// Makes the text the one given: what differs at the end is taken back, what is missing added.
    pub fn follow(&mut self, tokens: &[u32]) {
        let pairs = self.tokens.iter().zip(tokens);
        let alike = pairs.take_while(|(a, b)| a == b).count();
        self.truncate(alike);
        for token in &tokens[alike..] {
            self.push(*token);
        }
    }

    /// Takes back all tokens but the first `n`.
    pub fn truncate(&mut self, n: usize) {
        while self.tokens.len() > n {
            let at = self.tokens.len() - 1;
            if let (Some(pair), Some(before)) = (self.pair_at(at), self.before.pop()) {
                match before {
                    NOWHERE => self.latest.remove(&pair),
                    before => self.latest.insert(pair, before),
                };
            }
            self.before.truncate(at);
            self.tokens.truncate(at);
        }
    }

    /// Up to `n` tokens that followed the longest match of the text's end; of equally long ones
    /// the latest. Empty where the last two tokens never stood together before. A match that
    /// reaches the end of the text goes on with what it gives itself, as a repetition would.
    pub fn propose(&self, n: usize) -> Vec<u32> {
        let Some(last) = self.tokens.len().checked_sub(1) else {
            return Vec::new();
        };
        let (mut best, mut len, mut at) = (None, LEAST - 1, self.before[last]);
        for _ in 0..MAX_PLACES {
            if at == NOWHERE || len == LONGEST {
                break;
            }
            let end = at as usize + 1;
            let pairs = self.tokens[..end]
                .iter()
                .rev()
                .zip(self.tokens.iter().rev());
            let alike = pairs.take(LONGEST).take_while(|(a, b)| a == b).count();
            if alike > len {
                (best, len) = (Some(end), alike);
            }
            at = self.before[at as usize];
        }
        let Some(start) = best else {
            return Vec::new();
        };
        let mut draft = Vec::with_capacity(n);
        for i in start..start + n {
            let token = match i.checked_sub(self.tokens.len()) {
                None => self.tokens[i],
                Some(i) => draft[i],
            };
            draft.push(token);
        }
        draft
    }

    /// The two tokens up to `at`.
    fn pair_at(&self, at: usize) -> Option<u64> {
        let first = *self.tokens.get(at.checked_sub(1)?)?;
        Some(u64::from(first) << 32 | u64::from(self.tokens[at]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(tokens: &[u32]) -> Draft {
        let mut draft = Draft::default();
        draft.follow(tokens);
        draft
    }

    #[test]
    fn the_longest_match_is_followed_and_of_equals_the_latest() {
        assert_eq!(of(&[1, 2, 3, 4, 9, 1, 2]).propose(2), [3, 4]);
        assert_eq!(
            of(&[1, 2, 3, 8, 1, 2, 4, 8, 1, 2]).propose(1),
            [4],
            "latest"
        );
        let tokens = [7, 1, 2, 3, 8, 1, 2, 4, 7, 1, 2];
        assert_eq!(of(&tokens).propose(1), [3], "longest");
        assert_eq!(of(&[1, 2, 3, 2]).propose(3), [] as [u32; 0]);
        assert_eq!(of(&[]).propose(3), [] as [u32; 0]);
        assert_eq!(of(&[1, 2, 3, 1, 2]).propose(0), [] as [u32; 0]);
    }

    #[test]
    fn a_repetition_goes_on() {
        assert_eq!(of(&[5, 1, 2, 1, 2]).propose(5), [1, 2, 1, 2, 1]);
        assert_eq!(of(&[4, 4, 4]).propose(3), [4, 4, 4]);
    }

    #[test]
    fn what_is_taken_back_was_never_there() {
        let mut state = 3u32;
        let mut draft = Draft::default();
        for _ in 0..400 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            match state >> 30 {
                0 => draft.truncate(draft.tokens().len() / 2),
                _ => draft.push(state >> 16 & 3),
            }
            let fresh = of(draft.tokens());
            assert_eq!(draft.propose(6), fresh.propose(6));
            assert_eq!(
                (&draft.latest, &draft.before),
                (&fresh.latest, &fresh.before)
            );
        }
    }
}
