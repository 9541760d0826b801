//! Numbers that operations compute with, and numbers that activations are kept in.

use std::fmt::Debug;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Div, Mul, MulAssign, Neg, Sub, SubAssign};

use half::bf16;

use super::buffer::Plain;
use super::gemm::Element;

/// A number that is computed with: f32, or f64 to judge gradients by.
pub trait Real:
    Plain
    + Stored<Self>
    + Debug
    + Default
    + PartialOrd
    + Add<Output = Self>
    + AddAssign
    + Div<Output = Self>
    + Mul<Output = Self>
    + MulAssign
    + Neg<Output = Self>
    + Sub<Output = Self>
    + SubAssign
    + Sum
{
    /// 0.
    const ZERO: Self;
    /// 1.
    const ONE: Self;
    /// Nearest number of this type.
    fn of(x: f64) -> Self;
    /// The same number in f64.
    fn wide(self) -> f64;
    /// e to the power of it.
    fn exp(self) -> Self;
    /// Natural logarithm.
    fn ln(self) -> Self;
    /// Square root.
    fn sqrt(self) -> Self;
    /// The larger one.
    fn max(self, other: Self) -> Self;
}

macro_rules! real {
    ($($t:ident),*) => {$(
        impl Real for $t {
            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;
            fn of(x: f64) -> Self {
                x as $t
            }
            fn wide(self) -> f64 {
                self as f64
            }
            fn exp(self) -> Self {
                $t::exp(self)
            }
            fn ln(self) -> Self {
                $t::ln(self)
            }
            fn sqrt(self) -> Self {
                $t::sqrt(self)
            }
            fn max(self, other: Self) -> Self {
                $t::max(self, other)
            }
        }
    )*};
}

real!(f32, f64);

/// A number that activations and the matrices of a model are kept in, where T is computed with:
/// T itself, or fewer bits of it.
pub trait Stored<T: Real>: Plain + Debug + Default {
    /// The same number, to compute with.
    fn get(self) -> T;
    /// The nearest number of this type.
    fn put(x: T) -> Self;
    /// The numbers that matrix products read: the parameters themselves, or their rounded copy.
    fn weights<'a>(params: &'a [T], copy: &'a [Self]) -> &'a [Self];
}

macro_rules! itself {
    ($($t:ident),*) => {$(
        impl Stored<$t> for $t {
            #[inline(always)]
            fn get(self) -> $t {
                self
            }
            #[inline(always)]
            fn put(x: $t) -> Self {
                x
            }
            fn weights<'a>(params: &'a [$t], _: &'a [Self]) -> &'a [Self] {
                params
            }
        }
    )*};
}

itself!(f32, f64);

impl Stored<f32> for bf16 {
    #[inline(always)]
    fn get(self) -> f32 {
        self.wide()
    }
    #[inline(always)]
    fn put(x: f32) -> Self {
        bf16::narrow(x)
    }
    fn weights<'a>(_: &'a [f32], copy: &'a [Self]) -> &'a [Self] {
        copy
    }
}
