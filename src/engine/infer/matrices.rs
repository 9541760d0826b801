//! The matrices of a model by their names in GGUF files: listed, and exchanged for others.

use super::source::{Bytes, Found, Matrix};
use super::weights::{Layer, Weights};
use crate::engine::gguf::Kind;

/// A matrix of a model.
#[derive(Debug, Clone)]
pub(in crate::engine) struct Held<'a> {
    /// Its name in GGUF files.
    pub(in crate::engine) name: String,
    /// Type of its weights.
    pub(in crate::engine) kind: &'static Kind,
    /// Its weights, row after row.
    pub(in crate::engine) bytes: &'a [u8],
    /// Weights of a row.
    pub(in crate::engine) width: usize,
    /// Rows.
    pub(in crate::engine) n_rows: usize,
}

impl Layer {
    fn matrices(&mut self) -> [(&'static str, Option<&mut Matrix>); 7] {
        [
            ("attn_q", Some(&mut self.q)),
            ("attn_k", Some(&mut self.k)),
            ("attn_v", Some(&mut self.v)),
            ("attn_output", Some(&mut self.o)),
            ("ffn_gate", self.gate.as_mut()),
            ("ffn_up", Some(&mut self.up)),
            ("ffn_down", Some(&mut self.down)),
        ]
    }

    fn found(&self) -> [(&'static str, Option<&Matrix>); 7] {
        [
            ("attn_q", Some(&self.q)),
            ("attn_k", Some(&self.k)),
            ("attn_v", Some(&self.v)),
            ("attn_output", Some(&self.o)),
            ("ffn_gate", self.gate.as_ref()),
            ("ffn_up", Some(&self.up)),
            ("ffn_down", Some(&self.down)),
        ]
    }
}

impl Weights {
    /// Every matrix: the embedding, the output matrix where it is another, then layer by layer.
    pub(in crate::engine) fn matrices(&self) -> Vec<Held<'_>> {
        let mut all = vec![self.held("token_embd.weight".into(), &self.embed)];
        all.extend(
            self.output
                .as_ref()
                .map(|output| self.held("output.weight".into(), output)),
        );
        for (index, layer) in self.layers.iter().enumerate() {
            for (name, matrix) in layer.found() {
                let name = format!("blk.{index}.{name}.weight");
                all.extend(matrix.map(|matrix| self.held(name, matrix)));
            }
        }
        all
    }

    fn held(&self, name: String, matrix: &Matrix) -> Held<'_> {
        let found = &matrix.found;
        Held {
            name,
            kind: found.kind,
            bytes: &self.files[found.file][found.range.clone()],
            width: found.dims[1],
            n_rows: found.dims[0],
        }
    }

    /// Numbers that are in no matrix: those of norms.
    pub(in crate::engine) fn n_in_norms(&self) -> usize {
        let layer = |layer: &Layer| {
            let heads = layer.qk_norm.iter().flatten().map(Vec::len).sum::<usize>();
            let posts = [&layer.attn_post_norm, &layer.ffn_post_norm];
            let posts = posts.into_iter().flatten().map(Vec::len).sum::<usize>();
            layer.attn_norm.len() + layer.ffn_norm.len() + heads + posts
        };
        self.norm.len() + self.layers.iter().map(layer).sum::<usize>()
    }

    /// Puts other weights in the place of the matrix of that name, until [`Weights::restore`].
    ///
    /// # Errors
    /// In words, when there is no such matrix, or the bytes are not as many weights.
    pub(in crate::engine) fn replace(
        &mut self,
        name: &str,
        kind: &'static Kind,
        bytes: Vec<u8>,
    ) -> Result<(), String> {
        let file = self.files.len();
        let matrix = self.named(name);
        let matrix = matrix.ok_or_else(|| format!("no matrix {name}"))?;
        let found = Found {
            file,
            range: 0..bytes.len(),
            kind,
            dims: matrix.found.dims.clone(),
        };
        let n = found.dims.iter().product::<usize>() as u64;
        if kind.len_bytes(n) != Some(bytes.len() as u64) || !kind.is_readable() {
            let len = bytes.len();
            return Err(format!("{len} bytes are not {n} weights of {}", kind.name));
        }
        let own = std::mem::replace(&mut matrix.found, found);
        self.files.push(Bytes::Made(bytes));
        self.replaced.push((name.into(), own));
        Ok(())
    }

    /// Puts every matrix back that was replaced.
    pub(in crate::engine) fn restore(&mut self) {
        while let Some((name, own)) = self.replaced.pop() {
            if let Some(matrix) = self.named(&name) {
                matrix.found = own;
            }
            self.files.pop();
        }
    }

    fn named(&mut self, name: &str) -> Option<&mut Matrix> {
        match name {
            "token_embd.weight" => Some(&mut self.embed),
            "output.weight" => self.output.as_mut(),
            _ => {
                let name = name.strip_prefix("blk.")?.strip_suffix(".weight")?;
                let (layer, name) = name.split_once('.')?;
                let layer = self.layers.get_mut(layer.parse::<usize>().ok()?)?;
                let mut all = layer.matrices().into_iter();
                all.find(|(known, _)| *known == name)?.1
            }
        }
    }
}
