//! Evaluation sets in their three layouts, the index made of them, and the index's own format.
#![no_main]

use europium::contamination::{Builder, Index, Item, Scratch, Settings};
use europium::data::contamination::{Layout, each_item};
use libfuzzer_sys::fuzz_target;
use xxhash_rust::xxh3::xxh3_64;

fuzz_target!(|bytes: &[u8]| {
    let Some((mode, bytes)) = bytes.split_first() else {
        return;
    };
    match mode % 4 {
        0 => set(bytes, Layout::Jsonl),
        1 => set(bytes, Layout::Json),
        2 => set(bytes, Layout::Tsv),
        _ => {
            // The sum is put right: no input finds one by chance.
            let _ = Index::from_bytes(bytes);
            let sum = xxh3_64(bytes).to_le_bytes();
            let whole = [bytes, &sum].concat();
            if let Ok(index) = Index::from_bytes(&whole) {
                assert_eq!(index.to_bytes(), whole, "an index has one form");
                check(
                    &index,
                    "the quick brown fox jumps over the lazy dog, and so on",
                );
                check(&index, &String::from_utf8_lossy(bytes));
            }
        }
    }
});

fn set(bytes: &[u8], layout: Layout) {
    let settings = Settings {
        lengths: vec![2, 4],
        min_words: 1,
        max_items: 3,
    };
    let mut builder = Builder::new(settings);
    let mut all = String::new();
    let read = each_item(bytes, layout, &mut |id, parts| {
        builder.add(Item {
            benchmark: "set",
            id,
            parts,
        });
        all.extend(parts.iter().flat_map(|part| [part, "\n"]));
    });
    if let Err(line) = read {
        let n_lines = 1 + bytes.iter().filter(|b| **b == b'\n').count() as u64;
        assert!(line >= 1 && line <= n_lines, "line {line} of {n_lines}");
    }
    let index = builder.build();
    let bytes = index.to_bytes();
    let again = Index::from_bytes(&bytes).expect("what was written is read");
    assert_eq!(again.to_bytes(), bytes);
    check(&index, &all);
    assert_eq!(
        index.check(&all, &mut Scratch::default()),
        again.check(&all, &mut Scratch::default())
    );
}

fn check(index: &Index, text: &str) {
    for hit in index.check(text, &mut Scratch::default()) {
        assert!(
            text.get(hit.span.clone()).is_some_and(|s| !s.is_empty()),
            "{hit:?}"
        );
        assert!(
            (hit.item as usize) < index.n_items() && hit.n_matched > 0,
            "{hit:?}"
        );
        assert!(hit.share > 0.0, "{hit:?}");
    }
}
