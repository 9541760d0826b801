//! All checks of a page, and what they came to: one decision each, with its evidence.

use std::collections::BTreeMap;

use serde::Serialize;

use super::blocklist::BlockList;
use super::licence::{Licence, LicenceRules};
use super::page::PageSignals;
use super::pattern::Path;
use super::robots::RuleVerdict;
use super::store::{File, Found, Kind, Store};
use super::url::Url;

/// Characters of evidence kept.
const MAX_EVIDENCE: usize = 400;

/// The checks, in the order in which they are made and reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// robots.txt.
    Robots,
    /// `Content-Usage` and `Content-Signal`, in robots.txt and headers.
    Preference,
    /// TDM Reservation Protocol.
    Tdm,
    /// `noai` in headers and meta elements.
    Noai,
    /// ai.txt.
    AiTxt,
    /// Licences named by the page.
    Licence,
    /// Lists of domains and addresses.
    BlockList,
}

impl Check {
    /// All of them.
    pub const ALL: [Check; 7] = [
        Check::Robots,
        Check::Preference,
        Check::Tdm,
        Check::Noai,
        Check::AiTxt,
        Check::Licence,
        Check::BlockList,
    ];

    /// Name in reports and recipes.
    pub fn name(self) -> &'static str {
        match self {
            Check::Robots => "robots",
            Check::Preference => "preference",
            Check::Tdm => "tdm",
            Check::Noai => "noai",
            Check::AiTxt => "ai_txt",
            Check::Licence => "licence",
            Check::BlockList => "block_list",
        }
    }
}

/// Where the evidence of a decision stood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// A file of the host: robots.txt, tdmrep.json, ai.txt.
    HostFile,
    /// A header of the response.
    Header,
    /// A meta element of the page.
    Meta,
    /// A licence that the page names.
    Page,
    /// A list given by the user.
    List,
}

/// What one check came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Decision {
    /// Which check.
    pub check: Check,
    /// Whether the page may be used.
    pub allowed: bool,
    /// Why, in one word that is the same for all such pages.
    pub reason: &'static str,
    /// What said so, and where: at most 400 characters.
    pub evidence: String,
    /// Where it stood.
    pub source: Source,
}

/// What all checks came to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Judgement {
    /// Decisions of the checks that had something to go by, those that forbid and those that
    /// allow.
    pub decisions: Vec<Decision>,
}

impl Judgement {
    /// Whether nothing forbids.
    pub fn allowed(&self) -> bool {
        self.denial().is_none()
    }

    /// The first decision that forbids.
    pub fn denial(&self) -> Option<&Decision> {
        self.decisions.iter().find(|d| !d.allowed)
    }
}

/// A page to be judged.
#[derive(Debug, Clone, Copy, Default)]
pub struct Page<'a> {
    /// Its address.
    pub url: &'a str,
    /// When it was captured, in any form [`super::date_number`] reads.
    pub date: Option<&'a str>,
    /// What its headers and meta elements say.
    pub signals: Option<&'a PageSignals>,
    /// Licences it names: addresses or phrases.
    pub licences: &'a [String],
    /// It spoke of mining itself, and was heard before: its host's file is not asked.
    pub spoke_of_mining: bool,
}

/// What is asked of a page.
#[derive(Debug, Default)]
pub struct Rules {
    /// Checks that are made.
    pub checks: Vec<Check>,
    /// Files of the hosts. They are read as each of the store's agents; one that is turned away
    /// is enough.
    pub store: Option<Store>,
    /// Licences wanted.
    pub licences: LicenceRules,
    /// Domains and addresses not wanted.
    pub blocked: BlockList,
}

impl Rules {
    /// Asks all checks, and counts each. A page whose address is no web address has no host to
    /// ask; its own words still count.
    pub fn judge(&self, page: &Page<'_>, tally: &mut Tally) -> Judgement {
        let mut judgement = Judgement::default();
        let date = page.date.and_then(super::date_number);
        let url = Url::parse(page.url);
        let place = url.as_ref().map(|url| (url, Path::new(&url.path)));
        for check in Check::ALL.into_iter().filter(|c| self.checks.contains(c)) {
            let mut made = self.page(check, page);
            // A page's own word on mining outranks its host's file (TDMRep, processing priority).
            if let Some((url, path)) = place
                .as_ref()
                .filter(|_| check != Check::Tdm || (made.is_empty() && !page.spoke_of_mining))
            {
                made.extend(self.host(check, url, path, date));
            }
            tally.count(check, &made);
            judgement.decisions.extend(made);
        }
        tally.n_pages += 1;
        tally.n_denied += u64::from(!judgement.allowed());
        judgement
    }

    /// What the host of a page, or a list, says to a check.
    fn host(&self, check: Check, url: &Url, path: &Path, date: Option<u64>) -> Option<Decision> {
        match check {
            Check::Robots => self.robots(url, path, date),
            Check::Preference => self.preference(url, path, date),
            Check::Tdm => self.tdm_file(url, path, date),
            Check::AiTxt => self.ai_txt(url, path, date),
            Check::BlockList => self.block_list(url),
            Check::Noai | Check::Licence => None,
        }
    }

    /// The agents that the files of hosts were kept for.
    fn agents(&self) -> &[String] {
        self.store.as_ref().map_or(&[], Store::agents)
    }

    fn find(&self, kind: Kind, url: &Url, date: Option<u64>) -> Option<Found<'_>> {
        self.store.as_ref()?.find(kind, url, date)
    }

    /// Asks as each agent; those that the file does not name are all told the same.
    fn robots(&self, url: &Url, path: &Path, date: Option<u64>) -> Option<Decision> {
        let found = self.find(Kind::Robots, url, date)?;
        let decide = |allowed, reason, text: &str| {
            Some(decision(
                Check::Robots,
                allowed,
                reason,
                Source::HostFile,
                text,
            ))
        };
        let at = place(Kind::Robots, url, found.date);
        if let Some(status) = found.unreachable {
            return decide(
                false,
                "robots_unreachable",
                &format!("{at}: status {status}"),
            );
        }
        let Some(File::Robots(robots)) = found.file else {
            return decide(true, "robots_absent", &at);
        };
        let mut unnamed: Option<RuleVerdict> = None;
        let mut verdicts = Vec::new();
        for agent in self.agents() {
            let verdict = if robots.has_group(agent) {
                robots.verdict_of(agent, path)
            } else {
                unnamed
                    .get_or_insert_with(|| robots.verdict_of("*", path))
                    .clone()
            };
            if !verdict.allowed {
                let text = format!("{at}, line {} for {agent}: {}", verdict.line, verdict.text);
                return decide(false, "robots", &text);
            }
            verdicts.push((agent, verdict));
        }
        let by_rule = verdicts.iter().find(|(_, v)| v.line > 0);
        let text = match by_rule {
            Some((agent, v)) => format!("{at}, line {} for {agent}: {}", v.line, v.text),
            None => format!("{at}: no rule"),
        };
        decide(true, "robots", &text)
    }

    fn preference(&self, url: &Url, path: &Path, date: Option<u64>) -> Option<Decision> {
        let found = self.find(Kind::Robots, url, date)?;
        let Some(File::Robots(robots)) = found.file else {
            return None;
        };
        let said = self
            .agents()
            .iter()
            .filter_map(|agent| Some((agent, robots.preference_of(agent, path)?)));
        let (agent, verdict) = said.min_by_key(|(_, v)| v.allowed)?;
        let at = place(Kind::Robots, url, found.date);
        let text = format!("{at}, line {} for {agent}: {}", verdict.line, verdict.text);
        let (check, allowed) = (Check::Preference, verdict.allowed);
        Some(decision(
            check,
            allowed,
            "train_preference",
            Source::HostFile,
            &text,
        ))
    }

    fn tdm_file(&self, url: &Url, path: &Path, date: Option<u64>) -> Option<Decision> {
        let found = self.find(Kind::TdmRep, url, date)?;
        let Some(File::TdmRep(rules)) = found.file else {
            return None;
        };
        let said = rules.reservation_of(path)?;
        let policy = said
            .policy
            .map_or(String::new(), |p| format!(", policy {p}"));
        let text = format!(
            "{}, rule {}: {} is {}{policy}",
            place(Kind::TdmRep, url, found.date),
            said.rule,
            said.location,
            u8::from(said.reserved),
        );
        let (check, allowed) = (Check::Tdm, !said.reserved);
        Some(decision(
            check,
            allowed,
            "tdm_reserved",
            Source::HostFile,
            &text,
        ))
    }

    fn ai_txt(&self, url: &Url, path: &Path, date: Option<u64>) -> Option<Decision> {
        let found = self.find(Kind::AiTxt, url, date)?;
        let Some(File::AiTxt(file)) = found.file else {
            return None;
        };
        let verdicts = self.agents().iter().map(|a| (a, file.verdict_of(a, path)));
        let (agent, verdict) = verdicts
            .filter(|(_, v)| v.line > 0)
            .min_by_key(|(_, v)| v.allowed)?;
        let at = place(Kind::AiTxt, url, found.date);
        let text = format!("{at}, line {} for {agent}: {}", verdict.line, verdict.text);
        Some(decision(
            Check::AiTxt,
            verdict.allowed,
            "ai_txt",
            Source::HostFile,
            &text,
        ))
    }

    fn block_list(&self, url: &Url) -> Option<Decision> {
        let blocked = self.blocked.find(url)?;
        let reason = if blocked.is_url {
            "blocked_url"
        } else {
            "blocked_domain"
        };
        let text = format!("{}: {}", blocked.category, blocked.entry);
        Some(decision(
            Check::BlockList,
            false,
            reason,
            Source::List,
            &text,
        ))
    }

    /// What the page itself says to a check.
    fn page(&self, check: Check, page: &Page<'_>) -> Vec<Decision> {
        let mut made = Vec::new();
        let signals = page.signals;
        let mut say = |allowed: bool, reason: &'static str, source: Source, text: &str| {
            made.push(decision(check, allowed, reason, source, text));
        };
        match check {
            Check::Tdm => {
                if let Some((signals, said)) = signals.and_then(|s| Some((s, s.tdm()?))) {
                    let policy = signals.tdm_policy.as_ref();
                    let policy = policy.map_or(String::new(), |p| format!(", policy {p}"));
                    let meta = signals.tdm_meta.is_some();
                    let source = if meta { Source::Meta } else { Source::Header };
                    say(
                        said.allowed,
                        "tdm_reserved",
                        source,
                        &format!("{}{policy}", said.text),
                    );
                }
            }
            Check::Noai => {
                let header = signals.and_then(|s| s.noai_header.as_ref());
                let meta = signals.and_then(|s| s.noai_meta.as_ref());
                for (said, source) in [(header, Source::Header), (meta, Source::Meta)] {
                    if let Some(said) = said {
                        say(said.allowed, "noai", source, &said.text);
                    }
                }
            }
            Check::Preference => {
                if let Some(said) = signals.and_then(|s| s.usage.as_ref()) {
                    say(said.allowed, "train_preference", Source::Header, &said.text);
                }
            }
            Check::Licence => self.licence(page, &mut say),
            Check::Robots | Check::AiTxt | Check::BlockList => {}
        }
        made
    }

    /// Of several licences, each has to be wanted: which of them is the text's cannot be told.
    fn licence(&self, page: &Page<'_>, say: &mut dyn FnMut(bool, &'static str, Source, &str)) {
        let mut known: Vec<(Licence, &str)> = Vec::new();
        for text in page.licences {
            if let Some(licence) = Licence::find(text)
                && !known.iter().any(|(l, _)| *l == licence)
            {
                known.push((licence, text));
            }
        }
        let asked: Vec<(Option<&Licence>, &str)> = match known.is_empty() {
            true => vec![(None, "no licence that is known")],
            false => known.iter().map(|(l, text)| (Some(l), *text)).collect(),
        };
        for (licence, text) in asked {
            if let Some((allowed, line)) = self.licences.verdict(licence) {
                let id = licence.map_or("unknown", |l| l.id.as_str());
                let text = format!("list line {line}: {id}, from {text}");
                say(allowed, "licence", Source::Page, &text);
            }
        }
    }
}

fn decision(
    check: Check,
    allowed: bool,
    reason: &'static str,
    source: Source,
    evidence: &str,
) -> Decision {
    let plain = evidence
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c });
    Decision {
        check,
        allowed,
        reason,
        evidence: plain.take(MAX_EVIDENCE).collect(),
        source,
    }
}

/// A file of a host as evidence names it.
fn place(kind: Kind, url: &Url, date: u64) -> String {
    let seen = match date {
        0 => String::new(),
        date => format!(" of {date}"),
    };
    format!("{}{seen} at {}", kind.name(), url.authority())
}

/// How often a check was made, and what came of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Count {
    /// Pages asked about.
    pub asked: u64,
    /// Nothing to go by.
    pub silent: u64,
    /// Only words that allow.
    pub allowed: u64,
    /// Words that forbid.
    pub denied: u64,
}

/// Counts of all checks; those of parts of the work add up.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// Pages judged.
    pub n_pages: u64,
    /// Pages that something forbids.
    pub n_denied: u64,
    /// Counts by name of the check.
    pub checks: BTreeMap<&'static str, Count>,
    /// Decisions that forbid, by reason: a page may have several.
    pub reasons: BTreeMap<&'static str, u64>,
}

impl Tally {
    fn count(&mut self, check: Check, made: &[Decision]) {
        let count = self.checks.entry(check.name()).or_default();
        count.asked += 1;
        let denied = made.iter().any(|d| !d.allowed);
        match (made.is_empty(), denied) {
            (true, _) => count.silent += 1,
            (false, true) => count.denied += 1,
            (false, false) => count.allowed += 1,
        }
        for d in made.iter().filter(|d| !d.allowed) {
            *self.reasons.entry(d.reason).or_default() += 1;
        }
    }

    /// Adds the counts of another part.
    pub fn add(&mut self, other: &Tally) {
        self.n_pages += other.n_pages;
        self.n_denied += other.n_denied;
        for (name, count) in &other.checks {
            let mine = self.checks.entry(name).or_default();
            mine.asked += count.asked;
            mine.silent += count.silent;
            mine.allowed += count.allowed;
            mine.denied += count.denied;
        }
        for (reason, n) in &other.reasons {
            *self.reasons.entry(reason).or_default() += n;
        }
    }
}
