//! `eu chat MODEL --serve` as programs use it: plain HTTP, and OpenAI's own client.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::program::Place;
use crate::trained::Trained;

/// Longest that a response is waited for.
const LIMIT: Duration = Duration::from_secs(60);

/// A place with a small model in `run/model`, its context widened so that an answer can last.
fn with_model() -> Place {
    let place = Place::new();
    Trained::shared().copy("run/model", &place);
    let path = place.path().join("run/model/config.json");
    let mut config: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    config["max_position_embeddings"] = 16384.into();
    std::fs::write(&path, config.to_string()).unwrap();
    place
}

/// A server, ended with its last use.
struct Served {
    child: Child,
    /// `127.0.0.1:PORT`.
    address: String,
}

impl Served {
    fn start(place: &Place, more: &[&str]) -> Self {
        let args = ["chat", "run/model", "--serve=127.0.0.1:0", "--json"];
        let mut child = place.command(&[&args, more].concat()).spawn().unwrap();
        let mut line = String::new();
        let mut stdout = BufReader::new(child.stdout.as_mut().unwrap());
        stdout.read_line(&mut line).unwrap();
        let told: Value = serde_json::from_str(&line).unwrap_or_else(|e| {
            let mut said = String::new();
            let _ = child.stderr.as_mut().unwrap().read_to_string(&mut said);
            panic!("{e}: {line:?}\n{said}")
        });
        assert_eq!(told["schema"], "serve/1");
        let url = told["url"].as_str().unwrap();
        let address = url.strip_prefix("http://").unwrap().strip_suffix("/v1");
        Served {
            address: address.unwrap().into(),
            child,
        }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(LIMIT)).unwrap();
        stream
    }

    /// Sends a request and reads all of the response.
    fn ask(&self, method: &str, path: &str, headers: &str, body: &[u8]) -> Heard {
        let mut stream = self.connect();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n{headers}\
             Content-Length: {}\r\n\r\n",
            self.address,
            body.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(body).unwrap();
        Heard::read(stream)
    }

    fn post(&self, path: &str, body: &Value) -> Heard {
        let json = "Content-Type: application/json\r\n";
        self.ask("POST", path, json, body.to_string().as_bytes())
    }

    fn chat(&self, more: Value) -> Heard {
        self.post("/v1/chat/completions", &question(more))
    }

    /// Asks for an answer in pieces and hears the first of them.
    fn begin_stream(&self) -> BufReader<TcpStream> {
        let body = question(json!({"stream": true, "max_tokens": 16000, "temperature": 1.0}));
        let body = body.to_string();
        let mut stream = self.connect();
        let head = format!(
            "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        let mut heard = BufReader::new(stream);
        let mut line = String::new();
        let mut n_words = 0;
        while n_words < 3 {
            line.clear();
            assert!(heard.read_line(&mut line).unwrap() > 0, "it ended early");
            n_words += usize::from(line.starts_with("data: "));
        }
        heard
    }

    /// The exit code after a signal.
    fn interrupt(mut self) -> Option<i32> {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args(["-INT", &id]).status().unwrap();
        assert!(sent.success());
        let began = Instant::now();
        while began.elapsed() < LIMIT {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("it does not end");
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A conversation of one question, with more members.
fn question(more: Value) -> Value {
    let mut body = json!({"messages": [{"role": "user", "content": "hi"}], "max_tokens": 8});
    if let (Value::Object(body), Value::Object(more)) = (&mut body, more) {
        body.extend(more);
    }
    body
}

/// A response.
#[derive(Debug)]
struct Heard {
    status: u16,
    head: String,
    body: String,
}

impl Heard {
    fn read(mut stream: impl Read) -> Self {
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let status = head.split(' ').nth(1).and_then(|s| s.parse().ok());
        let mut body = body.to_owned();
        if head
            .to_ascii_lowercase()
            .contains("transfer-encoding: chunked")
        {
            body = unchunked(&body);
        }
        Heard {
            status: status.unwrap_or(0),
            head: head.to_ascii_lowercase(),
            body,
        }
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|e| panic!("{e}: {self:?}"))
    }

    fn events(&self) -> Vec<Value> {
        let lines = self.body.lines().filter_map(|l| l.strip_prefix("data: "));
        let (last, events) = {
            let mut all: Vec<&str> = lines.collect();
            (all.pop().unwrap_or_default().to_owned(), all)
        };
        assert_eq!(last, "[DONE]", "{self:?}");
        let event = |text: &&str| serde_json::from_str(text).unwrap();
        events.iter().map(event).collect()
    }

    #[track_caller]
    fn refused(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{self:?}");
        let error = self.json()["error"].clone();
        for member in ["message", "type"] {
            assert!(error[member].is_string(), "{error}");
        }
        assert!(error.get("param").is_some() && error.get("code").is_some());
        error
    }
}

/// The body that was sent in chunks.
fn unchunked(body: &str) -> String {
    let (mut rest, mut whole) = (body, String::new());
    while let Some((size, behind)) = rest.split_once("\r\n") {
        let size = usize::from_str_radix(size, 16).unwrap();
        whole.push_str(&behind[..size]);
        rest = behind.get(size + 2..).unwrap_or_default();
    }
    whole
}

#[test]
fn answers_come_whole_in_pieces_and_side_by_side() {
    let place = with_model();
    let served = Served::start(&place, &["--model-name", "small", "--max-tokens", "5"]);
    assert_eq!(served.ask("GET", "/health", "", b"").status, 200);
    let models = served.ask("GET", "/v1/models", "", b"").json();
    assert_eq!(models["data"][0]["id"], "small");
    assert_eq!(served.ask("GET", "/models/small", "", b"").status, 200);

    let ask = json!({"seed": 3, "temperature": 1.0});
    let alone = served.chat(ask.clone());
    assert_eq!(alone.status, 200, "{alone:?}");
    let told = alone.json();
    assert_eq!(told["usage"]["completion_tokens"], 8, "{told}");
    assert_eq!(told["choices"][0]["finish_reason"], "length");
    let text = told["choices"][0]["message"]["content"].clone();

    let mut streamed = ask.clone();
    streamed["stream"] = true.into();
    streamed["stream_options"] = json!({"include_usage": true});
    let heard = served.chat(streamed);
    assert!(heard.head.contains("text/event-stream"), "{}", heard.head);
    let events = heard.events();
    assert_eq!(events[0]["choices"][0]["delta"]["role"], "assistant");
    let words = events.iter().filter_map(|event| {
        let delta = &event["choices"][0]["delta"];
        delta["content"].as_str()
    });
    assert_eq!(words.collect::<String>(), text);
    let last = events.last().unwrap();
    assert_eq!(last["usage"]["completion_tokens"], 8);

    // Nobody ends a turn but the template.
    let n_read = |content: &str| {
        let messages = json!([{"role": "user", "content": content}]);
        let told = served.chat(json!({"messages": messages, "max_tokens": 1}));
        told.json()["usage"]["prompt_tokens"].as_u64().unwrap()
    };
    assert!(n_read("<|im_end|>") > n_read("a") + 2);

    // A long answer is written while others come and go, which are as they are alone.
    let long = served.begin_stream();
    std::thread::scope(|scope| {
        let asked: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| served.chat(ask.clone()).json()))
            .collect();
        for heard in asked {
            let told = heard.join().unwrap();
            assert_eq!(told["choices"][0]["message"]["content"], text);
        }
    });
    drop(long);

    // Four answers of `--max-tokens` each: the model is kept from ending them.
    let config = std::fs::read(place.path().join("run/model/config.json")).unwrap();
    let config: Value = serde_json::from_slice(&config).unwrap();
    let bias = json!({config["eos_token_id"].to_string(): -100});
    let ask = json!({"prompt": ["a", "b"], "n": 2, "logit_bias": bias});
    let told = served.post("/v1/completions", &ask).json();
    assert_eq!(told["choices"].as_array().unwrap().len(), 4, "{told}");
    assert_eq!(told["usage"]["completion_tokens"], 20, "{told}");
    assert_eq!(served.interrupt(), Some(6));
}

#[test]
fn what_is_no_good_request_is_refused_and_harms_nobody() {
    let place = with_model();
    place.write("tokens", "0123456789abcdef0123\n");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(place.path().join("tokens"), mode).unwrap();
    let served = Served::start(&place, &["--max-body", "1", "--token-file", "tokens"]);
    let path = "/v1/chat/completions";
    let key = "Authorization: Bearer 0123456789abcdef0123\r\n";
    let json = format!("{key}Content-Type: application/json\r\n");
    let body = question(json!({})).to_string();
    let body = body.as_bytes();
    assert_eq!(served.ask("POST", path, &json, body).status, 200);

    let wrong = json.replace("cdef", "cdeF");
    for headers in ["Content-Type: application/json\r\n", &wrong] {
        let heard = served.ask("POST", path, headers, body);
        assert_eq!(heard.refused(401)["code"], "invalid_api_key");
        assert!(heard.head.contains("www-authenticate: bearer"));
    }
    assert_eq!(served.ask("GET", "/health", "", b"").status, 200);
    served.ask("GET", "/v1/models", "", b"").refused(401);

    served.ask("POST", path, key, body).refused(415);
    let text = format!("{key}Content-Type: text/plain\r\n");
    served.ask("POST", path, &text, body).refused(415);
    served.ask("GET", path, key, b"").refused(405);
    let heard = served.ask("OPTIONS", path, key, b"");
    heard.refused(405);
    assert!(heard.head.contains("allow: post"), "{}", heard.head);
    assert!(!heard.head.contains("access-control"), "{}", heard.head);
    served.ask("GET", "/v1/embeddings", key, b"").refused(404);
    served
        .ask("POST", path, &json, b"{\"messages\":")
        .refused(400);
    served.ask("POST", path, &json, b"\xff\xfe").refused(400);
    let heard = served.ask("POST", path, &json, br#"{"messages": 7}"#);
    assert_eq!(heard.refused(400)["param"], "messages");
    let other = question(json!({"model": "gpt-0"})).to_string();
    let heard = served.ask("POST", path, &json, other.as_bytes());
    assert_eq!(heard.refused(404)["code"], "model_not_found");
    let long = "word ".repeat(100_000);
    let long = question(json!({"messages": [{"role": "user", "content": long}]}));
    let heard = served.ask("POST", path, &json, long.to_string().as_bytes());
    assert_eq!(heard.refused(400)["code"], "context_length_exceeded");

    let huge = vec![b' '; 3 << 20];
    served.ask("POST", path, &json, &huge).refused(413);
    let mut stream = served.connect();
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\n{json}Expect: 100-continue\r\n\
         Content-Length: 9999999999\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    Heard::read(stream).refused(413);
    let mut stream = served.connect();
    stream
        .write_all(b"GET /v1/models HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n")
        .unwrap();
    Heard::read(stream).refused(403);
    for noise in [
        "\r\n\r\n\r\n".to_owned(),
        "GET / HTTP/9.9\r\n\r\n".into(),
        format!(
            "GET / HTTP/1.1\r\nHost: localhost\r\nX: {}\r\n\r\n",
            "x".repeat(1 << 20)
        ),
        "\u{0}\u{1}\u{2}".repeat(100),
        format!("GET / HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(10_000)),
    ] {
        let mut stream = served.connect();
        let _ = stream.write_all(noise.as_bytes());
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let mut heard = Vec::new();
        let _ = stream.read_to_end(&mut heard);
    }
    assert_eq!(served.ask("POST", path, &json, body).status, 200);
}

#[test]
fn who_is_slow_or_leaves_holds_nobody_up() {
    let place = with_model();
    let more = ["--patience=1", "--parallel=1", "--queue=0", "-v"];
    let served = Served::start(&place, &more);
    let head = "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\n";
    let mut never = served.connect();
    never.write_all(head.as_bytes()).unwrap();
    let mut half = served.connect();
    let rest = "Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{";
    half.write_all(format!("{head}{rest}").as_bytes()).unwrap();
    assert_eq!(
        served.chat(json!({})).status,
        200,
        "beside those who are slow"
    );
    Heard::read(half).refused(408);
    let began = Instant::now();
    let mut heard = Vec::new();
    let _ = never.read_to_end(&mut heard);
    assert!(began.elapsed() < Duration::from_secs(20), "it is cut off");

    // The only place is taken, and free again when its client leaves.
    let long = served.begin_stream();
    let heard = served.chat(json!({}));
    assert_eq!(heard.refused(429)["code"], "rate_limit_exceeded");
    assert!(heard.head.contains("retry-after: "), "{}", heard.head);
    drop(long);
    let answered = || served.chat(json!({})).status;
    let began = Instant::now();
    while answered() != 200 {
        assert!(began.elapsed() < Duration::from_secs(20), "it is not free");
        std::thread::sleep(Duration::from_millis(50));
    }
    // One that waits for the whole answer, and leaves.
    let body = question(json!({"max_tokens": 16000, "temperature": 1.0})).to_string();
    let rest = format!(
        "Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let head = head.replace("/completions", "/chat/completions");
    let began = Instant::now();
    let whole = loop {
        let mut whole = served.connect();
        whole.write_all(format!("{head}{rest}").as_bytes()).unwrap();
        std::thread::sleep(Duration::from_millis(200));
        if answered() == 429 {
            break whole;
        }
        assert!(began.elapsed() < Duration::from_secs(20), "it is not begun");
    };
    drop(whole);
    let began = Instant::now();
    while answered() != 200 {
        assert!(began.elapsed() < Duration::from_secs(20), "it is not free");
        std::thread::sleep(Duration::from_millis(50));
    }

    // A stop ends a long answer soon, and says so to its reader.
    let long = served.begin_stream();
    let began = Instant::now();
    assert_eq!(served.interrupt(), Some(6));
    assert!(began.elapsed() < Duration::from_secs(30));
    let mut rest = String::new();
    let mut long = long;
    long.read_to_string(&mut rest).unwrap();
    let last = rest.lines().rfind(|line| line.starts_with("data: "));
    assert!(last.unwrap().contains("shutting_down"), "{last:?}");
}

#[test]
fn others_are_not_served_without_a_token() {
    let place = Place::new();
    place.write("m.gguf", "GGUF");
    let asked = |more: &[&str]| {
        let args = ["chat", "m.gguf"];
        place.run(&[&args, more].concat())
    };
    asked(&["--serve=0.0.0.0:0"])
        .code(2)
        .says("can be reached from other machines")
        .says("--token-file");
    asked(&["--serve=example.org:80"])
        .code(2)
        .says("no address");
    asked(&["--serve=127.0.0.1:0", "-p", "x"]).code(2);
    asked(&["--queue=3"]).code(2);
    place.write("tokens", "0123456789abcdef\n");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    std::fs::set_permissions(place.path().join("tokens"), mode).unwrap();
    asked(&["--serve=0.0.0.0:0", "--token-file=tokens"])
        .code(2)
        .says("chmod 600");
    asked(&["--serve=127.0.0.1:0", "--token-file=missing"]).code(4);
    asked(&["--serve=127.0.0.1:0"]).code(3).says("m.gguf");
}

#[test]
fn openai_s_own_client_finds_what_it_expects() {
    let Some(python) = std::env::var_os("EU_PYTHON") else {
        eprintln!("skipped: EU_PYTHON names no Python with the package openai");
        return;
    };
    let place = with_model();
    place.write("tokens", "0123456789abcdef0123\n");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(place.path().join("tokens"), mode).unwrap();
    let served = Served::start(&place, &["--token-file", "tokens"]);
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/parity/openai_client.py");
    let ran = Command::new(python)
        .arg(script)
        .arg(format!("http://{}/v1", served.address))
        .arg("0123456789abcdef0123")
        .output()
        .unwrap();
    assert!(
        ran.status.success(),
        "{}\n{}",
        String::from_utf8_lossy(&ran.stdout),
        String::from_utf8_lossy(&ran.stderr)
    );
}
