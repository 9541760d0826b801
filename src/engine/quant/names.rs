//! What the names of tensors in GGUF files say of them.

use super::table::Part;

/// What a tensor is; the same parts that llama.cpp tells apart.
pub(super) fn part_of(name: &str) -> Part {
    let has = |parts: &[&str]| parts.iter().any(|part| name.contains(part));
    match name {
        "output.weight" => Part::Output,
        "token_embd.weight" | "per_layer_token_embd.weight" => Part::Embedding,
        _ if has(&["attn_v.weight", "attn_qkv.weight", "attn_kv_b.weight"]) => Part::Value,
        _ if has(&["attn_k.weight"]) => Part::Key,
        _ if has(&["attn_output.weight"]) => Part::AttentionOutput,
        _ if has(&["ffn_down"]) => Part::Down,
        _ => Part::Other,
    }
}

/// The layer of a tensor; none for those outside of layers.
pub(super) fn layer_of(name: &str) -> Option<usize> {
    let (layer, _) = name.strip_prefix("blk.")?.split_once('.')?;
    layer.parse().ok()
}

/// Parts of the names of matrices that are small and precious: gates of experts, short
/// convolutions, mixing of RWKV, positions, and what looks at pictures and listens.
const KEPT: [&str; 24] = [
    "_norm.weight",
    "ffn_gate_inp.weight",
    "ffn_gate_tid2eid.weight",
    "altup",
    "laurel",
    "per_layer_model_proj",
    "ssm_conv1d",
    "shortconv.conv.weight",
    "indexer.k_proj.weight",
    "indexer.q_proj.weight",
    "time_mix_first.weight",
    "time_mix_w",
    "time_mix_v",
    "time_mix_a",
    "time_mix_g",
    "time_mix_decay_w",
    "time_mix_lerp_fused.weight",
    "attn_rel_b.weight",
    ".position_embd",
    ".rel_pos",
    ".patch_embd",
    ".patch_merger",
    "a.rvq.codebook",
    "mm.a.code_embd",
];
/// Names of such matrices, whole.
const KEPT_WHOLE: [&str; 2] = ["position_embd.weight", "token_types.weight"];
/// What of the mixing of RWKV goes on behind the letter: two digits of a low-rank matrix.
const LOW_RANK: [&str; 3] = ["0.weight", "1.weight", "2.weight"];

/// True for tensors that keep their type: those that are no matrices, and those that are small.
pub(super) fn is_kept(name: &str, dims: &[u64]) -> bool {
    let is_matrix = dims.iter().skip(1).any(|n| *n > 1);
    let is_small = |part: &&str| match name.split_once(*part) {
        Some((_, rest)) if part.starts_with("time_mix_") && !part.ends_with("weight") => {
            LOW_RANK.contains(&rest)
        }
        found => found.is_some(),
    };
    !is_matrix
        || !name.ends_with("weight")
        || KEPT_WHOLE.contains(&name)
        || KEPT.iter().any(is_small)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matrices_are_made_smaller_and_what_is_small_is_kept() {
        let square = [64, 64];
        for name in [
            "output.weight",
            "blk.3.attn_q.weight",
            "blk.3.ffn_down_exps.weight",
            "blk.0.time_mix_key.weight",
            "blk.0.time_mix_value.weight",
            "blk.0.time_mix_gate.weight",
        ] {
            assert!(!is_kept(name, &square), "{name}");
            assert!(is_kept(name, &[64]) && is_kept(name, &[64, 1]), "{name}");
        }
        for name in [
            "blk.3.attn_q_norm.weight",
            "blk.3.ffn_gate_inp.weight",
            "blk.0.time_mix_w1.weight",
            "blk.0.time_mix_decay_w2.weight",
            "blk.0.attn_q.bias",
            "position_embd.weight",
            "v.position_embd.weight",
        ] {
            assert!(is_kept(name, &square), "{name}");
        }
    }

    #[test]
    fn layers_and_parts_are_read_from_names() {
        assert_eq!(layer_of("blk.11.ffn_down.weight"), Some(11));
        assert_eq!(layer_of("output.weight"), None);
        assert_eq!(layer_of("blk.x.ffn_down.weight"), None);
        assert_eq!(part_of("blk.1.attn_qkv.weight"), Part::Value);
        assert_eq!(part_of("blk.1.ffn_down_exps.weight"), Part::Down);
        assert_eq!(part_of("output_norm.weight"), Part::Other);
    }
}
