//! Files of importance written, read, and damaged.

use std::path::Path;

use proptest::prelude::*;

use super::{Entry, Imatrix};
use crate::disk;
use crate::engine::Error;

fn sample() -> Imatrix {
    let entry = |sums: &[f32], counts: &[u64]| Entry {
        sums: sums.into(),
        counts: counts.into(),
    };
    Imatrix {
        datasets: vec!["udhr/βιβλίο.txt".into(), "more".into()],
        n_chunks: 7,
        chunk_tokens: 512,
        entries: [
            ("blk.0.attn_q.weight".into(), entry(&[1.0, 0.0, 8.0], &[4])),
            (
                "blk.0.ffn_down_exps.weight".into(),
                entry(&[2.0, 4.0, 9.0, 9.0], &[2, 0]),
            ),
        ]
        .into(),
        languages: vec![("ell_Grek".into(), 2048), ("mlt_Latn".into(), 1536)],
        text_sha256: Some("00ff".into()),
    }
}

/// The sample's first entry in the older form.
fn dat(with_end: bool) -> Vec<u8> {
    let name = b"blk.0.attn_q.weight";
    let mut bytes = 1i32.to_le_bytes().to_vec();
    bytes.extend((name.len() as i32).to_le_bytes());
    bytes.extend(name);
    bytes.extend(4i32.to_le_bytes());
    bytes.extend(3i32.to_le_bytes());
    bytes.extend([1.0f32, 0.0, 8.0].iter().flat_map(|x| x.to_le_bytes()));
    if with_end {
        bytes.extend(7i32.to_le_bytes());
        bytes.extend(5i32.to_le_bytes());
        bytes.extend(b"a.txt");
    }
    bytes
}

fn gguf() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.gguf");
    sample().write(&path).unwrap();
    disk::read(&path).unwrap()
}

fn parse(bytes: &[u8]) -> crate::engine::Result<Imatrix> {
    Imatrix::parse(Path::new("a.imatrix"), bytes)
}

#[test]
fn what_is_written_is_read_again() {
    assert_eq!(parse(&gguf()).unwrap(), sample());
}

#[test]
fn means_are_sums_over_counts_and_one_where_nothing_was_counted() {
    let sample = sample();
    let means = |name: &str| sample.entries[name].means();
    assert_eq!(means("blk.0.attn_q.weight"), [0.25, 0.0, 2.0]);
    assert_eq!(means("blk.0.ffn_down_exps.weight"), [1.0, 2.0, 1.0, 1.0]);
}

#[test]
fn the_older_form_is_read_with_and_without_its_end() {
    let (short, long) = (parse(&dat(false)).unwrap(), parse(&dat(true)).unwrap());
    let name = "blk.0.attn_q.weight";
    for imatrix in [&short, &long] {
        assert_eq!(imatrix.entries.len(), 1);
        assert_eq!(imatrix.entries[name], sample().entries[name]);
    }
    assert_eq!((short.n_chunks, short.datasets.len()), (0, 0));
    assert_eq!(
        (long.n_chunks, &long.datasets[..]),
        (7, &["a.txt".to_owned()][..])
    );
}

#[test]
fn files_cut_anywhere_are_damaged() {
    let (old, new) = (dat(true), gguf());
    let whole_entries = dat(false).len();
    for at in (0..old.len()).filter(|at| *at != whole_entries) {
        let error = parse(&old[..at]).unwrap_err();
        assert!(matches!(error, Error::Damaged { .. }), "{at}: {error}");
    }
    for at in 0..new.len() - 32 {
        let error = parse(&new[..at]).unwrap_err();
        assert!(matches!(error, Error::Damaged { .. }), "{at}: {error}");
    }
}

#[test]
fn numbers_that_make_no_sense_are_refused() {
    let put = |at: usize, x: [u8; 4]| {
        let mut bytes = dat(true);
        bytes[at..at + 4].copy_from_slice(&x);
        parse(&bytes).unwrap_err().to_string()
    };
    let first = 4 + 4 + 19 + 4 + 4;
    assert!(put(0, 0i32.to_le_bytes()).contains("the number of entries is 0"));
    assert!(put(0, i32::MAX.to_le_bytes()).contains("the number of entries is"));
    assert!(put(4, (-1i32).to_le_bytes()).contains("the name of a matrix is -1"));
    assert!(put(first - 4, i32::MAX.to_le_bytes()).contains("the number of columns is"));
    assert!(put(first, f32::NAN.to_le_bytes()).contains("a sum of squares is NaN"));
    assert!(put(first, (-1f32).to_le_bytes()).contains("a sum of squares is -1"));
    let broken = |edit: fn(&mut Imatrix)| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.gguf");
        let mut imatrix = sample();
        edit(&mut imatrix);
        imatrix.write(&path).unwrap();
        Imatrix::read(&path).unwrap_err().to_string()
    };
    let infinite = broken(|i| {
        i.entries
            .values_mut()
            .for_each(|e| e.sums[0] = f32::INFINITY)
    });
    assert!(infinite.contains("blk.0.attn_q.weight: a sum of squares is inf"));
    assert!(broken(|i| i.entries.clear()).contains("no importance"));
}

proptest! {
    #[test]
    fn noise_and_flipped_bits_never_panic(
        noise: Vec<u8>,
        flips in prop::collection::vec((0usize..4096, 0u8..8), 1..6),
    ) {
        let _ = parse(&noise);
        for mut bytes in [dat(true), gguf()] {
            for (at, bit) in &flips {
                let at = at % bytes.len();
                bytes[at] ^= 1 << bit;
            }
            if let Ok(imatrix) = parse(&bytes) {
                for entry in imatrix.entries.values() {
                    prop_assert_eq!(entry.means().len(), entry.sums.len());
                    prop_assert!(entry.means().iter().all(|x| *x >= 0.0 && !x.is_nan()));
                }
            }
        }
    }
}
