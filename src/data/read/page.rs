//! A web page as it was fetched, and the record it becomes.

use serde_json::{Map, Value};
use xxhash_rust::xxh3::xxh3_128;

use super::encoding::{self, Decoded};
use crate::data::record::{Record, Source};

/// A web page: bytes, with what is known of their origin.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// What it is.
    pub kind: PageKind,
    /// Its address.
    pub url: Option<String>,
    /// When it was fetched, as `2021-09-18T05:24:22Z`.
    pub ts: Option<String>,
    /// Status of the HTTP response; 0 where there was none.
    pub status: u16,
    /// The `Content-Type` as given.
    pub content_type: Option<String>,
    /// Headers of the HTTP response in their order, names as given.
    pub headers: Vec<(String, String)>,
    /// The body, transfer and content encodings undone.
    pub body: Vec<u8>,
    /// The `WARC-Record-ID` without its brackets.
    pub warc_id: Option<String>,
    /// Why the crawler cut the body short, if it did: the `WARC-Truncated`.
    pub truncated: Option<String>,
    /// Name of the crawl.
    pub crawl_id: Option<String>,
    /// Fields it came with, as one of JSON lines; its record keeps them, and what they say of its
    /// origin.
    pub fields: Map<String, Value>,
    /// Its place.
    pub source: Source,
}

/// What a page is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PageKind {
    /// A page to read.
    Html,
    /// `/robots.txt` (RFC 9309).
    RobotsTxt,
    /// `/.well-known/tdmrep.json` (TDM Reservation Protocol).
    TdmRep,
    /// `/ai.txt` (Spawning).
    AiTxt,
}

impl PageKind {
    /// The kind an address tells.
    pub fn of_url(url: &str) -> PageKind {
        match path_of(url) {
            "/robots.txt" => PageKind::RobotsTxt,
            "/.well-known/tdmrep.json" => PageKind::TdmRep,
            "/ai.txt" | "/.well-known/ai.txt" => PageKind::AiTxt,
            _ => PageKind::Html,
        }
    }
}

/// The path of an address, without query and fragment; empty where it has none.
fn path_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let rest = rest.split(['?', '#']).next().unwrap_or("");
    rest.find('/').and_then(|at| rest.get(at..)).unwrap_or("")
}

/// The last label of an address's host, lower case, where it is one of letters: `de`, `eu`.
fn tld_of(url: &str) -> Option<String> {
    let (_, rest) = url.split_once("://")?;
    let host = rest.split(['/', '?', '#', ':']).next()?;
    let (_, tld) = host.trim_end_matches('.').rsplit_once('.')?;
    let letters = !tld.is_empty() && tld.bytes().all(|b| b.is_ascii_alphabetic());
    letters.then(|| tld.to_ascii_lowercase())
}

impl Page {
    /// The first header of that name, whatever its case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self
            .headers
            .iter()
            .find(|(n, _)| n.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// The media type, lower case, without parameters.
    pub fn media_type(&self) -> Option<String> {
        self.content_type.as_deref().map(media_type)
    }

    /// The charset the HTTP headers declare.
    pub fn charset(&self) -> Option<&str> {
        self.content_type.as_deref().and_then(charset)
    }

    /// The body as text, with the encoding it was found to be in.
    pub fn decode(&self) -> Decoded<'_> {
        let tld = self.url.as_deref().and_then(tld_of);
        encoding::decode_hinted(&self.body, self.charset(), tld.as_deref())
    }

    /// A record of the page's `text` in HPLT's names: f o s rs u c ts de crawl_id id text.
    ///
    /// `de` is the encoding the body was in. The id is the xxh128 of f, u and ts, in hexadecimal.
    pub fn into_record(self, text: String, de: &str) -> Record {
        let own = |key: &str| self.fields.get(key).and_then(Value::as_str);
        let f = own("f").map_or_else(|| self.source.path.to_string_lossy().into(), String::from);
        let u = self.url.as_deref().unwrap_or("");
        let ts = self.ts.as_deref().unwrap_or("");
        let id = format!("{:032x}", xxh3_128(format!("{f}{u}{ts}").as_bytes()));
        let mut fields = Map::new();
        let media_type = self.media_type();
        if self.fields.is_empty() {
            fields.insert("f".into(), f.into());
            fields.insert("o".into(), self.source.offset.into());
            fields.insert("s".into(), self.source.size.into());
            fields.insert("rs".into(), self.body.len().into());
        } else {
            fields = self.fields;
            fields.retain(|key, _| key != "text");
        }
        for (key, value) in [
            ("u", self.url),
            ("c", media_type),
            ("ts", self.ts),
            ("de", Some(de.to_string())),
            ("crawl_id", self.crawl_id),
        ] {
            if let Some(value) = value.filter(|v| !v.is_empty()) {
                fields.entry(key).or_insert_with(|| value.into());
            }
        }
        let id = match fields.get("id") {
            Some(Value::String(own)) if !own.is_empty() => own.clone(),
            _ => id,
        };
        fields.insert("id".into(), id.clone().into());
        fields.insert("text".into(), Value::Null);
        let mut record = Record::new(id, text);
        record.source = self.source;
        record.fields = fields;
        record
    }
}

/// The media type of a `Content-Type`, lower case.
pub(super) fn media_type(content_type: &str) -> String {
    let essence = content_type.split([';', ',']).next().unwrap_or("");
    essence.trim().to_ascii_lowercase()
}

/// The charset parameter of a `Content-Type`.
pub(super) fn charset(content_type: &str) -> Option<&str> {
    let parameters = content_type.split(';').skip(1);
    let mut pairs = parameters.filter_map(|p| p.split_once('='));
    let (_, value) = pairs.find(|(name, _)| name.trim().eq_ignore_ascii_case("charset"))?;
    let value = value.trim().trim_matches(['"', '\'']);
    let value = value.split([',', ' ']).next().unwrap_or("");
    Some(value).filter(|v| !v.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_tells_what_speaks_to_robots() {
        for (url, kind) in [
            ("https://a.eu/robots.txt", PageKind::RobotsTxt),
            ("https://a.eu/robots.txt?x=1", PageKind::RobotsTxt),
            ("https://a.eu/de/robots.txt", PageKind::Html),
            ("https://a.eu", PageKind::Html),
            ("http://a.eu/.well-known/tdmrep.json", PageKind::TdmRep),
            ("http://a.eu/ai.txt", PageKind::AiTxt),
            ("http://a.eu/?q=/robots.txt", PageKind::Html),
        ] {
            assert_eq!(PageKind::of_url(url), kind, "{url}");
        }
        assert_eq!(tld_of("https://www.a.CZ:80/x.html").as_deref(), Some("cz"));
        assert_eq!(tld_of("http://127.0.0.1/"), None);
    }

    #[test]
    fn a_content_type_is_read_as_servers_write_it() {
        for (value, media, charset_) in [
            (
                "text/html; charset=ISO-8859-2",
                "text/html",
                Some("ISO-8859-2"),
            ),
            ("TEXT/HTML;Charset=\"utf-8\"", "text/html", Some("utf-8")),
            ("text/html;charset=", "text/html", None),
            ("text/html, text/html; charset=a b", "text/html", Some("a")),
            ("", "", None),
        ] {
            assert_eq!(media_type(value), media, "{value}");
            assert_eq!(charset(value), charset_, "{value}");
        }
    }

    #[test]
    fn a_page_becomes_a_record_in_the_names_of_hplt() {
        let mut source = Record::new("", "").source;
        source.path = "crawl/1.warc.gz".into();
        (source.offset, source.size) = (120, 999);
        let page = Page {
            kind: PageKind::Html,
            url: Some("https://a.eu/x".into()),
            ts: Some("2021-09-18T05:24:22Z".into()),
            status: 200,
            content_type: Some("text/html; charset=utf-8".into()),
            headers: Vec::new(),
            body: b"<p>Tere".to_vec(),
            warc_id: None,
            truncated: None,
            crawl_id: Some("cc40".into()),
            fields: Map::new(),
            source,
        };
        let record = page.into_record("Tere".into(), "utf-8");
        let json = Value::Object(record.to_json()).to_string();
        assert_eq!(
            json,
            concat!(
                r#"{"f":"crawl/1.warc.gz","o":120,"s":999,"rs":7,"u":"https://a.eu/x","#,
                r#""c":"text/html","ts":"2021-09-18T05:24:22Z","de":"utf-8","crawl_id":"cc40","#,
                r#""id":"ID","text":"Tere"}"#
            )
            .replace("ID", &record.id)
        );
        assert_eq!(record.id.len(), 32);
    }
}
