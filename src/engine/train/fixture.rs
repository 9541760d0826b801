//! A prepared folder in small, as `eu prepare` would leave it.

use std::path::Path;

use crate::disk;
use crate::ledger::Manifest;
use crate::shard::{Mix, MixRow, Writer};
use crate::vocab::SPECIALS;

/// Tokens of [`tokenizer`]: three special ones, then one a byte.
pub(crate) const N_VOCAB: usize = 259;

/// A language: its code, its share of the mix, its documents.
pub(crate) type Lang<'a> = (&'a str, f64, Vec<Vec<u32>>);

/// A tokenizer that knows bytes and merges nothing.
pub(crate) fn tokenizer() -> Vec<u8> {
    include_bytes!("../../../tests/fixtures/tokenizer-bytes.json").to_vec()
}

/// Ids of `text` with the end-of-text token last.
pub(crate) fn document(text: &str) -> Vec<u32> {
    let id = |byte| SPECIALS.len() as u32 + u32::from(byte);
    text.bytes().map(id).chain([0]).collect()
}

/// Writes training shards and the mix.
pub(crate) fn tokens(folder: &Path, langs: &[Lang]) {
    let rows = langs.iter().map(|(lang, weight, docs)| {
        save(folder, "train", lang, docs);
        MixRow {
            lang: lang.to_string(),
            n_docs: docs.len() as u64,
            n_unique: docs.len() as u64,
            n_tokens: docs.iter().map(|d| d.len() as u64).sum(),
            n_bytes: 0,
            weight: *weight,
            epochs: 1.0,
        }
    });
    let rows: Vec<MixRow> = rows.collect();
    let budget_tokens = rows.iter().map(|r| r.n_tokens).sum();
    Mix {
        schema: "mix/1".into(),
        budget_tokens,
        rows,
    }
    .save(folder)
    .unwrap();
}

/// Writes documents of one language as a shard of `split`.
pub(crate) fn save(folder: &Path, split: &str, lang: &str, docs: &[Vec<u32>]) {
    let stem = folder.join("tokens").join(split).join(lang);
    let mut writer = Writer::new(&stem, N_VOCAB).unwrap();
    docs.iter().for_each(|doc| writer.push(doc).unwrap());
    writer.finish().unwrap();
}

/// A whole prepared folder of two languages that are easy to learn.
pub(crate) fn prepared(folder: &Path) {
    let docs = |text: &str| -> Vec<Vec<u32>> {
        (0..30)
            .map(|i| document(&format!("{i} {text} {i}")))
            .collect()
    };
    let (german, greek) = (docs("alle Menschen sind frei"), docs("όλοι οι άνθρωποι"));
    tokens(
        folder,
        &[("deu_Latn", 0.6, german), ("ell_Grek", 0.4, greek)],
    );
    save(
        folder,
        "valid",
        "deu_Latn",
        &[document("alle Menschen"), document("sind gleich")],
    );
    save(folder, "valid", "ell_Grek", &[document("άνθρωποι")]);
    disk::replace_bytes(&folder.join("tokenizer.json"), &tokenizer()).unwrap();
    Manifest::begin("prepare", &()).seal(folder).unwrap();
}
