//! Weights to start from: GPT-2's, with the two matrices that write into the residual stream
//! scaled down by the number of times they do (Radford et al. 2019, section 2.3).

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use xxhash_rust::xxh3::xxh3_128;

use super::{Config, Layout};

/// Standard deviation of a matrix's elements; GPT-2's.
const STD: f64 = 0.02;

/// Weights to start from. Each parameter has a generator of its own, seeded by `seed` and its
/// name: the weights of one do not depend on which others there are.
pub fn init(config: &Config, seed: u64) -> Vec<f32> {
    let layout = Layout::new(config);
    let residual = 1.0 / (2.0 * config.n_layers as f64).sqrt();
    let mut params = vec![0.0; layout.n_params()];
    for param in layout.params() {
        let into = &mut params[param.range.clone()];
        if !param.decays {
            into.fill(1.0);
            continue;
        }
        let ends = |part: &str| param.name.ends_with(part);
        let writes_residual = ends("o_proj.weight") || ends("down_proj.weight");
        let std = if writes_residual { STD * residual } else { STD };
        fill_normal(into, std, &mut generator(seed, &param.name));
    }
    params
}

fn generator(seed: u64, name: &str) -> ChaCha8Rng {
    let mut key = [0u8; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    key[8..24].copy_from_slice(&xxh3_128(name.as_bytes()).to_le_bytes());
    ChaCha8Rng::from_seed(key)
}

/// Normal numbers by pairs (Box and Muller 1958).
fn fill_normal(into: &mut [f32], std: f64, rng: &mut ChaCha8Rng) {
    for pair in into.chunks_mut(2) {
        let radius = std * (-2.0 * uniform(rng).ln()).sqrt();
        let (sin, cos) = (std::f64::consts::TAU * uniform(rng)).sin_cos();
        for (x, unit) in pair.iter_mut().zip([cos, sin]) {
            *x = (radius * unit) as f32;
        }
    }
}

/// A number in (0, 1]: never the zero whose logarithm is infinite.
fn uniform(rng: &mut ChaCha8Rng) -> f64 {
    ((rng.next_u64() >> 11) + 1) as f64 / (1u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::model::tests::tiny;

    #[test]
    fn a_parameter_starts_the_same_whatever_else_the_model_has() {
        let (small, large) = (
            tiny(),
            Config {
                n_vocab: 99,
                tied: false,
                ..tiny()
            },
        );
        let (a, b) = (init(&small, 7), init(&large, 7));
        let name = "model.layers.1.mlp.up_proj.weight";
        let place = |c: &Config| Layout::new(c).find(name).unwrap().range.clone();
        assert_eq!(a[place(&small)], b[place(&large)]);
        assert_ne!(a, init(&small, 8));
        assert_eq!(a, init(&small, 7));
    }

    #[test]
    fn spreads_are_those_asked_for_and_norms_are_one() {
        let config = Config {
            d_model: 64,
            d_ff: 256,
            n_layers: 8,
            ..tiny()
        };
        let (layout, params) = (Layout::new(&config), init(&config, 1));
        let spread = |name: &str| {
            let w = &params[layout.find(name).unwrap().range.clone()];
            (w.iter().map(|x| f64::from(x * x)).sum::<f64>() / w.len() as f64).sqrt()
        };
        assert!((spread("model.layers.3.mlp.gate_proj.weight") - 0.02).abs() < 5e-4);
        assert!((spread("model.layers.3.mlp.down_proj.weight") - 0.005).abs() < 2e-4);
        assert!((spread("model.norm.weight") - 1.0).abs() < 1e-12);
    }
}
