//! Values beside those of gguf-py (`tests/parity/blocks_gguf.py`) and of candle-core.

use std::collections::BTreeMap;

use candle_core::quantized::{GgmlDType, QStorage, QTensor};
use candle_core::{Device, Result};
use serde::Deserialize;

use crate::engine::gguf::Kind;

#[derive(Deserialize)]
struct Golden {
    formats: BTreeMap<String, Format>,
}

#[derive(Deserialize)]
struct Format {
    bytes: String,
    values: String,
}

fn unhex(hex: &str) -> Vec<u8> {
    let digit = |c: u8| (c as char).to_digit(16).unwrap() as u8;
    let pairs = hex.as_bytes().as_chunks().0.iter();
    pairs.map(|[a, b]| digit(*a) << 4 | digit(*b)).collect()
}

#[test]
fn values_are_those_of_gguf_py() {
    let golden = include_str!("../../../../tests/golden/blocks_gguf.json");
    let golden: Golden = serde_json::from_str(golden).unwrap();
    assert_eq!(golden.formats.len(), 12);
    for (name, format) in golden.formats {
        let kind = Kind::named(&name).unwrap();
        let values = unhex(&format.values);
        let values = values.as_chunks().0.iter().map(|b| f32::from_le_bytes(*b));
        let values: Vec<f32> = values.collect();
        let mut found = vec![f32::NAN; values.len()];
        kind.decode(&unhex(&format.bytes), &mut found).unwrap();
        for (i, (found, value)) in found.iter().zip(&values).enumerate() {
            // Its products are taken in another order.
            let bound = 2e-6 * value.abs().max(1e-2);
            assert!(
                (found - value).abs() <= bound,
                "{name} {i}: {found} is not {value}"
            );
        }
    }
}

/// Bytes that candle-core reads in place, and so must be aligned.
fn by_candle(dtype: GgmlDType, bytes: &[u8], n: usize) -> Result<Vec<f32>> {
    const ALIGN: usize = 16;
    let mut copy = vec![0; bytes.len() + ALIGN];
    let start = copy.as_ptr().align_offset(ALIGN).min(ALIGN);
    copy[start..start + bytes.len()].copy_from_slice(bytes);
    let aligned = &copy[start..start + bytes.len()];
    let storage = QStorage::from_data(aligned.into(), &Device::Cpu, dtype)?;
    let tensor = QTensor::new(storage, n)?.dequantize(&Device::Cpu)?;
    tensor.to_vec1()
}

#[test]
fn any_bytes_mean_what_they_mean_to_candle() {
    use GgmlDType::{Q2K, Q3K, Q4_0, Q4_1, Q4K, Q5_0, Q5_1, Q5K, Q6K, Q8_0};
    for dtype in [Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q2K, Q3K, Q4K, Q5K, Q6K] {
        let name = format!("{dtype:?}").replace("K", "_K");
        let kind = Kind::named(&name).unwrap();
        let n = 64 * kind.block;
        let mut state = 7u64;
        let mut next = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 56) as u8
        };
        let bytes: Vec<u8> = (0..64 * kind.block_bytes).map(|_| next()).collect();
        let mut found = vec![0.0; n];
        kind.decode(&bytes, &mut found).unwrap();
        let expected = by_candle(dtype, &bytes, n).unwrap();
        for (i, (a, b)) in found.iter().zip(&expected).enumerate() {
            let near = (a - b).abs() <= 1e-6 * b.abs().max(1e-3);
            let same = a.is_nan() && b.is_nan() || a == b; // infinite scales, and none
            assert!(near || same, "{name} {i}: {a} is not {b}");
        }
    }
}
