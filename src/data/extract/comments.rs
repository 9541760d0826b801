//! What readers wrote under the text, for those who want it.

use super::choose::Page;
use super::cue::Cues;
use super::measure::Line;
use super::tag::Tag;

/// Names of elements within comments that hold no words of readers.
const AROUND: Cues = Cues::NAV
    .with(Cues::SHARE)
    .with(Cues::AD)
    .with(Cues::CONSENT)
    .with(Cues::SUBSCRIBE)
    .with(Cues::CONTROL)
    .with(Cues::ABOUT)
    .with(Cues::HIDDEN);

/// Lines of `all` that stand outside `root` in elements named after comments.
pub(super) fn comments(page: &Page, root: usize, all: &[Line]) -> Vec<Line> {
    let nodes = &page.tree.nodes;
    let end = nodes.get(root).map_or(0, |n| n.end);
    let outside = |line: &&Line| (line.from as usize) < root || line.from >= end;
    let written = |line: &&Line| {
        let mut said = false;
        let mut i = line.block as usize;
        while i > 0 {
            let Some(node) = nodes.get(i) else {
                return false;
            };
            let barred = matches!(node.tag, Tag::Form | Tag::Nav | Tag::Time | Tag::Label);
            if barred || (!said && node.cues.any(AROUND)) {
                return false;
            }
            said = said || node.cues.any(Cues::COMMENT);
            i = node.parent as usize;
        }
        said && line.held.n_prose > 0
    };
    all.iter()
        .filter(outside)
        .filter(written)
        .copied()
        .collect()
}
