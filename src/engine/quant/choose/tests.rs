//! Types by the mix, by the rules and by what fits.

use super::*;
use crate::fault::Fault;

/// Sixteen layers, two query heads to a value head.
const FACTS: Facts = Facts {
    n_layers: 16,
    n_heads: 4,
    n_kv_heads: 2,
    n_experts: 0,
    is_llama: true,
};
const EMBEDDING: &str = "token_embd.weight";

/// Names and dimensions of a model of these widths.
fn model(d_model: u64, d_ff: u64, tied: bool) -> Vec<(String, Vec<u64>)> {
    let mut tensors = vec![(EMBEDDING.to_owned(), vec![d_model, 300])];
    for layer in 0..FACTS.n_layers {
        let mut add = |part: &str, dims: &[u64]| {
            tensors.push((format!("blk.{layer}.{part}.weight"), dims.to_vec()));
        };
        add("attn_norm", &[d_model]);
        add("attn_q", &[d_model, d_model]);
        add("attn_v", &[d_model, d_model / 2]);
        add("ffn_gate", &[d_model, d_ff]);
        add("ffn_up", &[d_model, d_ff]);
        add("ffn_down", &[d_ff, d_model]);
    }
    tensors.extend((!tied).then(|| ("output.weight".into(), vec![d_model, 300])));
    tensors
}

fn plan(r#type: &str) -> Plan {
    Plan {
        r#type: r#type.into(),
        ..Plan::default()
    }
}

type Model = Vec<(String, Vec<u64>)>;

fn chosen(plan: &Plan, model: &Model, name: &str) -> (&'static str, Option<&'static str>) {
    let tensors: Vec<Tensor> = model
        .iter()
        .map(|(name, dims)| Tensor {
            name,
            dims,
            kind: named("F32"),
        })
        .collect();
    let choices = Rules::of(plan).unwrap().choose(&FACTS, &tensors);
    let at = tensors.iter().position(|t| t.name == name).unwrap();
    (
        choices[at].kind.name,
        choices[at].instead_of.map(|k| k.name),
    )
}

#[test]
fn sensitive_layers_get_more_bits_as_in_llama_cpp() {
    let model = model(256, 512, true);
    let plan = plan("q4_k_m");
    let six: Vec<usize> = (0..16)
        .filter(|i| {
            let name = format!("blk.{i}.ffn_down.weight");
            chosen(&plan, &model, &name).0 == "Q6_K"
        })
        .collect();
    assert_eq!(six, [0, 1, 4, 7, 10, 13, 14, 15]);
    let of = |name: &str| chosen(&plan, &model, name);
    assert_eq!(of("blk.0.attn_v.weight").0, "Q6_K");
    assert_eq!(of("blk.0.attn_q.weight").0, "Q4_K");
    assert_eq!(of("blk.3.attn_norm.weight"), ("F32", None));
}

#[test]
fn the_output_matrix_gets_six_bits_wherever_it_is() {
    for quant in ["q4_k_m", "q4_0", "q2_k", "iq4_xs"] {
        let (tied, untied) = (model(256, 512, true), model(256, 512, false));
        let plan = plan(quant);
        assert_eq!(chosen(&plan, &tied, EMBEDDING).0, "Q6_K");
        assert_eq!(chosen(&plan, &untied, "output.weight").0, "Q6_K");
        assert_ne!(chosen(&plan, &untied, EMBEDDING).0, "Q6_K");
    }
    let tied = model(256, 512, true);
    assert_eq!(chosen(&plan("q8_0"), &tied, EMBEDDING).0, "Q8_0");
}

#[test]
fn rows_that_are_not_whole_blocks_fall_back_as_in_llama_cpp() {
    let odd = model(64, 96, true);
    let layer = |i: usize, part: &str| format!("blk.{i}.{part}.weight");
    let of = |quant: &str, name: &str| chosen(&plan(quant), &odd, name);
    let down = layer(2, "ffn_down");
    assert_eq!(of("q4_k_m", &down), ("Q5_0", Some("Q4_K")));
    assert_eq!(of("q5_k_s", &down), ("Q5_1", Some("Q5_K")));
    assert_eq!(of("q3_k_s", &down), ("Q4_0", Some("Q3_K")));
    assert_eq!(of("iq4_xs", &down), ("IQ4_NL", Some("IQ4_XS")));
    let first = layer(0, "ffn_down");
    assert_eq!(of("q4_k_m", &first), ("Q8_0", Some("Q6_K")));
    assert_eq!(of("q4_k_m", EMBEDDING), ("Q8_0", Some("Q6_K")));
    assert_eq!(of("q4_0", EMBEDDING), ("Q8_0", Some("Q6_K")));
    let odder = model(20, 96, true);
    let up = chosen(&plan("q8_0"), &odder, &layer(0, "ffn_up"));
    assert_eq!(up, ("F16", Some("Q8_0")));
}

#[test]
fn what_is_asked_for_by_name_beats_the_mix() {
    let model = model(256, 512, false);
    let of = |plan: &Plan, name: &str| chosen(plan, &model, name).0;
    let down = "blk.0.ffn_down.weight";
    let value = "blk.12.attn_v.weight";
    let asked = Plan {
        tensor: vec!["ffn_(up|down)=Q5_0".into(), "blk[.]1.[.].*=q8_0".into()],
        output_type: Some("bf16".into()),
        embedding_type: Some("q4_1".into()),
        ..plan("q4_k_m")
    };
    assert_eq!(of(&asked, down), "Q5_0");
    assert_eq!(of(&asked, value), "Q8_0");
    assert_eq!(of(&asked, "blk.12.ffn_up.weight"), "Q5_0");
    assert_eq!(of(&asked, "blk.2.ffn_gate.weight"), "Q4_K");
    assert_eq!(of(&asked, "output.weight"), "BF16");
    assert_eq!(of(&asked, EMBEDDING), "Q4_1");
    assert_eq!(of(&asked, "blk.12.attn_norm.weight"), "F32");
    let pure = Plan {
        pure: true,
        ..plan("q4_k_m")
    };
    for name in [down, value, "output.weight", EMBEDDING] {
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

#[test]
fn what_eight_experts_share_gets_more_bits() {
    let names = [
        "attn_k",
        "attn_v",
        "attn_output",
        "ffn_down_exps",
        "ffn_gate_inp",
    ];
    let names = names.map(|part| format!("blk.0.{part}.weight"));
    let tensors = names.each_ref().map(|name| Tensor {
        name,
        dims: &[256, 256, 8],
        kind: named("F16"),
    });
    let facts = Facts {
        n_experts: 8,
        ..FACTS
    };
    let kinds = |quant: &str| {
        let choices = Rules::of(&plan(quant)).unwrap().choose(&facts, &tensors);
        choices
            .iter()
            .map(|c| c.kind.name)
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(kinds("q4_k_m"), "Q8_0 Q8_0 Q5_K Q6_K F16");
    assert_eq!(kinds("q3_k_l"), "Q8_0 Q8_0 Q3_K Q5_K F16");
}
