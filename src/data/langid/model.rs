//! The model: for each script with several languages, a table of n-grams and their weights.
//!
//! A section is a set-associative table. The upper bits of a feature's hash name a bucket of
//! [`WAYS`] slots, a 16-bit tag tells which of them holds it, if any: an n-gram that was not
//! chosen in training costs one look into a small array and adds nothing. The slot's row has
//! one byte a label; rows are summed in 16-bit lanes, which compiles to a few vector
//! instructions.

use super::features::{Grain, Script};

/// Slots of a bucket.
pub(super) const WAYS: usize = 4;
/// Labels a section's lanes are rounded up to.
pub(super) const BLOCK: usize = 16;
/// Most blocks of lanes a section may have.
pub(super) const MAX_BLOCKS: usize = 4;
/// A stored byte minus this is the weight.
pub(super) const ZERO: u8 = 128;
/// First bytes of a model file.
const MAGIC: &[u8; 8] = b"eulangid";
const VERSION: u32 = 2;
/// Rows added in one go; 256 * 255 fits a lane of 16 bits.
const BATCH: usize = 256;
/// Compression that trades time once for bytes in every copy of the program.
const ZSTD_LEVEL: i32 = 19;
/// A model file larger than this when decompressed is not ours.
const MAX_BYTES: usize = 64 << 20;

/// The classifier of one script.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Section {
    pub script: Script,
    pub grain: Grain,
    /// A code of the language table, or any other name for a language that is not in it.
    pub labels: Vec<String>,
    /// Number of buckets is 2 to the power of this.
    pub bits: u32,
    /// Tags of a bucket's slots, 16 bits each, the first one lowest; 0 is an empty slot.
    pub tags: Vec<u64>,
    /// `blocks` arrays a slot, slots in order; each number is 8 weights, the first one lowest.
    pub rows: Vec<[u64; BLOCK / 8]>,
    /// log-odds = `scale` * sum / features found ^ `power`.
    pub scale: f32,
    pub power: f32,
    /// Log-odds added to each label, so that none of close languages is named too seldom.
    pub bias: Vec<f32>,
    /// Share of features found below which a text looks like none of the labels.
    pub known: f32,
}

/// What a text scores in one section.
///
/// Rows are not added one by one: their slots are collected without a branch and added a batch
/// at a time, so that the sums stay in registers.
#[derive(Debug, Clone)]
pub(super) struct Tally {
    slots: [u32; BATCH],
    n_slots: usize,
    sums: [u32; BLOCK * MAX_BLOCKS],
    found: u32,
    asked: u32,
}

impl Tally {
    pub(super) fn new() -> Self {
        Tally {
            slots: [0; BATCH],
            n_slots: 0,
            sums: [0; BLOCK * MAX_BLOCKS],
            found: 0,
            asked: 0,
        }
    }

    /// Features asked for, and the share of them that was found.
    pub(super) fn known(&self) -> (u32, f32) {
        let found = self.found + self.n_slots as u32;
        (self.asked, found as f32 / self.asked.max(1) as f32)
    }
}

/// The tag of a hash; never 0.
pub(super) fn tag(hash: u64) -> u16 {
    ((hash >> 20) as u16).max(1)
}

impl Section {
    /// Nothing counted yet.
    pub(super) fn tally(&self) -> Tally {
        Tally::new()
    }

    /// Blocks of lanes a row has.
    pub(super) fn blocks(&self) -> usize {
        self.labels.len().div_ceil(BLOCK)
    }

    /// Adds a feature to a tally.
    #[inline]
    pub(super) fn add(&self, hash: u64, tally: &mut Tally) {
        const ONES: u64 = 0x0001_0001_0001_0001;
        let bucket = (hash >> (64 - self.bits)) as usize;
        // The lanes that equal the tag are zero; the lowest zero lane is found without a branch
        // (Mycroft's test), and none at all gives WAYS.
        let lanes = self.tags[bucket] ^ (u64::from(tag(hash)) * ONES);
        let zero = lanes.wrapping_sub(ONES) & !lanes & (ONES << 15);
        let way = zero.trailing_zeros() as usize / 16;
        tally.asked += 1;
        tally.slots[tally.n_slots] = (bucket * WAYS + way) as u32;
        tally.n_slots += usize::from(way < WAYS);
        if tally.n_slots == BATCH {
            self.flush(tally);
        }
    }

    /// Adds the rows of the slots collected.
    fn flush(&self, tally: &mut Tally) {
        match self.blocks() {
            1 => self.flush_blocks::<1>(tally),
            2 => self.flush_blocks::<2>(tally),
            3 => self.flush_blocks::<3>(tally),
            _ => self.flush_blocks::<4>(tally),
        }
    }

    fn flush_blocks<const BLOCKS: usize>(&self, tally: &mut Tally) {
        // Each u64 holds 8 weights; the even and the odd ones are summed in lanes of 16 bits.
        const EVEN: u64 = 0x00FF_00FF_00FF_00FF;
        let rows = self.rows.as_chunks::<BLOCKS>().0;
        let mut even = [[0u64; BLOCK / 8]; BLOCKS];
        let mut odd = even;
        for &slot in &tally.slots[..tally.n_slots] {
            let row = &rows[slot as usize];
            for ((even, odd), weights) in even.iter_mut().zip(&mut odd).zip(row) {
                for ((even, odd), eight) in even.iter_mut().zip(odd).zip(weights) {
                    *even += eight & EVEN;
                    *odd += (eight >> 8) & EVEN;
                }
            }
        }
        let lanes = even.as_flattened().iter().zip(odd.as_flattened());
        for (sums, (even, odd)) in tally.sums.as_chunks_mut::<8>().0.iter_mut().zip(lanes) {
            for (at, sum) in sums.iter_mut().enumerate() {
                let lane = if at % 2 == 0 { even } else { odd };
                *sum += (lane >> (at / 2 * 16)) as u32 & 0xFFFF;
            }
        }
        tally.found += tally.n_slots as u32;
        tally.n_slots = 0;
    }

    /// The best label, and how far it leads every label of another group, in log-odds.
    pub(super) fn lead(&self, tally: &mut Tally, groups: &[usize]) -> (usize, f32) {
        self.flush(tally);
        let sums = &tally.sums[..self.labels.len().min(groups.len())];
        let Some(best) = (0..sums.len()).max_by_key(|&at| sums[at]) else {
            return (0, 0.0);
        };
        let others = (0..sums.len()).filter(|&at| groups[at] != groups[best]);
        let second = others.map(|at| sums[at]).max().unwrap_or(0);
        (best, (sums[best] - second) as f32 * self.factor(tally))
    }

    /// Log-odds of a unit of a tally's sums.
    fn factor(&self, tally: &Tally) -> f32 {
        self.scale / (tally.found.max(1) as f32).powf(self.power)
    }

    /// Probability of each label; what is missing to 1 is none of them.
    pub(super) fn probabilities(&self, tally: &mut Tally) -> Vec<f32> {
        self.flush(tally);
        let factor = self.factor(tally);
        let zero = i64::from(ZERO) * i64::from(tally.found);
        let sums = tally.sums[..self.labels.len()].iter();
        let logits = sums.zip(&self.bias);
        let logits = logits.map(|(&sum, bias)| (i64::from(sum) - zero) as f32 * factor + bias);
        let mut p = softmax(logits.collect());
        // Where the text holds fewer known n-grams than nearly all training text, trust fades.
        let (_, share) = tally.known();
        let trust = (share / self.known).powi(2).min(1.0);
        for p in &mut p {
            *p *= trust;
        }
        p
    }
}

/// Numbers to probabilities: exp, normalised.
pub(super) fn softmax(mut logits: Vec<f32>) -> Vec<f32> {
    let max = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut sum = 0.0;
    for logit in &mut logits {
        *logit = (*logit - max).exp();
        sum += *logit;
    }
    for p in &mut logits {
        *p /= sum;
    }
    logits
}

/// Sections to the bytes of a model file.
pub(super) fn write(sections: &[Section]) -> Vec<u8> {
    let mut raw = Vec::new();
    let put = |raw: &mut Vec<u8>, n: u32| raw.extend(n.to_le_bytes());
    put(&mut raw, sections.len() as u32);
    for section in sections {
        let head = [section.script.code(), &section.labels.join(" ")].join(" ");
        put(&mut raw, head.len() as u32);
        raw.extend(head.as_bytes());
        put(&mut raw, u32::from(section.grain == Grain::Fine));
        put(&mut raw, section.bits);
        let numbers = [section.scale, section.power, section.known];
        for number in numbers.iter().chain(&section.bias) {
            raw.extend(number.to_le_bytes());
        }
        raw.extend(section.tags.iter().flat_map(|t| t.to_le_bytes()));
        // Label by label: a column of weights compresses better than rows.
        for block in 0..section.blocks() {
            for lane in 0..BLOCK {
                let column = section.rows[block..].iter().step_by(section.blocks());
                raw.extend(column.map(|row| (row[lane / 8] >> (lane % 8 * 8)) as u8));
            }
        }
    }
    let mut bytes = MAGIC.to_vec();
    bytes.extend(VERSION.to_le_bytes());
    let packed = zstd::bulk::compress(&raw, ZSTD_LEVEL).expect("memory to memory cannot fail");
    bytes.extend(packed);
    bytes
}

/// Reads a model file; none if the bytes are not one.
pub(super) fn read(bytes: &[u8]) -> Option<Vec<Section>> {
    let packed = bytes
        .strip_prefix(MAGIC)?
        .strip_prefix(&VERSION.to_le_bytes())?;
    let raw = zstd::bulk::decompress(packed, MAX_BYTES).ok()?;
    let mut cursor = Cursor(&raw);
    let n_sections = cursor.u32()?;
    let sections: Option<Vec<Section>> = (0..n_sections.min(8))
        .map(|_| section(&mut cursor))
        .collect();
    cursor.0.is_empty().then_some(sections?)
}

fn section(cursor: &mut Cursor) -> Option<Section> {
    let len = cursor.u32()? as usize;
    let head = std::str::from_utf8(cursor.take(len)?).ok()?;
    let mut head = head.split(' ');
    let script = Script::of_code(head.next()?);
    let labels: Vec<String> = head.map(String::from).collect();
    let grain = match cursor.u32()? {
        0 => Grain::Coarse,
        1 => Grain::Fine,
        _ => return None,
    };
    let bits = cursor.u32()?;
    if !(1..=20).contains(&bits) || !(1..=MAX_BLOCKS * BLOCK).contains(&labels.len()) {
        return None;
    }
    let [scale, power, known] = [cursor.f32()?, cursor.f32()?, cursor.f32()?];
    let bias: Option<Vec<f32>> = labels.iter().map(|_| cursor.f32()).collect();
    let n_slots = WAYS << bits;
    let tags = cursor.take(8 << bits)?.as_chunks().0.iter();
    let tags = tags.map(|&b| u64::from_le_bytes(b)).collect();
    let blocks = labels.len().div_ceil(BLOCK);
    let columns: Option<Vec<&[u8]>> = (0..blocks * BLOCK).map(|_| cursor.take(n_slots)).collect();
    let columns = columns?;
    let (columns, _) = columns.as_chunks::<8>();
    let mut rows = Vec::with_capacity(n_slots * blocks);
    for slot in 0..n_slots {
        let eight = |columns: &[&[u8]; 8]| u64::from_le_bytes(columns.map(|column| column[slot]));
        rows.extend(
            columns
                .as_chunks()
                .0
                .iter()
                .map(|block| block.map(|c| eight(&c))),
        );
    }
    Some(Section {
        script,
        grain,
        labels,
        bits,
        tags,
        rows,
        scale,
        power,
        bias: bias?,
        known,
    })
}

/// Bytes not read yet.
struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    fn take(&mut self, n: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(n)?;
        self.0 = rest;
        Some(head)
    }

    fn u32(&mut self) -> Option<u32> {
        Some(u32::from_le_bytes(self.take(4)?.try_into().ok()?))
    }

    fn f32(&mut self) -> Option<f32> {
        Some(f32::from_bits(self.u32()?))
    }
}
