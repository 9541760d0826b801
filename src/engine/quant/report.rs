//! What `eu quantize` did: for people and programs.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Serialize;

use crate::event::LangScore;

/// A file made of a model.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// `quantize/1`.
    pub schema: String,
    /// Type of the file: `q4_k_m`, …
    pub r#type: String,
    /// The file.
    pub path: PathBuf,
    /// Its length.
    pub len_bytes: u64,
    /// Number of weights.
    pub n_weights: u64,
    /// Bits of all tensors over the number of weights.
    pub bits_per_weight: f64,
    /// Tensors by their type.
    pub tensors: BTreeMap<String, u64>,
    /// What other programs will do differently, and where a type did not fit.
    pub notes: Vec<String>,
    /// What each language lost, the one that lost most first; empty where no text was given.
    pub losses: Vec<Loss>,
    /// Milliseconds it took.
    pub elapsed_ms: u64,
}

/// What the loss of bits costs one language.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Loss {
    /// Code of the language.
    pub lang: String,
    /// Bits per byte of the model as it was.
    pub before: f64,
    /// Bits per byte of the file.
    pub after: f64,
    /// The difference; above zero is worse.
    pub loss: f64,
    /// Bytes of text both were scored on.
    pub n_bytes: u64,
}

impl Loss {
    /// Pairs the scores of the two models, the language that lost most first.
    pub(super) fn table(before: &[LangScore], after: &[LangScore]) -> Vec<Loss> {
        let pair = |b: &LangScore| {
            let a = after.iter().find(|a| a.lang == b.lang)?;
            Some(Loss {
                lang: b.lang.clone(),
                before: b.bits_per_byte,
                after: a.bits_per_byte,
                loss: a.bits_per_byte - b.bits_per_byte,
                n_bytes: b.n_bytes,
            })
        };
        let mut losses: Vec<Loss> = before.iter().filter_map(pair).collect();
        losses.sort_by(|a, b| b.loss.total_cmp(&a.loss).then_with(|| a.lang.cmp(&b.lang)));
        losses
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_that_lost_most_comes_first() {
        let score = |lang: &str, bits_per_byte| LangScore {
            lang: lang.into(),
            bits_per_byte,
            n_bytes: 10,
            n_tokens: 3,
        };
        let before = [score("a", 2.0), score("b", 1.0), score("c", 1.5)];
        let after = [score("a", 2.1), score("b", 1.4), score("c", 1.4)];
        let losses = Loss::table(&before, &after);
        let order: Vec<&str> = losses.iter().map(|l| l.lang.as_str()).collect();
        assert_eq!(order, ["b", "a", "c"]);
        assert!((losses[0].loss - 0.4).abs() < 1e-12 && losses[2].loss < 0.0);
    }
}
