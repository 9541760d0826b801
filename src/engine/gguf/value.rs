//! Values of GGUF metadata: numbers, strings, and arrays of one kind.
//!
//! A vocabulary is three arrays of 2^18 items: strings and numbers stay together in memory.

use crate::vocab::Texts;

/// What a metadata value is; the number is its id in files (GGUF specification, `gguf_type`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum ValueKind {
    /// Unsigned, 8 bits.
    U8 = 0,
    /// Signed, 8 bits.
    I8 = 1,
    /// Unsigned, 16 bits.
    U16 = 2,
    /// Signed, 16 bits.
    I16 = 3,
    /// Unsigned, 32 bits.
    U32 = 4,
    /// Signed, 32 bits.
    I32 = 5,
    /// Floating point, 32 bits.
    F32 = 6,
    /// One byte, 0 or 1.
    Bool = 7,
    /// UTF-8 with its length in front.
    String = 8,
    /// A kind, a length, and that many values.
    Array = 9,
    /// Unsigned, 64 bits.
    U64 = 10,
    /// Signed, 64 bits.
    I64 = 11,
    /// Floating point, 64 bits.
    F64 = 12,
}

impl ValueKind {
    /// Every kind, by id.
    const ALL: [ValueKind; 13] = [
        ValueKind::U8,
        ValueKind::I8,
        ValueKind::U16,
        ValueKind::I16,
        ValueKind::U32,
        ValueKind::I32,
        ValueKind::F32,
        ValueKind::Bool,
        ValueKind::String,
        ValueKind::Array,
        ValueKind::U64,
        ValueKind::I64,
        ValueKind::F64,
    ];

    /// The kind with that id.
    pub fn from_id(id: u32) -> Option<Self> {
        Self::ALL.get(id as usize).copied()
    }

    /// Its id in files.
    pub fn id(self) -> u32 {
        self as u32
    }

    /// Fewest bytes a value of this kind takes in a file.
    pub(super) fn min_bytes(self) -> usize {
        match self {
            ValueKind::U8 | ValueKind::I8 | ValueKind::Bool => 1,
            ValueKind::U16 | ValueKind::I16 => 2,
            ValueKind::U32 | ValueKind::I32 | ValueKind::F32 => 4,
            ValueKind::U64 | ValueKind::I64 | ValueKind::F64 | ValueKind::String => 8,
            ValueKind::Array => 12, // kind and length
        }
    }
}

/// Numbers of one kind, as they lie in a file.
#[derive(Debug, Clone)]
pub struct Numbers {
    kind: ValueKind,
    bytes: Box<[u8]>,
}

impl Numbers {
    /// Of whole numbers and fractions only, whose bytes are so many times [`ValueKind::min_bytes`].
    pub(super) fn new(kind: ValueKind, bytes: &[u8]) -> Self {
        Numbers {
            kind,
            bytes: bytes.into(),
        }
    }

    /// Their bytes, little-endian.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    fn iter(&self) -> impl Iterator<Item = Value> {
        let items = self.bytes.chunks_exact(self.kind.min_bytes());
        items.filter_map(|bytes| number(self.kind, bytes))
    }
}

/// A number of its bytes.
fn number(kind: ValueKind, bytes: &[u8]) -> Option<Value> {
    Some(match kind {
        ValueKind::U8 => Value::U8(u8::from_le_bytes(bytes.try_into().ok()?)),
        ValueKind::I8 => Value::I8(i8::from_le_bytes(bytes.try_into().ok()?)),
        ValueKind::U16 => Value::U16(u16::from_le_bytes(bytes.try_into().ok()?)),
        ValueKind::I16 => Value::I16(i16::from_le_bytes(bytes.try_into().ok()?)),
        ValueKind::U32 => Value::U32(u32::from_le_bytes(bytes.try_into().ok()?)),
        ValueKind::I32 => Value::I32(i32::from_le_bytes(bytes.try_into().ok()?)),
        ValueKind::U64 => Value::U64(u64::from_le_bytes(bytes.try_into().ok()?)),
        ValueKind::I64 => Value::I64(i64::from_le_bytes(bytes.try_into().ok()?)),
        ValueKind::F32 => Value::F32(f32::from_le_bytes(bytes.try_into().ok()?)),
        ValueKind::F64 => Value::F64(f64::from_le_bytes(bytes.try_into().ok()?)),
        ValueKind::Bool | ValueKind::String | ValueKind::Array => return None,
    })
}

/// A metadata value. Arrays of strings and of numbers that were read are the variants of their
/// own; made by hand they may be of either form, which are equal.
#[derive(Debug, Clone)]
pub enum Value {
    /// See [`ValueKind::U8`].
    U8(u8),
    /// See [`ValueKind::I8`].
    I8(i8),
    /// See [`ValueKind::U16`].
    U16(u16),
    /// See [`ValueKind::I16`].
    I16(i16),
    /// See [`ValueKind::U32`].
    U32(u32),
    /// See [`ValueKind::I32`].
    I32(i32),
    /// See [`ValueKind::F32`].
    F32(f32),
    /// See [`ValueKind::Bool`].
    Bool(bool),
    /// See [`ValueKind::String`].
    String(String),
    /// Values that are all of the kind named.
    Array(ValueKind, Vec<Value>),
    /// An array of strings.
    Strings(Texts),
    /// An array of numbers.
    Numbers(Numbers),
    /// See [`ValueKind::U64`].
    U64(u64),
    /// See [`ValueKind::I64`].
    I64(i64),
    /// See [`ValueKind::F64`].
    F64(f64),
}

impl Value {
    /// What it is.
    pub fn kind(&self) -> ValueKind {
        match self {
            Value::U8(_) => ValueKind::U8,
            Value::I8(_) => ValueKind::I8,
            Value::U16(_) => ValueKind::U16,
            Value::I16(_) => ValueKind::I16,
            Value::U32(_) => ValueKind::U32,
            Value::I32(_) => ValueKind::I32,
            Value::F32(_) => ValueKind::F32,
            Value::Bool(_) => ValueKind::Bool,
            Value::String(_) => ValueKind::String,
            Value::Array(..) | Value::Strings(_) | Value::Numbers(_) => ValueKind::Array,
            Value::U64(_) => ValueKind::U64,
            Value::I64(_) => ValueKind::I64,
            Value::F64(_) => ValueKind::F64,
        }
    }

    /// An array of strings.
    pub fn strings<S: AsRef<str>>(items: impl IntoIterator<Item = S>) -> Self {
        Value::Strings(items.into_iter().collect())
    }

    /// A whole number that is not negative, whatever its width.
    pub fn as_u64(&self) -> Option<u64> {
        match *self {
            Value::U8(n) => Some(n.into()),
            Value::U16(n) => Some(n.into()),
            Value::U32(n) => Some(n.into()),
            Value::U64(n) => Some(n),
            Value::I8(n) => n.try_into().ok(),
            Value::I16(n) => n.try_into().ok(),
            Value::I32(n) => n.try_into().ok(),
            Value::I64(n) => n.try_into().ok(),
            _ => None,
        }
    }

    /// A number with a fraction.
    pub fn as_f64(&self) -> Option<f64> {
        match *self {
            Value::F32(x) => Some(x.into()),
            Value::F64(x) => Some(x),
            _ => None,
        }
    }

    /// A truth value.
    pub fn as_bool(&self) -> Option<bool> {
        match *self {
            Value::Bool(b) => Some(b),
            _ => None,
        }
    }

    /// A string.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::String(s) => Some(s),
            _ => None,
        }
    }

    /// A whole number, whatever its sign and width, if it is below 2^63.
    pub fn as_i64(&self) -> Option<i64> {
        match *self {
            Value::I8(n) => Some(n.into()),
            Value::I16(n) => Some(n.into()),
            Value::I32(n) => Some(n.into()),
            Value::I64(n) => Some(n),
            _ => i64::try_from(self.as_u64()?).ok(),
        }
    }

    /// What the items of an array are, and how many.
    pub fn shape(&self) -> Option<(ValueKind, usize)> {
        match self {
            Value::Array(kind, items) => Some((*kind, items.len())),
            Value::Strings(texts) => Some((ValueKind::String, texts.len())),
            Value::Numbers(numbers) => {
                let n = numbers.bytes.len() / numbers.kind.min_bytes();
                Some((numbers.kind, n))
            }
            _ => None,
        }
    }

    /// The items of an array, none where it is none.
    pub fn items(&self) -> Box<dyn Iterator<Item = Value> + '_> {
        match self {
            Value::Array(_, items) => Box::new(items.iter().cloned()),
            Value::Strings(texts) => Box::new(texts.iter().map(|t| Value::String(t.into()))),
            Value::Numbers(numbers) => Box::new(numbers.iter()),
            _ => Box::new(std::iter::empty()),
        }
    }

    /// An array of strings.
    pub fn as_texts(&self) -> Option<Texts> {
        match self {
            Value::Strings(texts) => Some(texts.clone()),
            Value::Array(ValueKind::String, items) => items.iter().map(Value::as_str).collect(),
            _ => None,
        }
    }

    /// An array of whole numbers.
    pub fn as_i64s(&self) -> Option<Vec<i64>> {
        self.shape()?;
        self.items().map(|item| item.as_i64()).collect()
    }

    /// An array of numbers, rounded to single precision.
    pub fn as_f32s(&self) -> Option<Vec<f32>> {
        self.shape()?;
        let number = |item: Value| match item.as_f64() {
            Some(x) => Some(x as f32),
            None => item.as_i64().map(|n| n as f32),
        };
        self.items().map(number).collect()
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Value::U8(a), Value::U8(b)) => a == b,
            (Value::I8(a), Value::I8(b)) => a == b,
            (Value::U16(a), Value::U16(b)) => a == b,
            (Value::I16(a), Value::I16(b)) => a == b,
            (Value::U32(a), Value::U32(b)) => a == b,
            (Value::I32(a), Value::I32(b)) => a == b,
            (Value::U64(a), Value::U64(b)) => a == b,
            (Value::I64(a), Value::I64(b)) => a == b,
            (Value::F32(a), Value::F32(b)) => a == b,
            (Value::F64(a), Value::F64(b)) => a == b,
            (Value::Bool(a), Value::Bool(b)) => a == b,
            (Value::String(a), Value::String(b)) => a == b,
            (a, b) => a.shape().is_some() && a.shape() == b.shape() && a.items().eq(b.items()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_the_id_it_is_found_by() {
        for (id, kind) in ValueKind::ALL.iter().enumerate() {
            assert_eq!(kind.id() as usize, id);
            assert_eq!(ValueKind::from_id(id as u32), Some(*kind));
        }
        assert_eq!(ValueKind::from_id(13), None);
    }

    #[test]
    fn arrays_are_equal_whatever_their_form() {
        let by_hand = Value::Array(ValueKind::I16, vec![Value::I16(-2), Value::I16(300)]);
        let read = Value::Numbers(Numbers::new(ValueKind::I16, &[0xfe, 0xff, 0x2c, 0x01]));
        assert_eq!(by_hand, read);
        assert_eq!(read.as_i64s(), Some(vec![-2, 300]));
        assert_eq!(read.as_f32s(), Some(vec![-2.0, 300.0]));
        assert_eq!(read.as_texts(), None);
        let other = Value::Array(ValueKind::I32, vec![Value::I32(-2), Value::I32(300)]);
        assert_ne!(by_hand, other);
        let texts = Value::strings(["a", "b"]);
        let strings = ["a", "b"].map(|t| Value::String(t.into())).to_vec();
        assert_eq!(texts, Value::Array(ValueKind::String, strings));
        assert_ne!(texts, Value::strings(["a"]));
        assert_ne!(Value::U8(1), Value::I8(1));
        assert_eq!(Value::U8(1).as_f32s(), None);
    }
}
