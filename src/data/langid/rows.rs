//! A table of weights, one byte a label, that is summed row by row.

use super::model::{BLOCK, MAX_BLOCKS, WAYS, ZERO};

/// Rows added in one go; 256 * 255 fits a lane of 16 bits.
pub(super) const BATCH: usize = 256;
/// Slots turned from columns to rows in one go, so that what is written stays in the first cache.
const TILE: usize = 256;

/// A line of the processor's cache. A row never lies across two: most of the time that a sum takes
/// is waiting for lines of a table larger than the cache.
#[derive(Debug, Clone, Copy, PartialEq)]
#[repr(C, align(64))]
struct Line([u8; LINE]);

const LINE: usize = BLOCK * MAX_BLOCKS;

/// The rows of a section, slots in order.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Rows {
    lines: Vec<Line>,
    /// Blocks of a row: 1, 2 or 4, so that a line holds whole rows.
    blocks: usize,
}

impl Rows {
    /// Rows of nothing but weights of zero.
    pub(super) fn new(n_labels: usize, n_slots: usize) -> Self {
        let blocks = n_labels.div_ceil(BLOCK).next_power_of_two();
        Rows {
            lines: vec![Line([ZERO; LINE]); (n_slots * blocks).div_ceil(MAX_BLOCKS)],
            blocks,
        }
    }

    /// Rows from the bytes of each label at all slots, bucket after bucket; their number is a
    /// multiple of 8.
    pub(super) fn of_columns(columns: &[&[u8]], n_slots: usize) -> Self {
        let mut rows = Rows::new(columns.len(), n_slots);
        let n_rows = MAX_BLOCKS / rows.blocks;
        for tile in (0..n_slots).step_by(TILE) {
            for (eight, columns) in columns.as_chunks::<8>().0.iter().enumerate() {
                for slot in (tile..n_slots.min(tile + TILE)).step_by(8) {
                    let square = columns.map(|column| {
                        let bytes = column.get(slot..).and_then(|part| part.first_chunk());
                        bytes.map_or(0, |bytes| u64::from_le_bytes(*bytes))
                    });
                    for (slot, weights) in (slot..).zip(turned(square)) {
                        let slot = slot % WAYS * (n_slots / WAYS) + slot / WAYS;
                        let line = &mut rows.lines[slot / n_rows].0;
                        let row = slot % n_rows * rows.blocks * (BLOCK / 8);
                        line.as_chunks_mut().0[row + eight] = weights.to_le_bytes();
                    }
                }
            }
        }
        rows
    }

    /// The weight of a label at a slot, as a byte.
    pub(super) fn get(&self, slot: usize, label: usize) -> u8 {
        let at = slot * self.blocks * BLOCK + label;
        self.lines[at / LINE].0[at % LINE]
    }

    /// Sets what [`get`](Self::get) gives.
    pub(super) fn put(&mut self, slot: usize, label: usize, byte: u8) {
        let at = slot * self.blocks * BLOCK + label;
        self.lines[at / LINE].0[at % LINE] = byte;
    }

    /// Adds the rows of at most [`BATCH`] slots to the sums.
    pub(super) fn add(&self, slots: &[u32], sums: &mut [u32; LINE]) {
        match self.blocks {
            1 => self.add_rows::<16>(slots, sums),
            2 => self.add_rows::<32>(slots, sums),
            _ => self.add_rows::<64>(slots, sums),
        }
    }

    fn add_rows<const LANES: usize>(&self, slots: &[u32], sums: &mut [u32; LINE]) {
        let n_rows = LINE / LANES;
        let mut batch = [0u16; LANES];
        for &slot in slots {
            let line = &self.lines[slot as usize / n_rows].0;
            let row = &line.as_chunks::<LANES>().0[slot as usize % n_rows];
            for (sum, &weight) in batch.iter_mut().zip(row) {
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
        for n_labels in [2usize, 16, 17, 40, 49] {
            let n_slots = 520;
            let byte = |slot: usize, label: usize| (slot * 7 + label * 31 + slot / 9) as u8;
            let lanes = n_labels.next_multiple_of(BLOCK);
            let by_bucket = |label| {
                (0..n_slots).map(|at| byte(at % WAYS * (n_slots / WAYS) + at / WAYS, label))
            };
            let columns: Vec<Vec<u8>> =
                (0..lanes).map(|label| by_bucket(label).collect()).collect();
            let columns: Vec<&[u8]> = columns.iter().map(Vec::as_slice).collect();
            let mut rows = Rows::of_columns(&columns, n_slots);
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
