//! ai.txt as Spawning writes it: robots.txt's form, with endings of file names for kinds of
//! media (`Disallow: *.txt`).

use super::pattern::Path;
use super::robots::{Robots, RuleVerdict};

/// Endings of pages whose text is what a crawl takes.
const PAGES: [&str; 12] = [
    "html", "htm", "xhtml", "shtml", "php", "asp", "aspx", "jsp", "cgi", "cfm", "do", "txt",
];

/// An ai.txt that was read.
#[derive(Debug, Clone, Default)]
pub struct AiTxt(Robots);

impl AiTxt {
    /// Reads a file; one in another form (there are unrelated ones of this name) says nothing.
    pub fn parse(bytes: &[u8]) -> Self {
        AiTxt(Robots::parse(bytes))
    }

    /// What the file says to `agent` about the text of the page at a path. A page is text and
    /// HTML whether or not its name ends so, hence rules for `*.txt` and `*.html` are meant for
    /// it; of all rules that match, the most octets win, and of equals what allows.
    pub fn verdict(&self, agent: &str, path_and_query: &str) -> RuleVerdict {
        self.verdict_of(agent, &Path::new(path_and_query))
    }

    /// Whether a group of its own is meant for `agent`.
    pub(super) fn has_group(&self, agent: &str) -> bool {
        self.0.has_group(agent)
    }

    pub(super) fn verdict_of(&self, agent: &str, path: &Path) -> RuleVerdict {
        let plain = self.0.verdict_of(agent, path);
        if path.ending().is_some_and(|e| !PAGES.contains(&e.as_str())) {
            return plain;
        }
        [".html", ".txt"].iter().fold(plain, |best, ending| {
            let other = self.0.verdict_of(agent, &path.with_ending(ending));
            let rank = |v: &RuleVerdict| (v.len, v.allowed);
            if rank(&other) > rank(&best) {
                other
            } else {
                best
            }
        })
    }

    pub(super) fn keep_only(&mut self, agents: &[String]) {
        self.0.keep_only(agents);
    }

    pub(super) fn len_bytes(&self) -> usize {
        self.0.len_bytes()
    }
}
