//! Inference: tokens in, logits of the next one out, keys and values kept.

use std::sync::Arc;

use half::bf16;

use super::llama::{Entry, Layer, Llama, Numbers, Room};
use super::stack::check_tokens;
use super::{Config, Model};
use crate::engine::ops::{Buffer, Executor, Ops, Precision, Stored, attention, matmul};
use crate::engine::{Error, Result};

/// Tokens of a prompt that go through the layers together.
const FEED: usize = 256;

/// A text being read and written by a model.
pub struct Session<'m> {
    params: &'m [f32],
    copy: Buffer<bf16>,
    n_vocab: usize,
    context: usize,
    reader: Kind,
}

enum Kind {
    Exact(Box<Reader<f32>>),
    Half(Box<Reader<bf16>>),
}

/// The layers at work on a text, in numbers of type A.
struct Reader<A: Stored<f32>> {
    net: Llama<f32, A>,
    len: usize,
    kept: Vec<Kept<A>>,
    entry: Entry<f32>,
    layer: Layer<f32, A>,
    room: Room<A>,
    last: Last<A>,
}

/// Keys and values of one layer, `[len, KV·hd]` each; they grow as the text does.
#[derive(Default)]
struct Kept<A> {
    k: Vec<A>,
    v: Vec<A>,
}

/// The last token after the last layer.
struct Last<A> {
    x: Vec<f32>,      // [d]
    h: Vec<A>,        // [d]
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
        Ok(Session {
            params: &model.params,
            copy: executor.copy(&model.params),
            n_vocab: config.n_vocab,
            context: if context == 0 {
                config.context
            } else {
                context
            },
            reader: match executor.precision() {
                Precision::F32 => Kind::Exact(Box::new(Reader::new(config, executor.exact()))),
                Precision::Bf16 => Kind::Half(Box::new(Reader::new(config, executor.half()))),
            },
        })
    }

    /// Tokens of the text so far.
    pub fn len(&self) -> usize {
        match &self.reader {
            Kind::Exact(reader) => reader.len,
            Kind::Half(reader) => reader.len,
        }
    }

    /// The text has no tokens yet.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Most tokens the text can have.
    pub fn context(&self) -> usize {
        self.context
    }

    /// Forgets all but the first `n` tokens.
    pub fn truncate(&mut self, n: usize) {
        match &mut self.reader {
            Kind::Exact(reader) => reader.truncate(n),
            Kind::Half(reader) => reader.truncate(n),
        }
    }

    /// Appends tokens to the text; logits of the token after them, `[V]`.
    ///
    /// Refused, with the text left as it was: no tokens, more than the context has room for,
    /// tokens outside of the vocabulary.
    pub fn feed(&mut self, tokens: &[u32]) -> Result<&[f32]> {
        let room = self.context - self.len();
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
        check_tokens(tokens, self.n_vocab)?;
        let params = self.params;
        Ok(match &mut self.reader {
            Kind::Exact(reader) => reader.feed(
                Numbers {
                    params,
                    matrices: params,
                },
                tokens,
            ),
            Kind::Half(reader) => {
                let matrices = &*self.copy;
                reader.feed(Numbers { params, matrices }, tokens)
            }
        })
    }
}

impl<A: Stored<f32>> Reader<A> {
    fn new(config: &Config, ops: Arc<dyn Ops<f32, A>>) -> Self {
        Reader {
            net: Llama::new(config, ops, 0),
            len: 0,
            kept: (0..config.n_layers).map(|_| Kept::default()).collect(),
            entry: Entry::default(),
            layer: Layer::default(),
            room: Room::default(),
            last: Last {
                x: vec![0.0; config.d_model],
                h: vec![A::default(); config.d_model],
                logits: vec![0.0; config.n_vocab],
            },
        }
    }

    fn truncate(&mut self, n: usize) {
        self.len = self.len.min(n);
        let len = self.len * self.net.config.kv_width();
        for kept in &mut self.kept {
            kept.k.truncate(len);
            kept.v.truncate(len);
        }
    }

    fn feed(&mut self, numbers: Numbers<'_, f32, A>, tokens: &[u32]) -> &[f32] {
        self.net.table.reach(self.len + tokens.len());
        let ops = Arc::clone(&self.net.ops);
        ops.enter(&mut || {
            for tokens in tokens.chunks(FEED) {
                self.feed_some(numbers, tokens);
            }
            self.finish(numbers);
        });
        &self.last.logits
    }

    /// Takes tokens through all layers and keeps their keys and values.
    fn feed_some(&mut self, numbers: Numbers<'_, f32, A>, tokens: &[u32]) {
        let (net, n) = (&self.net, tokens.len());
        let Reader {
            entry, layer, room, ..
        } = self;
        entry.set_rows(&net.config, n);
        layer.set_rows(&net.config, n);
        room.set_rows(&net.config, n);
        let shape = shape(&net.config, n, self.len + n);
        let w = &numbers.params[net.layout.embed()];
        net.ops.embedding(&mut entry.x, w, tokens);
        for (index, kept) in self.kept.iter_mut().enumerate() {
            if index == 0 {
                net.begin(entry, room, numbers.params, index);
            } else {
                let w = &numbers.params[net.layout.blocks()[index].input_norm.clone()];
                net.go_on(entry, room, &layer.y, w);
            }
            net.enter(layer, room, numbers, index, [n, self.len]);
            kept.append(&layer.qkv, &net.config);
            let qkv = [&*layer.qkv, &kept.k, &kept.v];
            net.ops
                .attention(&mut layer.o, &mut layer.lse, qkv, &shape, None);
            net.middle(&entry.x, layer, room, numbers, index);
            net.leave(layer, room, numbers, index);
        }
        self.len += n;
    }

    /// Last norm and output matrix, of the last token.
    fn finish(&mut self, numbers: Numbers<'_, f32, A>) {
        let (net, d) = (&self.net, self.net.config.d_model);
        let (y, delta) = (&self.layer.y, &self.room.delta);
        let (y, delta) = (&y[y.len() - d..], &delta[delta.len() - d..]);
        let Last { x, h, logits } = &mut self.last;
        let norm = net.norm(&numbers.params[net.layout.norm()]);
        net.ops.add_rms_norm(h, &mut [0.0], x, (y, delta), norm);
        let dims = matmul::Dims {
            n: 1,
            i: d,
            o: net.config.n_vocab,
        };
        net.ops
            .logits(logits, h, &numbers.matrices[net.layout.head()], dims);
    }
}

impl<A: Copy> Kept<A> {
    /// Appends keys and values of packed rows `[q | k | v]`.
    fn append(&mut self, qkv: &[A], config: &Config) {
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
        q_stride: config.qkv_width(),
        kv_stride: config.kv_width(),
    }
}
