//! Gzip and zstd as they come: damaged members, frames, headers, checksums.
#![no_main]

use libfuzzer_sys::fuzz_target;

mod places;

fuzz_target!(|bytes: &[u8]| {
    let Some((mode, bytes)) = bytes.split_first() else {
        return;
    };
    let options = places::options(if mode & 4 == 0 { 1 << 20 } else { 100 });
    let name = ["a.jsonl.gz", "a.warc.gz", "deu.txt.zst", "a.jsonl.zst"][usize::from(mode % 4)];
    places::check(name, bytes, &options, |b: u8| {
        b.is_ascii_whitespace() || b"\xef\xbb\xbf".contains(&b)
    });
});
