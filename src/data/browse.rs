//! A prepared folder to look into: documents by language and by the reason they were dropped for.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::error::{Error, Result};
use super::pipeline::Report;
use crate::disk;
use crate::lang::Lang;

/// Longest fact told of a document, in characters.
const FACT_CHARS: usize = 300;

/// Documents of one file of a prepared folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// `unique`, `heldout`, or the reason they were dropped for.
    pub name: String,
    /// Code of their language, or `und`.
    pub lang: String,
    /// True for documents that were dropped.
    pub dropped: bool,
    /// How many there are, where the report tells.
    pub n_docs: Option<u64>,
    path: PathBuf,
}

/// A document to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Its name.
    pub id: String,
    /// What is known of it, the verdict first.
    pub facts: Vec<(String, String)>,
    /// Its text.
    pub text: String,
    /// Bytes of the text that tell why: personal data, lines said before; in order, apart.
    pub marks: Vec<Range<usize>>,
}

/// A prepared folder.
pub struct Folder {
    groups: Vec<Group>,
    open: Option<Open>,
}

/// A file that is being read.
struct Open {
    group: usize,
    next: usize,
    source: disk::Source,
}

impl Folder {
    /// Opens a prepared folder; its files are found by their names.
    ///
    /// # Errors
    /// When it holds no documents.
    pub fn open(path: &Path) -> Result<Self> {
        let report: Option<Report> = disk::read(&path.join("report.json"))
            .ok()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let mut groups = Vec::new();
        for part in ["unique", "heldout"] {
            groups.extend(files(&path.join(part), part, false)?);
        }
        let dropped = path.join("dropped");
        if dropped.is_dir() {
            let entries = std::fs::read_dir(&dropped);
            let entries = entries.map_err(|e| disk::Error::io(&dropped, "list", e))?;
            let mut reasons: Vec<PathBuf> = entries.flatten().map(|e| e.path()).collect();
            reasons.sort();
            for reason in reasons {
                let name = reason.file_name().unwrap_or_default().to_string_lossy();
                groups.extend(files(&reason, &name, true)?);
            }
        }
        if groups.is_empty() {
            return Err(Error::usage(
                format!("{}: not a prepared folder", path.display()),
                "name the folder that `eu prepare -o` made",
            ));
        }
        for group in &mut groups {
            group.n_docs = report.as_ref().and_then(|report| counted(report, group));
        }
        Ok(Folder { groups, open: None })
    }

    /// Its groups: what stays, what is held out, then what was dropped, by reason.
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// Up to `n` documents of a group after the first `from`; reading on is cheap, going back
    /// begins the file anew.
    ///
    /// # Errors
    /// When the file is damaged.
    pub fn read(&mut self, group: usize, from: usize, n: usize) -> Result<Vec<Document>> {
        let Some(Group { path, .. }) = self.groups.get(group) else {
            return Ok(Vec::new());
        };
        let mut open = match self.open.take() {
            Some(open) if open.group == group && open.next <= from => open,
            _ => Open {
                group,
                next: 0,
                source: disk::Source::open(path)?,
            },
        };
        let mut documents = Vec::new();
        let mut line = Vec::new();
        while documents.len() < n && open.source.read_line(&mut line)? {
            if open.next >= from {
                documents.push(document(&line, path, open.source.line())?);
            }
            open.next += 1;
        }
        self.open = Some(open);
        Ok(documents)
    }
}

fn files(folder: &Path, name: &str, dropped: bool) -> Result<Vec<Group>> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let found = disk::walk(folder)?.into_iter().filter_map(|path| {
        let file = path.file_name()?.to_str()?;
        let lang = file.strip_suffix(".jsonl.zst")?.to_string();
        Some(Group {
            name: name.into(),
            lang,
            dropped,
            n_docs: None,
            path,
        })
    });
    let mut found: Vec<Group> = found.collect();
    found.sort_by_key(|group| Lang::find(&group.lang).map_or(usize::MAX, Lang::index));
    Ok(found)
}

fn counted(report: &Report, group: &Group) -> Option<u64> {
    let row = report.langs.iter().find(|row| row.lang == group.lang)?;
    match (group.dropped, group.name.as_str()) {
        (true, reason) => row.dropped.get(reason).copied(),
        (false, "unique") => Some(row.n_docs),
        (false, _) => Some(row.n_heldout),
    }
}

fn document(line: &[u8], path: &Path, number: u64) -> Result<Document> {
    let damaged = || Error::line(path, number, "not a record", "prepare the folder again");
    let fields: Map<String, Value> = serde_json::from_slice(line).map_err(|_| damaged())?;
    let text = fields
        .get("text")
        .and_then(Value::as_str)
        .ok_or_else(damaged)?;
    Ok(Document {
        id: fields.get("id").map(told).unwrap_or_default(),
        facts: facts(&fields),
        marks: marks(text, &fields),
        text: text.into(),
    })
}

/// What a value says, in words.
fn told(value: &Value) -> String {
    let told = match value {
        Value::String(text) => text.clone(),
        value => value.to_string(),
    };
    told.chars().take(FACT_CHARS).collect()
}

fn facts(fields: &Map<String, Value>) -> Vec<(String, String)> {
    let verdict = fields.get("verdict").and_then(Value::as_object);
    let dropped = verdict.map(|verdict| {
        let said = |key: &str| verdict.get(key).map(told).unwrap_or_default();
        let bound = said("bound").replace('_', " ");
        let told = format!(
            "{}: {}, {} {} should be {bound} {}",
            said("stage"),
            said("reason"),
            said("metric"),
            said("value"),
            said("threshold")
        );
        ("dropped by".to_string(), told)
    });
    let survivor = verdict.and_then(|v| v.get("survivor"));
    let survivor = survivor.map(|id| ("in favour of".to_string(), told(id)));
    let rest = fields.iter().filter(|(key, value)| {
        !["id", "text", "verdict", "pii"].contains(&key.as_str()) && !value.is_null()
    });
    let rest = rest.map(|(key, value)| (key.clone(), told(value)));
    dropped.into_iter().chain(survivor).chain(rest).collect()
}

/// Spans of personal data (`pii`: first and last character, HPLT) and, where repetition was the
/// reason, lines that were said before.
fn marks(text: &str, fields: &Map<String, Value>) -> Vec<Range<usize>> {
    let mut marks = Vec::new();
    if let Some(spans) = fields.get("pii").and_then(Value::as_array) {
        let wanted = spans.iter().filter_map(|span| {
            let (start, end) = (span.get(0)?.as_u64()?, span.get(1)?.as_u64()?);
            (start < end).then_some((start as usize, end as usize))
        });
        let wanted: Vec<(usize, usize)> = wanted.collect();
        if !wanted.is_empty() {
            let mut starts: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
            starts.push(text.len());
            let byte = |at: &usize| starts.get(*at).copied();
            let ranges = wanted.iter();
            marks.extend(ranges.filter_map(|(start, end)| Some(byte(start)?..byte(end)?)));
        }
    }
    let reason = fields.get("verdict").and_then(|v| v["reason"].as_str());
    if reason.is_some_and(|reason| reason.contains("repeated") || reason.contains("dup")) {
        marks.extend(repeated_lines(text));
    }
    marks.sort_by_key(|mark| mark.start);
    let mut end = 0;
    marks.retain(|mark| {
        let apart = mark.start >= end;
        end = if apart { mark.end } else { end };
        apart
    });
    marks
}

fn repeated_lines(text: &str) -> Vec<Range<usize>> {
    let mut seen: HashMap<&str, u32> = HashMap::new();
    let mut found = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let bare = line.trim();
        let times = seen.entry(bare).or_default();
        *times += 1;
        if *times > 1 && !bare.is_empty() {
            found.push(at..at + line.trim_end().len());
        }
        at += line.len();
    }
    found
}

/// Looks for the record called `id` in every file of a prepared folder.
///
/// # Errors
/// When a file is damaged.
pub fn find(folder: &Path, id: &str) -> Result<Option<Map<String, Value>>> {
    let needle = serde_json::to_string(id).unwrap_or_default();
    let found: BTreeMap<usize, Group> = Folder::open(folder)?
        .groups
        .into_iter()
        .enumerate()
        .collect();
    for group in found.values() {
        let mut source = disk::Source::open(&group.path)?;
        let mut line = Vec::new();
        while source.read_line(&mut line)? {
            // Cheap first: most lines do not even hold the letters.
            let holds = line
                .windows(needle.len())
                .any(|part| part == needle.as_bytes());
            if holds
                && let Ok(fields) = serde_json::from_slice::<Map<String, Value>>(&line)
                && fields.get("id").map(told).as_deref() == Some(id)
            {
                return Ok(Some(fields));
            }
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, lines: &[Value]| {
            let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
            let packed = zstd::encode_all(text.as_bytes(), 1).unwrap();
            disk::replace_bytes(&folder.path().join(name), &packed).unwrap();
        };
        let kept: Vec<Value> = (0..5)
            .map(|i| json!({"id": format!("k{i}"), "text": "schöne Zeit", "u": "http://a.b"}))
            .collect();
        write("unique/deu_Latn.jsonl.zst", &kept);
        let verdict = json!({"stage": "filter", "reason": "dup_lines", "metric": "dup_lines",
            "value": 0.5, "threshold": 0.3, "bound": "at_most"});
        let text = "öa\nb\nöa\n\n\nc";
        let bad = json!({"id": 7, "text": text, "verdict": verdict, "pii": [[0, 2], [90, 99]]});
        write("dropped/dup_lines/deu_Latn.jsonl.zst", &[bad]);
        folder
    }

    #[test]
    fn a_folder_shows_what_stays_and_what_goes_and_why() {
        let place = folder();
        let mut folder = Folder::open(place.path()).unwrap();
        let names: Vec<(&str, bool)> = folder
            .groups()
            .iter()
            .map(|g| (g.name.as_str(), g.dropped))
            .collect();
        assert_eq!(names, [("unique", false), ("dup_lines", true)]);
        let ids = |documents: Vec<Document>| -> Vec<String> {
            documents.into_iter().map(|d| d.id).collect()
        };
        assert_eq!(ids(folder.read(0, 1, 2).unwrap()), ["k1", "k2"]);
        assert_eq!(ids(folder.read(0, 3, 9).unwrap()), ["k3", "k4"]);
        assert_eq!(ids(folder.read(0, 0, 1).unwrap()), ["k0"]);
        let dropped = folder.read(1, 0, 9).unwrap().remove(0);
        assert_eq!(
            dropped.facts[0].1,
            "filter: dup_lines, dup_lines 0.5 should be at most 0.3"
        );
        let marked: Vec<&str> = dropped
            .marks
            .iter()
            .map(|m| &dropped.text[m.clone()])
            .collect();
        assert_eq!(
            marked,
            ["öa", "öa"],
            "personal data, and the line said again"
        );
        assert!(Folder::open(&place.path().join("unique")).is_err());
    }

    #[test]
    fn a_record_is_found_by_its_id() {
        let place = folder();
        let found = find(place.path(), "k3").unwrap().unwrap();
        assert_eq!(found["u"], "http://a.b");
        assert_eq!(find(place.path(), "k").unwrap(), None);
    }
}
