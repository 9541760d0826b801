//! What goes into the matrices of a model: for each column, Σ x² over all tokens that are read.

use crate::engine::ops::{Team, each_chunk};

/// Columns whose sums one task takes.
const COLUMNS: usize = 64;

/// Where activations go into matrices; several matrices share what goes in.
#[derive(Debug, Clone, Copy)]
pub(super) enum Input {
    /// Of queries, keys and values.
    Attention,
    /// Of the output of attention.
    AttentionOutput,
    /// Of gate and up.
    FeedForward,
    /// Of down.
    Down,
}

/// Every input of a layer, with the names in GGUF files of the matrices it goes into.
const INPUTS: [(Input, &[&str]); 4] = [
    (Input::Attention, &["attn_q", "attn_k", "attn_v"]),
    (Input::AttentionOutput, &["attn_output"]),
    (Input::FeedForward, &["ffn_gate", "ffn_up"]),
    (Input::Down, &["ffn_down"]),
];

/// Sums of squares of what went into the matrices of a model since somebody looked.
#[derive(Debug, Clone)]
pub(in crate::engine) struct Seen {
    /// Of the inputs of each layer, one layer after the other, then of the output matrix.
    slots: Vec<Slot>,
    /// Sums of the rows that go through the layers together.
    some: Vec<f32>,
}

/// One input.
#[derive(Debug, Clone)]
struct Slot {
    /// Σ x² of each column.
    sums: Vec<f64>,
    /// Rows that were summed.
    n_rows: u64,
}

/// What went into one matrix.
#[derive(Debug, Clone, Copy)]
pub(in crate::engine) struct Columns<'a> {
    /// Σ x² of each column.
    pub(in crate::engine) sums: &'a [f64],
    /// Of how many x.
    pub(in crate::engine) n_rows: u64,
}

impl Seen {
    /// Nothing yet, for `n_layers` layers with inputs of these widths.
    pub(super) fn new(n_layers: usize, d_model: usize, q_width: usize, d_ff: usize) -> Self {
        let slot = |width| Slot {
            sums: vec![0.0; width],
            n_rows: 0,
        };
        let layer = [d_model, q_width, d_model, d_ff].map(slot);
        let layers = std::iter::repeat_n(layer, n_layers).flatten();
        Seen {
            slots: layers.chain([slot(d_model)]).collect(),
            some: Vec::new(),
        }
    }

    /// Adds the rows `x[n,i]` that go into matrices of a layer.
    pub(super) fn add(&mut self, team: &mut Team, layer: usize, input: Input, x: &[f32]) {
        self.add_to(team, INPUTS.len() * layer + input as usize, x);
    }

    /// Adds the rows `x[n,d]` that go into the output matrix.
    pub(super) fn add_output(&mut self, team: &mut Team, x: &[f32]) {
        self.add_to(team, self.slots.len() - 1, x);
    }

    /// Each thread has columns of its own and takes rows in their order: sums are the same with
    /// any number of threads.
    fn add_to(&mut self, team: &mut Team, slot: usize, x: &[f32]) {
        let slot = &mut self.slots[slot];
        let width = slot.sums.len();
        self.some.clear();
        self.some.resize(width, 0.0);
        each_chunk(team, &mut self.some, COLUMNS, &|at, sums| {
            for row in x.chunks_exact(width) {
                for (sum, x) in sums.iter_mut().zip(&row[at..]) {
                    *sum += x * x;
                }
            }
        });
        for (sum, some) in slot.sums.iter_mut().zip(&self.some) {
            *sum += f64::from(*some);
        }
        slot.n_rows += (x.len() / width) as u64;
    }

    /// What went into the matrix of that name in GGUF files; none where it is no matrix that
    /// activations are multiplied with. The embedding stands for the output matrix.
    pub(in crate::engine) fn columns(&self, name: &str) -> Option<Columns<'_>> {
        let slot = match name {
            "output.weight" | "token_embd.weight" => self.slots.len() - 1,
            _ => {
                let name = name.strip_prefix("blk.")?.strip_suffix(".weight")?;
                let (layer, name) = name.split_once('.')?;
                let input = INPUTS.iter().find(|(_, names)| names.contains(&name))?.0;
                INPUTS.len() * layer.parse::<usize>().ok()? + input as usize
            }
        };
        let slot = self.slots.get(slot)?;
        Some(Columns {
            sums: &slot.sums,
            n_rows: slot.n_rows,
        })
    }
}
