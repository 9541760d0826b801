//! Blocks of the output, each the task of one thread.

/// Most columns of a block: DEPTH rows of that many numbers of B stay in a second-level cache.
const COLS: usize = 512;
/// Most rows of a block, whose sums in f32 wait for their last step where the output is bf16.
const ROWS: usize = 512;
/// Fewest rows of a block where each block copies B anew.
const ROWS_ANEW: usize = 256;
/// Blocks that keep many threads busy.
const BLOCKS: usize = 24;
/// Fewest multiplications worth a block of their own, some ten microseconds.
const WORK: usize = 1 << 20;
/// Numbers of B that a thread keeps from one block to the next below it: 4 MiB.
const KEPT: usize = 1 << 20;

/// How an output is cut into blocks; by its shape alone, so that the sums are the same whoever
/// adds them up.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cut {
    m: usize,
    n: usize,
    /// Rows and columns of every block but the last ones.
    rows: usize,
    cols: usize,
    /// Blocks below each other.
    down: usize,
    /// Whether blocks below each other share a copy of B.
    pub(super) keeps: bool,
}

impl Cut {
    /// Cuts an output [m, n] of sums over k for tiles of so many rows and columns.
    pub(super) fn new([m, n, k]: [usize; 3], tile: [usize; 2]) -> Self {
        let across = n.div_ceil(COLS).max(1);
        let cols = n.div_ceil(across).next_multiple_of(tile[1]);
        let across = n.div_ceil(cols).max(1);
        let keeps = cols.saturating_mul(k) <= KEPT;
        let work = m.saturating_mul(n).saturating_mul(k) / WORK;
        let fewest = if keeps { tile[0] } else { ROWS_ANEW };
        let most_blocks = (work / across).min(m / fewest).max(1);
        let down = m
            .div_ceil(ROWS)
            .max(BLOCKS.div_ceil(across))
            .min(most_blocks);
        let rows = m.div_ceil(down).next_multiple_of(tile[0]);
        Cut {
            m,
            n,
            rows,
            cols,
            down: m.div_ceil(rows),
            keeps,
        }
    }

    /// Blocks.
    pub(super) fn len(&self) -> usize {
        self.down * self.n.div_ceil(self.cols)
    }

    /// Rows and columns of a block, each from the first to before the second. Blocks below each
    /// other follow one another.
    pub(super) fn block(&self, i: usize) -> [[usize; 2]; 2] {
        let (row, col) = (i % self.down * self.rows, i / self.down * self.cols);
        [
            [row, (row + self.rows).min(self.m)],
            [col, (col + self.cols).min(self.n)],
        ]
    }
}
