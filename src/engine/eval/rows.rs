//! Windows of text through one model or several, side by side, to the logits of what is scored.

use super::windows::Window;
use crate::engine::Result;
use crate::engine::infer::{Ask, Decoder, TextId, Wants};

/// Most tokens that go through a model together.
const ROWS: usize = 512;
/// Fewest of them, however large the vocabulary is: each time all weights are read.
const FEWEST: usize = 64;
/// Most logits of a model that are held at once: 64 MiB.
const LOGITS: usize = 16 << 20;

/// What models expect in the same places of texts.
pub(crate) struct Heard<'a> {
    /// Logits of each model, `[rows, n_vocab]`.
    pub(crate) logits: &'a [Vec<f32>],
    /// Tokens of the vocabulary.
    pub(crate) n_vocab: usize,
    /// Of each row, the number that its window has as a language.
    pub(crate) of: &'a [usize],
    /// Of each row, the token that came.
    pub(crate) tokens: &'a [u32],
}

impl Heard<'_> {
    /// A row of a model.
    pub(crate) fn row(&self, model: usize, row: usize) -> &[f32] {
        &self.logits[model][row * self.n_vocab..(row + 1) * self.n_vocab]
    }
}

/// Takes windows through all models; `hears` is given the logits of tokens that are scored, each
/// once, and ends the work by false: then the answer is false.
///
/// Where models have different numbers of logits, those are compared that all have: the others are
/// of no token.
///
/// # Errors
/// When a token is outside of a vocabulary, or a weight is no number.
pub(crate) fn read(
    models: &mut [Decoder<'_>],
    windows: &[Window],
    hears: &mut dyn FnMut(&Heard<'_>) -> Result<bool>,
) -> Result<bool> {
    let n_vocab = models.iter().map(|m| m.n_vocab()).min().unwrap_or(0);
    let most = (LOGITS / n_vocab.max(1)).clamp(FEWEST, ROWS);
    let mut logits = vec![Vec::new(); models.len()];
    let mut rest = windows;
    while !rest.is_empty() {
        let (group, others) = rest.split_at(together(rest, most));
        rest = others;
        let texts: Vec<Vec<TextId>> = models
            .iter_mut()
            .map(|model| group.iter().map(|_| model.begin()).collect())
            .collect();
        let longest = group.iter().map(Window::n_inputs).max().unwrap_or(0);
        for from in (0..longest).step_by(most) {
            let pieces: Vec<Piece<'_>> = group
                .iter()
                .enumerate()
                .filter_map(|(text, window)| Piece::of(text, window, from, most))
                .collect();
            for ((model, texts), logits) in models.iter_mut().zip(&texts).zip(&mut logits) {
                logits.clear();
                let mut asks: Vec<Ask<'_>> = pieces.iter().map(|piece| piece.ask).collect();
                for (ask, piece) in asks.iter_mut().zip(&pieces) {
                    ask.text = texts[piece.text];
                }
                model.read(&asks, &mut |_, _, row| {
                    logits.extend_from_slice(&row[..n_vocab]);
                })?;
            }
            let scored = pieces.iter().flat_map(|piece| {
                let window = &group[piece.text];
                piece.targets.iter().map(|token| (window.lang, *token))
            });
            let (of, tokens): (Vec<usize>, Vec<u32>) = scored.unzip();
            let heard = Heard {
                logits: &logits,
                n_vocab,
                of: &of,
                tokens: &tokens,
            };
            if !hears(&heard)? {
                return Ok(false);
            }
        }
        for (model, texts) in models.iter_mut().zip(texts) {
            texts.into_iter().for_each(|text| model.end(text));
        }
    }
    Ok(true)
}

/// How many of the first windows go together: as many as fit, or one.
fn together(windows: &[Window], most: usize) -> usize {
    let mut n_rows = 0;
    let fits = windows.iter().take_while(|window| {
        n_rows += window.n_inputs();
        n_rows <= most
    });
    fits.count().max(1)
}

/// A stretch of a window.
struct Piece<'a> {
    /// Number of its text in the group.
    text: usize,
    /// What is asked; whose text it is is put in for each model.
    ask: Ask<'a>,
    /// The tokens that come after those whose logits are wanted.
    targets: &'a [u32],
}

impl<'a> Piece<'a> {
    /// At most `n` tokens of a window from `from` on; none where it ends before.
    fn of(text: usize, window: &'a Window, from: usize, n: usize) -> Option<Self> {
        let n_inputs = window.n_inputs();
        let to = (from + n).min(n_inputs);
        if from >= to {
            return None;
        }
        let first_scored = (n_inputs - window.n_scored).clamp(from, to);
        Some(Piece {
            text,
            ask: Ask {
                text: TextId::default(),
                tokens: &window.ids[from..to],
                wants: Wants::Ends(to - first_scored),
            },
            targets: &window.ids[first_scored + 1..to + 1],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scored_token_is_asked_for_once_and_in_its_place() {
        for (n, n_scored) in [(1, 1), (7, 3), (8, 8), (20, 5), (64, 64)] {
            let ids: Vec<u32> = (0..=n as u32).collect();
            let window = Window {
                lang: 0,
                ids,
                n_scored,
            };
            for most in [1, 3, 8, 100] {
                let mut targets: Vec<u32> = Vec::new();
                for from in (0..n).step_by(most) {
                    let piece = Piece::of(0, &window, from, most).unwrap();
                    assert!(piece.ask.tokens.len() <= most);
                    assert_eq!(piece.ask.wants, Wants::Ends(piece.targets.len()));
                    let last = piece.ask.tokens.last().copied();
                    if let Some(target) = piece.targets.last() {
                        assert_eq!(last, target.checked_sub(1), "the token before it");
                    }
                    targets.extend(piece.targets);
                }
                let all: Vec<u32> = ((n - n_scored) as u32 + 1..=n as u32).collect();
                assert_eq!(targets, all, "{n} {n_scored} {most}");
                assert!(Piece::of(0, &window, n, most).is_none());
            }
        }
    }
}
