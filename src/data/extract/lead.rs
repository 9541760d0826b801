//! The lead: sentences between the title and the element that holds the text.

use super::choose::Page;
use super::cue::Cues;
use super::measure::Line;
use super::root::rank;
use super::tag::Tag;

/// A lead has at least this many characters outside links, unless its name says it is one.
const MIN_LEAD: u32 = 80;
/// Most lines of a lead.
const MAX_LINES: usize = 4;
/// Elements above the text that are looked through.
const MAX_UP: usize = 8;

/// Names of elements that hold no lead.
const NOT_LEAD: Cues = Cues::BAD
    .without(Cues::TOP)
    .with(Cues::COMMENT)
    .with(Cues::CAPTION)
    .with(Cues::PICTURE)
    .with(Cues::ABOUT)
    .with(Cues::AUTHOR)
    .with(Cues::HIDDEN);

/// Lines of `all` before `root` that lead in to it.
pub(super) fn leads(page: &Page, root: usize, all: &[Line]) -> Vec<Line> {
    let nodes = &page.tree.nodes;
    // The part of the page that may hold the lead: the element said to be the text, or some
    // elements up.
    let mut top = root;
    let mut named = false;
    for _ in 0..MAX_UP {
        let parent = nodes.get(top).map_or(0, |n| n.parent as usize);
        if parent == 0 || nodes.get(parent).is_some_and(|n| n.tag == Tag::Body) {
            break;
        }
        top = parent;
        named = named || rank(page.tree, top) > 0;
    }
    let before: Vec<&Line> = all
        .iter()
        .filter(|line| line.from as usize > top && (line.to as usize) <= root)
        .collect();
    let tag = |line: &Line| nodes.get(line.block as usize).map_or(Tag::Other, |n| n.tag);
    let title = before.iter().rposition(|line| tag(line) == Tag::H1);
    let mut found: Vec<Line> = Vec::new();
    for (n, line) in before.iter().enumerate() {
        if tag(line) == Tag::H1 || line.held.link_share() > 0.3 {
            continue;
        }
        let (said, barred) = path(page, line, top, root);
        let after_title = title.is_some_and(|title| n > title);
        let plain = line.held.text.saturating_sub(line.held.link);
        let long = plain >= if said { 25 } else { MIN_LEAD };
        if !barred && long && (after_title || (said && title.is_none())) {
            found.push(**line);
        }
    }
    if found.len() > MAX_LINES {
        found.drain(..found.len() - MAX_LINES);
    }
    found
}

/// Whether the names above a line say that it is a lead, and whether any forbids it.
fn path(page: &Page, line: &Line, top: usize, root: usize) -> (bool, bool) {
    let mut said = false;
    let mut i = line.block as usize;
    while i > top {
        let Some(node) = page.tree.nodes.get(i) else {
            break;
        };
        // What holds the text as well says nothing of the lead.
        if node.end as usize > root {
            break;
        }
        let lead = node.cues.any(Cues::LEAD);
        said = said || lead;
        let names = if lead {
            NOT_LEAD.without(Cues::RELATED).without(Cues::ABOUT)
        } else {
            NOT_LEAD
        };
        let barred = node.cues.any(names)
            || matches!(
                node.tag,
                Tag::Nav
                    | Tag::Aside
                    | Tag::Footer
                    | Tag::Figure
                    | Tag::Figcaption
                    | Tag::Form
                    | Tag::Label
                    | Tag::Table
                    | Tag::Time
                    | Tag::Address
            );
        if barred {
            return (said, true);
        }
        i = node.parent as usize;
    }
    (said, false)
}
