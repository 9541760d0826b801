//! Ranges of code points to sequences of ranges of bytes.

/// Code points that take one, two and three bytes end here.
const ENDS: [u32; 3] = [0x7f, 0x7ff, 0xffff];

/// Calls `found` with sequences of byte ranges that together match the UTF-8 of exactly the
/// characters from `low` to `high`; surrogates among them are none.
pub(super) fn sequences(low: u32, high: u32, found: &mut impl FnMut(&[(u8, u8)])) {
    if low > high {
        return;
    }
    // Surrogates are no characters.
    if low <= 0xdfff && high >= 0xd800 {
        if low < 0xd800 {
            sequences(low, 0xd7ff, found);
        }
        sequences(0xe000.max(low), high, found);
        return;
    }
    for end in ENDS {
        if low <= end && end < high {
            sequences(low, end, found);
            sequences(end + 1, high, found);
            return;
        }
    }
    // Below a byte that differs, the bytes must go from their lowest to their highest.
    let n_bytes = 1 + ENDS.iter().filter(|end| low > **end).count();
    for i in 1..n_bytes {
        let below = (1u32 << (6 * i)) - 1;
        if low & !below == high & !below {
            break;
        }
        if low & below != 0 {
            sequences(low, low | below, found);
            sequences((low | below) + 1, high, found);
            return;
        }
        if high & below != below {
            sequences(low, (high & !below) - 1, found);
            sequences(high & !below, high, found);
            return;
        }
    }
    let (Some(low), Some(high)) = (char::from_u32(low), char::from_u32(high)) else {
        return;
    };
    let (mut a, mut b) = ([0; 4], [0; 4]);
    let a = low.encode_utf8(&mut a).as_bytes();
    let b = high.encode_utf8(&mut b).as_bytes();
    let mut ranges = [(0, 0); 4];
    for (range, (a, b)) in ranges.iter_mut().zip(a.iter().zip(b)) {
        *range = (*a, *b);
    }
    found(&ranges[..n_bytes]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequences_match_the_characters_of_the_range_and_no_others() {
        let mut state = 9u32;
        let edges = [
            0, 0x7f, 0x80, 0x7ff, 0x800, 0xd7ff, 0xe000, 0xffff, 0x1_0000, 0x10_ffff,
        ];
        let mut numbers = edges.to_vec();
        for _ in 0..60 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            numbers.push((state >> 8) % [0x200, 0x2000, 0x11_0000][numbers.len() % 3]);
        }
        for pair in numbers.windows(2).chain([&[0, 0x10_ffff][..]]) {
            let (low, high) = (pair[0].min(pair[1]), pair[0].max(pair[1]));
            let mut all = Vec::new();
            sequences(low, high, &mut |ranges| all.push(ranges.to_vec()));
            assert!(all.len() < 20, "{low:x}..{high:x}: {}", all.len());
            let near = |at: u32| at.saturating_sub(70)..at.saturating_add(70);
            let tried = near(low).chain(near(high)).chain(numbers.iter().copied());
            for c in tried.filter_map(char::from_u32) {
                let mut bytes = [0; 4];
                let bytes = c.encode_utf8(&mut bytes).as_bytes();
                let fits = |ranges: &&Vec<(u8, u8)>| {
                    ranges.len() == bytes.len()
                        && ranges
                            .iter()
                            .zip(bytes)
                            .all(|((a, b), x)| (a..=b).contains(&x))
                };
                let n = all.iter().filter(fits).count();
                let expected = usize::from((low..=high).contains(&(c as u32)));
                assert_eq!(n, expected, "{low:x}..{high:x}: {:x}", c as u32);
            }
        }
    }
}
