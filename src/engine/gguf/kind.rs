//! Types of tensors: how many weights a block holds, in how many bytes, and who can decode it.

use half::slice::HalfFloatSliceExt;
use half::{bf16, f16};
use rayon::prelude::*;

use super::blocks::{self, Encode, Format};
use crate::engine::ops::{Work, widest};

/// Weights of a work item; a multiple of every block, so that cutting changes no byte.
const CHUNK: usize = 1 << 16;
/// Halves that are made wide at a time.
const HALVES: usize = 256;

/// A type of tensor.
#[derive(Debug)]
pub struct Kind {
    /// Name, as llama.cpp prints it.
    pub name: &'static str,
    /// Id in files (ggml.h, `ggml_type`).
    pub id: u32,
    /// Weights of a block.
    pub block: usize,
    /// Bytes of a block.
    pub block_bytes: usize,
    /// How it is decoded.
    code: Code,
}

impl PartialEq for Kind {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Kind {}

#[derive(Debug)]
enum Code {
    F32,
    F16,
    Bf16,
    /// Whole blocks; in each, numbers in half precision stand at these places.
    Blocks(Decode, Encode, &'static [usize]),
    /// Listed, not decoded.
    Unknown,
}

/// Decodes whole blocks.
type Decode = fn(&[u8], &mut [f32]);

const fn row(name: &'static str, id: u32, block: usize, block_bytes: usize, code: Code) -> Kind {
    Kind {
        name,
        id,
        block,
        block_bytes,
        code,
    }
}

const fn in_blocks<F: Format>(name: &'static str, id: u32, decode: Decode) -> Kind {
    let code = Code::Blocks(decode, blocks::rows::<F>, F::HALVES);
    row(name, id, F::WEIGHTS, F::BYTES, code)
}

/// Every type of ggml.h in use, with the sizes of gguf-py's `GGML_QUANT_SIZES`.
static KINDS: [Kind; 33] = [
    row("F32", 0, 1, 4, Code::F32),
    row("F16", 1, 1, 2, Code::F16),
    row("BF16", 30, 1, 2, Code::Bf16),
    in_blocks::<blocks::Q4_0>("Q4_0", 2, blocks::q4_0),
    in_blocks::<blocks::Q4_1>("Q4_1", 3, blocks::q4_1),
    in_blocks::<blocks::Q5_0>("Q5_0", 6, blocks::q5_0),
    in_blocks::<blocks::Q5_1>("Q5_1", 7, blocks::q5_1),
    in_blocks::<blocks::Q8_0>("Q8_0", 8, blocks::q8_0),
    in_blocks::<blocks::Q2K>("Q2_K", 10, blocks::q2_k),
    in_blocks::<blocks::Q3K>("Q3_K", 11, blocks::q3_k),
    in_blocks::<blocks::Q4K>("Q4_K", 12, blocks::q4_k),
    in_blocks::<blocks::Q5K>("Q5_K", 13, blocks::q5_k),
    in_blocks::<blocks::Q6K>("Q6_K", 14, blocks::q6_k),
    in_blocks::<blocks::Iq4Nl>("IQ4_NL", 20, blocks::iq4_nl),
    in_blocks::<blocks::Iq4Xs>("IQ4_XS", 23, blocks::iq4_xs),
    row("Q8_1", 9, 32, 36, Code::Unknown),
    row("Q8_K", 15, 256, 292, Code::Unknown),
    row("IQ2_XXS", 16, 256, 66, Code::Unknown),
    row("IQ2_XS", 17, 256, 74, Code::Unknown),
    row("IQ3_XXS", 18, 256, 98, Code::Unknown),
    row("IQ1_S", 19, 256, 50, Code::Unknown),
    row("IQ3_S", 21, 256, 110, Code::Unknown),
    row("IQ2_S", 22, 256, 82, Code::Unknown),
    row("I8", 24, 1, 1, Code::Unknown),
    row("I16", 25, 1, 2, Code::Unknown),
    row("I32", 26, 1, 4, Code::Unknown),
    row("I64", 27, 1, 8, Code::Unknown),
    row("F64", 28, 1, 8, Code::Unknown),
    row("IQ1_M", 29, 256, 56, Code::Unknown),
    row("TQ1_0", 34, 256, 54, Code::Unknown),
    row("TQ2_0", 35, 256, 66, Code::Unknown),
    row("MXFP4", 39, 32, 17, Code::Unknown),
    row("NVFP4", 40, 64, 36, Code::Unknown),
];

impl Kind {
    /// The type with that id in files.
    pub fn from_id(id: u32) -> Option<&'static Kind> {
        KINDS.iter().find(|k| k.id == id)
    }

    /// The type of that name.
    pub fn named(name: &str) -> Option<&'static Kind> {
        KINDS.iter().find(|k| k.name == name)
    }

    /// True when weights of this type can be decoded.
    pub fn is_readable(&self) -> bool {
        !matches!(self.code, Code::Unknown)
    }

    /// True when weights can be encoded in this type.
    pub fn is_writable(&self) -> bool {
        self.is_readable()
    }

    /// Names of the types that weights can be encoded in.
    pub fn writable_names() -> Vec<&'static str> {
        let writable = KINDS.iter().filter(|k| k.is_writable());
        writable.map(|k| k.name).collect()
    }

    /// Bits of one weight.
    pub fn bits(&self) -> f64 {
        self.block_bytes as f64 * 8.0 / self.block as f64
    }

    /// Bytes of `n` weights, which must be whole blocks.
    pub fn len_bytes(&self, n: u64) -> Option<u64> {
        let blocks = n / self.block as u64;
        let whole = n.is_multiple_of(self.block as u64);
        whole.then(|| blocks.checked_mul(self.block_bytes as u64))?
    }

    /// Decodes `bytes` into `into`, whose length says how many weights there are, on all threads.
    ///
    /// # Errors
    /// In words, when the type cannot be decoded or the lengths do not fit.
    pub fn decode(&self, bytes: &[u8], into: &mut [f32]) -> Result<(), String> {
        self.check_len(bytes, into.len())?;
        let chunk_bytes = CHUNK / self.block * self.block_bytes;
        into.par_chunks_mut(CHUNK)
            .zip(bytes.par_chunks(chunk_bytes))
            .try_for_each(|(into, bytes)| self.decode_chunk(bytes, into))
    }

    /// The same on this thread alone.
    ///
    /// # Errors
    /// As [`Kind::decode`].
    pub(in crate::engine) fn decode_here(
        &self,
        bytes: &[u8],
        into: &mut [f32],
    ) -> Result<(), String> {
        self.check_len(bytes, into.len())?;
        self.decode_chunk(bytes, into)
    }

    fn check_len(&self, bytes: &[u8], n: usize) -> Result<(), String> {
        match self.len_bytes(n as u64) == Some(bytes.len() as u64) {
            true => Ok(()),
            false => Err(format!(
                "{} bytes are not {n} weights of type {}",
                bytes.len(),
                self.name
            )),
        }
    }

    fn decode_chunk(&self, bytes: &[u8], into: &mut [f32]) -> Result<(), String> {
        match &self.code {
            Code::F32 => {
                for (x, bytes) in into.iter_mut().zip(bytes.as_chunks().0) {
                    *x = f32::from_le_bytes(*bytes);
                }
            }
            Code::F16 => widest(Widen(bytes, into)),
            Code::Bf16 => {
                for (x, bytes) in into.iter_mut().zip(bytes.as_chunks().0) {
                    *x = bf16::from_le_bytes(*bytes).to_f32();
                }
            }
            Code::Blocks(decode, ..) => decode(bytes, into),
            Code::Unknown => return Err(format!("weights of type {} cannot be read", self.name)),
        }
        Ok(())
    }

    /// The largest weight, of either sign, that the type can hold: scales are in half precision,
    /// so that of blocks may be a little larger, but no model has such weights.
    fn largest(&self) -> f32 {
        match self.code {
            Code::F32 | Code::Bf16 | Code::Unknown => f32::MAX,
            Code::F16 | Code::Blocks(..) => f16::MAX.to_f32(),
        }
    }

    /// Encodes rows of `width` weights on all threads, each row on its own and of whole blocks.
    /// `importance` says for each column how much an error costs there: the mean square of what
    /// it is multiplied with. The bytes of blocks are those of ggml.
    ///
    /// # Errors
    /// In words, when the type cannot be written, rows are not whole blocks, there is not one
    /// importance for each column, or a weight is no number or too large for the type.
    pub fn encode(
        &self,
        weights: &[f32],
        width: usize,
        importance: Option<&[f32]>,
    ) -> Result<Vec<u8>, String> {
        self.check_rows(weights.len(), width, importance)?;
        self.each_chunk(weights.len(), width, |at, n, out, _| {
            let weights = &weights[at..at + n];
            self.check_weights(weights, at)?;
            self.encode_chunk(weights, width, importance, out);
            self.check_blocks(out)
        })
    }

    /// Encodes what is encoded in the type `from`: as [`Kind::encode`] of what [`Kind::decode`]
    /// gives, without a buffer for all of it.
    ///
    /// # Errors
    /// As of the two.
    pub fn encode_from(
        &self,
        from: &Kind,
        bytes: &[u8],
        width: usize,
        importance: Option<&[f32]>,
    ) -> Result<Vec<u8>, String> {
        let n = bytes.len() / from.block_bytes * from.block;
        from.check_len(bytes, n)?;
        self.check_rows(n, width, importance)?;
        if !from.is_readable() || !width.is_multiple_of(from.block) {
            return Err(format!("weights of type {} cannot be read", from.name));
        }
        self.each_chunk(n, width, |at, n, out, weights| {
            weights.resize(n, 0.0);
            let place = |n: usize| n / from.block * from.block_bytes;
            from.decode_chunk(&bytes[place(at)..place(at + n)], weights)?;
            self.check_weights(weights, at)?;
            self.encode_chunk(weights, width, importance, out);
            self.check_blocks(out)
        })
    }

    /// Refuses rows that cannot be encoded.
    fn check_rows(&self, n: usize, width: usize, importance: Option<&[f32]>) -> Result<(), String> {
        let name = self.name;
        if width == 0 || !n.is_multiple_of(width) {
            return Err(format!("{n} weights are not rows of {width}"));
        }
        if !width.is_multiple_of(self.block) {
            return Err(format!(
                "rows of {width} weights are not whole blocks of type {name}"
            ));
        }
        if let Some(importance) = importance.filter(|i| i.len() != width) {
            let n = importance.len();
            return Err(format!("{n} columns have importance, rows have {width}"));
        }
        match self.is_writable() {
            true => Ok(()),
            false => Err(format!("weights of type {name} cannot be made")),
        }
    }

    /// Has `n` weights encoded, whole rows of `width` at a time, on all threads: `encode` is given
    /// the first weight of a piece, how many there are, where their bytes go, and a buffer that is
    /// used again.
    fn each_chunk(
        &self,
        n: usize,
        width: usize,
        encode: impl Fn(usize, usize, &mut [u8], &mut Vec<f32>) -> Result<(), String> + Sync,
    ) -> Result<Vec<u8>, String> {
        let chunk = (CHUNK / width).max(1) * width;
        let mut bytes = vec![0; n / self.block * self.block_bytes];
        let pieces = bytes.par_chunks_mut(chunk / self.block * self.block_bytes);
        let pieces = pieces.enumerate();
        pieces.try_for_each_init(Vec::new, |buffer, (i, out)| {
            let n = out.len() / self.block_bytes * self.block;
            encode(i * chunk, n, out, buffer)
        })?;
        Ok(bytes)
    }

    /// Refuses a weight that is no number or too large; the first is number `first`.
    fn check_weights(&self, weights: &[f32], first: usize) -> Result<(), String> {
        let largest = self.largest();
        let n_bad = widest(CountBad(weights, largest));
        if n_bad == 0 {
            return Ok(());
        }
        let is_bad = |x: &f32| x.abs().partial_cmp(&largest).is_none_or(|o| o.is_gt());
        let at = weights.iter().position(is_bad).unwrap_or(0);
        let (x, at) = (weights[at], first + at);
        Err(match x.is_finite() {
            true => format!("weight {at} is {x}, too large for type {}", self.name),
            false => format!("weight {at} is {x}"),
        })
    }

    /// Encodes whole rows that were checked.
    fn encode_chunk(
        &self,
        weights: &[f32],
        width: usize,
        importance: Option<&[f32]>,
        out: &mut [u8],
    ) {
        match &self.code {
            Code::F32 => {
                for (out, x) in out.as_chunks_mut().0.iter_mut().zip(weights) {
                    *out = x.to_le_bytes();
                }
            }
            Code::F16 => {
                let mut halves = [f16::ZERO; HALVES];
                for (weights, out) in weights.chunks(HALVES).zip(out.chunks_mut(2 * HALVES)) {
                    let halves = &mut halves[..weights.len()];
                    halves.convert_from_f32_slice(weights);
                    for (out, half) in out.as_chunks_mut().0.iter_mut().zip(halves) {
                        *out = half.to_le_bytes();
                    }
                }
            }
            Code::Bf16 => {
                for (out, x) in out.as_chunks_mut().0.iter_mut().zip(weights) {
                    *out = bf16::from_f32(*x).to_le_bytes();
                }
            }
            Code::Blocks(_, encode, _) => encode(weights, width, importance, out),
            Code::Unknown => {} // refused by the caller
        }
    }

    /// Refuses blocks whose scales are no numbers: sums of errors are infinite where importance
    /// is absurd.
    fn check_blocks(&self, blocks: &[u8]) -> Result<(), String> {
        let Code::Blocks(_, _, halves) = self.code else {
            return Ok(());
        };
        let half = |block: &[u8], at: usize| f16::from_le_bytes([block[at], block[at + 1]]);
        let is_sound = |block: &[u8]| halves.iter().all(|at| half(block, *at).is_finite());
        match blocks.chunks_exact(self.block_bytes).all(is_sound) {
            true => Ok(()),
            false => Err(format!(
                "a scale of type {} is no number: importance is too large",
                self.name
            )),
        }
    }
}

/// Makes halves wide.
struct Widen<'a>(&'a [u8], &'a mut [f32]);

impl Work for Widen<'_> {
    type Done = ();

    #[inline(always)]
    fn run(self) {
        for (x, bytes) in self.1.iter_mut().zip(self.0.as_chunks().0) {
            *x = wide(u16::from_le_bytes(*bytes));
        }
    }
}

/// A half as f32, without a branch: exponents are moved from a bias of 15 to one of 127, but that
/// of infinity and what is no number to the last one; halves without the leading bit are added to
/// and taken from the smallest one that has it, so that no f32 is without it on the way.
#[inline(always)]
fn wide(half: u16) -> f32 {
    const MOVE: u32 = (127 - 15) << 23;
    const SMALLEST: u32 = (127 - 14) << 23;
    let bits = u32::from(half & 0x7fff) << 13;
    let normal = bits + MOVE;
    let small = f32::from_bits(bits + SMALLEST) - f32::from_bits(SMALLEST);
    let size = match (half & 0x7fff) < 0x0400 {
        true => small.to_bits(),
        false => normal,
    };
    let size = match (half & 0x7fff) >= 0x7c00 {
        true => size | 0x7f80_0000,
        false => size,
    };
    f32::from_bits(size | u32::from(half & 0x8000) << 16)
}

/// Counts weights that are no numbers or larger than a bound, of either sign. A loop without a way
/// out becomes vector instructions, one that stops at the first does not.
struct CountBad<'a>(&'a [f32], f32);

impl Work for CountBad<'_> {
    type Done = u32;

    #[inline(always)]
    fn run(self) -> u32 {
        let mut n_good = 0;
        for x in self.0 {
            n_good += u32::from(x.abs() <= self.1);
        }
        self.0.len() as u32 - n_good // a piece has fewer than 2^32 weights
    }
}

#[cfg(test)]
mod tests;
