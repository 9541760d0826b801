//! What a file is, by its name or its first bytes, and a language it may be named after.

use std::path::Path;

use super::warc;
use crate::lang::Lang;

/// How a file is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// One JSON object a line.
    Lines,
    /// One record the whole file.
    Plain,
    /// One page the whole file.
    Html,
    /// WARC, WET or ARC.
    Crawl,
    /// A table in columns.
    Parquet,
}

/// Endings of file names (behind them `.gz` or `.zst` may follow).
const ENDINGS: [(&str, Kind); 12] = [
    ("jsonl", Kind::Lines),
    ("ndjson", Kind::Lines),
    ("txt", Kind::Plain),
    ("html", Kind::Html),
    ("htm", Kind::Html),
    ("xhtml", Kind::Html),
    ("warc", Kind::Crawl),
    ("wet", Kind::Crawl),
    ("wat", Kind::Crawl),
    ("arc", Kind::Crawl),
    ("parquet", Kind::Parquet),
    ("parq", Kind::Parquet),
];

/// The file's name without the ending of its compression.
fn bare_name(path: &Path) -> &str {
    let name = path.file_name().and_then(|n| n.to_str()).unwrap_or("");
    [".gz", ".zst"]
        .iter()
        .find_map(|ending| name.strip_suffix(ending))
        .unwrap_or(name)
}

/// The kind a file's name tells; none when it tells nothing we know.
pub(super) fn kind(path: &Path) -> Option<Kind> {
    let (_, ending) = bare_name(path).rsplit_once('.')?;
    let known = ENDINGS
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(ending));
    known.map(|(_, kind)| *kind)
}

/// The kind the first bytes of a file tell, unpacked; JSON lines where they tell nothing.
pub(super) fn kind_of_bytes(head: &[u8]) -> Kind {
    if head.starts_with(b"PAR1") {
        Kind::Parquet
    } else if warc::looks_like_record(head) {
        Kind::Crawl
    } else if warc::looks_like_html(head) || head.trim_ascii_start().starts_with(b"<?xml") {
        Kind::Html
    } else {
        Kind::Lines
    }
}

/// The language a file is named after: `deu.txt`, `udhr_deu.txt`, `deu_Latn.jsonl.zst`.
pub(super) fn named_lang(path: &Path) -> Option<&'static Lang> {
    let (stem, _) = bare_name(path).split_once('.')?;
    Lang::find(stem.strip_prefix("udhr_").unwrap_or(stem))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_tells_kind_and_language() {
        for (name, expected, code) in [
            ("a/deu.txt", Some(Kind::Plain), Some("deu_Latn")),
            ("udhr_lvs.txt.gz", Some(Kind::Plain), Some("lvs_Latn")),
            ("srp_Latn.jsonl.zst", Some(Kind::Lines), Some("srp_Latn")),
            ("crawl-07.jsonl", Some(Kind::Lines), None),
            ("x.ndjson", Some(Kind::Lines), None),
            ("CC-MAIN-2024.warc.gz", Some(Kind::Crawl), None),
            ("CC-MAIN-2024.warc.wet.gz", Some(Kind::Crawl), None),
            ("page.HTM", Some(Kind::Html), None),
            ("000_00001.parquet", Some(Kind::Parquet), None),
            ("README.md", None, None),
            ("deu", None, None),
        ] {
            let path = Path::new(name);
            assert_eq!(kind(path), expected, "{name}");
            assert_eq!(named_lang(path).map(|l| l.code.as_str()), code, "{name}");
        }
    }

    #[test]
    fn first_bytes_tell_what_a_nameless_stream_is() {
        for (head, kind) in [
            (&b"WARC/1.0\r\nWARC-Type: w"[..], Kind::Crawl),
            (
                b"filedesc://a 0.0.0.0 20140216050221 text/plain 75\n",
                Kind::Crawl,
            ),
            (b"{\"text\":", Kind::Lines),
            (b"\n <!DOCTYPE html>", Kind::Html),
            (b"PAR1\x15", Kind::Parquet),
            (b"", Kind::Lines),
        ] {
            assert_eq!(kind_of_bytes(head), kind);
        }
    }

    #[test]
    fn every_language_can_name_a_file() {
        for lang in Lang::all() {
            let path = format!("udhr/{}.txt", lang.code);
            assert_eq!(named_lang(Path::new(&path)), Some(lang));
        }
    }
}
