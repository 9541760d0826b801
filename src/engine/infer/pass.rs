//! Rows of several texts on their way through the layers.

use std::sync::atomic::{AtomicBool, Ordering};

use super::decoder::{Ask, Decoder, HearsAll, TextId};
use super::seen::Input;
use super::weights::Layer;
use crate::engine::ops::blocks::{Matrix, Product, Rows};
use crate::engine::ops::decode::{Heads, PAGE, Span, add, attend, gate, rms_norm, scale, turn};
use crate::engine::ops::each_chunk;
use crate::engine::{Error, Result};

/// Rows that one task norms or turns.
const SOME: usize = 16;
/// Most logits that are held at once.
const LOGITS: usize = 8 << 20;
/// Logits that one task looks through.
const CHECKED: usize = 64 << 10;

/// Activations of the rows at work, `[n, …]`.
#[derive(Default)]
pub(super) struct Room {
    x: Vec<f32>,      // d
    h: Vec<f32>,      // d
    delta: Vec<f32>,  // d
    q: Vec<f32>,      // H·hd
    k: Vec<f32>,      // KV·hd
    v: Vec<f32>,      // KV·hd
    o: Vec<f32>,      // H·hd
    gate: Vec<f32>,   // F
    up: Vec<f32>,     // F
    logits: Vec<f32>, // V
}

/// Some tokens of an ask, on their way through the layers.
pub(super) struct Part {
    pub(super) ask: usize,
    /// Number of the first token in the ask.
    pub(super) first: usize,
    pub(super) text: TextId,
    /// The first row.
    pub(super) row: usize,
    /// Tokens.
    pub(super) n: usize,
    /// Position of the first.
    pub(super) pos: usize,
    /// The first of the tokens whose logits are wanted.
    pub(super) wanted: usize,
}

impl Decoder<'_> {
    /// Takes rows through all layers.
    pub(super) fn pass(
        &mut self,
        parts: &[Part],
        asks: &[Ask<'_>],
        hears: HearsAll<'_>,
    ) -> Result<()> {
        let Some(last) = parts.last() else {
            return Ok(());
        };
        let n = last.row + last.n;
        for part in parts {
            self.make_room(part);
            let reached = part.pos + part.n;
            self.angles
                .iter_mut()
                .for_each(|angles| angles.reach(reached));
        }
        self.products.round_for(self.rows);
        self.embed(parts, asks, n);
        let weights = self.weights;
        let n_layers = weights.layers.len();
        let mut wanted = Vec::new();
        for part in parts {
            wanted
                .extend((part.wanted..part.n).map(|at| (part.ask, part.first + at, part.row + at)));
        }
        for (index, layer) in weights.layers.iter().enumerate() {
            self.attention(parts, layer, index, n);
            let mut rows = n;
            if index + 1 == n_layers && self.seen.is_none() {
                // of the last layer only what is wanted matters behind its keys and values
                self.bring_first(&wanted);
                rows = wanted.len();
                if self.rows == Rows::Many {
                    self.products.round_for(Rows::Few);
                }
            }
            if rows > 0 {
                self.feed_forward(layer, index, rows);
            }
        }
        for part in parts {
            self.text_mut(part.text).len = part.pos + part.n;
        }
        if self.seen.is_some() {
            self.norm(&weights.norm, n);
            if let Some(seen) = &mut self.seen {
                seen.add_output(&mut self.team, &self.room.h[..n * weights.shape.d_model]);
            }
            self.bring_first(&wanted);
        }
        self.tell(&wanted, hears)
    }

    /// Moves the rows that are wanted before all others.
    fn bring_first(&mut self, wanted: &[(usize, usize, usize)]) {
        let (d, q) = (self.weights.shape.d_model, self.weights.shape.q_width());
        for (to, (_, _, from)) in wanted.iter().enumerate() {
            self.room.x.copy_within(from * d..(from + 1) * d, to * d);
            self.room.o.copy_within(from * q..(from + 1) * q, to * q);
        }
    }

    /// Pages for the positions of a part, that no other text has.
    fn make_room(&mut self, part: &Part) {
        let (from, to) = (part.pos / PAGE, (part.pos + part.n).div_ceil(PAGE));
        for at in from..to {
            let pages = &self.text(part.text).pages;
            match pages.get(at).copied() {
                None => {
                    let page = self.pages.take();
                    self.text_mut(part.text).pages.push(page);
                }
                Some(page) if self.pages.is_shared(page) => {
                    let own = self.pages.take();
                    self.pages.copy(page, own);
                    self.pages.give(page);
                    self.text_mut(part.text).pages[at] = own;
                }
                Some(_) => {}
            }
        }
    }

    fn embed(&mut self, parts: &[Part], asks: &[Ask<'_>], n: usize) {
        let shape = &self.weights.shape;
        let (d, table) = (shape.d_model, self.weights.embed());
        self.room.x.resize(n * d, 0.0);
        let mut rows = self.room.x.chunks_exact_mut(d);
        for part in parts {
            for token in &asks[part.ask].tokens[part.first..][..part.n] {
                if let Some(row) = rows.next() {
                    table.decode_row(*token as usize, row);
                }
            }
        }
        if shape.embed_scale != 1.0 {
            scale(self.isa, &mut self.room.x, shape.embed_scale);
        }
    }

    fn norm(&mut self, w: &[f32], n: usize) {
        let (isa, eps, d) = (self.isa, self.weights.shape.eps, w.len());
        let Room { x, h, .. } = &mut self.room;
        h.resize(n * d, 0.0);
        let x = &x[..n * d];
        each_chunk(&mut self.team, &mut h[..n * d], SOME * d, &|at, h| {
            rms_norm(isa, h, &x[at..at + h.len()], w, eps);
        });
    }

    /// x += delta, normed before where there is a norm for it.
    fn add_delta(&mut self, post_norm: Option<&Vec<f32>>, n: usize) {
        let (isa, eps, d) = (self.isa, self.weights.shape.eps, self.weights.shape.d_model);
        let Room { x, delta, h, .. } = &mut self.room;
        let mut delta = &delta[..n * d];
        if let Some(w) = post_norm {
            h.resize(n * d, 0.0);
            each_chunk(&mut self.team, &mut h[..n * d], SOME * d, &|at, h| {
                rms_norm(isa, h, &delta[at..at + h.len()], w, eps);
            });
            delta = &h[..n * d];
        }
        each_chunk(&mut self.team, &mut x[..n * d], SOME * d, &|at, x| {
            add(isa, x, &delta[at..at + x.len()]);
        });
    }

    /// Keys, values and queries of a layer, and what queries find.
    fn attention(&mut self, parts: &[Part], layer: &Layer, index: usize, n: usize) {
        self.norm(&layer.attn_norm, n);
        let weights = self.weights;
        let shape = &weights.shape;
        let (hd, isa, eps) = (shape.head_dim, self.isa, shape.eps);
        let window = shape.window_of(index);
        let Room { h, q, k, v, o, .. } = &mut self.room;
        q.resize(n * shape.q_width(), 0.0);
        k.resize(n * shape.kv_width(), 0.0);
        v.resize(n * shape.kv_width(), 0.0);
        o.resize(n * shape.q_width(), 0.0);
        let h = &h[..n * shape.d_model];
        if let Some(seen) = &mut self.seen {
            seen.add(&mut self.team, index, Input::Attention, h);
        }
        let mut products = [
            (&layer.q, &mut *q),
            (&layer.k, &mut *k),
            (&layer.v, &mut *v),
        ]
        .map(|(w, y)| Product {
            w: weights.of(w),
            y,
        });
        self.products.multiply(&mut self.team, h, &mut products);

        let mut positions = vec![0; n];
        for part in parts {
            for (at, pos) in positions[part.row..part.row + part.n]
                .iter_mut()
                .enumerate()
            {
                *pos = part.pos + at;
            }
        }
        let angles = &self.angles[usize::from(window.is_some())];
        for (rows, norm) in [(&mut *q, 0), (&mut *k, 1)] {
            let width = rows.len() / n;
            let norm = layer.qk_norm.as_ref().map(|norms| &norms[norm]);
            each_chunk(&mut self.team, rows, SOME * width, &|at, rows| {
                if let Some(w) = norm {
                    let mut normed = vec![0.0; rows.len()];
                    rms_norm(isa, &mut normed, rows, w, eps);
                    rows.copy_from_slice(&normed);
                }
                for (row, x) in rows.chunks_exact_mut(width).enumerate() {
                    turn(x, shape.pairs, angles, positions[at / width + row]);
                }
            });
        }
        let kv = shape.kv_width();
        let mut spans = Vec::with_capacity(parts.len());
        for part in parts {
            let text = self.texts[part.text.0]
                .as_ref()
                .expect("a text that was not ended");
            for at in 0..part.n {
                let (row, pos) = (part.row + at, part.pos + at);
                let place = [text.pages[pos / PAGE], pos % PAGE];
                let of = row * kv..(row + 1) * kv;
                self.pages.put(index, place, &k[of.clone()], &v[of]);
            }
            spans.push(Span {
                row: part.row,
                n: part.n,
                pos: part.pos,
                pages: &text.pages,
            });
        }
        let heads = Heads {
            n_heads: shape.n_heads,
            n_kv_heads: shape.n_kv_heads,
            head_dim: hd,
            scale: shape.attention_scale,
            window,
        };
        let rows = [&mut o[..n * shape.q_width()], &mut q[..]];
        attend(
            isa,
            &mut self.team,
            rows,
            &spans,
            (&self.pages, index),
            heads,
        );
    }

    /// What attention found goes to the residual stream, and through the feed-forward block.
    fn feed_forward(&mut self, layer: &Layer, index: usize, n: usize) {
        let weights = self.weights;
        let shape = &weights.shape;
        let (d, ff, isa) = (shape.d_model, shape.d_ff, self.isa);
        self.room.delta.resize(n * d, 0.0);
        let Room { o, delta, .. } = &mut self.room;
        let product = product(weights.of(&layer.o), &mut delta[..n * d]);
        let o = &o[..n * shape.q_width()];
        if let Some(seen) = &mut self.seen {
            seen.add(&mut self.team, index, Input::AttentionOutput, o);
        }
        self.products.multiply(&mut self.team, o, &mut [product]);
        self.add_delta(layer.attn_post_norm.as_ref(), n);

        self.norm(&layer.ffn_norm, n);
        let Room {
            h,
            gate: g,
            up,
            delta,
            ..
        } = &mut self.room;
        up.resize(n * ff, 0.0);
        let h = &h[..n * d];
        if let Some(seen) = &mut self.seen {
            seen.add(&mut self.team, index, Input::FeedForward, h);
        }
        let up_product = Product {
            w: weights.of(&layer.up),
            y: &mut up[..n * ff],
        };
        match &layer.gate {
            Some(w) => {
                g.resize(n * ff, 0.0);
                let gate_product = Product {
                    w: weights.of(w),
                    y: &mut g[..n * ff],
                };
                let mut both = [gate_product, up_product];
                self.products.multiply(&mut self.team, h, &mut both);
            }
            None => self.products.multiply(&mut self.team, h, &mut [up_product]),
        }
        let by = shape.gate_of(index);
        let (g, has_gate) = (&g[..], layer.gate.is_some());
        each_chunk(&mut self.team, &mut up[..n * ff], SOME * ff, &|at, up| {
            let of = if has_gate { at..at + up.len() } else { 0..0 };
            gate(isa, by, &g[of], up);
        });
        if let Some(seen) = &mut self.seen {
            seen.add(&mut self.team, index, Input::Down, &up[..n * ff]);
        }
        let down = Product {
            w: weights.of(&layer.down),
            y: &mut delta[..n * d],
        };
        self.products
            .multiply(&mut self.team, &up[..n * ff], &mut [down]);
        self.add_delta(layer.ffn_post_norm.as_ref(), n);
    }

    /// Logits of the rows that are wanted, which lie first.
    fn tell(&mut self, wanted: &[(usize, usize, usize)], hears: HearsAll<'_>) -> Result<()> {
        if wanted.is_empty() {
            return Ok(());
        }
        let weights = self.weights;
        let (d, v) = (weights.shape.d_model, weights.shape.n_vocab);
        self.norm(&weights.norm, wanted.len());
        let together = (LOGITS / v).max(32);
        for (some, wanted) in wanted.chunks(together).enumerate() {
            let Room { h, logits, .. } = &mut self.room;
            let from = some * together * d;
            logits.resize(wanted.len() * v, 0.0);
            let h = &h[from..from + wanted.len() * d];
            let output = product(weights.output(), &mut logits[..wanted.len() * v]);
            self.products.multiply(&mut self.team, h, &mut [output]);
            let logits = &mut logits[..wanted.len() * v];
            let is_nan = AtomicBool::new(false);
            each_chunk(&mut self.team, logits, CHECKED, &|_, some| {
                if some.iter().fold(false, |bad, x| bad | x.is_nan()) {
                    is_nan.store(true, Ordering::Relaxed);
                }
            });
            if is_nan.into_inner() {
                let token = logits.iter().position(|x| x.is_nan()).unwrap_or(0) % v;
                let what = format!("the logit of token {token} is NaN: a weight is no number");
                return Err(Error::damaged(&weights.path, what));
            }
            let tokens: Vec<(usize, usize)> = wanted.iter().map(|w| (w.0, w.1)).collect();
            hears(&mut self.team, &tokens, &mut logits[..wanted.len() * v]);
        }
        Ok(())
    }
}

fn product<'a>(w: Matrix<'a>, y: &'a mut [f32]) -> Product<'a> {
    Product { w, y }
}
