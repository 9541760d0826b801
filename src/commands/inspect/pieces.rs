//! Vocabularies in SentencePiece's own form, `tokenizer.model`.

use std::path::Path;

use serde_json::{Map, Value};

use super::report::Found;
use super::suspect;
use crate::commands::fail::{Failure, Result};
use crate::disk::Mapped;
use crate::vocab::{Pieces, TokenKind};

/// Kinds of pieces, by the name they have in a report.
const KINDS: [(&str, TokenKind); 6] = [
    ("text", TokenKind::Normal),
    ("unknown", TokenKind::Unknown),
    ("control", TokenKind::Control),
    ("user defined", TokenKind::UserDefined),
    ("unused", TokenKind::Unused),
    ("byte", TokenKind::Byte),
];

/// Looks at a vocabulary.
pub(super) fn look(path: &Path) -> Result<Found> {
    let model = Pieces::parse(&Mapped::open(path)?).map_err(|what| {
        Failure::damaged(format!(
            "{}: no SentencePiece model: {what}",
            path.display()
        ))
        .hint("fetch the file again")
    })?;
    let counts: Map<String, Value> = KINDS
        .iter()
        .map(|(name, kind)| {
            let n = model.pieces.iter().filter(|p| p.kind == *kind).count();
            ((*name).to_string(), n)
        })
        .filter(|(_, n)| *n > 0)
        .map(|(name, n)| (name, n.into()))
        .collect();
    let mut found = Found::new("SentencePiece model")
        .fact("algorithm", model.algorithm)
        .fact("pieces", model.pieces.len())
        .fact("of them", counts)
        .fact("byte fallback", model.byte_fallback);
    let names = ["unknown", "begin of text", "end of text", "padding"];
    for (name, id) in names.into_iter().zip(model.special) {
        found = found.fact(name, named(&model, id));
    }
    let normalizer = &model.normalizer;
    let name = match normalizer.name.as_str() {
        "" => Value::Null,
        name => name.into(),
    };
    found = found
        .fact("normaliser", name)
        .fact("bytes of its rules", normalizer.rules_bytes)
        .fact("space put in front", normalizer.adds_space)
        .fact("spaces taken away", normalizer.removes_spaces);
    Ok(found.odd(odd(&model)))
}

/// An id with its piece, `1 <s>`; the id alone where there is no such piece.
fn named(model: &Pieces, id: Option<i64>) -> Value {
    let Some(id) = id else {
        return Value::Null;
    };
    let piece = usize::try_from(id).ok().and_then(|id| model.pieces.get(id));
    match piece {
        Some(piece) => format!("{id} {}", piece.text).into(),
        None => id.into(),
    }
}

fn odd(model: &Pieces) -> Vec<String> {
    let n = model.pieces.len();
    let mut odd = suspect::tokens(model.pieces.iter().map(|piece| piece.text.clone()));
    if model.wanted > 0 && usize::try_from(model.wanted).ok() != Some(n) {
        odd.push(format!("{} pieces were asked for", model.wanted));
    }
    let beyond = |id: &&i64| usize::try_from(**id).is_ok_and(|id| id >= n);
    // Padding is often named and not there; the others are needed.
    for id in model.special[..3].iter().flatten().filter(beyond) {
        odd.push(format!("special token {id} is beyond the last piece"));
    }
    let n_bytes = model.pieces.iter().filter(|p| p.kind == TokenKind::Byte);
    let n_bytes = n_bytes.count();
    if n_bytes != 0 && n_bytes != 256 || model.byte_fallback && n_bytes == 0 {
        odd.push(format!("{n_bytes} of 256 bytes have a piece"));
    }
    if let Some(at) = model.pieces.iter().position(|p| !p.score.is_finite()) {
        odd.push(format!("the score of piece {at} is no number"));
    }
    odd
}
