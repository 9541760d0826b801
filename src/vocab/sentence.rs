//! SentencePiece BPE by scores: of two neighbours that make a token, those whose token has the
//! best score merge first, of equal ones the leftmost; what is no token at the end is its bytes.
//! Kudo and Richardson, SentencePiece (2018).

use std::cmp::Ordering;
use std::collections::{BinaryHeap, HashSet};

use super::texts::{Index, Texts};

/// SentencePiece writes a space so.
pub(super) const SPACE: char = '\u{2581}';
/// No token, no symbol.
const NONE: u32 = u32::MAX;

/// Encodes text by scores.
pub(super) struct SentencePiece {
    texts: Texts,
    index: Index,
    scores: Vec<f32>,
    /// Whether merges may make a token: those that only the makers put into texts are never made.
    is_made: Vec<bool>,
    /// Token of each byte.
    of_byte: [u32; 256],
    /// Whether a text begins with a space that is not there.
    prefix: bool,
    /// Longest token, in bytes.
    longest: usize,
    /// What stands before a space inside of a token; elsewhere no merge goes over the beginning
    /// of a space, and every word can be looked at by itself.
    joins: HashSet<char>,
}

/// A part of a word: a character at first, later a token.
#[derive(Clone, Copy)]
struct Symbol {
    start: u32,
    /// 0 once it is part of the one before it.
    len: u32,
    prev: u32,
    next: u32,
    id: u32,
}

/// Two neighbours that could merge.
struct Pair {
    score: f32,
    left: u32,
    right: u32,
    len: u32,
    id: u32,
}

impl Ord for Pair {
    fn cmp(&self, other: &Self) -> Ordering {
        let score = self.score.total_cmp(&other.score);
        score.then(other.left.cmp(&self.left))
    }
}

impl PartialOrd for Pair {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Pair {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Pair {}

/// Room to put words together in.
#[derive(Default)]
struct Work {
    symbols: Vec<Symbol>,
    pairs: BinaryHeap<Pair>,
}

impl SentencePiece {
    /// `scores` and `is_made` in the order of `texts`. `unknown` stands for bytes that have no
    /// token of their own.
    ///
    /// # Errors
    /// In words, when a byte has neither.
    pub(super) fn new(
        texts: Texts,
        index: Index,
        scores: Vec<f32>,
        is_made: Vec<bool>,
        unknown: Option<u32>,
        prefix: bool,
    ) -> Result<Self, String> {
        let mut of_byte = [0; 256];
        for (id, byte) in of_byte.iter_mut().zip(0..=u8::MAX) {
            let hex = index.get(&texts, &format!("<0x{byte:02X}>"));
            let plain = || match byte.is_ascii() {
                true => index.get(&texts, char::from(byte).encode_utf8(&mut [0; 4])),
                false => None,
            };
            *id = hex.or_else(plain).or(unknown).ok_or_else(|| {
                format!("no token stands for byte {byte:#04x}, and none for what is unknown")
            })?;
        }
        let mut joins = HashSet::new();
        for text in texts.iter().filter(|text| text.contains(SPACE)) {
            let mut last = SPACE;
            for c in text.chars() {
                if c == SPACE && last != SPACE {
                    joins.insert(last);
                }
                last = c;
            }
        }
        Ok(SentencePiece {
            longest: texts.iter().map(str::len).max().unwrap_or(0),
            texts,
            index,
            scores,
            is_made,
            of_byte,
            prefix,
            joins,
        })
    }

    /// Adds the ids of `text`.
    pub(super) fn encode(&self, text: &str, ids: &mut Vec<u32>) {
        if text.is_empty() {
            return;
        }
        let mut spaced = String::with_capacity(text.len() + text.len() / 2 + SPACE.len_utf8());
        if self.prefix {
            spaced.push(SPACE);
        }
        for (i, word) in text.split(' ').enumerate() {
            if i > 0 {
                spaced.push(SPACE);
            }
            spaced.push_str(word);
        }
        let mut work = Work::default();
        let (mut start, mut last) = (0, SPACE);
        for (at, c) in spaced.char_indices() {
            if c == SPACE && last != SPACE && !self.joins.contains(&last) {
                self.word(&spaced[start..at], &mut work, ids);
                start = at;
            }
            last = c;
        }
        self.word(&spaced[start..], &mut work, ids);
    }

    /// The token that merges make of these bytes.
    fn made(&self, text: &str) -> Option<u32> {
        let id = self.index.get(&self.texts, text)?;
        self.is_made[id as usize].then_some(id)
    }

    fn word(&self, word: &str, work: &mut Work, ids: &mut Vec<u32>) {
        work.symbols.clear();
        work.pairs.clear();
        // Words are parts of one text in memory: beyond 4 GiB the rest would be cut off.
        let places = word
            .char_indices()
            .take_while(|(at, _)| *at < NONE as usize);
        for ((at, c), n) in places.zip(0u32..) {
            let text = &word[at..at + c.len_utf8()];
            work.symbols.push(Symbol {
                start: at as u32,
                len: text.len() as u32,
                prev: n.wrapping_sub(1),
                next: n + 1,
                id: self.made(text).unwrap_or(NONE),
            });
        }
        if let Some(last) = work.symbols.last_mut() {
            last.next = NONE;
        }
        for left in 1..work.symbols.len() as u32 {
            self.propose(word, work, left - 1, left);
        }
        while let Some(pair) = work.pairs.pop() {
            let [left, right] = [pair.left, pair.right].map(|at| work.symbols[at as usize]);
            // One of them was merged with another meanwhile.
            if left.len == 0 || right.len == 0 || left.len + right.len != pair.len {
                continue;
            }
            let merged = &mut work.symbols[pair.left as usize];
            merged.len = pair.len;
            merged.id = pair.id;
            merged.next = right.next;
            work.symbols[pair.right as usize].len = 0;
            if right.next != NONE {
                work.symbols[right.next as usize].prev = pair.left;
                self.propose(word, work, pair.left, right.next);
            }
            if left.prev != NONE {
                self.propose(word, work, left.prev, pair.left);
            }
        }
        for symbol in work.symbols.iter().filter(|symbol| symbol.len > 0) {
            if symbol.id != NONE {
                ids.push(symbol.id);
                continue;
            }
            let bytes = symbol.start as usize..(symbol.start + symbol.len) as usize;
            let bytes = word.as_bytes()[bytes].iter();
            ids.extend(bytes.map(|byte| self.of_byte[usize::from(*byte)]));
        }
    }

    /// Notes two neighbours if a token is made of them.
    fn propose(&self, word: &str, work: &mut Work, left: u32, right: u32) {
        let [a, b] = [left, right].map(|at| work.symbols[at as usize]);
        let len = a.len + b.len;
        if len as usize > self.longest {
            return;
        }
        let text = &word[a.start as usize..(a.start + len) as usize];
        if let Some(id) = self.made(text) {
            work.pairs.push(Pair {
                score: self.scores[id as usize],
                left,
                right,
                len,
                id,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All printable ASCII, `<0x..>` and more tokens, the earlier the better.
    fn vocabulary(more: &[&str], prefix: bool) -> SentencePiece {
        let bytes = (0..=255u8).map(|b| format!("<0x{b:02X}>"));
        let chars = (b'!'..=b'~').map(|b| char::from(b).to_string());
        let more = more.iter().map(|t| t.to_string());
        let texts: Texts = bytes.chain(["▁".into()]).chain(chars).chain(more).collect();
        let scores = (0..texts.len()).map(|id| -(id as f32)).collect();
        let index = Index::new(&texts).unwrap();
        let is_made = texts.iter().map(|t| t != "</s>").collect();
        SentencePiece::new(texts, index, scores, is_made, None, prefix).unwrap()
    }

    fn pieces(vocabulary: &SentencePiece, text: &str) -> String {
        let mut ids = Vec::new();
        vocabulary.encode(text, &mut ids);
        let texts = ids
            .iter()
            .map(|id| vocabulary.texts.get(*id as usize).unwrap());
        texts.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn the_best_score_merges_first_and_of_equal_ones_the_leftmost() {
        let v = vocabulary(&["bc", "ab", "abcd", "aa", "bcd"], false);
        assert_eq!(pieces(&v, "abc"), "a bc");
        assert_eq!(pieces(&v, "abcd"), "abcd", "of bc, bcd and a");
        assert_eq!(pieces(&v, "abab"), "ab ab");
        assert_eq!(pieces(&v, "aaaaa"), "aa aa a");
        assert_eq!(pieces(&v, ""), "");
    }

    #[test]
    fn spaces_are_signs_and_what_is_no_token_is_its_bytes() {
        let v = vocabulary(&["▁▁", "▁a"], true);
        assert_eq!(pieces(&v, "a  aé"), "▁a ▁▁ a <0xC3> <0xA9>");
        assert_eq!(pieces(&vocabulary(&[], false), " \n"), "▁ <0x0A>");
    }

    #[test]
    fn a_token_that_goes_over_a_space_is_made_and_a_special_one_never() {
        let v = vocabulary(&[">▁", ">▁<", "</", "</s", "</s>"], false);
        assert_eq!(pieces(&v, "a> <b"), "a >▁< b");
        assert_eq!(pieces(&v, "</s>"), "</s >");
        assert_eq!(v.joins, HashSet::from(['>']));
    }

    #[test]
    fn bytes_without_a_token_are_unknown_or_the_vocabulary_is_refused() {
        let texts: Texts = ["<unk>", "a"].iter().collect();
        let made = |unknown| {
            let index = Index::new(&texts).unwrap();
            let flags = vec![false, true];
            SentencePiece::new(texts.clone(), index, vec![0.0; 2], flags, unknown, false)
        };
        assert!(made(None).err().unwrap().contains("byte 0x00"));
        assert_eq!(pieces(&made(Some(0)).unwrap(), "ab"), "a <unk>");
    }
}
