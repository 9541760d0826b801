//! Inner loops compiled once per instruction set, chosen when the program runs.
//!
//! A body that reads [`Lanes`], computes on them in loops over `0..LANES` and writes them back
//! becomes vector instructions; over slices of unknown length, or with several buffers that may
//! be the same one for all the compiler knows, it often does not.

use super::gemm::Element;

/// Numbers worked on side by side in loops that add up: a cache line of f32, one AVX-512 register.
pub(super) const LANES: usize = 16;

/// Numbers worked on side by side.
pub(super) type Lanes = [f32; LANES];

/// The widest instruction set of this machine that the loops are compiled for. Only
/// [`Isa::detect`] and [`Isa::named`] make one, so that holding it proves that its instructions
/// are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::engine) struct Isa(Level);

/// Instruction sets the loops are compiled for, the widest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    /// AVX-512, and tiles of bf16 for matrix products.
    #[cfg(target_arch = "x86_64")]
    Amx,
    /// 512-bit vectors: f, bw, dq, vl.
    #[cfg(target_arch = "x86_64")]
    Avx512,
    /// 256-bit vectors with fused multiply-add.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// 128-bit vectors with fused multiply-add, which every 64-bit Arm has.
    #[cfg(target_arch = "aarch64")]
    Neon,
    /// What every processor of the target has.
    Scalar,
}

/// Every instruction set this program is compiled for, the widest first, with its name.
const LEVELS: &[(Level, &str)] = &[
    #[cfg(target_arch = "x86_64")]
    (Level::Amx, "amx"),
    #[cfg(target_arch = "x86_64")]
    (Level::Avx512, "avx512"),
    #[cfg(target_arch = "x86_64")]
    (Level::Avx2, "avx2"),
    #[cfg(target_arch = "aarch64")]
    (Level::Neon, "neon"),
    (Level::Scalar, "scalar"),
];

impl Level {
    /// Why this machine cannot; none where it can.
    fn lacks(self) -> Option<&'static str> {
        match self {
            #[cfg(target_arch = "x86_64")]
            Level::Amx => Level::Avx512.lacks().or_else(super::gemm::amx::lacks),
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => {
                let there = Level::Avx2.lacks().is_none()
                    && is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512dq")
                    && is_x86_feature_detected!("avx512vl");
                (!there).then_some("the processor has no AVX-512 (f, bw, dq, vl)")
            }
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => {
                let there = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
                (!there).then_some("the processor has no AVX2 with FMA")
            }
            #[cfg(target_arch = "aarch64")]
            Level::Neon => None,
            Level::Scalar => None,
        }
    }
}

impl Isa {
    /// The widest that processor and system offer.
    pub(super) fn detect() -> Self {
        let can = |(level, _): &&(Level, _)| level.lacks().is_none();
        Isa(LEVELS.iter().find(can).map_or(Level::Scalar, |l| l.0))
    }

    /// What every processor has.
    pub(super) fn scalar() -> Self {
        Isa(Level::Scalar)
    }

    /// The one of that name.
    ///
    /// # Errors
    /// A name nobody knows, or an instruction set that is not there: why.
    pub(super) fn named(name: &str) -> std::result::Result<Self, String> {
        let known = LEVELS.iter().find(|(_, known)| *known == name);
        match known.map(|(level, _)| (*level, level.lacks())) {
            Some((level, None)) => Ok(Isa(level)),
            Some((_, Some(why))) => Err(why.into()),
            None => Err(format!("a program for {} has none", std::env::consts::ARCH)),
        }
    }

    /// Every one that processor and system offer, the widest first.
    #[cfg(test)]
    pub(super) fn all() -> Vec<Self> {
        let can = |(level, _): &&(Level, _)| level.lacks().is_none();
        LEVELS.iter().filter(can).map(|l| Isa(l.0)).collect()
    }

    /// Why wider ones were passed over, the widest first.
    pub(super) fn passed_over(self) -> Vec<(&'static str, &'static str)> {
        let wider = LEVELS.iter().take_while(|(level, _)| *level != self.0);
        wider
            .filter_map(|(level, name)| Some((*name, level.lacks()?)))
            .collect()
    }

    /// Why the system does not let us use a wider one that the processor has; none where it does.
    pub(super) fn refused() -> Option<&'static str> {
        #[cfg(target_arch = "x86_64")]
        return super::gemm::amx::refused();
        #[cfg(not(target_arch = "x86_64"))]
        None
    }

    /// The instruction set.
    pub(super) fn level(self) -> Level {
        self.0
    }

    /// Its name, for people.
    pub(super) fn name(self) -> &'static str {
        let own = LEVELS.iter().find(|(level, _)| *level == self.0);
        own.map_or("scalar", |(_, name)| name)
    }
}

/// Makes a function that takes an [`Isa`] first and runs the body compiled for it. `FMA` says in
/// the body whether a fused multiply-add is one instruction.
macro_rules! simd {
    ($(#[$meta:meta])* $vis:vis fn $name:ident<FMA $(, $E:ident: $bound:path)*>($($arg:ident: $ty:ty),* $(,)?) $(-> $ret:ty)? $body:block) => {
        $(#[$meta])*
        #[allow(unsafe_code)] // the calls below, each behind its detection
        $vis fn $name<$($E: $bound),*>(isa: $crate::engine::ops::simd::Isa, $($arg: $ty),*) $(-> $ret)? {
            use $crate::engine::ops::simd::Level;

            #[inline(always)]
            fn body<const FMA: bool $(, $E: $bound)*>($($arg: $ty),*) $(-> $ret)? $body

            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
            fn avx512<$($E: $bound),*>($($arg: $ty),*) $(-> $ret)? {
                body::<true $(, $E)*>($($arg),*)
            }

            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,fma")]
            fn avx2<$($E: $bound),*>($($arg: $ty),*) $(-> $ret)? {
                body::<true $(, $E)*>($($arg),*)
            }

            match isa.level() {
                #[cfg(target_arch = "x86_64")]
                // SAFETY: an `Isa` of this level was only made where the features were detected
                Level::Amx | Level::Avx512 => unsafe { avx512::<$($E),*>($($arg),*) },
                #[cfg(target_arch = "x86_64")]
                // SAFETY: an `Isa` of this level was only made where the features were detected
                Level::Avx2 => unsafe { avx2::<$($E),*>($($arg),*) },
                #[cfg(target_arch = "aarch64")]
                Level::Neon => body::<true $(, $E)*>($($arg),*),
                Level::Scalar => body::<false $(, $E)*>($($arg),*),
            }
        }
    };
}
pub(super) use simd;

/// a·b + c, in one rounding where that is one instruction.
#[inline(always)]
pub(super) fn fma<const FMA: bool>(a: f32, b: f32, c: f32) -> f32 {
    if FMA { a.mul_add(b, c) } else { a * b + c }
}

/// e^x without branches, to about 1e-7 of itself; below −87 it stays e^−87, above 88 e^88.
#[inline(always)]
pub(in crate::engine) fn exp<const FMA: bool>(x: f32) -> f32 {
    // adding 1.5·2^23 leaves the nearest whole number in the lowest bits of the mantissa
    const ROUND: f32 = 12_582_912.0;
    // ln 2 in two pieces, the first short enough that k times it is exact
    const LN2_HIGH: f32 = 0.693_359_4;
    const LN2_LOW: f32 = -2.121_944_4e-4;
    let x = x.clamp(-87.0, 88.0);
    let shifted = fma::<FMA>(x, std::f32::consts::LOG2_E, ROUND);
    let k = shifted - ROUND;
    let rest = fma::<FMA>(k, -LN2_LOW, fma::<FMA>(k, -LN2_HIGH, x));
    // Taylor's series: |rest| <= ln 2 / 2, so that the first term left out is below 6e-9
    let mut e = 1.0 / 5040.0;
    for term in [
        1.0 / 720.0,
        1.0 / 120.0,
        1.0 / 24.0,
        1.0 / 6.0,
        0.5,
        1.0,
        1.0,
    ] {
        e = fma::<FMA>(e, rest, term);
    }
    e * f32::from_bits((shifted.to_bits() << 23).wrapping_add(1.0_f32.to_bits()))
}

/// 2^x to about 1e-7 of itself, plus 4e-8 for each power of two; below −125 it stays 2^−125, and
/// above 127 it is no more a power of two.
#[inline(always)]
pub(super) fn exp2<const FMA: bool>(x: f32) -> f32 {
    // the polynomial of degree 5 of the least relative error on [-1/2, 1/2], by Remez's algorithm
    exp2_by::<FMA, 6>(
        x,
        [
            0.001_327_647_3,
            0.009_675_541,
            0.055_507_13,
            0.240_221_2,
            0.693_146_94,
            1.000_000_1,
        ],
    )
}

/// 2^x to 8e-5 of itself, where it is rounded to bf16 anyway; below −125 it stays 2^−125.
#[inline(always)]
pub(super) fn exp2_about<const FMA: bool>(x: f32) -> f32 {
    // as in `exp2`, of degree 3
    exp2_by::<FMA, 4>(x, [0.055_171_67, 0.242_611_13, 0.693_261, 0.999_928_06])
}

#[inline(always)]
fn exp2_by<const FMA: bool, const N: usize>(x: f32, terms: [f32; N]) -> f32 {
    const ROUND: f32 = 12_582_912.0; // as in `exp`
    let x = if x < -125.0 { -125.0 } else { x };
    let shifted = x + ROUND;
    let rest = x - (shifted - ROUND);
    let mut e = terms[0];
    for &term in &terms[1..] {
        e = fma::<FMA>(e, rest, term);
    }
    // the power's whole part goes to the exponent
    f32::from_bits(e.to_bits().wrapping_add(shifted.to_bits() << 23))
}

/// 1/x to 2e-4 of itself, of 1e-37 to 1e37, where it is rounded to bf16 anyway: a division takes
/// as long as some ten other instructions.
#[inline(always)]
pub(super) fn inverse_about<const FMA: bool>(x: f32) -> f32 {
    // turns the sign of the exponent and inverts the mantissa to 5 %; what is missing after the
    // step (Halley's) is the third power of what was missing before
    let y = f32::from_bits(0x7ef3_11c7_u32.wrapping_sub(x.to_bits()));
    let missing = fma::<FMA>(-x, y, 1.0);
    fma::<FMA>(y, fma::<FMA>(missing, missing, missing), y)
}

/// Asks for the cache line a page after the number at `at`, inside of the buffer or not: the
/// processor itself asks for the next lines of a page only, and in a loop that does little else
/// than read, every first line of a page is waited for.
#[inline(always)]
pub(super) fn ask_ahead<T>(at: &T) {
    #[cfg(target_arch = "x86_64")]
    #[allow(unsafe_code)]
    // SAFETY: every processor of the target knows the instruction, which changes nothing and
    // takes any address
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(at).wrapping_byte_add(4096).cast());
    }
    let _ = at;
}

/// Stored numbers in f32.
#[inline(always)]
pub(super) fn widen<E: Element>(from: &[E; LANES]) -> Lanes {
    let mut x = [0.0; LANES];
    for lane in 0..LANES {
        x[lane] = from[lane].wide();
    }
    x
}

/// Numbers rounded to how they are stored, to the nearest, ties away from zero: the second half
/// of the instructions of ties to even are spared, where ties are as rare as any other number.
#[inline(always)]
pub(super) fn narrow<E: Element>(x: &Lanes) -> [E; LANES] {
    let mut to = [E::narrow(0.0); LANES];
    for lane in 0..LANES {
        to[lane] = E::narrow_away(x[lane]);
    }
    to
}

/// The last numbers of a slice, fewer than [`LANES`], and others after them.
#[inline(always)]
pub(super) fn padded<E: Element>(rest: &[E], others: f32) -> [E; LANES] {
    let mut x = [E::narrow(others); LANES];
    x[..rest.len()].copy_from_slice(rest);
    x
}

/// Σ a·b in [`LANES`] sums.
#[inline(always)]
pub(super) fn dot<const FMA: bool>(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0; LANES];
    let (mut a, mut b) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    for (a, b) in a.by_ref().zip(b.by_ref()) {
        for lane in 0..LANES {
            sums[lane] = fma::<FMA>(a[lane], b[lane], sums[lane]);
        }
    }
    for (lane, (&a, &b)) in a.remainder().iter().zip(b.remainder()).enumerate() {
        sums[lane] = fma::<FMA>(a, b, sums[lane]);
    }
    sum_lanes(sums)
}

/// Largest number; −∞ of none.
#[inline(always)]
pub(super) fn max(x: &[f32]) -> f32 {
    let mut tops = [f32::NEG_INFINITY; LANES];
    let mut chunks = x.chunks_exact(LANES);
    for chunk in chunks.by_ref() {
        for lane in 0..LANES {
            tops[lane] = if chunk[lane] > tops[lane] {
                chunk[lane]
            } else {
                tops[lane]
            };
        }
    }
    let rest = chunks.remainder().iter().chain(&tops);
    rest.fold(f32::NEG_INFINITY, |top, &x| if x > top { x } else { top })
}

/// Halves the lanes until one is left.
#[inline(always)]
pub(super) fn sum_lanes(mut sums: [f32; LANES]) -> f32 {
    let mut width = LANES / 2;
    while width > 0 {
        for lane in 0..width {
            sums[lane] += sums[lane + width];
        }
        width /= 2;
    }
    sums[0]
}

#[cfg(test)]
mod tests {
    use super::*;

    simd! {
        fn exps<FMA>(into: &mut [f32], x: &[f32]) {
            into.iter_mut().zip(x).for_each(|(into, &x)| *into = exp::<FMA>(x));
        }
    }

    #[test]
    fn the_fast_exponential_is_that_of_the_standard_library() {
        let x: Vec<f32> = (0..87_000)
            .map(|i| 0.5 - i as f32 * 1e-3)
            .chain([60.0, 88.0])
            .collect();
        for isa in Isa::all() {
            let mut fast = vec![0.0; x.len()];
            exps(isa, &mut fast, &x);
            for (&x, &fast) in x.iter().zip(&fast) {
                let exact = f64::from(x).exp();
                let off = (f64::from(fast) - exact).abs() / exact;
                assert!(off < 3e-7, "e^{x} is off by {off} with {}", isa.name());
            }
        }
    }

    simd! {
        fn others<FMA>(into: &mut [[f32; 3]], x: &[f32]) {
            for (into, &x) in into.iter_mut().zip(x) {
                let inverse = inverse_about::<FMA>(x.abs() + 1.0);
                *into = [exp2::<FMA>(x), exp2_about::<FMA>(x), inverse];
            }
        }
    }

    #[test]
    fn powers_of_two_and_inverses_are_as_exact_as_they_say() {
        let x: Vec<f32> = (0..251_000).map(|i| 126.0 - i as f32 * 1e-3).collect();
        for isa in Isa::all() {
            let mut found = vec![[0.0; 3]; x.len()];
            others(isa, &mut found, &x);
            for (&x, found) in x.iter().zip(&found) {
                let wide = f64::from(x);
                let exact = [wide.exp2(), wide.exp2(), 1.0 / (wide.abs() + 1.0)];
                for (i, allowed) in [3e-7, 8e-5, 2e-4].into_iter().enumerate() {
                    let off = (f64::from(found[i]) / exact[i] - 1.0).abs();
                    assert!(off < allowed, "{i}: {off} at {x} with {}", isa.name());
                }
            }
        }
    }

    #[test]
    fn the_fast_exponential_does_not_hide_a_number_that_is_none() {
        let x = [f32::NAN, f32::NEG_INFINITY, f32::INFINITY];
        let (mut out, mut powers) = ([0.0; 3], [[0.0; 3]; 3]);
        exps(Isa::detect(), &mut out, &x);
        others(Isa::detect(), &mut powers, &x);
        assert!(out[0].is_nan() && out[1] < 1e-37 && out[2] > 1e38);
        assert!(powers[0].iter().all(|x| x.is_nan()) && powers[1][..2].iter().all(|&x| x < 1e-37));
    }

    #[test]
    fn sums_and_maxima_take_every_length() {
        for n in 0..40 {
            let x: Vec<f32> = (0..n).map(|i| (i * 7 % 11) as f32 - 5.0).collect();
            let plain: f32 = x.iter().map(|x| x * x).sum();
            assert_eq!(dot::<false>(&x, &x), plain, "{n}");
            assert_eq!(
                max(&x),
                x.iter().copied().fold(f32::NEG_INFINITY, f32::max),
                "{n}"
            );
        }
    }
}
