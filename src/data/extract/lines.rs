//! The last look: which lines of the chosen part are text.

use std::collections::HashMap;

use xxhash_rust::xxh3::xxh3_64;

use super::choose::Page;
use super::facts::Facts;
use super::measure::Line;
use super::networks::asks_to_follow;
use super::page::Options;
use super::phrases::is_pointer;
use super::render::{self, Writer};
use super::tag::Tag;

/// The text of a page.
pub(super) struct Lines {
    pub(super) text: String,
    pub(super) n_kept: usize,
    pub(super) n_dropped: usize,
}

/// Characters of a cell that is put on one line with its neighbours; longer ones are paragraphs.
const MAX_CELL: u32 = 200;

/// Characters of the shortest sentence that needs no full stop to be one.
const MIN_SENTENCE: u32 = 35;

/// More short lines than these at the end of a text are part of it.
const MAX_SCRAPS: usize = 8;

struct Judged {
    text: String,
    tag: Tag,
    line: Line,
}

/// Renders `lines` and leaves out those that are titles, pointers to other pages, repeats.
pub(super) fn judge(
    page: &Page,
    facts: &Facts,
    root: usize,
    lines: Vec<Line>,
    n_lines: usize,
) -> Lines {
    let mut judged: Vec<Judged> = Vec::with_capacity(lines.len());
    for line in lines {
        let tag = page
            .tree
            .nodes
            .get(line.block as usize)
            .map_or(Tag::Other, |n| n.tag);
        let mut writer = Writer::new();
        writer.pre = tag.is_pre();
        let skip = |i: usize| page.dropped.get(i).copied().unwrap_or(false);
        // Leads and comments stand around the root, in parts that are left out.
        let end = page.tree.nodes.get(root).map_or(0, |n| n.end);
        let skip = |i: usize| line.from as usize >= root && line.from < end && skip(i);
        render::line(
            &mut writer,
            page.tree,
            line.from as usize,
            line.to as usize,
            skip,
        );
        let next = Judged {
            text: writer.out,
            tag,
            line,
        };
        match judged.last_mut() {
            Some(last) if same_row(page, last, &next) => {
                last.text.push_str(" | ");
                last.text.push_str(&next.text);
                last.line.block = next.line.block;
                last.line.held.add(next.line.held);
            }
            _ => judged.push(next),
        }
    }
    let titles = Titles::of(facts);
    let mut seen: HashMap<u64, u32> = HashMap::new();
    let mut kept: Vec<Judged> = Vec::with_capacity(judged.len());
    let mut pointing = false;
    for next in judged {
        let points = is_pointer(&next.text, next.line.held.link_share());
        // What follows a pointer is what it points to, until there is a sentence again.
        let goes_on = pointing && next.line.held.link_share() > 0.3;
        pointing = points || goes_on;
        let follow = asks_to_follow(page.tree, &next.line);
        if !pointing && !follow && is_text(&next, page.options, &titles, &mut seen) {
            kept.push(next);
        }
    }
    while kept.pop_if(|judged| judged.tag.is_heading()).is_some() {}
    // Verses end in short lines as well, and have hardly a long one.
    let n_prose = kept.iter().filter(|j| j.line.held.n_prose > 0).count();
    let n_scraps = kept
        .iter()
        .rev()
        .take_while(|j| is_scrap(j) || j.tag.is_heading())
        .count();
    if n_prose * 2 > kept.len() && n_scraps < MAX_SCRAPS {
        kept.truncate(kept.len() - n_scraps);
    }
    let mut out = String::with_capacity(kept.iter().map(|k| k.text.len() + 1).sum());
    for judged in &kept {
        if judged.tag == Tag::Li {
            out.push_str("- ");
        }
        out.push_str(judged.text.trim_matches('\n').trim_end());
        out.push('\n');
    }
    out.truncate(out.trim_end().len());
    Lines {
        text: out,
        n_kept: kept.len(),
        n_dropped: n_lines.saturating_sub(kept.len()),
    }
}

/// Too short to be a sentence and without the end of one: at the end of a text it is a byline,
/// a keyword, a button.
fn is_scrap(judged: &Judged) -> bool {
    let in_list = matches!(judged.tag, Tag::Li | Tag::Td | Tag::Th | Tag::Dd | Tag::Dt);
    let text = judged
        .text
        .trim_end_matches(['"', '”', '“', '»', ')', '\'', '’']);
    !in_list
        && !judged.tag.is_pre()
        && !judged.tag.is_heading()
        && judged.line.held.text < MIN_SENTENCE
        && !text.ends_with(['.', '!', '?', '…', ':', ';', '\u{37e}', '։', '。'])
}

/// Both are short cells of one row.
fn same_row(page: &Page, last: &Judged, next: &Judged) -> bool {
    let cell = |j: &Judged| {
        let node = page.tree.nodes.get(j.line.block as usize)?;
        let short = j.line.held.n_lines > 1 || j.line.held.text < MAX_CELL;
        (short && matches!(node.tag, Tag::Td | Tag::Th)).then_some((j.line.block, node.parent))
    };
    let (Some((a, row)), Some((b, other))) = (cell(last), cell(next)) else {
        return false;
    };
    a != b && row == other
}

fn is_text(
    judged: &Judged,
    options: &Options,
    titles: &Titles,
    seen: &mut HashMap<u64, u32>,
) -> bool {
    let Judged { text, tag, line } = judged;
    if !text.contains(char::is_alphanumeric) {
        return false;
    }
    let heading = tag.is_heading();
    if matches!(tag, Tag::Td | Tag::Th) && !options.tables {
        return false;
    }
    if heading && (*tag == Tag::H1 || text.len() >= MIN_TITLE) && titles.are(text) {
        return false;
    }
    if !heading && line.held.link_share() > 0.8 {
        return false;
    }
    if is_date(text) || (text.len() < MAX_NOTICE && text.contains('©')) {
        return false;
    }
    if tag.is_pre() {
        return true;
    }
    // A paragraph stands once; a short line may be a refrain.
    let n = seen.entry(xxh3_64(text.as_bytes())).or_default();
    *n += 1;
    *n <= if text.len() > MAX_REFRAIN {
        1
    } else {
        MAX_REPEATS
    }
}

/// Bytes of a line that is hardly more than a notice of copyright, at most.
const MAX_NOTICE: usize = 160;
/// Bytes of a line that may stand again, and how often.
const MAX_REFRAIN: usize = 60;
const MAX_REPEATS: u32 = 6;

/// Letters and digits only, lower case: titles are told by them.
fn plain(text: &str) -> String {
    text.chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

/// Bytes of a heading other than the first that may be a title: letters head lists of words.
const MIN_TITLE: usize = 12;

/// The page's titles, which are kept apart from its text.
pub(super) struct Titles(Vec<String>);

impl Titles {
    pub(super) fn of(facts: &Facts) -> Self {
        let titles = [&facts.title, &facts.window_title];
        Self(titles.into_iter().flatten().map(|t| plain(t)).collect())
    }

    /// A title, or as much of one as the heading gives, or it and a little more.
    pub(super) fn are(&self, heading: &str) -> bool {
        let heading = plain(heading);
        self.0.iter().any(|title| {
            title.starts_with(&heading) || (title.len() > 10 && heading.starts_with(title))
        })
    }
}

/// A line that is hardly more than a date or a time.
fn is_date(text: &str) -> bool {
    if text.len() > 60 {
        return false;
    }
    let n_digits = text.bytes().filter(u8::is_ascii_digit).count();
    let year = text
        .split(|c: char| !c.is_ascii_digit())
        .any(|n| n.len() == 4 && (n.starts_with("19") || n.starts_with("20")));
    let n_letters = text.chars().filter(|c| c.is_alphabetic()).count();
    (year && n_digits >= 5 && n_letters < 25)
        || (n_digits >= 3 && text.contains(':') && n_letters < 5)
}
