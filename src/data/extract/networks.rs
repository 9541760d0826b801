//! Lines that ask to be followed: links to profiles on other networks, whatever the language.

use super::measure::Line;
use super::tag::Tag;
use super::tree::Tree;

/// Hosts of networks and stores, as they stand in addresses.
const HOSTS: &[&str] = &[
    "facebook.com/",
    "twitter.com/",
    "//x.com/",
    "instagram.com/",
    "youtube.com/",
    "//t.me/",
    "telegram.me/",
    "whatsapp.com/",
    "linkedin.com/",
    "tiktok.com/",
    "pinterest.",
    "vk.com/",
    "//ok.ru/",
    "threads.net/",
    "bsky.app/",
    "news.google.com/",
    "play.google.com/",
    "apps.apple.com/",
    "itunes.apple.com/",
];

/// Parts of addresses that lead to a post or a video, which a text may cite.
const CITED: &[&str] = &["/status/", "/posts/", "/watch?", "/p/", "/post/", "/reel/"];

/// Longest line that is looked at, in characters.
const MAX_LINE: u32 = 300;

/// The line does little but link to profiles.
pub(super) fn asks_to_follow(tree: &Tree, line: &Line) -> bool {
    if line.held.n_links == 0 || line.held.text > MAX_LINE {
        return false;
    }
    // The link around the first text begins before the line does.
    let from = (line.from as usize).saturating_sub(2);
    let nodes = tree.nodes.get(from..line.to as usize).unwrap_or_default();
    let mut seen = [false; HOSTS.len()];
    for node in nodes.iter().filter(|n| n.tag == Tag::A) {
        let address = tree.attribute(node, "href").unwrap_or_default();
        if CITED.iter().any(|part| address.contains(part)) {
            continue;
        }
        if let Some(host) = HOSTS.iter().position(|host| address.contains(host))
            && let Some(seen) = seen.get_mut(host)
        {
            *seen = true;
        }
    }
    let n = seen.iter().filter(|seen| **seen).count();
    n > 1 || (n == 1 && line.held.link_share() > 0.6)
}
