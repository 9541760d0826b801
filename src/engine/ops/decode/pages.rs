//! Keys and values of texts, kept in pages of 32 positions.
//!
//! A text owns some pages, in order; pages come from one store, so that texts of any length lie
//! side by side, and memory is taken as texts grow. Keys of a page lie number by number, the same
//! number of all positions side by side, so that 32 products with a query are added up at once.

use half::f16;
use half::slice::HalfFloatSliceExt;

use super::super::simd::{Isa, simd};

/// Positions of a page.
pub(in crate::engine) const PAGE: usize = 32;
/// Numbers that share a scale, in eight bits.
const PART: usize = 32;

/// What keys and values are kept in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::engine) enum Kept {
    /// Half precision.
    F16,
    /// Eight bits, with a scale for 32 numbers.
    Q8,
}

/// One page: of each layer and key-value head its keys `[hd, PAGE]`, then its values `[PAGE, hd]`.
#[derive(Default)]
struct Page {
    halves: Vec<f16>,
    eights: Vec<i8>,
    /// Of 32 numbers of a key `[hd/32, PAGE]`, and of a value `[PAGE, hd/32]`.
    scales: Vec<f32>,
}

/// All pages of a model's texts.
pub(in crate::engine) struct Pages {
    kept: Kept,
    n_layers: usize,
    n_kv_heads: usize,
    head_dim: usize,
    pages: Vec<Page>,
    /// Texts that have each page.
    owners: Vec<u32>,
    free: Vec<usize>,
}

impl Pages {
    /// A store without pages. Heads whose width is no multiple of 32 are kept in half precision.
    pub(in crate::engine) fn new(
        kept: Kept,
        n_layers: usize,
        n_kv_heads: usize,
        head_dim: usize,
    ) -> Self {
        let kept = match head_dim.is_multiple_of(PART) {
            true => kept,
            false => Kept::F16,
        };
        Pages {
            kept,
            n_layers,
            n_kv_heads,
            head_dim,
            pages: Vec::new(),
            owners: Vec::new(),
            free: Vec::new(),
        }
    }

    /// Takes a page that nobody has.
    pub(in crate::engine) fn take(&mut self) -> usize {
        if let Some(page) = self.free.pop() {
            self.owners[page] = 1;
            return page;
        }
        self.owners.push(1);
        let n = 2 * self.n_layers * self.n_kv_heads * self.head_dim * PAGE;
        self.pages.push(match self.kept {
            Kept::F16 => Page {
                halves: vec![f16::ZERO; n],
                ..Page::default()
            },
            Kept::Q8 => Page {
                eights: vec![0; n],
                scales: vec![0.0; n / PART],
                ..Page::default()
            },
        });
        self.pages.len() - 1
    }

    /// One more text has a page.
    pub(in crate::engine) fn share(&mut self, page: usize) {
        self.owners[page] += 1;
    }

    /// Whether several texts have a page.
    pub(in crate::engine) fn is_shared(&self, page: usize) -> bool {
        self.owners[page] > 1
    }

    /// A text gives a page back; with the last it is free.
    pub(in crate::engine) fn give(&mut self, page: usize) {
        self.owners[page] -= 1;
        if self.owners[page] == 0 {
            self.free.push(page);
        }
    }

    /// Copies a page to another.
    pub(in crate::engine) fn copy(&mut self, from: usize, to: usize) {
        let Some([from, to]) = self.pages.get_disjoint_mut([from, to]).ok() else {
            return;
        };
        to.halves.copy_from_slice(&from.halves);
        to.eights.copy_from_slice(&from.eights);
        to.scales.copy_from_slice(&from.scales);
    }

    /// Keeps key and value of one position, `[KV, hd]` each, of a layer.
    pub(in crate::engine) fn put(
        &mut self,
        layer: usize,
        [page, at]: [usize; 2],
        k: &[f32],
        v: &[f32],
    ) {
        let hd = self.head_dim;
        let n = hd * PAGE;
        let page = &mut self.pages[page];
        let heads = k.chunks_exact(hd).zip(v.chunks_exact(hd)).enumerate();
        for (head, (k, v)) in heads {
            let start = 2 * n * (layer * self.n_kv_heads + head);
            match self.kept {
                Kept::F16 => {
                    let (keys, values) = page.halves[start..start + 2 * n].split_at_mut(n);
                    for (keys, k) in keys.chunks_exact_mut(PAGE).zip(k) {
                        keys[at] = f16::from_f32(*k);
                    }
                    values[at * hd..][..hd].convert_from_f32_slice(v);
                }
                Kept::Q8 => {
                    let (keys, values) = page.eights[start..start + 2 * n].split_at_mut(n);
                    let scales = &mut page.scales[start / PART..][..2 * n / PART];
                    let (key_scales, value_scales) = scales.split_at_mut(n / PART);
                    for (part, k) in k.chunks_exact(PART).enumerate() {
                        let d = scale_of(k);
                        key_scales[part * PAGE + at] = d;
                        let keys = keys[part * PART * PAGE..].chunks_exact_mut(PAGE);
                        keys.zip(k).for_each(|(keys, k)| keys[at] = eight(*k, d));
                    }
                    let values = values[at * hd..][..hd].chunks_exact_mut(PART);
                    for (part, (values, v)) in values.zip(v.chunks_exact(PART)).enumerate() {
                        let d = scale_of(v);
                        value_scales[at * (hd / PART) + part] = d;
                        values
                            .iter_mut()
                            .zip(v)
                            .for_each(|(q, v)| *q = eight(*v, d));
                    }
                }
            }
        }
    }

    /// Keys `[hd, PAGE]` and values `[PAGE, hd]` of a head in f32.
    pub(super) fn read(
        &self,
        isa: Isa,
        page: usize,
        layer: usize,
        head: usize,
        keys: &mut [f32],
        values: &mut [f32],
    ) {
        let (hd, n) = (self.head_dim, self.head_dim * PAGE);
        let page = &self.pages[page];
        let start = 2 * n * (layer * self.n_kv_heads + head);
        match self.kept {
            Kept::F16 => {
                widen(keys, &page.halves[start..start + n]);
                widen(values, &page.halves[start + n..start + 2 * n]);
            }
            Kept::Q8 => {
                let scales = &page.scales[start / PART..][..2 * n / PART];
                let (key_scales, value_scales) = scales.split_at(n / PART);
                let eights = &page.eights[start..start + 2 * n];
                widen_keys(isa, keys, &eights[..n], key_scales);
                widen_values(isa, values, &eights[n..], value_scales);
                debug_assert_eq!(value_scales.len(), PAGE * hd / PART);
            }
        }
    }
}

/// Halves in f32, as many as there is room for.
fn widen(into: &mut [f32], halves: &[f16]) {
    #[cfg(target_arch = "aarch64")]
    super::neon::widen(into, halves);
    #[cfg(target_arch = "x86_64")]
    super::x86::widen(into, halves);
    #[cfg(not(any(target_arch = "aarch64", target_arch = "x86_64")))]
    halves.convert_to_f32_slice(into);
}

/// Scale of some numbers: the largest becomes 127.
fn scale_of(x: &[f32]) -> f32 {
    x.iter().fold(0.0f32, |m, x| m.max(x.abs())) / 127.0
}

fn eight(x: f32, d: f32) -> i8 {
    match d > 0.0 {
        true => (x / d).round() as i8,
        false => 0,
    }
}

simd! {
    fn widen_keys<FMA>(into: &mut [f32], q: &[i8], d: &[f32]) {
        let parts = into.chunks_exact_mut(PART * PAGE).zip(q.chunks_exact(PART * PAGE));
        for ((into, q), d) in parts.zip(d.as_chunks::<PAGE>().0) {
            let lines = into.as_chunks_mut::<PAGE>().0.iter_mut().zip(q.as_chunks::<PAGE>().0);
            for (into, q) in lines {
                for at in 0..PAGE {
                    into[at] = f32::from(q[at]) * d[at];
                }
            }
        }
    }
}

simd! {
    fn widen_values<FMA>(into: &mut [f32], q: &[i8], d: &[f32]) {
        let parts = into.as_chunks_mut::<PART>().0.iter_mut().zip(q.as_chunks::<PART>().0);
        for ((into, q), d) in parts.zip(d) {
            for at in 0..PART {
                into[at] = f32::from(q[at]) * d;
            }
        }
    }
}
