//! A small hub on the loopback interface, with the faults a network has.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use sha1::{Digest, Sha1};

/// The commit every revision is.
pub(crate) const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

/// A file of the hub.
#[derive(Clone)]
pub(crate) struct Remote {
    pub(crate) bytes: Vec<u8>,
    /// Large files are named by SHA-256 and live on another host, small ones by git's SHA-1.
    pub(crate) large: bool,
    /// What the hub promises, where it lies.
    pub(crate) promise: Option<String>,
}

#[derive(Default)]
struct State {
    files: BTreeMap<String, Remote>,
    /// Bytes after which each of the next transfers is cut.
    cuts: Vec<usize>,
    ignores_ranges: bool,
    requests: Vec<String>,
}

/// The hub; it ends with the process.
#[derive(Clone)]
pub(crate) struct Hub {
    state: Arc<Mutex<State>>,
    pub(crate) endpoint: String,
}

impl Hub {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let hub = Hub {
            state: Arc::default(),
            endpoint,
        };
        let served = hub.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let hub = served.clone();
                std::thread::spawn(move || hub.serve(stream));
            }
        });
        hub
    }

    pub(crate) fn add(&self, name: &str, bytes: &[u8], large: bool) -> &Self {
        let remote = Remote {
            bytes: bytes.to_vec(),
            large,
            promise: None,
        };
        self.put(name, remote)
    }

    pub(crate) fn put(&self, name: &str, remote: Remote) -> &Self {
        self.state.lock().unwrap().files.insert(name.into(), remote);
        self
    }

    /// Cuts the next transfers after so many bytes each.
    pub(crate) fn cut(&self, cuts: &[usize]) {
        self.state.lock().unwrap().cuts = cuts.to_vec();
    }

    pub(crate) fn ignore_ranges(&self) {
        self.state.lock().unwrap().ignores_ranges = true;
    }

    /// Request lines and their `Range`, one string each, since the last call.
    pub(crate) fn requests(&self) -> Vec<String> {
        std::mem::take(&mut self.state.lock().unwrap().requests)
    }

    fn serve(&self, stream: TcpStream) {
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let mut stream = stream;
        loop {
            let (mut line, mut range) = (String::new(), None);
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            let path = line.split(' ').nth(1).unwrap_or("/").to_string();
            loop {
                let mut header = String::new();
                if reader.read_line(&mut header).unwrap_or(0) <= 2 {
                    break;
                }
                let (name, value) = header.split_once(':').unwrap();
                if name.eq_ignore_ascii_case("range") {
                    range = Some(value.trim().to_string());
                }
            }
            let told = format!("{path} {}", range.clone().unwrap_or_default());
            self.state.lock().unwrap().requests.push(told.trim().into());
            if !self.answer(&mut stream, &path, range.as_deref()) {
                return;
            }
        }
    }

    /// False when the connection is to be closed.
    fn answer(&self, stream: &mut TcpStream, path: &str, range: Option<&str>) -> bool {
        if path.starts_with("/api/models/owner/model/revision/") {
            let body = self.listing();
            return respond(stream, "200 OK", "", body.as_bytes(), body.len());
        }
        let resolve = format!("/owner/model/resolve/{COMMIT}/");
        let (name, stored) = match (path.strip_prefix(&resolve), path.strip_prefix("/store/")) {
            (Some(name), _) => (name, false),
            (_, Some(name)) => (name, true),
            _ => return respond(stream, "404 Not Found", "", b"", 0),
        };
        let mut state = self.state.lock().unwrap();
        let Some(file) = state.files.get(name).cloned() else {
            return respond(stream, "404 Not Found", "", b"", 0);
        };
        let etag = promise(&file);
        if file.large && !stored {
            let head = format!("Location: /store/{name}\r\nX-Linked-Etag: \"{etag}\"\r\n");
            return respond(stream, "302 Found", &head, b"", 0);
        }
        let from = range.filter(|_| !state.ignores_ranges).map_or(0, |range| {
            let from = range
                .strip_prefix("bytes=")
                .unwrap()
                .split('-')
                .next()
                .unwrap();
            from.parse::<usize>().unwrap()
        });
        if from > 0 && from >= file.bytes.len() {
            return respond(stream, "416 Range Not Satisfiable", "", b"", 0);
        }
        let cut = match state.cuts.is_empty() {
            true => None,
            false => Some(state.cuts.remove(0)),
        };
        drop(state);
        let rest = &file.bytes[from..];
        let sent = cut.map_or(rest, |n| &rest[..n.min(rest.len())]);
        let (status, mut head) = match from {
            0 => ("200 OK", String::new()),
            _ => (
                "206 Partial Content",
                format!(
                    "Content-Range: bytes {from}-{}/{}\r\n",
                    file.bytes.len() - 1,
                    file.bytes.len()
                ),
            ),
        };
        if !file.large {
            head.push_str(&format!("ETag: \"{etag}\"\r\n"));
        }
        respond(stream, status, &head, sent, rest.len()) && cut.is_none()
    }

    fn listing(&self) -> String {
        let state = self.state.lock().unwrap();
        let siblings: Vec<serde_json::Value> = state
            .files
            .iter()
            .map(|(name, file)| match file.large {
                true => serde_json::json!({
                    "rfilename": name,
                    "blobId": git_sha1(b"pointer"),
                    "lfs": {"sha256": promise(file), "size": file.bytes.len()},
                }),
                false => serde_json::json!({"rfilename": name, "blobId": promise(file)}),
            })
            .collect();
        serde_json::json!({"sha": COMMIT, "siblings": siblings}).to_string()
    }
}

fn promise(file: &Remote) -> String {
    file.promise.clone().unwrap_or_else(|| match file.large {
        true => europium::disk::sha256_bytes(&file.bytes),
        false => git_sha1(&file.bytes),
    })
}

fn git_sha1(bytes: &[u8]) -> String {
    let mut hasher = Sha1::new();
    hasher.update(format!("blob {}\0", bytes.len()));
    hasher.update(bytes);
    europium::disk::hex(&hasher.finalize())
}

/// Sends an answer that announces `len` bytes; false when it is over with the connection.
fn respond(stream: &mut TcpStream, status: &str, head: &str, body: &[u8], len: usize) -> bool {
    let head = format!("HTTP/1.1 {status}\r\nContent-Length: {len}\r\n{head}\r\n");
    let sent = stream
        .write_all(head.as_bytes())
        .and_then(|()| stream.write_all(body));
    sent.and_then(|()| stream.flush()).is_ok()
}
