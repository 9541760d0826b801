//! Files that are one item: plain text, HTML, and those whose name says nothing.
#![no_main]

use libfuzzer_sys::fuzz_target;

mod places;

fuzz_target!(|bytes: &[u8]| {
    let Some((mode, bytes)) = bytes.split_first() else {
        return;
    };
    let options = places::options(if mode & 4 == 0 { 1 << 20 } else { 100 });
    let name = ["deu.txt", "page.html", "unnamed", "udhr_mlt.txt.gz"][usize::from(mode % 4)];
    places::check(name, bytes, &options, |b: u8| {
        b.is_ascii_whitespace() || b"\xef\xbb\xbf".contains(&b)
    });
});
