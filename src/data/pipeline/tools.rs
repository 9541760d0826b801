//! What every thread looks things up in, opened once before the walk.

use std::path::Path;

use super::heldout;
use super::plan::{Plan, Redact, Step};
use crate::contamination::Index;
use crate::data::contamination;
use crate::data::error::{Error, Result};
use crate::data::filter::{BadWords, RuleBook};
use crate::data::optout::{BlockList, Check, Fetched, LicenceRules, Rules, Store, agents_for};
use crate::data::read::{self, Item};
use crate::data::record::Record;
use crate::data::{extract, pii};
use crate::disk;
use crate::lang::Lang;

/// What a walk looks things up in.
pub(super) struct Tools<'a> {
    pub(super) plan: &'a Plan,
    /// Languages asked for.
    pub(super) langs: &'a [&'static Lang],
    /// How files are read.
    pub(super) options: read::Options,
    /// What is taken of pages.
    pub(super) extract: extract::Options,
    /// Crawlers whose rules count.
    pub(super) agents: Vec<String>,
    /// What may be used; none where the plan does not ask.
    pub(super) lawful: Option<Rules>,
    /// Thresholds of every language.
    pub(super) rules: RuleBook,
    /// Words nobody wants.
    pub(super) bad_words: Option<BadWords>,
    /// What personal data is looked for, and what is done with it.
    pub(super) personal: Option<(pii::Finder, pii::Mode)>,
    /// Runs of words of evaluation sets.
    pub(super) evaluation: Option<Index>,
    /// Hash and id of every text that is scored on, sorted.
    pub(super) heldout: Vec<(u128, String)>,
    /// What in the files that were opened was not as one would expect, in words.
    pub(super) warnings: Vec<String>,
}

impl<'a> Tools<'a> {
    /// Opens everything the plan names.
    ///
    /// # Errors
    /// When a file is not there or not what it should be.
    pub(super) fn open(
        plan: &'a Plan,
        langs: &'a [&'static Lang],
        held: &[Record],
    ) -> Result<Self> {
        let mut warnings = Vec::new();
        Ok(Tools {
            plan,
            langs,
            options: read::Options {
                text_key: plan.text_key.clone(),
                crawl_id: plan.crawl_id.clone(),
                ..read::Options::default()
            },
            extract: extract::Options {
                comments: plan.comments,
                ..extract::Options::default()
            },
            agents: agents(plan),
            lawful: match plan.has(Step::Lawful) {
                true => Some(lawful(plan, &mut warnings)?),
                false => None,
            },
            rules: rules(plan)?,
            bad_words: bad_words(plan)?,
            personal: personal(plan)?,
            evaluation: evaluation(plan, &mut warnings)?,
            heldout: heldout::hashes(held),
            warnings,
        })
    }
}

/// Agents of the plan; names of groups stand for their members.
pub(super) fn agents(plan: &Plan) -> Vec<String> {
    let all = plan.agents.iter().flat_map(|name| agents_for(name));
    let mut agents: Vec<String> = Vec::new();
    for agent in all {
        if !agents.contains(&agent) {
            agents.push(agent);
        }
    }
    agents
}

/// Checks the plan asks for.
///
/// # Errors
/// When one is none.
pub(super) fn checks(plan: &Plan) -> Result<Vec<Check>> {
    plan.checks.iter().map(|name| check(name)).collect()
}

/// The check of a name.
fn check(name: &str) -> Result<Check> {
    let found = Check::ALL.into_iter().find(|check| check.name() == name);
    found.ok_or_else(|| {
        let names = Check::ALL.map(Check::name).join(", ");
        Error::usage(
            format!("{name}: no check of lawfulness"),
            format!("there are {names}"),
        )
    })
}

fn lawful(plan: &Plan, warnings: &mut Vec<String>) -> Result<Rules> {
    let mut rules = Rules {
        checks: checks(plan)?,
        ..Rules::default()
    };
    if let Some(path) = &plan.licences {
        let text = String::from_utf8_lossy(&disk::read(path)?).into_owned();
        rules.licences = LicenceRules::parse(&text)?;
    }
    if !plan.block_lists.is_empty() {
        rules.blocked = BlockList::read_all(&plan.block_lists)?;
        if let Some(first) = &rules.blocked.first_strange {
            let n = rules.blocked.n_strange;
            warnings.push(format!(
                "block lists: {n} lines are neither a domain nor an address, the first: {first}"
            ));
        }
    }
    if !plan.robots.is_empty() {
        let mut store = Store::new(agents(plan), memory_of(plan));
        for path in &plan.robots {
            fill(&mut store, path)?;
        }
        if store.n_damaged > 0 {
            let n = store.n_damaged;
            warnings.push(format!(
                "files of sites: {n} of tdmrep.json are damaged, what can be read of them counts"
            ));
        }
        rules.store = Some(store);
    }
    Ok(rules)
}

/// Memory for the files of sites: an eighth of all.
pub(super) fn memory_of(plan: &Plan) -> usize {
    usize::try_from(plan.memory.0 / 8).unwrap_or(usize::MAX)
}

/// Takes in the files of sites from a crawl of them, or from a list of JSON lines.
fn fill(store: &mut Store, path: &Path) -> Result<()> {
    let told = |e: crate::data::optout::StoreError, line: u64| {
        Error::line(
            path,
            line,
            e.to_string(),
            "lines are {\"host\", \"robots\", \"ts\"}",
        )
    };
    let name = path.to_string_lossy();
    if name.contains(".jsonl") || name.contains(".ndjson") {
        let mut source = disk::Source::open(path)?;
        let mut line = Vec::new();
        while source.read_line(&mut line)? {
            let text = String::from_utf8_lossy(&line);
            if !text.trim().is_empty() {
                let at = source.line();
                store.add_line(&text).map_err(|e| told(e, at))?;
            }
        }
        return Ok(());
    }
    for item in read::items(&[path.to_path_buf()], &read::Options::default())? {
        if let Item::Robots(page) = item? {
            let line = page.source.line;
            store.add(fetched(&page)).map_err(|e| told(e, line))?;
        }
    }
    Ok(())
}

/// A page as the store takes it.
pub(super) fn fetched(page: &read::Page) -> Fetched<'_> {
    Fetched {
        url: page.url.as_deref().unwrap_or(""),
        status: page.status,
        location: page.header("location"),
        body: &page.body,
        date: page.ts.as_deref(),
    }
}

/// The words nobody wants of the file the plan names.
pub(in crate::data) fn bad_words(plan: &Plan) -> Result<Option<BadWords>> {
    let path = plan.bad_words.as_deref();
    path.map(BadWords::load).transpose()
}

/// Thresholds of the file the plan names, or our own, with the families it names.
pub(in crate::data) fn rules(plan: &Plan) -> Result<RuleBook> {
    let mut book = match &plan.thresholds {
        Some(path) => RuleBook::load(path)?,
        None => RuleBook::default(),
    };
    if let Some(families) = plan.families {
        for lang in Lang::all() {
            if let Some(rules) = book.of_mut(lang) {
                rules.families = families;
            }
        }
    }
    Ok(book)
}

pub(super) fn personal(plan: &Plan) -> Result<Option<(pii::Finder, pii::Mode)>> {
    let mode = match (plan.has(Step::Redact), plan.redact) {
        (false, _) => return Ok(None),
        (true, Redact::Annotate) => pii::Mode::Annotate,
        (true, Redact::Mask) => pii::Mode::Mask,
        (true, Redact::Pseudonymise) => {
            let no_key = || {
                Error::usage(
                    "pseudonyms are drawn under a key, and none was given",
                    "name a file of random bytes with --pii-key: head -c 32 /dev/urandom > key",
                )
            };
            let path = plan.pii_key.as_ref().ok_or_else(no_key)?;
            pii::Mode::Pseudonymise(pii::Key::new(&disk::read(path)?).ok_or_else(no_key)?)
        }
    };
    Ok(Some((pii::Finder::new(&pii::Options::default()), mode)))
}

/// The index of the evaluation sets the plan names: made of them, or made before.
fn evaluation(plan: &Plan, warnings: &mut Vec<String>) -> Result<Option<Index>> {
    if plan.contamination.is_empty() || !plan.has(Step::Decontaminate) {
        return Ok(None);
    }
    let opened = contamination::open(&plan.contamination)?;
    warnings.extend(opened.warnings);
    Ok(Some(opened.index))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_strange_in_lists_and_files_of_sites_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            disk::replace_bytes(&path, text.as_bytes()).unwrap();
            path
        };
        let sites = concat!(
            "{\"host\": \"a.example\", \"tdmrep\": \"{\"}\n",
            "{\"host\": \"b.example\", \"robots\": \"\"}\n",
        );
        let mut plan = Plan {
            robots: vec![write("sites.jsonl", sites)],
            block_lists: vec![write("list.txt", "a.example\n\0\n\0\n")],
            ..Plan::default()
        };
        let mut warnings = Vec::new();
        lawful(&plan, &mut warnings).unwrap();
        let [lists, files] = &warnings[..] else {
            unreachable!("two files are strange: {warnings:?}")
        };
        assert!(
            lists.contains("2 lines") && lists.ends_with("list.txt:2"),
            "{lists}"
        );
        assert!(files.contains("1 of tdmrep.json"), "{files}");
        plan.robots = vec![write("sites.jsonl", "")];
        plan.block_lists = vec![write("list.txt", "a.example\n")];
        warnings.clear();
        lawful(&plan, &mut warnings).unwrap();
        assert_eq!(warnings, Vec::<String>::new());
    }
}
