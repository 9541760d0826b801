//! What was asked for, what is fetched of it, and what came of it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;

use super::hub::{Fetched, Hub, Listing};
use super::names::{Expected, is_safe_name, matches};
use crate::commands::cli::Shared;
use crate::commands::fail::{Failure, Result};
use crate::commands::model::{is_hub_id, is_of_type, split_type, without_part};
use crate::commands::out::{self, Out};
use crate::commands::preview::Preview;
use crate::commands::{settings, signals, sinks};
use crate::event::Control;

const EXAMPLES: &str = "\
Examples:
  eu pull utter-project/EuroLLM-1.7B
  eu pull utter-project/EuroLLM-1.7B --include '*.json'
  eu pull HuggingFaceTB/SmolLM2-135M --revision main
  eu pull owner/model-GGUF:Q4_K_M            the file of that type, of many
  eu chat \"$(eu pull owner/model)\" -p hello";

/// Kinds of files that are fetched: none of them can carry code.
const ENDINGS: [&str; 3] = ["safetensors", "gguf", "json"];
/// A chat template in a file of its own, as newer models have it: the same text is in JSON
/// elsewhere, and filled in within bounds.
const TEMPLATE: &str = "chat_template.jinja";

/// What can be typed after `eu pull`.
#[derive(Debug, Serialize, clap::Args)]
#[command(before_help = EXAMPLES)]
pub struct Args {
    /// Repository of a model: owner/name, or owner/name:TYPE for one GGUF file of many.
    #[arg(value_name = "REPO")]
    pub repo: String,
    /// Only files whose path matches; * and ? stand for any text and any character.
    #[arg(long, value_name = "GLOB")]
    pub include: Vec<String>,
    /// Branch, tag or commit.
    #[arg(long, value_name = "NAME", default_value = "main")]
    pub revision: String,
}

/// What was fetched: schema `pull/1`.
#[derive(Debug, Serialize)]
struct Report {
    repo: String,
    revision: String,
    commit: String,
    folder: PathBuf,
    files: Vec<Fetched>,
    passed_over: Vec<String>,
}

/// Fetches.
///
/// # Errors
/// When the network is forbidden or does not answer (exit code 4), or what came is not what was
/// promised (exit code 3).
pub fn run(args: &Args, shared: &Shared, out: &Arc<Out>) -> Result<()> {
    let (repo, wanted_type) = split_type(&args.repo);
    if !is_hub_id(repo) {
        return Err(Failure::usage(format!("{:?} is no repository", args.repo))
            .hint("a repository is written owner/name")
            .into());
    }
    if !is_safe_name(&args.revision) {
        return Err(Failure::usage(format!("{:?} is no revision", args.revision)).into());
    }
    let forbidden = settings::environment("HF_HUB_OFFLINE");
    let forbidden = forbidden.is_some_and(|is| matches!(is.as_str(), "1" | "true" | "TRUE"));
    if shared.offline || forbidden {
        return Err(Failure::missing(
            "the network is forbidden by --offline, EU_OFFLINE or HF_HUB_OFFLINE",
        )
        .hint("fetch the model on another machine and copy its folder")
        .into());
    }
    let hub = Hub::open(repo, &args.revision)?;
    let listing = hub.listing()?;
    let (wanted, passed_over) = choose(&listing, &args.include, wanted_type)?;
    let folder = hub.root.join("snapshots").join(&listing.sha);
    if shared.dry_run {
        return Preview {
            command: "pull",
            plan: args,
            inputs: Vec::new(),
            outputs: wanted.iter().map(|(name, _)| folder.join(name)).collect(),
            memory_bytes: Some(0),
            time_ms: None,
            disk_bytes: None,
            notes: vec![format!("{} files passed over", passed_over.len())],
        }
        .print(out);
    }
    let control = Arc::new(Control::default());
    signals::listen(&control, out)?;
    let sink = sinks::for_command(out);
    let mut files = Vec::new();
    for (name, expected) in &wanted {
        files.push(hub.fetch(
            name,
            expected.as_ref(),
            &listing.sha,
            shared.force,
            &control,
            &*sink,
        )?);
    }
    hub.name_commit(&listing.sha)?;
    let report = Report {
        repo: repo.into(),
        revision: args.revision.clone(),
        commit: listing.sha,
        folder,
        files,
        passed_over,
    };
    let n_bytes: u64 = report.files.iter().map(|f| f.len_bytes).sum();
    out.say(&format!(
        "{} files, {}, every hash checked",
        report.files.len(),
        out::bytes(n_bytes)
    ));
    out.result("pull/1", &report, || {
        format!("{}\n", report.folder.display())
    })
}

/// Files to fetch, each with its hash where the listing has one, and files that are left.
type Choice = (Vec<(String, Option<Expected>)>, Vec<String>);

fn choose(listing: &Listing, include: &[String], kind: Option<&str>) -> Result<Choice> {
    let (mut wanted, mut passed_over) = (Vec::new(), Vec::new());
    for file in &listing.siblings {
        let name = &file.rfilename;
        if !is_safe_name(name) {
            return Err(
                Failure::damaged(format!("{name:?}: a name that leads out of its folder"))
                    .hint("this repository is not to be trusted")
                    .into(),
            );
        }
        let ending = Path::new(name).extension().and_then(|e| e.to_str());
        let is_template = name.rsplit('/').next() == Some(TEMPLATE);
        let kind_is_safe = is_template || ending.is_some_and(|e| ENDINGS.contains(&e));
        let asked = include.is_empty() || include.iter().any(|glob| matches(glob, name));
        // Of a type there are weights in one form only.
        let of_type = match (kind, ending) {
            (Some(kind), Some("gguf")) => is_of_type(name, kind),
            (Some(_), Some("safetensors")) => false,
            _ => true,
        };
        if !kind_is_safe || !asked || !of_type {
            passed_over.push(name.clone());
            continue;
        }
        let digest = file
            .lfs
            .as_ref()
            .map(|lfs| &lfs.sha256)
            .or(file.blob_id.as_ref());
        wanted.push((name.clone(), digest.and_then(|d| Expected::parse(d))));
    }
    if wanted.is_empty() {
        return Err(Failure::missing("no file of the repository is wanted")
            .hint(format!("only *.{} are fetched", ENDINGS.join(", *.")))
            .into());
    }
    let is_gguf = |name: &&String| name.ends_with(".gguf");
    let mut weights: Vec<&str> = wanted
        .iter()
        .map(|(name, _)| name)
        .filter(is_gguf)
        .map(|name| without_part(name))
        .collect();
    weights.dedup();
    if let (Some(kind), true) = (kind, weights.is_empty()) {
        let there: Vec<&str> = passed_over
            .iter()
            .filter(is_gguf)
            .map(|name| without_part(name))
            .collect();
        return Err(
            Failure::missing(format!("no GGUF file of the repository is of type {kind}"))
                .hint(format!("it has {}", few(&there)))
                .into(),
        );
    }
    if weights.len() > 1 && include.is_empty() {
        let what = match kind {
            Some(kind) => format!("of type {kind} the repository has {}", few(&weights)),
            None => format!("the repository has {} GGUF files", weights.len()),
        };
        return Err(Failure::usage(what)
            .hint(format!(
                "name the type behind the repository, such as :Q4_K_M, or choose by --include \
                 ('*' for all): {}",
                few(&weights)
            ))
            .into());
    }
    Ok((wanted, passed_over))
}

/// The first of some names.
fn few(names: &[&str]) -> String {
    const SHOWN: usize = 8;
    let mut names: Vec<&str> = names.to_vec();
    names.dedup();
    match names.len() {
        0 => "none".into(),
        n if n > SHOWN => format!("{} and {} more", names[..SHOWN].join(", "), n - SHOWN),
        _ => names.join(", "),
    }
}
