//! Sixteen rows of blocks with some rows of activations, on tiles of bytes.
//!
//! A tile multiplies sixteen rows of weights with up to sixteen rows of activations over one part,
//! 32 numbers or 16, that share a scale. The scales of both sides are multiplied outside of it, in
//! f32, while the next part is in the tiles.

use std::arch::asm;
use std::arch::x86_64::*;

use super::super::super::gemm::amx::transposed;
use super::super::bytes::Strip;
use super::super::{Matrix, PART, SUPER};
use super::formats::Format;
use super::{BEYOND, decode};

/// Rows of a tile.
const ROWS: usize = 16;
/// Parts of 32 in a super-block.
const PARTS: usize = SUPER / PART;

/// What the instruction that shapes the tiles reads.
#[repr(C, align(64))]
struct Shapes {
    palette: u8,
    start_row: u8,
    reserved: [u8; 14],
    bytes: [u16; 16],
    rows: [u8; 16],
}

/// Tiles 0 and 1 are sums of `columns`, 2 and 3 weights, 4 and 5 activations, of parts of `n`
/// numbers.
const fn shapes(n: usize, columns: usize) -> Shapes {
    let (n, fours, line) = (n as u16, (n / 4) as u8, 4 * columns as u16);
    Shapes {
        palette: 1,
        start_row: 0,
        reserved: [0; 14],
        bytes: [line, line, n, n, line, line, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        rows: [16, 16, 16, 16, fours, fours, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    }
}

/// By numbers of a part (16, 32) and columns (8, 16).
static SHAPES: [[Shapes; 2]; 2] = [
    [shapes(16, 8), shapes(16, 16)],
    [shapes(32, 8), shapes(32, 16)],
];

/// A super-block of sixteen rows taken apart, and sums on their way.
#[repr(C, align(64))]
struct Room {
    /// Weights with their sign, or without one where `b` is a number of its own.
    q: [[u8; SUPER]; ROWS],
    /// Scales, `[parts, rows]`.
    a: [[f32; ROWS]; ROWS],
    /// What is taken off, of each sixteen weights, `[sixteens, rows]`.
    b: [[f32; ROWS]; ROWS],
    /// Sums of products of two parts, which take turns: as many columns as the strip has.
    dots: [[i32; ROWS * ROWS]; 2],
    /// Sums, row after row of as many columns.
    totals: [f32; ROWS * ROWS],
}

/// Tiles in the shape of a part, until they are dropped.
struct Shaped;

impl Shaped {
    /// # Safety
    /// The processor has tiles of bytes, and the system lets us use them.
    unsafe fn new(by_16: bool, columns: usize) -> Self {
        let shapes = &SHAPES[usize::from(!by_16)][usize::from(columns > 8)];
        // SAFETY: as the caller says; the operand has the layout of the manual
        unsafe { asm!("ldtilecfg [{}]", in(reg) shapes, options(nostack, readonly)) };
        Shaped
    }
}

impl Drop for Shaped {
    fn drop(&mut self) {
        // SAFETY: gives back what `new` took
        unsafe { asm!("tilerelease", options(nostack, nomem, preserves_flags)) };
    }
}

/// Writes `y[column, row]` of every strip and every row of `w`; `y[c]` begins at `y + c · stride`.
///
/// # Safety
/// The processor has these instructions and tiles of bytes; the strips hold rows of `w.i` numbers,
/// and all of those outputs may be written.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma,f16c")]
pub(super) unsafe fn products<F: Format>(
    strips: &[Strip<'_>],
    w: &Matrix<'_>,
    y: *mut f32,
    stride: usize,
) {
    let Some(columns) = strips.first().map(Strip::columns) else {
        return;
    };
    let row_bytes = w.row_bytes();
    let n_safe = (w.bytes.len().saturating_sub(BEYOND) / row_bytes).min(w.o);
    // What is read behind the last rows would be beyond the matrix: these are copied.
    let from_copy = n_safe / ROWS * ROWS;
    let copy = match n_safe == w.o {
        true => Vec::new(),
        false => decode::with_zeros_behind(&w.bytes[from_copy * row_bytes..w.o * row_bytes]),
    };
    let mut room = Room {
        q: [[0; SUPER]; ROWS],
        a: [[0.0; ROWS]; ROWS],
        b: [[0.0; ROWS]; ROWS],
        dots: [[0; ROWS * ROWS]; 2],
        totals: [0.0; ROWS * ROWS],
    };
    // SAFETY: as the caller says
    let shaped = unsafe { Shaped::new(F::BY_16, columns) };
    for from in (0..w.o).step_by(ROWS) {
        let n_rows = (w.o - from).min(ROWS);
        let rows = match from >= from_copy && !copy.is_empty() {
            true => &copy[(from - from_copy) * row_bytes..],
            false => &w.bytes[from * row_bytes..],
        };
        for strip in strips {
            room.totals = [0.0; ROWS * ROWS];
            for at in 0..w.i.div_ceil(SUPER) {
                let n_parts = (w.i / PART - at * PARTS).min(PARTS);
                // SAFETY: the super-block is in every row, with as many bytes behind as may be
                // read, and in the strip; tiles are shaped for it
                unsafe {
                    let block = rows.as_ptr().add(at * F::SUPER_BYTES);
                    take_apart::<F>(&mut room, block, row_bytes, n_rows, n_parts);
                    match columns > 8 {
                        true => add_16::<F>(&mut room, strip, at, n_parts),
                        false => add_8::<F>(&mut room, strip, at, n_parts),
                    }
                }
            }
            // SAFETY: as the caller says of all outputs
            unsafe {
                let y = y.add(strip.first * stride + from);
                store(&room.totals, columns, strip.n, n_rows, y, stride);
            }
        }
    }
    drop(shaped);
}

/// Takes a super-block of sixteen rows apart; of fewer the last one stands for those that are not
/// there.
///
/// # Safety
/// The parts are there in each row, and [`BEYOND`] bytes behind.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma,f16c")]
unsafe fn take_apart<F: Format>(
    room: &mut Room,
    block: *const u8,
    row_bytes: usize,
    n_rows: usize,
    n_parts: usize,
) {
    let offset = _mm512_set1_epi8(F::OFFSET.cast_signed());
    let mut scales = [_mm512_setzero_si512(); ROWS];
    let mut offsets = [_mm512_setzero_si512(); ROWS];
    for r in 0..ROWS {
        // SAFETY: as the caller says; rows of `q` have room for four times 64 bytes
        unsafe {
            let block = block.add(r.min(n_rows - 1) * row_bytes);
            let ahead = block.wrapping_add(ROWS * row_bytes); // of the rows to come
            let mut line = 0;
            while line < F::SUPER_BYTES {
                _mm_prefetch::<_MM_HINT_T0>(ahead.wrapping_add(line).cast());
                line += 64;
            }
            let (a, b) = F::scales(block, n_parts);
            scales[r] = _mm512_castps_si512(a);
            offsets[r] = _mm512_castps_si512(b);
            let q = room.q[r].as_mut_ptr();
            for j in 0..n_parts.div_ceil(2) {
                let weights = _mm512_sub_epi8(F::weights(block, j), offset);
                _mm512_store_si512(q.add(64 * j).cast(), weights);
            }
        }
    }
    write(&mut room.a, transposed(scales));
    if F::OFFSET == 0 {
        write(&mut room.b, transposed(offsets));
    }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn write(into: &mut [[f32; ROWS]; ROWS], lines: [__m512i; ROWS]) {
    for r in 0..ROWS {
        // SAFETY: sixteen numbers
        unsafe { _mm512_storeu_si512(into[r].as_mut_ptr().cast(), lines[r]) };
    }
}

/// Writes the sums of a part: weights from `q` on, activations from `x` on, in lines of so many
/// bytes, by the product of bytes with a sign or without one.
macro_rules! on_tiles {
    ($product:literal, $q:expr, $x:expr, $line:expr, $into:expr) => {
        asm!(
            "tilezero tmm0",
            "tileloadd tmm2, [{w} + {row}]",
            "tileloadd tmm4, [{x} + {line}]",
            $product,
            "tilestored [{into} + {line}], tmm0",
            w = in(reg) $q,
            row = in(reg) SUPER,
            x = in(reg) $x,
            line = in(reg) $line,
            into = in(reg) $into,
            options(nostack, preserves_flags),
        )
    };
}

macro_rules! add {
    ($name:ident, $columns:literal, $vector:ty, $zero:ident, $load:ident, $store:ident,
     $loadi:ident, $set1:ident, $cvt:ident, $mul:ident, $add:ident, $fmadd:ident, $fnmadd:ident) => {
        /// Adds the products of super-block `at`.
        ///
        /// # Safety
        /// It is in the strip, and tiles are shaped for parts of the format and these columns.
        #[inline]
        #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma,f16c")]
        unsafe fn $name<F: Format>(room: &mut Room, x: &Strip<'_>, at: usize, n_parts: usize) {
            const N: usize = $columns;
            let each = if F::BY_16 { PART / 2 } else { PART }; // numbers that share a scale
            // SAFETY: all indices are below what the room and the strip hold of the super-block
            unsafe {
                let x_q = x.q.as_ptr().add(at * SUPER / 4 * N);
                let x_d = x.d.as_ptr().add(at * PARTS * N);
                let x_sums = x.sums.as_ptr().add(at * 2 * PARTS * N);
                let mut totals: [$vector; ROWS] = [$zero(); ROWS];
                for r in 0..ROWS {
                    totals[r] = $load(room.totals.as_ptr().add(r * N));
                }
                for part in 0..n_parts * PART / each {
                    let dots = room.dots[part % 2].as_mut_ptr();
                    let (q, x_q) = (
                        room.q.as_ptr().cast::<u8>().add(part * each),
                        x_q.add(part * each / 4 * N),
                    );
                    match F::OFFSET {
                        0 => on_tiles!("tdpbusd tmm0, tmm2, tmm4", q, x_q, 4 * N, dots),
                        _ => on_tiles!("tdpbssd tmm0, tmm2, tmm4", q, x_q, 4 * N, dots),
                    }
                    let d = $load(x_d.add(part * each / PART * N));
                    let sum = match F::BY_16 {
                        true => $load(x_sums.add(part * N)),
                        false => $add(
                            $load(x_sums.add(2 * part * N)),
                            $load(x_sums.add((2 * part + 1) * N)),
                        ),
                    };
                    let a = room.a.as_ptr().add(part).cast::<f32>();
                    let b = if F::BY_16 { part } else { 2 * part };
                    let b = room.b.as_ptr().add(b).cast::<f32>();
                    for r in 0..ROWS {
                        let dot = $cvt($loadi(dots.add(r * N).cast()));
                        let scale = $mul($set1(*a.add(r)), d);
                        totals[r] = $fmadd(dot, scale, totals[r]);
                        if F::OFFSET == 0 {
                            totals[r] = $fnmadd($set1(*b.add(r)), sum, totals[r]);
                        }
                    }
                }
                for r in 0..ROWS {
                    $store(room.totals.as_mut_ptr().add(r * N), totals[r]);
                }
            }
        }
    };
}

add!(
    add_8,
    8,
    __m256,
    _mm256_setzero_ps,
    _mm256_loadu_ps,
    _mm256_storeu_ps,
    _mm256_loadu_si256,
    _mm256_set1_ps,
    _mm256_cvtepi32_ps,
    _mm256_mul_ps,
    _mm256_add_ps,
    _mm256_fmadd_ps,
    _mm256_fnmadd_ps
);
add!(
    add_16,
    16,
    __m512,
    _mm512_setzero_ps,
    _mm512_loadu_ps,
    _mm512_storeu_ps,
    _mm512_loadu_si512,
    _mm512_set1_ps,
    _mm512_cvtepi32_ps,
    _mm512_mul_ps,
    _mm512_add_ps,
    _mm512_fmadd_ps,
    _mm512_fnmadd_ps
);

/// Writes sums of `n` columns, each a row of outputs.
///
/// # Safety
/// Those outputs may be written.
#[inline]
#[target_feature(enable = "avx512f,avx512dq,avx512vl")]
unsafe fn store(
    totals: &[f32; ROWS * ROWS],
    columns: usize,
    n: usize,
    n_rows: usize,
    y: *mut f32,
    stride: usize,
) {
    let mut lines = [_mm512_setzero_si512(); ROWS];
    let some = if columns > 8 { 0xffff } else { 0x00ff };
    for (r, line) in lines.iter_mut().enumerate() {
        // SAFETY: so many columns are there
        *line = unsafe { _mm512_maskz_loadu_epi32(some, totals.as_ptr().add(r * columns).cast()) };
    }
    let lines = transposed(lines);
    let there = (1u32 << n_rows).wrapping_sub(1) as __mmask16;
    for (c, line) in lines.iter().enumerate().take(n) {
        // SAFETY: as the caller says
        unsafe {
            _mm512_mask_storeu_ps(y.add(c * stride), there, _mm512_castsi512_ps(*line));
        }
    }
}
