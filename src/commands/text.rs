//! Text to score on: from a prepared folder, from files, or from the data a run was made of.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::fail::{Failure, Result};
use crate::contamination::Report;
use crate::data::{langid, read};
use crate::disk;
use crate::engine::eval::Request;
use crate::shard::Mix;

/// Folder of a prepared folder that holds the text to score on.
const HELDOUT: &str = "heldout";
/// Folder of a prepared folder that holds the text that is trained on.
const UNIQUE: &str = "unique";
/// Bytes that a token stands for at most, as far as text is kept for it.
const BYTES_OF_A_TOKEN: u64 = 8;

/// Every text under `paths`; of a prepared folder its held-out text. A record without a language
/// label is identified; one in no language we know is passed over and counted.
///
/// # Errors
/// When a file cannot be read, or there is no text at all.
pub fn requests(paths: &[PathBuf]) -> Result<(Vec<Request>, u64)> {
    let paths: Vec<PathBuf> = paths.iter().map(|path| heldout(path)).collect();
    let (mut requests, mut n_unknown) = (Vec::new(), 0);
    for record in read::records(&paths, "text")? {
        let record = record?;
        let guess = || Some(langid::identify(&record.text).first()?.lang);
        match record.lang.or_else(guess) {
            Some(lang) => requests.push(Request {
                lang: lang.code.clone(),
                text: record.text,
                is_met: false,
            }),
            None => n_unknown += 1,
        }
    }
    if requests.is_empty() {
        return Err(Failure::missing("there is no text to score on")
            .hint("give text with --data: a prepared folder, or files of records")
            .into());
    }
    Ok((requests, n_unknown))
}

/// Text to compute importance from, at most so many tokens' worth of each language; of a prepared
/// folder the text that is trained on, since the held-out text is there to judge by.
///
/// # Errors
/// When a file cannot be read, or there is no text at all.
pub fn to_weigh(paths: &[PathBuf], n_tokens: u64) -> Result<Vec<Request>> {
    let paths: Vec<PathBuf> = paths.iter().map(|path| kept(path)).collect();
    // A token is seldom more than some bytes; what is over is let go when texts are cut.
    let most = n_tokens.saturating_mul(BYTES_OF_A_TOKEN);
    let (mut requests, mut taken) = (Vec::new(), BTreeMap::new());
    for record in read::records(&paths, "text")? {
        let record = record?;
        let guess = || Some(langid::identify(&record.text).first()?.lang);
        let Some(lang) = record.lang.or_else(guess) else {
            continue;
        };
        let of_lang: &mut u64 = taken.entry(lang.code.clone()).or_default();
        if *of_lang < most {
            *of_lang += record.text.len() as u64;
            requests.push(Request {
                lang: lang.code.clone(),
                text: record.text,
                is_met: false,
            });
        }
    }
    if requests.is_empty() {
        return Err(
            Failure::missing("there is no text to compute importance from")
                .hint("give text with --importance-data: a prepared folder, or files of records")
                .into(),
        );
    }
    Ok(requests)
}

/// Of a prepared folder the text that is trained on.
fn kept(path: &Path) -> PathBuf {
    let unique = path.join(UNIQUE);
    match path.join(Mix::NAME).exists() && unique.is_dir() {
        true => unique,
        false => heldout(path),
    }
}

fn heldout(path: &Path) -> PathBuf {
    match path.join(Mix::NAME).exists() {
        true => path.join(HELDOUT),
        false => path.into(),
    }
}

/// The prepared folder a run was trained on, as its recipe has it.
pub fn data_of_run(model: &Path) -> Option<PathBuf> {
    // A model inside a run knows its run: RUN/model, RUN/checkpoints/step-…, RUN/model-q4_0.gguf.
    let run = model
        .ancestors()
        .take(3)
        .find(|p| p.join("recipe.toml").is_file())?;
    let text = disk::read(&run.join("recipe.toml")).ok()?;
    let recipe: toml::Table = toml::from_str(str::from_utf8(&text).ok()?).ok()?;
    let data = PathBuf::from(recipe.get("train")?.get("data")?.as_str()?);
    data.join(Mix::NAME).exists().then_some(data)
}

/// The index of what a prepared folder met of evaluation sets, if it looked for some.
pub fn met_in(data: &Path) -> Option<PathBuf> {
    let path = data.join(Report::INDEX);
    path.is_file().then_some(path)
}

/// Codes of the languages of a prepared folder.
pub fn languages(data: &Path) -> Vec<String> {
    Mix::open(data).map_or_else(
        |_| Vec::new(),
        |mix| mix.rows.into_iter().map(|row| row.lang).collect(),
    )
}
