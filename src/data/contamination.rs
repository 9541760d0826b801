//! Evaluation sets as files -> items -> the index that documents are asked against.
//!
//! Read are JSONL, JSON and TSV (each also compressed), of any shape: every text of a record is
//! a part of its item, and what has an `id` of its own inside of a record (the questions of
//! XQuAD) is an item of its own.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::error::{Error, Result};
use crate::contamination::{Builder, Index, Item, Settings};
use crate::disk;

/// Names under which sets keep the id of an item, the surest first (the `UID` of BLiMP is that
/// of a whole paradigm, its `pairID` that of an item).
const IDS: [&str; 9] = [
    "id",
    "idx",
    "index_id",
    "index",
    "_id",
    "qid",
    "question_id",
    "pairid",
    "uid",
];

/// How a set is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// A JSON value on each line.
    Jsonl,
    /// One JSON value: an array of records, or an object that has some.
    Json,
    /// A line of names, then a record on each line, parted by tabs.
    Tsv,
}

impl Layout {
    /// The layout that a file's name tells, compressed or not.
    pub fn of(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_string_lossy().to_ascii_lowercase();
        let name = name
            .strip_suffix(".gz")
            .or(name.strip_suffix(".zst"))
            .unwrap_or(&name);
        match name.rsplit('.').next()? {
            "jsonl" | "ndjson" => Some(Layout::Jsonl),
            "json" => Some(Layout::Json),
            "tsv" => Some(Layout::Tsv),
            _ => None,
        }
    }
}

/// Calls `found` with the id and the texts of each item of a set. An item without an id is
/// called by the number of its record, from 0.
///
/// # Errors
/// With the number of the line, from 1, that is not what it should be.
pub fn each_item(
    bytes: &[u8],
    layout: Layout,
    found: &mut dyn FnMut(&str, &[&str]),
) -> std::result::Result<(), u64> {
    let lines = || bytes.split(|b| *b == b'\n').zip(1u64..);
    let record = |value: &Value, number: u64, found: &mut dyn FnMut(&str, &[&str])| {
        let mut items = vec![(number.to_string(), Vec::new())];
        collect(value, 0, &mut items);
        for (id, parts) in items.iter().filter(|(_, parts)| !parts.is_empty()) {
            found(id, parts);
        }
    };
    match layout {
        Layout::Jsonl => {
            let full = lines().filter(|(line, _)| !line.trim_ascii().is_empty());
            for ((line, at), number) in full.zip(0..) {
                let value: Value = serde_json::from_slice(line).map_err(|_| at)?;
                record(&value, number, found);
            }
        }
        Layout::Json => {
            let value: Value = serde_json::from_slice(bytes).map_err(|e| e.line().max(1) as u64)?;
            let arrays = arrays(&value);
            let records = arrays.iter().copied().flatten().zip(0..);
            records.for_each(|(value, number)| record(value, number, found));
            if arrays.is_empty() {
                record(&value, 0, found);
            }
        }
        Layout::Tsv => {
            let mut names: Option<Vec<String>> = None;
            for (line, at) in lines() {
                let line = std::str::from_utf8(line)
                    .map_err(|_| at)?
                    .trim_end_matches('\r');
                if line.is_empty() {
                    continue;
                }
                let Some(names) = &names else {
                    names = Some(line.split('\t').map(str::to_ascii_lowercase).collect());
                    continue;
                };
                let rank = |name: &String| IDS.iter().position(|id| id == name);
                let named = || names.iter().zip(line.split('\t'));
                let ids = named().filter_map(|(name, value)| Some((rank(name)?, value)));
                let id = ids.min_by_key(|(rank, _)| *rank);
                let id = id.map_or((at - 2).to_string(), |(_, id)| id.to_string());
                let parts = named().filter(|(name, _)| rank(name).is_none());
                let parts: Vec<&str> = parts.map(|(_, value)| value).collect();
                found(&id, &parts);
            }
        }
    }
    Ok(())
}

/// The arrays of a file that hold its records: the file itself, or what lies in its object. Where
/// some there hold objects, those that hold none (names of labels, of authors) are no records; nor
/// are the choices of a file that is one record.
fn arrays(value: &Value) -> Vec<&Vec<Value>> {
    let mut arrays: Vec<&Vec<Value>> = match value {
        Value::Array(records) => vec![records],
        Value::Object(fields) => fields.values().filter_map(Value::as_array).collect(),
        _ => Vec::new(),
    };
    let holds_objects = |array: &&Vec<Value>| array.iter().any(Value::is_object);
    let has_text = value
        .as_object()
        .is_some_and(|fields| fields.values().any(Value::is_string));
    if has_text || arrays.iter().any(holds_objects) {
        arrays.retain(holds_objects);
    }
    arrays
}

/// Collects the texts below `value` for the item at `item`, and items of their own below it.
/// The depth is that which serde_json reads: 128.
fn collect<'a>(value: &'a Value, mut item: usize, items: &mut Vec<(String, Vec<&'a str>)>) {
    match value {
        Value::String(text) => {
            if let Some((_, parts)) = items.get_mut(item) {
                parts.push(text);
            }
        }
        Value::Array(values) => values.iter().for_each(|v| collect(v, item, items)),
        Value::Object(fields) => {
            let rank = |name: &str| IDS.iter().position(|id| id.eq_ignore_ascii_case(name));
            let ids = fields.iter().filter_map(|(name, value)| match value {
                Value::String(id) => Some((rank(name)?, id.clone())),
                Value::Number(id) => Some((rank(name)?, id.to_string())),
                _ => None,
            });
            let id = ids.min_by_key(|(rank, _)| *rank).map(|(_, id)| id);
            if let Some(id) = id {
                item = items.len();
                items.push((id, Vec::new()));
            }
            for (_, value) in fields.iter().filter(|(name, _)| rank(name).is_none()) {
                collect(value, item, items);
            }
        }
        _ => {}
    }
}

/// An index to ask, and what should be known of how it was made.
#[derive(Debug)]
pub struct Opened {
    /// The index.
    pub index: Index,
    /// What was passed over, in words.
    pub warnings: Vec<String>,
}

/// The index of all sets below `paths`; or, if the one path is an index that was made before,
/// that one.
///
/// # Errors
/// When a file cannot be read or is damaged, one path holds no set, or an index is named beside
/// others.
pub fn open(paths: &[PathBuf]) -> Result<Opened> {
    let is_index = |path: &PathBuf| path.extension().is_some_and(|e| e == Index::ENDING);
    if let Some(path) = paths.iter().find(|path| is_index(path)) {
        if paths.len() > 1 {
            return Err(Error::usage(
                format!("{}: an index stands for all sets", path.display()),
                "name it alone, or the sets it was made of in its place",
            ));
        }
        let (index, warnings) = (Index::open(path)?, Vec::new());
        return Ok(Opened { index, warnings });
    }
    let mut builder = Builder::new(Settings::default());
    let mut passed_over = Vec::new();
    for path in paths {
        passed_over.extend(add_sets(&mut builder, path)?);
    }
    let index = builder.build();
    let warnings = told(&passed_over).into_iter().collect();
    Ok(Opened { index, warnings })
}

/// Files that are named when some were passed over.
const NAMED: usize = 5;

fn told(passed_over: &[PathBuf]) -> Option<String> {
    let names = passed_over.iter().take(NAMED);
    let names: Vec<String> = names.map(|path| path.display().to_string()).collect();
    let more = match passed_over.len().saturating_sub(NAMED) {
        0 => String::new(),
        n => format!(" and {n} more"),
    };
    (!names.is_empty()).then(|| {
        format!(
            "not read as evaluation sets (.jsonl, .json, .tsv): {}{more}",
            names.join(", ")
        )
    })
}

/// Adds every set below `path` to `builder`; gives the files that are none, by their names. A set
/// is called by its path below the folder `path` is in, without endings: `bench/xquad/xquad.de`.
///
/// # Errors
/// When a file cannot be read or is damaged, or there is none.
pub fn add_sets(builder: &mut Builder, path: &Path) -> Result<Vec<PathBuf>> {
    let above = path.parent().unwrap_or(Path::new(""));
    let (mut n_items, mut passed_over) = (0u64, Vec::new());
    for file in disk::walk(path)? {
        let Some(layout) = Layout::of(&file) else {
            passed_over.push(file);
            continue;
        };
        let name = file
            .strip_prefix(above)
            .unwrap_or(&file)
            .to_string_lossy()
            .to_string();
        let name = [".gz", ".zst", ".jsonl", ".ndjson", ".json", ".tsv"]
            .iter()
            .fold(name.as_str(), |name, end| {
                name.strip_suffix(end).unwrap_or(name)
            });
        let mut found = |id: &str, parts: &[&str]| {
            n_items += 1;
            builder.add(Item {
                benchmark: name,
                id,
                parts,
            });
        };
        each_item(&disk::read(&file)?, layout, &mut found).map_err(|line| {
            let hint = "evaluation sets are read from JSONL, JSON and TSV";
            Error::line(&file, line, "not an item of an evaluation set", hint)
        })?;
    }
    match n_items {
        0 => Err(Error::Empty {
            path: path.into(),
            what: "no items of evaluation sets (.jsonl, .json, .tsv)".into(),
        }),
        _ => Ok(passed_over),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items(text: &str, layout: Layout) -> std::result::Result<Vec<(String, Vec<String>)>, u64> {
        let mut all = Vec::new();
        let mut found = |id: &str, parts: &[&str]| {
            all.push((
                id.to_string(),
                parts.iter().map(|p| p.to_string()).collect(),
            ));
        };
        each_item(text.as_bytes(), layout, &mut found)?;
        Ok(all)
    }

    fn item(id: &str, parts: &[&str]) -> (String, Vec<String>) {
        (id.into(), parts.iter().map(|p| p.to_string()).collect())
    }

    #[test]
    fn items_are_found_in_sets_of_any_shape() {
        let xquad = r#"{"version": "1", "data": [{"title": "T", "paragraphs": [{"context": "C",
            "qas": [{"id": "q1", "question": "Q?", "answers": [{"text": "A", "answer_start": 1}]}]}]}]}"#;
        let expected = [item("0", &["T", "C"]), item("q1", &["Q?", "A"])];
        assert_eq!(items(xquad, Layout::Json).unwrap(), expected);
        let jsonl =
            "{\"idx\": 7, \"premise\": \"P\", \"label\": 0}\n\n{\"stem\": {\"a\": \"S\"}}\n";
        let expected = [item("7", &["P"]), item("1", &["S"])];
        assert_eq!(items(jsonl, Layout::Jsonl).unwrap(), expected);
        let blimp = r#"{"good": "G", "UID": "causative", "pairID": "3"}"#;
        assert_eq!(items(blimp, Layout::Jsonl).unwrap(), [item("3", &["G"])]);
        // Names of labels stand before the records, and there are two arrays of these.
        let split = r#"{"labels": ["no", "yes"], "dev": [{"q": "A"}], "test": [{"q": "B"}]}"#;
        let expected = [item("0", &["A"]), item("1", &["B"])];
        assert_eq!(items(split, Layout::Json).unwrap(), expected);
        let plain = r#"{"de": ["S", "T"], "n": 2}"#;
        let expected = [item("0", &["S"]), item("1", &["T"])];
        assert_eq!(items(plain, Layout::Json).unwrap(), expected);
        let tsv = "index_id\tcategory\ttext\n5\tx\tT\r\n6\ty\tU\n";
        let expected = [item("5", &["x", "T"]), item("6", &["y", "U"])];
        assert_eq!(items(tsv, Layout::Tsv).unwrap(), expected);
    }

    #[test]
    fn a_damaged_set_says_in_which_line() {
        assert_eq!(items("{\"id\": 1}\n{", Layout::Jsonl), Err(2));
        assert_eq!(items("[\n", Layout::Json), Err(2));
        assert_eq!(items(&"[".repeat(1 << 20), Layout::Json), Err(1));
        for layout in [Layout::Jsonl, Layout::Tsv] {
            assert_eq!(items("", layout), Ok(vec![]));
        }
    }

    #[test]
    fn sets_below_a_folder_are_called_by_their_paths() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            disk::replace_bytes(&folder.path().join("bench").join(name), text.as_bytes()).unwrap();
        };
        let text = "one two three four five six seven eight";
        write("a/dev.tsv", &format!("id\ttext\n1\t{text}\n"));
        write(
            "b.de.jsonl",
            &format!("{{\"id\": 1, \"text\": \"{text}\"}}\n"),
        );
        write("README.md", "nothing");
        let Opened { index, warnings } = open(&[folder.path().join("bench")]).unwrap();
        assert_eq!(index.n_items(), 2);
        assert_eq!(warnings.len(), 1);
        assert!(warnings[0].ends_with("bench/README.md"), "{warnings:?}");
        let names: Vec<&str> = index.benchmarks().iter().map(|b| b.name.as_str()).collect();
        assert_eq!(names, ["bench/a/dev", "bench/b.de"]);
        write("c.jsonl", "{\"id\": 1}\nx\n");
        let error = add_sets(&mut Builder::new(Default::default()), folder.path()).unwrap_err();
        assert!(error.to_string().contains("c.jsonl:2"), "{error}");
    }

    #[test]
    fn an_index_made_before_stands_for_its_sets_and_for_no_others() {
        let folder = tempfile::tempdir().unwrap();
        let set = folder.path().join("a.jsonl");
        disk::replace_bytes(
            &set,
            b"{\"text\": \"one two three four five six seven eight\"}",
        )
        .unwrap();
        let made = open(std::slice::from_ref(&set)).unwrap().index;
        let path = folder.path().join("a.eui");
        made.save(&path).unwrap();
        let read = open(std::slice::from_ref(&path)).unwrap().index;
        assert_eq!(read.to_bytes(), made.to_bytes());
        let error = open(&[set, path]).unwrap_err();
        assert!(error.to_string().contains("a.eui"), "{error}");
    }

    #[test]
    fn planted_items_are_found_and_nothing_else_is() {
        use crate::contamination::{Rule, Scratch};
        let Some(data) = std::env::var_os("EU_TEST_DATA").map(std::path::PathBuf::from) else {
            use std::io::Write;
            let _ = writeln!(std::io::stderr(), "skipped: EU_TEST_DATA is not set");
            return;
        };
        let bench = data.join("data/bench/xquad");
        let mut builder = Builder::new(Default::default());
        add_sets(&mut builder, &bench).unwrap();
        let index = builder.build();
        let texts = |lang: &str| {
            let file = data.join(format!("data/corpus-eu/{lang}/libreoffice-help.jsonl.zst"));
            let lines = disk::read(&file).unwrap();
            let read = |line: &[u8]| {
                let value: Value = serde_json::from_slice(line).ok()?;
                Some(value.get("text")?.as_str()?.to_string())
            };
            lines
                .split(|b| *b == b'\n')
                .filter_map(read)
                .collect::<Vec<_>>()
        };
        let (mut scratch, rule) = (Scratch::default(), Rule::default());
        let mut hit = |text: &str| {
            let hits = index.check(text, &mut scratch).into_iter();
            hits.filter(|hit| index.contaminates(hit, &rule))
                .map(|h| h.id.to_string())
                .collect::<Vec<_>>()
        };
        for lang in ["de", "el", "es"] {
            let hosts = texts(lang);
            assert!(hosts.len() > 100, "{lang}");
            for text in &hosts {
                assert_eq!(hit(text), Vec::<String>::new(), "{lang}: {text}");
            }
            let (mut n_planted, mut n_found) = (0, 0);
            let set = disk::read(&bench.join(format!("xquad.{lang}.json.gz"))).unwrap();
            let mut plant = |id: &str, parts: &[&str]| {
                let longest = parts
                    .iter()
                    .max_by_key(|part| part.split_whitespace().count());
                let question = longest.filter(|part| part.split_whitespace().count() >= 8);
                let Some(question) = question else { return };
                let host = &hosts[n_planted % hosts.len()];
                // Every 30th word is another: an item planted is rarely planted as it is.
                let changed = question.split_whitespace().enumerate();
                let changed = changed.map(|(i, w)| if i % 30 == 29 { "anders" } else { w });
                let changed: Vec<&str> = changed.collect();
                let text = format!("{host} {} {host}", changed.join(" "));
                n_planted += 1;
                n_found += usize::from(hit(&text).contains(&id.to_string()));
            };
            each_item(&set, Layout::Json, &mut plant).unwrap();
            assert!(n_planted > 100, "{lang}: {n_planted}");
            assert!(
                n_found * 100 >= n_planted * 99,
                "{lang}: {n_found} of {n_planted}"
            );
        }
    }
}
