//! Ids beside those of the crate `tokenizers`, and beside recorded ones.

use std::path::PathBuf;

use proptest::prelude::*;

use super::*;
use crate::disk;
use crate::vocab::{PRE_TOKENIZERS, Vocab};

/// The folder of shared test data, where there is one.
#[allow(clippy::print_stderr)] // the one line that says why nothing was tested
fn shared() -> Option<PathBuf> {
    let root = std::env::var_os("EU_TEST_DATA").map(PathBuf::from);
    if root.is_none() {
        eprintln!("skipped: EU_TEST_DATA is not set");
    }
    root.map(|root| root.join("data"))
}

/// A vocabulary of all bytes and a few merges, some of which only chains of merges reach, cut as
/// `pre` says.
fn small(pre: &crate::vocab::PreTokenizer) -> Vocab {
    let chars = crate::vocab::byte_chars();
    let mut vocab = serde_json::Map::new();
    for (id, c) in chars.iter().enumerate() {
        vocab.insert(c.to_string(), id.into());
    }
    let mut merges = Vec::new();
    for (a, b) in [
        ("a", "b"),
        ("b", "a"),
        ("ab", "a"),
        ("a", "a"),
        ("aa", "a"),
        ("Ġ", "a"),
        ("Ġa", "ba"),
        ("Ã", "¤"),
        ("ab", "ab"),
        ("1", "2"),
        ("12", "1"),
        ("Ġ", "Ġ"),
        ("abab", "abab"),
    ] {
        vocab.insert(format!("{a}{b}"), vocab.len().into());
        merges.push(serde_json::json!([a, b]));
    }
    vocab.insert("bbb".into(), vocab.len().into()); // no merge makes it
    let split = serde_json::json!({
        "type": "Split", "pattern": { "Regex": pre.pattern }, "behavior": "Isolated",
        "invert": false,
    });
    let bytes = serde_json::json!({
        "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": false,
    });
    let mut steps = vec![split, bytes];
    if pre.single_digits {
        steps.insert(
            0,
            serde_json::json!({ "type": "Digits", "individual_digits": true }),
        );
    }
    let json = serde_json::json!({
        "version": "1.0",
        "pre_tokenizer": { "type": "Sequence", "pretokenizers": steps },
        "decoder": { "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true,
            "use_regex": false },
        "model": { "type": "BPE", "ignore_merges": pre.ignore_merges, "vocab": vocab,
            "merges": merges },
    });
    let vocab = Vocab::from_json(json.to_string().as_bytes(), "t".as_ref()).unwrap();
    assert!(vocab.encoder.is_some(), "{}", pre.name);
    vocab
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn ids_are_those_of_the_crate(
        texts in prop::collection::vec(r"([ab]{0,70}|[ab ]{0,9}|ä|1|2|\PC|\s|\p{L}){0,20}", 1..8),
    ) {
        for pre in &PRE_TOKENIZERS {
            let vocab = small(pre);
            for text in &texts {
                prop_assert_eq!(vocab.encode(text).unwrap(), vocab.encode_by_crate(text).unwrap());
            }
        }
    }
}

#[test]
fn long_words_and_crowded_caches_change_nothing() {
    let vocab = small(&PRE_TOKENIZERS[0]);
    for n in [1, 14, 15, 16, 30, 31, 32, 47, 48, 49, 50, 1000] {
        for unit in ["a", "ab", "aab", "äb", "b"] {
            let word = unit.repeat(n);
            assert_eq!(
                vocab.encode(&word).unwrap(),
                vocab.encode_by_crate(&word).unwrap(),
                "{n} {unit}"
            );
        }
    }
    let many: String = (0..200_000)
        .map(|n| format!("{n:b} ").replace('1', "a").replace('0', "b"))
        .collect();
    assert_eq!(
        vocab.encode(&many).unwrap(),
        vocab.encode_by_crate(&many).unwrap()
    );
    // A word of a million letters takes no million times as long as one letter.
    assert_eq!(vocab.encode(&"ab".repeat(1 << 19)).unwrap().len(), 1 << 17);
}

#[test]
fn a_cache_that_grows_keeps_the_words_it_had() {
    let mut cache = Cache::default();
    let key = |i: usize, prefix: &str| {
        let word = format!("{prefix}{i}");
        Key::of(word.as_bytes(), 0, word.len())
    };
    let long = "a word of more than fifteen";
    for i in 0..2 * FIRST_SHORT_LINES {
        let (short, long) = (key(i, ""), key(i, long));
        let (ids, rest) = (pack(&[i as u32]).unwrap(), pack(&[i as u32]).unwrap());
        cache.put_short(&short, short.hash(), ids);
        cache.put_long(&long, long.hash(), rest);
    }
    assert_eq!(cache.short.mask + 1, SHORT_LINES);
    assert_eq!(cache.long.mask + 1, LONG_LINES);
    // Those put last before and first after it grew; a few may have been driven out.
    let kept = |i: &usize| {
        let (key, line) = (key(*i, ""), cache.short.line(key(*i, "").hash()));
        line[..2] == key.0[..2] || line[4..6] == key.0[..2]
    };
    let n = (FIRST_SHORT_LINES - 1000..FIRST_SHORT_LINES + 1000).filter(kept);
    assert!(n.count() > 1950);
    let kept = |i: &usize| cache.long.line(key(*i, long).hash())[..4] == key(*i, long).0;
    let n = (FIRST_LONG_LINES - 500..FIRST_LONG_LINES + 500).filter(kept);
    assert!(n.count() > 700);
}

#[test]
fn recorded_ids_are_given_again() {
    let Some(root) = shared() else { return };
    let root = root.join("tokenizers/hf-json");
    for (name, fast) in [("qwen3", true), ("llama2", false)] {
        let json = disk::read(&root.join(format!("{name}.tokenizer.json.zst"))).unwrap();
        let vocab = Vocab::from_json(&json, name.as_ref()).unwrap();
        assert_eq!(vocab.encoder.is_some(), fast, "{name}");
        let lines = disk::read(&root.join(format!("{name}.vectors.jsonl"))).unwrap();
        let mut n = 0;
        for row in serde_json::Deserializer::from_slice(&lines).into_iter::<serde_json::Value>() {
            let row = row.unwrap();
            let text = row["text"].as_str().unwrap();
            // In a text the names of special tokens are no tokens here.
            if vocab.specials().any(|(name, _)| text.contains(name)) {
                continue;
            }
            let ids: Vec<u32> = serde_json::from_value(row["ids"].clone()).unwrap();
            assert_eq!(vocab.encode(text).unwrap(), ids, "{name}: {text:?}");
            n += 1;
        }
        assert!(n > 50, "{name}: {n}");
    }
}

#[test]
fn every_corpus_file_has_the_ids_of_the_crate() {
    let Some(root) = shared() else { return };
    let json = root.join("tokenizers/hf-json/qwen3.tokenizer.json.zst");
    let vocab = Vocab::from_json(&disk::read(&json).unwrap(), &json).unwrap();
    let mut n = 0;
    for folder in std::fs::read_dir(root.join("corpus-eu")).unwrap() {
        let folder = folder.unwrap().path();
        for file in std::fs::read_dir(folder).into_iter().flatten() {
            let lines = disk::read(&file.unwrap().path()).unwrap();
            let rows = serde_json::Deserializer::from_slice(&lines).into_iter();
            for row in rows.take(2) {
                let row: serde_json::Value = row.unwrap();
                let text = row["text"].as_str().unwrap();
                let text: String = text.chars().take(20_000).collect();
                assert!(
                    vocab.encode(&text).unwrap() == vocab.encode_by_crate(&text).unwrap(),
                    "{}",
                    row["id"]
                );
                n += 1;
            }
        }
    }
    assert!(n > 80, "{n}");
}

#[test]
fn merges_that_are_not_sorted_are_left_to_the_crate() {
    let tokens: Vec<(Vec<u8>, u32)> = (0..=255).map(|b| (vec![b], u32::from(b))).collect();
    let of_byte: [u32; 256] = std::array::from_fn(|b| b as u32);
    let fast = |merges: &[[u32; 3]], more: &[&str]| {
        let more = more.iter().map(|t| t.as_bytes().to_vec()).zip(256..);
        let tokens: Vec<_> = tokens.iter().cloned().chain(more).collect();
        Bpe::new(merges, &tokens, &of_byte, false).is_some()
    };
    let [a, b] = [97, 98];
    assert!(fast(&[[a, b, 256], [256, a, 257]], &["ab", "aba"]));
    // "ab" is merged on before anything makes it.
    assert!(!fast(&[[256, a, 257], [a, b, 256]], &["ab", "aba"]));
    assert!(!fast(&[[a, b, 256], [a, b, 256]], &["ab"]));
    // "aba" has two ways; only the first is ever gone.
    assert!(fast(
        &[[a, b, 256], [b, a, 257], [256, a, 258], [a, 257, 258]],
        &["ab", "ba", "aba"]
    ));
    // One id for two tokens.
    let twice = [tokens.clone(), vec![(b"ab".to_vec(), a)]].concat();
    assert!(Bpe::new(&[], &twice, &of_byte, false).is_none());
}

proptest! {
    #[test]
    fn merging_by_hand_finds_the_same(
        merges in prop::collection::vec((0usize..12, 0usize..12), 0..12),
        word in "[abcd]{0,40}",
    ) {
        // Merges of what is there already; the ids that the definition gives.
        let mut tokens: Vec<Vec<u8>> = (0..=255).map(|b| vec![b]).collect();
        let of_byte: [u32; 256] = std::array::from_fn(|b| b as u32);
        let mut rules: Vec<[u32; 3]> = Vec::new();
        for (x, y) in merges {
            let pick = |i: usize| if i < 4 { 97 + i } else { (256 + i - 4).min(tokens.len() - 1) };
            let [x, y] = [x, y].map(pick).map(|i| if i == 255 { 97 } else { i });
            let made = [&tokens[x][..], &tokens[y][..]].concat();
            if made.len() < 30 && !tokens.contains(&made) {
                rules.push([x as u32, y as u32, tokens.len() as u32]);
                tokens.push(made);
            }
        }
        let mut by_hand: Vec<u32> = word.bytes().map(u32::from).collect();
        for [x, y, made] in &rules {
            let mut at = 0;
            while at + 1 < by_hand.len() {
                if by_hand[at..at + 2] == [*x, *y] {
                    by_hand.splice(at..at + 2, [*made]);
                }
                at += 1;
            }
        }
        let tokens: Vec<(Vec<u8>, u32)> = tokens.into_iter().zip(0..).collect();
        let bpe = Bpe::new(&rules, &tokens, &of_byte, false).unwrap();
        let mut ids = Vec::new();
        bpe.word(word.as_bytes(), &mut Work::default(), &mut ids);
        prop_assert_eq!(ids, by_hand);
    }
}

#[test]
fn shapes_that_are_not_surely_understood_are_left_to_the_crate() {
    let known = |json: serde_json::Value| Shape::of(json.to_string().as_bytes()).is_some();
    assert!(!known(serde_json::json!(null)));
    assert!(!known(
        serde_json::json!({ "model": { "type": "WordLevel", "vocab": {} } })
    ));
    assert!(!known(
        serde_json::json!({ "model": { "type": "BPE", "vocab": {}, "merges": [] } })
    ));
    assert!(Shape::of(b"{\"model\": {\"type\": \"BPE\", \"vocab\"").is_none());
    assert!(Shape::of("[".repeat(1 << 20).as_bytes()).is_none());
}
