//! Files of sketches and of fates, with checksums that hold and without.
#![no_main]

use std::path::Path;

use europium::data::dedup::{Bands, FateReader, Sketch, SketchReader, SketchWriter, UnitFate};
use libfuzzer_sys::fuzz_target;
use xxhash_rust::xxh3::xxh3_64_with_seed;

const SHAPE: Bands = Bands {
    bands: 2,
    rows: 2,
    ngram: 5,
    min_jaccard: 0.7,
};

fuzz_target!(|bytes: &[u8]| {
    let Some((&[mode, n], bytes)) = bytes.split_first_chunk() else {
        return;
    };
    match mode % 4 {
        0 => {
            let _ = read_sketches(bytes);
        }
        1 => {
            let _ = read_fates(bytes);
        }
        2 => {
            let mut header = Vec::new();
            for n in [SHAPE.bands, SHAPE.rows, SHAPE.ngram] {
                header.extend((n as u64).to_le_bytes());
            }
            let file = file(b"EUSKTCH\x01", &header, u32::from(n), bytes);
            let Some(sketches) = read_sketches(&file) else {
                return;
            };
            let mut writer = SketchWriter::new(Vec::new(), SHAPE).expect("begins");
            for sketch in &sketches {
                writer.push(sketch).expect("is written");
            }
            let again = writer.into_inner().expect("ends");
            assert_eq!(read_sketches(&again), Some(sketches));
        }
        _ => {
            let file = file(b"EUFATES\x01", &[], u32::from(n), bytes);
            let fates = read_fates(&file);
            assert!(fates.is_none_or(|fates| fates.len() == usize::from(n)));
        }
    }
});

fn read_sketches(bytes: &[u8]) -> Option<Vec<Sketch>> {
    let mut reader = SketchReader::new(Path::new("f"), bytes, SHAPE).ok()?;
    let mut sketches = Vec::new();
    while let Some(sketch) = reader.next().ok()? {
        assert!(sketch.keys.is_empty() || sketch.keys.len() == SHAPE.bands);
        sketches.push(sketch);
    }
    Some(sketches)
}

fn read_fates(bytes: &[u8]) -> Option<Vec<UnitFate>> {
    let mut reader = FateReader::new(Path::new("f"), bytes).ok()?;
    let mut fates = Vec::new();
    while let Some(fate) = reader.next().ok()? {
        fates.push(fate);
    }
    Some(fates)
}

/// A file of one block that claims `n` records, with checksums that hold.
fn file(magic: &[u8; 8], header: &[u8], n: u32, block: &[u8]) -> Vec<u8> {
    let mut out = magic.to_vec();
    out.extend((header.len() as u32).to_le_bytes());
    out.extend(header);
    out.extend(xxh3_64_with_seed(header, u64::MAX).to_le_bytes());
    let mut blocks = 0;
    let mut push = |n: u32, block: &[u8]| {
        out.extend((block.len() as u32).to_le_bytes());
        out.extend(n.to_le_bytes());
        out.extend(xxh3_64_with_seed(block, blocks).to_le_bytes());
        out.extend(block);
        blocks += 1;
    };
    if n > 0 {
        push(n, block);
    }
    push(0, &u64::from(n).to_le_bytes());
    out
}
