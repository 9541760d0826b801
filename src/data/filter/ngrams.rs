//! A counting hash table for one text at a time, of eight bytes a slot: small texts stay in the
//! first cache, and emptying it is one fill.

/// Counts hashes. A slot holds 32 bits of the hash above a count of 32 bits; with the position,
/// which other bits choose, two hashes of one text are mistaken for one another once in 10^12.
#[derive(Default)]
pub(super) struct Table {
    slots: Vec<u64>,
    mask: usize,
}

const TAG: u64 = !0 << 32;

impl Table {
    /// Forgets everything and makes room for `n` different hashes.
    pub(super) fn clear(&mut self, n: usize) {
        let wanted = (2 * n).next_power_of_two().max(64);
        match self.slots.get_mut(..wanted) {
            Some(slots) => slots.fill(0),
            None => self.slots = vec![0; wanted],
        }
        self.mask = wanted - 1;
    }

    /// Gives memory back after a text that was far larger than most.
    pub(super) fn shrink(&mut self, most: usize) {
        if self.slots.len() > most {
            *self = Table::default();
        }
    }

    /// Counts `hash` once more; the slot where its count lies.
    #[inline(always)]
    pub(super) fn add(&mut self, hash: u64) -> usize {
        let tag = hash & TAG;
        let mut at = hash as usize & self.mask;
        while let Some(slot) = self.slots.get_mut(at) {
            // An empty slot and one that is ours take the same way: which it is cannot be
            // foreseen, and is not asked.
            if *slot == 0 || *slot & TAG == tag {
                *slot = tag | u64::from((*slot as u32).saturating_add(1));
                return at;
            }
            at = (at + 1) & self.mask;
        }
        0
    }

    /// Counts `hash` once more; true when it was there before.
    #[inline]
    pub(super) fn seen(&mut self, hash: u64) -> bool {
        let at = self.add(hash);
        self.count(at) > 1
    }

    /// The count at a slot that [`Table::add`] gave.
    #[inline(always)]
    pub(super) fn count(&self, slot: usize) -> u32 {
        self.slots.get(slot).map_or(0, |slot| *slot as u32)
    }

    /// Sets a slot's count to 0 and tells whether it was 0 already. Nothing may be added after.
    #[inline]
    pub(super) fn take(&mut self, slot: usize) -> bool {
        let Some(slot) = self.slots.get_mut(slot) else {
            return false;
        };
        let was = *slot as u32;
        *slot &= TAG;
        was == 0
    }
}

#[cfg(test)]
mod tests {
    use super::super::words::mix;
    use super::*;

    #[test]
    fn a_table_counts_as_a_map_does_text_after_text() {
        let mut table = Table::default();
        for round in 0..5u64 {
            let hashes: Vec<u64> = (0..500).map(|i| mix(7, (i * i + round) % 97)).collect();
            table.clear(hashes.len() >> round);
            let hashes = &hashes[..hashes.len() >> round];
            let slots: Vec<usize> = hashes.iter().map(|h| table.add(*h)).collect();
            for (hash, slot) in hashes.iter().zip(&slots) {
                let expected = hashes.iter().filter(|h| *h == hash).count();
                assert_eq!(table.count(*slot) as usize, expected);
            }
            assert!(!table.take(slots[0]) && table.take(slots[0]));
        }
        table.shrink(8);
        table.clear(3);
        assert!(!table.seen(0) && table.seen(0));
    }
}
