//! The scales of a block's parts are themselves levels of one scale.

use super::nearest;

/// Scales that are all smaller than this are zero (`GROUP_MAX_EPS`).
const NOTHING: f32 = 1e-15;

/// Levels of positive numbers, and one step between them in half precision still to be rounded.
pub(super) struct Ladder<const P: usize> {
    /// One step.
    pub(super) step: f32,
    /// How many steps each number is.
    pub(super) levels: [u8; P],
}

/// The largest number gets the level `top`.
#[inline(always)]
pub(super) fn by_largest<const P: usize>(numbers: &[f32; P], top: u8) -> Ladder<P> {
    let largest = |most: f32, x: &f32| if *x > most { *x } else { most };
    let largest = numbers.iter().fold(0.0, largest);
    let inverse = if largest > 0.0 {
        f32::from(top) / largest
    } else {
        0.0
    };
    Ladder {
        step: largest / f32::from(top),
        levels: numbers.map(|x| (nearest(inverse * x) as u8).min(top)),
    }
}

/// As [`by_largest`] in nine trials with a little more or less, then by descent as in
/// [`descent`](super::search::descent); an error costs as much as its part weighs.
#[inline(always)]
pub(super) fn by_cost<const P: usize>(numbers: &[f32; P], costs: &[f32; P], top: i32) -> Ladder<P> {
    const TRIALS: i32 = 4;
    const STEP: f32 = 0.1;
    let largest = |most: f32, x: &f32| if *x > most { *x } else { most };
    let largest = numbers.iter().fold(0.0, largest);
    let mut levels = [0u8; P];
    if largest < NOTHING {
        return Ladder { step: 0.0, levels };
    }
    let mut inverse = top as f32 / largest;
    let mut least = error(numbers, costs, inverse, top);
    for trial in (-TRIALS..=TRIALS).filter(|trial| *trial != 0) {
        let tried = (STEP * trial as f32 + top as f32) / largest;
        let error = error(numbers, costs, tried, top);
        if error < least {
            (least, inverse) = (error, tried);
        }
    }
    let (mut by_x, mut by_level) = (0.0, 0.0);
    for p in 0..P {
        let level = nearest(inverse * numbers[p]).min(top);
        levels[p] = level as u8;
        let level = level as f32;
        by_x += costs[p] * numbers[p] * level;
        by_level += costs[p] * level * level;
    }
    descend(numbers, costs, top, &mut levels, (&mut by_x, &mut by_level));
    let step = if by_level > 0.0 { by_x / by_level } else { 0.0 };
    Ladder { step, levels }
}

/// Σ cost·error² where one step is 1/`inverse`.
#[inline(always)]
fn error<const P: usize>(numbers: &[f32; P], costs: &[f32; P], inverse: f32, top: i32) -> f32 {
    let step = 1.0 / inverse;
    let mut sum = 0.0;
    for p in 0..P {
        let level = nearest(inverse * numbers[p]).min(top);
        let off = numbers[p] - step * level as f32;
        sum += costs[p] * off * off;
    }
    sum
}

/// Moves one number after the other to the level that suits the rest, five times at most.
#[inline(always)]
fn descend<const P: usize>(
    numbers: &[f32; P],
    costs: &[f32; P],
    top: i32,
    levels: &mut [u8; P],
    (by_x, by_level): (&mut f32, &mut f32),
) {
    const ROUNDS: usize = 5;
    for _ in 0..ROUNDS {
        let mut has_moved = false;
        for p in 0..P {
            let (x, cost, old) = (numbers[p], costs[p], f32::from(levels[p]));
            let rest_x = *by_x - cost * x * old;
            let rest_level = *by_level - cost * old * old;
            if !(rest_x > 0.0 && rest_level > 0.0) {
                continue;
            }
            let new = nearest(x * rest_level / rest_x).min(top);
            if new == i32::from(levels[p]) {
                continue;
            }
            let with_x = rest_x + cost * x * new as f32;
            let with_level = rest_level + cost * new as f32 * new as f32;
            if with_x * with_x * *by_level > *by_x * *by_x * with_level {
                levels[p] = new as u8;
                (*by_x, *by_level) = (with_x, with_level);
                has_moved = true;
            }
        }
        if !has_moved {
            return;
        }
    }
}

/// The number of the largest size, the first of several, with its sign.
#[inline(always)]
pub(super) fn largest_size<const P: usize>(numbers: &[f32; P]) -> f32 {
    let larger = |most: f32, x: &f32| if x.abs() > most.abs() { *x } else { most };
    numbers.iter().fold(0.0, larger)
}
