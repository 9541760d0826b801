//! Which type each tensor gets: what was asked for by name, else the mix of the file's type, else
//! what its rows fit.

use std::collections::BTreeMap;

use regex_automata::meta::Regex;
use regex_automata::util::syntax;

use super::Plan;
use super::names::{is_kept, layer_of, part_of};
use super::table::{Part, QUANTS, Quant, When};
use crate::engine::gguf::Kind;
use crate::engine::{Error, Result};

/// The type chosen for a tensor, and the one wanted where that did not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Choice {
    /// Type the tensor gets.
    pub(super) kind: &'static Kind,
    /// Type its rows are too short or uneven for.
    pub(super) instead_of: Option<&'static Kind>,
}

/// What the choice of types needs to know of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Facts {
    pub(super) n_layers: usize,
    pub(super) n_heads: usize,
    pub(super) n_kv_heads: usize,
    /// Experts of a layer; 0 where there are none.
    pub(super) n_experts: usize,
    /// The architecture is `llama`.
    pub(super) is_llama: bool,
}

/// A tensor whose type is to be chosen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Tensor<'a> {
    /// Name in GGUF files.
    pub(super) name: &'a str,
    /// Lengths of its dimensions; the first is that of a row.
    pub(super) dims: &'a [u64],
    /// Type it keeps where it is none of those that are made smaller.
    pub(super) kind: &'static Kind,
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
    /// Types that were chosen within a budget, by the name of the matrix.
    pub(super) allotted: BTreeMap<String, &'static Kind>,
}

/// Types of files that give the output of attention more bits where eight experts follow.
const MORE_FOR_EIGHT: [&str; 7] = [
    "q4_k_m", "q4_k_s", "iq4_nl", "iq4_xs", "q3_k_m", "q3_k_s", "q2_k",
];

/// A matrix among its like.
struct Place {
    part: Part,
    /// It serves as the output matrix.
    is_output: bool,
    /// How many of its part come before it, layer by layer.
    index: usize,
    /// How many of its part there are, as mixes count.
    of: usize,
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
            is_weighed: plan.imatrix.is_some() || !plan.importance_data.is_empty(),
            allotted: BTreeMap::new(),
        })
    }

    /// The type of each tensor of a model.
    pub(super) fn choose(&self, facts: &Facts, tensors: &[Tensor]) -> Vec<Choice> {
        let places = places(facts, tensors);
        let choice = |(tensor, place): (&Tensor, Place)| self.choice(facts, tensor, &place);
        tensors.iter().zip(places).map(choice).collect()
    }

    fn choice(&self, facts: &Facts, tensor: &Tensor, place: &Place) -> Choice {
        if is_kept(tensor.name, tensor.dims) {
            return Choice {
                kind: tensor.kind,
                instead_of: None,
            };
        }
        let asked = self.asked(tensor.name, place);
        let allotted = || self.allotted.get(tensor.name).copied();
        let wanted = asked.or_else(allotted).unwrap_or_else(|| {
            let kind = named(self.quant.matrix);
            match self.is_pure || kind.block == 1 {
                true => kind,
                false => self.mixed(facts, place),
            }
        });
        let width = tensor.dims.first().copied().unwrap_or(0);
        let kind = fitting(wanted, width);
        Choice {
            kind,
            instead_of: (kind != wanted).then_some(wanted),
        }
    }

    /// The type that was asked for by name.
    fn asked(&self, name: &str, place: &Place) -> Option<&'static Kind> {
        let embedding = self.embedding.filter(|_| place.part == Part::Embedding);
        let output = self.output.filter(|_| place.is_output);
        let by_pattern = || {
            let met = |(pattern, _): &&(Regex, _)| pattern.is_match(name.as_bytes());
            self.tensors.iter().find(met).map(|(_, kind)| *kind)
        };
        embedding.or(output).or_else(by_pattern)
    }

    /// For each matrix the type that it has whatever a budget says: that of a rule, if one meets
    /// it, as far as its rows fit.
    pub(super) fn ruled(&self, facts: &Facts, tensors: &[Tensor]) -> Vec<Option<&'static Kind>> {
        let ruled = |(tensor, place): (&Tensor, Place)| {
            let width = tensor.dims.first().copied().unwrap_or(0);
            let asked = self.asked(tensor.name, &place);
            asked.map(|kind| fitting(kind, width))
        };
        tensors
            .iter()
            .zip(places(facts, tensors))
            .map(ruled)
            .collect()
    }

    /// The type that the mix of the file's type gives.
    fn mixed(&self, facts: &Facts, place: &Place) -> &'static Kind {
        if place.is_output {
            return match self.quant.matrix {
                "Q8_0" => named("Q8_0"),
                _ => named("Q6_K"), // every token passes through it
            };
        }
        // What eight experts share is small beside them.
        match place.part {
            Part::Value | Part::Key if facts.n_experts == 8 => return named("Q8_0"),
            Part::AttentionOutput if facts.n_experts == 8 => {
                let gets_more = MORE_FOR_EIGHT.contains(&self.quant.name);
                return named(if gets_more { "Q5_K" } else { self.quant.matrix });
            }
            _ => {}
        }
        let mut rules = self.quant.mix.iter().filter(|rule| rule.part == place.part);
        let rule = rules.find(|rule| self.applies(rule.when, facts, place));
        let kind = rule.map_or(self.quant.matrix, |rule| rule.kind);
        // Of so large a model with shared heads the values are small beside the rest.
        let is_llama_70b = facts.is_llama && facts.n_layers == 80;
        let is_llama_70b = is_llama_70b && facts.n_heads != facts.n_kv_heads;
        match kind {
            "Q3_K" | "Q4_K" if place.part == Part::Value && is_llama_70b => named("Q5_K"),
            kind => named(kind),
        }
    }

    fn applies(&self, when: When, facts: &Facts, place: &Place) -> bool {
        let (layer, n) = (place.index, place.of);
        let is_in_first_eighth = layer < n / 8;
        match when {
            When::Always => true,
            When::First(n_first) => layer < n_first,
            When::FirstOf(share) => layer < n / share,
            When::Spread => is_in_first_eighth || layer >= 7 * n / 8 || (layer - n / 8) % 3 == 2,
            When::Shared => facts.n_heads / facts.n_kv_heads.max(1) >= 4,
            When::FirstEighthWeighed => is_in_first_eighth && self.is_weighed,
            When::FirstEighthPlain => is_in_first_eighth && !self.is_weighed,
        }
    }
}

/// Every tensor among its like. Values are counted, since not every layer of every model has
/// them; of the others there is one a layer.
fn places(facts: &Facts, tensors: &[Tensor]) -> Vec<Place> {
    let parts: Vec<Part> = tensors.iter().map(|t| part_of(t.name)).collect();
    let count = |part: Part| parts.iter().filter(|p| **p == part).count();
    let (n_values, is_tied) = (count(Part::Value), count(Part::Output) == 0);
    let mut order: Vec<usize> = (0..tensors.len()).collect();
    order.sort_by_key(|i| (layer_of(tensors[*i].name), tensors[*i].name));
    let mut counted = [(Part::Value, 0), (Part::Down, 0)];
    let mut indices = vec![0; tensors.len()];
    for i in order {
        let own = counted.iter_mut().find(|(part, _)| *part == parts[i]);
        if let Some((_, n)) = own {
            indices[i] = *n;
            *n += 1;
        }
    }
    let place = |(i, part): (usize, &Part)| Place {
        part: *part,
        is_output: *part == Part::Output || is_tied && *part == Part::Embedding,
        // Experts may lie apart, each layer's several times.
        index: match (part, facts.n_experts > 1, layer_of(tensors[i].name)) {
            (Part::Down, true, Some(layer)) => layer,
            _ => indices[i],
        },
        of: match part {
            Part::Value => n_values,
            _ => facts.n_layers,
        },
    };
    parts.iter().enumerate().map(place).collect()
}

/// `wanted`, or the nearest type with as many bits whose blocks rows of `width` weights are whole
/// numbers of.
fn fitting(wanted: &'static Kind, width: u64) -> &'static Kind {
    let fits = |kind: &Kind| width.is_multiple_of(kind.block as u64);
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
    let Some((pattern, kind)) = rule
        .rsplit_once('=')
        .filter(|(pattern, _)| !pattern.is_empty())
    else {
        return Err(wrong("a pattern and a type are wanted".into()));
    };
    // Names of tensors are ASCII, and the pattern is matched on bytes.
    let syntax = syntax::Config::new().unicode(false).utf8(false);
    let pattern = Regex::builder().syntax(syntax).build(pattern);
    let pattern = pattern.map_err(|e| {
        let reason = e
            .syntax_error()
            .map_or_else(|| e.to_string(), |e| e.to_string());
        let reason = reason.lines().last().unwrap_or_default().to_owned();
        wrong(format!(
            "the pattern is none: {}",
            reason.trim_start_matches("error: ")
        ))
    })?;
    Ok((pattern, kind_of("tensor", kind)?))
}

#[cfg(test)]
mod tests;
