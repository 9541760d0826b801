//! Shape of attention, and what its backward pass needs.

/// Shape of attention.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dims {
    /// Sequences.
    pub b: usize,
    /// Queries of a sequence.
    pub tq: usize,
    /// Keys of a sequence; the queries stand at the last positions.
    pub tk: usize,
    /// Query heads.
    pub n_heads: usize,
    /// Key and value heads.
    pub n_kv_heads: usize,
    /// Width of a head.
    pub head_dim: usize,
    /// Numbers from one query row to the next.
    pub q_stride: usize,
    /// Numbers from one key (or value) row to the next.
    pub kv_stride: usize,
}

impl Dims {
    /// Whole sequences of packed rows `[q | k | v]`.
    pub fn packed(b: usize, t: usize, n_heads: usize, n_kv_heads: usize, head_dim: usize) -> Self {
        let stride = (n_heads + 2 * n_kv_heads) * head_dim;
        let (q_stride, kv_stride) = (stride, stride);
        Dims {
            b,
            tq: t,
            tk: t,
            n_heads,
            n_kv_heads,
            head_dim,
            q_stride,
            kv_stride,
        }
    }

    /// Queries, keys and values of packed rows, each from its first number on.
    pub fn split<'a, T>(&self, qkv: &'a [T]) -> [&'a [T]; 3] {
        let keys = self.n_heads * self.head_dim;
        let values = keys + self.n_kv_heads * self.head_dim;
        [qkv, &qkv[keys..], &qkv[values..]]
    }

    /// Query heads that share a key-value head.
    pub fn group(&self) -> usize {
        self.n_heads / self.n_kv_heads
    }

    /// What scores are multiplied by.
    pub fn scale(&self) -> f64 {
        1.0 / (self.head_dim as f64).sqrt()
    }
}

/// The first key that each query may see, `[b,tq]`, where texts of several documents are not to see
/// one another: it never decreases within a sequence and never passes the query's own position.
/// None: every query sees all keys from the first.
pub type Documents<'a> = Option<&'a [u32]>;

/// What the forward pass leaves for the backward pass.
#[derive(Debug, Clone, Copy)]
pub struct Saved<'a, T, A> {
    /// Packed queries, keys and values.
    pub qkv: &'a [A],
    /// Output, `[b,t,H,hd]`.
    pub o: &'a [A],
    /// ln Σ e^score, `[b,H,t]`.
    pub lse: &'a [T],
}
