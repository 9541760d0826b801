//! Which type each tensor gets: what was asked for by name, else the mix of the file's type, else
//! what its rows fit.

use regex_automata::meta::Regex;
use regex_automata::util::syntax;

use super::Plan;
use super::table::{Part, QUANTS, Quant, When};
use crate::engine::gguf::{Kind, to_gguf};
use crate::engine::model::{Config, Param};
use crate::engine::{Error, Result};

/// The type chosen for a tensor, and the one wanted where that did not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Choice {
    /// Type the tensor gets.
    pub(super) kind: &'static Kind,
    /// Type its rows are too short or uneven for.
    pub(super) instead_of: Option<&'static Kind>,
}

/// Types asked for by the plan.
pub(super) struct Rules {
    /// The type of the file.
    pub(super) quant: &'static Quant,
    /// Patterns of names in the file, each with the type of the tensors it meets.
    tensors: Vec<(Regex, &'static Kind)>,
    output: Option<&'static Kind>,
    embedding: Option<&'static Kind>,
    is_pure: bool,
    /// Columns have importance.
    is_weighed: bool,
}

impl Rules {
    /// The rules of `plan`.
    ///
    /// # Errors
    /// When a type is not known or a pattern none.
    pub(super) fn of(plan: &Plan) -> Result<Self> {
        let kind = |key: &str, name: &Option<String>| {
            let name = name.as_deref();
            name.map(|name| kind_of(key, name)).transpose()
        };
        Ok(Rules {
            quant: quant_of(&plan.r#type)?,
            tensors: plan
                .tensor
                .iter()
                .map(|rule| tensor_rule(rule))
                .collect::<Result<_>>()?,
            output: kind("output-type", &plan.output_type)?,
            embedding: kind("embedding-type", &plan.embedding_type)?,
            is_pure: plan.pure,
            is_weighed: plan.imatrix.is_some(),
        })
    }

    /// The type of a parameter.
    pub(super) fn choose(&self, config: &Config, param: &Param) -> Choice {
        let [_, width] = param.shape[..] else {
            return Choice {
                kind: named("F32"), // norms are small and precious
                instead_of: None,
            };
        };
        let wanted = self.asked(config, &param.name).unwrap_or_else(|| {
            let kind = named(self.quant.matrix);
            match self.is_pure || kind.block == 1 {
                true => kind,
                false => self.mixed(config, &param.name),
            }
        });
        let kind = fitting(wanted, width);
        Choice {
            kind,
            instead_of: (kind != wanted).then_some(wanted),
        }
    }

    /// The type that was asked for by name.
    fn asked(&self, config: &Config, name: &str) -> Option<&'static Kind> {
        let is_embedding = name == EMBEDDING;
        let embedding = self.embedding.filter(|_| is_embedding);
        let output = self.output.filter(|_| is_output(config, name));
        let in_file = to_gguf(name).unwrap_or_else(|| name.into());
        let by_pattern = || {
            let met = |(pattern, _): &&(Regex, _)| pattern.is_match(in_file.as_bytes());
            self.tensors.iter().find(met).map(|(_, kind)| *kind)
        };
        embedding.or(output).or_else(by_pattern)
    }

    /// The type that the mix of the file's type gives.
    fn mixed(&self, config: &Config, name: &str) -> &'static Kind {
        if is_output(config, name) {
            return match self.quant.matrix {
                "Q8_0" => named("Q8_0"),
                _ => named("Q6_K"), // every token passes through it
            };
        }
        let Some((layer, part)) = layer_and_part(name) else {
            return named(self.quant.matrix);
        };
        let mut rules = self.quant.mix.iter().filter(|rule| rule.part == part);
        let rule = rules.find(|rule| self.applies(rule.when, config, layer));
        let kind = rule.map_or(self.quant.matrix, |rule| rule.kind);
        // Of so large a model with shared heads the values are small beside the rest.
        let is_llama_70b = config.n_layers == 80 && config.n_heads != config.n_kv_heads;
        match kind {
            "Q3_K" | "Q4_K" if part == Part::Value && is_llama_70b => named("Q5_K"),
            kind => named(kind),
        }
    }

    fn applies(&self, when: When, config: &Config, layer: usize) -> bool {
        let n = config.n_layers;
        let is_in_first_eighth = layer < n / 8;
        match when {
            When::Always => true,
            When::First(n_first) => layer < n_first,
            When::FirstOf(share) => layer < n / share,
            When::Spread => {
                is_in_first_eighth || layer >= 7 * n / 8 || (layer - n / 8) % 3 == 2
            }
            When::Shared => config.n_heads / config.n_kv_heads >= 4,
            When::FirstEighthWeighed => is_in_first_eighth && self.is_weighed,
            When::FirstEighthPlain => is_in_first_eighth && !self.is_weighed,
        }
    }
}

/// Name of the token embedding.
const EMBEDDING: &str = "model.embed_tokens.weight";

/// True for the output matrix, and for the embedding that serves as such.
pub(super) fn is_output(config: &Config, name: &str) -> bool {
    match config.tied {
        true => name == EMBEDDING,
        false => name == "lm_head.weight",
    }
}

/// True for the matrices that importance is rarely known of.
pub(super) fn is_outside_of_layers(name: &str) -> bool {
    !name.starts_with("model.layers.")
}

/// The layer of a matrix, and which one of those that mixes speak of it is.
fn layer_and_part(name: &str) -> Option<(usize, Part)> {
    let (layer, part) = name.strip_prefix("model.layers.")?.split_once('.')?;
    let part = match part {
        "self_attn.v_proj.weight" => Part::Value,
        "self_attn.o_proj.weight" => Part::AttentionOutput,
        "mlp.down_proj.weight" => Part::Down,
        _ => return None,
    };
    Some((layer.parse().ok()?, part))
}

/// `wanted`, or the nearest type with as many bits whose blocks rows of `width` weights are whole
/// numbers of.
fn fitting(wanted: &'static Kind, width: usize) -> &'static Kind {
    let fits = |kind: &Kind| width.is_multiple_of(kind.block);
    if fits(wanted) {
        return wanted;
    }
    let smaller = match wanted.name {
        "Q2_K" | "Q3_K" => "Q4_0",
        "Q4_K" => "Q5_0",
        "Q5_K" => "Q5_1",
        "Q6_K" => "Q8_0",
        "IQ4_XS" => "IQ4_NL",
        _ => "F16",
    };
    let smaller = named(smaller);
    if fits(smaller) { smaller } else { named("F16") }
}

fn named(name: &str) -> &'static Kind {
    Kind::named(name).expect("the tables name types that exist")
}

fn quant_of(name: &str) -> Result<&'static Quant> {
    Quant::named(name).ok_or_else(|| {
        let names: Vec<&str> = QUANTS.iter().map(|q| q.name).collect();
        Error::Usage {
            what: format!("unknown type {name:?}"),
            hint: format!("choose one of {}", names.join(", ")),
        }
    })
}

fn kind_of(key: &str, name: &str) -> Result<&'static Kind> {
    let kind = Kind::named(&name.to_ascii_uppercase()).filter(|kind| kind.is_writable());
    kind.ok_or_else(|| Error::Usage {
        what: format!("--{key}: unknown type {name:?} of a tensor"),
        hint: format!("choose one of {}", Kind::writable_names().join(", ")),
    })
}

/// `REGEX=TYPE`.
fn tensor_rule(rule: &str) -> Result<(Regex, &'static Kind)> {
    let wrong = |what: String| Error::Usage {
        what: format!("--tensor {rule:?}: {what}"),
        hint: "write REGEX=TYPE, such as 'ffn_down=q6_k' or 'blk[.][0-3][.]attn_v=q8_0'".into(),
    };
    let Some((pattern, kind)) = rule.rsplit_once('=').filter(|(pattern, _)| !pattern.is_empty())
    else {
        return Err(wrong("a pattern and a type are wanted".into()));
    };
    // Names of tensors are ASCII, and the pattern is matched on bytes.
    let syntax = syntax::Config::new().unicode(false).utf8(false);
    let pattern = Regex::builder().syntax(syntax).build(pattern);
    let pattern = pattern.map_err(|e| {
        let reason = e.syntax_error().map_or_else(|| e.to_string(), |e| e.to_string());
        let reason = reason.lines().last().unwrap_or_default().to_owned();
        wrong(format!("the pattern is none: {}", reason.trim_start_matches("error: ")))
    })?;
    Ok((pattern, kind_of("tensor", kind)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::model::Layout;
    use crate::fault::Fault;

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

    fn plan(r#type: &str) -> Plan {
        Plan {
            r#type: r#type.into(),
            ..Plan::default()
        }
    }

    fn chosen(plan: &Plan, config: &Config, name: &str) -> (&'static str, Option<&'static str>) {
        let layout = Layout::new(config);
        let rules = Rules::of(plan).unwrap();
        let choice = rules.choose(config, layout.find(name).unwrap());
        (choice.kind.name, choice.instead_of.map(|k| k.name))
    }

    #[test]
    fn sensitive_layers_get_more_bits_as_in_llama_cpp() {
        let config = config(256, 512, true);
        let plan = plan("q4_k_m");
        let six: Vec<usize> = (0..16)
            .filter(|i| {
                let name = format!("model.layers.{i}.mlp.down_proj.weight");
                chosen(&plan, &config, &name).0 == "Q6_K"
            })
            .collect();
        assert_eq!(six, [0, 1, 4, 7, 10, 13, 14, 15]);
        let of = |name: &str| chosen(&plan, &config, name);
        assert_eq!(of("model.layers.0.self_attn.v_proj.weight").0, "Q6_K");
        assert_eq!(of("model.layers.0.self_attn.q_proj.weight").0, "Q4_K");
        assert_eq!(of("model.norm.weight"), ("F32", None));
    }

    #[test]
    fn the_output_matrix_gets_six_bits_wherever_it_is() {
        for quant in ["q4_k_m", "q4_0", "q2_k", "iq4_xs"] {
            let (tied, untied) = (config(256, 512, true), config(256, 512, false));
            let plan = plan(quant);
            assert_eq!(chosen(&plan, &tied, EMBEDDING).0, "Q6_K");
            assert_eq!(chosen(&plan, &untied, "lm_head.weight").0, "Q6_K");
            assert_ne!(chosen(&plan, &untied, EMBEDDING).0, "Q6_K");
        }
        let tied = config(256, 512, true);
        assert_eq!(chosen(&plan("q8_0"), &tied, EMBEDDING).0, "Q8_0");
    }

    #[test]
    fn rows_that_are_not_whole_blocks_fall_back_as_in_llama_cpp() {
        let odd = config(64, 96, true);
        let layer = |i: usize, part: &str| format!("model.layers.{i}.{part}.weight");
        let of = |quant: &str, name: &str| chosen(&plan(quant), &odd, name);
        let down = layer(2, "mlp.down_proj");
        assert_eq!(of("q4_k_m", &down), ("Q5_0", Some("Q4_K")));
        assert_eq!(of("q5_k_s", &down), ("Q5_1", Some("Q5_K")));
        assert_eq!(of("q3_k_s", &down), ("Q4_0", Some("Q3_K")));
        assert_eq!(of("iq4_xs", &down), ("IQ4_NL", Some("IQ4_XS")));
        let first = layer(0, "mlp.down_proj");
        assert_eq!(of("q4_k_m", &first), ("Q8_0", Some("Q6_K")));
        assert_eq!(of("q4_k_m", EMBEDDING), ("Q8_0", Some("Q6_K")));
        assert_eq!(of("q4_0", EMBEDDING), ("Q8_0", Some("Q6_K")));
        let odder = config(20, 96, true);
        let up = chosen(&plan("q8_0"), &odder, &layer(0, "mlp.up_proj"));
        assert_eq!(up, ("F16", Some("Q8_0")));
    }

    #[test]
    fn what_is_asked_for_by_name_beats_the_mix() {
        let config = config(256, 512, false);
        let of = |plan: &Plan, name: &str| chosen(plan, &config, name).0;
        let down = "model.layers.0.mlp.down_proj.weight";
        let value = "model.layers.12.self_attn.v_proj.weight";
        let asked = Plan {
            tensor: vec!["ffn_(up|down)=Q5_0".into(), "blk[.]1.[.].*=q8_0".into()],
            output_type: Some("bf16".into()),
            embedding_type: Some("q4_1".into()),
            ..plan("q4_k_m")
        };
        assert_eq!(of(&asked, down), "Q5_0");
        assert_eq!(of(&asked, value), "Q8_0");
        assert_eq!(of(&asked, "model.layers.12.mlp.up_proj.weight"), "Q5_0");
        assert_eq!(of(&asked, "model.layers.2.mlp.gate_proj.weight"), "Q4_K");
        assert_eq!(of(&asked, "lm_head.weight"), "BF16");
        assert_eq!(of(&asked, EMBEDDING), "Q4_1");
        assert_eq!(of(&asked, "model.layers.12.input_layernorm.weight"), "F32");
        let pure = Plan {
            pure: true,
            ..plan("q4_k_m")
        };
        for name in [down, value, "lm_head.weight", EMBEDDING] {
            assert_eq!(of(&pure, name), "Q4_K", "{name}");
        }
    }

    #[test]
    fn rules_that_cannot_be_followed_are_refused() {
        let rule = |text: &str| Plan {
            tensor: vec![text.into()],
            ..Plan::default()
        };
        let cases = [
            (rule("ffn_down"), "a pattern and a type"),
            (rule("=q8_0"), "a pattern and a type"),
            (rule("(=q8_0"), "unclosed group"),
            (rule("x=q9_0"), "unknown type \"q9_0\""),
            (rule("x=iq2_s"), "unknown type \"iq2_s\""),
            (plan("q9_9"), "unknown type \"q9_9\""),
        ];
        for (plan, said) in cases {
            let error = Rules::of(&plan).err().unwrap();
            assert!(error.to_string().contains(said), "{error}");
            assert!(error.hint().is_some());
        }
    }
}
