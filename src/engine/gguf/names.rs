//! Names of parameters in Hugging Face files and in GGUF files, and the two orders of the rows of
//! query and key matrices.
//!
//! Rotary positions turn pairs of numbers. Hugging Face pairs number j of a head with number
//! j + hd/2; GGUF files of architecture `llama` pair 2j with 2j + 1. The same model has its rows
//! in another order, head by head.

/// Parameters outside of the layers: Hugging Face, GGUF.
const OUTSIDE: [(&str, &str); 3] = [
    ("model.embed_tokens.weight", "token_embd.weight"),
    ("model.norm.weight", "output_norm.weight"),
    ("lm_head.weight", "output.weight"),
];

/// Parameters of a layer, without `model.layers.N.` and `blk.N.`, and `.weight`.
const INSIDE: [(&str, &str); 9] = [
    ("input_layernorm", "attn_norm"),
    ("self_attn.q_proj", "attn_q"),
    ("self_attn.k_proj", "attn_k"),
    ("self_attn.v_proj", "attn_v"),
    ("self_attn.o_proj", "attn_output"),
    ("post_attention_layernorm", "ffn_norm"),
    ("mlp.gate_proj", "ffn_gate"),
    ("mlp.up_proj", "ffn_up"),
    ("mlp.down_proj", "ffn_down"),
];

/// The GGUF name of a parameter.
pub fn to_gguf(name: &str) -> Option<String> {
    if let Some((_, gguf)) = OUTSIDE.iter().find(|(hf, _)| *hf == name) {
        return Some((*gguf).into());
    }
    let rest = name
        .strip_prefix("model.layers.")?
        .strip_suffix(".weight")?;
    let (layer, part) = rest.split_once('.')?;
    let (_, gguf) = INSIDE.iter().find(|(hf, _)| *hf == part)?;
    Some(format!("blk.{layer}.{gguf}.weight"))
}

/// The Hugging Face name of a tensor.
pub fn from_gguf(name: &str) -> Option<String> {
    if let Some((hf, _)) = OUTSIDE.iter().find(|(_, gguf)| *gguf == name) {
        return Some((*hf).into());
    }
    let rest = name.strip_prefix("blk.")?.strip_suffix(".weight")?;
    let (layer, part) = rest.split_once('.')?;
    let (hf, _) = INSIDE.iter().find(|(_, gguf)| *gguf == part)?;
    Some(format!("model.layers.{layer}.{hf}.weight"))
}

/// True for the parameters whose rows have another order in GGUF files.
pub(in crate::engine) fn is_rotated(name: &str) -> bool {
    name.ends_with("q_proj.weight") || name.ends_with("k_proj.weight")
}

/// Rows `[j, j + hd/2]` of each head side by side, as GGUF has them; `weights` is [n·hd, width].
pub fn interleave(weights: &[f32], head_dim: usize, width: usize) -> Vec<f32> {
    reorder(weights, head_dim, width, |row| {
        row / 2 + row % 2 * (head_dim / 2)
    })
}

/// Undoes [`interleave`].
pub fn split_halves(weights: &[f32], head_dim: usize, width: usize) -> Vec<f32> {
    let half = head_dim / 2;
    reorder(weights, head_dim, width, |row| row % half * 2 + row / half)
}

/// Each head's rows in another order: row r comes from row `from(r)`.
fn reorder(
    weights: &[f32],
    head_dim: usize,
    width: usize,
    from: impl Fn(usize) -> usize,
) -> Vec<f32> {
    let mut out = Vec::with_capacity(weights.len());
    for head in weights.chunks_exact(head_dim * width) {
        for row in 0..head_dim {
            let at = from(row) * width;
            out.extend_from_slice(&head[at..at + width]);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_there_and_back() {
        for name in [
            "model.embed_tokens.weight",
            "model.layers.11.self_attn.k_proj.weight",
            "model.layers.0.mlp.down_proj.weight",
            "lm_head.weight",
        ] {
            assert_eq!(from_gguf(&to_gguf(name).unwrap()).as_deref(), Some(name));
        }
        assert_eq!(
            to_gguf("model.layers.3.input_layernorm.weight").unwrap(),
            "blk.3.attn_norm.weight"
        );
        assert_eq!(from_gguf("blk.0.attn_q.bias"), None);
        assert_eq!(from_gguf("rope_freqs.weight"), None);
    }

    #[test]
    fn rows_of_a_head_are_paired_as_the_file_wants_them() {
        // Two heads of four rows of width one.
        let rows = [0.0, 1.0, 2.0, 3.0, 10.0, 11.0, 12.0, 13.0];
        let paired = interleave(&rows, 4, 1);
        assert_eq!(paired, [0.0, 2.0, 1.0, 3.0, 10.0, 12.0, 11.0, 13.0]);
        assert_eq!(split_halves(&paired, 4, 1), rows);
    }
}
