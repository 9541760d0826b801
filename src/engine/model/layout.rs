//! Where every parameter lies in the flat buffer, under the names Hugging Face gives them.
//!
//! Query, key and value matrices lie side by side, and so do gate and up: each group is one
//! matrix to the engine (`[q | k | v]`, `[gate | up]`), and its rows keep their own names on disk.

use std::ops::Range;

use super::Config;

/// A parameter: its name, its shape, and where it lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Param {
    /// Name in Hugging Face files.
    pub name: String,
    /// `[out, in]` of a matrix, `[n]` of a norm.
    pub shape: Vec<usize>,
    /// Its place in the flat buffer.
    pub range: Range<usize>,
    /// Weight decay applies: to matrices, not to norms.
    pub decays: bool,
}

/// Where the parameters of one decoder layer lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// Norm in front of attention, `[d]`.
    pub input_norm: Range<usize>,
    /// Query, key and value matrices, `[(H + 2·KV)·hd, d]`.
    pub qkv: Range<usize>,
    /// Output matrix of attention, `[d, H·hd]`.
    pub out: Range<usize>,
    /// Norm in front of the feed-forward block, `[d]`.
    pub post_norm: Range<usize>,
    /// Gate and up matrices, `[2·F, d]`.
    pub gate_up: Range<usize>,
    /// Down matrix, `[d, F]`.
    pub down: Range<usize>,
}

/// The table of parameters of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    params: Vec<Param>,
    blocks: Vec<Block>,
    embed: Range<usize>,
    norm: Range<usize>,
    head: Range<usize>,
}

impl Layout {
    /// The table of a model of this shape, which [`Config::check`] has let pass.
    pub fn new(config: &Config) -> Self {
        let (d, ff) = (config.d_model, config.d_ff);
        let (q, kv) = (config.q_width(), config.kv_width());
        let mut params = Vec::new();
        let embed = add(
            &mut params,
            "model.embed_tokens".into(),
            &[config.n_vocab, d],
        );
        let mut blocks = Vec::new();
        for i in 0..config.n_layers {
            let mut add = |part: &str, shape: &[usize]| {
                add(&mut params, format!("{LAYERS}{i}.{part}"), shape)
            };
            let input_norm = add("input_layernorm", &[d]);
            let query = add("self_attn.q_proj", &[q, d]);
            add("self_attn.k_proj", &[kv, d]);
            let value = add("self_attn.v_proj", &[kv, d]);
            let out = add("self_attn.o_proj", &[d, q]);
            let post_norm = add("post_attention_layernorm", &[d]);
            let gate = add("mlp.gate_proj", &[ff, d]);
            let up = add("mlp.up_proj", &[ff, d]);
            let down = add("mlp.down_proj", &[d, ff]);
            let (qkv, gate_up) = (query.start..value.end, gate.start..up.end);
            blocks.push(Block {
                input_norm,
                qkv,
                out,
                post_norm,
                gate_up,
                down,
            });
        }
        let norm = add(&mut params, "model.norm".into(), &[d]);
        let head = match config.tied {
            true => embed.clone(),
            false => add(&mut params, "lm_head".into(), &[config.n_vocab, d]),
        };
        Layout {
            params,
            blocks,
            embed,
            norm,
            head,
        }
    }

    /// Every parameter, in the order of the flat buffer.
    pub fn params(&self) -> &[Param] {
        &self.params
    }

    /// Length of the flat buffer.
    pub fn n_params(&self) -> usize {
        self.params.last().map_or(0, |p| p.range.end)
    }

    /// The parameter of that name.
    pub fn find(&self, name: &str) -> Option<&Param> {
        self.params.iter().find(|p| p.name == name)
    }

    /// Where the parameters of each decoder layer lie.
    pub fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    /// Token embedding, `[V, d]`.
    pub fn embed(&self) -> Range<usize> {
        self.embed.clone()
    }

    /// Last norm, `[d]`.
    pub fn norm(&self) -> Range<usize> {
        self.norm.clone()
    }

    /// Output matrix, `[V, d]`: the embedding where it is tied.
    pub fn head(&self) -> Range<usize> {
        self.head.clone()
    }

    /// For each parameter its place and whether weight decay applies, as AdamW wants them.
    pub fn decays(&self) -> Vec<(Range<usize>, bool)> {
        self.params
            .iter()
            .map(|p| (p.range.clone(), p.decays))
            .collect()
    }

    /// Place, rows and columns of the matrices inside of layers, each of q, k, v, o, gate, up and
    /// down on its own, as Muon wants them.
    pub fn matrices(&self) -> Vec<(Range<usize>, [usize; 2])> {
        let inside = |p: &&Param| p.name.starts_with(LAYERS);
        let params = self.params.iter().filter(inside);
        params
            .filter_map(|p| Some((p.range.clone(), p.shape.as_slice().try_into().ok()?)))
            .collect()
    }
}

/// What names of parameters of decoder layers begin with.
const LAYERS: &str = "model.layers.";

/// Appends the weight of a part and says where it lies.
fn add(params: &mut Vec<Param>, part: String, shape: &[usize]) -> Range<usize> {
    let name = format!("{part}.weight");
    let start = params.last().map_or(0, |p| p.range.end);
    let range = start..start + shape.iter().product::<usize>();
    let decays = shape.len() > 1;
    params.push(Param {
        name,
        shape: shape.to_vec(),
        range: range.clone(),
        decays,
    });
    range
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::model::tests::tiny;

    #[test]
    fn parameters_fill_the_buffer_without_gaps_and_count_as_the_shape_says() {
        for tied in [true, false] {
            let config = Config { tied, ..tiny() };
            let layout = Layout::new(&config);
            let mut at = 0;
            for p in layout.params() {
                assert_eq!(p.range.start, at, "{}", p.name);
                assert_eq!(
                    p.range.len(),
                    p.shape.iter().product::<usize>(),
                    "{}",
                    p.name
                );
                assert_eq!(p.decays, !p.name.contains("norm"), "{}", p.name);
                at = p.range.end;
            }
            assert_eq!((at, at), (layout.n_params(), config.n_params()));
            assert_eq!(layout.find("lm_head.weight").is_some(), !tied);
            assert_eq!(layout.head() == layout.embed(), tied);
        }
    }

    #[test]
    fn matrices_inside_of_layers_are_seven_a_layer_without_embedding_head_and_norms() {
        let config = Config {
            tied: false,
            ..tiny()
        };
        let layout = Layout::new(&config);
        let matrices = layout.matrices();
        assert_eq!(matrices.len(), 7 * config.n_layers);
        for (range, [rows, cols]) in &matrices {
            assert_eq!(range.len(), rows * cols);
            assert!(
                !layout.embed().contains(&range.start) && !layout.head().contains(&range.start)
            );
        }
        assert_eq!(
            matrices[6].1,
            [config.d_model, config.d_ff],
            "down comes last"
        );
    }

    #[test]
    fn grouped_matrices_span_their_members() {
        let config = tiny();
        let layout = Layout::new(&config);
        let place = |name: &str| layout.find(name).unwrap().range.clone();
        let block = &layout.blocks()[1];
        assert_eq!(
            block.qkv.start,
            place("model.layers.1.self_attn.q_proj.weight").start
        );
        assert_eq!(
            block.qkv.end,
            place("model.layers.1.self_attn.v_proj.weight").end
        );
        assert_eq!(
            block.gate_up.start,
            place("model.layers.1.mlp.gate_proj.weight").start
        );
        assert_eq!(
            block.gate_up.end,
            place("model.layers.1.mlp.up_proj.weight").end
        );
        let width = config.q_width() + 2 * config.kv_width();
        assert_eq!(block.qkv.len(), width * config.d_model);
    }
}
