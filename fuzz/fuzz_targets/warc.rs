//! WARC, WET and ARC: as they are, a gzip member for each record, or zstd frames.
#![no_main]

use std::io::Write;

use libfuzzer_sys::fuzz_target;

mod places;

fuzz_target!(|bytes: &[u8]| {
    let Some((mode, bytes)) = bytes.split_first() else {
        return;
    };
    let options = places::options(if mode & 4 == 0 { 1 << 20 } else { 300 });
    let is_line_end = |b| matches!(b, b'\r' | b'\n');
    match mode % 4 {
        2 => places::check("a.warc.gz", &members(bytes), &options, is_line_end),
        3 => {
            let frames = records(bytes).map(places::frame);
            let bytes = frames.collect::<Vec<_>>().concat();
            places::check("a.warc.zst", &bytes, &options, is_line_end);
        }
        _ => places::check("a.warc", bytes, &options, is_line_end),
    }
});

/// The bytes, cut before each `WARC/`.
fn records(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let first = rest.first().map(|_| 1)?;
        let next = rest[first..].windows(5).position(|w| w == b"WARC/");
        let (record, after) = rest.split_at(next.map_or(rest.len(), |n| n + first));
        rest = after;
        Some(record)
    })
}

fn members(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for record in records(bytes) {
        let mut member = flate2::write::GzEncoder::new(&mut out, flate2::Compression::none());
        member.write_all(record).expect("memory is written");
        member.finish().expect("memory is written");
    }
    out
}
