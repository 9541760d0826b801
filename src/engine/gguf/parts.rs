//! A model in one GGUF file or in several.
//!
//! The parts of a split file are named `NAME-00001-of-00003.gguf` and so on; each has a table of
//! its own tensors, and keys that say which part of how many it is. The first has all other
//! metadata. (llama.cpp, tools/gguf-split.)

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::{Header, Metadata, TensorInfo};
use crate::disk::Mapped;
use crate::engine::{Error, Result};

const NO: &str = "split.no";
const COUNT: &str = "split.count";
const TENSORS: &str = "split.tensors.count";
/// Most parts: their names have five digits, and each takes an open file.
const MAX_PARTS: u64 = 1024;

/// A file of a model.
struct Part {
    path: PathBuf,
    bytes: Mapped,
}

/// A model's files, mapped, and what they say of themselves.
pub struct Parts {
    files: Vec<Part>,
    /// Metadata of the first file, tensors of all.
    pub header: Header,
    by_name: HashMap<String, usize>,
}

impl Parts {
    /// Opens the file at `path` and, where it is a part of several, all others.
    ///
    /// # Errors
    /// When a part is absent, damaged or one of another model, or two have the same tensor.
    pub fn open(path: &Path) -> Result<Self> {
        let bytes = Mapped::open(path)?;
        let header = Header::parse(path, &bytes)?;
        let Some((no, count)) = place(&header.metadata)? else {
            return Parts::of(
                vec![Part {
                    path: path.into(),
                    bytes,
                }],
                header,
            );
        };
        let name = Name::of(path, no, count)?;
        if no != 0 {
            // Any part stands for the model; the first one knows most.
            return Parts::open_all(&name);
        }
        Parts::go_on(&name, bytes, header)
    }

    fn open_all(name: &Name) -> Result<Self> {
        let path = name.part(0);
        let bytes = open_part(&path, 0, name.count)?;
        let header = Header::parse(&path, &bytes)?;
        expect(&header.metadata, 0, name.count)?;
        Parts::go_on(name, bytes, header)
    }

    /// Opens the parts behind the first.
    fn go_on(name: &Name, first: Mapped, mut header: Header) -> Result<Self> {
        let n_tensors = header.metadata.u64(TENSORS)?;
        let mut files = vec![Part {
            path: name.part(0),
            bytes: first,
        }];
        for no in 1..name.count {
            let path = name.part(no);
            let bytes = open_part(&path, no, name.count)?;
            let part = Header::parse(&path, &bytes)?;
            expect(&part.metadata, no, name.count)?;
            let tensors = part.tensors.into_iter();
            header.tensors.extend(tensors.map(|tensor| TensorInfo {
                part: no as usize,
                ..tensor
            }));
            files.push(Part { path, bytes });
        }
        let found = header.tensors.len() as u64;
        if let Some(n) = n_tensors.filter(|n| *n != found) {
            let what = format!(
                "{TENSORS} is {n}, but the {} parts have {found}",
                name.count
            );
            return Err(Error::damaged(&name.part(0), what));
        }
        Parts::of(files, header)
    }

    fn of(files: Vec<Part>, header: Header) -> Result<Self> {
        let mut by_name = HashMap::with_capacity(header.tensors.len());
        for (at, tensor) in header.tensors.iter().enumerate() {
            if let Some(first) = by_name.insert(tensor.name.clone(), at) {
                let first = &files[header.tensors[first].part].path;
                let what = format!("tensor {:?} is in {} too", tensor.name, first.display());
                return Err(Error::damaged(&files[tensor.part].path, what));
            }
        }
        Ok(Parts {
            files,
            header,
            by_name,
        })
    }

    /// Each file by itself: its bytes, and its own tensors. All metadata are in the first.
    pub fn apart(self) -> (Vec<Mapped>, Vec<Header>) {
        let Header {
            version,
            metadata,
            tensors,
        } = self.header;
        let empty = |part: &Part| Header {
            version,
            metadata: Metadata::new(&part.path),
            tensors: Vec::new(),
        };
        let mut headers: Vec<Header> = self.files.iter().map(empty).collect();
        headers[0].metadata = metadata;
        for tensor in tensors {
            headers[tensor.part].tensors.push(tensor);
        }
        (
            self.files.into_iter().map(|part| part.bytes).collect(),
            headers,
        )
    }

    /// The first file.
    pub fn path(&self) -> &Path {
        &self.files[0].path
    }

    /// Every file.
    pub fn paths(&self) -> impl ExactSizeIterator<Item = &Path> {
        self.files.iter().map(|part| part.path.as_path())
    }

    /// The tensor of that name.
    pub fn tensor(&self, name: &str) -> Option<&TensorInfo> {
        self.header.tensors.get(*self.by_name.get(name)?)
    }

    /// The bytes of one of these tensors.
    pub fn bytes(&self, tensor: &TensorInfo) -> &[u8] {
        &self.files[tensor.part].bytes[tensor.range.clone()]
    }

    /// The file one of these tensors is in.
    pub fn path_of(&self, tensor: &TensorInfo) -> &Path {
        &self.files[tensor.part].path
    }
}

/// Which part of how many a file says it is; none for a file that is whole.
fn place(metadata: &Metadata) -> Result<Option<(u64, u64)>> {
    let Some(count) = metadata.u64(COUNT)?.filter(|count| *count > 1) else {
        return Ok(None);
    };
    let no = metadata.required(NO, metadata.u64(NO)?)?;
    if no >= count || count > MAX_PARTS {
        let what = format!("part {no} of {count} (counted from 0, {MAX_PARTS} at most)");
        return Err(Error::damaged(metadata.path(), what));
    }
    Ok(Some((no, count)))
}

/// Refuses a file that is not the part its name says.
fn expect(metadata: &Metadata, no: u64, count: u64) -> Result<()> {
    let is = place(metadata)?;
    if is == Some((no, count)) {
        return Ok(());
    }
    let is = match is {
        Some((no, count)) => format!("part {} of {count}", no + 1),
        None => "a whole file".into(),
    };
    let what = format!("this is {is}, not part {} of {count}", no + 1);
    Err(Error::damaged(metadata.path(), what))
}

fn open_part(path: &Path, no: u64, count: u64) -> Result<Mapped> {
    if !path.exists() {
        return Err(Error::Missing {
            what: format!(
                "{}: part {} of {count} is not there",
                path.display(),
                no + 1
            ),
            hint: "all parts of a split model have to lie in one folder; `eu pull` fetches them"
                .into(),
        });
    }
    Ok(Mapped::open(path)?)
}

/// The names of the parts.
struct Name {
    folder: PathBuf,
    stem: String,
    count: u64,
}

impl Name {
    /// From the name of one of them.
    fn of(path: &Path, no: u64, count: u64) -> Result<Self> {
        let end = ending(no, count);
        let name = path.file_name().and_then(|name| name.to_str());
        let Some(stem) = name.and_then(|name| name.strip_suffix(&end)) else {
            return Err(Error::Missing {
                what: format!(
                    "{}: part {} of {count}, the others of which cannot be found",
                    path.display(),
                    no + 1
                ),
                hint: format!("give it its name back, which ends in {end}"),
            });
        };
        Ok(Name {
            folder: path.parent().map(Path::to_path_buf).unwrap_or_default(),
            stem: stem.into(),
            count,
        })
    }

    fn part(&self, no: u64) -> PathBuf {
        self.folder
            .join(format!("{}{}", self.stem, ending(no, self.count)))
    }
}

fn ending(no: u64, count: u64) -> String {
    format!("-{:05}-of-{count:05}.gguf", no + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk;
    use crate::engine::gguf::{Draft, Kind, Value};
    use crate::fault::{Fault, Kind as Failure};

    /// Writes a part with one tensor of one weight; without `place` a whole file.
    fn write(path: &Path, place: Option<(u16, u16)>, n_tensors: Option<i32>, tensor: &str) {
        let mut metadata = Metadata::new(path);
        if let Some((no, count)) = place {
            metadata.set(NO, Value::U16(no));
            metadata.set(COUNT, Value::U16(count));
        }
        if let Some(n) = n_tensors {
            metadata.set(TENSORS, Value::I32(n));
            metadata.set("general.name", Value::String("m".into()));
        }
        let mut draft = Draft::new(metadata);
        draft.add(tensor, &[1], Kind::named("F32").unwrap());
        let weight = tensor.len() as f32;
        draft
            .write(path, |_| Ok(weight.to_le_bytes().to_vec()))
            .unwrap();
    }

    fn three(folder: &Path) -> [PathBuf; 3] {
        let paths = [0, 1, 2].map(|no| folder.join(format!("m{}", ending(no, 3))));
        write(&paths[0], Some((0, 3)), Some(3), "a");
        write(&paths[1], Some((1, 3)), None, "bb");
        write(&paths[2], Some((2, 3)), None, "ccc");
        paths
    }

    #[test]
    fn any_part_opens_all_and_each_tensor_is_in_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let paths = three(folder.path());
        for path in &paths {
            let parts = Parts::open(path).unwrap();
            assert_eq!(parts.paths().len(), 3);
            assert_eq!(parts.path(), paths[0]);
            let name = parts.header.metadata.str("general.name").unwrap();
            assert_eq!(name, Some("m"));
            for (tensor, path) in ["a", "bb", "ccc"].iter().zip(&paths) {
                let info = parts.tensor(tensor).unwrap();
                assert_eq!(parts.path_of(info), path);
                assert_eq!(parts.bytes(info), (tensor.len() as f32).to_le_bytes());
            }
            assert!(parts.tensor("d").is_none());
            let (files, headers) = parts.apart();
            for (bytes, header) in files.iter().zip(&headers) {
                let tensor = &header.tensors[0];
                let weight = (tensor.name.len() as f32).to_le_bytes();
                assert_eq!(bytes[tensor.range.clone()], weight);
            }
            assert_eq!(headers[0].metadata.str("general.name").unwrap(), Some("m"));
        }
        let whole = folder.path().join("whole.gguf");
        write(&whole, None, None, "a");
        assert_eq!(Parts::open(&whole).unwrap().paths().len(), 1);
    }

    #[test]
    fn parts_that_are_missing_or_foreign_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let refused = |kind: Failure, path: &Path, words: &str| {
            let error = Parts::open(path).err().expect("refused");
            assert_eq!(error.kind(), kind, "{error}");
            assert!(error.to_string().contains(words), "{error}");
        };
        let paths = three(folder.path());
        std::fs::remove_file(&paths[1]).unwrap();
        let words = "m-00002-of-00003.gguf: part 2 of 3 is not there";
        refused(Failure::Missing, &paths[0], words);
        refused(Failure::Missing, &paths[2], words);
        write(&paths[1], Some((1, 3)), None, "a");
        refused(Failure::Damaged, &paths[0], "tensor \"a\" is in");
        write(&paths[1], Some((2, 3)), None, "bb");
        let words = "this is part 3 of 3, not part 2 of 3";
        refused(Failure::Damaged, &paths[0], words);
        write(&paths[1], None, None, "bb");
        refused(Failure::Damaged, &paths[0], "this is a whole file");
        write(&paths[1], Some((1, 3)), None, "bb");
        write(&paths[0], Some((0, 3)), Some(4), "a");
        refused(Failure::Damaged, &paths[0], "split.tensors.count is 4");
        write(&paths[0], Some((3, 3)), Some(3), "a");
        refused(Failure::Damaged, &paths[0], "part 3 of 3 (counted from 0");
        let renamed = folder.path().join("renamed.gguf");
        write(&renamed, Some((0, 2)), Some(2), "a");
        refused(Failure::Missing, &renamed, "the others of which");
        disk::replace_bytes(&renamed, b"GGUF").unwrap();
        refused(Failure::Damaged, &renamed, "byte 4");
    }
}
