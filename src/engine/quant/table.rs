//! The types of files, and which type each tensor of such a file has.
//!
//! The rules are those of llama.cpp (`llama-quant.cpp`), so that a file made here has the size
//! and the quality its name promises there.

use crate::engine::gguf::Kind;
use crate::engine::model::{Config, Param};

/// A type of file.
#[derive(Debug, PartialEq, Eq)]
pub struct Quant {
    /// What it is called on the command line and in file names.
    pub name: &'static str,
    /// Value of `general.file_type` (llama.h, `llama_ftype`).
    pub file_type: u32,
    /// Type of the matrices.
    matrix: &'static str,
    /// Type of the output matrix, or of the embedding that is used as such.
    output: &'static str,
    /// Type of the value and down matrices of the layers that need more bits.
    sensitive: &'static str,
    /// One line for people who choose.
    pub about: &'static str,
}

/// Every type of file, most bits first.
pub static QUANTS: [Quant; 5] = [
    Quant {
        name: "f16",
        file_type: 1,
        matrix: "F16",
        output: "F16",
        sensitive: "F16",
        about: "half precision: 16 bits, all but lossless",
    },
    Quant {
        name: "bf16",
        file_type: 32,
        matrix: "BF16",
        output: "BF16",
        sensitive: "BF16",
        about: "brain floats: 16 bits, the range of f32",
    },
    Quant {
        name: "q8_0",
        file_type: 7,
        matrix: "Q8_0",
        output: "Q8_0",
        sensitive: "Q8_0",
        about: "8.5 bits, hardly any loss",
    },
    Quant {
        name: "q4_k_m",
        file_type: 15,
        matrix: "Q4_K",
        output: "Q6_K",
        sensitive: "Q6_K",
        about: "about 4.9 bits, more where it matters: the usual choice",
    },
    Quant {
        name: "q4_0",
        file_type: 2,
        matrix: "Q4_0",
        output: "Q6_K",
        sensitive: "Q4_0",
        about: "4.5 bits, plain blocks, fastest on many machines",
    },
];

/// The type chosen for a tensor, and the one wanted where that did not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Choice {
    /// Type the tensor gets.
    pub(super) kind: &'static Kind,
    /// Type its rows are too short or uneven for.
    pub(super) instead_of: Option<&'static Kind>,
}

impl Quant {
    /// The type of that name, in any case.
    pub fn named(name: &str) -> Option<&'static Quant> {
        QUANTS.iter().find(|q| q.name.eq_ignore_ascii_case(name))
    }

    /// The type of a parameter.
    pub(super) fn choose(&self, config: &Config, param: &Param) -> Choice {
        let (wanted, fallback) = match param.shape[..] {
            [_, _] => self.wanted(config, &param.name),
            _ => ("F32", "F32"), // norms are small and precious
        };
        let kind = |name| Kind::named(name).expect("the table names types that exist");
        let width = *param.shape.last().expect("no parameter is a scalar");
        let fits = |kind: &Kind| width.is_multiple_of(kind.block);
        let (wanted, fallback) = (kind(wanted), kind(fallback));
        if fits(wanted) {
            return Choice {
                kind: wanted,
                instead_of: None,
            };
        }
        let fallback = if fits(fallback) {
            fallback
        } else {
            kind("F16")
        };
        Choice {
            kind: fallback,
            instead_of: Some(wanted),
        }
    }

    /// Type of a matrix, and the one to take where its rows are not whole blocks.
    fn wanted(&self, config: &Config, name: &str) -> (&'static str, &'static str) {
        let is_output = match config.tied {
            true => name == "model.embed_tokens.weight",
            false => name == "lm_head.weight",
        };
        let more = more_bits(name, config.n_layers);
        let wanted = match (is_output, more) {
            (true, _) => self.output,
            (false, true) => self.sensitive,
            (false, false) => self.matrix,
        };
        let fallback = match wanted {
            "Q4_K" => "Q5_0",
            "Q6_K" => "Q8_0",
            _ => "F16",
        };
        (wanted, fallback)
    }
}

/// True for the value and down matrices of the first eighth, the last eighth, and every third
/// layer between: what llama.cpp found to suffer most.
fn more_bits(name: &str, n_layers: usize) -> bool {
    let sensitive =
        name.ends_with("self_attn.v_proj.weight") || name.ends_with("mlp.down_proj.weight");
    let layer = name
        .strip_prefix("model.layers.")
        .and_then(|rest| rest.split('.').next());
    let Some(layer) = layer
        .and_then(|n| n.parse::<usize>().ok())
        .filter(|_| sensitive)
    else {
        return false;
    };
    let eighth = n_layers / 8;
    layer < eighth || layer >= 7 * n_layers / 8 || (layer - eighth) % 3 == 2
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::model::Layout;

    fn config(d_model: usize, d_ff: usize, tied: bool) -> Config {
        Config {
            n_vocab: 300,
            d_model,
            n_layers: 16,
            n_heads: 4,
            n_kv_heads: 2,
            head_dim: d_model / 4,
            d_ff,
            tied,
            rope_theta: 1e4,
            norm_eps: 1e-5,
            context: 64,
        }
    }

    fn chosen(quant: &str, config: &Config, name: &str) -> (&'static str, Option<&'static str>) {
        let layout = Layout::new(config);
        let choice = Quant::named(quant)
            .unwrap()
            .choose(config, layout.find(name).unwrap());
        (choice.kind.name, choice.instead_of.map(|k| k.name))
    }

    #[test]
    fn sensitive_layers_get_more_bits_as_in_llama_cpp() {
        let config = config(256, 512, true);
        let six: Vec<usize> = (0..16)
            .filter(|i| {
                let name = format!("model.layers.{i}.mlp.down_proj.weight");
                chosen("q4_k_m", &config, &name).0 == "Q6_K"
            })
            .collect();
        assert_eq!(six, [0, 1, 4, 7, 10, 13, 14, 15]);
        assert_eq!(
            chosen("q4_k_m", &config, "model.layers.0.self_attn.v_proj.weight").0,
            "Q6_K"
        );
        assert_eq!(
            chosen("q4_k_m", &config, "model.layers.0.self_attn.q_proj.weight").0,
            "Q4_K"
        );
        assert_eq!(
            chosen("q4_k_m", &config, "model.norm.weight"),
            ("F32", None)
        );
    }

    #[test]
    fn the_output_matrix_gets_six_bits_wherever_it_is() {
        let embed = "model.embed_tokens.weight";
        for quant in ["q4_k_m", "q4_0"] {
            assert_eq!(chosen(quant, &config(256, 512, true), embed).0, "Q6_K");
            assert_eq!(
                chosen(quant, &config(256, 512, false), "lm_head.weight").0,
                "Q6_K"
            );
            assert_ne!(chosen(quant, &config(256, 512, false), embed).0, "Q6_K");
        }
        assert_eq!(chosen("q8_0", &config(256, 512, true), embed).0, "Q8_0");
    }

    #[test]
    fn rows_that_are_not_whole_blocks_fall_back_as_in_llama_cpp() {
        let odd = config(64, 96, true);
        let layer = |i: usize, part: &str| format!("model.layers.{i}.{part}.weight");
        let q4_k_m = |name: String| chosen("q4_k_m", &odd, &name);
        assert_eq!(q4_k_m(layer(2, "mlp.down_proj")), ("Q5_0", Some("Q4_K")));
        assert_eq!(q4_k_m(layer(0, "mlp.down_proj")), ("Q8_0", Some("Q6_K")));
        assert_eq!(
            q4_k_m("model.embed_tokens.weight".into()),
            ("Q8_0", Some("Q6_K"))
        );
        assert_eq!(
            chosen("q4_0", &odd, "model.embed_tokens.weight"),
            ("Q8_0", Some("Q6_K"))
        );
        let odder = config(20, 96, true);
        assert_eq!(
            chosen("q8_0", &odder, &layer(0, "mlp.up_proj")),
            ("F16", Some("Q8_0"))
        );
    }
}
