//! Rows of the tables that are sorted on disk: tuples of numbers and short byte strings.

/// A value that can be written and read back; little-endian.
pub(super) trait Field: Ord + Send + Sized {
    /// Appends the value.
    fn put(&self, out: &mut Vec<u8>);

    /// Takes a value off the front; none when `from` ends within it.
    fn take(from: &mut &[u8]) -> Option<Self>;

    /// Bytes it holds beside its own size.
    fn heap_bytes(&self) -> usize {
        0
    }
}

macro_rules! number {
    ($($number:ty),*) => {$(
        impl Field for $number {
            #[inline]
            fn put(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_le_bytes());
            }

            #[inline]
            fn take(from: &mut &[u8]) -> Option<Self> {
                let (value, rest) = from.split_first_chunk()?;
                *from = rest;
                Some(Self::from_le_bytes(*value))
            }
        }
    )*};
}
number!(u8, u16, u32, u64, u128);

/// Strings of up to 2³² bytes; longer ones are cut.
impl Field for Vec<u8> {
    fn put(&self, out: &mut Vec<u8>) {
        let len = u32::try_from(self.len()).unwrap_or(u32::MAX);
        len.put(out);
        out.extend(self.iter().take(len as usize));
    }

    fn take(from: &mut &[u8]) -> Option<Self> {
        let len = u32::take(from)? as usize;
        let (value, rest) = from.split_at_checked(len)?;
        *from = rest;
        Some(value.to_vec())
    }

    fn heap_bytes(&self) -> usize {
        self.capacity()
    }
}

/// Lists of up to 2³² numbers; longer ones are cut.
impl Field for Vec<u32> {
    fn put(&self, out: &mut Vec<u8>) {
        let len = u32::try_from(self.len()).unwrap_or(u32::MAX);
        len.put(out);
        let numbers = self.iter().take(len as usize);
        out.extend(numbers.flat_map(|n| n.to_le_bytes()));
    }

    fn take(from: &mut &[u8]) -> Option<Self> {
        let len = u32::take(from)? as usize;
        let (bytes, rest) = from.split_at_checked(len.checked_mul(4)?)?;
        *from = rest;
        let (numbers, _) = bytes.as_chunks::<4>();
        Some(numbers.iter().map(|n| u32::from_le_bytes(*n)).collect())
    }

    fn heap_bytes(&self) -> usize {
        4 * self.capacity()
    }
}

macro_rules! tuple {
    ($($name:ident),*) => {
        impl<$($name: Field),*> Field for ($($name,)*) {
            #[allow(non_snake_case)]
            fn put(&self, out: &mut Vec<u8>) {
                let ($($name,)*) = self;
                $($name.put(out);)*
            }

            fn take(from: &mut &[u8]) -> Option<Self> {
                Some(($($name::take(from)?,)*))
            }

            #[allow(non_snake_case)]
            fn heap_bytes(&self) -> usize {
                let ($($name,)*) = self;
                0 $(+ $name.heap_bytes())*
            }
        }
    };
}
tuple!(A, B);
tuple!(A, B, C);
tuple!(A, B, C, D);
tuple!(A, B, C, D, E);
tuple!(A, B, C, D, E, F);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_read_as_it_was_written_and_not_when_it_is_cut() {
        let row = (7u8, 1u128 << 90, vec![1u8, 0, 255], vec![9u32, u32::MAX]);
        let mut bytes = Vec::new();
        row.put(&mut bytes);
        for len in 0..bytes.len() {
            let cut = <(u8, u128, Vec<u8>, Vec<u32>)>::take(&mut &bytes[..len]);
            assert_eq!(cut, None);
        }
        let mut rest = &bytes[..];
        assert_eq!(Field::take(&mut rest), Some(row));
        assert!(rest.is_empty());
    }
}
