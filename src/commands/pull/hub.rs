//! The transfer: the only code that opens connections. Resumed by range, hashed before a file gets
//! its name.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use hf_hub::api::sync::{ApiBuilder, ApiRepo};
use hf_hub::{Cache, Repo, RepoType};
use serde::{Deserialize, Serialize};
use ureq::Agent;
use ureq::http::{Response, header};

use super::names::{Expected, content_range, escape, origin, redirected};
use crate::commands::fail::{Error, Failure, Result};
use crate::commands::settings;
use crate::disk;
use crate::event::{Control, Event, Sink};
use crate::fault::Kind;

/// Longest listing of a repository that is read.
const MAX_LISTING_BYTES: u64 = 64 << 20;
/// Redirections followed for one file; the hub needs one or two.
const MAX_REDIRECTS: usize = 5;
/// Tries in a row that bring no byte before a transfer is given up.
const MAX_IDLE_TRIES: u32 = 3;

/// The hub's listing of a repository, as `GET /api/models/…?blobs=true` gives it.
#[derive(Debug, Deserialize)]
pub(super) struct Listing {
    pub(super) sha: String,
    pub(super) siblings: Vec<Sibling>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Sibling {
    pub(super) rfilename: String,
    #[serde(rename = "blobId")]
    pub(super) blob_id: Option<String>,
    pub(super) lfs: Option<Lfs>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Lfs {
    pub(super) sha256: String,
}

/// A file that is in the cache.
#[derive(Debug, Serialize)]
pub(super) struct Fetched {
    name: String,
    pub(super) len_bytes: u64,
    digest: String,
    fetched_bytes: u64,
}

/// One repository of the hub and its place in the cache.
pub(super) struct Hub {
    api: ApiRepo,
    repo: Repo,
    cache: Cache,
    pub(super) root: PathBuf,
    agent: Agent,
    token: Option<String>,
}

/// An answer whose body is the file from `start` on.
struct Answer {
    start: u64,
    total: Option<u64>,
    promised: Option<Expected>,
    response: Response<ureq::Body>,
}

impl Hub {
    pub(super) fn open(repo: &str, revision: &str) -> Result<Self> {
        let cache = Cache::from_env();
        let token = settings::environment("HF_TOKEN").or_else(|| cache.token());
        let repo = Repo::with_revision(repo.into(), RepoType::Model, revision.into());
        let api = ApiBuilder::from_env()
            .with_progress(false)
            .with_token(token.clone())
            .with_user_agent("eu", env!("CARGO_PKG_VERSION"))
            .build()
            .map_err(|e| Failure::new(Kind::Failed, format!("the hub's client: {e}")))?;
        let agent = Agent::config_builder()
            .max_redirects(0)
            .http_status_as_error(false)
            .timeout_connect(Some(Duration::from_secs(30)))
            .timeout_recv_response(Some(Duration::from_secs(60)))
            .build()
            .into();
        Ok(Hub {
            root: cache.path().join(repo.folder_name()),
            api: api.repo(repo.clone()),
            repo,
            cache,
            agent,
            token,
        })
    }

    pub(super) fn listing(&self) -> Result<Listing> {
        let request = self.api.info_request().query("blobs", "true");
        let mut response = request.call().map_err(|e| self.no_answer(&e))?;
        let text = response
            .body_mut()
            .with_config()
            .limit(MAX_LISTING_BYTES)
            .read_to_string()
            .map_err(|e| self.no_answer(&e))?;
        let listing: Listing = serde_json::from_str(&text).map_err(|e| {
            Failure::damaged(format!("{}: the hub's listing: {e}", self.repo.url()))
        })?;
        match Expected::parse(&listing.sha) {
            Some(_) => Ok(listing),
            None => Err(Failure::damaged("the hub's listing names no commit").into()),
        }
    }

    /// Brings one file into the cache, whole and checked, and links it into the snapshot.
    pub(super) fn fetch(
        &self,
        name: &str,
        listed: Option<&Expected>,
        commit: &str,
        force: bool,
        control: &Control,
        sink: &dyn Sink,
    ) -> Result<Fetched> {
        let listed_blob = listed.map(|e| self.blob(e));
        let (expected, fetched_bytes) = match (listed, &listed_blob) {
            (Some(expected), Some(blob)) if blob.is_file() && !force => (expected.clone(), 0),
            _ => self.transfer(name, listed, commit, control, sink)?,
        };
        let pointer = self.root.join("snapshots").join(commit).join(name);
        let up = "../".repeat(2 + name.matches('/').count());
        disk::link(Path::new(&format!("{up}blobs/{}", expected.0)), &pointer)?;
        Ok(Fetched {
            name: name.into(),
            len_bytes: pointer.metadata().map_or(0, |m| m.len()),
            digest: expected.0,
            fetched_bytes,
        })
    }

    fn blob(&self, expected: &Expected) -> PathBuf {
        self.root.join("blobs").join(&expected.0)
    }

    /// Fetches until the file is whole, going on where a connection broke; then checks its hash.
    fn transfer(
        &self,
        name: &str,
        listed: Option<&Expected>,
        commit: &str,
        control: &Control,
        sink: &dyn Sink,
    ) -> Result<(Expected, u64)> {
        let mut known = listed.cloned();
        let (mut fetched, mut idle) = (0, 0);
        loop {
            let part = known.as_ref().map(|e| self.blob(e).with_extension("part"));
            let have = part
                .as_ref()
                .and_then(|p| p.metadata().ok())
                .map_or(0, |m| m.len());
            let before = fetched;
            let ended = self.ask(name, commit, have).and_then(|answer| {
                known = Some(agreed(name, known.take(), &answer)?);
                self.receive(name, answer, known.as_ref(), &mut fetched, control, sink)
            });
            match ended {
                Ok(()) => break,
                Err(Cut::Final(error)) => return Err(error),
                Err(Cut::Network(words)) => {
                    idle = if fetched > before { 0 } else { idle + 1 };
                    if idle >= MAX_IDLE_TRIES {
                        return Err(Failure::missing(format!("{name}: {words}"))
                            .hint("run the same command again: it goes on where it stopped")
                            .into());
                    }
                    std::thread::sleep(Duration::from_millis(200 << idle));
                }
            }
        }
        let expected = known.ok_or_else(|| Failure::damaged(format!("{name}: no hash")))?;
        let blob = self.blob(&expected);
        let part = blob.with_extension("part");
        let found = expected.of_file(&part)?;
        if found != expected.0 {
            let _ = std::fs::remove_file(&part);
            return Err(Failure::damaged(format!(
                "{name}: hash is {found}, the hub promised {}",
                expected.0
            ))
            .hint("what came was thrown away; if it happens again, do not trust this host")
            .into());
        }
        disk::promote(&part, &blob)?;
        Ok((expected, fetched))
    }

    /// Asks for a file from byte `start` on, following redirections; our token goes to the
    /// hub's own host only.
    fn ask(&self, name: &str, commit: &str, start: u64) -> std::result::Result<Answer, Cut> {
        let (endpoint, id) = (self.api.url(""), self.repo.url());
        let base = endpoint.split("/resolve/").next().unwrap_or_default();
        let mut url = format!("{base}/resolve/{commit}/{}", escape(name));
        let home = origin(&url);
        let mut promised = None;
        for _ in 0..=MAX_REDIRECTS {
            let mut request = self.agent.get(&url).header(
                header::USER_AGENT,
                concat!("eu/", env!("CARGO_PKG_VERSION")),
            );
            // A file from its beginning is asked for without a range: an empty one has none.
            if start > 0 {
                request = request.header(header::RANGE, format!("bytes={start}-"));
            }
            if let Some(token) = self.token.as_ref().filter(|_| origin(&url) == home) {
                request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
            }
            let response = request.call().map_err(|e| Cut::Network(e.to_string()))?;
            let headers = response.headers();
            let text = |name: &str| headers.get(name).and_then(|v| v.to_str().ok());
            let etag = text("x-linked-etag").or_else(|| text("etag"));
            promised = promised.or_else(|| etag.and_then(Expected::parse));
            match response.status().as_u16() {
                301 | 302 | 303 | 307 | 308 => {
                    let next = text("location").and_then(|to| redirected(&url, to));
                    url = next.ok_or_else(|| {
                        Failure::damaged(format!("{name}: redirected to nowhere we would go"))
                    })?;
                }
                200 => {
                    let total = text("content-length").and_then(|n| n.parse().ok());
                    return Ok(Answer {
                        start: 0,
                        total,
                        promised,
                        response,
                    });
                }
                206 => {
                    let (from, total) = text("content-range")
                        .and_then(content_range)
                        .filter(|(from, _)| *from == start)
                        .ok_or_else(|| {
                            Failure::damaged(format!(
                                "{name}: another part came than was asked for"
                            ))
                        })?;
                    return Ok(Answer {
                        start: from,
                        total,
                        promised,
                        response,
                    });
                }
                416 => {
                    // We have all there is, or a partial file that is too long: the hash tells.
                    let total = Some(start);
                    return Ok(Answer {
                        start,
                        total,
                        promised,
                        response,
                    });
                }
                code @ (408 | 429 | 500..=599) => {
                    return Err(Cut::Network(format!("the hub answers {code}")));
                }
                code => return Err(Cut::Final(refused(&format!("{id}: {name}"), code))),
            }
        }
        Err(Failure::damaged(format!(
            "{name}: redirected more than {MAX_REDIRECTS} times"
        ))
        .into())
    }

    /// Appends the body of an answer to the partial file.
    fn receive(
        &self,
        name: &str,
        answer: Answer,
        expected: Option<&Expected>,
        fetched: &mut u64,
        control: &Control,
        sink: &dyn Sink,
    ) -> std::result::Result<(), Cut> {
        let blob = expected.map(|e| self.blob(e)).ok_or_else(|| {
            Failure::damaged(format!("{name}: the hub gives no hash to check it by"))
        })?;
        let part = blob.with_extension("part");
        if answer.response.status() == 416 {
            return Ok(());
        }
        if answer.start == 0 && part.exists() {
            std::fs::remove_file(&part).map_err(|e| disk::Error::io(&part, "remove", e))?;
        }
        let mut file = disk::append(&part)?;
        let started = Event::StageStarted {
            stage: name.into(),
            total: answer.total,
            unit: "bytes".into(),
        };
        sink.emit(started);
        let mut done = answer.start;
        let mut body = answer.response.into_body().into_reader();
        let mut buffer = vec![0; 1 << 16];
        loop {
            if control.stop_requested() {
                let stopped = Failure::new(Kind::Interrupted, format!("{name}: stopped"));
                return Err(stopped.hint("run the same command again to go on").into());
            }
            let n = body
                .read(&mut buffer)
                .map_err(|e| Cut::Network(e.to_string()))?;
            if n == 0 {
                break;
            }
            file.write_all(&buffer[..n])
                .map_err(|e| disk::Error::io(&part, "write", e))?;
            (done, *fetched) = (done + n as u64, *fetched + n as u64);
            let stage = name.to_string();
            sink.emit(Event::StageProgress { stage, done });
            if answer.total.is_some_and(|total| done > total) {
                let _ = std::fs::remove_file(&part);
                return Err(Failure::damaged(format!("{name}: longer than was announced")).into());
            }
        }
        match answer.total {
            Some(total) if done < total => Err(Cut::Network(format!(
                "the connection ended at byte {done} of {total}"
            ))),
            _ => Ok(()),
        }
    }

    /// Notes which commit the revision was, where other tools look for it too.
    pub(super) fn name_commit(&self, commit: &str) -> Result<()> {
        let refs = self.cache.repo(self.repo.clone());
        let noted = refs.create_ref(commit);
        Ok(noted.map_err(|e| disk::Error::io(&self.root.join("refs"), "write", e))?)
    }

    fn no_answer(&self, error: &ureq::Error) -> Error {
        match error {
            ureq::Error::StatusCode(code) => refused(&self.repo.url(), *code),
            other => Failure::missing(format!("the hub does not answer: {other}"))
                .hint("check the network, HF_ENDPOINT and the proxy; what is here works offline")
                .into(),
        }
    }
}

/// Why a transfer ended early: the network, which may be tried again, or something that is final.
enum Cut {
    Network(String),
    Final(Error),
}

impl<E: crate::fault::Fault> From<E> for Cut {
    fn from(error: E) -> Self {
        Cut::Final(error.into())
    }
}

/// The one hash that listing and answer promise.
fn agreed(
    name: &str,
    known: Option<Expected>,
    answer: &Answer,
) -> std::result::Result<Expected, Failure> {
    match (known, &answer.promised) {
        // Both are of one kind, so they must be equal; a mirror may give another kind of etag.
        (Some(known), Some(other)) if known.0.len() == other.0.len() && known != *other => {
            Err(Failure::damaged(format!(
                "{name}: the listing promises {}, the file {}",
                known.0, other.0
            )))
        }
        (Some(known), _) => Ok(known),
        (None, Some(promised)) => Ok(promised.clone()),
        (None, None) => Err(Failure::damaged(format!(
            "{name}: the hub gives no hash to check it by"
        ))),
    }
}

fn refused(what: &str, code: u16) -> Error {
    let failure = Failure::missing(format!("{what}: the hub answers {code}"));
    match code {
        401 | 403 => failure.hint("the model is private or gated: accept its terms, set HF_TOKEN"),
        404 => failure.hint("check the name and the revision"),
        _ => failure.hint("try again later"),
    }
    .into()
}
