//! How much text, of it in links, and how much prose each element holds.

use super::tag::Tag;
use super::tree::Tree;

/// What an element holds, itself and all in it. Lengths are characters other than white space.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Held {
    /// All text.
    pub(super) text: u32,
    /// Text in links.
    pub(super) link: u32,
    /// Weight of prose: text of lines long enough, and outside links, to be sentences.
    pub(super) prose: u32,
    /// Links with text.
    pub(super) n_links: u32,
    /// Lines of text.
    pub(super) n_lines: u32,
    /// Lines of prose.
    pub(super) n_prose: u32,
}

impl Held {
    pub(super) fn add(&mut self, other: Held) {
        self.text = self.text.saturating_add(other.text);
        self.link = self.link.saturating_add(other.link);
        self.prose = self.prose.saturating_add(other.prose);
        self.n_links = self.n_links.saturating_add(other.n_links);
        self.n_lines = self.n_lines.saturating_add(other.n_lines);
        self.n_prose = self.n_prose.saturating_add(other.n_prose);
    }

    /// Share of the text that is in links.
    pub(super) fn link_share(self) -> f64 {
        f64::from(self.link) / f64::from(self.text.max(1))
    }
}

/// A line of text: what lies between two borders of block elements.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line {
    /// Nodes of the line, from the first text to one past the last.
    pub(super) from: u32,
    pub(super) to: u32,
    /// The block element that holds it.
    pub(super) block: u32,
    pub(super) held: Held,
}

/// Prose has at least this many characters outside links.
const MIN_PROSE: u32 = 40;
/// Shorter lines weigh this many times less: verses, steps and rows are text where no prose is.
const SHORT: u32 = 4;

/// Every element measured, and the lines in document order; what `skip` names is as if absent.
pub(super) struct Measured {
    pub(super) held: Vec<Held>,
    pub(super) lines: Vec<Line>,
}

pub(super) fn measure(tree: &Tree, skip: impl Fn(usize) -> bool) -> Measured {
    let nodes = &tree.nodes;
    let mut held = vec![Held::default(); nodes.len()];
    let mut lines: Vec<Line> = Vec::new();
    // Open elements: end, index, is a block, is a link.
    let mut open: Vec<(u32, u32, bool)> = Vec::new();
    let mut n_links_open = 0_u32;
    let mut line: Option<Line> = None;
    let mut i = 0;
    while let Some(node) = nodes.get(i) {
        while let Some((_, index, block)) = open.pop_if(|top| top.0 as usize <= i) {
            if block {
                close(&mut line, &mut lines, &mut held, tree);
            }
            if nodes.get(index as usize).is_some_and(|n| n.tag == Tag::A) {
                n_links_open = n_links_open.saturating_sub(1);
            }
        }
        if node.tag == Tag::Text {
            let len = tree.lens.get(i).copied().unwrap_or(0);
            if len > 0 {
                let block = open.iter().rev().find(|o| o.2).map_or(0, |o| o.1);
                let line = line.get_or_insert(Line {
                    from: i as u32,
                    to: 0,
                    block,
                    held: Held::default(),
                });
                line.to = i as u32 + 1;
                line.held.text = line.held.text.saturating_add(len);
                // Text is booked where it stands, prose on its block.
                let mut own = Held {
                    text: len,
                    ..Held::default()
                };
                if n_links_open > 0 {
                    own.link = len;
                    own.n_links = u32::from(after_link_start(tree, i));
                    line.held.link = line.held.link.saturating_add(len);
                    line.held.n_links +=
                        u32::from(line.held.n_links == 0 || after_link_start(tree, i));
                }
                if let Some(held) = held.get_mut(node.parent as usize) {
                    held.add(own);
                }
            }
            i += 1;
            continue;
        }
        if skip(i) {
            if node.tag.is_block() {
                close(&mut line, &mut lines, &mut held, tree);
            }
            i = node.end as usize;
            continue;
        }
        let block = node.tag.is_block();
        if block {
            close(&mut line, &mut lines, &mut held, tree);
        }
        n_links_open += u32::from(node.tag == Tag::A);
        if node.end as usize > i + 1 {
            open.push((node.end, i as u32, block));
        } else {
            n_links_open -= u32::from(node.tag == Tag::A);
        }
        i += 1;
    }
    close(&mut line, &mut lines, &mut held, tree);
    // Children come after their parents: one backward pass sums them up.
    for i in (1..nodes.len()).rev() {
        let part = held.get(i).copied().unwrap_or_default();
        let parent = nodes.get(i).map_or(0, |n| n.parent as usize);
        if (part.text > 0 || part.n_lines > 0)
            && let Some(whole) = held.get_mut(parent)
        {
            whole.add(part);
        }
    }
    Measured { held, lines }
}

/// Whether the text at `i` is the first in its link.
fn after_link_start(tree: &Tree, i: usize) -> bool {
    i > 0 && tree.nodes.get(i - 1).is_some_and(|n| n.tag == Tag::A)
}

/// Ends a line and books it on its block.
fn close(line: &mut Option<Line>, lines: &mut Vec<Line>, held: &mut [Held], tree: &Tree) {
    let Some(mut line) = line.take() else {
        return;
    };
    let heading = tree
        .nodes
        .get(line.block as usize)
        .is_some_and(|n| n.tag.is_heading());
    let plain = line.held.text.saturating_sub(line.held.link);
    line.held.n_lines = 1;
    if line.held.link * 2 < line.held.text && !heading {
        let long = plain >= MIN_PROSE;
        line.held.prose = if long { plain } else { plain / SHORT };
        line.held.n_prose = u32::from(long);
    }
    if let Some(block) = held.get_mut(line.block as usize) {
        block.add(Held {
            text: 0,
            link: 0,
            n_links: 0,
            ..line.held
        });
    }
    lines.push(line);
}
