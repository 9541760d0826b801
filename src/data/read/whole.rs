//! Files that are one item each: plain text and HTML.

use std::io;
use std::path::Path;

use serde_json::Map;

use super::item::{Item, Options, Quarantined, Skipped, Why};
use super::kind::named_lang;
use super::lines::label_by_name;
use super::page::{Page, PageKind};
use super::unpacked::{Have, Unpacked};
use crate::data::record::{Record, Source};

const BOM: &[u8] = b"\xef\xbb\xbf";

/// The bytes of a whole file, or what is wrong with it.
fn read_all(bytes: &mut Unpacked, max_bytes: usize) -> io::Result<Result<Vec<u8>, String>> {
    match bytes.ensure(max_bytes.saturating_add(1))? {
        Have::Enough => return Ok(Err(format!("file is longer than {max_bytes} bytes"))),
        Have::Break => {
            let what = bytes.pending().map(|d| d.what.clone());
            return Ok(Err(what.unwrap_or_default()));
        }
        Have::End => {}
    }
    Ok(Ok(bytes.bytes().to_vec()))
}

/// The one item of a text or a page.
pub(super) fn item(
    bytes: &mut Unpacked,
    path: &Path,
    is_html: bool,
    options: &Options,
) -> io::Result<Item> {
    let read = read_all(bytes, options.max_record_bytes)?;
    let size = bytes.stored().len().unwrap_or(bytes.stored().pos());
    let source = Source {
        path: path.into(),
        line: 1,
        offset: 0,
        size,
    };
    let made = read.and_then(|body| match body.iter().all(u8::is_ascii_whitespace) {
        true => Ok(Item::Skipped(Skipped {
            source: source.clone(),
            url: None,
            why: Why::Empty,
        })),
        false if is_html => Ok(Item::Page(page(body, source.clone(), options))),
        false => text(&body, source.clone()).map(Item::Record),
    });
    Ok(made.unwrap_or_else(|what| {
        Item::Quarantined(Quarantined {
            path: path.into(),
            offset: 0,
            size,
            line: 1,
            what,
        })
    }))
}

fn page(body: Vec<u8>, source: Source, options: &Options) -> Page {
    Page {
        kind: PageKind::Html,
        url: None,
        ts: None,
        status: 0,
        content_type: None,
        headers: Vec::new(),
        body,
        warc_id: None,
        truncated: None,
        crawl_id: options.crawl_id.clone(),
        fields: Map::new(),
        source,
    }
}

/// A text as one record; its paragraphs stay as they are.
fn text(bytes: &[u8], source: Source) -> Result<Record, String> {
    let bytes = bytes.strip_prefix(BOM).unwrap_or(bytes);
    let line_of = |at: usize| {
        let before = bytes.get(..at).unwrap_or_default();
        before.iter().filter(|b| **b == b'\n').count() + 1
    };
    let text = std::str::from_utf8(bytes)
        .map_err(|e| format!("line {} is not UTF-8", line_of(e.valid_up_to())))?;
    if let Some(at) = text.find('\0') {
        return Err(format!("a NUL byte in line {}", line_of(at)));
    }
    let text = text.replace("\r\n", "\n");
    let mut record = Record::new("", text.trim_matches('\n'));
    let lang = named_lang(&source.path);
    record.source = source;
    record.id = record.source.id();
    label_by_name(&mut record, lang);
    Ok(record)
}
