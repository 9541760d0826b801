//! Which files are refused, what tokens stand for, and texts that cannot be encoded.

use super::*;

#[test]
fn a_vocabulary_that_would_fail_on_some_text_is_refused_when_it_is_loaded() {
    let read = |model: &str| {
        let json = format!(r#"{{"version": "1.0", "model": {model}}}"#);
        Vocab::from_json(json.as_bytes(), Path::new("t.json"))
    };
    let words = r#"{"type": "WordLevel", "vocab": {"a": 0}, "unk_token": "?"}"#;
    let error = read(words).err().unwrap().to_string();
    assert_eq!(error, "t.json: a vocabulary of another kind than BPE");
    let bpe = |unknown: &str| {
        let vocab = r#""vocab": {"a": 0, "?": 1}, "merges": []"#;
        read(&format!(
            r#"{{"type": "BPE", {vocab}, "unk_token": "{unknown}"}}"#
        ))
    };
    let error = bpe("!").err().unwrap().to_string();
    assert_eq!(
        error,
        "t.json: unk_token \"!\" is no token of the vocabulary"
    );
    assert_eq!(bpe("?").unwrap().encode("ab").unwrap(), [0, 1]);
}

#[test]
fn a_text_is_encoded_whole_or_not_at_all() {
    let json = r#"{"version": "1.0",
        "truncation": {"direction": "Right", "max_length": 2, "strategy": "LongestFirst", "stride": 0},
        "padding": {"strategy": {"Fixed": 9}, "direction": "Right", "pad_to_multiple_of": null,
            "pad_id": 0, "pad_type_id": 0, "pad_token": "a"},
        "model": {"type": "BPE", "vocab": {"a": 0, "?": 1}, "merges": [], "unk_token": "?"}}"#;
    let mut vocab = Vocab::from_json(json.as_bytes(), Path::new("t.json")).unwrap();
    assert_eq!(vocab.encode("aaaa").unwrap(), [0; 4]);
    // A rule that fails, which no vocabulary has that is loaded.
    let words = r#"{"version": "1.0", "model": {"type": "WordLevel", "vocab": {"a": 0}, "unk_token": "?"}}"#;
    vocab.tokenizer = OnceLock::from(Ok(Tokenizer::from_bytes(words).unwrap()));
    assert_eq!(vocab.encode("a").unwrap(), [0]);
    let error = vocab.encode("b").err().unwrap().to_string();
    assert!(
        error.starts_with("a text of 1 bytes cannot be encoded: "),
        "{error}"
    );
    assert!(vocab.encode_with_specials("b").is_err());
}

#[test]
fn a_file_that_is_cut_or_damaged_is_refused_and_nothing_panics() {
    for json in [
        "{\"decoder\":",
        "{\"decoder\":{\"type\":\"\\ud800",
        "",
        "{}",
    ] {
        let error = Vocab::from_json(json.as_bytes(), Path::new("t.json")).err();
        let error = error.unwrap().to_string();
        assert!(error.starts_with("t.json: not a tokenizer.json"), "{error}");
    }
}

#[test]
fn bytes_have_the_characters_gpt2_gave_them() {
    let chars = byte_chars();
    assert_eq!(chars[usize::from(b' ')], 'Ġ');
    assert_eq!(chars[usize::from(b'\n')], 'Ċ');
    assert_eq!(chars[usize::from(b'A')], 'A');
    assert_eq!(chars[0xad], 'Ń');
    let mut bytes = Vec::new();
    byte_level("Ġä", &mut bytes);
    assert_eq!(bytes, [b' ', 0xe4]);
}

proptest::proptest! {
    #[test]
    fn a_decoder_gives_whole_characters_whatever_the_cuts(text: String, cut in 1usize..4) {
        let mut decoder = Decoder::default();
        let mut read = String::new();
        for part in text.as_bytes().chunks(cut) {
            read.push_str(&decoder.push(part));
        }
        read.push_str(&decoder.finish());
        proptest::prop_assert_eq!(read, text);
    }
}

#[test]
fn a_decoder_never_stalls_on_bytes_that_are_no_text() {
    let mut decoder = Decoder::default();
    assert_eq!(decoder.push(&[0xff, b'a', 0xe2, 0x82]), "\u{fffd}a");
    assert_eq!(decoder.push(&[0xac]), "€");
    assert_eq!(decoder.push(&[0xe2]), "");
    assert_eq!(decoder.finish(), "\u{fffd}");
}
