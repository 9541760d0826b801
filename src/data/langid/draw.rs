//! Random choices of training: a generator, and segments drawn evenly on their sources.

use super::features::Grain;
use super::train::Sources;

/// A source is drawn from in proportion to the number of its segments to this power: running
/// text, of which there is little, must not drown in interface strings.
const SOURCE_POWER: f64 = 0.3;

/// Sources, by the start of their names, that are drawn from more often to tell close languages
/// apart: running prose, and the words that set the languages apart.
const FINE_WEIGHTS: [(&str, f64); 3] = [("sib200", 3.0), ("treebank", 3.0), ("close words", 2.0)];

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
    pub(super) fn new(sources: &'a Sources, grain: Grain) -> Self {
        let weight = |name: &str| match grain {
            Grain::Coarse => 1.0,
            Grain::Fine => FINE_WEIGHTS
                .iter()
                .find(|(prefix, _)| name.starts_with(prefix))
                .map_or(1.0, |(_, weight)| *weight),
        };
        let mut sum = 0.0;
        let upto = sources.iter().map(|(name, texts)| {
            sum += weight(name) * (texts.len() as f64).powf(SOURCE_POWER);
            sum
        });
        let upto = upto.collect();
        let sources = sources.values().map(Vec::as_slice).collect();
        Draw { sources, upto }
    }

    /// A segment, if there is any.
    pub(super) fn next(&self, rng: &mut Rng) -> Option<&'a str> {
        let at = rng.unit() * self.upto.last()?;
        let source = self.sources[self.upto.partition_point(|&u| u <= at)];
        source.get(rng.below(source.len())).map(String::as_str)
    }
}
