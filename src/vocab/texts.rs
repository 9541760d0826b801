//! Many short texts in one piece of memory, and the way back from a text to its place.

use std::sync::Arc;

use xxhash_rust::xxh3::xxh3_64;

/// Texts one after another in one string: a vocabulary of 2^18 tokens is two allocations. A copy
/// shares them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Texts {
    all: Arc<str>,
    /// Where each text ends, in bytes.
    ends: Arc<[u32]>,
}

impl Texts {
    /// `all` cut at `ends`; none when these are not in order, or inside of a character, or leave
    /// a rest.
    pub fn new(all: String, ends: Vec<u32>) -> Option<Self> {
        let in_order = ends.is_sorted() && ends.last().map_or(0, |end| *end as usize) == all.len();
        let on_chars = || ends.iter().all(|end| all.is_char_boundary(*end as usize));
        (in_order && on_chars()).then(|| Texts {
            all: all.into(),
            ends: ends.into(),
        })
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The text at a place.
    #[inline]
    pub fn get(&self, at: usize) -> Option<&str> {
        let end = *self.ends.get(at)? as usize;
        let start = match at {
            0 => 0,
            _ => self.ends[at - 1] as usize,
        };
        self.all.get(start..end)
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &str> {
        (0..self.len()).map(|at| self.get(at).unwrap_or_default())
    }
}

impl<S: AsRef<str>> FromIterator<S> for Texts {
    /// # Panics
    /// When they are longer than 4 GiB together.
    fn from_iter<I: IntoIterator<Item = S>>(texts: I) -> Self {
        let (mut all, mut ends) = (String::new(), Vec::new());
        for text in texts {
            all.push_str(text.as_ref());
            ends.push(u32::try_from(all.len()).expect("texts of a vocabulary fit in 4 GiB"));
        }
        Texts {
            all: all.into(),
            ends: ends.into(),
        }
    }
}

/// Bytes of many tokens in one piece of memory.
#[derive(Default)]
pub(super) struct Bytes {
    all: Vec<u8>,
    ends: Vec<u32>,
}

impl Bytes {
    /// With room for `n` tokens of so many bytes.
    pub(super) fn with_room(n: usize, len_bytes: usize) -> Self {
        Bytes {
            all: Vec::with_capacity(len_bytes),
            ends: Vec::with_capacity(n),
        }
    }

    /// Adds a token, whose bytes `put` appends.
    pub(super) fn push(&mut self, put: impl FnOnce(&mut Vec<u8>)) {
        put(&mut self.all);
        // Texts came from a file of texts no longer than this, and bytes are never more.
        self.ends
            .push(u32::try_from(self.all.len()).unwrap_or(u32::MAX));
    }

    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(super) fn get(&self, at: usize) -> Option<&[u8]> {
        let end = *self.ends.get(at)? as usize;
        let start = match at {
            0 => 0,
            _ => self.ends[at - 1] as usize,
        };
        self.all.get(start..end)
    }
}

/// Places of texts by what they say. It holds numbers only; the texts are asked for beside it.
pub(super) struct Index {
    /// By hash, open addressing: upper half of the hash above the place + 1; 0 for none.
    slots: Vec<u64>,
}

const UPPER: u64 = 0xffff_ffff_0000_0000;

impl Index {
    /// Of all texts that are not empty.
    ///
    /// # Errors
    /// The places of two that are the same.
    pub(super) fn new(texts: &Texts) -> Result<Self, (usize, usize)> {
        let mut index = Index {
            slots: vec![0; (2 * texts.len().max(4)).next_power_of_two()],
        };
        for (place, text) in texts.iter().enumerate() {
            if text.is_empty() {
                continue;
            }
            let hash = xxh3_64(text.as_bytes());
            let at = index.slot(texts, text, hash);
            if index.slots[at] != 0 {
                return Err(((index.slots[at] & !UPPER) as usize - 1, place));
            }
            index.slots[at] = hash & UPPER | (place as u64 + 1);
        }
        Ok(index)
    }

    /// Where a text is, or would be.
    #[inline]
    fn slot(&self, texts: &Texts, text: &str, hash: u64) -> usize {
        let mask = self.slots.len() - 1;
        let mut at = hash as usize & mask;
        loop {
            let found = self.slots[at];
            let same = || texts.get((found & !UPPER) as usize - 1) == Some(text);
            // Half of the slots are in use at most, so there is an end.
            if found == 0 || found & UPPER == hash & UPPER && same() {
                return at;
            }
            at = (at + 1) & mask;
        }
    }

    /// The place of a text.
    #[inline]
    pub(super) fn get(&self, texts: &Texts, text: &str) -> Option<u32> {
        let at = self.slot(texts, text, xxh3_64(text.as_bytes()));
        match self.slots[at] & !UPPER {
            0 => None,
            place => Some(place as u32 - 1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_found_by_place_and_places_by_text() {
        let texts: Texts = ["a", "", "žluť", "b", ""].iter().collect();
        assert_eq!(texts.len(), 5);
        assert_eq!(texts.iter().collect::<Vec<_>>(), ["a", "", "žluť", "b", ""]);
        assert_eq!(texts.get(5), None);
        let index = Index::new(&texts).unwrap();
        let place = |text| index.get(&texts, text);
        assert_eq!(place("žluť"), Some(2));
        assert_eq!(
            [place("a"), place("b"), place("c")],
            [Some(0), Some(3), None]
        );
        assert_eq!(place(""), None, "no text is no token");
        let twice: Texts = ["x", "y", "x"].iter().collect();
        assert_eq!(Index::new(&twice).err(), Some((0, 2)));
        let many: Texts = (0..5000).map(|n: u32| n.to_string()).collect();
        let index = Index::new(&many).unwrap();
        assert!((0..5000).all(|n: u32| index.get(&many, &n.to_string()) == Some(n)));
    }

    #[test]
    fn texts_are_cut_on_characters_and_leave_no_rest() {
        assert!(Texts::new("aé".into(), vec![1, 3]).is_some());
        for ends in [vec![1, 2], vec![1], vec![3, 1], vec![1, 4], vec![]] {
            assert!(Texts::new("aé".into(), ends.clone()).is_none(), "{ends:?}");
        }
        assert!(Texts::new(String::new(), vec![]).is_some());
    }
}
