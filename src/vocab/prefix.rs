//! The longest token that a text begins with.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// A trie in one row of numbers: the child of a node by byte b stands b places after where the
/// node's children begin. No two nodes' children begin at the same place, so a child is known by
/// its byte.
///
/// Each number holds, from the lowest bit, 9 bits: the byte + 1 (0 where nothing is), 27 bits:
/// where the children begin (0 for none), 28 bits: the number of the token that ends here + 1.
#[derive(Default)]
pub(super) struct Prefixes {
    nodes: Vec<u64>,
}

const BEGIN: u32 = 9;
const TOKEN: u32 = 36;
const MAX_BEGIN: usize = (1 << (TOKEN - BEGIN)) - 1 - 256;
/// Where the children of the root begin.
const ROOT: usize = 1;
/// Places tried for a node before it is put at the end.
const TRIES: usize = 4 * 64;
/// Nodes of so many children find room wherever there is any.
const FEW: usize = 2;

impl Prefixes {
    /// Of sorted tokens and their numbers; none when they are too many.
    pub(super) fn new(tokens: &[(&[u8], u32)]) -> Option<Self> {
        let mut row = Row {
            nodes: vec![0; 512],
            taken: Bits(Vec::new()),
            begun: Bits(Vec::new()),
            first_free: ROOT + 256,
        };
        row.begun.set(ROOT);
        // Tokens below a node, how many bytes lead there, and where its children begin. What leads
        // to the least numbers comes first: these are the frequent tokens, which then are close
        // together in memory.
        let mut todo = BinaryHeap::from([(Reverse(0), ROOT, 0, tokens)]);
        while let Some((_, begin, depth, below)) = todo.pop() {
            let byte = |token: &(&[u8], u32)| token.0.get(depth).copied();
            for child in below.chunk_by(|x, y| byte(x) == byte(y)) {
                let Some(label) = byte(&child[0]) else {
                    continue;
                };
                let ends = child.iter().take_while(|(t, _)| t.len() == depth + 1);
                let token = ends.last().map_or(0, |(_, number)| u64::from(*number) + 1);
                let deeper = child.partition_point(|(t, _)| t.len() == depth + 1);
                let deeper = &child[deeper..];
                let mut labels: Vec<u8> = deeper.iter().map(|(t, _)| t[depth + 1]).collect();
                labels.dedup();
                let children = if labels.is_empty() {
                    0
                } else {
                    row.place(&labels)?
                };
                let node = (u64::from(label) + 1) | (children as u64) << BEGIN | token << TOKEN;
                row.nodes[begin + usize::from(label)] = node;
                if children > 0 {
                    let least = deeper.iter().map(|(_, number)| *number).min();
                    let least = Reverse(least.unwrap_or(0));
                    todo.push((least, children, depth + 1, deeper));
                }
            }
        }
        Some(Prefixes { nodes: row.nodes })
    }

    /// Number and length of the longest token that `text` begins with.
    #[inline(always)]
    pub(super) fn longest(&self, text: &[u8]) -> Option<(u32, usize)> {
        let mut begin = ROOT;
        let (mut found, mut len) = (0, 0);
        for (byte, at) in text.iter().zip(1..) {
            let Some(node) = self.nodes.get(begin + usize::from(*byte)) else {
                break;
            };
            if node & ((1 << BEGIN) - 1) != u64::from(*byte) + 1 {
                break;
            }
            let token = node >> TOKEN;
            (found, len) = if token == 0 {
                (found, len)
            } else {
                (token, at)
            };
            begin = (node >> BEGIN) as usize & ((1 << (TOKEN - BEGIN)) - 1);
        }
        Some(((found as u32).checked_sub(1)?, len))
    }
}

/// The row while it is filled. Places that are taken hold something at once.
struct Row {
    nodes: Vec<u64>,
    taken: Bits,
    /// Where children of some node begin.
    begun: Bits,
    first_free: usize,
}

/// A row of bits that has no end: from where it was written, all are 0.
struct Bits(Vec<u64>);

impl Bits {
    fn set(&mut self, at: usize) {
        if self.0.len() <= at / 64 {
            self.0.resize(at / 64 + 64, 0);
        }
        self.0[at / 64] |= 1 << (at % 64);
    }

    /// 64 bits, the first one lowest.
    #[inline]
    fn window(&self, at: usize) -> u64 {
        let word = |i: usize| self.0.get(i).copied().unwrap_or(0);
        let low = word(at / 64) >> (at % 64);
        match at % 64 {
            0 => low,
            n => low | word(at / 64 + 1) << (64 - n),
        }
    }
}

impl Row {
    /// A place from which on there is room for children by these bytes; they are taken.
    fn place(&mut self, labels: &[u8]) -> Option<usize> {
        let lowest = usize::from(labels[0]);
        while self.taken.window(self.first_free) == u64::MAX {
            self.first_free += 64;
        }
        // Before that there is no room below the children of the root.
        let mut at = self.first_free.max(ROOT + 1 + lowest);
        let tried = at + TRIES;
        let begin = loop {
            // Of 64 places for the lowest byte, those where all bytes have room.
            let mut free = !self.begun.window(at - lowest);
            for label in labels {
                free &= !self.taken.window(at - lowest + usize::from(*label));
            }
            if free != 0 {
                break at - lowest + free.trailing_zeros() as usize;
            }
            at += 64;
            // After many tries on this side of the end, there is room for sure behind it; and what
            // was tried so often is given up, so that the next search is short.
            if at == tried {
                if labels.len() <= FEW {
                    self.first_free = at;
                }
                at = self.nodes.len().max(at);
            }
        };
        if begin > MAX_BEGIN {
            return None;
        }
        self.nodes.resize((begin + 257).max(self.nodes.len()), 0);
        self.begun.set(begin);
        for label in labels {
            // Filled with what it is when its turn comes.
            self.nodes[begin + usize::from(*label)] = u64::from(*label) + 1;
            self.taken.set(begin + usize::from(*label));
        }
        Some(begin)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_longest_is_found(
            tokens in prop::collection::btree_set(prop::collection::vec(any::<u8>(), 1..4), 1..300),
            few in prop::collection::btree_set("[ab]{1,9}", 0..40),
            text in "[ab]{0,12}",
        ) {
            let mut all: std::collections::BTreeSet<Vec<u8>> = tokens.clone();
            all.extend(few.into_iter().map(String::into_bytes));
            let numbered: Vec<(&[u8], u32)> = all.iter().map(Vec::as_slice).zip(0..).collect();
            let prefixes = Prefixes::new(&numbered).unwrap();
            let texts = tokens.iter().cloned().chain([text.into_bytes()]);
            for mut text in texts {
                text.push(b'a');
                let by_hand = numbered.iter().filter(|(t, _)| text.starts_with(t));
                let by_hand = by_hand.max_by_key(|(t, _)| t.len()).map(|(t, n)| (*n, t.len()));
                prop_assert_eq!(prefixes.longest(&text), by_hand);
            }
        }
    }

    #[test]
    fn of_no_tokens_none_is_found() {
        let prefixes = Prefixes::new(&[]).unwrap();
        assert_eq!(prefixes.longest(b"a"), None);
        assert_eq!(prefixes.longest(b""), None);
    }
}
