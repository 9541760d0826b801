//! Types of tensors: how many weights a block holds, in how many bytes, and who can decode it.

use half::slice::HalfFloatSliceExt;
use half::{bf16, f16};
use rayon::prelude::*;

use super::blocks::{self, Encode, Format};

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
    /// Whole blocks.
    Blocks(Decode, Encode),
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
    let code = Code::Blocks(decode, blocks::rows::<F>);
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
            Code::F16 => {
                let mut halves = [f16::ZERO; HALVES];
                for (into, bytes) in into.chunks_mut(HALVES).zip(bytes.chunks(2 * HALVES)) {
                    let halves = &mut halves[..into.len()];
                    for (half, bytes) in halves.iter_mut().zip(bytes.as_chunks().0) {
                        *half = f16::from_le_bytes(*bytes);
                    }
                    halves.convert_to_f32_slice(into);
                }
            }
            Code::Bf16 => {
                for (x, bytes) in into.iter_mut().zip(bytes.as_chunks().0) {
                    *x = bf16::from_le_bytes(*bytes).to_f32();
                }
            }
            Code::Blocks(decode, _) => decode(bytes, into),
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
        let name = self.name;
        let n = weights.len();
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
        if !self.is_writable() {
            return Err(format!("weights of type {name} cannot be made"));
        }
        let chunk = (CHUNK / width).max(1) * width;
        let mut bytes = vec![0; n / self.block * self.block_bytes];
        weights
            .par_chunks(chunk)
            .zip(bytes.par_chunks_mut(chunk / self.block * self.block_bytes))
            .enumerate()
            .try_for_each(|(i, (weights, out))| {
                self.check_weights(weights, i * chunk)?;
                self.encode_chunk(weights, width, importance, out);
                Ok(())
            })
            .map(|()| bytes)
    }

    /// Refuses a weight that is no number or too large; the first is number `first`.
    fn check_weights(&self, weights: &[f32], first: usize) -> Result<(), String> {
        let largest = self.largest();
        // Counted, not sought: a loop without a way out becomes vector instructions.
        let is_bad = |x: &f32| x.abs().partial_cmp(&largest).is_none_or(|order| order.is_gt());
        let n_bad: u32 = weights.iter().map(|x| u32::from(!(x.abs() <= largest))).sum();
        let Some(at) = weights.iter().position(is_bad).filter(|_| n_bad > 0) else {
            return Ok(());
        };
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
            Code::Blocks(_, encode) => encode(weights, width, importance, out),
            Code::Unknown => {} // refused by the caller
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Weights in [-1, 1) without a pattern a block could exploit.
    fn weights(n: usize) -> Vec<f32> {
        let mut state = 1u64;
        let mut next = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
        };
        (0..n).map(|_| next()).collect()
    }

    #[test]
    fn a_round_trip_loses_no_more_than_the_bits_allow() {
        // Largest step of a block of weights in [-1, 1]: half the width of a level, times two for
        // the levels of the scales themselves in k-quants.
        let bounds = [
            ("F32", 0.0),
            ("F16", 1.0 / 2048.0),
            ("BF16", 1.0 / 256.0),
            ("Q8_0", 1.0 / 127.0 / 2.0 + 1e-3),
            ("Q6_K", 1.0 / 32.0),
            ("Q5_K", 1.0 / 15.0),
            ("Q5_0", 1.0 / 16.0 + 1e-3),
            ("Q5_1", 1.0 / 31.0 + 1e-2),
            ("Q4_K", 2.0 / 15.0),
            ("Q4_1", 1.0 / 15.0 + 1e-2),
            // The largest weight becomes -8; one of the other sign is clipped to 7 of 8.
            ("Q4_0", 1.0 / 8.0 + 1e-3),
        ];
        let original = weights(1024);
        for (name, bound) in bounds {
            let kind = Kind::named(name).unwrap();
            let bytes = kind.encode(&original, original.len(), None).unwrap();
            assert_eq!(Some(bytes.len() as u64), kind.len_bytes(1024), "{name}");
            let mut back = vec![0.0; 1024];
            kind.decode(&bytes, &mut back).unwrap();
            let worst = original
                .iter()
                .zip(&back)
                .map(|(a, b)| (a - b).abs())
                .fold(0.0, f32::max);
            assert!(worst <= bound, "{name}: {worst} > {bound}");
            assert!(name == "F32" || worst > 0.0, "{name} cannot be lossless");
        }
    }

    #[test]
    fn blocks_without_spread_are_kept() {
        let zeros = vec![0.0; 256];
        let ones = vec![0.5; 256];
        let mut spike = zeros.clone();
        spike[77] = -3.0;
        let tiny = vec![1e-9; 256];
        let half: Vec<f32> = (0..256).map(|i| if i < 128 { 0.0 } else { 1.0 }).collect();
        for kind in KINDS.iter().filter(|k| k.is_writable()) {
            for original in [&zeros, &ones, &spike, &tiny, &half] {
                let mut back = vec![f32::NAN; 256];
                let bytes = kind.encode(original, 256, None).unwrap();
                kind.decode(&bytes, &mut back).unwrap();
                let largest = original.iter().fold(0.0f32, |m, x| m.max(x.abs()));
                for (a, b) in original.iter().zip(&back) {
                    let bound = 0.15 * largest + 1e-9;
                    assert!((a - b).abs() <= bound, "{}: {a} became {b}", kind.name);
                }
            }
        }
    }

    #[test]
    fn long_tensors_are_cut_between_rows() {
        const WIDTH: usize = 3 * 256; // rows of an odd number of blocks
        let (rows, rest) = (CHUNK / WIDTH, 2);
        let original = weights((rows + rest) * WIDTH);
        let importance: Vec<f32> = (0..WIDTH).map(|i| (i % 7) as f32).collect();
        let importance = Some(&importance[..]);
        for kind in KINDS.iter().filter(|k| k.is_writable()) {
            let whole = kind.encode(&original, WIDTH, importance).unwrap();
            let (head, tail) = original.split_at(rows * WIDTH);
            let (head, tail) = (
                kind.encode(head, WIDTH, importance),
                kind.encode(tail, WIDTH, importance),
            );
            assert!(
                whole == [head.unwrap(), tail.unwrap()].concat(),
                "{}",
                kind.name
            );
            let mut back = vec![0.0; original.len()];
            kind.decode(&whole, &mut back).unwrap();
            assert!(
                kind.decode(&whole[1..], &mut back).is_err(),
                "{}",
                kind.name
            );
        }
    }

    #[test]
    fn what_cannot_be_encoded_is_refused_in_words() {
        let kind = |name| Kind::named(name).unwrap();
        let mut original = weights(512);
        let refused = |name, weights: &[f32], width, importance| {
            kind(name).encode(weights, width, importance).unwrap_err()
        };
        let said = refused("Q4_K", &original, 128, None);
        assert_eq!(said, "rows of 128 weights are not whole blocks of type Q4_K");
        let said = refused("Q4_0", &original, 300, None);
        assert_eq!(said, "512 weights are not rows of 300");
        assert_eq!(refused("Q4_0", &[], 0, None), "0 weights are not rows of 0");
        let said = refused("Q4_0", &original, 512, Some(&[1.0; 511]));
        assert_eq!(said, "511 columns have importance, rows have 512");
        let said = refused("IQ2_S", &original, 512, None);
        assert_eq!(said, "weights of type IQ2_S cannot be made");
        original[300] = -1e5;
        let said = refused("Q8_0", &original, 256, None);
        assert_eq!(said, "weight 300 is -100000, too large for type Q8_0");
        assert!(kind("BF16").encode(&original, 256, None).is_ok());
        original[299] = f32::NAN;
        assert_eq!(refused("F32", &original, 256, None), "weight 299 is NaN");
    }

    #[test]
    fn every_type_is_found_by_id_and_name() {
        for kind in &KINDS {
            assert!(CHUNK.is_multiple_of(kind.block), "{}", kind.name);
            assert_eq!(Kind::from_id(kind.id), Some(kind));
            assert_eq!(Kind::named(kind.name), Some(kind));
        }
    }
}
