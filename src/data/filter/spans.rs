//! Where in a text a filter found what it measured: for people who ask why.

use std::collections::HashMap;
use std::ops::Range;

use super::FILTERS;
use super::flags::ends_sentence;
use super::lines::SHORT_LINE;
use super::words::{Word, mix, split};

/// Bytes of `text` that count towards the metric of the filter which drops for `reason`, from left
/// to right, apart; none where the metric is of the text as a whole, or no filter has that name.
///
/// Of lines that should end a sentence those are given that do not.
pub fn spans(reason: &str, text: &str) -> Vec<Range<usize>> {
    let Some(filter) = FILTERS.iter().find(|filter| filter.reason == reason) else {
        return Vec::new();
    };
    match filter.metric {
        "dup_lines" | "dup_line_chars" => seen_before(lines(text), text),
        "dup_paragraphs" | "dup_paragraph_chars" => seen_before(paragraphs(text), text),
        "bullet_lines" => lines_that(text, |line| line.starts_with(['•', '-'])),
        "ellipsis_lines" => lines_that(text, |line| line.ends_with("...") || line.ends_with('…')),
        "line_punctuation" => lines_that(text, |line| !line.ends_with(ends_sentence)),
        "short_lines" => lines_that(text, |line| line.chars().nth(SHORT_LINE).is_none()),
        "curly_brackets" => places(text, &["{", "}"]),
        "lorem_ipsum" => places(&text.to_ascii_lowercase(), &["lorem ipsum"]),
        "symbol_ratio" => places(text, &["#", "...", "…"]),
        metric => match run_length(metric) {
            Some(("top", n)) => top_run(text, n),
            Some(("dup", n)) => repeated_runs(text, n),
            _ => Vec::new(),
        },
    }
}

/// `dup_5_gram` is `("dup", 5)`.
fn run_length(metric: &str) -> Option<(&str, usize)> {
    let (kind, n) = metric.strip_suffix("_gram")?.split_once('_')?;
    Some((kind, n.parse().ok()?))
}

/// Lines with letters, without the space around them.
fn lines(text: &str) -> Vec<Range<usize>> {
    let mut at = 0;
    let mut found = Vec::new();
    for line in text.split_inclusive('\n') {
        let start = at + line.len() - line.trim_start().len();
        let bare = line.trim().len();
        if bare > 0 {
            found.push(start..start + bare);
        }
        at += line.len();
    }
    found
}

/// Lines that no blank line parts.
fn paragraphs(text: &str) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    for line in lines(text) {
        let gap = found.last().and_then(|last| text.get(last.end..line.start));
        let joined = gap.is_some_and(|gap| gap.matches('\n').count() == 1);
        match found.last_mut() {
            Some(last) if joined => last.end = line.end,
            _ => found.push(line),
        }
    }
    found
}

fn lines_that(text: &str, holds: impl Fn(&str) -> bool) -> Vec<Range<usize>> {
    let mut all = lines(text);
    all.retain(|line| text.get(line.clone()).is_some_and(&holds));
    all
}

/// Those of `parts` whose text stood before.
fn seen_before(mut parts: Vec<Range<usize>>, text: &str) -> Vec<Range<usize>> {
    let mut seen = std::collections::HashSet::new();
    parts.retain(|part| {
        text.get(part.clone())
            .is_some_and(|said| !seen.insert(said))
    });
    parts
}

fn places(text: &str, words: &[&str]) -> Vec<Range<usize>> {
    let all = words.iter().flat_map(|word| text.match_indices(word));
    let mut found: Vec<Range<usize>> = all.map(|(at, word)| at..at + word.len()).collect();
    found.sort_by_key(|place| place.start);
    found
}

/// Hash of every run of `n` words, in their order.
fn runs(words: &[Word], n: usize) -> impl Iterator<Item = (usize, u64)> + '_ {
    let hash = |run: &[Word]| run.iter().map(|word| word.hash).reduce(mix).unwrap_or(0);
    words.windows(n.max(1)).map(hash).enumerate()
}

/// From the first letter of the run of `n` words at `at` to its last.
fn place(text: &str, words: &[Word], at: usize, n: usize) -> Option<Range<usize>> {
    let (first, last) = (words.get(at)?, words.get(at + n - 1)?);
    let begin = last.start as usize;
    let rest = text.get(begin..)?;
    let end = rest.char_indices().nth(last.n_chars());
    Some(first.start as usize..begin + end.map_or(rest.len(), |(end, _)| end))
}

/// Every place of the most frequent run of `n` words, the first of those.
fn top_run(text: &str, n: usize) -> Vec<Range<usize>> {
    let mut words = Vec::new();
    split(text, &mut words);
    let mut counts: HashMap<u64, usize> = HashMap::new();
    for (_, hash) in runs(&words, n) {
        *counts.entry(hash).or_default() += 1;
    }
    let mut best = (1, None);
    for (_, hash) in runs(&words, n) {
        let count = counts.get(&hash).copied().unwrap_or(0);
        if count > best.0 {
            best = (count, Some(hash));
        }
    }
    let mut found: Vec<Range<usize>> = Vec::new();
    for (at, _) in runs(&words, n).filter(|(_, hash)| best.1 == Some(*hash)) {
        let Some(place) = place(text, &words, at, n) else {
            continue;
        };
        match found.last_mut() {
            // A run may overlap itself: `la la la`.
            Some(last) if place.start < last.end => last.end = place.end,
            _ => found.push(place),
        }
    }
    found
}

/// Runs of `n` words that stood before, from left to right, none inside another.
fn repeated_runs(text: &str, n: usize) -> Vec<Range<usize>> {
    let mut words = Vec::new();
    split(text, &mut words);
    let mut seen = std::collections::HashSet::new();
    let (mut found, mut next) = (Vec::new(), 0);
    for (at, hash) in runs(&words, n) {
        // As the metric counts: a run that overlaps one already counted is neither counted nor
        // remembered.
        if at >= next && !seen.insert(hash) {
            found.extend(place(text, &words, at, n));
            next = at + n;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::{Known, Meter, Rules};
    use super::*;
    use crate::lang::Lang;

    fn marked<'a>(reason: &str, text: &'a str) -> Vec<&'a str> {
        let all = spans(reason, text);
        all.into_iter().map(|range| &text[range]).collect()
    }

    #[test]
    fn each_measure_points_at_what_it_counted() {
        let text = "Öl hier.\n- Öl da\n\n  Öl hier.\n- Öl da\nund so …";
        assert_eq!(marked("dup_lines", text), ["Öl hier.", "- Öl da"]);
        assert_eq!(
            marked("dup_line_chars_gopher", text),
            ["Öl hier.", "- Öl da"]
        );
        assert!(
            marked("dup_paragraphs", text).is_empty(),
            "the second goes on"
        );
        let twice = "a\nb\n\n\nc\n\na\nb\n";
        assert_eq!(marked("dup_paragraphs", twice), ["a\nb"]);
        assert_eq!(marked("bullet_lines", text), ["- Öl da", "- Öl da"]);
        assert_eq!(marked("ellipsis_lines", text), ["und so …"]);
        assert_eq!(marked("few_sentence_ends", "Ja.\nNein\n"), ["Nein"]);
        assert_eq!(marked("c4_curly_bracket", "f(){é}"), ["{", "}"]);
        assert_eq!(marked("c4_lorem_ipsum", "Ä LOREM ipsum."), ["LOREM ipsum"]);
        assert_eq!(
            marked("top_2_gram", "das é, das é. das Haus"),
            ["das é", "das é"]
        );
        assert_eq!(marked("top_2_gram", "la la la wo"), ["la la la"]);
        assert!(marked("top_2_gram", "alles nur einmal").is_empty());
        let run = "eins zwei drei vier fünf";
        assert_eq!(
            marked("dup_5_gram", &format!("{run} und {run} {run}")),
            [run, run]
        );
        for reason in ["near_duplicate", "duplicate", "too_few_words", ""] {
            assert!(marked(reason, text).is_empty(), "{reason}");
        }
    }

    #[test]
    fn what_is_marked_has_the_share_that_was_measured() {
        let rules = Rules::of(Lang::find("deu_Latn").unwrap());
        let run = "wir kaufen heute gern neues Brot bei dem Bäcker ein";
        let text = format!("{run}\nnie\n{run}\n{run}\nEnde der langen Geschichte von gestern.");
        let metrics = Meter::new().measure_all(&text, rules, &Known::default());
        let n_chars = text.chars().count() as f64;
        // The metric counts the letters of the words, not what stands between them.
        let letters = |reason: &str| -> f64 {
            let all = marked(reason, &text).join(" ");
            all.chars().filter(|c| !c.is_whitespace()).count() as f64
        };
        assert_eq!(letters("dup_10_gram") / n_chars, metrics.dup_ngram[5]);
        assert_eq!(letters("dup_5_gram") / n_chars, metrics.dup_ngram[0]);
        assert!(metrics.dup_ngram[5] > 0.3);
    }
}
