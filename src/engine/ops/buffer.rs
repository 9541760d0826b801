//! Large buffers of numbers: zero at first, aligned to a cache line, in huge pages where the
//! system gives them.

use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, PoisonError};

use half::bf16;
use memmap2::{Advice, MmapMut};

/// Buffers from this size on ask for huge pages.
const HUGE: usize = 2 << 20; // bytes of a huge page on x86-64

/// Bytes that the system gives at once.
const PAGE: usize = 4096;

/// A number that is zero where all its bits are, and that any bits are one of.
pub trait Plain: Copy + Send + Sync + 'static {}

impl Plain for f32 {}
impl Plain for f64 {}
impl Plain for bf16 {}
impl Plain for u32 {}

/// A fixed number of numbers.
pub struct Buffer<E> {
    map: Option<MmapMut>,
    len: usize,
    number: std::marker::PhantomData<E>,
}

impl<E: Plain> Buffer<E> {
    /// Zeros. Pages are taken from the system when they are first touched.
    ///
    /// # Panics
    /// When the system gives no room of that size, as an allocation of a `Vec` does.
    pub fn zeros(len: usize) -> Self {
        let bytes = len.checked_mul(size_of::<E>()).expect("a length in bytes");
        let map = (bytes > 0).then(|| {
            let map = MmapMut::map_anon(bytes)
                .unwrap_or_else(|e| panic!("the system gives no buffer of {bytes} bytes: {e}"));
            #[cfg(target_os = "linux")]
            if bytes >= HUGE {
                let _ = map.advise(Advice::HugePage); // slower without, not wrong
            }
            map
        });
        Buffer {
            map,
            len,
            number: std::marker::PhantomData,
        }
    }
}

impl<E: Plain> Buffer<E> {
    /// Makes it that long. What it held is kept where it still fits into the room there is, and
    /// lost where a larger one has to be made.
    pub fn set_len(&mut self, len: usize) {
        let room = self
            .map
            .as_ref()
            .map_or(0, |map| map.len() / size_of::<E>());
        if len > room {
            *self = Buffer::zeros(len);
        }
        self.len = len;
    }

    /// The first `len` numbers, with whatever stands there, in a buffer that only grows.
    pub(in crate::engine::ops) fn first(&mut self, len: usize) -> &mut [E] {
        if len > self.len {
            // whole pages, for what grows by a number at a time
            *self = Buffer::zeros(len.next_multiple_of(PAGE / size_of::<E>()));
        }
        &mut self[..len]
    }
}

/// Something that one operation after the other works with, and that is better not made anew each
/// time. Whoever asks while another has it gets a new one, so that nobody ever waits: a thread that helps out
/// while it waits for others might otherwise wait for itself.
#[derive(Default)]
pub(in crate::engine::ops) struct Lent<R>(Mutex<R>);

impl<R: Default> Lent<R> {
    /// Lends it to `work`.
    pub(in crate::engine::ops) fn to<O>(&self, work: impl FnOnce(&mut R) -> O) -> O {
        let take = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut lent = std::mem::take(&mut *take());
        let out = work(&mut lent);
        *take() = lent;
        out
    }
}

impl<E: Plain> Default for Buffer<E> {
    fn default() -> Self {
        Buffer::zeros(0)
    }
}

impl<E: Plain> Deref for Buffer<E> {
    type Target = [E];

    fn deref(&self) -> &[E] {
        match &self.map {
            // SAFETY: the map is as long as `len` numbers and page-aligned, any bits are a number
            Some(map) => unsafe { std::slice::from_raw_parts(map.as_ptr().cast(), self.len) },
            None => &[],
        }
    }
}

impl<E: Plain> DerefMut for Buffer<E> {
    fn deref_mut(&mut self) -> &mut [E] {
        match &mut self.map {
            // SAFETY: as above, and borrowed mutably
            Some(map) => unsafe {
                std::slice::from_raw_parts_mut(map.as_mut_ptr().cast(), self.len)
            },
            None => &mut [],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_lent_is_kept_and_never_waited_for() {
        let lent = Lent::<Vec<u8>>::default();
        lent.to(|outer| {
            outer.push(1);
            lent.to(|inner| assert!(inner.is_empty()));
        });
        lent.to(|kept| assert_eq!(kept, &[1]));
    }

    #[test]
    fn a_buffer_is_zero_aligned_and_as_long_as_asked() {
        for len in [0, 1, 1000, HUGE + 3] {
            let mut buffer = Buffer::<f32>::zeros(len);
            assert_eq!(buffer.len(), len);
            assert!(buffer.iter().all(|&x| x == 0.0));
            assert!(len == 0 || buffer.as_ptr().cast::<u8>().align_offset(64) == 0);
            buffer.iter_mut().for_each(|x| *x = 1.0);
            assert_eq!(buffer.iter().sum::<f32>(), len as f32);
        }
    }
}
