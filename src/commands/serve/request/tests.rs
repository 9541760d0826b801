use proptest::prelude::*;

use super::*;

fn chat(body: Value) -> Result<Request> {
    let body = body.to_string();
    Request::read(Endpoint::Chat, body.as_bytes(), &Plan::default())
}

fn completion(body: Value) -> Result<Request> {
    let body = body.to_string();
    Request::read(Endpoint::Completions, body.as_bytes(), &Plan::default())
}

/// A conversation of one question, with more members.
fn asking(more: Value) -> Value {
    let mut body = json!({"messages": [{"role": "user", "content": "hi"}]});
    if let (Value::Object(body), Value::Object(more)) = (&mut body, more) {
        body.extend(more);
    }
    body
}

#[track_caller]
fn refused(request: Result<Request>, param: &str) -> String {
    let body = request.expect_err(param).body();
    assert_eq!(body["error"]["param"], param, "{body}");
    body["error"]["message"].as_str().unwrap().into()
}

#[test]
fn what_is_left_open_is_as_the_server_was_told() {
    let base = Plan {
        temperature: 0.25,
        max_tokens: 77,
        stop: vec!["###".into()],
        ..Plan::default()
    };
    let body = asking(json!({"temperature": null, "user": "u", "store": true, "metadata": {}}));
    let request = Request::read(Endpoint::Chat, body.to_string().as_bytes(), &base).unwrap();
    assert_eq!(request.plan, base);
    let parts = (request.n, request.stream, request.n_top, request.model);
    assert_eq!(parts, (1, false, None, None));
}

#[test]
fn every_setting_finds_its_place() {
    let request = chat(asking(json!({
        "model": "m", "stream": true, "stream_options": {"include_usage": true}, "n": 3,
        "logprobs": true, "top_logprobs": 5, "temperature": 0, "top_p": 0.5, "top_k": 7,
        "min_p": 0.1, "seed": -1, "stop": ["a", "b"], "presence_penalty": -0.5,
        "frequency_penalty": 1.5, "repeat_penalty": 1.1, "logit_bias": {"7": -100, "9": 2.5},
        "max_tokens": 9, "max_completion_tokens": 5,
    })))
    .unwrap();
    let plan = &request.plan;
    assert_eq!((request.n, request.n_top), (3, Some(5)));
    assert!(request.stream && request.include_usage);
    assert_eq!((plan.temperature, plan.top_p, plan.min_p), (0.0, 0.5, 0.1));
    assert_eq!((plan.top_k, plan.max_tokens), (7, 5));
    assert_eq!(plan.seed, Some(u64::MAX));
    assert_eq!(plan.stop, ["a", "b"]);
    assert_eq!((plan.presence_penalty, plan.frequency_penalty), (-0.5, 1.5));
    assert_eq!(plan.repeat_penalty, 1.1);
    assert_eq!(plan.logit_bias, ["7-100", "9+2.5"]);
}

#[test]
fn a_message_is_text_or_parts_that_are_text() {
    let request = chat(json!({"messages": [
        {"role": "developer", "content": "be kind"},
        {"role": "user", "name": "x", "content": [
            {"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
        {"role": "assistant", "content": null, "tool_calls": []},
    ]}))
    .unwrap();
    let Input::Messages(messages, _) = request.input else {
        panic!("{:?}", request.input);
    };
    let expected = [("system", "be kind"), ("user", "ab"), ("assistant", "")];
    assert_eq!(
        messages,
        expected.map(|(role, text)| Message::new(role, text))
    );
    for (message, param) in [
        (json!("hi"), "messages[0]"),
        (json!({"content": "x"}), "messages[0].role"),
        (json!({"role": "tool", "content": "x"}), "messages[0].role"),
        (json!({"role": "user"}), "messages[0].content"),
        (json!({"role": "user", "content": 1}), "messages[0].content"),
        (
            json!({"role": "user", "content": [{"type": "text", "text": "a"},
                {"type": "image_url", "image_url": {"url": "x"}}]}),
            "messages[0].content[1]",
        ),
        (
            json!({"role": "assistant", "tool_calls": [{"id": "1"}]}),
            "messages[0].tool_calls",
        ),
    ] {
        refused(chat(json!({"messages": [message]})), param);
    }
    refused(chat(json!({})), "messages");
}

#[test]
fn a_prompt_has_four_forms() {
    for (prompt, input) in [
        (json!("a"), Input::Texts(vec!["a".into()])),
        (
            json!(["a", "b"]),
            Input::Texts(vec!["a".into(), "b".into()]),
        ),
        (json!([1, 2]), Input::Tokens(vec![vec![1, 2]])),
        (
            json!([[1], [2, 3]]),
            Input::Tokens(vec![vec![1], vec![2, 3]]),
        ),
    ] {
        assert_eq!(completion(json!({"prompt": prompt})).unwrap().input, input);
    }
    for prompt in [
        json!(null),
        json!([]),
        json!(7),
        json!([1, "a"]),
        json!(["a", 1]),
        json!([-1]),
        json!([[1], 2]),
        json!([{}]),
        json!([4_294_967_296_u64]),
    ] {
        refused(completion(json!({"prompt": prompt})), "prompt");
    }
    let top = completion(json!({"prompt": "a", "logprobs": 3}))
        .unwrap()
        .n_top;
    assert_eq!(top, Some(3));
}

#[test]
fn what_cannot_be_heeded_is_refused_and_what_is_harmless_is_not() {
    for (more, param) in [
        (json!({"tools": [{"type": "function"}]}), "tools"),
        (json!({"functions": [{}]}), "functions"),
        (json!({"tool_choice": {"type": "function"}}), "tool_choice"),
        (json!({"audio": {"voice": "x"}}), "audio"),
        (json!({"modalities": ["text", "audio"]}), "modalities"),
        (json!({"n": 0}), "n"),
        (json!({"n": 1000}), "n"),
        (json!({"best_of": 2}), "best_of"),
        (json!({"temperature": -1}), "temperature"),
        (json!({"temperature": "hot"}), "temperature"),
        (json!({"top_p": 2}), "top_p"),
        (json!({"max_tokens": 0}), "max_tokens"),
        (json!({"seed": 1.5}), "seed"),
        (json!({"stop": [1]}), "stop"),
        (json!({"logit_bias": {"x": 1}}), "logit_bias.x"),
        (json!({"logit_bias": {"7": 1000}}), "logit_bias.7"),
        (json!({"top_logprobs": 2}), "top_logprobs"),
        (
            json!({"logprobs": true, "top_logprobs": 21}),
            "top_logprobs",
        ),
        (json!({"stream_options": true}), "stream_options"),
        (
            json!({"response_format": {"type": "xml"}}),
            "response_format.type",
        ),
        (
            json!({"response_format": {"type": "json_schema", "json_schema": {"schema": "/etc/passwd"}}}),
            "response_format.json_schema.schema",
        ),
        (
            json!({"grammar": "root ::= \"a\"", "response_format": {"type": "json_object"}}),
            "grammar",
        ),
    ] {
        let message = refused(chat(asking(more)), param);
        assert!(message.starts_with(param), "{message}");
    }
    refused(completion(json!({"prompt": "a", "echo": true})), "echo");
    refused(completion(json!({"prompt": "a", "suffix": "b"})), "suffix");
    for more in [
        json!({"tools": [], "tool_choice": "none", "modalities": ["text"]}),
        json!({"echo": false, "suffix": "", "best_of": 1, "parallel_tool_calls": true}),
        json!({"response_format": {"type": "text"}}),
    ] {
        assert_eq!(chat(asking(more)).unwrap().plan, Plan::default());
    }
}

#[test]
fn the_form_of_a_request_takes_the_place_of_the_plan_s_and_names_no_file() {
    let base = Plan {
        grammar_file: Some("form.gbnf".into()),
        ..Plan::default()
    };
    let schema = json!({"type": "object", "properties": {"a": {"type": "integer"}}});
    let wrapped = json!({"name": "x", "strict": true, "schema": schema});
    let format = json!({"type": "json_schema", "json_schema": wrapped});
    let body = asking(json!({"response_format": format})).to_string();
    let plan = Request::read(Endpoint::Chat, body.as_bytes(), &base)
        .unwrap()
        .plan;
    assert_eq!((plan.grammar, plan.grammar_file), (None, None));
    assert_eq!(plan.json_schema, Some(schema.to_string()));
    let any = asking(json!({"response_format": {"type": "json_object"}}));
    let plan = chat(any).unwrap().plan;
    assert!(plan.json_schema.unwrap().starts_with('{'));
}

#[test]
fn bytes_that_are_no_request_are_told_so() {
    for body in ["", "{", "[]", "1", "\u{0}", "{\"messages\":", "nul"] {
        let read = Request::read(Endpoint::Chat, body.as_bytes(), &Plan::default());
        assert_eq!(read.expect_err(body).status.as_u16(), 400, "{body}");
    }
    let deep = "[".repeat(100_000);
    let read = Request::read(Endpoint::Chat, deep.as_bytes(), &Plan::default());
    assert!(read.is_err());
}

/// Any JSON, with names and texts that requests have.
fn any_json() -> impl Strategy<Value = Value> {
    let words = [
        "messages",
        "role",
        "user",
        "content",
        "type",
        "text",
        "prompt",
        "stop",
        "seed",
        "n",
        "logit_bias",
        "7",
        "response_format",
        "json_schema",
        "schema",
        "object",
        "tools",
        "stream_options",
        "max_tokens",
        "logprobs",
        "modalities",
        "temperature",
    ];
    let word = proptest::sample::select(words.to_vec()).prop_map(String::from);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        word.clone().prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 64, 6, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            proptest::collection::hash_map(word.clone(), inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_json_is_a_request_or_refused_with_a_reason(value in any_json()) {
        for endpoint in [Endpoint::Chat, Endpoint::Completions] {
            let body = value.to_string();
            if let Err(refusal) = Request::read(endpoint, body.as_bytes(), &Plan::default()) {
                let status = refusal.status.as_u16();
                prop_assert_eq!(status, 400);
            }
        }
    }
}
