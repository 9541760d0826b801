//! Where a setting comes from: flag > `EU_*` environment > recipe > user's file > default.
//!
//! A file has a section for each of the five commands, `[prepare]`, `[train]`, `[eval]`,
//! `[quantize]` and `[chat]`, whose keys are those of the command's plan, and keys above them
//! for all: `seed`, `threads`, `device`, `cpu`, `color`, `offline`, `plain`. Each file is checked whole
//! when it is read: a key that is not known is refused with its line and the nearest known one.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use toml::de::{DeTable, DeValue};
use toml::{Table, Value};

use super::cli::Shared;
use super::fail::{Failure, Result};
use crate::{data, disk, engine};

/// The plans a file may speak of, whole; used to check types and to know every key.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Sections {
    prepare: data::Plan,
    train: engine::train::Plan,
    eval: engine::eval::Plan,
    quantize: engine::quant::Plan,
    chat: engine::generate::Plan,
    #[serde(flatten)]
    common: Common,
}

/// Keys above the sections.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Common {
    /// Seed of every random choice, for the sections that have one.
    pub seed: Option<u64>,
    /// Threads, for the sections that have the key.
    pub threads: Option<usize>,
    /// Device, for the sections that have the key.
    pub device: Option<String>,
    /// Instruction set, for the sections that have the key.
    pub cpu: Option<String>,
    /// When to colour.
    pub color: Option<super::cli::ColorChoice>,
    /// Refuse to open connections.
    pub offline: Option<bool>,
    /// No full screen, no moving bars.
    pub plain: Option<bool>,
}

/// Names of the sections.
pub const SECTIONS: [&str; 5] = ["prepare", "train", "eval", "quantize", "chat"];

/// One file that was read and checked.
#[derive(Debug)]
struct Recipe {
    path: PathBuf,
    table: Table,
}

/// The files that apply to this call, the strongest last.
#[derive(Debug, Default)]
pub struct Files {
    recipes: Vec<Recipe>,
}

impl Files {
    /// Reads the user's file, if there is one, and the recipe given, if one is.
    ///
    /// # Errors
    /// When a file cannot be read, is no TOML, or has a key that is not known.
    pub fn read(given: Option<&Path>) -> Result<Self> {
        let mut recipes = Vec::new();
        if let Some(path) = user_file().filter(|path| path.exists()) {
            recipes.push(Recipe::read(&path)?);
        }
        if let Some(path) = given {
            recipes.push(Recipe::read(path)?);
        }
        Ok(Files { recipes })
    }

    /// The keys above the sections, the strongest file's value each.
    pub fn common(&self) -> Common {
        let mut table = Table::new();
        for recipe in &self.recipes {
            table.extend(common_keys(&recipe.table));
        }
        table.try_into().unwrap_or_default() // each file was checked when it was read
    }

    /// The plan of a command: defaults, files, then what was typed or set in the environment.
    ///
    /// # Errors
    /// When a value is out of range.
    pub fn plan<P, A>(&self, section: &str, args: &A, shared: &Shared) -> Result<P>
    where
        P: Serialize + DeserializeOwned + Default,
        A: Serialize,
    {
        let keys = keys_of::<P>();
        let mut table = Table::new();
        for (_, layer) in self.layers(section, &keys) {
            table.extend(layer);
        }
        let out_of_range = |e: &dyn std::fmt::Display| Failure::usage(format!("[{section}] {e}"));
        let typed = Table::try_from(args).map_err(|e| out_of_range(&e))?;
        table.extend(shared.plan_keys(&keys));
        table.extend(typed);
        Ok(table
            .try_into()
            .map_err(|e: toml::de::Error| out_of_range(&e.message()))?)
    }

    /// Each key of a section with the value the files give it and the file it is from.
    pub fn origins<P>(&self, section: &str) -> BTreeMap<String, (Value, String)>
    where
        P: Serialize + Default,
    {
        let keys = keys_of::<P>();
        let mut found = BTreeMap::new();
        for (path, layer) in self.layers(section, &keys) {
            for (key, value) in layer {
                found.insert(key, (value, path.display().to_string()));
            }
        }
        found
    }

    /// What each file says about a section, the weakest first; within a file the section beats
    /// the keys above it.
    fn layers(&self, section: &str, keys: &[String]) -> Vec<(&Path, Table)> {
        let mut layers = Vec::new();
        for recipe in &self.recipes {
            let mut above = common_keys(&recipe.table);
            above.retain(|key, _| keys.iter().any(|k| k == key));
            layers.push((recipe.path.as_path(), above));
            if let Some(Value::Table(own)) = recipe.table.get(section) {
                layers.push((recipe.path.as_path(), own.clone()));
            }
        }
        layers
    }
}

fn common_keys(table: &Table) -> Table {
    let mut keys = table.clone();
    keys.retain(|_, value| !value.is_table());
    keys
}

impl Recipe {
    fn read(path: &Path) -> Result<Self> {
        let bytes = disk::read(path)?;
        let text = String::from_utf8(bytes).map_err(|e| {
            Failure::damaged(format!(
                "{}: byte {}: not UTF-8",
                path.display(),
                e.utf8_error().valid_up_to()
            ))
            .hint("a recipe is a text file in TOML; `eu init` writes one")
        })?;
        let table = check(path, &text)?;
        Ok(Recipe {
            path: path.into(),
            table,
        })
    }
}

/// Reads a file's text and refuses keys that are not known and values of the wrong type.
fn check(path: &Path, text: &str) -> std::result::Result<Table, Failure> {
    let wrong = |e: &toml::de::Error| {
        let line = e.span().map_or(1, |span| line_of(text, span.start));
        let what = e.message().lines().collect::<Vec<_>>().join(", ");
        Failure::usage(format!("{}:{line}: {what}", path.display()))
            .hint("`eu init` writes a recipe with every key explained")
    };
    let unknown = |at: usize, what: &str, name: &str, known: &[String]| {
        let hint = match nearest(name, known) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("known are: {}", known.join(", ")),
        };
        let line = line_of(text, at);
        Failure::usage(format!(
            "{}:{line}: unknown {what} `{name}`",
            path.display()
        ))
        .hint(hint)
    };
    let spanned = DeTable::parse(text).map_err(|e| wrong(&e))?;
    let mut above = keys_of::<Common>();
    above.extend(SECTIONS.map(String::from));
    for (key, value) in spanned.get_ref() {
        let name: &str = key.get_ref().as_ref();
        let section = SECTIONS.iter().find(|section| **section == name);
        match (section, value.get_ref()) {
            (Some(section), DeValue::Table(own)) => {
                let known = section_keys(section);
                for (key, _) in own {
                    let name: &str = key.get_ref().as_ref();
                    if !known.iter().any(|k| k == name) {
                        let what = format!("key of [{section}]");
                        return Err(unknown(key.span().start, &what, name, &known));
                    }
                }
            }
            _ if above.iter().any(|k| k == name) => {}
            (None, DeValue::Table(_)) => {
                let known = SECTIONS.map(String::from);
                return Err(unknown(key.span().start, "section", name, &known));
            }
            _ => return Err(unknown(key.span().start, "key", name, &above)),
        }
    }
    toml::from_str::<Sections>(text).map_err(|e| wrong(&e))?;
    toml::from_str(text).map_err(|e| wrong(&e))
}

/// Every key of a plan, also those whose default is none.
pub fn keys_of<P: Serialize + Default>() -> Vec<String> {
    match serde_json::to_value(P::default()) {
        Ok(serde_json::Value::Object(fields)) => fields.keys().cloned().collect(),
        _ => Vec::new(),
    }
}

/// Every key of a section.
pub fn section_keys(section: &str) -> Vec<String> {
    match section {
        "prepare" => keys_of::<data::Plan>(),
        "train" => keys_of::<engine::train::Plan>(),
        "eval" => keys_of::<engine::eval::Plan>(),
        "quantize" => keys_of::<engine::quant::Plan>(),
        "chat" => keys_of::<engine::generate::Plan>(),
        _ => Vec::new(),
    }
}

/// Every key of a section with its default as TOML; none where it has no value.
pub fn defaults(section: &str) -> Vec<(String, Option<String>)> {
    let all = Table::try_from(Sections::default()).unwrap_or_default();
    let own = all.get(section).and_then(Value::as_table);
    let value = |key: &str| own.and_then(|own| own.get(key)).map(on_one_line);
    let keys = section_keys(section).into_iter();
    keys.map(|key| (value(&key), key))
        .map(|(value, key)| (key, value))
        .collect()
}

/// A value as TOML without line breaks, which a comment cannot hold.
fn on_one_line(value: &Value) -> String {
    let text = value.to_string();
    match text.contains('\n') {
        true => serde_json::to_string(value).unwrap_or(text), // escapes and lists are those of TOML
        false => text,
    }
}

/// The known name that reads most like `name`, if one does.
pub fn nearest<'a>(name: &str, known: &'a [String]) -> Option<&'a str> {
    let name = name.to_lowercase().replace('-', "_");
    known
        .iter()
        .map(|k| (strsim::jaro_winkler(&name, k), k))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(a.1)))
        .map(|(_, k)| k.as_str())
}

/// Number of the line, from 1, that holds byte `at`.
fn line_of(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|b| *b == b'\n').count() + 1
}

/// `$XDG_CONFIG_HOME/eu/config.toml`, or `~/.config/eu/config.toml`.
pub fn user_file() -> Option<PathBuf> {
    Some(base("XDG_CONFIG_HOME", ".config")?.join("eu/config.toml"))
}

/// `$XDG_STATE_HOME/eu`, or `~/.local/state/eu`: what outlives a call but is nobody's artefact.
pub fn state_folder() -> Option<PathBuf> {
    Some(base("XDG_STATE_HOME", ".local/state")?.join("eu"))
}

/// A folder of the XDG Base Directory Specification: from its variable, else under the home.
fn base(variable: &str, under_home: &str) -> Option<PathBuf> {
    let absolute = |name: &str| {
        environment(name)
            .map(PathBuf::from)
            .filter(|p| p.is_absolute())
    };
    absolute(variable).or_else(|| Some(absolute("HOME")?.join(under_home)))
}

/// A variable of the environment that is set to something: the one place that asks.
#[allow(clippy::disallowed_methods)]
pub fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Names of all variables that begin with `EU_`.
#[allow(clippy::disallowed_methods)]
pub fn eu_variables() -> Vec<String> {
    let mut names: Vec<String> = std::env::vars_os()
        .filter_map(|(name, _)| name.into_string().ok())
        .filter(|name| name.starts_with("EU_"))
        .collect();
    names.sort();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> (String, String) {
        use crate::fault::Fault;
        let failure = check(Path::new("r.toml"), text).unwrap_err();
        (
            failure.to_string(),
            Fault::hint(&failure).unwrap_or_default(),
        )
    }

    #[test]
    fn a_misspelt_key_is_refused_with_its_line_and_the_nearest_one() {
        let (message, hint) = refusal("seed = 1\n\n[train]\nlr = 0.1\nd_modell = 3\n");
        assert_eq!(message, "r.toml:5: unknown key of [train] `d_modell`");
        assert_eq!(hint, "did you mean `d_model`?");
        let (message, hint) = refusal("[trian]\nlr = 1\n");
        assert_eq!(message, "r.toml:1: unknown section `trian`");
        assert_eq!(hint, "did you mean `train`?");
        let (message, _) = refusal("sead = 1\n");
        assert_eq!(message, "r.toml:1: unknown key `sead`");
    }

    #[test]
    fn a_value_of_the_wrong_type_is_refused_with_its_line() {
        let (message, _) = refusal("[train]\nlr = \"fast\"\n");
        assert!(message.starts_with("r.toml:2: invalid type"), "{message}");
        let (message, _) = refusal("[train\n");
        assert!(message.starts_with("r.toml:1: "), "{message}");
        let (message, _) = refusal("train = 3\n");
        assert!(message.starts_with("r.toml:1: invalid type"), "{message}");
    }

    #[test]
    fn every_default_plan_can_be_written_and_read_as_a_section() {
        let text = toml::to_string(&Sections::default()).unwrap();
        check(Path::new("r.toml"), &text).unwrap();
        for section in SECTIONS {
            assert!(!section_keys(section).is_empty(), "{section}");
        }
    }

    #[test]
    fn a_section_beats_the_keys_above_it_and_a_later_file_beats_both() {
        let recipe = |path: &str, text: &str| Recipe {
            path: path.into(),
            table: check(Path::new(path), text).unwrap(),
        };
        let files = Files {
            recipes: vec![
                recipe("a", "seed = 1\nthreads = 3\n[train]\nseed = 2\nlr = 0.5\n"),
                recipe("b", "seed = 4\ndevice = \"cpu\"\n"),
            ],
        };
        let plan: engine::train::Plan = files
            .plan("train", &Table::new(), &Shared::default())
            .unwrap();
        assert_eq!((plan.seed, plan.threads, plan.lr), (4, 3, 0.5));
        let flags = Shared {
            seed: Some(9),
            ..Shared::default()
        };
        let plan: engine::train::Plan = files.plan("train", &Table::new(), &flags).unwrap();
        assert_eq!((plan.seed, plan.device.as_str()), (9, "cpu"));
        let origins = files.origins::<engine::train::Plan>("train");
        assert_eq!(origins["lr"].1, "a");
        assert_eq!(origins["seed"].1, "b");
    }
}
