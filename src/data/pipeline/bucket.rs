//! A bucket of records with their lots: written as they come, read back in the order of lots.

use std::path::Path;

use rayon::prelude::*;

use super::unit_files::{FRAME_BYTES, LEVEL};
use crate::data::error::{Error, Result};
use crate::disk::{self, Making};
use crate::event::Control;

/// Text of one frame of a bucket: small, for many buckets are open at once.
const OPEN_BYTES: usize = 256 << 10;
/// Level of zstd for what is soon read again.
const LEVEL_MEANWHILE: i32 = 1;
/// A lot and a length stand before each line.
const HEAD_BYTES: usize = 16 + 4;

/// A bucket that is being filled.
pub(super) struct Bucket {
    making: Making,
    open: Vec<u8>,
}

impl Bucket {
    pub(super) fn new(path: &Path) -> Result<Self> {
        Ok(Bucket {
            making: Making::new(path)?,
            open: Vec::new(),
        })
    }

    pub(super) fn push(&mut self, lot: u128, line: &[u8]) -> Result<()> {
        self.open.extend_from_slice(&lot.to_le_bytes());
        self.open
            .extend_from_slice(&(line.len() as u32).to_le_bytes());
        self.open.extend_from_slice(line);
        if self.open.len() >= OPEN_BYTES {
            self.flush()?;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<()> {
        let frame = zstd::bulk::compress(&self.open, LEVEL_MEANWHILE);
        let written = frame.and_then(|frame| std::io::Write::write_all(&mut self.making, &frame));
        self.open.clear();
        Ok(written.map_err(|e| disk::Error::io(self.making.target(), "write", e))?)
    }

    pub(super) fn finish(mut self) -> Result<()> {
        self.flush()?;
        Ok(self.making.finish()?)
    }
}

/// Writes the buckets in `folder`, one after the other, each in the order of its lots, as frames
/// of lines; gives the number of lines.
pub(super) fn assemble(folder: &Path, target: &Path, control: &Control) -> Result<u64> {
    let mut making = Making::new(target)?;
    let mut n = 0;
    let mut open: Vec<u8> = Vec::new();
    for path in disk::walk(folder)? {
        if control.stop_requested() {
            return Err(Error::Interrupted {
                stage: "gather".into(),
            });
        }
        let file = std::fs::File::open(&path).map_err(|e| disk::Error::io(&path, "open", e))?;
        let text = zstd::decode_all(file).map_err(|e| disk::Error::io(&path, "read", e))?;
        let mut lines = lines(&text, &path)?;
        lines.par_sort_unstable();
        n += lines.len() as u64;
        let mut frames: Vec<Vec<u8>> = Vec::new();
        for (_, line) in lines {
            open.extend_from_slice(line);
            if open.len() >= FRAME_BYTES {
                frames.push(std::mem::take(&mut open));
            }
        }
        drop(text);
        write(&frames, &mut making)?;
    }
    if !open.is_empty() {
        write(&[open], &mut making)?;
    }
    making.finish()?;
    Ok(n)
}

fn write(frames: &[Vec<u8>], making: &mut Making) -> Result<()> {
    let packed: Vec<std::io::Result<Vec<u8>>> = frames
        .par_iter()
        .map(|frame| zstd::bulk::compress(frame, LEVEL))
        .collect();
    for frame in packed {
        let written = frame.and_then(|frame| std::io::Write::write_all(making, &frame));
        written.map_err(|e| disk::Error::io(making.target(), "write", e))?;
    }
    Ok(())
}

/// The lines of a bucket with their lots.
fn lines<'a>(mut text: &'a [u8], path: &Path) -> Result<Vec<(u128, &'a [u8])>> {
    let mut lines = Vec::new();
    while !text.is_empty() {
        let taken = text
            .split_first_chunk::<HEAD_BYTES>()
            .and_then(|(head, rest)| {
                let lot = u128::from_le_bytes(head[..16].try_into().ok()?);
                let len = u32::from_le_bytes(head[16..].try_into().ok()?) as usize;
                Some((lot, rest.split_at_checked(len)?))
            });
        let Some((lot, (line, rest))) = taken else {
            return Err(Error::Failed(format!("{}: cut", path.display())));
        };
        lines.push((lot, line));
        text = rest;
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_come_out_in_the_order_of_lots() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join("b").join(name);
        let big = "x".repeat(FRAME_BYTES);
        for (name, lots) in [("0", [7u128, 3]), ("1", [1 << 100, 1 << 99])] {
            let mut bucket = Bucket::new(&path(name)).unwrap();
            for lot in lots {
                bucket
                    .push(lot, format!("{lot} {big}\n").as_bytes())
                    .unwrap();
            }
            bucket.finish().unwrap();
        }
        let target = folder.path().join("t.zst");
        let n = assemble(&folder.path().join("b"), &target, &Control::default()).unwrap();
        assert_eq!(n, 4);
        let text = String::from_utf8(disk::read(&target).unwrap()).unwrap();
        let lots: Vec<u128> = text
            .lines()
            .map(|line| line.split(' ').next().unwrap().parse().unwrap())
            .collect();
        assert_eq!(lots, [3, 7, 1 << 99, 1 << 100]);
    }
}
