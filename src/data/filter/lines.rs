//! Lines: repeated, listed, cut short, or not sentences at all (Gopher; FineWeb, arXiv 2406.17557).

use xxhash_rust::xxh3::xxh3_64;

use super::family::{Bound, Family, Metrics, Page, Row, Tables, ratio};
use super::rules::Rules;
use super::words::mix;

pub(super) const FAMILY: Family = Family {
    measure,
    rows: &[
        Row {
            reason: "dup_lines",
            metric: "dup_lines",
            bound: Bound::AtMost,
            value: |m| m.dup_lines,
            threshold: |r| r.max_dup_lines,
        },
        Row {
            reason: "dup_paragraphs",
            metric: "dup_paragraphs",
            bound: Bound::AtMost,
            value: |m| m.dup_paragraphs,
            threshold: |r| r.max_dup_paragraphs,
        },
        Row {
            reason: "dup_line_chars",
            metric: "dup_line_chars",
            bound: Bound::AtMost,
            value: |m| m.dup_line_chars,
            threshold: |r| r.max_dup_line_chars,
        },
        Row {
            reason: "bullet_lines",
            metric: "bullet_lines",
            bound: Bound::AtMost,
            value: |m| m.bullet_lines,
            threshold: |r| r.max_bullet_lines,
        },
        Row {
            reason: "ellipsis_lines",
            metric: "ellipsis_lines",
            bound: Bound::AtMost,
            value: |m| m.ellipsis_lines,
            threshold: |r| r.max_ellipsis_lines,
        },
        Row {
            reason: "few_sentence_ends",
            metric: "line_punctuation",
            bound: Bound::AtLeast,
            value: |m| m.line_punctuation,
            threshold: |r| r.min_line_punctuation,
        },
        Row {
            reason: "short_lines",
            metric: "short_lines",
            bound: Bound::AtMost,
            value: |m| m.short_lines,
            threshold: |r| r.max_short_lines,
        },
        Row {
            reason: "many_line_ends",
            metric: "new_line_ratio",
            bound: Bound::AtMost,
            value: |m| m.new_line_ratio,
            threshold: |r| r.max_new_line_ratio,
        },
    ],
};

/// Characters a short line has at most; FineWeb.
const SHORT_LINE: usize = 30;

/// Ends a sentence, alone or before a closing quotation mark or bracket.
fn ends_sentence(line: &str) -> bool {
    let closing = |c: char| {
        matches!(
            c,
            '"' | '\'' | '”' | '“' | '’' | '‘' | '»' | '«' | ')' | ']'
        )
    };
    // U+037E is the Greek question mark, which Unicode equates with the semicolon.
    let stops = |c: char| {
        matches!(
            c,
            '.' | '!' | '?' | '…' | '‽' | ';' | '\u{37e}' | '。' | '։' | '۔'
        )
    };
    line.trim_end_matches(closing).ends_with(stops) || line.ends_with(['”', '"', '»'])
}

/// Begins an item of a list.
fn is_bullet(line: &str) -> bool {
    line.starts_with(['•', '-', '*', '‣', '▪', '◦', '·'])
}

#[derive(Default)]
struct Counts {
    lines: usize,
    dup_lines: usize,
    chars: usize,
    dup_chars: usize,
    paragraphs: usize,
    dup_paragraphs: usize,
    bullets: usize,
    ellipses: usize,
    stops: usize,
    short: usize,
}

fn measure(page: &Page, _: &Rules, tables: &mut Tables, metrics: &mut Metrics) {
    let n_feeds = page.text.bytes().filter(|b| *b == b'\n').count();
    tables.first.clear(n_feeds + 1);
    tables.second.clear(n_feeds + 1);
    let mut n = Counts::default();
    let mut paragraph = None;
    let mut close = |paragraph: &mut Option<u64>, n: &mut Counts| {
        if let Some(hash) = paragraph.take() {
            n.paragraphs += 1;
            n.dup_paragraphs += usize::from(tables.second.seen(hash));
        }
    };
    for line in page.text.split('\n') {
        let line = line.trim();
        if line.is_empty() {
            close(&mut paragraph, &mut n);
            continue;
        }
        let hash = xxh3_64(line.as_bytes());
        let n_chars = line.chars().count();
        paragraph = Some(mix(paragraph.unwrap_or(0), hash));
        n.lines += 1;
        n.chars += n_chars;
        if tables.first.seen(hash) {
            n.dup_lines += 1;
            n.dup_chars += n_chars;
        }
        n.bullets += usize::from(is_bullet(line));
        n.ellipses += usize::from(line.ends_with("...") || line.ends_with('…'));
        n.stops += usize::from(ends_sentence(line));
        n.short += usize::from(n_chars <= SHORT_LINE);
    }
    close(&mut paragraph, &mut n);
    metrics.dup_lines = ratio(n.dup_lines, n.lines);
    metrics.dup_paragraphs = ratio(n.dup_paragraphs, n.paragraphs);
    metrics.dup_line_chars = ratio(n.dup_chars, n.chars);
    metrics.bullet_lines = ratio(n.bullets, n.lines);
    metrics.ellipsis_lines = ratio(n.ellipses, n.lines);
    metrics.line_punctuation = ratio(n.stops, n.lines);
    metrics.short_lines = ratio(n.short, n.lines);
    metrics.new_line_ratio = ratio(n.lines.saturating_sub(1), page.words.len());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_paragraphs_are_counted_by_hand() {
        let text = "Erste Zeile.\n- Punkt\n\nErste Zeile.\n- Punkt\n\nund so weiter ...\n\"Ja!\"";
        let mut metrics = Metrics::default();
        let page = Page {
            text,
            n_chars: text.len(),
            words: &[],
        };
        let rules = Rules::of(&crate::lang::Lang::all()[0]);
        measure(&page, rules, &mut Tables::default(), &mut metrics);
        assert_eq!(metrics.dup_lines, 2.0 / 6.0);
        assert_eq!(metrics.dup_paragraphs, 1.0 / 3.0);
        assert_eq!(metrics.dup_line_chars, 19.0 / 60.0);
        assert_eq!(metrics.bullet_lines, 2.0 / 6.0);
        assert_eq!(metrics.ellipsis_lines, 1.0 / 6.0);
        assert_eq!(metrics.line_punctuation, 4.0 / 6.0);
        assert_eq!(metrics.short_lines, 1.0);
    }
}
