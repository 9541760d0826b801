//! Inference: tokens in, logits of the next one out, keys and values kept.

use super::llama::{Layer, Llama, Residual};
use super::pass::check_tokens;
use super::{Config, Model};
use crate::engine::ops::matmul::{self, Store};
use crate::engine::ops::{Executor, attention};
use crate::engine::{Error, Result};

/// Tokens of a prompt that go through the layers together.
const FEED: usize = 128;

/// A text being read and written by a model.
pub struct Session<'m> {
    params: &'m [f32],
    net: Llama<f32>,
    context: usize,
    len: usize,
    kept: Vec<Kept>,
    /// The layer at work and the one before it.
    layers: [Layer<f32>; 2],
    delta: Vec<f32>, // [n,d]
    last: Last,
}

/// Keys and values of one layer, `[len, KV·hd]` each; they grow as the text does.
#[derive(Default)]
struct Kept {
    k: Vec<f32>,
    v: Vec<f32>,
}

/// The last token after the last layer.
struct Last {
    x: Vec<f32>,      // [d]
    h: Vec<f32>,      // [d]
    logits: Vec<f32>, // [V]
}

impl<'m> Session<'m> {
    /// An empty text of at most `context` tokens; 0: as many as the model was made for.
    pub fn new(model: &'m Model, executor: &Executor, context: usize) -> Result<Self> {
        let config = &model.config;
        config.check()?;
        if model.params.len() != config.n_params() {
            let (has, wants) = (model.params.len(), config.n_params());
            return Err(Error::Failed(format!(
                "{has} parameters for a shape of {wants}"
            )));
        }
        if context > config.context {
            return Err(Error::Usage {
                what: format!(
                    "a context of {context} tokens is asked of a model made for {}",
                    config.context
                ),
                hint: format!("ask for at most {}", config.context),
            });
        }
        let kept = (0..config.n_layers).map(|_| Kept::default()).collect();
        Ok(Session {
            params: &model.params,
            net: Llama::new(config, executor.ops(), 0),
            context: if context == 0 {
                config.context
            } else {
                context
            },
            len: 0,
            kept,
            layers: [Layer::default(), Layer::default()],
            delta: Vec::new(),
            last: Last {
                x: vec![0.0; config.d_model],
                h: vec![0.0; config.d_model],
                logits: vec![0.0; config.n_vocab],
            },
        })
    }

    /// Tokens of the text so far.
    pub fn len(&self) -> usize {
        self.len
    }

    /// The text has no tokens yet.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Most tokens the text can have.
    pub fn context(&self) -> usize {
        self.context
    }

    /// Forgets all but the first `n` tokens.
    pub fn truncate(&mut self, n: usize) {
        self.len = self.len.min(n);
        let len = self.len * self.net.config.kv_width();
        for kept in &mut self.kept {
            kept.k.truncate(len);
            kept.v.truncate(len);
        }
    }

    /// Appends tokens to the text; logits of the token after them, `[V]`.
    ///
    /// Refused, with the text left as it was: no tokens, more than the context has room for,
    /// tokens outside of the vocabulary.
    pub fn feed(&mut self, tokens: &[u32]) -> Result<&[f32]> {
        let room = self.context - self.len;
        if tokens.is_empty() {
            return Err(Error::Usage {
                what: "there is no text to continue".into(),
                hint: "begin with a token, such as the one that ends a text".into(),
            });
        }
        if tokens.len() > room {
            let (n, context) = (tokens.len(), self.context);
            return Err(Error::Usage {
                what: format!("{n} tokens do not fit: {room} of the context of {context} are left"),
                hint: "use a larger context or a shorter text".into(),
            });
        }
        check_tokens(tokens, self.net.config.n_vocab)?;
        self.net.table.reach(self.len + tokens.len());
        for tokens in tokens.chunks(FEED) {
            self.feed_some(tokens)?;
        }
        Ok(self.finish())
    }

    /// Takes tokens through all layers and keeps their keys and values.
    fn feed_some(&mut self, tokens: &[u32]) -> Result<()> {
        let (net, ops, n) = (&self.net, &self.net.ops, tokens.len());
        for layer in &mut self.layers {
            layer.set_rows(&net.config, n);
        }
        self.delta.resize(n * net.config.d_model, 0.0);
        let shape = shape(&net.config, n, self.len + n);
        ops.embedding(
            &mut self.layers[0].x,
            &self.params[net.layout.embed()],
            tokens,
        );
        for (index, kept) in self.kept.iter_mut().enumerate() {
            let [even, odd] = &mut self.layers;
            let (layer, before) = if index % 2 == 0 {
                (even, odd)
            } else {
                (odd, even)
            };
            let residual = match index {
                0 => Residual::Embedded,
                _ => Residual::Sum([&before.y, &self.delta]),
            };
            net.enter(layer, self.params, index, residual, [n, self.len]);
            kept.append(&layer.qkv, &net.config);
            let qkv = [layer.qkv.as_slice(), &kept.k, &kept.v];
            ops.attention(&mut layer.o, &mut layer.lse, qkv, &shape);
            net.leave(layer, self.params, index, &mut self.delta);
        }
        self.len += n;
        Ok(())
    }

    /// Last norm and output matrix, of the last token.
    fn finish(&mut self) -> &[f32] {
        let (net, ops, d) = (&self.net, &self.net.ops, self.net.config.d_model);
        let layer = &self.layers[(net.config.n_layers - 1) % 2];
        let y = &layer.y[layer.y.len() - d..];
        let delta = &self.delta[self.delta.len() - d..];
        let Last { x, h, logits } = &mut self.last;
        let norm = net.norm(&self.params[net.layout.norm()]);
        ops.add_rms_norm(h, &mut [0.0], x, [y, delta], norm);
        let dims = matmul::Dims {
            n: 1,
            i: d,
            o: net.config.n_vocab,
        };
        ops.matmul(logits, h, &self.params[net.layout.head()], dims, Store::Set);
        logits
    }
}

impl Kept {
    /// Appends keys and values of packed rows `[q | k | v]`.
    fn append(&mut self, qkv: &[f32], config: &Config) {
        let (q, kv) = (config.q_width(), config.kv_width());
        for row in qkv.chunks_exact(q + 2 * kv) {
            self.k.extend_from_slice(&row[q..q + kv]);
            self.v.extend_from_slice(&row[q + kv..]);
        }
    }
}

/// n queries at the end of a text of `len` tokens, whose keys and values are kept.
fn shape(config: &Config, n: usize, len: usize) -> attention::Dims {
    attention::Dims {
        b: 1,
        tq: n,
        tk: len,
        n_heads: config.n_heads,
        n_kv_heads: config.n_kv_heads,
        head_dim: config.head_dim,
        q_stride: config.q_width() + 2 * config.kv_width(),
        kv_stride: config.kv_width(),
    }
}
