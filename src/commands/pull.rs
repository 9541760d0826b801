//! `eu pull`: a model from the Hugging Face hub into its cache. The only file that opens
//! connections, and only to the host that was named (`HF_ENDPOINT`) and where it sends us.
//!
//! `hf-hub` knows the hub's cache, token and listing. Its own download appends whatever answer
//! comes to a partial file, checks nothing and trusts names from the server as paths; so the
//! transfer is ours: resumed by range, hashed before a file gets its name, names checked.

use std::io::{Read, Write};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use hf_hub::api::sync::{ApiBuilder, ApiRepo};
use hf_hub::{Cache, Repo, RepoType};
use serde::{Deserialize, Serialize};
use sha1::{Digest, Sha1};
use ureq::Agent;
use ureq::http::{Response, Uri, header};

use super::cli::Shared;
use super::fail::{Error, Failure, Result};
use super::model::is_hub_id;
use super::out::{self, Out};
use super::preview::Preview;
use super::{settings, signals, sinks};
use crate::disk;
use crate::event::{Control, Event, Sink};
use crate::fault::Kind;

const EXAMPLES: &str = "\
Examples:
  eu pull utter-project/EuroLLM-1.7B
  eu pull utter-project/EuroLLM-1.7B --include '*.json'
  eu pull HuggingFaceTB/SmolLM2-135M --revision main
  eu chat \"$(eu pull owner/model)\" -p hello";

/// Kinds of files that are fetched: none of them can carry code.
const ENDINGS: [&str; 3] = ["safetensors", "gguf", "json"];
/// Longest listing of a repository that is read.
const MAX_LISTING_BYTES: u64 = 64 << 20;
/// Redirections followed for one file; the hub needs one or two.
const MAX_REDIRECTS: usize = 5;
/// Tries in a row that bring no byte before a transfer is given up.
const MAX_IDLE_TRIES: u32 = 3;

/// What can be typed after `eu pull`.
#[derive(Debug, Serialize, clap::Args)]
#[command(before_help = EXAMPLES)]
pub struct Args {
    /// Repository of a model: owner/name.
    #[arg(value_name = "REPO")]
    pub repo: String,
    /// Only files whose path matches; * and ? stand for any text and any character.
    #[arg(long, value_name = "GLOB")]
    pub include: Vec<String>,
    /// Branch, tag or commit.
    #[arg(long, value_name = "NAME", default_value = "main")]
    pub revision: String,
}

/// What was fetched: schema `pull/1`.
#[derive(Debug, Serialize)]
struct Report {
    repo: String,
    revision: String,
    commit: String,
    folder: PathBuf,
    files: Vec<Fetched>,
    passed_over: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Fetched {
    name: String,
    len_bytes: u64,
    digest: String,
    fetched_bytes: u64,
}

/// The hub's listing of a repository, as `GET /api/models/…?blobs=true` gives it.
#[derive(Debug, Deserialize)]
struct Listing {
    sha: String,
    siblings: Vec<Sibling>,
}

#[derive(Debug, Deserialize)]
struct Sibling {
    rfilename: String,
    #[serde(rename = "blobId")]
    blob_id: Option<String>,
    lfs: Option<Lfs>,
}

#[derive(Debug, Deserialize)]
struct Lfs {
    sha256: String,
}

/// The hash a file must have: SHA-256 for large files (LFS), git's SHA-1 for small ones.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Expected(String);

impl Expected {
    fn parse(text: &str) -> Option<Self> {
        let text = text
            .trim_matches('"')
            .trim_start_matches("W/")
            .trim_matches('"');
        let hex = text
            .bytes()
            .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        (hex && matches!(text.len(), 40 | 64)).then(|| Expected(text.into()))
    }

    fn of_file(&self, path: &Path) -> Result<String> {
        Ok(match self.0.len() {
            64 => disk::sha256(path)?.0,
            _ => git_sha1(path)?,
        })
    }
}

/// Fetches.
///
/// # Errors
/// When the network is forbidden or does not answer (exit code 4), or what came is not what was
/// promised (exit code 3).
pub fn run(args: &Args, shared: &Shared, out: &Arc<Out>) -> Result<()> {
    if !is_hub_id(&args.repo) {
        return Err(Failure::usage(format!("{:?} is no repository", args.repo))
            .hint("a repository is written owner/name")
            .into());
    }
    if !is_safe_name(&args.revision) {
        return Err(Failure::usage(format!("{:?} is no revision", args.revision)).into());
    }
    if shared.offline {
        return Err(
            Failure::missing("the network is forbidden by --offline or EU_OFFLINE")
                .hint("fetch the model on another machine and copy its folder")
                .into(),
        );
    }
    let hub = Hub::open(args)?;
    let listing = hub.listing()?;
    let (wanted, passed_over) = choose(&listing, &args.include)?;
    let folder = hub.root.join("snapshots").join(&listing.sha);
    if shared.dry_run {
        return Preview {
            command: "pull",
            plan: args,
            inputs: Vec::new(),
            outputs: wanted.iter().map(|(name, _)| folder.join(name)).collect(),
            memory_bytes: Some(0),
            time_ms: None,
            disk_bytes: None,
            notes: vec![format!("{} files passed over", passed_over.len())],
        }
        .print(out);
    }
    let control = Arc::new(Control::default());
    signals::listen(&control, out)?;
    let sink = sinks::for_command(out);
    let mut files = Vec::new();
    for (name, expected) in &wanted {
        files.push(hub.fetch(
            name,
            expected.as_ref(),
            &listing.sha,
            shared.force,
            &control,
            &*sink,
        )?);
    }
    hub.name_commit(&listing.sha)?;
    let report = Report {
        repo: args.repo.clone(),
        revision: args.revision.clone(),
        commit: listing.sha,
        folder,
        files,
        passed_over,
    };
    let n_bytes: u64 = report.files.iter().map(|f| f.len_bytes).sum();
    out.say(&format!(
        "{} files, {}, every hash checked",
        report.files.len(),
        out::bytes(n_bytes)
    ));
    out.result("pull/1", &report, || {
        format!("{}\n", report.folder.display())
    })
}

/// Files to fetch, each with its hash where the listing has one, and files that are left.
type Choice = (Vec<(String, Option<Expected>)>, Vec<String>);

fn choose(listing: &Listing, include: &[String]) -> Result<Choice> {
    let (mut wanted, mut passed_over) = (Vec::new(), Vec::new());
    for file in &listing.siblings {
        let name = &file.rfilename;
        if !is_safe_name(name) {
            return Err(
                Failure::damaged(format!("{name:?}: a name that leads out of its folder"))
                    .hint("this repository is not to be trusted")
                    .into(),
            );
        }
        let ending = Path::new(name).extension().and_then(|e| e.to_str());
        let kind_is_safe = ending.is_some_and(|e| ENDINGS.contains(&e));
        let asked = include.is_empty() || include.iter().any(|glob| matches(glob, name));
        if !kind_is_safe || !asked {
            passed_over.push(name.clone());
            continue;
        }
        let digest = file
            .lfs
            .as_ref()
            .map(|lfs| &lfs.sha256)
            .or(file.blob_id.as_ref());
        wanted.push((name.clone(), digest.and_then(|d| Expected::parse(d))));
    }
    if wanted.is_empty() {
        return Err(Failure::missing("no file of the repository is wanted")
            .hint(format!("only *.{} are fetched", ENDINGS.join(", *.")))
            .into());
    }
    Ok((wanted, passed_over))
}

/// One repository of the hub and its place in the cache.
struct Hub {
    api: ApiRepo,
    repo: Repo,
    cache: Cache,
    root: PathBuf,
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
    fn open(args: &Args) -> Result<Self> {
        let cache = Cache::from_env();
        let token = settings::environment("HF_TOKEN").or_else(|| cache.token());
        let repo = Repo::with_revision(args.repo.clone(), RepoType::Model, args.revision.clone());
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

    fn listing(&self) -> Result<Listing> {
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
    fn fetch(
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
    fn name_commit(&self, commit: &str) -> Result<()> {
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

/// SHA-1 as git names a file: of `blob <length>\0` and the bytes.
fn git_sha1(path: &Path) -> Result<String> {
    let bytes = std::fs::read(path).map_err(|e| disk::Error::io(path, "read", e))?;
    let mut hasher = Sha1::new();
    hasher.update(format!("blob {}\0", bytes.len()));
    hasher.update(&bytes);
    Ok(disk::hex(&hasher.finalize()))
}

/// True for a relative path without `..`, backslashes, drives or control characters.
fn is_safe_name(name: &str) -> bool {
    let plain = |c: Component| matches!(c, Component::Normal(part) if !part.is_empty());
    let forbidden = |c: char| c.is_control() || matches!(c, '\\' | ':' | '?' | '#');
    !name.is_empty()
        && name.len() < 1024
        && !name.contains(forbidden)
        && !name.split('/').any(|part| part.is_empty() || part == ".")
        && Path::new(name).components().all(plain)
}

/// A path in a URL: what is not plain is written `%XX`.
fn escape(name: &str) -> String {
    name.bytes().fold(String::new(), |mut url, b| {
        match b {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' | b'~' => {
                url.push(b.into());
            }
            _ => url.push_str(&format!("%{b:02X}")),
        }
        url
    })
}

/// Scheme and host of a URL.
fn origin(url: &str) -> Option<(String, String)> {
    let uri: Uri = url.parse().ok()?;
    Some((uri.scheme_str()?.into(), uri.authority()?.as_str().into()))
}

/// Where a redirection leads; never from https to something else.
fn redirected(from: &str, to: &str) -> Option<String> {
    let (scheme, host) = origin(from)?;
    if to.starts_with('/') && !to.starts_with("//") {
        return Some(format!("{scheme}://{host}{to}"));
    }
    let (to_scheme, _) = origin(to)?;
    (to_scheme == "https" || (to_scheme == "http" && scheme == "http")).then(|| to.into())
}

/// `bytes 5-9/10` gives the first byte and the length of the whole.
fn content_range(text: &str) -> Option<(u64, Option<u64>)> {
    let (range, total) = text.strip_prefix("bytes ")?.split_once('/')?;
    let (from, _) = range.split_once('-')?;
    Some((from.parse().ok()?, total.parse().ok()))
}

/// Whether `name` matches a pattern in which `*` is any text and `?` any character.
fn matches(glob: &str, name: &str) -> bool {
    let (glob, name): (Vec<char>, Vec<char>) = (glob.chars().collect(), name.chars().collect());
    let (mut g, mut n) = (0, 0);
    let mut star = None;
    while n < name.len() {
        match glob.get(g) {
            Some('*') => {
                star = Some((g, n));
                g += 1;
            }
            Some(c) if *c == '?' || *c == name[n] => (g, n) = (g + 1, n + 1),
            _ => match star {
                // The last star takes one character more.
                Some((at, taken)) => {
                    star = Some((at, taken + 1));
                    (g, n) = (at + 1, taken + 1);
                }
                None => return false,
            },
        }
    }
    glob[g..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_lead_elsewhere_are_refused() {
        for name in [
            "../x.json",
            "/etc/x.json",
            "a/../../x.json",
            "a\\..\\x.json",
            "",
            "a//b",
            "./a",
        ] {
            assert!(!is_safe_name(name), "{name}");
        }
        for name in ["model.safetensors", "onnx/model.json", "a b.json", "ä.json"] {
            assert!(is_safe_name(name), "{name}");
        }
        assert_eq!(escape("a b/ä.json"), "a%20b/%C3%A4.json");
    }

    #[test]
    fn a_pattern_matches_as_in_a_shell() {
        for (glob, name, yes) in [
            ("*.json", "config.json", true),
            ("*.json", "model.safetensors", false),
            (
                "model-0000?-of-*.safetensors",
                "model-00001-of-00002.safetensors",
                true,
            ),
            ("*a*b", "xaxbxb", true),
            ("*a*b", "xaxbxc", false),
            ("", "x", false),
        ] {
            assert_eq!(matches(glob, name), yes, "{glob} {name}");
        }
    }

    #[test]
    fn only_whole_hashes_are_promises() {
        assert!(Expected::parse(&format!("\"{}\"", "a".repeat(64))).is_some());
        assert!(Expected::parse(&"0".repeat(40)).is_some());
        for etag in ["", "../../x", "\"abc\"", &"g".repeat(40), &"A".repeat(64)] {
            assert!(Expected::parse(etag).is_none(), "{etag}");
        }
    }

    #[test]
    fn a_small_file_hashes_as_git_names_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f");
        disk::replace_bytes(&path, b"hello\n").unwrap();
        // `printf 'hello\n' | git hash-object --stdin`
        assert_eq!(
            git_sha1(&path).unwrap(),
            "ce013625030ba8dba906f756967f9e9ca394464a"
        );
    }

    #[test]
    fn a_secure_connection_is_never_left_for_an_open_one() {
        assert_eq!(redirected("https://a/b", "/c").unwrap(), "https://a/c");
        assert_eq!(
            redirected("https://a/b", "https://d/c").unwrap(),
            "https://d/c"
        );
        assert_eq!(redirected("https://a/b", "http://d/c"), None);
        assert_eq!(redirected("http://a/b", "file:///etc/passwd"), None);
        assert_eq!(content_range("bytes 5-9/10"), Some((5, Some(10))));
        assert_eq!(content_range("bytes */10"), None);
    }
}
