//! The bytes of every token, in one block: what stages need that look at text.

use crate::vocab::Vocab;

/// Bytes of tokens by id.
#[derive(Debug)]
pub(super) struct Pieces {
    bytes: Vec<u8>,
    /// Where each token's bytes end.
    ends: Vec<usize>,
}

impl Pieces {
    /// The tokens of `vocab`; special ones have no bytes.
    pub(super) fn new(vocab: &Vocab) -> Self {
        Self::of((0..vocab.len() as u32).map(|id| vocab.bytes(id)))
    }

    /// Tokens with these bytes, by id.
    pub(super) fn of<'a>(tokens: impl Iterator<Item = &'a [u8]>) -> Self {
        let (mut bytes, mut ends) = (Vec::new(), Vec::new());
        for token in tokens {
            bytes.extend_from_slice(token);
            ends.push(bytes.len());
        }
        Pieces { bytes, ends }
    }

    /// Number of tokens.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Bytes of `token`; none where it is special or unknown.
    pub(super) fn bytes(&self, token: u32) -> &[u8] {
        let id = token as usize;
        let start = match id {
            0 => Some(0),
            id => self.ends.get(id - 1).copied(),
        };
        match (start, self.ends.get(id)) {
            (Some(start), Some(end)) => &self.bytes[start..*end],
            _ => &[],
        }
    }
}
