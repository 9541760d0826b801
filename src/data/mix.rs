//! The language mix: how often each language is seen.
//!
//! UniMax (arXiv 2304.09151): every language gets the same share of the budget, except that none
//! is seen more than so many times; what small languages leave over is shared among the rest.
//! With a temperature T (arXiv 1911.02116, there as the exponent 1/T) shares are in proportion to
//! n^(1/T) instead, under the same cap: T = 1 takes languages as they come, a large T comes near
//! UniMax. Shares are of bytes unless tokens are asked for: a tokenizer that charges a language
//! twice would otherwise also halve the text it is shown.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::shard::{Mix, MixRow};

/// How much there is of one language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Supply {
    /// Code of the language.
    pub lang: String,
    /// Documents, those that are repeated as often as they are.
    pub n_docs: u64,
    /// Documents, each once.
    pub n_unique: u64,
    /// Tokens of all documents.
    pub n_tokens: u64,
    /// Bytes of UTF-8.
    pub n_bytes: u64,
}

/// What shares are counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Unit {
    /// Bytes of UTF-8.
    Bytes,
    /// Tokens of the vocabulary.
    Tokens,
}

/// What a mix should be like.
#[derive(Debug, Clone, PartialEq)]
pub struct Wish {
    /// What is shared out.
    pub unit: Unit,
    /// Exponent's inverse; none: UniMax.
    pub temperature: Option<f64>,
    /// How often the text of one language may be repeated at most.
    pub max_epochs: f64,
    /// Tokens of the whole mix; none: as many as there are.
    pub budget_tokens: Option<u64>,
    /// Bytes of the whole mix, instead of tokens.
    pub budget_bytes: Option<u64>,
    /// How much more (or less) than its share a language gets, by code.
    pub weights: BTreeMap<String, f64>,
}

/// One who takes a share.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Taker {
    /// Its part of what is shared, beside those of others.
    pub weight: f64,
    /// The most it may take.
    pub cap: f64,
    /// What a unit of it costs of the budget.
    pub price: f64,
}

/// What each takes: its weight times one level for all, or its cap, so that the cost is `budget`;
/// all take their caps where the budget is larger than that.
pub fn allot(takers: &[Taker], budget: f64) -> Vec<f64> {
    // Those who reach their cap at the lowest level first: what they leave is for the others.
    let level = |t: &Taker| {
        if t.weight > 0.0 {
            t.cap / t.weight
        } else {
            0.0
        }
    };
    let mut order: Vec<usize> = (0..takers.len()).collect();
    order.sort_by(|a, b| {
        level(&takers[*a])
            .total_cmp(&level(&takers[*b]))
            .then(a.cmp(b))
    });
    let mut left = budget.max(0.0);
    let mut rest: f64 = takers.iter().map(|t| t.weight * t.price).sum();
    let mut taken = vec![0.0; takers.len()];
    for i in order {
        let taker = &takers[i];
        if taker.weight > 0.0 && rest > 0.0 {
            taken[i] = (taker.weight * left / rest).min(taker.cap);
            left -= taken[i] * taker.price;
            rest -= taker.weight * taker.price;
        }
    }
    taken
}

/// The mix of `supplies`. Without a budget it is as large as the text there is, so that languages
/// with little of it are repeated and those with much are not read to their end. Where no tokens
/// are known the weights are shares of bytes.
pub fn mix(supplies: &[Supply], wish: &Wish) -> Mix {
    let size = |s: &Supply| match wish.unit {
        Unit::Bytes => s.n_bytes as f64,
        Unit::Tokens => s.n_tokens as f64,
    };
    let knows_tokens = supplies.iter().any(|s| s.n_tokens > 0);
    let told = |s: &Supply| if knows_tokens { s.n_tokens } else { s.n_bytes } as f64;
    let (budget, counts_bytes) = match (wish.budget_bytes, wish.budget_tokens) {
        (Some(bytes), _) => (bytes as f64, true),
        (None, Some(tokens)) => (tokens as f64, false),
        (None, None) => (supplies.iter().map(told).sum(), !knows_tokens),
    };
    let taker = |s: &Supply| {
        let n = size(s);
        let own = wish.weights.get(&s.lang).copied().unwrap_or(1.0);
        let natural = match wish.temperature {
            Some(t) if n > 0.0 => n.powf(1.0 / t),
            Some(_) => 0.0,
            None => 1.0,
        };
        let cost = if counts_bytes { s.n_bytes } else { s.n_tokens };
        Taker {
            weight: own * natural,
            cap: wish.max_epochs * n,
            price: if n > 0.0 { cost as f64 / n } else { 1.0 },
        }
    };
    let takers: Vec<Taker> = supplies.iter().map(taker).collect();
    let taken = allot(&takers, budget);
    let epochs: Vec<f64> = supplies
        .iter()
        .zip(&taken)
        .map(|(s, taken)| if size(s) > 0.0 { taken / size(s) } else { 0.0 })
        .collect();
    let tokens = |(s, epochs): (&Supply, &f64)| s.n_tokens as f64 * epochs;
    let seen = |(s, epochs): (&Supply, &f64)| told(s) * epochs;
    let total: f64 = supplies.iter().zip(&epochs).map(seen).sum();
    let budget_tokens: f64 = supplies.iter().zip(&epochs).map(tokens).sum();
    let row = |(supply, epochs): (&Supply, &f64)| MixRow {
        lang: supply.lang.clone(),
        n_docs: supply.n_docs,
        n_unique: supply.n_unique,
        n_tokens: supply.n_tokens,
        n_bytes: supply.n_bytes,
        weight: if total > 0.0 {
            seen((supply, epochs)) / total
        } else {
            0.0
        },
        epochs: *epochs,
    };
    Mix {
        schema: "mix/1".into(),
        budget_tokens: budget_tokens.round() as u64,
        rows: supplies.iter().zip(&epochs).map(row).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WISH: Wish = Wish {
        unit: Unit::Tokens,
        temperature: None,
        max_epochs: 4.0,
        budget_tokens: None,
        budget_bytes: None,
        weights: BTreeMap::new(),
    };

    fn allot_evenly(supplies: &[u64], budget: f64, max_epochs: f64) -> Vec<f64> {
        let taker = |n: &u64| Taker {
            weight: 1.0,
            cap: max_epochs * *n as f64,
            price: 1.0,
        };
        allot(&supplies.iter().map(taker).collect::<Vec<_>>(), budget)
    }

    fn supply(n_tokens: u64) -> Supply {
        Supply {
            lang: format!("l{n_tokens}"),
            n_docs: 1,
            n_unique: 1,
            n_tokens,
            n_bytes: 4 * n_tokens,
        }
    }

    #[test]
    fn small_languages_are_capped_and_leave_their_share_to_the_rest() {
        // 900 over three: 300 each; the smallest gives 4 x 20 = 80, and 820 is shared by two.
        assert_eq!(
            allot_evenly(&[1000, 20, 500], 900.0, 4.0),
            [410.0, 80.0, 410.0]
        );
        // A budget beyond all that may be repeated takes everything as often as allowed.
        assert_eq!(allot_evenly(&[10, 20], 1e9, 3.0), [30.0, 60.0]);
        assert_eq!(allot_evenly(&[], 5.0, 4.0), Vec::<f64>::new());
        assert_eq!(allot_evenly(&[0, 10], 5.0, 4.0), [0.0, 5.0]);
    }

    #[test]
    fn weights_sum_to_one_and_epochs_say_how_often() {
        let mix = mix(&[supply(1_000_000), supply(1_000), supply(300_000)], &WISH);
        let sum: f64 = mix.rows.iter().map(|row| row.weight).sum();
        assert!((sum - 1.0).abs() < 1e-12);
        assert_eq!(mix.rows[1].epochs, 4.0);
        assert!(mix.rows[0].epochs < 1.0 && mix.rows[2].epochs > 1.0);
        assert!((mix.rows[0].weight - mix.rows[2].weight).abs() < 1e-12);
        assert_eq!(mix.budget_tokens, 1_301_000);
        let none = super::mix(&[supply(0)], &WISH);
        assert_eq!((none.rows[0].weight, none.rows[0].epochs), (0.0, 0.0));
    }

    #[test]
    fn a_language_that_pays_more_tokens_is_shown_as_much_text() {
        // The same text, at four and at two bytes a token.
        let dear = Supply {
            n_bytes: 2000,
            ..supply(1000)
        };
        let cheap = Supply {
            n_bytes: 2000,
            ..supply(500)
        };
        let wish = Wish {
            unit: Unit::Bytes,
            budget_tokens: Some(750),
            ..WISH
        };
        let mix = mix(&[dear, cheap], &wish);
        assert_eq!((mix.rows[0].epochs, mix.rows[1].epochs), (0.5, 0.5));
        assert_eq!(mix.budget_tokens, 750);
        let wish = Wish {
            budget_bytes: Some(8000),
            ..wish
        };
        let mix = super::mix(&[supply(1000), supply(500)], &wish);
        let bytes: f64 = mix.rows.iter().map(|r| r.epochs * r.n_bytes as f64).sum();
        assert!((bytes - 8000.0).abs() < 1e-6);
    }

    #[test]
    fn a_temperature_lies_between_what_there_is_and_the_same_for_all() {
        let supplies = [supply(900_000), supply(100_000)];
        let share = |t| {
            let wish = Wish {
                temperature: t,
                budget_tokens: Some(10_000),
                ..WISH
            };
            mix(&supplies, &wish).rows[1].weight
        };
        assert!((share(Some(1.0)) - 0.1).abs() < 1e-9);
        assert!((share(Some(2.0)) - 0.25).abs() < 1e-9); // sqrt 1 to sqrt 9
        assert!((share(Some(1e9)) - 0.5).abs() < 1e-6);
        assert!((share(None) - 0.5).abs() < 1e-12);
        let mut weighted = Wish {
            budget_tokens: Some(10_000),
            ..WISH
        };
        weighted.weights.insert("l100000".into(), 3.0);
        assert!((mix(&supplies, &weighted).rows[1].weight - 0.75).abs() < 1e-9);
    }

    proptest::proptest! {
        #[test]
        fn nothing_is_taken_beyond_budget_or_cap(
            supplies in proptest::collection::vec((0u64..10_000, 0.1f64..5.0, 0.2f64..3.0), 1..40),
            budget in 0u64..100_000,
            max_epochs in 0.5f64..8.0,
        ) {
            let takers: Vec<Taker> = supplies
                .iter()
                .map(|(n, weight, price)| Taker {
                    weight: *weight,
                    cap: max_epochs * *n as f64,
                    price: *price,
                })
                .collect();
            let taken = allot(&takers, budget as f64);
            let cost = |taken: &[f64]| -> f64 {
                takers.iter().zip(taken).map(|(t, x)| t.price * x).sum()
            };
            let caps: Vec<f64> = takers.iter().map(|t| t.cap).collect();
            let expected = cost(&caps).min(budget as f64);
            proptest::prop_assert!((cost(&taken) - expected).abs() < 1e-6 * (1.0 + expected));
            for (taken, taker) in taken.iter().zip(&takers) {
                proptest::prop_assert!(*taken <= taker.cap + 1e-9);
            }
        }
    }
}
