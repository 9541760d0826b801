//! The walk over sketches decides as the one in memory does, whatever the files, their order,
//! the memory and the threads.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::*;
use crate::data::error::Result;
use crate::disk;
use crate::event::Control;

const SHAPE: Bands = Bands {
    bands: 14,
    rows: 8,
    ngram: 5,
    min_jaccard: 0.72,
};

#[derive(Debug, Clone, PartialEq)]
struct Page {
    id: String,
    text: String,
    url: Option<String>,
    time: u64,
}

/// Texts in units, as a pipeline holds them.
struct Units(Vec<Vec<Page>>);

impl Texts for Units {
    fn each(
        &self,
        unit: usize,
        wanted: &[u32],
        found: &mut dyn FnMut(u32, &str) -> Result<()>,
    ) -> Result<()> {
        wanted
            .iter()
            .try_for_each(|i| found(*i, &self.0[unit][*i as usize].text))
    }
}

impl Units {
    fn sketches(&self, folder: &Path) -> Vec<PathBuf> {
        let mut sketcher = Sketcher::new(SHAPE);
        let mut write = |(i, unit): (usize, &Vec<Page>)| {
            let path = folder.join(format!("{i}.sketch"));
            let written = disk::replace(&path, |out| {
                let mut writer = SketchWriter::new(out, SHAPE)?;
                for page in unit {
                    let url = page.url.as_deref();
                    writer.push(&sketcher.sketch(&page.id, &page.text, url, page.time))?;
                }
                writer.finish().map(drop)
            });
            written.unwrap();
            path
        };
        self.0.iter().enumerate().map(&mut write).collect()
    }
}

/// What becomes of a document, said without its place.
type Told = BTreeMap<String, String>;

fn resolved(units: &Units, asked: &Resolve, threads: usize) -> (Told, Resolution) {
    let folder = tempfile::tempdir().unwrap();
    let plan = Resolve {
        work: folder.path().join("work"),
        fates: folder.path().join("fates"),
        ..asked.clone()
    };
    let sketches = units.sketches(folder.path());
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
    let resolution = pool
        .build()
        .unwrap()
        .install(|| resolve(&sketches, units, &plan, &Control::default()))
        .unwrap();
    let mut told = Told::new();
    for (unit, path) in units.0.iter().zip(&resolution.fates) {
        let mut reader = FateReader::open(path).unwrap();
        for page in unit {
            let fate = match reader.next().unwrap().unwrap() {
                UnitFate::Kept { cluster_size } => format!("kept for {cluster_size}"),
                UnitFate::Dropped {
                    copy,
                    survivor,
                    unit,
                    index,
                    similarity,
                } => {
                    assert_eq!(units.0[unit as usize][index as usize].id, survivor);
                    format!("{copy:?} copy of {survivor} at {similarity}")
                }
            };
            told.insert(page.id.clone(), fate);
        }
        assert_eq!(reader.next().unwrap(), None);
    }
    assert_eq!(
        std::fs::read_dir(&plan.work).unwrap().count(),
        0,
        "something is left"
    );
    (told, resolution)
}

/// The same, all in memory.
fn in_memory(pages: &[Page]) -> Told {
    let all: Vec<Document> = documents(pages);
    let mut told = Told::new();
    let mut sizes: BTreeMap<&str, u64> = pages.iter().map(|page| (&page.id[..], 1)).collect();
    let mut bury = |copy: Copy, documents: &[Document<'_>], fates: Vec<Fate>| {
        let mut left = Vec::new();
        for (i, fate) in fates.iter().enumerate() {
            match fate {
                Fate::Kept { .. } => left.push(i),
                Fate::Dropped {
                    survivor,
                    similarity,
                } => {
                    let (gone, survivor) = (documents[i].id, documents[*survivor].id);
                    told.insert(
                        gone.into(),
                        format!("{copy:?} copy of {survivor} at {similarity}"),
                    );
                    let size = sizes
                        .iter()
                        .find(|(id, _)| **id == gone)
                        .map_or(0, |(_, n)| *n);
                    if let Some((_, n)) = sizes.iter_mut().find(|(id, _)| **id == survivor) {
                        *n += size;
                    }
                }
            }
        }
        left
    };
    let left = bury(Copy::Exact, &all, exact_duplicates(&all));
    let unique: Vec<Document> = left.iter().map(|i| all[*i]).collect();
    let fates = near_duplicates(&unique, SHAPE, &Control::default()).unwrap();
    for i in bury(Copy::Near, &unique, fates) {
        told.insert(unique[i].id.into(), String::new());
    }
    for (id, fate) in told.iter_mut().filter(|(_, fate)| fate.is_empty()) {
        *fate = format!("kept for {}", sizes[&id[..]]);
    }
    told
}

fn documents(pages: &[Page]) -> Vec<Document<'_>> {
    let all = pages.iter();
    all.map(|Page { id, text, .. }| Document { id, text })
        .collect()
}

/// Variants of a few base texts: some words cut from the end, some replaced, some only spaced
/// differently, at a few addresses.
fn pages() -> impl Strategy<Value = Vec<Page>> {
    let one = (
        0usize..5,
        0usize..20,
        0usize..4,
        0usize..2,
        0u64..40,
        0u64..3,
    );
    proptest::collection::vec(one, 1..120).prop_map(|picks| {
        let text = |base: usize, cut: usize, change: usize| {
            let word = |i: usize| match i % 37 < change {
                true => format!("anders{change}"),
                false => {
                    let letter = char::from(b'a' + (i % 26) as u8).to_string();
                    format!("wort{}x{}", "b".repeat(base), letter.repeat(i / 26 + 1))
                }
            };
            (0..60 - cut).map(word).collect::<Vec<_>>()
        };
        let page = |(i, (base, cut, change, space, url, time)): (usize, _)| Page {
            id: format!("{i:03}"),
            text: text(base, cut, change).join([" ", " \n"][space]),
            url: (url < 30).then(|| format!("http://example.eu/{url}")),
            time,
        };
        picks.into_iter().enumerate().map(page).collect()
    })
}

/// Deals pages out to units in an order of its own.
fn dealt(pages: &[Page], n_units: usize, seed: u64) -> Units {
    let mut units = vec![Vec::new(); n_units];
    let mut pages: Vec<Page> = pages.to_vec();
    let hash = |id: &str| xxhash_rust::xxh3::xxh3_64_with_seed(id.as_bytes(), seed);
    pages.sort_by_key(|page| hash(&page.id));
    for page in pages {
        let unit = hash(&page.id) as usize % n_units;
        units[unit].push(page);
    }
    Units(units)
}

fn asked(memory_bytes: u64) -> Resolve {
    Resolve {
        shape: SHAPE,
        url: false,
        exact: true,
        fuzzy: true,
        memory_bytes,
        work: PathBuf::new(),
        fates: PathBuf::new(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn sketches_decide_as_texts_in_memory_do(
        pages in pages(), n_units in 1usize..6, seed: u64, threads in 1usize..4, room in 0u64..40_000,
    ) {
        let units = dealt(&pages, n_units, seed);
        let (told, resolution) = resolved(&units, &asked((1 << 16) + 9 * 120 + room), threads);
        prop_assert_eq!(&told, &in_memory(&pages));
        prop_assert_eq!(resolution.n_documents as usize, pages.len());
        let sizes = resolution.cluster_sizes.iter().map(|(size, n)| size * n);
        prop_assert_eq!(sizes.sum::<u64>() as usize, pages.len());
    }

    #[test]
    fn addresses_too_are_decided_whatever_the_order(pages in pages(), seed: u64) {
        let asked = Resolve { url: true, ..asked(1 << 20) };
        let (told, resolution) = resolved(&dealt(&pages, 3, seed), &asked, 2);
        let (again, _) = resolved(&Units(vec![pages.clone()]), &asked, 2);
        prop_assert_eq!(&told, &again);
        // The newest of an address may only go as a copy of another address.
        for page in pages.iter().filter(|page| page.url.is_some()) {
            let newest = pages.iter().filter(|p| p.url == page.url).map(|p| p.time).max();
            if told[&page.id].starts_with("Url") {
                prop_assert!(Some(page.time) <= newest);
            } else {
                prop_assert_eq!(Some(page.time), newest);
            }
        }
        let n_kept = told.values().filter(|fate| fate.starts_with("kept")).count();
        prop_assert_eq!(resolution.n_kept as usize, n_kept);
    }
}

/// A template filled in many times: one bucket holds all.
fn template(n: usize) -> Vec<Page> {
    let body: Vec<String> = (0..200)
        .map(|i| format!("{}x", "abcdefghij"[i % 10..].repeat(i / 10 + 1)))
        .collect();
    let body = body.join(" ");
    let page = |i: usize| Page {
        id: format!("{i:06}"),
        text: format!("{body} {}", "qrst"[i % 4..].repeat(1 + i / 4)),
        url: None,
        time: 0,
    };
    (0..n).map(page).collect()
}

#[test]
fn a_template_of_many_pages_is_one_cluster_at_few_comparisons_in_little_memory() {
    let pages = template(1500);
    // Less than the shingles of the knot, some 1500 × 900 bytes: it is compared in blocks.
    let (told, resolution) = resolved(&dealt(&pages, 3, 1), &asked(300_000), 2);
    assert_eq!((resolution.n_kept, resolution.cluster_sizes[&1500]), (1, 1));
    assert!(resolution.n_candidate_pairs <= 1500 * 32 * 14);
    assert_eq!(told, in_memory(&pages));
}

#[test]
fn many_units_on_many_threads_in_little_memory_come_to_an_end() {
    let pages = template(1200);
    let units = Units(pages.chunks(4).map(<[Page]>::to_vec).collect());
    let (_, resolution) = resolved(&units, &asked(110_000), 8);
    assert_eq!(resolution.n_kept, 1);
}

#[test]
fn too_little_memory_a_wrong_shape_and_a_stop_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let units = Units(vec![template(30)]);
    let sketches = units.sketches(folder.path());
    let ask = |memory_bytes, stop: bool, shape| {
        let plan = Resolve {
            work: folder.path().join("work"),
            fates: folder.path().join("fates"),
            shape,
            ..asked(memory_bytes)
        };
        let control = Control::default();
        if stop {
            control.request_stop();
        }
        resolve(&sketches, &units, &plan, &control)
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        ask(1000, false, SHAPE),
        "30 documents need at least 1 MiB of memory to deduplicate"
    );
    assert!(ask(1 << 20, true, SHAPE).starts_with("stopped"));
    let other = Bands { ngram: 4, ..SHAPE };
    assert!(ask(1 << 20, false, other).ends_with("sketches of another shape"));
    assert!(!folder.path().join("fates").exists());
}

#[test]
fn a_text_that_has_gone_is_noticed() {
    struct Gone;
    impl Texts for Gone {
        fn each(
            &self,
            _: usize,
            wanted: &[u32],
            found: &mut dyn FnMut(u32, &str) -> Result<()>,
        ) -> Result<()> {
            wanted.iter().skip(1).try_for_each(|i| found(*i, "text"))
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let sketches = Units(vec![template(30)]).sketches(folder.path());
    let plan = Resolve {
        work: folder.path().join("work"),
        fates: folder.path().join("fates"),
        ..asked(1 << 20)
    };
    let error = resolve(&sketches, &Gone, &plan, &Control::default()).unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("a text of these sketches was not found")
    );
}
