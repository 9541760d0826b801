//! Requests to responses: who may ask, what for, and in which form.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

use hyper::body::{Body, Bytes, Incoming};
use hyper::header::{self, HeaderValue};
use hyper::{HeaderMap, Method, Request, Response, StatusCode};
use serde_json::{Value, json};
use tokio::sync::{Semaphore, mpsc, watch};

use super::super::out::Out;
use super::http::Reply;
use super::intake::{Admitted, Intake};
use super::refusal::{Refusal, Result};
use super::reply::{Choice, Said};
use super::request::Endpoint;
use super::sse::{Chunks, Events};
use super::token::Tokens;
use super::work::{Call, Caller};

/// Pieces of an answer that wait for a slow reader, for each answer of a request; more end it.
const MAX_UNREAD: usize = 1024;
/// Bytes of bodies that are held at a time, in KiB.
const MAX_HELD: usize = 64 << 10;
/// Bytes of a body that is too large are thrown away up to this many times the limit, since
/// clients read no response before they have sent all.
const THROWN: u64 = 16;

/// What all connections share.
pub(super) struct Server {
    intake: Arc<Intake>,
    calls: Sender<Call>,
    tokens: Option<Tokens>,
    /// Only names of this machine are answered to.
    is_loopback: bool,
    max_body: u64,
    /// Longest that a request may take to come, and a reader to take nothing.
    pub(super) patience: Duration,
    held: Semaphore,
    closing: watch::Receiver<bool>,
    out: Arc<Out>,
}

/// What a path is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place<'a> {
    Health,
    Models,
    Model(&'a str),
    Ask(Endpoint),
}

impl<'a> Place<'a> {
    /// The place of a path, with `/v1` or without.
    fn of(path: &'a str) -> Option<Self> {
        let within = path
            .strip_prefix("/v1")
            .filter(|rest| rest.starts_with('/'));
        Some(match within.unwrap_or(path) {
            "/health" => Place::Health,
            "/models" => Place::Models,
            "/chat/completions" => Place::Ask(Endpoint::Chat),
            "/completions" => Place::Ask(Endpoint::Completions),
            other => Place::Model(other.strip_prefix("/models/")?),
        })
    }

    fn method(self) -> Method {
        match self {
            Place::Ask(_) => Method::POST,
            _ => Method::GET,
        }
    }
}

impl Server {
    /// With the limits of `args`.
    pub(super) fn new(
        intake: Arc<Intake>,
        calls: Sender<Call>,
        (tokens, is_loopback): (Option<Tokens>, bool),
        (max_body, patience): (u64, Duration),
        closing: watch::Receiver<bool>,
        out: Arc<Out>,
    ) -> Self {
        let held = MAX_HELD.max(kib(max_body) as usize);
        Server {
            intake,
            calls,
            tokens,
            is_loopback,
            max_body,
            patience,
            held: Semaphore::new(held),
            closing,
            out,
        }
    }

    /// Refuses who may not ask, before anything is done for them.
    fn check_caller(&self, headers: &HeaderMap, place: Option<Place<'_>>) -> Result<()> {
        if self.is_loopback && !headers.get(header::HOST).is_none_or(is_here) {
            // A page of another site whose name was made to lead here would name that site.
            let what = "this server answers to localhost only, the request names another host";
            return Err(Refusal::new(StatusCode::FORBIDDEN, what).code("wrong_host"));
        }
        let Some(tokens) = self
            .tokens
            .as_ref()
            .filter(|_| place != Some(Place::Health))
        else {
            return Ok(());
        };
        let given = headers.get(header::AUTHORIZATION);
        if tokens.admits(given.map(HeaderValue::as_bytes)) {
            return Ok(());
        }
        let what = match given {
            None => "a token is needed: send it as `Authorization: Bearer TOKEN`",
            Some(_) => "the token is not known here",
        };
        Err(Refusal::new(StatusCode::UNAUTHORIZED, what).code("invalid_api_key"))
    }

    /// The body of a request, whole.
    async fn read(&self, request: Request<Incoming>) -> Result<Vec<u8>> {
        let (head, mut body) = request.into_parts();
        let told = body.size_hint();
        let is_told_larger = told.lower() > self.max_body;
        if is_told_larger && head.headers.contains_key(header::EXPECT) {
            return Err(self.too_large()); // such a client has not sent it yet
        }
        let most = told.upper().unwrap_or(self.max_body).min(self.max_body);
        let room = self.held.acquire_many(kib(most));
        let _room = room.await.map_err(|_| Refusal::closing())?;
        let (mut bytes, mut n) = (Vec::new(), 0);
        loop {
            let frame = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await;
            let data = match frame {
                None => break,
                Some(Ok(frame)) => frame.into_data().unwrap_or_default(),
                Some(Err(_)) => return Err(Refusal::bad("the body broke off")),
            };
            n += data.len() as u64;
            if n > self.max_body {
                bytes = Vec::new();
            } else {
                bytes.extend_from_slice(&data);
            }
            if n > THROWN * self.max_body {
                break;
            }
        }
        match n > self.max_body {
            true => Err(self.too_large()),
            false => Ok(bytes),
        }
    }

    fn too_large(&self) -> Refusal {
        let most = self.max_body;
        let what = format!("the body is larger than {most} bytes, the most that is read");
        Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, what)
    }

    fn is_closing(&self) -> bool {
        *self.closing.borrow()
    }
}

fn kib(bytes: u64) -> u32 {
    u32::try_from(bytes.div_ceil(1024)).unwrap_or(u32::MAX)
}

/// Whether a header `Host` names this machine, with a port or without.
fn is_here(host: &HeaderValue) -> bool {
    let Ok(host) = host.to_str() else {
        return false;
    };
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    };
    let address = name.trim_start_matches('[').trim_end_matches(']');
    let is_loopback = |a: std::net::IpAddr| a.is_loopback();
    name.eq_ignore_ascii_case("localhost") || address.parse().is_ok_and(is_loopback)
}

/// Answers a request.
pub(super) async fn answer(server: &Arc<Server>, request: Request<Incoming>) -> Response<Reply> {
    let began = Instant::now();
    let line = format!("{} {}", request.method(), request.uri().path());
    let answered = respond(server, request).await;
    let response = answered.unwrap_or_else(|refusal| refused(&refusal));
    let (status, ms) = (response.status().as_u16(), began.elapsed().as_millis());
    server
        .out
        .detail(&format!("{line}: {status} after {ms} ms"));
    response
}

async fn respond(server: &Arc<Server>, request: Request<Incoming>) -> Result<Response<Reply>> {
    let path = request.uri().path().to_owned();
    let place = Place::of(&path);
    server.check_caller(request.headers(), place)?;
    let Some(place) = place else {
        let what = "nothing is here: ask /v1/chat/completions, /v1/completions or /v1/models";
        return Err(Refusal::new(StatusCode::NOT_FOUND, what).code("unknown_url"));
    };
    if request.method() != place.method() {
        let method = place.method();
        let what = format!("this path is asked with {method}");
        let mut response = refused(&Refusal::new(StatusCode::METHOD_NOT_ALLOWED, what));
        let allowed = HeaderValue::from_str(method.as_str());
        response
            .headers_mut()
            .extend(allowed.ok().map(|m| (header::ALLOW, m)));
        return Ok(response);
    }
    if server.is_closing() {
        return Err(Refusal::closing());
    }
    match place {
        Place::Health => Ok(whole(StatusCode::OK, &json!({"status": "ok"}))),
        Place::Models => {
            let list = json!({"object": "list", "data": [server.intake.model()]});
            Ok(whole(StatusCode::OK, &list))
        }
        Place::Model(name) => {
            server.intake.named(&decoded(name))?;
            Ok(whole(StatusCode::OK, &server.intake.model()))
        }
        Place::Ask(endpoint) => {
            check_form(request.headers())?;
            let body = tokio::time::timeout(server.patience, server.read(request)).await;
            let body = body.map_err(|_| {
                let what = "the request took too long to come";
                Refusal::new(StatusCode::REQUEST_TIMEOUT, what)
            })??;
            let intake = server.intake.clone();
            // Long texts take a while to read: not on the thread of all connections.
            let admitted = tokio::task::spawn_blocking(move || intake.admit(endpoint, &body)).await;
            let admitted = admitted.map_err(|_| Refusal::failed("internal error"))??;
            ask(server, admitted).await
        }
    }
}

/// Only JSON is read, and it has to say so: pages of other sites can send anything else here
/// without the browser asking first.
fn check_form(headers: &HeaderMap) -> Result<()> {
    let given = headers.get(header::CONTENT_TYPE);
    let given = given
        .and_then(|kind| kind.to_str().ok())
        .unwrap_or_default();
    let kind = given.split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/json") {
        let what = "send JSON, with `Content-Type: application/json`";
        return Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, what));
    }
    match headers.get(header::CONTENT_ENCODING) {
        Some(encoding) if !encoding.as_bytes().eq_ignore_ascii_case(b"identity") => {
            let what = "send the body as it is, without Content-Encoding";
            Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, what))
        }
        _ => Ok(()),
    }
}

/// A path with `%2F` and its like as the characters they stand for.
fn decoded(path: &str) -> String {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let [first, behind @ ..] = rest {
        let hex = behind
            .get(..2)
            .and_then(|hex| std::str::from_utf8(hex).ok());
        let byte = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match byte.filter(|_| *first == b'%') {
            Some(byte) => {
                bytes.push(byte);
                rest = &behind[2..];
            }
            None => {
                bytes.push(*first);
                rest = behind;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Gives the work to the model, and what it says to the client.
async fn ask(server: &Server, admitted: Admitted) -> Result<Response<Reply>> {
    let Admitted {
        shape,
        stream,
        jobs,
        mut places,
    } = admitted;
    let n_choices = jobs.len();
    let (told, mut hears) = mpsc::channel(MAX_UNREAD.saturating_mul(n_choices));
    for (index, job) in jobs.into_iter().enumerate() {
        let caller = Caller {
            index,
            told: told.clone(),
            place: places.split(1),
        };
        let call = Call { job, caller };
        server.calls.send(call).map_err(|_| Refusal::closing())?;
    }
    drop(told); // only the model speaks
    let speaker = server.intake.speaker.clone();
    if stream {
        let events = Events::new(Chunks::new(shape, n_choices), speaker, hears);
        let events = Reply::Events(Box::new(events));
        let mut response = Response::new(events);
        let headers = response.headers_mut();
        let set = [
            (header::CONTENT_TYPE, "text/event-stream; charset=utf-8"),
            (header::CACHE_CONTROL, "no-cache"),
        ];
        headers.extend(set.map(|(name, value)| (name, HeaderValue::from_static(value))));
        return Ok(response);
    }
    let mut choices = vec![Choice::default(); n_choices];
    while let Some((index, said)) = hears.recv().await {
        let Some(choice) = choices.get_mut(index) else {
            continue;
        };
        match said {
            Said::Piece(piece) => choice.take(piece, shape.n_top.is_some()),
            Said::End(answer) => choice.end(answer),
            Said::Failed(refusal) => return Err(refusal),
        }
    }
    if !choices.iter().all(Choice::is_ended) {
        return Err(Refusal::failed("the answer was given up"));
    }
    let answers = shape.whole(&choices, &speaker.vocab);
    Ok(whole(StatusCode::OK, &answers))
}

fn whole(status: StatusCode, value: &Value) -> Response<Reply> {
    let mut response = Response::new(Reply::Whole(Some(Bytes::from(value.to_string()))));
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}

fn refused(refusal: &Refusal) -> Response<Reply> {
    let mut response = whole(refusal.status, &refusal.body());
    let more: &[(header::HeaderName, &str)] = match refusal.status {
        StatusCode::UNAUTHORIZED => &[(header::WWW_AUTHENTICATE, "Bearer")],
        StatusCode::PAYLOAD_TOO_LARGE | StatusCode::REQUEST_TIMEOUT => {
            &[(header::CONNECTION, "close")]
        }
        _ if refusal.is_passing() => &[(header::RETRY_AFTER, "1")],
        _ => &[],
    };
    for (name, value) in more {
        let value = HeaderValue::from_static(value);
        response.headers_mut().insert(name, value);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_known_with_and_without_their_version() {
        for (path, place) in [
            ("/health", Some(Place::Health)),
            ("/v1/models", Some(Place::Models)),
            ("/models/a%2Fb", Some(Place::Model("a%2Fb"))),
            ("/v1/models/a/b", Some(Place::Model("a/b"))),
            ("/v1/chat/completions", Some(Place::Ask(Endpoint::Chat))),
            ("/completions", Some(Place::Ask(Endpoint::Completions))),
            ("/v1", None),
            ("/v1health", None),
            ("/", None),
            ("*", None),
            ("/v2/models", None),
        ] {
            assert_eq!(Place::of(path), place, "{path}");
        }
        for (path, name) in [
            ("a%2fb", "a/b"),
            ("100%", "100%"),
            ("%zz%2", "%zz%2"),
            ("ä", "ä"),
        ] {
            assert_eq!(decoded(path), name);
        }
    }

    #[test]
    fn only_names_of_this_machine_are_answered_to() {
        for (host, here) in [
            ("localhost", true),
            ("LOCALHOST:8080", true),
            ("127.0.0.1:1", true),
            ("127.8.9.1", true),
            ("[::1]:8080", true),
            ("[::1]", true),
            ("evil.example:8080", false),
            ("localhost.evil.example", false),
            ("192.168.0.7:8080", false),
            ("", false),
            ("127.0.0.1.nip.io", false),
        ] {
            let value = HeaderValue::from_static(host);
            assert_eq!(is_here(&value), here, "{host}");
        }
    }

    #[test]
    fn only_json_that_says_so_is_read() {
        let headers = |kind: &'static str, encoding: Option<&'static str>| {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
            if let Some(encoding) = encoding {
                let encoding = HeaderValue::from_static(encoding);
                headers.insert(header::CONTENT_ENCODING, encoding);
            }
            headers
        };
        for (headers, reads) in [
            (headers("application/json", None), true),
            (headers("Application/JSON; charset=utf-8", None), true),
            (headers("application/json", Some("identity")), true),
            (headers("application/json", Some("gzip")), false),
            (headers("text/plain", None), false),
            (headers("application/jsonp", None), false),
            (HeaderMap::new(), false),
        ] {
            assert_eq!(check_form(&headers).is_ok(), reads, "{headers:?}");
        }
    }
}
