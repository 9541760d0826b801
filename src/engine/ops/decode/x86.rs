//! What the compiler makes no vectors of, for x86: halves in f32.

use std::arch::x86_64::*;

use half::f16;

/// Halves in f32.
pub(super) fn widen(into: &mut [f32], from: &[f16]) {
    let n = if is_x86_feature_detected!("avx512f") {
        // SAFETY: detected in the line above
        unsafe { sixteens(into, from) }
    } else if is_x86_feature_detected!("avx") && is_x86_feature_detected!("f16c") {
        // SAFETY: detected in the line above
        unsafe { eights(into, from) }
    } else {
        0
    };
    for (into, from) in into.iter_mut().zip(from).skip(n) {
        *into = from.to_f32();
    }
}

/// Widens whole sixteens, and says how many numbers those are.
#[target_feature(enable = "avx512f")]
fn sixteens(into: &mut [f32], from: &[f16]) -> usize {
    let both = into
        .as_chunks_mut::<16>()
        .0
        .iter_mut()
        .zip(from.as_chunks::<16>().0);
    let mut n = 0;
    for (into, from) in both {
        // SAFETY: sixteen halves are there, and room for as many numbers
        unsafe {
            let halves = _mm256_loadu_si256(from.as_ptr().cast());
            _mm512_storeu_ps(into.as_mut_ptr(), _mm512_cvtph_ps(halves));
        }
        n += 16;
    }
    n
}

/// The same of whole eights.
#[target_feature(enable = "avx,f16c")]
fn eights(into: &mut [f32], from: &[f16]) -> usize {
    let both = into
        .as_chunks_mut::<8>()
        .0
        .iter_mut()
        .zip(from.as_chunks::<8>().0);
    let mut n = 0;
    for (into, from) in both {
        // SAFETY: eight halves are there, and room for as many numbers
        unsafe {
            let halves = _mm_loadu_si128(from.as_ptr().cast());
            _mm256_storeu_ps(into.as_mut_ptr(), _mm256_cvtph_ps(halves));
        }
        n += 8;
    }
    n
}

#[cfg(test)]
mod tests {
    use super::*;

    type Widen = fn(&mut [f32], &[f16]) -> usize;

    #[test]
    fn every_half_is_what_it_was() {
        let mut ways: Vec<Widen> = vec![|into, from| {
            widen(into, from);
            from.len()
        }];
        if is_x86_feature_detected!("avx") && is_x86_feature_detected!("f16c") {
            // SAFETY: detected in the line above
            ways.push(|into, from| unsafe { eights(into, from) });
        }
        if is_x86_feature_detected!("avx512f") {
            // SAFETY: detected in the line above
            ways.push(|into, from| unsafe { sixteens(into, from) });
        }
        let halves: Vec<f16> = (0..=u16::MAX).map(f16::from_bits).collect();
        for way in ways {
            for n in [halves.len(), 29, 7] {
                let mut wide = vec![f32::NAN; n];
                let n_wide = way(&mut wide, &halves[..n]);
                assert!(n_wide == n || n - n_wide < 16);
                for (wide, half) in wide.iter().zip(&halves[..n_wide]) {
                    let is_same = *wide == half.to_f32() || wide.is_nan() && half.is_nan();
                    assert!(is_same, "{half} became {wide}");
                }
            }
        }
    }
}
