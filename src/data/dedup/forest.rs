//! Which documents belong together: union-find in four bytes a document.

/// The bit that marks a root; its other bits are the size of the tree.
const ROOT: u32 = 1 << 31;

/// Most documents a forest holds.
pub(super) const MAX_DOCUMENTS: u64 = (1 << 31) - 1;

/// Documents and the trees they are in.
pub(super) struct Forest(Vec<u32>);

impl Forest {
    /// `n` documents, each alone; at most [`MAX_DOCUMENTS`].
    pub(super) fn new(n: usize) -> Self {
        Forest(vec![ROOT | 1; n])
    }

    fn above(&self, i: u32) -> u32 {
        self.0.get(i as usize).copied().unwrap_or(ROOT | 1)
    }

    fn set(&mut self, i: u32, value: u32) {
        if let Some(node) = self.0.get_mut(i as usize) {
            *node = value;
        }
    }

    /// The document that stands for the tree of `i`: the same for all of a tree until it is
    /// joined with another.
    pub(super) fn root(&mut self, mut i: u32) -> u32 {
        loop {
            let parent = self.above(i);
            if parent & ROOT != 0 {
                return i;
            }
            let grandparent = self.above(parent);
            if grandparent & ROOT != 0 {
                return parent;
            }
            self.set(i, grandparent);
            i = grandparent;
        }
    }

    /// Joins two trees; true if they were two.
    pub(super) fn join(&mut self, a: u32, b: u32) -> bool {
        let (a, b) = (self.root(a), self.root(b));
        if a == b {
            return false;
        }
        let (sizes_a, sizes_b) = (self.above(a) & !ROOT, self.above(b) & !ROOT);
        let (small, large) = if sizes_a < sizes_b { (a, b) } else { (b, a) };
        self.set(small, large);
        self.set(large, ROOT | (sizes_a + sizes_b));
        true
    }

    /// How many documents are in the tree of `i`.
    pub(super) fn size(&mut self, i: u32) -> u32 {
        let root = self.root(i);
        self.above(root) & !ROOT
    }
}

/// A bit for each document.
pub(super) struct Bits(Vec<u64>);

impl Bits {
    /// `n` bits, none set.
    pub(super) fn new(n: usize) -> Self {
        Bits(vec![0; n.div_ceil(64)])
    }

    pub(super) fn get(&self, i: u32) -> bool {
        let word = self.0.get(i as usize / 64).copied().unwrap_or(0);
        word >> (i % 64) & 1 == 1
    }

    pub(super) fn set(&mut self, i: u32) {
        if let Some(word) = self.0.get_mut(i as usize / 64) {
            *word |= 1 << (i % 64);
        }
    }

    /// How many are set.
    pub(super) fn count(&self) -> u64 {
        self.0.iter().map(|word| u64::from(word.count_ones())).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trees_know_their_size() {
        let mut forest = Forest::new(6);
        assert!(forest.join(0, 1) && forest.join(2, 3) && forest.join(3, 0));
        assert!(!forest.join(1, 2));
        assert_eq!(
            (0..6).map(|i| forest.size(i)).collect::<Vec<_>>(),
            [4, 4, 4, 4, 1, 1]
        );
        assert_eq!(forest.root(0), forest.root(2));
        assert_ne!(forest.root(0), forest.root(4));
    }
}
