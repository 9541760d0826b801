//! robots.txt: groups, rules, and the verdict for an agent and a path (RFC 9309).
//!
//! Where the RFC leaves room, or files on the web are careless, the reading is the one that
//! protects more: misspelt names that crawlers are known to accept are accepted, a `Disallow`
//! without its slash gets one, lines that are no rules do not end a group's list of agents.

use super::pattern::{Path, Pattern};
use super::preference::training_preference;

/// Bytes of a file that are read; RFC 9309, 2.5 asks for at least 500 KiB.
const MAX_BYTES: usize = 500 << 10;
/// Characters of a line kept as evidence.
const MAX_EVIDENCE: usize = 200;

/// What a file says about a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleVerdict {
    /// Whether the path may be fetched (or, of a preference, used for training).
    pub allowed: bool,
    /// Line of the rule that decided, from 1; 0 when no rule did.
    pub line: u32,
    /// The rule as written, cut to 200 characters; empty when no rule decided.
    pub text: String,
    /// Octets of the pattern that matched.
    pub(super) len: usize,
}

impl RuleVerdict {
    fn by_default() -> Self {
        RuleVerdict {
            allowed: true,
            line: 0,
            text: String::new(),
            len: 0,
        }
    }
}

#[derive(Debug, Clone)]
struct Rule {
    group: u32,
    allow: bool,
    pattern: Pattern,
    line: u32,
    text: Box<str>,
}

impl Rule {
    fn verdict(&self) -> RuleVerdict {
        RuleVerdict {
            allowed: self.allow,
            line: self.line,
            text: self.text.to_string(),
            len: self.pattern.len(),
        }
    }
}

/// A robots.txt that was read.
#[derive(Debug, Clone, Default)]
pub struct Robots {
    /// Agents as written, with the group each begins.
    agents: Vec<(Box<str>, u32)>,
    /// Most specific first; of equals, what allows first.
    rules: Vec<Rule>,
    /// `Content-Usage` and `Content-Signal`, most specific first; of equals, what forbids first.
    preferences: Vec<Rule>,
    n_groups: u32,
}

/// What a line begins with.
enum Field {
    Agent,
    Allow,
    Disallow,
    Preference,
}

impl Field {
    /// The field called `name`, if it is one of a group.
    fn find(name: &[u8]) -> Option<Self> {
        let is = |known: &[&str]| {
            let mut known = known.iter();
            known.any(|known| name.eq_ignore_ascii_case(known.as_bytes()))
        };
        if is(&["user-agent", "useragent", "user agent"]) {
            Some(Field::Agent)
        } else if is(&["allow"]) {
            Some(Field::Allow)
        } else if is(&[
            "disallow",
            "dissallow",
            "dissalow",
            "disalow",
            "diasllow",
            "disallaw",
        ]) {
            Some(Field::Disallow)
        } else if is(&["content-usage", "content-signal"]) {
            Some(Field::Preference)
        } else {
            None
        }
    }
}

/// `name: value` of a line; a colon that was forgotten after the name of a rule is forgiven.
fn field(line: &[u8]) -> Option<(Field, &[u8])> {
    let split = |at: usize| {
        let (name, value) = line.split_at_checked(at)?;
        Some((
            Field::find(name.trim_ascii())?,
            value.get(1..)?.trim_ascii(),
        ))
    };
    match line.iter().position(|&b| b == b':').and_then(split) {
        Some(found) => Some(found),
        None => line
            .iter()
            .position(u8::is_ascii_whitespace)
            .and_then(split),
    }
}

/// Text in UTF-16 as UTF-8, when a byte order mark says that it is.
fn from_utf16(bytes: &[u8]) -> Option<Vec<u8>> {
    let join: fn([u8; 2]) -> u16 = match bytes {
        [0xff, 0xfe, ..] => u16::from_le_bytes,
        [0xfe, 0xff, ..] => u16::from_be_bytes,
        _ => return None,
    };
    let pairs = bytes.get(2..)?.chunks_exact(2);
    let units = pairs.filter_map(|pair| Some(join(pair.try_into().ok()?)));
    let text: String = char::decode_utf16(units)
        .map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect();
    Some(text.into_bytes())
}

/// The pattern of a rule that says `value`: careless ones are put right where they forbid.
fn pattern(value: &[u8], allow: bool) -> Option<Pattern> {
    let mut value = value;
    // An address where a path belongs: its path is meant.
    if let Some(at) = value.windows(3).take(6).position(|w| w == b"://") {
        let rest = value.get(at + 3..)?;
        value = rest
            .iter()
            .position(|&b| b == b'/')
            .map_or(&b"/"[..], |at| rest.get(at..).unwrap_or_default());
    }
    match value.first()? {
        b'/' | b'*' | b'$' => Some(Pattern::new(value)),
        _ if allow => None,
        _ => Some(Pattern::new(&[b"/", value].concat())),
    }
}

impl Robots {
    /// Reads a file; any bytes are a file, and what is not understood says nothing.
    pub fn parse(bytes: &[u8]) -> Self {
        let bytes = bytes.get(..MAX_BYTES).unwrap_or(bytes);
        let decoded = from_utf16(bytes);
        let bytes = decoded.as_deref().unwrap_or(bytes);
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let mut robots = Robots::default();
        let mut collecting = false;
        let (mut rest, mut number) = (bytes, 0u32);
        while !rest.is_empty() {
            let end = rest.iter().position(|b| matches!(b, b'\n' | b'\r'));
            let (line, after) = rest.split_at(end.unwrap_or(rest.len()));
            let n_ends = 1 + usize::from(after.starts_with(b"\r\n"));
            rest = after.get(n_ends..).unwrap_or_default();
            number += 1;
            robots.push(line, number, &mut collecting);
        }
        let order = |rule: &Rule| std::cmp::Reverse(rule.pattern.len());
        robots.rules.sort_by_key(|r| (order(r), !r.allow, r.line));
        robots
            .preferences
            .sort_by_key(|r| (order(r), r.allow, r.line));
        robots
    }

    fn push(&mut self, line: &[u8], number: u32, collecting: &mut bool) {
        let bare = line
            .split(|&b| b == b'#')
            .next()
            .unwrap_or(line)
            .trim_ascii();
        let Some((field, value)) = field(bare) else {
            return;
        };
        let rule = |group: u32, allow: bool, pattern: Pattern| Rule {
            group,
            allow,
            pattern,
            line: number,
            text: String::from_utf8_lossy(bare)
                .chars()
                .take(MAX_EVIDENCE)
                .collect(),
        };
        if let Field::Agent = field {
            if !*collecting {
                self.n_groups += 1;
                *collecting = true;
            }
            let name = String::from_utf8_lossy(value);
            self.agents.push((name.into(), self.n_groups));
            return;
        }
        // Rules before any group bind nobody (RFC 9309, 2.1).
        let group = self.n_groups;
        match field {
            Field::Agent => {}
            Field::Allow | Field::Disallow => {
                *collecting = false;
                let allow = matches!(field, Field::Allow);
                let pattern = pattern(value, allow).filter(|_| group > 0);
                self.rules.extend(pattern.map(|p| rule(group, allow, p)));
            }
            Field::Preference => {
                let cut = match value.first() {
                    Some(b'/' | b'*') => value.iter().position(u8::is_ascii_whitespace),
                    _ => Some(0),
                };
                let (path, value) = value.split_at(cut.unwrap_or(value.len()));
                let path = if path.is_empty() { b"/" } else { path };
                let said = training_preference(&String::from_utf8_lossy(value));
                // One outside of any group is for all (Cloudflare writes it so): group 0.
                let said = said.map(|allow| rule(group, allow, Pattern::new(path)));
                self.preferences.extend(said);
            }
        }
    }

    /// The groups that `agent` must obey: those that name it, else those of `*`, and 0.
    fn groups(&self, agent: &str) -> Vec<u32> {
        let of = |is: &dyn Fn(&str) -> bool| {
            let named = self.agents.iter().filter(|(name, _)| is(name));
            named.map(|(_, group)| *group).collect::<Vec<_>>()
        };
        let mut groups = match agent {
            "*" => Vec::new(),
            _ => of(&|name| names(name, agent)),
        };
        if groups.is_empty() {
            groups = of(&is_star);
        }
        groups.push(0);
        groups.sort_unstable();
        groups.dedup();
        groups
    }

    /// Whether a group of its own is meant for `agent`.
    pub fn has_group(&self, agent: &str) -> bool {
        self.agents.iter().any(|(name, _)| names(name, agent))
    }

    /// What the file says to `agent` (`*`: any crawler that it does not name) about a path and
    /// query: the most octets win, and of equals what allows.
    pub fn verdict(&self, agent: &str, path_and_query: &str) -> RuleVerdict {
        self.verdict_of(agent, &Path::new(path_and_query))
    }

    pub(super) fn verdict_of(&self, agent: &str, path: &Path) -> RuleVerdict {
        let found = first(&self.rules, &self.groups(agent), path);
        // The file itself may always be fetched (RFC 9309, 2.2.2).
        let itself = || Pattern::new(b"/robots.txt$").matches(path);
        match found {
            Some(rule) if rule.allow || !itself() => rule.verdict(),
            _ => RuleVerdict::by_default(),
        }
    }

    /// What the file prefers for training on a path, as it says to `agent`: `Content-Usage`
    /// (draft-ietf-aipref-attach-05) and `Content-Signal`; none when it says nothing.
    pub fn preference(&self, agent: &str, path_and_query: &str) -> Option<RuleVerdict> {
        self.preference_of(agent, &Path::new(path_and_query))
    }

    pub(super) fn preference_of(&self, agent: &str, path: &Path) -> Option<RuleVerdict> {
        if self.preferences.is_empty() {
            return None; // as in nearly all files
        }
        first(&self.preferences, &self.groups(agent), path).map(Rule::verdict)
    }

    /// Forgets what says nothing to `agents`, so that many files can be kept.
    pub(super) fn keep_only(&mut self, agents: &[String]) {
        let mut groups: Vec<u32> = agents.iter().flat_map(|a| self.groups(a)).collect();
        groups.extend(self.groups("*"));
        groups.sort_unstable();
        groups.dedup();
        let kept = |rule: &Rule| groups.binary_search(&rule.group).is_ok();
        self.rules.retain(kept);
        self.preferences.retain(kept);
        // A name that is none of theirs leads to no group that they obey.
        let ours = |name: &str| agents.iter().any(|a| names(name, a)) || is_star(name);
        self.agents.retain(|(name, _)| ours(name));
        self.rules.shrink_to_fit();
        self.preferences.shrink_to_fit();
        self.agents.shrink_to_fit();
    }

    /// Bytes of memory, roughly.
    pub(super) fn len_bytes(&self) -> usize {
        let rules = self.rules.iter().chain(&self.preferences);
        let rules: usize = rules
            .map(|r| r.pattern.len_bytes() + r.text.len() + 24)
            .sum();
        let agents: usize = self.agents.iter().map(|(name, _)| name.len() + 24).sum();
        rules + agents + size_of::<Self>()
    }
}

fn first<'a>(rules: &'a [Rule], groups: &[u32], path: &Path) -> Option<&'a Rule> {
    let mut of_groups = rules
        .iter()
        .filter(|r| groups.binary_search(&r.group).is_ok());
    of_groups.find(|rule| rule.pattern.matches(path))
}

/// Whether a `User-agent` line is for all that no line names.
fn is_star(written: &str) -> bool {
    written.split_ascii_whitespace().next() == Some("*")
}

/// Whether a `User-agent` line that says `written` names `agent`: by the product token it begins
/// with (letters, `_` and `-`: RFC 9309, 2.2.1), or in full, since names on the web have digits,
/// dots and spaces.
fn names(written: &str, agent: &str) -> bool {
    let in_token = |c: char| c.is_ascii_alphabetic() || matches!(c, '_' | '-');
    let token = written.split(|c: char| !in_token(c)).next().unwrap_or("");
    let word = written
        .split(|c: char| c == '/' || c.is_ascii_whitespace())
        .next()
        .unwrap_or("");
    !agent.is_empty()
        && [token, word, written]
            .iter()
            .any(|w| w.eq_ignore_ascii_case(agent))
}
