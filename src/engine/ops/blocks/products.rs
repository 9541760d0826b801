//! The products of a layer: several matrices with the same activations, over the threads of a
//! team.

use super::super::gemm::Shared;
use super::super::simd::{Isa, Level};
use super::super::team::Team;
use super::{Eights, Matrix, few, plain};
#[cfg(target_arch = "x86_64")]
use super::{bytes, panels, tiles};

/// Bytes of a matrix that are one piece of work where activations are few.
const PIECE: usize = 32 << 10;
/// Rows of a piece are a multiple of these.
const ROWS: usize = 4;

/// A product that is wanted: `y[n,o]` of `w[o,i]`.
pub(in crate::engine) struct Product<'a> {
    /// The matrix.
    pub(in crate::engine) w: Matrix<'a>,
    /// Its outputs for each row of activations.
    pub(in crate::engine) y: &'a mut [f32],
}

/// How many rows of activations products are rounded for, where that makes a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::engine) enum Rows {
    /// As many as there are: what is fastest.
    Counted,
    /// A few, however many there are.
    Few,
    /// Many, however few there are.
    Many,
}

/// Who multiplies, and the memory for it.
pub(in crate::engine) struct Products {
    isa: Isa,
    rows: Rows,
    /// Plain weights are multiplied in f32, also where tiles of bf16 would be faster.
    exact: bool,
    /// So are weights in blocks, and activations are not rounded to eight bits.
    decoded: bool,
    eights: Eights,
    /// The same in the order of tiles.
    #[cfg(target_arch = "x86_64")]
    bytes: bytes::Room,
    #[cfg(target_arch = "x86_64")]
    tiles: tiles::Room,
    #[cfg(target_arch = "x86_64")]
    panels: panels::Room,
}

/// How a product is computed.
#[derive(Clone, Copy, PartialEq)]
enum Way {
    /// Activations in eight bits.
    Eights,
    /// Activations in f32.
    Plain,
    /// The same, on tiles.
    #[cfg(target_arch = "x86_64")]
    Bytes,
    /// Activations and weights in bf16, on tiles.
    #[cfg(target_arch = "x86_64")]
    Tiles,
    /// Activations in eight bits, with panels of weights.
    #[cfg(target_arch = "x86_64")]
    Panels,
}

impl Way {
    /// Whether activations are rounded to eight bits.
    fn rounds(self) -> bool {
        match self {
            Way::Eights => true,
            Way::Plain => false,
            #[cfg(target_arch = "x86_64")]
            Way::Bytes | Way::Panels => true,
            #[cfg(target_arch = "x86_64")]
            Way::Tiles => false,
        }
    }
}

impl Products {
    /// Products by these instructions; `exact`: plain weights are multiplied in f32.
    pub(in crate::engine) fn new(isa: Isa, exact: bool) -> Self {
        Products {
            isa,
            rows: Rows::Counted,
            exact,
            decoded: false,
            eights: Eights::default(),
            #[cfg(target_arch = "x86_64")]
            bytes: bytes::Room::default(),
            #[cfg(target_arch = "x86_64")]
            tiles: tiles::Room::default(),
            #[cfg(target_arch = "x86_64")]
            panels: panels::Room::default(),
        }
    }

    /// Rounds as for so many rows from now on.
    pub(in crate::engine) fn round_for(&mut self, rows: Rows) {
        self.rows = rows;
    }

    /// Rows that are many, where many are rounded otherwise than few.
    pub(in crate::engine) fn least_many(&self) -> Option<usize> {
        #[cfg(target_arch = "x86_64")]
        match self.isa.level() {
            Level::Amx => return Some(tiles::ROWS),
            Level::Avx512 | Level::Avx2 => return Some(panels::many(self.isa)),
            _ => (),
        }
        None
    }

    /// The same, with weights in blocks decoded and multiplied in f32: slower, and alike on every
    /// machine.
    pub(in crate::engine) fn in_f32(self) -> Self {
        Products {
            exact: true,
            decoded: true,
            ..self
        }
    }

    fn way(&self, w: &Matrix<'_>, n: usize) -> Way {
        if self.decoded {
            return Way::Plain;
        }
        #[cfg(target_arch = "x86_64")]
        if self.isa.level() == Level::Amx {
            let many = match self.rows {
                Rows::Counted if bytes::FEW.contains(&n) && bytes::can(w) => return Way::Bytes,
                Rows::Counted => n >= tiles::ROWS,
                Rows::Few => false,
                Rows::Many => true,
            };
            if many && tiles::can(w) && !(self.exact && w.is_plain()) {
                return Way::Tiles;
            }
        }
        #[cfg(target_arch = "x86_64")]
        if panels::can(self.isa, w) {
            let many = match self.rows {
                Rows::Counted => n >= panels::many(self.isa),
                Rows::Few => false,
                Rows::Many => true,
            };
            if many {
                return Way::Panels;
            }
        }
        let _ = (n, self.rows, self.isa.level() == Level::Scalar, self.exact);
        match w.is_plain() {
            true => Way::Plain,
            false => Way::Eights,
        }
    }

    /// Multiplies `x[n,i]` with every matrix, all of which have rows of `i`.
    pub(in crate::engine) fn multiply(
        &mut self,
        team: &mut Team,
        x: &[f32],
        products: &mut [Product<'_>],
    ) {
        let Some(i) = products.first().map(|p| p.w.i) else {
            return;
        };
        let n = x.len() / i;
        let ways: Vec<Way> = products.iter().map(|p| self.way(&p.w, n)).collect();
        if ways.iter().any(|way| way.rounds()) {
            self.eights.set(self.isa, team, x, i);
        }
        #[cfg(target_arch = "x86_64")]
        if ways.contains(&Way::Bytes) {
            self.bytes.set(team, &self.eights, i);
        }
        #[cfg(target_arch = "x86_64")]
        if ways.contains(&Way::Panels) {
            self.panels.set(team, &self.eights);
        }
        #[cfg(target_arch = "x86_64")]
        if ways.contains(&Way::Tiles) {
            self.tiles.set(team, x, i);
        }
        let mut pieces = Vec::with_capacity(products.len());
        let mut n_tasks = 0;
        for (product, way) in products.iter_mut().zip(ways) {
            debug_assert_eq!(product.w.i, i);
            debug_assert_eq!(product.y.len(), n * product.w.o());
            let rows = match way {
                #[cfg(target_arch = "x86_64")]
                Way::Tiles => tiles::COLS,
                #[cfg(target_arch = "x86_64")]
                Way::Panels => panels::ROWS,
                #[cfg(target_arch = "x86_64")]
                Way::Bytes => (PIECE / product.w.row_bytes())
                    .max(1)
                    .next_multiple_of(bytes::ROWS),
                Way::Eights | Way::Plain => (PIECE / product.w.row_bytes())
                    .max(1)
                    .next_multiple_of(ROWS),
            };
            let o = product.w.o();
            let first = n_tasks;
            n_tasks += o.div_ceil(rows);
            pieces.push(Pieces {
                first,
                rows,
                o,
                n,
                way,
                w: product.w,
                y: Shared::new(&mut *product.y),
            });
        }
        let of = |task: usize| pieces.iter().rfind(|p| p.first <= task);
        team.run(n_tasks, &|task| {
            if let Some(piece) = of(task) {
                piece.go(self, x, task - piece.first);
            }
        });
    }
}

/// A product cut by rows of its matrix.
struct Pieces<'a> {
    /// Number of its first task.
    first: usize,
    /// Rows of a task.
    rows: usize,
    o: usize,
    n: usize,
    way: Way,
    w: Matrix<'a>,
    y: Shared<'a, f32>,
}

impl Pieces<'_> {
    fn go(&self, products: &Products, x: &[f32], task: usize) {
        let from = task * self.rows;
        let n_rows = self.rows.min(self.o - from);
        let w = self.w.rows(from, n_rows);
        #[cfg(target_arch = "x86_64")]
        if self.way == Way::Tiles {
            products.tiles.multiply(self.y, self.o, from, &w);
            return;
        }
        #[cfg(target_arch = "x86_64")]
        if self.way == Way::Panels {
            let eights = &products.eights;
            products
                .panels
                .multiply(products.isa, eights, self.y, self.o, from, &w);
            return;
        }
        #[cfg(target_arch = "x86_64")]
        if self.way == Way::Bytes {
            products.bytes.multiply(self.y, self.o, from, &w);
            return;
        }
        let one = |y: &mut [f32]| match self.way {
            Way::Plain => plain::matmul(products.isa, y, x, &w),
            _ => few(products.isa, y, &products.eights, &w),
        };
        if self.n == 1 {
            // SAFETY: these outputs are of this task alone
            one(unsafe { self.y.slice(from, n_rows) });
            return;
        }
        let mut by_rows = vec![0.0; n_rows * self.n];
        one(&mut by_rows);
        for n in 0..self.n {
            // SAFETY: as above
            let y = unsafe { self.y.slice(n * self.o + from, n_rows) };
            for (y, row) in y.iter_mut().zip(by_rows.chunks_exact(self.n)) {
                *y = row[n];
            }
        }
    }
}
