//! Which part of a page is its text.

use super::cue::Cues;
use super::facts::Facts;
use super::measure::{Held, Line, measure};
use super::page::Options;
use super::tag::Tag;
use super::tree::Tree;

/// The lines that make the text.
pub(super) struct Chosen {
    pub(super) lines: Vec<Line>,
    pub(super) n_dropped: usize,
    dropped: Vec<bool>,
}

impl Chosen {
    /// Node `i` and all in it is left out.
    pub(super) fn skip(&self, i: usize) -> bool {
        self.dropped.get(i).copied().unwrap_or(false)
    }
}

struct Page<'a, 'b> {
    tree: &'a Tree<'b>,
    options: &'a Options,
    dropped: Vec<bool>,
    held: Vec<Held>,
}

impl Page<'_, '_> {
    fn held(&self, i: usize) -> Held {
        self.held.get(i).copied().unwrap_or_default()
    }

    /// Asks `bad` of every element in `root` that is not yet left out.
    fn drop_where(&mut self, root: usize, bad: impl Fn(&Self, usize) -> bool) {
        let end = self.tree.nodes.get(root).map_or(0, |n| n.end as usize);
        let mut i = root + 1;
        while i < end {
            let Some(node) = self.tree.nodes.get(i) else {
                return;
            };
            if node.tag == Tag::Text {
                i += 1;
                continue;
            }
            let gone = self.dropped.get(i).copied().unwrap_or(false);
            if gone || bad(self, i) {
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
pub(super) fn choose(tree: &Tree, facts: &Facts, options: &Options) -> Chosen {
    let silent = |i: usize| tree.nodes.get(i).is_some_and(|n| n.tag.is_silent());
    let first = measure(tree, silent);
    let mut page = Page {
        tree,
        options,
        dropped: (0..tree.nodes.len()).map(silent).collect(),
        held: first.held,
    };
    let n_lines = first.lines.len();
    let whole = page.held(0);
    page.drop_where(0, |page, i| is_outside(page, i, whole));
    let dropped = std::mem::take(&mut page.dropped);
    let second = measure(tree, |i| dropped.get(i).copied().unwrap_or(false));
    page.dropped = dropped;
    page.held = second.held;
    let root = find_root(&page);
    let inside = page.held(root);
    page.drop_where(root, |page, i| is_inset(page, i, inside));
    let dropped = std::mem::take(&mut page.dropped);
    let third = measure(tree, |i| dropped.get(i).copied().unwrap_or(false));
    let end = tree.nodes.get(root).map_or(0, |n| n.end);
    let mut lines = third.lines;
    lines.retain(|line| line.from as usize >= root && line.to <= end);
    let lines = keep_lines(tree, facts, lines);
    Chosen {
        n_dropped: n_lines.saturating_sub(lines.len()),
        lines,
        dropped,
    }
}

/// Parts of the site around the text, known before the text is found.
fn is_outside(page: &Page, i: usize, whole: Held) -> bool {
    let Some(node) = page.tree.nodes.get(i) else {
        return false;
    };
    let held = page.held(i);
    let share = f64::from(held.prose) / f64::from(whole.prose.max(1));
    let cues = node.cues;
    if cues.any(Cues::HIDDEN) && share < 0.5 {
        return true;
    }
    if cues.any(Cues::COMMENT) && !page.options.comments && share < 0.9 && !cues.any(Cues::CONTENT)
    {
        return true;
    }
    match node.tag {
        Tag::Nav | Tag::Menu | Tag::Search => return share < 0.5,
        Tag::Footer => return share < 0.5,
        Tag::Aside => return share < 0.5,
        Tag::Header => return share < 0.2,
        _ => {}
    }
    if cues.any(Cues::CONTENT) {
        return false;
    }
    if cues.any(Cues::BAD) {
        return share < 0.3;
    }
    false
}

/// How surely an element is said to be the text: 3 outright, 0 not at all.
fn rank(tree: &Tree, i: usize) -> u32 {
    tree.nodes.get(i).map_or(0, |n| {
        if n.cues.any(Cues::CONTENT) {
            3
        } else if n.tag == Tag::Article {
            2
        } else {
            u32::from(n.tag == Tag::Main || n.cues.any(Cues::MAIN))
        }
    })
}

/// The element that holds the text and little else.
fn find_root(page: &Page) -> usize {
    let nodes = &page.tree.nodes;
    let n = |share: u64, of: u32| (u64::from(of) * share / 100) as u32;
    let whole = page.held(0).prose;
    let marked = |rank_wanted: u32, within: usize, least: u32| {
        let end = nodes.get(within).map_or(0, |n| n.end as usize);
        (within + 1..end).filter(move |i| {
            rank(page.tree, *i) == rank_wanted && page.held(*i).prose > least
        })
    };
    let mut root = 0;
    for wanted in [1, 2, 3] {
        // The outermost of its kind that holds most of what is left.
        if let Some(found) = marked(wanted, root, n(50, page.held(root).prose.min(whole))).next() {
            root = found;
            if let Some(found) = marked(wanted, root, n(85, page.held(root).prose)).last() {
                root = found;
            }
        }
    }
    let least = if root == 0 { 80 } else { 95 };
    // From there down while one child holds nearly all.
    loop {
        let held = page.held(root).prose;
        let end = nodes.get(root).map_or(0, |n| n.end as usize);
        let mut child = root + 1;
        let mut next = None;
        while child < end {
            let Some(node) = nodes.get(child) else {
                break;
            };
            if node.tag != Tag::Text
                && page.held(child).prose >= n(least, held)
                && page.held(child).n_prose > 1
            {
                next = Some(child);
                break;
            }
            child = node.end as usize;
        }
        match next {
            Some(child) if held > 0 => root = child,
            _ => return root,
        }
    }
}

/// Parts inside the text that are not of it.
fn is_inset(page: &Page, i: usize, inside: Held) -> bool {
    let Some(node) = page.tree.nodes.get(i) else {
        return false;
    };
    let held = page.held(i);
    if held.text == 0 {
        return false;
    }
    let share = f64::from(held.prose) / f64::from(inside.prose.max(1));
    let cues = node.cues;
    if cues.any(Cues::BAD.with(Cues::COMMENT)) && share < 0.5 && !cues.any(Cues::CONTENT) {
        return true;
    }
    if matches!(node.tag, Tag::Figure | Tag::Figcaption) && share < 0.5 {
        return true;
    }
    if cues.any(Cues::ABOUT.with(Cues::CAPTION))
        && share < 0.1
        && held.text < 300
        && !cues.any(Cues::CONTENT)
    {
        return true;
    }
    if node.tag.is_block() && held.link_share() > 0.6 && held.n_links > 1 && share < 0.3 {
        return true;
    }
    false
}

/// Drops lines that are only links, and headings with nothing under them.
fn keep_lines(tree: &Tree, facts: &Facts, lines: Vec<Line>) -> Vec<Line> {
    let tag = |line: &Line| {
        tree.nodes
            .get(line.block as usize)
            .map_or(Tag::Other, |n| n.tag)
    };
    let mut kept: Vec<Line> = Vec::with_capacity(lines.len());
    for line in lines {
        let heading = tag(&line).is_heading();
        if heading && is_title(tree, facts, &line) {
            continue;
        }
        if !heading && line.held.link_share() > 0.8 && line.held.text > 0 {
            continue;
        }
        kept.push(line);
    }
    while kept.pop_if(|line| tag(line).is_heading()).is_some() {}
    kept
}

/// Letters and digits only, lower case: titles are told by them.
fn plain(text: &str) -> String {
    text.chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

/// The line is the page's title, which is kept apart.
fn is_title(tree: &Tree, facts: &Facts, line: &Line) -> bool {
    let mut writer = super::render::Writer::new();
    super::render::line(&mut writer, tree, line.from as usize, line.to as usize, |_| false);
    let heading = plain(&writer.out);
    let is = |title: &Option<String>| {
        title.as_ref().is_some_and(|title| {
            let title = plain(title);
            title.starts_with(&heading) || (title.len() > 10 && heading.starts_with(&title))
        })
    };
    heading.is_empty() || is(&facts.title) || is(&facts.window_title)
}
