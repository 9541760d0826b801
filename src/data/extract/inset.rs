//! Parts set into the text that are not of it: teasers, captions, bylines, boxes of links.

use super::choose::{Level, Page, is_named_bad};
use super::cue::Cues;
use super::measure::{Held, Line};
use super::tag::Tag;

/// Characters outside links that make a paragraph of links a sentence.
const MIN_SENTENCE: u32 = 25;

/// Element `i` within the text, which holds `inside`, is no part of it.
pub(super) fn is_inset(page: &Page, i: usize, inside: Held) -> bool {
    let Some(node) = page.tree.nodes.get(i) else {
        return false;
    };
    let held = page.held(i);
    if held.text == 0 {
        return false;
    }
    let share = page.share(i, inside);
    let cues = node.cues;
    let named = page.level == Level::Strict && !cues.any(Cues::CONTENT);
    let comment = cues.any(Cues::COMMENT) && !page.options.comments;
    if named && (comment || is_named_bad(page, i)) && share < 0.5 {
        return true;
    }
    if matches!(node.tag, Tag::Figure | Tag::Figcaption)
        && share < 0.5
        && page.level == Level::Strict
        && !holds_data(page, i)
    {
        return true;
    }
    if named && cues.any(Cues::CAPTION.with(Cues::PICTURE)) && share < 0.2 {
        return true;
    }
    if named && cues.any(Cues::AUTHOR) && share < 0.3 {
        return true;
    }
    let about = cues.any(Cues::ABOUT) || node.tag == Tag::Address;
    if named && about && share < 0.1 && held.text < 300 {
        return true;
    }
    // Boxes of links: related pages, keywords, indexes; not sentences that are full of links.
    let sentence = node.tag == Tag::P && held.text - held.link.min(held.text) >= MIN_SENTENCE;
    node.tag.is_block() && held.link_share() > 0.6 && held.n_links > 1 && share < 0.3 && !sentence
}

/// A figure may be a table or a listing and no picture.
fn holds_data(page: &Page, i: usize) -> bool {
    let end = page.tree.nodes.get(i).map_or(0, |n| n.end as usize);
    let inner = page.tree.nodes.get(i..end).unwrap_or_default();
    inner
        .iter()
        .take(20)
        .any(|n| matches!(n.tag, Tag::Table | Tag::Pre | Tag::Blockquote))
}

/// A heading that is a link leads to another page: the element that teases it, if `line` is one.
pub(super) fn is_teaser_heading(page: &Page, root: usize, line: &Line) -> Option<usize> {
    let nodes = &page.tree.nodes;
    let block = nodes.get(line.block as usize)?;
    if !block.tag.is_heading() || line.held.link_share() < 0.8 {
        return None;
    }
    let inside = page.held(root);
    let mut i = line.block as usize;
    // Up to the largest element that has no other heading and little prose.
    for _ in 0..6 {
        let parent = nodes.get(i)?.parent as usize;
        if parent <= root || page.share(parent, inside) > 0.15 || page.held(parent).text > 600 {
            break;
        }
        i = parent;
    }
    Some(i)
}
