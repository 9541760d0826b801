//! Types of tensors: bytes there and back, and what is refused.

use proptest::prelude::*;

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
    assert_eq!(
        said,
        "rows of 128 weights are not whole blocks of type Q4_K"
    );
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

#[test]
fn what_is_encoded_already_is_encoded_again_as_what_it_means() {
    const WIDTH: usize = 512;
    let original = weights(CHUNK + WIDTH);
    let importance: Vec<f32> = (0..WIDTH).map(|i| (i % 5) as f32).collect();
    let kind = |name| Kind::named(name).unwrap();
    for (from, to) in [
        ("F16", "Q4_K"),
        ("BF16", "Q8_0"),
        ("Q5_0", "Q6_K"),
        ("Q6_K", "F16"),
    ] {
        let (from, to) = (kind(from), kind(to));
        let bytes = from.encode(&original, WIDTH, None).unwrap();
        let mut meant = vec![0.0; original.len()];
        from.decode(&bytes, &mut meant).unwrap();
        let importance = Some(&importance[..]);
        let expected = to.encode(&meant, WIDTH, importance).unwrap();
        assert!(to.encode_from(from, &bytes, WIDTH, importance).unwrap() == expected);
        assert!(to.encode_from(from, &bytes[1..], WIDTH, None).is_err());
    }
    let unknown = kind("IQ2_S").block_bytes * 2;
    let said = kind("Q4_0").encode_from(kind("IQ2_S"), &vec![0; unknown], WIDTH, None);
    assert_eq!(said.unwrap_err(), "weights of type IQ2_S cannot be read");
}

#[test]
fn every_half_is_made_wide_exactly() {
    let halves: Vec<u16> = (0..=u16::MAX).collect();
    let bytes: Vec<u8> = halves.iter().flat_map(|half| half.to_le_bytes()).collect();
    let mut found = vec![0.0; halves.len()];
    Kind::named("F16")
        .unwrap()
        .decode(&bytes, &mut found)
        .unwrap();
    for (half, found) in halves.iter().zip(&found) {
        let expected = f16::from_bits(*half).to_f32();
        let same = expected.to_bits() == found.to_bits();
        assert!(
            same || expected.is_nan() && found.is_nan(),
            "{half:04x}: {found}"
        );
    }
}

#[test]
fn absurd_importance_never_makes_a_file_that_means_nothing() {
    let original = weights(512);
    let absurd: [f32; 5] = [0.0, f32::MIN_POSITIVE, 1e-30, 1e20, f32::MAX];
    let mut n_refused = 0;
    for kind in KINDS.iter().filter(|k| k.is_writable()) {
        for size in absurd {
            let importance: Vec<f32> = (0..256).map(|i| size * (i % 3) as f32 / 2.0).collect();
            let Ok(bytes) = kind.encode(&original, 256, Some(&importance)) else {
                n_refused += 1;
                continue;
            };
            let mut back = vec![0.0; original.len()];
            kind.decode(&bytes, &mut back).unwrap();
            assert!(back.iter().all(|x| x.is_finite()), "{} {size}", kind.name);
        }
    }
    assert!((1..20).contains(&n_refused), "{n_refused}");
}

proptest! {
    #[test]
    fn any_weights_are_encoded_or_refused(
        bits in prop::collection::vec(any::<u32>(), 256),
        importance in prop::collection::vec(any::<u32>(), 256),
        shift in 0u32..40,
    ) {
        // Most patterns of bits are far apart in size; shifted exponents bring them closer.
        let number = |bits: &u32| f32::from_bits(bits & 0x8fff_ffff | (shift + 87) << 23);
        let weights: Vec<f32> = bits.iter().map(number).collect();
        let importance: Vec<f32> = importance.iter().map(|b| f32::from_bits(b >> 2)).collect();
        for kind in KINDS.iter().filter(|k| k.is_writable()) {
            for importance in [None, Some(&importance[..])] {
                if let Ok(bytes) = kind.encode(&weights, 256, importance) {
                    let mut back = vec![0.0; 256];
                    kind.decode(&bytes, &mut back).unwrap();
                    prop_assert!(back.iter().all(|x| x.is_finite()), "{}", kind.name);
                }
            }
        }
    }
}
