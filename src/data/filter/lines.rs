//! Lines: repeated, listed, cut short, or not sentences at all (Gopher; FineWeb, arXiv 2406.17557).

use xxhash_rust::xxh3::xxh3_64;

use super::flags::ends_sentence;
use super::metrics::{Metrics, Page, Tables, ratio};
use super::words::mix;

/// Characters a short line has at most; FineWeb.
pub(super) const SHORT_LINE: usize = 30;

#[derive(Default)]
struct Counts {
    lines: usize,
    dup_lines: usize,
    chars: usize,
    dup_chars: usize,
    paragraphs: usize,
    dup_paragraphs: usize,
    dup_paragraph_chars: usize,
    bullets: usize,
    ellipses: usize,
    stops: usize,
    short: usize,
    /// Lengths of the three longest lines, the longest first.
    longest: [usize; 3],
}

/// A paragraph that is being read.
#[derive(Default)]
struct Paragraph {
    hash: u64,
    n_chars: usize,
}

impl Paragraph {
    fn close(&mut self, tables: &mut Tables, n: &mut Counts) {
        if self.n_chars > 0 {
            n.paragraphs += 1;
            if tables.second.seen(self.hash) {
                n.dup_paragraphs += 1;
                n.dup_paragraph_chars += self.n_chars;
            }
        }
        *self = Paragraph::default();
    }
}

/// Counts the characters of a line. Most lines are short, and a plain loop over their bytes costs
/// less than a fast one's start.
#[inline]
fn count_chars(line: &str) -> usize {
    line.bytes().filter(|byte| byte & 0xc0 != 0x80).count()
}

pub(super) fn measure(page: &Page, tables: &mut Tables, metrics: &mut Metrics) {
    let n_feeds = memchr::memchr_iter(b'\n', page.text.as_bytes()).count();
    tables.first.clear(n_feeds + 1);
    tables.second.clear(n_feeds + 1);
    let mut n = Counts::default();
    let mut paragraph = Paragraph::default();
    let mut begin = 0;
    for end in memchr::memchr_iter(b'\n', page.text.as_bytes()).chain([page.text.len()]) {
        let line = page.text.get(begin..end).unwrap_or_default().trim();
        begin = end + 1;
        if line.is_empty() {
            paragraph.close(tables, &mut n);
            continue;
        }
        let hash = xxh3_64(line.as_bytes());
        let n_chars = count_chars(line);
        paragraph.hash = mix(paragraph.hash, hash);
        paragraph.n_chars += n_chars;
        n.lines += 1;
        n.chars += n_chars;
        if tables.first.seen(hash) {
            n.dup_lines += 1;
            n.dup_chars += n_chars;
        }
        n.bullets += usize::from(line.starts_with(['•', '-']));
        n.ellipses += usize::from(line.ends_with("...") || line.ends_with('…'));
        n.stops += usize::from(line.ends_with(ends_sentence));
        n.short += usize::from(n_chars <= SHORT_LINE);
        n.rank(n_chars);
    }
    paragraph.close(tables, &mut n);
    metrics.n_lines = n.lines as u64;
    metrics.n_paragraphs = n.paragraphs as u64;
    metrics.dup_lines = ratio(n.dup_lines, n.lines);
    metrics.dup_paragraphs = ratio(n.dup_paragraphs, n.paragraphs);
    metrics.dup_line_chars = ratio(n.dup_chars, n.chars);
    metrics.dup_paragraph_chars = ratio(n.dup_paragraph_chars, n.chars);
    metrics.bullet_lines = ratio(n.bullets, n.lines);
    metrics.ellipsis_lines = ratio(n.ellipses, n.lines);
    metrics.line_punctuation = ratio(n.stops, n.lines);
    metrics.short_lines = ratio(n.short, n.lines);
    metrics.new_line_ratio = ratio(n.lines.saturating_sub(1), page.words.len());
    metrics.third_line = n.longest[2] as u64;
}

impl Counts {
    fn rank(&mut self, n_chars: usize) {
        let [a, b, c] = self.longest;
        self.longest = match n_chars {
            n if n > a => [n, a, b],
            n if n > b => [a, n, b],
            n if n > c => [a, b, n],
            _ => return,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::super::words::split;
    use super::*;

    #[test]
    fn lines_and_paragraphs_are_counted_by_hand() {
        let text = "Erste Zeile.\n- Punkt\n\nErste Zeile.\n- Punkt\n\nund so weiter ...\n\"Ja!\"";
        let mut words = Vec::new();
        let marks = split(text, &mut words);
        let page = Page {
            text,
            n_chars: text.len(),
            words: &words,
            marks,
        };
        let mut metrics = Metrics::default();
        measure(&page, &mut Tables::default(), &mut metrics);
        assert_eq!((metrics.n_lines, metrics.n_paragraphs), (6, 3));
        assert_eq!(metrics.dup_lines, 2.0 / 6.0);
        assert_eq!(metrics.dup_paragraphs, 1.0 / 3.0);
        assert_eq!(metrics.dup_line_chars, 19.0 / 60.0);
        assert_eq!(metrics.dup_paragraph_chars, 19.0 / 60.0);
        assert_eq!(metrics.bullet_lines, 2.0 / 6.0);
        assert_eq!(metrics.ellipsis_lines, 1.0 / 6.0);
        assert_eq!(metrics.line_punctuation, 3.0 / 6.0);
        assert_eq!(metrics.short_lines, 1.0);
        assert_eq!(metrics.third_line, 12);
        assert_eq!(metrics.new_line_ratio, 5.0 / words.len() as f64);
    }
}
