//! WARC 1.0 and 1.1 (ISO 28500), its derived WET, and ARC 1: heads of records, and what a record
//! becomes.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::http;
use super::item::{Item, Options, Skipped, Why};
use super::page::{Page, PageKind, media_type};
use crate::data::record::{Record, Source};

/// Longest head of a record.
pub(super) const MAX_HEAD_BYTES: usize = 1 << 20;
/// Longest line that names a record of ARC.
const MAX_ARC_LINE_BYTES: usize = 64 << 10;

/// The head of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Head {
    /// Bytes of the head, its empty line included.
    pub(super) len: usize,
    /// Bytes of the block behind it.
    pub(super) content_len: u64,
    /// WARC's fields, or ARC's in the same names.
    pub(super) fields: Vec<(String, String)>,
}

impl Head {
    /// The value of the first field of that name.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        http::header(&self.fields, name)
    }

    /// The address the record is of.
    pub(super) fn url(&self) -> Option<String> {
        let url = self.get("WARC-Target-URI")?;
        Some(bare(url).to_string()).filter(|u| !u.is_empty())
    }
}

/// A URI without the brackets some writers put around it.
fn bare(uri: &str) -> &str {
    uri.trim().trim_start_matches('<').trim_end_matches('>')
}

/// What stands where a record should begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Begin {
    /// A record.
    Record(Head),
    /// The beginning of a head: more bytes are needed.
    Cut,
    /// A head that is not as it should be.
    Bad(String),
    /// No head of a record.
    Not,
}

/// Whether a record of a WARC or an ARC file begins with these bytes, which may be few.
pub(super) fn looks_like_record(bytes: &[u8]) -> bool {
    bytes.starts_with(b"WARC/") || arc_line(bytes).is_some()
}

/// Reads the head of a record off the first bytes of `bytes`.
pub(super) fn begin(bytes: &[u8]) -> Begin {
    const VERSION: &[u8] = b"WARC/";
    let n = bytes.len().min(VERSION.len());
    if bytes.get(..n) == VERSION.get(..n) {
        return begin_warc(bytes);
    }
    if let Some(head) = arc_line(bytes) {
        return Begin::Record(head);
    }
    let is_line = bytes.contains(&b'\n') || bytes.len() >= MAX_ARC_LINE_BYTES;
    let is_uri = bytes.first().is_some_and(u8::is_ascii_alphabetic)
        && bytes
            .iter()
            .take_while(|b| **b != b'\n')
            .all(|b| *b >= b' ');
    match is_uri && !is_line {
        true => Begin::Cut,
        false => Begin::Not,
    }
}

fn begin_warc(bytes: &[u8]) -> Begin {
    let Some(len) = end_of_head(bytes) else {
        return match bytes.len() < MAX_HEAD_BYTES {
            true => Begin::Cut,
            false => Begin::Bad("head of the record is longer than 1 MiB".into()),
        };
    };
    let mut rest = bytes.get(..len).unwrap_or(bytes);
    let all = rest;
    let version_ends = rest.iter().position(|b| *b == b'\n').unwrap_or(0);
    rest = rest.get(version_ends + 1..).unwrap_or_default();
    let version = all.get(..version_ends).unwrap_or_default().trim_ascii();
    if !version.starts_with(b"WARC/0.") && !version.starts_with(b"WARC/1.") {
        return Begin::Bad("not a version of WARC eu reads: 1.0 or 1.1".into());
    }
    let fields = http::headers(&mut rest);
    let length = http::header(&fields, "Content-Length");
    let Some(content_len) = length.and_then(|l| l.parse().ok()) else {
        return Begin::Bad("record without a Content-Length that is a number".into());
    };
    Begin::Record(Head {
        len,
        content_len,
        fields,
    })
}

/// Length of a head with the empty line it ends with.
fn end_of_head(bytes: &[u8]) -> Option<usize> {
    use std::io::BufRead;
    let mut rest = bytes.get(..MAX_HEAD_BYTES).unwrap_or(bytes);
    let mut len = 0;
    loop {
        let line = rest;
        let n = rest.skip_until(b'\n').ok().filter(|n| *n > 0)?;
        len += n;
        match line.get(..n)? {
            b"\n" | b"\r\n" => return Some(len),
            line if line.last() != Some(&b'\n') => return None,
            _ => {}
        }
    }
}

/// Reads the line before a record of ARC: `URL IP date type length`, in version 2 with five more
/// fields before the length.
fn arc_line(bytes: &[u8]) -> Option<Head> {
    let line = bytes.get(..MAX_ARC_LINE_BYTES).unwrap_or(bytes);
    let end = line.iter().position(|b| *b == b'\n')?;
    let line = std::str::from_utf8(line.get(..end)?).ok()?;
    let words: Vec<&str> = line.trim_end_matches('\r').split(' ').collect();
    let (url, date, kind) = match *words.as_slice() {
        [url, _, date, kind, _] | [url, _, date, kind, _, _, _, _, _, _] => (url, date, kind),
        _ => return None,
    };
    let content_len = words.last()?.parse().ok()?;
    let has_scheme = url.split_once(':').is_some_and(|(scheme, _)| {
        !scheme.is_empty() && scheme.bytes().all(|b| b.is_ascii_alphanumeric())
    });
    if !has_scheme || !date.bytes().all(|b| b.is_ascii_digit()) || date.len() != 14 {
        return None;
    }
    let part = |from: usize, to: usize| date.get(from..to).unwrap_or("00");
    let iso = format!(
        "{}-{}-{}T{}:{}:{}Z",
        part(0, 4),
        part(4, 6),
        part(6, 8),
        part(8, 10),
        part(10, 12),
        part(12, 14)
    );
    let field = |name: &str, value: &str| (name.to_string(), value.to_string());
    let (warc_type, media) = match url {
        url if url.starts_with("filedesc:") => ("warcinfo", kind),
        url if url.starts_with("http") => ("response", "application/http"),
        _ => ("resource", kind),
    };
    Some(Head {
        len: end + 1,
        content_len,
        fields: vec![
            field("WARC-Type", warc_type),
            field("WARC-Target-URI", url),
            field("WARC-Date", &iso),
            field("Content-Type", media),
        ],
    })
}

/// What a whole record becomes.
///
/// # Errors
/// What is wrong with its content.
pub(super) fn item(
    head: &Head,
    block: &[u8],
    source: Source,
    options: &Options,
) -> Result<Item, String> {
    let warc_type = head.get("WARC-Type").unwrap_or("").to_ascii_lowercase();
    let declared = head.get("Content-Type");
    match warc_type.as_str() {
        "response" | "resource" | "conversion" => {}
        _ => {
            return Ok(Item::Skipped(Skipped {
                source,
                url: head.url(),
                why: Why::WarcType(warc_type.chars().take(64).collect()),
            }));
        }
    }
    let media = declared.map(media_type).unwrap_or_default();
    if warc_type == "conversion" && (media == "text/plain" || media.is_empty()) {
        return text(head, block, source, options);
    }
    let truncated = head.get("WARC-Truncated").map(str::to_string);
    let is_http = media == "application/http" || media.is_empty() && block.starts_with(b"HTTP/");
    let (status, headers, body, content_type);
    if warc_type == "response" && is_http {
        let response = http::parse(block)?;
        let may_be_cut = truncated.is_some();
        body = http::body(&response, may_be_cut, options.max_record_bytes)?;
        content_type = http::header(&response.headers, "Content-Type").map(str::to_string);
        (status, headers) = (response.status, response.headers);
    } else {
        (status, headers) = (0, Vec::new());
        body = Cow::Borrowed(block);
        content_type = declared.map(str::to_string);
    }
    let url = head.url();
    let page = Page {
        kind: url.as_deref().map_or(PageKind::Html, PageKind::of_url),
        url,
        ts: head.get("WARC-Date").map(str::to_string),
        status,
        content_type,
        headers,
        body: body.into_owned(),
        warc_id: head.get("WARC-Record-ID").map(|id| bare(id).to_string()),
        truncated,
        crawl_id: options.crawl_id.clone(),
        fields: Map::new(),
        source,
    };
    Ok(sort(page))
}

/// A page to read, a word to robots, or neither.
pub(super) fn sort(page: Page) -> Item {
    let skip = |page: Page, why| {
        Item::Skipped(Skipped {
            source: page.source,
            url: page.url,
            why,
        })
    };
    if page.kind != PageKind::Html {
        return Item::Robots(page); // also when it is not there: that is an answer
    }
    if !matches!(page.status, 0 | 200 | 201 | 202 | 203) {
        let why = Why::Status(page.status);
        return skip(page, why);
    }
    if page.body.iter().all(u8::is_ascii_whitespace) {
        return skip(page, Why::Empty);
    }
    let media = page.media_type().unwrap_or_default();
    let is_html = match media.as_str() {
        "text/html" | "application/xhtml+xml" => !is_binary(&page.body),
        "" | "unknown/unknown" | "application/unknown" | "*/*" => looks_like_html(&page.body),
        _ => false,
    };
    match is_html {
        true => Item::Page(page),
        false => skip(page, Why::ContentType(media.chars().take(128).collect())),
    }
}

/// Whether bytes begin as a page does (after the WHATWG MIME Sniffing standard, 7.1).
pub(super) fn looks_like_html(bytes: &[u8]) -> bool {
    const TAGS: [&[u8]; 12] = [
        b"<!doctype html",
        b"<html",
        b"<head",
        b"<body",
        b"<title",
        b"<meta",
        b"<script",
        b"<div",
        b"<table",
        b"<h1",
        b"<p",
        b"<!--",
    ];
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let head = bytes.trim_ascii_start();
    TAGS.iter().any(|tag| {
        head.get(..tag.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(tag))
    })
}

/// Whether bytes begin as files do that servers take for pages.
fn is_binary(bytes: &[u8]) -> bool {
    const MAGICS: [&[u8]; 8] = [
        b"%PDF-",
        b"\x89PNG",
        b"\xff\xd8\xff",
        b"GIF8",
        b"PK\x03\x04",
        b"\x1f\x8b\x08",
        b"RIFF",
        b"\xd0\xcf\x11\xe0",
    ];
    MAGICS.iter().any(|magic| bytes.starts_with(magic))
}

/// A record of WET: text that others made of a page.
fn text(head: &Head, block: &[u8], source: Source, options: &Options) -> Result<Item, String> {
    let text = std::str::from_utf8(block)
        .map_err(|e| format!("byte {} of the text is not UTF-8", e.valid_up_to() + 1))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.trim().is_empty() {
        return Ok(Item::Skipped(Skipped {
            source,
            url: head.url(),
            why: Why::Empty,
        }));
    }
    let page = Page {
        kind: PageKind::Html,
        url: head.url(),
        ts: head.get("WARC-Date").map(str::to_string),
        status: 0,
        content_type: head.get("Content-Type").map(str::to_string),
        headers: Vec::new(),
        body: block.to_vec(), // its length is noted
        warc_id: None,
        truncated: None,
        crawl_id: options.crawl_id.clone(),
        fields: Map::new(),
        source: source.clone(),
    };
    let mut fields: Map<String, Value> = page.into_record(String::new(), "utf-8").to_json();
    if let Some(langs) = head.get("WARC-Identified-Content-Language") {
        let langs: Vec<&str> = langs.split(',').map(str::trim).collect();
        fields.insert("lang".into(), langs.into());
    }
    fields.insert("text".into(), text.trim_end_matches('\n').into());
    let record = Record::from_fields(fields, "text", source);
    record.map(Item::Record).ok_or_else(|| "no text".into())
}

#[cfg(test)]
mod tests;
