//! Blocks of the output, each the task of one thread.

/// Numbers of B that stay in a second-level cache while strips of A come by: 576 KiB.
const HELD: usize = 9 << 14;
/// Most rows of a block, whose sums in f32 wait for their last step where the output is bf16.
const ROWS: usize = 1024;
/// Blocks for each of several threads, so that none waits long for the last one.
const BLOCKS: usize = 4;
/// Fewest multiplications worth a block of their own, some ten microseconds.
const WORK: usize = 1 << 20;
/// Numbers of B that a thread keeps from one block to the next below it: 4 MiB.
const KEPT: usize = 1 << 20;
/// Numbers of B that stay in the second-level cache from one block to the next.
const NEAR: usize = 1 << 18;

/// How an output is cut into blocks. The sum behind a number is the same in any block.
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
    /// Cuts an output [m, n] of sums over k into blocks of whole tiles' columns for some threads.
    pub(super) fn new(
        [m, n, k]: [usize; 3],
        depth: usize,
        tile_cols: usize,
        threads: usize,
    ) -> Self {
        let across = n.div_ceil(HELD / depth).max(1);
        let cols = n.div_ceil(across).next_multiple_of(tile_cols);
        let across = n.div_ceil(cols).max(1);
        let held = cols.saturating_mul(k);
        // a block's work must outweigh bringing its columns of B near
        let fewest = match held {
            held if held <= NEAR => 28,
            held if held <= KEPT => 64,
            _ => 256,
        };
        let work = m.saturating_mul(n).saturating_mul(k) / WORK;
        let wanted = match threads {
            1 => 1,
            n => (BLOCKS * n).div_ceil(across),
        };
        let worth = wanted.min(work / across).min(m / fewest).max(1);
        // powers of two, for threads mostly come in those
        let down = m.div_ceil(ROWS).max(1 << worth.ilog2());
        let rows = m.div_ceil(down);
        let down = m.div_ceil(rows);
        Cut {
            m,
            n,
            rows,
            cols,
            down,
            keeps: held <= KEPT && down > 1,
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
