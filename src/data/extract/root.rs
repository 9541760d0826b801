//! The element that holds the text of a page and little else.

use super::choose::Page;
use super::cue::Cues;
use super::facts::Facts;
use super::lines::Titles;
use super::measure::Line;
use super::render;
use super::tag::Tag;
use super::tree::Tree;

/// Prose of an article under the page's title, in characters, that makes it the text.
const MIN_TITLED: u32 = 300;
/// Elements above a part of a text that are looked through for the other parts.
const MAX_UP: usize = 4;

/// How surely an element is said to be the text: 3 outright, 0 not at all.
pub(super) fn rank(tree: &Tree, i: usize) -> u32 {
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

/// The article that has the page's title in it, where that is not all of the page's text.
fn titled(page: &Page, facts: &Facts, lines: &[Line]) -> Option<usize> {
    let nodes = &page.tree.nodes;
    let titles = Titles::of(facts);
    let whole = page.held(0).prose;
    let heading = lines.iter().find(|line| {
        let is_h1 = nodes
            .get(line.block as usize)
            .is_some_and(|n| n.tag == Tag::H1);
        is_h1 && titles.are(&render::text(page.tree, line))
    })?;
    let mut i = heading.block as usize;
    while i > 0 {
        let node = nodes.get(i)?;
        let prose = page.held(i).prose;
        if node.tag == Tag::Article && prose >= MIN_TITLED && prose > whole / 8 {
            return Some(i);
        }
        i = node.parent as usize;
    }
    None
}

/// Where the text comes in several parts named alike, the element that holds all parts.
fn joined(page: &Page, root: usize) -> usize {
    let nodes = &page.tree.nodes;
    let mut best = root;
    let mut up = root;
    for _ in 0..MAX_UP {
        if nodes
            .get(up)
            .is_none_or(|n| matches!(n.tag, Tag::Article | Tag::Main | Tag::Body))
        {
            break;
        }
        up = nodes.get(up).map_or(0, |n| n.parent as usize);
        if up == 0 {
            break;
        }
        let end = nodes.get(up).map_or(0, |n| n.end as usize);
        let mut parts = 0_u32;
        let mut i = up + 1;
        while let Some(node) = nodes.get(i).filter(|_| i < end) {
            if rank(page.tree, i) == 3 && node.tag != Tag::Article {
                parts = parts.saturating_add(page.held(i).prose);
                i = node.end as usize;
            } else {
                i += 1;
            }
        }
        let more = u64::from(parts) * 10 >= u64::from(page.held(best).prose) * 11;
        let most = u64::from(parts) * 10 >= u64::from(page.held(up).prose) * 8;
        if more && most {
            best = up;
        }
    }
    best
}

/// The element that holds the text and little else.
pub(super) fn find_root(page: &Page, facts: &Facts, lines: &[Line]) -> usize {
    let nodes = &page.tree.nodes;
    let end = |i: usize| nodes.get(i).map_or(0, |n| n.end as usize);
    let n = |share: u64, of: u32| (u64::from(of) * share / 100) as u32;
    let marked = |wanted: u32, within: usize, least: u32| {
        (within + 1..end(within))
            .filter(move |i| rank(page.tree, *i) == wanted && page.held(*i).prose > least)
    };
    let mut root = titled(page, facts, lines).unwrap_or(0);
    for wanted in [1, 2, 3] {
        // The outermost of its kind that holds most of what is left, then the innermost in it
        // that holds nearly all.
        if let Some(found) = marked(wanted, root, n(50, page.held(root).prose)).next() {
            root = found;
            if let Some(found) = marked(wanted, root, n(85, page.held(root).prose)).next_back() {
                root = found;
            }
        }
    }
    if rank(page.tree, root) == 3 {
        root = joined(page, root);
    }
    let least = if root == 0 { 80 } else { 90 };
    // From there down while one child holds nearly all.
    loop {
        let held = page.held(root).prose;
        let mut child = root + 1;
        let mut next = None;
        while let Some(node) = nodes.get(child).filter(|_| child < end(root)) {
            let inner = page.held(child);
            if node.tag != Tag::Text && inner.prose >= n(least, held) && inner.n_prose > 1 {
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
