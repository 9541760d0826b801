//! robots.txt, tdmrep.json and ai.txt of many hosts at many times, as a crawl recorded them or
//! a file gives them later, and the one that counts for a page.
//!
//! A page is judged by the file that was last seen before it was captured; when there is none
//! such, by the first one seen after it. Files that say the same are kept once, and of a
//! robots.txt only what speaks to the agents asked for.

use std::collections::HashMap;

use serde_json::Value;
use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

use super::ai_txt::AiTxt;
use super::robots::Robots;
use super::tdmrep::TdmRules;
use super::url::Url;

/// Redirects that are followed (RFC 9309, 2.3.1.2).
const MAX_REDIRECTS: usize = 5;

/// Which file of a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// `/robots.txt`.
    Robots,
    /// `/.well-known/tdmrep.json`.
    TdmRep,
    /// `/ai.txt`.
    AiTxt,
}

impl Kind {
    /// Which of the files a path is; none when it is a page.
    pub fn of(path: &str) -> Option<Self> {
        match path.split('?').next()? {
            "/robots.txt" => Some(Kind::Robots),
            "/.well-known/tdmrep.json" => Some(Kind::TdmRep),
            "/ai.txt" | "/.well-known/ai.txt" => Some(Kind::AiTxt),
            _ => None,
        }
    }

    /// Name for people.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Robots => "robots.txt",
            Kind::TdmRep => "tdmrep.json",
            Kind::AiTxt => "ai.txt",
        }
    }
}

/// A response of a crawl.
#[derive(Debug, Clone, Copy)]
pub struct Fetched<'a> {
    /// Address asked for.
    pub url: &'a str,
    /// Status of the answer.
    pub status: u16,
    /// `Location` of a redirect.
    pub location: Option<&'a str>,
    /// Body, decompressed.
    pub body: &'a [u8],
    /// When, in any form [`date_number`] reads.
    pub date: Option<&'a str>,
}

/// Something that cannot be kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The memory given is used up.
    #[error("opt-out files need more than the {limit} bytes given, after {hosts} hosts")]
    Full {
        /// Bytes given.
        limit: usize,
        /// Hosts until then.
        hosts: usize,
    },
    /// A line of a list of files is not one.
    #[error("not an opt-out file: {0}")]
    Line(&'static str),
}

#[derive(Debug)]
pub(super) enum File {
    Robots(Robots),
    TdmRep(TdmRules),
    AiTxt(AiTxt),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    File(u32),
    /// 4xx, or too many redirects: nothing is reserved.
    Unavailable(u16),
    /// To the file of the same kind at another place.
    Redirect(u64, bool),
    /// 5xx: all is to be left alone (RFC 9309, 2.3.1.4).
    Unreachable(u16),
}

#[derive(Debug, Clone, Copy)]
struct Snapshot {
    kind: Kind,
    /// Whether it was fetched by https; none when that is not known and it counts for both.
    https: Option<bool>,
    date: u64,
    /// Order among those of one time, so that the order of adding does not matter.
    rank: u64,
    what: What,
}

/// The file that counts for a page.
#[derive(Debug)]
pub(super) struct Found<'a> {
    /// None when the host had none: a status of 4xx.
    pub(super) file: Option<&'a File>,
    /// Status when it could not be reached: all is to be left alone.
    pub(super) unreachable: Option<u16>,
    /// When it was seen, as [`date_number`] gives it; 0 when that is not known.
    pub(super) date: u64,
}

/// The files of many hosts.
#[derive(Debug)]
pub struct Store {
    agents: Vec<String>,
    limit_bytes: usize,
    used_bytes: usize,
    files: Vec<File>,
    /// Hash of kind and contents -> place in `files`.
    known: HashMap<(Kind, u128), u32>,
    hosts: HashMap<u64, Vec<Snapshot>>,
    /// Files added that were damaged (a tdmrep.json that is no JSON).
    pub n_damaged: u64,
}

/// A date as a number whose order is that of time: `2024-05-01T12:00:00Z` and `20240501120000`
/// give 20240501120000; offsets from UTC are not looked at. None when there is no year.
pub fn date_number(date: &str) -> Option<u64> {
    let digits = date.bytes().take(32).filter(u8::is_ascii_digit).take(14);
    let (number, n) = digits.fold((0u64, 0u32), |(v, n), b| {
        (v * 10 + u64::from(b - b'0'), n + 1)
    });
    (n >= 4).then(|| number * 10u64.pow(14 - n))
}

impl Store {
    /// An empty store that keeps what speaks to `agents` in at most about `limit_bytes`.
    pub fn new(agents: Vec<String>, limit_bytes: usize) -> Self {
        Store {
            agents,
            limit_bytes,
            used_bytes: 0,
            files: Vec::new(),
            known: HashMap::new(),
            hosts: HashMap::new(),
            n_damaged: 0,
        }
    }

    /// The agents whose rules are kept; what a file says to others is forgotten.
    pub fn agents(&self) -> &[String] {
        &self.agents
    }

    /// Hosts of which something is known.
    pub fn n_hosts(&self) -> usize {
        self.hosts.len()
    }

    /// Bytes of memory in use, roughly.
    pub fn len_bytes(&self) -> usize {
        self.used_bytes
    }

    /// Takes in a response, if its address is that of one of the files.
    ///
    /// # Errors
    /// When the memory given is used up; nothing is forgotten to make room, since a file that
    /// is not there reads as consent.
    pub fn add(&mut self, fetched: Fetched<'_>) -> Result<Option<Kind>, StoreError> {
        let url = Url::parse(fetched.url);
        let Some((url, kind)) = url.and_then(|u| Kind::of(&u.path).map(|k| (u, k))) else {
            return Ok(None);
        };
        let date = fetched.date.and_then(date_number).unwrap_or(0);
        let (what, hash) = match fetched.status {
            200..=299 => self.keep(kind, fetched.body),
            300..=399 => {
                let target = fetched.location.and_then(|l| redirect(&url, l, kind));
                let what = target.map_or(What::Unavailable(fetched.status), |(key, https)| {
                    What::Redirect(key, https)
                });
                (what, 0)
            }
            500..=599 => (What::Unreachable(fetched.status), 0),
            _ => (What::Unavailable(fetched.status), 0),
        };
        self.insert(&url.authority(), Some(url.https), kind, date, what, hash)?;
        Ok(Some(kind))
    }

    /// Takes in one line of a list of files: a JSON object with `host` (a name, or an address
    /// whose scheme then counts) or `url`, one or more of `robots`, `tdmrep` and `ai_txt` (the
    /// text of the file), and, if known, `ts` and `status`.
    ///
    /// # Errors
    /// When it is none, or the memory given is used up.
    pub fn add_line(&mut self, line: &str) -> Result<(), StoreError> {
        let Ok(Value::Object(fields)) = serde_json::from_str(line) else {
            return Err(StoreError::Line("no JSON object"));
        };
        let text = |name: &str| fields.get(name).and_then(Value::as_str);
        let host = text("host").or_else(|| text("url"));
        let host = host.ok_or(StoreError::Line("no host"))?;
        let url = Url::parse_loose(host).ok_or(StoreError::Line("host is no name"))?;
        let https = host.contains("://").then_some(url.https);
        let date = match fields.get("ts") {
            Some(Value::String(ts)) => date_number(ts).unwrap_or(0),
            Some(Value::Number(ts)) => date_number(&ts.to_string()).unwrap_or(0),
            _ => 0,
        };
        let status = fields.get("status").and_then(Value::as_u64).unwrap_or(200);
        let named = [
            ("robots", Kind::Robots),
            ("tdmrep", Kind::TdmRep),
            ("ai_txt", Kind::AiTxt),
        ];
        let mut n_found = 0;
        for (name, kind) in named {
            let Some(value) = fields.get(name) else {
                continue;
            };
            n_found += 1;
            let (what, hash) = match (value, status) {
                (_, 500..=599) => (What::Unreachable(status as u16), 0),
                (Value::String(body), 200..=299) => self.keep(kind, body.as_bytes()),
                // tdmrep.json may stand in the line as the JSON it is.
                (Value::Array(_), 200..=299) => self.keep(kind, value.to_string().as_bytes()),
                _ => (What::Unavailable(u16::try_from(status).unwrap_or(404)), 0),
            };
            self.insert(&url.authority(), https, kind, date, what, hash)?;
        }
        match n_found {
            0 => Err(StoreError::Line("none of robots, tdmrep, ai_txt")),
            _ => Ok(()),
        }
    }

    /// Keeps a file, once however often it is seen.
    fn keep(&mut self, kind: Kind, body: &[u8]) -> (What, u64) {
        let hash = xxh3_128(body);
        if let Some(&at) = self.known.get(&(kind, hash)) {
            return (What::File(at), hash as u64);
        }
        let (file, n_bytes) = match kind {
            Kind::Robots => {
                let mut robots = Robots::parse(body);
                robots.keep_only(&self.agents);
                let n_bytes = robots.len_bytes();
                (File::Robots(robots), n_bytes)
            }
            Kind::TdmRep => {
                let rules = TdmRules::parse(body);
                self.n_damaged += u64::from(rules.damaged.is_some());
                let n_bytes = rules.len_bytes();
                (File::TdmRep(rules), n_bytes)
            }
            Kind::AiTxt => {
                let mut file = AiTxt::parse(body);
                file.keep_only(&self.agents);
                let n_bytes = file.len_bytes();
                (File::AiTxt(file), n_bytes)
            }
        };
        self.used_bytes += n_bytes + 64;
        let at = u32::try_from(self.files.len()).unwrap_or(u32::MAX);
        self.files.push(file);
        self.known.insert((kind, hash), at);
        (What::File(at), hash as u64)
    }

    fn insert(
        &mut self,
        authority: &str,
        https: Option<bool>,
        kind: Kind,
        date: u64,
        what: What,
        rank: u64,
    ) -> Result<(), StoreError> {
        let snapshot = Snapshot {
            kind,
            https,
            date,
            rank,
            what,
        };
        let hosts = self.hosts.len();
        let list = self.hosts.entry(xxh3_64(authority.as_bytes())).or_default();
        let place = |s: &Snapshot| (s.kind, s.https, s.date, order(s.what), s.rank);
        let at = list.partition_point(|s| place(s) < place(&snapshot));
        let same = list.get(at).is_some_and(|s| place(s) == place(&snapshot));
        if !same {
            list.insert(at, snapshot);
            self.used_bytes += size_of::<Snapshot>() + if list.len() == 1 { 48 } else { 0 };
        }
        if self.used_bytes > self.limit_bytes {
            return Err(StoreError::Full {
                limit: self.limit_bytes,
                hosts,
            });
        }
        Ok(())
    }

    /// The file that counts for a page captured at `date`.
    pub(super) fn find(&self, kind: Kind, url: &Url, date: Option<u64>) -> Option<Found<'_>> {
        let mut place = (xxh3_64(url.authority().as_bytes()), url.https);
        let mut seen = 0;
        for _ in 0..=MAX_REDIRECTS {
            let snapshot = self.snapshot(kind, place, date)?;
            if seen == 0 {
                seen = snapshot.date;
            }
            let found = |file, unreachable| Found {
                file,
                unreachable,
                date: seen,
            };
            match snapshot.what {
                What::File(at) => return Some(found(self.files.get(at as usize), None)),
                What::Unavailable(_) => return Some(found(None, None)),
                What::Unreachable(status) => return Some(found(None, Some(status))),
                What::Redirect(key, https) => place = (key, https),
            }
        }
        None
    }

    /// The last snapshot at or before `date`, else the first after it: of those fetched by the
    /// page's own scheme, else of those of no known scheme, else of the other scheme.
    fn snapshot(&self, kind: Kind, at: (u64, bool), date: Option<u64>) -> Option<Snapshot> {
        let list = self.hosts.get(&at.0)?;
        let date = date.unwrap_or(u64::MAX);
        [Some(at.1), None, Some(!at.1)]
            .into_iter()
            .find_map(|https| {
                let of = || list.iter().filter(|s| s.kind == kind && s.https == https);
                of().rfind(|s| s.date <= date)
                    .or_else(|| of().next())
                    .copied()
            })
    }
}

/// Of files seen at one time, the one that says most stands last and counts.
fn order(what: What) -> u8 {
    match what {
        What::Unavailable(_) => 0,
        What::Unreachable(_) => 1,
        What::Redirect(..) => 2,
        What::File(_) => 3,
    }
}

/// Where a redirect leads, if that is a file of the same kind.
fn redirect(from: &Url, location: &str, kind: Kind) -> Option<(u64, bool)> {
    let location = location.trim();
    let to = if location.starts_with("//") {
        let scheme = if from.https { "https:" } else { "http:" };
        Url::parse(&format!("{scheme}{location}"))?
    } else if location.starts_with('/') {
        let path = location.into();
        Url {
            path,
            ..from.clone()
        }
    } else {
        Url::parse(location)?
    };
    (Kind::of(&to.path) == Some(kind)).then(|| (xxh3_64(to.authority().as_bytes()), to.https))
}
