//! Near duplicates in memory: texts that share a band are compared in full, those similar enough
//! are joined, and of each cluster one survives. The same decisions as [`super::resolve`].
//!
//! The clusters are the connected components of "are compared and similar enough", so they do
//! not depend on the order of files or on threads; which are compared says [`super::buckets`].

use rayon::prelude::*;
use xxhash_rust::xxh3::xxh3_64;

use super::buckets::Bucket;
use super::exact::text_hash;
use super::forest::Forest;
use super::minhash::{Bands, Signer};
use super::shingles::{ShingleSets, is_similar, jaccard};
use crate::event::Control;

/// What deduplication needs to know of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Document<'a> {
    /// Its name.
    pub id: &'a str,
    /// Its text.
    pub text: &'a str,
}

/// What becomes of a document.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Fate {
    /// It stays, for a cluster of this many documents.
    Kept {
        /// Documents of the cluster, itself included.
        cluster_size: u64,
    },
    /// Another of its cluster stays.
    Dropped {
        /// Position of the one that stays.
        survivor: usize,
        /// Jaccard similarity with it; below the threshold where a chain of others joins them.
        similarity: f64,
    },
}

/// The one of a cluster that stays: the longest text, then the smallest id, then the smallest
/// hash of the bytes; never by position.
pub(super) fn survivor(documents: &[Document], members: &[usize]) -> usize {
    let rank = |i: &usize| {
        let document = &documents[*i];
        (
            std::cmp::Reverse(document.text.len()),
            document.id,
            xxh3_64(document.text.as_bytes()),
        )
    };
    let best = members.iter().copied().min_by(|a, b| rank(a).cmp(&rank(b)));
    best.expect("a cluster has members")
}

/// What becomes of each document when only one of those that are nearly equal stays; none when
/// a stop was asked for. All are held in memory; at most 2³¹ − 1 documents.
pub fn near_duplicates(
    documents: &[Document],
    shape: Bands,
    control: &Control,
) -> Option<Vec<Fate>> {
    let keys: Vec<Vec<u64>> = documents
        .par_iter()
        .map_init(
            || Signer::new(shape),
            |signer, document| match control.stop_requested() {
                true => Vec::new(),
                false => signer.keys(document.text),
            },
        )
        .collect();
    let buckets: Vec<Vec<u32>> = (0..shape.bands.max(1))
        .into_par_iter()
        .flat_map(|band| buckets(documents, &keys, band))
        .collect();
    drop(keys);
    let mut is_candidate = vec![false; documents.len()];
    buckets
        .iter()
        .flatten()
        .for_each(|i| is_candidate[*i as usize] = true);
    let sets: Vec<Vec<u32>> = documents
        .par_iter()
        .zip(&is_candidate)
        .map_init(
            || ShingleSets::new(shape.ngram),
            |sets, (document, is_candidate)| match is_candidate {
                true => sets.of(document.text),
                false => Vec::new(),
            },
        )
        .collect();
    let mut forest = Forest::new(documents.len());
    let mut bucket = Bucket::new();
    let mut pair = |a: u32, b: u32| {
        let (set_a, set_b) = (&sets[a as usize], &sets[b as usize]);
        if forest.root(a) != forest.root(b) && is_similar(set_a, set_b, shape.min_jaccard) {
            forest.join(a, b);
        }
        Ok::<(), ()>(())
    };
    for members in &buckets {
        if control.stop_requested() {
            return None;
        }
        let mut members = members.iter();
        let _ = members.try_for_each(|i| bucket.push(*i, &mut pair));
        let _ = bucket.end(&mut pair);
    }
    if control.stop_requested() {
        return None;
    }
    Some(fates(documents, &sets, &mut forest))
}

/// Documents that share their key in `band`, two or more at a time, in order: long texts first,
/// equal ones side by side.
fn buckets(documents: &[Document], keys: &[Vec<u64>], band: usize) -> Vec<Vec<u32>> {
    let present = keys.iter().enumerate();
    let mut pairs: Vec<(u64, usize)> = present
        .filter_map(|(i, keys)| Some((*keys.get(band)?, i)))
        .collect();
    pairs.par_sort_unstable();
    pairs
        .chunk_by(|a, b| a.0 == b.0)
        .filter(|chunk| chunk.len() > 1)
        .map(|chunk| {
            let mut members: Vec<usize> = chunk.iter().map(|(_, i)| *i).collect();
            members.sort_by_cached_key(|i| {
                let text = documents[*i].text;
                let hash = (text_hash(text) >> 64) as u64;
                (std::cmp::Reverse(text.len()), hash, *i)
            });
            members.into_iter().map(|i| i as u32).collect()
        })
        .collect()
}

fn fates(documents: &[Document], sets: &[Vec<u32>], forest: &mut Forest) -> Vec<Fate> {
    let mut members: Vec<Vec<usize>> = vec![Vec::new(); documents.len()];
    for i in 0..documents.len() {
        members[forest.root(i as u32) as usize].push(i);
    }
    let mut fates = vec![Fate::Kept { cluster_size: 1 }; documents.len()];
    for cluster in members.iter().filter(|cluster| cluster.len() > 1) {
        let survivor = survivor(documents, cluster);
        for &i in cluster {
            fates[i] = Fate::Dropped {
                survivor,
                similarity: jaccard(&sets[i], &sets[survivor]),
            };
        }
        fates[survivor] = Fate::Kept {
            cluster_size: cluster.len() as u64,
        };
    }
    fates
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    const SHAPE: Bands = Bands {
        bands: 14,
        rows: 8,
        ngram: 5,
        min_jaccard: 0.72,
    };

    fn run(documents: &[(String, String)]) -> BTreeMap<(String, String), String> {
        let documents: Vec<Document> = documents
            .iter()
            .map(|(id, text)| Document { id, text })
            .collect();
        let fates = near_duplicates(&documents, SHAPE, &Control::default()).unwrap();
        let told = |fate: Fate| match fate {
            Fate::Kept { cluster_size } => format!("kept for {cluster_size}"),
            Fate::Dropped {
                survivor,
                similarity,
            } => {
                format!("dropped for {} at {similarity}", documents[survivor].id)
            }
        };
        let key = |d: &Document| (d.id.to_string(), d.text.to_string());
        documents
            .iter()
            .zip(fates)
            .map(|(d, fate)| (key(d), told(fate)))
            .collect()
    }

    /// Variants of a few base texts: some words cut from the end, some replaced.
    fn variants() -> impl Strategy<Value = Vec<(String, String)>> {
        let one = (0usize..4, 0usize..30, 0usize..4);
        proptest::collection::vec(one, 1..40).prop_map(|picks| {
            let text = |(base, cut, change): (usize, usize, usize)| {
                let word = |i: usize| match i % 37 < change {
                    true => format!("anders{change}"),
                    false => format!(
                        "wort{base}x{}",
                        char::from(b'a' + (i % 26) as u8)
                            .to_string()
                            .repeat(i / 26 + 1)
                    ),
                };
                (0..100 - cut).map(word).collect::<Vec<_>>().join(" ")
            };
            picks
                .into_iter()
                .enumerate()
                .map(|(i, pick)| (format!("{i:03}"), text(pick)))
                .collect()
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]

        #[test]
        fn the_order_of_documents_changes_nothing(documents in variants(), seed: u64) {
            let mut shuffled = documents.clone();
            shuffled.sort_by_key(|(id, _)| xxhash_rust::xxh3::xxh3_64_with_seed(id.as_bytes(), seed));
            prop_assert_eq!(run(&documents), run(&shuffled));
        }

        #[test]
        fn a_cluster_keeps_exactly_one_and_counts_all(documents in variants()) {
            let documents: Vec<Document> = documents.iter().map(|(id, text)| Document { id, text }).collect();
            let fates = near_duplicates(&documents, SHAPE, &Control::default()).unwrap();
            let sizes: u64 = fates.iter().map(|f| match f { Fate::Kept { cluster_size } => *cluster_size, _ => 0 }).sum();
            prop_assert_eq!(sizes as usize, documents.len());
        }
    }

    #[test]
    fn near_copies_go_and_other_texts_stay() {
        let base: Vec<String> = (0..120)
            .map(|i| {
                format!(
                    "{}{}",
                    ["ba", "di", "ko"][i % 3],
                    char::from_u32(0x430 + i as u32 % 32).unwrap()
                )
            })
            .collect();
        let mut changed = base.clone();
        changed[60] = "neu".into();
        let other: Vec<String> = base.iter().map(|w| format!("x{w}")).collect();
        let documents = [
            ("a".to_string(), base.join(" ")),
            ("b".to_string(), changed.join(" ") + " noch"),
            ("c".to_string(), other.join(" ")),
            ("d".to_string(), "🎈".to_string()),
            ("e".to_string(), "🎈 🎈".to_string()),
        ];
        let fates = run(&documents);
        assert_eq!(fates[&documents[1]], "kept for 2");
        assert!(fates[&documents[0]].starts_with("dropped for b"));
        for kept in &documents[2..] {
            assert_eq!(fates[kept], "kept for 1");
        }
    }

    #[test]
    fn a_stop_is_obeyed() {
        let control = Control::default();
        control.request_stop();
        assert_eq!(near_duplicates(&[], SHAPE, &control), None);
    }
}
