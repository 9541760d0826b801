use std::path::Path;

use super::*;

pub(in super::super) fn shape(endpoint: Endpoint, n_top: Option<usize>) -> Shape {
    Shape {
        endpoint,
        id: "x-1".into(),
        created: 7,
        model: "m".into(),
        n_top,
        include_usage: false,
        n: 1,
    }
}

/// Two words, the first byte of `€`, and a special token.
pub(in super::super) fn vocab() -> Vocab {
    let json = r#"{"version": "1.0",
        "added_tokens": [{"id": 3, "content": "<e>", "special": true, "single_word": false,
            "lstrip": false, "rstrip": false, "normalized": false}],
        "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true,
            "use_regex": true},
        "decoder": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true,
            "use_regex": true},
        "model": {"type": "BPE", "vocab": {"a": 0, "Ġ": 1, "â": 2, "<e>": 3}, "merges": []}}"#;
    Vocab::from_json(json.as_bytes(), Path::new("t.json")).unwrap()
}

pub(in super::super) fn answer(n_tokens: usize, reason: &'static str) -> Answer {
    Answer {
        text: String::new(),
        tokens: vec![1; n_tokens],
        reason,
        n_prompt: 10,
        n_reused: 4,
        n_guessed: 0,
        n_right: 0,
        prefill_ms: 20,
        decode_ms: 30,
    }
}

fn piece(text: &str, id: u32, logprob: f32, top: &[(u32, f32)]) -> Piece {
    let top = top.to_vec();
    Piece {
        text: text.into(),
        token: Some(Token { id, logprob, top }),
    }
}

/// An answer in which a character comes in two tokens.
fn said(reason: &'static str) -> Choice {
    let mut choice = Choice::default();
    let top = [(0, -0.5), (2, f32::NEG_INFINITY)];
    choice.take(piece("ä", 0, -0.5, &top), true);
    choice.take(piece("", 2, -1.5, &top), true);
    choice.take(piece("!", 3, f32::NAN, &top), true);
    let held = Piece {
        text: "?".into(),
        token: None,
    };
    choice.take(held, true);
    choice.end(answer(3, reason));
    choice
}

#[test]
fn an_answer_has_the_members_that_clients_know() {
    let whole = shape(Endpoint::Chat, None).whole(&[said("eos")], &vocab());
    let keys: Vec<&String> = whole.as_object().unwrap().keys().collect();
    assert_eq!(
        keys,
        [
            "id", "object", "created", "model", "choices", "usage", "timings"
        ]
    );
    assert_eq!(whole["object"], "chat.completion");
    assert_eq!(
        whole["choices"][0].to_string(),
        r#"{"index":0,"message":{"role":"assistant","content":"ä!?","refusal":null},"logprobs":null,"finish_reason":"stop"}"#
    );
    assert_eq!(
        whole["usage"].to_string(),
        r#"{"prompt_tokens":10,"completion_tokens":3,"total_tokens":13,"prompt_tokens_details":{"cached_tokens":4}}"#
    );
    assert_eq!(whole["timings"]["predicted_per_second"], 100.0);
    let whole = shape(Endpoint::Completions, None).whole(&[said("length")], &vocab());
    assert_eq!(
        whole["choices"][0].to_string(),
        r#"{"index":0,"text":"ä!?","logprobs":null,"finish_reason":"length"}"#
    );
}

#[test]
fn every_token_is_told_once_with_its_bytes() {
    let whole = shape(Endpoint::Chat, Some(1)).whole(&[said("stop")], &vocab());
    let content = whole["choices"][0]["logprobs"]["content"]
        .as_array()
        .unwrap();
    assert_eq!(content.len(), 3);
    assert_eq!(
        content[1].to_string(),
        r#"{"token":"�","logprob":-1.5,"bytes":[226],"top_logprobs":[{"token":"a","logprob":-0.5,"bytes":[97]}]}"#
    );
    assert_eq!(content[2]["token"], "<e>");
    assert_eq!(content[2]["logprob"], UNLIKELY);

    let whole = shape(Endpoint::Completions, Some(2)).whole(&[said("stop")], &vocab());
    assert_eq!(
        whole["choices"][0]["logprobs"].to_string(),
        "{\"tokens\":[\"a\",\"bytes:\\\\xe2\",\"<e>\"],\"token_logprobs\":[-0.5,-1.5,-9999.0],\
         \"top_logprobs\":[{\"a\":-0.5,\"bytes:\\\\xe2\":-9999.0},\
         {\"a\":-0.5,\"bytes:\\\\xe2\":-9999.0},{\"a\":-0.5,\"bytes:\\\\xe2\":-9999.0}],\
         \"text_offset\":[0,1,1]}"
    );
}

#[test]
fn chunks_together_say_what_the_whole_says() {
    let mut shape = shape(Endpoint::Chat, None);
    shape.include_usage = true;
    let opening = shape.opening(1).unwrap();
    assert_eq!(
        opening["choices"][0].to_string(),
        r#"{"index":1,"delta":{"role":"assistant","content":""},"logprobs":null,"finish_reason":null}"#
    );
    assert_eq!(opening["usage"], Value::Null);
    let vocab = vocab();
    let silent = piece("", 2, -1.0, &[(2, -1.0)]);
    assert_eq!(shape.piece(0, &silent, 0, &vocab), None);
    let word = shape.piece(0, &piece("a", 0, -1.0, &[]), 0, &vocab);
    assert_eq!(
        word.unwrap()["choices"][0]["delta"].to_string(),
        r#"{"content":"a"}"#
    );
    let end = shape.ending(0, &answer(3, "length"));
    assert_eq!(end["choices"][0]["finish_reason"], "length");
    assert_eq!(end["timings"]["predicted_n"], 3);
    let sums = shape.sums(&[Some(&answer(3, "eos"))]).unwrap();
    assert_eq!(sums["choices"], json!([]));
    assert_eq!(sums["usage"]["total_tokens"], 13);
    shape.include_usage = false;
    assert_eq!(shape.sums(&[]), None);

    shape.n_top = Some(0);
    let told = shape.piece(0, &silent, 0, &vocab).unwrap();
    assert_eq!(
        told["choices"][0]["logprobs"]["content"][0]["bytes"],
        json!([226])
    );
}

#[test]
fn a_prompt_with_several_answers_counts_once() {
    let mut shape = shape(Endpoint::Completions, None);
    shape.n = 2;
    let choices = vec![said("eos"); 4];
    let whole = shape.whole(&choices, &vocab());
    assert_eq!(whole["usage"]["prompt_tokens"], 20);
    assert_eq!(whole["usage"]["completion_tokens"], 12);
}
