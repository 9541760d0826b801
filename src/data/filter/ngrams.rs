//! A counting hash table for one text at a time: emptied in no time, grown when needed.

/// Counts 64-bit hashes.
#[derive(Default)]
pub(super) struct Table {
    slots: Vec<Slot>,
    round: u32,
}

#[derive(Clone, Copy, Default)]
struct Slot {
    hash: u64,
    round: u32,
    count: u32,
}

impl Table {
    /// Forgets everything and makes room for `n` different hashes.
    pub(super) fn clear(&mut self, n: usize) {
        let wanted = (2 * n).next_power_of_two().max(64);
        if wanted > self.slots.len() || self.round == u32::MAX {
            self.slots = vec![Slot::default(); wanted.max(self.slots.len())];
            self.round = 0;
        }
        self.round += 1;
    }

    /// Counts `hash` once more; the slot where its count lies.
    #[inline]
    pub(super) fn add(&mut self, hash: u64) -> usize {
        let mask = self.slots.len() - 1;
        let mut at = (hash >> 20) as usize & mask;
        loop {
            let slot = &mut self.slots[at];
            if slot.round != self.round {
                *slot = Slot {
                    hash,
                    round: self.round,
                    count: 1,
                };
                return at;
            }
            if slot.hash == hash {
                slot.count += 1;
                return at;
            }
            at = (at + 1) & mask;
        }
    }

    /// Counts `hash` once more; true when it was there before.
    #[inline]
    pub(super) fn seen(&mut self, hash: u64) -> bool {
        let at = self.add(hash);
        self.slots[at].count > 1
    }

    /// The count at a slot that [`Table::add`] gave.
    #[inline]
    pub(super) fn count(&self, slot: usize) -> u32 {
        self.slots[slot].count
    }

    /// Sets a slot's count to 0 and tells whether it was 0 already.
    #[inline]
    pub(super) fn take(&mut self, slot: usize) -> bool {
        std::mem::take(&mut self.slots[slot].count) == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_counts_as_a_map_does_round_after_round() {
        let mut table = Table::default();
        for round in 0..5u64 {
            let hashes: Vec<u64> = (0..500).map(|i| ((i * i + round) % 97) << 20).collect();
            table.clear(hashes.len());
            let slots: Vec<usize> = hashes.iter().map(|h| table.add(*h)).collect();
            for (hash, slot) in hashes.iter().zip(&slots) {
                let expected = hashes.iter().filter(|h| *h == hash).count();
                assert_eq!(table.count(*slot) as usize, expected);
            }
            assert!(!table.take(slots[0]) && table.take(slots[0]));
        }
    }
}
