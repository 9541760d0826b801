//! Token files: an index and its tokens, in Megatron's layout.
#![no_main]

use europium::shard::{Shard, Writer};
use libfuzzer_sys::fuzz_target;

mod places;

fuzz_target!(|bytes: &[u8]| {
    // The first bytes are tokens, how many the first byte of all says; the rest is the index.
    let Some((n, bytes)) = bytes.split_first() else {
        return;
    };
    let (bin, idx) = bytes.split_at((*n as usize).min(bytes.len()));
    let stem = places::file("shard.bin", bin).with_extension("");
    places::file("shard.idx", idx);
    let Ok(shard) = Shard::open(&stem) else {
        return;
    };
    let mut tokens = Vec::new();
    let (mut all, mut end) = (Vec::new(), 0);
    // Ids that fit the wide form alone make it the one that is written.
    let wide = idx.get(17) == Some(&4);
    let out = stem.with_file_name("again");
    let mut writer = Writer::new(&out, if wide { 1 << 17 } else { 1 << 16 }).expect("begins");
    for doc in 0..shard.n_docs() {
        let range = shard.doc(doc);
        assert_eq!(range.start, end, "documents follow one another");
        end = range.end;
        shard.read(range, &mut tokens);
        writer.push(&tokens).expect("is written");
        all.extend_from_slice(&tokens);
    }
    assert_eq!(end, shard.n_tokens());
    assert_eq!(all.iter().copied().max(), shard.max_token());
    writer.finish().expect("is written");
    let again = std::fs::read(out.with_extension("bin")).expect("is there");
    assert_eq!(again, bin, "the tokens are all that was in the file");
    let again = Shard::open(&out).expect("what was written is read");
    assert_eq!(again.n_docs(), shard.n_docs());
});
