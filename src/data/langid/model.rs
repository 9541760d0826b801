//! The model: for each script with several languages, a table of n-grams and their weights.
//!
//! A section is a set-associative table. The upper bits of a feature's hash name a bucket of
//! [`WAYS`] slots, a 16-bit tag tells which of them holds it, if any: an n-gram that was not
//! chosen in training costs one look into a small array and adds nothing. The slot's row has
//! one byte a label.

use super::features::{Grain, Script};
use super::rows::{BATCH, Rows};

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
/// Compression that trades time once for bytes in every copy of the program.
const ZSTD_LEVEL: i32 = 19;
/// A model file larger than this when decompressed is not ours.
const MAX_BYTES: usize = 64 << 20;

/// The classifier of one script.
#[derive(Debug)]
pub(super) struct Section {
    pub script: Script,
    pub grain: Grain,
    /// A code of the language table, or any other name for a language that is not in it.
    pub labels: Vec<String>,
    /// Number of buckets is 2 to the power of this.
    pub bits: u32,
    /// Tags of a bucket's slots, 16 bits each, the first one lowest; 0 is an empty slot.
    pub tags: Vec<u64>,
    /// The weights at each slot; see [`slot`](Self::slot).
    pub rows: Rows,
    /// log-odds = `scale` * sum / features found ^ `power`.
    pub scale: f32,
    pub power: f32,
    /// Log-odds added to each label, so that none of close languages is named too seldom.
    pub bias: Vec<f32>,
    /// Share of features found below which a text looks like none of the labels.
    pub known: f32,
}

/// What a text scores in one section.
#[derive(Debug, Clone)]
pub(super) struct Tally {
    sums: [u32; BLOCK * MAX_BLOCKS],
    found: u32,
    asked: u32,
}

impl Tally {
    /// Nothing counted yet.
    pub(super) fn new() -> Self {
        Tally {
            sums: [0; BLOCK * MAX_BLOCKS],
            found: 0,
            asked: 0,
        }
    }

    /// Features asked for, and the share of them that was found.
    pub(super) fn known(&self) -> (u32, f32) {
        (self.asked, self.found as f32 / self.asked.max(1) as f32)
    }
}

/// The tag of a hash; never 0.
pub(super) fn tag(hash: u64) -> u16 {
    ((hash >> 20) as u16).max(1)
}

impl Section {
    /// The row of a bucket's slot: first the first slots of all buckets, which hold the n-grams
    /// seen most often, so that most of what is read lies close together.
    pub(super) fn slot(&self, bucket: usize, way: usize) -> usize {
        way << self.bits | bucket
    }

    /// Adds features to a tally.
    ///
    /// Slots are collected without a branch and their rows added a batch at a time, so that the
    /// sums stay in registers and many rows are on their way from memory at once.
    pub(super) fn add(&self, hashes: &[u64], tally: &mut Tally) {
        const ONES: u64 = 0x0001_0001_0001_0001;
        for hashes in hashes.chunks(BATCH) {
            let (mut slots, mut n_found) = ([0; BATCH], 0);
            for &hash in hashes {
                let bucket = (hash >> (64 - self.bits)) as usize;
                // The lanes that equal the tag are zero; the lowest zero lane is found without a
                // branch (Mycroft's test), and none at all gives WAYS.
                let lanes = self.tags[bucket] ^ (u64::from(tag(hash)) * ONES);
                let zero = lanes.wrapping_sub(ONES) & !lanes & (ONES << 15);
                let way = zero.trailing_zeros() as usize / 16;
                slots[n_found] = self.slot(bucket, way) as u32;
                n_found += usize::from(way < WAYS);
            }
            self.rows.add(&slots[..n_found], &mut tally.sums);
            tally.found += n_found as u32;
            tally.asked += hashes.len() as u32;
        }
    }

    /// The best label, and how far it leads every label of another group, in log-odds.
    pub(super) fn lead(&self, tally: &Tally, groups: &[usize]) -> (usize, f32) {
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
    pub(super) fn probabilities(&self, tally: &Tally) -> Vec<f32> {
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
        for label in 0..section.labels.len().next_multiple_of(BLOCK) {
            for bucket in 0..1 << section.bits {
                let byte = |way| match label < section.labels.len() {
                    true => section.rows.get(section.slot(bucket, way), label),
                    false => ZERO,
                };
                raw.extend((0..WAYS).map(byte));
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
    let lanes = labels.len().next_multiple_of(BLOCK);
    let columns: Option<Vec<&[u8]>> = (0..lanes).map(|_| cursor.take(n_slots)).collect();
    let rows = Rows::of_columns(&columns?, labels.len(), n_slots);
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
