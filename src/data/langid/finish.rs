//! Weights → a section of the model: rounded to bytes, with fitted probabilities.

use super::draw::{Draw, Rng};
use super::features::{Grain, Script};
use super::learn::Lesson;
use super::model::{Section, Tally, WAYS, ZERO, tag};
use super::rows::Rows;
use super::train::{Shelves, excerpt};

/// Excerpts of each language that probabilities are fitted on.
pub(super) const FIT_VISITS: usize = 400;

/// Rounds weights to bytes and lays them out as a table.
pub(super) fn quantise(
    lesson: &Lesson,
    (script, grain): (Script, Grain),
    labels: Vec<String>,
    bits: u32,
) -> Section {
    let rows = Rows::new(labels.len(), WAYS << bits);
    let mut section = Section {
        script,
        grain,
        bias: vec![0.0; labels.len()],
        labels,
        bits,
        tags: vec![0; 1 << bits],
        rows,
        scale: 1.0,
        power: 0.5,
        known: 0.1,
    };
    let learned = lesson.learned();
    let weights = learned.iter().flat_map(|(_, weights)| weights);
    let mut sizes: Vec<f32> = weights.map(|w| w.abs()).collect();
    sizes.sort_unstable_by(f32::total_cmp);
    // One weight in ten thousand is clipped, so that the others keep their resolution.
    let top = sizes.len().saturating_sub(sizes.len() / 10_000 + 1);
    section.scale = sizes.get(top).map_or(1.0, |s| s.max(f32::MIN_POSITIVE)) / 127.0;
    for (hash, weights) in learned {
        let bucket = (hash >> (64 - bits)) as usize;
        let tags = &mut section.tags[bucket];
        let Some(way) = (0..WAYS).find(|way| (*tags >> (way * 16)) as u16 == 0) else {
            continue;
        };
        *tags |= u64::from(tag(hash)) << (way * 16);
        for (lane, weight) in weights.into_iter().enumerate() {
            let byte = (weight / section.scale).round().clamp(-127.0, 127.0) + f32::from(ZERO);
            section
                .rows
                .put(section.slot(bucket, way), lane, byte as u8);
        }
    }
    section
}

/// Fits the section's probabilities on `visits` excerpts a label of segments set aside.
pub(super) fn fit(section: &mut Section, shelves: &Shelves, visits: usize, mut rng: Rng) {
    let mut tallies = Vec::new();
    let mut hashes = Vec::new();
    for (label, shelf) in shelves.values().enumerate() {
        let draw = Draw::new(&shelf.held_out, section.grain);
        for _ in 0..visits {
            let Some(text) = draw.next(&mut rng) else {
                break;
            };
            excerpt(text, (section.script, section.grain), &mut rng, &mut hashes);
            let mut tally = Tally::new();
            section.add(&hashes, &mut tally);
            tallies.push((label, tally));
        }
    }
    let known = tallies.iter().map(|(_, tally)| tally.known());
    let mut shares: Vec<f32> = known.filter(|k| k.0 >= 100).map(|k| k.1).collect();
    shares.sort_unstable_by(f32::total_cmp);
    if section.grain == Grain::Fine {
        shares.clear();
    }
    section.known = shares.get(shares.len() / 100).map_or(0.0, |s| s.max(0.01)) * 0.9;
    let unit = section.scale;
    let mut best = (f64::INFINITY, section.scale, section.power);
    for tenths in 0..10u8 {
        for quarter in -8..20i32 {
            section.power = f32::from(tenths) / 10.0;
            section.scale = unit * 2f32.powf(quarter as f32 / 4.0 + 2.0 * (section.power - 0.5));
            let loss = |(label, tally): &(usize, Tally)| {
                -f64::from(section.probabilities(tally)[*label].max(1e-6).ln())
            };
            let sum: f64 = tallies.iter().map(loss).sum();
            if sum < best.0 {
                best = (sum, section.scale, section.power);
            }
        }
    }
    (section.scale, section.power) = (best.1, best.2);
    if section.grain == Grain::Fine {
        balance(section, &tallies);
    }
}

/// Excerpts of each language of a close group: one for this many that it learnt from in a pass.
pub(super) const FINE_FIT_SHARE: usize = 6;
/// Rounds of balancing, and how far a bias moves for a recall that is off by one.
const BALANCE: (usize, f32) = (60, 0.4);

/// Share of that bias that is used: all of it would cost long texts more than it gives short ones.
const BALANCED: f32 = 0.6;

/// Sets the bias so that every language of a group is found equally often: the one in the
/// middle, which has no letters of its own, is else hardly ever the likeliest.
fn balance(section: &mut Section, tallies: &[(usize, Tally)]) {
    let (rounds, pace) = BALANCE;
    for _ in 0..rounds {
        let mut found = vec![(0u32, 0u32); section.labels.len()];
        for (label, tally) in tallies {
            let p = section.probabilities(tally);
            let own = p.get(*label).copied().unwrap_or(0.0);
            found[*label].0 += 1;
            found[*label].1 += u32::from(p.iter().all(|&other| other <= own));
        }
        let recall: Vec<f32> = found
            .iter()
            .map(|&(all, right)| right as f32 / all.max(1) as f32)
            .collect();
        let mean = recall.iter().sum::<f32>() / recall.len().max(1) as f32;
        for (bias, recall) in section.bias.iter_mut().zip(recall) {
            *bias += pace * (mean - recall);
        }
    }
    section.bias.iter_mut().for_each(|bias| *bias *= BALANCED);
}
