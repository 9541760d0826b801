//! Writes a GGUF file: header first, then tensors one by one as they are made.

use std::io::{self, Write};
use std::path::Path;

use super::read::{ALIGNMENT_KEY, DEFAULT_ALIGNMENT, MAGIC};
use super::{Kind, Metadata, Value};
use crate::disk;
use crate::engine::Result;

/// Version of the format.
const VERSION: u32 = 3;

/// A file in the making: its metadata and its table of tensors.
pub struct Draft {
    /// Keys and values.
    pub metadata: Metadata,
    tensors: Vec<(String, Vec<u64>, &'static Kind)>,
}

impl Draft {
    /// A file with this metadata and no tensors yet.
    pub fn new(metadata: Metadata) -> Self {
        Draft {
            metadata,
            tensors: Vec::new(),
        }
    }

    /// Adds a row to the table of tensors; `dims` begins with the length of a row.
    pub fn add(&mut self, name: &str, dims: &[u64], kind: &'static Kind) {
        self.tensors.push((name.into(), dims.into(), kind));
    }

    /// Writes the file; `data` gives the bytes of the tensor of that row of the table, and is
    /// asked for one after the other.
    ///
    /// # Errors
    /// When the file cannot be written, or `data` fails or gives another number of bytes than
    /// the table says; nothing is then left behind.
    pub fn write(&self, path: &Path, mut data: impl FnMut(usize) -> Result<Vec<u8>>) -> Result<()> {
        let mut failure = None;
        let written = disk::replace(path, |out| {
            let header = self.header();
            out.write_all(&header)?;
            pad(out, header.len() as u64, self.alignment())?;
            for (row, (name, dims, kind)) in self.tensors.iter().enumerate() {
                let bytes = data(row).map_err(|e| {
                    failure = Some(e);
                    io::Error::other("the tensor could not be made")
                })?;
                let want = kind.len_bytes(dims.iter().product());
                if want != Some(bytes.len() as u64) {
                    let what = format!("tensor {name} has {} bytes, not {want:?}", bytes.len());
                    return Err(io::Error::other(what));
                }
                out.write_all(&bytes)?;
                pad(out, bytes.len() as u64, self.alignment())?;
            }
            Ok(())
        });
        match failure {
            Some(error) => Err(error),
            None => Ok(written?),
        }
    }

    fn alignment(&self) -> u64 {
        let said = self.metadata.get(ALIGNMENT_KEY).and_then(Value::as_u64);
        said.filter(|n| *n > 0).unwrap_or(DEFAULT_ALIGNMENT)
    }

    fn header(&self) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        out.extend(VERSION.to_le_bytes());
        out.extend((self.tensors.len() as u64).to_le_bytes());
        out.extend((self.metadata.entries().len() as u64).to_le_bytes());
        for (key, value) in self.metadata.entries() {
            put_string(&mut out, key);
            out.extend(value.kind().id().to_le_bytes());
            put_value(&mut out, value);
        }
        let mut offset = 0u64;
        for (name, dims, kind) in &self.tensors {
            put_string(&mut out, name);
            out.extend((dims.len() as u32).to_le_bytes());
            for dim in dims {
                out.extend(dim.to_le_bytes());
            }
            out.extend(kind.id.to_le_bytes());
            out.extend(offset.to_le_bytes());
            let len = kind.len_bytes(dims.iter().product()).unwrap_or(0);
            offset += len.next_multiple_of(self.alignment());
        }
        out
    }
}

fn pad(out: &mut impl Write, len: u64, alignment: u64) -> io::Result<()> {
    let zeros = len.next_multiple_of(alignment) - len;
    io::copy(&mut io::Read::take(io::repeat(0), zeros), out).map(drop)
}

fn put_string(out: &mut Vec<u8>, text: &str) {
    out.extend((text.len() as u64).to_le_bytes());
    out.extend(text.as_bytes());
}

/// What the items of an array are, and how many.
fn put_shape(out: &mut Vec<u8>, value: &Value) {
    if let Some((kind, n)) = value.shape() {
        out.extend(kind.id().to_le_bytes());
        out.extend((n as u64).to_le_bytes());
    }
}

fn put_value(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::U8(n) => out.push(*n),
        Value::I8(n) => out.extend(n.to_le_bytes()),
        Value::U16(n) => out.extend(n.to_le_bytes()),
        Value::I16(n) => out.extend(n.to_le_bytes()),
        Value::U32(n) => out.extend(n.to_le_bytes()),
        Value::I32(n) => out.extend(n.to_le_bytes()),
        Value::U64(n) => out.extend(n.to_le_bytes()),
        Value::I64(n) => out.extend(n.to_le_bytes()),
        Value::F32(x) => out.extend(x.to_le_bytes()),
        Value::F64(x) => out.extend(x.to_le_bytes()),
        Value::Bool(b) => out.push(u8::from(*b)),
        Value::String(s) => put_string(out, s),
        Value::Array(_, items) => {
            put_shape(out, value);
            for item in items {
                put_value(out, item);
            }
        }
        Value::Strings(texts) => {
            put_shape(out, value);
            for text in texts.iter() {
                put_string(out, text);
            }
        }
        Value::Numbers(numbers) => {
            put_shape(out, value);
            out.extend_from_slice(numbers.bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use proptest::prelude::*;

    use super::super::{Header, ValueKind};
    use super::*;
    use crate::engine::Error;
    use crate::fault::Fault;

    fn every_kind() -> Metadata {
        let mut metadata = Metadata::new(Path::new("x"));
        let nested = Value::Array(ValueKind::U8, vec![Value::U8(1), Value::U8(2)]);
        let values = [
            Value::U8(1),
            Value::I8(-1),
            Value::U16(2),
            Value::I16(-2),
            Value::U32(3),
            Value::I32(-3),
            Value::F32(0.5),
            Value::Bool(true),
            Value::String("Ġžluťoučký".into()),
            Value::Array(ValueKind::Array, vec![nested]),
            Value::strings(["a", ""]),
            Value::U64(u64::MAX),
            Value::I64(i64::MIN),
            Value::F64(-0.25),
        ];
        for (i, value) in values.into_iter().enumerate() {
            metadata.set(format!("k{i}"), value);
        }
        metadata.set(ALIGNMENT_KEY, Value::U32(64));
        metadata
    }

    /// A small file with every kind of value and three tensors, and what went into it.
    fn sample(folder: &Path) -> (PathBuf, Draft, Vec<Vec<u8>>) {
        let path = folder.join("x.gguf");
        let mut draft = Draft::new(every_kind());
        let f32s = Kind::named("F32").unwrap();
        let q8 = Kind::named("Q8_0").unwrap();
        draft.add("norm", &[3], f32s);
        draft.add("matrix", &[32, 2], q8);
        draft.add("last", &[1], f32s);
        let data = vec![vec![1; 12], vec![2; 68], vec![3; 4]];
        draft.write(&path, |row| Ok(data[row].clone())).unwrap();
        (path, draft, data)
    }

    #[test]
    fn what_is_written_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let (path, draft, data) = sample(folder.path());
        let bytes = disk::read(&path).unwrap();
        assert_eq!(bytes.len() % 64, 0);
        let header = Header::parse(&path, &bytes).unwrap();
        assert_eq!(header.version, 3);
        assert_eq!(header.metadata.entries(), draft.metadata.entries());
        for ((tensor, data), (name, dims, kind)) in
            header.tensors.iter().zip(&data).zip(&draft.tensors)
        {
            assert_eq!((&tensor.name, &tensor.dims), (name, dims));
            assert_eq!(tensor.kind, *kind);
            assert_eq!(tensor.range.start % 64, 0);
            assert_eq!(&bytes[tensor.range.clone()], data);
        }
    }

    #[test]
    fn a_file_cut_anywhere_is_damaged_and_says_where() {
        let folder = tempfile::tempdir().unwrap();
        let (path, _, _) = sample(folder.path());
        let bytes = disk::read(&path).unwrap();
        let end = Header::parse(&path, &bytes).unwrap().tensors[2].range.end;
        for cut in 0..end {
            let error = Header::parse(&path, &bytes[..cut]).unwrap_err();
            assert!(matches!(error, Error::Damaged { .. }), "{cut}: {error}");
            assert!(error.to_string().contains("byte "), "{cut}: {error}");
            assert_eq!(error.kind(), crate::fault::Kind::Damaged);
        }
        assert!(
            Header::parse(&path, &bytes[..end]).is_ok(),
            "only padding is missing"
        );
    }

    proptest! {
        #[test]
        fn flipped_bits_never_panic(flips in prop::collection::vec((0usize..900, 0u8..8), 1..6)) {
            let folder = tempfile::tempdir().unwrap();
            let (path, _, _) = sample(folder.path());
            let mut bytes = disk::read(&path).unwrap();
            for (at, bit) in flips {
                let at = at % bytes.len();
                bytes[at] ^= 1 << bit;
            }
            if let Ok(header) = Header::parse(&path, &bytes) {
                for tensor in &header.tensors {
                    prop_assert!(tensor.range.end <= bytes.len());
                }
            }
        }

        #[test]
        fn noise_behind_the_magic_number_never_panics(noise: Vec<u8>) {
            let bytes = [b"GGUF\x03\0\0\0".as_slice(), &noise].concat();
            prop_assert!(Header::parse(Path::new("x"), &bytes).is_err() || noise.len() >= 16);
        }
    }

    #[test]
    fn lengths_that_lie_are_refused_before_anything_is_allocated() {
        let mut bytes = b"GGUF\x03\0\0\0".to_vec();
        bytes.extend(0u64.to_le_bytes());
        bytes.extend(1u64.to_le_bytes());
        put_string(&mut bytes, "k");
        bytes.extend(ValueKind::Array.id().to_le_bytes());
        bytes.extend(ValueKind::String.id().to_le_bytes());
        for lie in [u64::MAX, 1 << 40, 1 << 20] {
            let bytes = [bytes.as_slice(), &lie.to_le_bytes()].concat();
            let error = Header::parse(Path::new("x"), &bytes)
                .unwrap_err()
                .to_string();
            assert!(error.contains("the length of k is"), "{error}");
        }
        let many = [b"GGUF\x03\0\0\0".as_slice(), &[0xff; 16]].concat();
        let error = Header::parse(Path::new("x"), &many)
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with("x: byte 8: the number of tensors is"),
            "{error}"
        );
    }

    #[test]
    fn a_tensor_of_the_wrong_length_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.gguf");
        let mut draft = Draft::new(Metadata::new(&path));
        draft.add("t", &[4], Kind::named("F32").unwrap());
        assert!(draft.write(&path, |_| Ok(vec![0; 15])).is_err());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
