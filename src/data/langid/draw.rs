//! Random choices of training: a generator, and segments drawn evenly on their sources.

use super::train::Sources;

/// A source is drawn from in proportion to the number of its segments to this power: running
/// text, of which there is little, must not drown in interface strings.
const SOURCE_POWER: f64 = 0.3;

/// SplitMix64: a small generator whose streams can be split by number.
#[derive(Debug, Clone)]
pub(super) struct Rng(u64);

impl Rng {
    pub(super) fn new(seed: u64) -> Self {
        Rng(seed)
    }

    /// A generator of its own for part `number` of the work.
    pub(super) fn child(&self, number: u64) -> Self {
        Rng(Rng(self.0 ^ number.wrapping_mul(0xD1B5_4A32_D192_ED03)).next())
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// At least 0, below 1.
    pub(super) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// At least 0, below `n`.
    pub(super) fn below(&mut self, n: usize) -> usize {
        (self.unit() * n as f64) as usize
    }
}

/// Draws segments of one label.
pub(super) struct Draw<'a> {
    sources: Vec<&'a [String]>,
    upto: Vec<f64>,
}

impl<'a> Draw<'a> {
    pub(super) fn new(sources: &'a Sources) -> Self {
        let sources: Vec<&[String]> = sources.values().map(Vec::as_slice).collect();
        let mut sum = 0.0;
        let upto = sources.iter().map(|s| {
            sum += (s.len() as f64).powf(SOURCE_POWER);
            sum
        });
        let upto = upto.collect();
        Draw { sources, upto }
    }

    /// A segment, if there is any.
    pub(super) fn next(&self, rng: &mut Rng) -> Option<&'a str> {
        let at = rng.unit() * self.upto.last()?;
        let source = self.sources[self.upto.partition_point(|&u| u <= at)];
        source.get(rng.below(source.len())).map(String::as_str)
    }
}
