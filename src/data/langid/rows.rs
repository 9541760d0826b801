//! A table of weights, one byte a label, that is summed row by row.

use memmap2::MmapMut;

use super::model::{BLOCK, MAX_BLOCKS, WAYS, ZERO};

/// Rows added in one go; 256 * 255 fits a lane of 16 bits.
pub(super) const BATCH: usize = 256;
/// Slots turned from columns to rows in one go, so that what is written stays in the first cache.
const TILE: usize = 256;

/// Tables from this size on ask for huge pages.
#[cfg(target_os = "linux")]
const HUGE: usize = 2 << 20; // bytes of a huge page on x86-64

/// The rows of a section, slots in order.
///
/// Most of the time that a sum takes is waiting for rows of a table larger than the cache. So no row
/// lies across two lines of the cache, and looking up where it lies is spared by huge pages.
#[derive(Debug)]
pub(super) struct Rows {
    bytes: MmapMut,
    /// Bytes of a row: 4, 16, 32 or 64.
    lanes: usize,
}

impl Rows {
    /// Rows of nothing but weights of zero.
    ///
    /// # Panics
    /// When the system gives no room of that size, as an allocation of a `Vec` does.
    pub(super) fn new(n_labels: usize, n_slots: usize) -> Self {
        let mut rows = Rows::unset(n_labels, n_slots);
        rows.bytes.fill(ZERO);
        rows
    }

    fn unset(n_labels: usize, n_slots: usize) -> Self {
        let lanes = match n_labels {
            0..=4 => 4,
            _ => n_labels
                .next_power_of_two()
                .clamp(BLOCK, BLOCK * MAX_BLOCKS),
        };
        let bytes = MmapMut::map_anon(lanes * n_slots)
            .unwrap_or_else(|e| panic!("the system gives no room for a model: {e}"));
        #[cfg(target_os = "linux")]
        if bytes.len() >= HUGE {
            let _ = bytes.advise(memmap2::Advice::HugePage); // slower without, not wrong
        }
        Rows { bytes, lanes }
    }

    /// Rows from the bytes of each label at all slots, bucket after bucket; their number is a
    /// multiple of 8. There may be more columns than labels, up to the next multiple of 8.
    pub(super) fn of_columns(columns: &[&[u8]], n_labels: usize, n_slots: usize) -> Self {
        let mut rows = Rows::unset(n_labels, n_slots);
        let row = |slot: usize| slot % WAYS * (n_slots / WAYS) + slot / WAYS;
        if rows.lanes < 8 {
            for (label, column) in columns.iter().take(n_labels).enumerate() {
                for (slot, &byte) in column.iter().enumerate() {
                    rows.put(row(slot), label, byte);
                }
            }
            return rows;
        }
        for tile in (0..n_slots).step_by(TILE) {
            let eights = columns.as_chunks::<8>().0.iter();
            for (eight, columns) in eights.take(n_labels.div_ceil(8)).enumerate() {
                for slot in (tile..n_slots.min(tile + TILE)).step_by(8) {
                    let square = columns.map(|column| {
                        let bytes = column.get(slot..).and_then(|part| part.first_chunk());
                        bytes.map_or(0, |bytes| u64::from_le_bytes(*bytes))
                    });
                    for (slot, weights) in (slot..).zip(turned(square)) {
                        let at = row(slot) * rows.lanes + eight * 8;
                        rows.bytes[at..at + 8].copy_from_slice(&weights.to_le_bytes());
                    }
                }
            }
        }
        rows
    }

    /// The weight of a label at a slot, as a byte.
    pub(super) fn get(&self, slot: usize, label: usize) -> u8 {
        self.bytes[slot * self.lanes + label]
    }

    /// Sets what [`get`](Self::get) gives.
    pub(super) fn put(&mut self, slot: usize, label: usize, byte: u8) {
        self.bytes[slot * self.lanes + label] = byte;
    }

    /// Adds the rows of at most [`BATCH`] slots to the sums.
    pub(super) fn add(&self, slots: &[u32], sums: &mut [u32; BLOCK * MAX_BLOCKS]) {
        match self.lanes {
            4 => self.add_rows::<4>(slots, sums),
            16 => self.add_rows::<16>(slots, sums),
            32 => self.add_rows::<32>(slots, sums),
            _ => self.add_rows::<64>(slots, sums),
        }
    }

    fn add_rows<const LANES: usize>(&self, slots: &[u32], sums: &mut [u32; BLOCK * MAX_BLOCKS]) {
        let rows = self.bytes.as_chunks::<LANES>().0;
        let mut batch = [0u16; LANES];
        for &slot in slots {
            for (sum, &weight) in batch.iter_mut().zip(&rows[slot as usize]) {
                *sum += u16::from(weight);
            }
        }
        for (sum, batch) in sums.iter_mut().zip(batch) {
            *sum += u32::from(batch);
        }
    }
}

/// A square of 8 times 8 bytes turned about its diagonal, by halves, quarters and eighths.
fn turned(mut square: [u64; 8]) -> [u64; 8] {
    let masks = [
        0x0000_0000_FFFF_FFFF,
        0x0000_FFFF_0000_FFFF,
        0x00FF_00FF_00FF_00FF,
    ];
    for (mask, half) in masks.into_iter().zip([4, 2, 1]) {
        for at in (0..8).filter(|at| at & half == 0) {
            let (low, high) = (square[at], square[at + half]);
            square[at] = low & mask | (high & mask) << (8 * half);
            square[at + half] = low >> (8 * half) & mask | high & !mask;
        }
    }
    square
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_become_rows_that_sum_to_the_sums_of_columns() {
        for n_labels in [2usize, 3, 5, 16, 17, 40, 49] {
            let n_slots = 520;
            let byte = |slot: usize, label: usize| (slot * 7 + label * 31 + slot / 9) as u8;
            let lanes = n_labels.next_multiple_of(BLOCK);
            let by_bucket = |label| {
                (0..n_slots).map(move |at| byte(at % WAYS * (n_slots / WAYS) + at / WAYS, label))
            };
            let columns: Vec<Vec<u8>> =
                (0..lanes).map(|label| by_bucket(label).collect()).collect();
            let columns: Vec<&[u8]> = columns.iter().map(Vec::as_slice).collect();
            let mut rows = Rows::of_columns(&columns, n_labels, n_slots);
            let slots: Vec<u32> = (0..BATCH as u32).map(|n| n * 37 % n_slots as u32).collect();
            let mut sums = [1; BLOCK * MAX_BLOCKS];
            rows.add(&slots, &mut sums);
            for label in 0..n_labels {
                let each = slots
                    .iter()
                    .map(|&slot| u32::from(byte(slot as usize, label)));
                assert_eq!(sums[label], 1 + each.sum::<u32>(), "{n_labels} {label}");
            }
            assert_eq!(rows.get(519, 1), byte(519, 1));
            rows.put(519, 1, 9);
            assert_eq!((rows.get(519, 1), rows.get(519, 0)), (9, byte(519, 0)));
            assert_eq!(rows.get(518, 1), byte(518, 1));
        }
    }
}
