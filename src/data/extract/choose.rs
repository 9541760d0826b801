//! Which part of a page is its text: measure, drop what is around, find the element that holds
//! the text, drop what is set into it.

use super::comments::comments;
use super::cue::Cues;
use super::facts::Facts;
use super::inset::{is_inset, is_teaser_heading};
use super::lead::leads;
use super::lines::{Lines, judge};
use super::measure::{Held, Line, Measured, measure};
use super::page::Options;
use super::root::{find_root, rank};
use super::tag::Tag;
use super::tree::Tree;

/// An article among more teasers than text has at least so much prose.
const MIN_ARTICLE: u32 = 400;

/// Headings that are links, from the start of a text, that make it an index.
const MIN_INDEX: usize = 6;

/// How much is taken on trust.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Level {
    /// Names of elements are believed.
    Strict,
    /// Names are not believed, hidden parts may be the text: for pages with hardly any text else.
    Loose,
}

/// A page while parts of it are left out.
pub(super) struct Page<'a, 'b> {
    pub(super) tree: &'a Tree<'b>,
    pub(super) options: &'a Options,
    pub(super) level: Level,
    pub(super) dropped: Vec<bool>,
    pub(super) held: Vec<Held>,
}

impl Page<'_, '_> {
    /// What element `i` holds.
    pub(super) fn held(&self, i: usize) -> Held {
        self.held.get(i).copied().unwrap_or_default()
    }

    /// The prose in `i` as a share of that in `whole`.
    pub(super) fn share(&self, i: usize, whole: Held) -> f64 {
        f64::from(self.held(i).prose) / f64::from(whole.prose.max(1))
    }

    fn skip(&self, i: usize) -> bool {
        self.dropped.get(i).copied().unwrap_or(false)
    }

    fn measure(&mut self) -> Measured {
        let measured = measure(self.tree, |i| self.skip(i));
        self.held.clone_from(&measured.held);
        measured
    }

    /// Asks `bad` of every element in `root` that is not yet left out.
    fn drop_where(&mut self, root: usize, bad: impl Fn(&Self, usize) -> bool) {
        let end = self.tree.nodes.get(root).map_or(0, |n| n.end as usize);
        let mut i = root + 1;
        while let Some(node) = self.tree.nodes.get(i).filter(|_| i < end) {
            if node.tag != Tag::Text && (self.skip(i) || bad(self, i)) {
                if let Some(flag) = self.dropped.get_mut(i) {
                    *flag = true;
                }
                i = node.end as usize;
            } else {
                i += 1;
            }
        }
    }
}

/// Finds the main text of a page.
pub(super) fn choose(tree: &Tree, facts: &Facts, options: &Options, level: Level) -> Lines {
    let silent = |i: usize| {
        tree.nodes.get(i).is_some_and(|n| {
            n.tag.is_silent() && !(level == Level::Loose && n.tag == Tag::Noscript)
        })
    };
    let mut page = Page {
        tree,
        options,
        level,
        dropped: (0..tree.nodes.len()).map(silent).collect(),
        held: Vec::new(),
    };
    let all = page.measure().lines;
    let whole = page.held(0);
    page.drop_where(0, |page, i| is_outside(page, i, whole));
    page.measure();
    let root = find_root(&page, facts, &all);
    let inside = page.held(root);
    page.drop_where(root, |page, i| is_inset(page, i, inside));
    let (from, to) = (root as u32, tree.nodes.get(root).map_or(0, |n| n.end));
    let mut lines = page.measure().lines;
    lines.retain(|line| line.from >= from && line.to <= to);
    drop_teasers(&mut page, root, &lines);
    let mut lines = page.measure().lines;
    lines.retain(|line| line.from >= from && line.to <= to);
    let n_lines = all.len();
    let mut chosen = leads(&page, root, &all);
    chosen.append(&mut lines);
    if options.comments {
        chosen.append(&mut comments(&page, root, &all));
    }
    judge(&page, facts, root, chosen, n_lines)
}

/// Drops what teases other pages among `lines`, unless the page is an index, whose text that is.
fn drop_teasers(page: &mut Page, root: usize, lines: &[Line]) {
    let teaser = |line: &Line| is_teaser_heading(page, root, line);
    let first = lines.iter().position(|line| teaser(line).is_some());
    let teasers: Vec<usize> = lines.iter().filter_map(teaser).collect();
    let teased: u32 = distinct(&teasers).map(|i| page.held(i).prose).sum();
    let rest = page.held(root).prose.saturating_sub(teased);
    // From its beginning an index is little else; an article comes before what teases others.
    let from_the_start = first.is_some_and(|n| n * 8 <= lines.len());
    let is_index = (teased > rest && rest < MIN_ARTICLE)
        || (from_the_start && distinct(&teasers).count() >= MIN_INDEX);
    for i in teasers.into_iter().filter(|_| !is_index) {
        if let Some(flag) = page.dropped.get_mut(i) {
            *flag = true;
        }
    }
}

/// Each once; they come in document order.
fn distinct(sorted: &[usize]) -> impl Iterator<Item = usize> {
    let mut last = usize::MAX;
    sorted
        .iter()
        .copied()
        .filter(move |i| std::mem::replace(&mut last, *i) != *i)
}

/// Parts of the site around the text, known before the text is found.
fn is_outside(page: &Page, i: usize, whole: Held) -> bool {
    let Some(node) = page.tree.nodes.get(i) else {
        return false;
    };
    let share = page.share(i, whole);
    let cues = node.cues;
    let strict = page.level == Level::Strict;
    if cues.any(Cues::HIDDEN) && strict && share < 0.5 {
        return true;
    }
    if cues.any(Cues::COMMENT) && !page.options.comments && share < 0.9 && !cues.any(Cues::CONTENT)
    {
        return true;
    }
    if cues.any(Cues::COOKIE) && share < 0.97 {
        return true;
    }
    match node.tag {
        Tag::Footer => return share < 0.7,
        Tag::Nav | Tag::Menu | Tag::Search | Tag::Aside => return share < 0.5,
        Tag::Header => {
            return share < 0.2 && !(strict && in_text(page.tree, i)) && !cues.any(Cues::CONTENT);
        }
        Tag::Form | Tag::Fieldset => return strict && share < 0.5,
        Tag::Label => return strict,
        _ => {}
    }
    let around = cues.any(Cues::FOOT.with(Cues::CONSENT));
    strict && is_named_bad(page, i) && share < if around { 0.7 } else { 0.3 }
}

/// The element's names say that it is no text; one that introduces the text may be called a
/// teaser, which teasers of other pages are called as well, but those have links.
pub(super) fn is_named_bad(page: &Page, i: usize) -> bool {
    let cues = page.tree.nodes.get(i).map_or(Cues::NONE, |n| n.cues);
    let lead = cues.any(Cues::LEAD) && page.held(i).n_links == 0;
    let bad = if lead {
        Cues::BAD.without(Cues::RELATED)
    } else {
        Cues::BAD
    };
    // Rows and cells are named after what they are about.
    let part = page
        .tree
        .nodes
        .get(i)
        .is_some_and(|n| n.tag.is_table_part());
    cues.any(bad) && !cues.any(Cues::CONTENT) && !part
}

/// An element around `i` is said to be the text.
fn in_text(tree: &Tree, mut i: usize) -> bool {
    while i > 0 {
        i = tree.nodes.get(i).map_or(0, |n| n.parent as usize);
        if rank(tree, i) > 0 {
            return true;
        }
    }
    false
}
