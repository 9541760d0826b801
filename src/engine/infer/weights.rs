//! The tensors of a model, in their places.

use std::path::{Path, PathBuf};

use super::shape::Shape;
use super::source::{Bytes, Found, Matrix, Source};
use super::{folder, gguf};
use crate::engine::Result;
use crate::engine::gguf::Metadata;
use crate::engine::ops::blocks;

/// A model as it lies on disk: nothing of it is copied but norms.
pub struct Weights {
    /// Its shape.
    pub shape: Shape,
    /// The first of its files.
    pub(super) path: PathBuf,
    pub(super) files: Vec<Bytes>,
    pub(super) embed: Matrix,
    /// None where the embedding is the output matrix too.
    pub(super) output: Option<Matrix>,
    pub(super) norm: Vec<f32>,
    pub(super) layers: Vec<Layer>,
    /// Matrices that others stand for, by name, with where their own weights are.
    pub(super) replaced: Vec<(String, Found)>,
}

/// One layer.
pub(super) struct Layer {
    pub(super) attn_norm: Vec<f32>,
    pub(super) q: Matrix,
    pub(super) k: Matrix,
    pub(super) v: Matrix,
    pub(super) o: Matrix,
    /// Norms of queries and of keys, head by head.
    pub(super) qk_norm: Option<[Vec<f32>; 2]>,
    /// Norm of what attention gives.
    pub(super) attn_post_norm: Option<Vec<f32>>,
    pub(super) ffn_norm: Vec<f32>,
    pub(super) gate: Option<Matrix>,
    pub(super) up: Matrix,
    pub(super) down: Matrix,
    /// Norm of what the feed-forward block gives.
    pub(super) ffn_post_norm: Option<Vec<f32>>,
}

/// What tensors are called in a file.
pub(super) trait Names {
    /// A tensor outside of layers, by its name in GGUF files.
    fn outside(&self, name: &str) -> String;
    /// A tensor of a layer, by its name in GGUF files.
    fn inside(&self, layer: usize, name: &str) -> String;
    /// What is added to norms: Hugging Face keeps those of Gemma less one.
    fn norm_offset(&self) -> f32 {
        0.0
    }
}

impl Weights {
    /// Opens the model at `path`, a GGUF file or a folder that holds weights; with the metadata of
    /// the file.
    ///
    /// # Errors
    /// When there is none, when it is damaged, or of an architecture or of types that are not read.
    pub fn open(path: &Path) -> Result<(Self, Option<Metadata>)> {
        if path.is_dir() {
            return Ok((folder::open(path)?, None));
        }
        let (weights, metadata) = gguf::open(path)?;
        Ok((weights, Some(metadata)))
    }

    /// A model in memory.
    #[cfg(test)]
    pub(in crate::engine) fn of_model(model: &crate::engine::model::Model) -> Result<Self> {
        folder::of_model(model)
    }

    /// Takes the tensors of `shape` out of their files.
    pub(super) fn gather(shape: Shape, mut source: Source, names: &dyn Names) -> Result<Self> {
        shape.check().map_err(|what| source.damaged(what))?;
        let family = shape.family;
        let d = shape.d_model;
        let norm = |source: &mut Source, name: String, n: usize| -> Result<Vec<f32>> {
            let mut w = source.vector(&name, n)?;
            w.iter_mut().for_each(|w| *w += names.norm_offset());
            Ok(w)
        };
        let embed = source.matrix(&names.outside("token_embd"), shape.n_vocab, d)?;
        let output = match source.has(&names.outside("output")) {
            true => Some(source.matrix(&names.outside("output"), shape.n_vocab, d)?),
            false => None,
        };
        let last = norm(&mut source, names.outside("output_norm"), d)?;
        let (q, kv, ff) = (shape.q_width(), shape.kv_width(), shape.d_ff);
        let mut layers = Vec::new();
        for layer in 0..shape.n_layers {
            let name = |name: &str| names.inside(layer, name);
            let post = |source: &mut Source, of: &str| match family.has_post_norms() {
                true => norm(source, name(of), d).map(Some),
                false => Ok(None),
            };
            layers.push(Layer {
                attn_norm: norm(&mut source, name("attn_norm"), d)?,
                q: source.matrix(&name("attn_q"), q, d)?,
                k: source.matrix(&name("attn_k"), kv, d)?,
                v: source.matrix(&name("attn_v"), kv, d)?,
                o: source.matrix(&name("attn_output"), d, q)?,
                qk_norm: match family.has_qk_norm() {
                    true => Some([
                        norm(&mut source, name("attn_q_norm"), shape.head_dim)?,
                        norm(&mut source, name("attn_k_norm"), shape.head_dim)?,
                    ]),
                    false => None,
                },
                attn_post_norm: post(&mut source, "post_attention_norm")?,
                ffn_norm: norm(&mut source, name("ffn_norm"), d)?,
                gate: match family.has_gate() {
                    true => Some(source.matrix(&name("ffn_gate"), ff, d)?),
                    false => None,
                },
                up: source.matrix(&name("ffn_up"), ff, d)?,
                down: source.matrix(&name("ffn_down"), d, ff)?,
                ffn_post_norm: post(&mut source, "post_ffw_norm")?,
            });
        }
        source.refuse_rest(|name| name.ends_with(".rotary_emb.inv_freq"))?;
        let weights = Weights {
            shape,
            path: source.path,
            files: source.files,
            embed,
            output,
            norm: last,
            layers,
            replaced: Vec::new(),
        };
        weights.check_products()?;
        Ok(weights)
    }

    /// Every matrix can be multiplied with.
    fn check_products(&self) -> Result<()> {
        let outside = [Some(&self.embed), self.output.as_ref()];
        let inside = self.layers.iter().flat_map(|l| {
            [Some(&l.q), Some(&l.k), Some(&l.v), Some(&l.o)]
                .into_iter()
                .chain([l.gate.as_ref(), Some(&l.up), Some(&l.down)])
        });
        for matrix in outside.into_iter().chain(inside).flatten() {
            self.try_matrix(matrix)
                .map_err(|what| super::shape::unsupported(&self.path, what))?;
        }
        Ok(())
    }

    /// A matrix as it lies.
    pub(super) fn bytes(&self, matrix: &Matrix) -> &[u8] {
        &self.files[matrix.found.file][matrix.found.range.clone()]
    }

    fn try_matrix(&self, matrix: &Matrix) -> std::result::Result<blocks::Matrix<'_>, String> {
        let found = &matrix.found;
        blocks::Matrix::new(found.kind, self.bytes(matrix), found.dims[1])
    }

    /// A matrix as products take it.
    pub(super) fn of(&self, matrix: &Matrix) -> blocks::Matrix<'_> {
        self.try_matrix(matrix)
            .expect("every matrix was tried when the model was opened")
    }

    /// The embedding `[V,d]`.
    pub(super) fn embed(&self) -> blocks::Matrix<'_> {
        self.of(&self.embed)
    }

    /// The output matrix `[V,d]`.
    pub(super) fn output(&self) -> blocks::Matrix<'_> {
        self.of(self.output.as_ref().unwrap_or(&self.embed))
    }
}
