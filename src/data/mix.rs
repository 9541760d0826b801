//! The language mix: UniMax (arXiv 2304.09151). Every language gets the same share of the
//! budget, except that none is seen more than so many times; what small languages leave over
//! is shared among the rest.

use crate::shard::{Mix, MixRow};

/// How much there is of one language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Supply {
    /// Code of the language.
    pub lang: String,
    /// Documents.
    pub n_docs: u64,
    /// Tokens, each counted once.
    pub n_tokens: u64,
    /// Bytes of UTF-8.
    pub n_bytes: u64,
}

/// Units of each supply to take of `budget` when none may be taken more than `max_epochs` times;
/// the smallest first, so that what they leave over is shared by the larger.
pub fn allot(supplies: &[u64], budget: f64, max_epochs: f64) -> Vec<f64> {
    let mut order: Vec<usize> = (0..supplies.len()).collect();
    order.sort_by_key(|i| (supplies[*i], *i));
    let mut taken = vec![0.0; supplies.len()];
    let mut left = budget.max(0.0);
    for (done, i) in order.iter().enumerate() {
        let share = left / (supplies.len() - done) as f64;
        taken[*i] = share.min(max_epochs * supplies[*i] as f64);
        left -= taken[*i];
    }
    taken
}

/// The mix of `supplies`. Without a budget it is as large as the text there is, so that languages
/// with little of it are repeated and those with much are not read to their end.
pub fn unimax(supplies: &[Supply], budget: Option<u64>, max_epochs: f64) -> Mix {
    let tokens: Vec<u64> = supplies.iter().map(|s| s.n_tokens).collect();
    let budget = budget.unwrap_or_else(|| tokens.iter().sum());
    let taken = allot(&tokens, budget as f64, max_epochs);
    let total: f64 = taken.iter().sum();
    let row = |(supply, taken): (&Supply, &f64)| MixRow {
        lang: supply.lang.clone(),
        n_docs: supply.n_docs,
        n_tokens: supply.n_tokens,
        n_bytes: supply.n_bytes,
        weight: if total > 0.0 { taken / total } else { 0.0 },
        epochs: if supply.n_tokens > 0 {
            taken / supply.n_tokens as f64
        } else {
            0.0
        },
    };
    Mix {
        schema: "mix/1".into(),
        budget_tokens: total.round() as u64,
        rows: supplies.iter().zip(&taken).map(row).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn supply(n_tokens: u64) -> Supply {
        Supply {
            lang: format!("l{n_tokens}"),
            n_docs: 1,
            n_tokens,
            n_bytes: 4 * n_tokens,
        }
    }

    #[test]
    fn small_languages_are_capped_and_leave_their_share_to_the_rest() {
        // 900 over three: 300 each; the smallest gives 4 x 20 = 80, and 820 is shared by two.
        assert_eq!(allot(&[1000, 20, 500], 900.0, 4.0), [410.0, 80.0, 410.0]);
        // A budget beyond all that may be repeated takes everything as often as allowed.
        assert_eq!(allot(&[10, 20], 1e9, 3.0), [30.0, 60.0]);
        assert_eq!(allot(&[], 5.0, 4.0), Vec::<f64>::new());
        assert_eq!(allot(&[0, 10], 5.0, 4.0), [0.0, 5.0]);
    }

    #[test]
    fn weights_sum_to_one_and_epochs_say_how_often() {
        let mix = unimax(
            &[supply(1_000_000), supply(1_000), supply(300_000)],
            None,
            4.0,
        );
        let sum: f64 = mix.rows.iter().map(|row| row.weight).sum();
        assert!((sum - 1.0).abs() < 1e-12);
        assert_eq!(mix.rows[1].epochs, 4.0);
        assert!(mix.rows[0].epochs < 1.0 && mix.rows[2].epochs > 1.0);
        assert_eq!(mix.rows[0].weight, mix.rows[2].weight);
        assert_eq!(mix.budget_tokens, 1_301_000);
        let none = unimax(&[supply(0)], None, 4.0);
        assert_eq!((none.rows[0].weight, none.rows[0].epochs), (0.0, 0.0));
    }

    proptest::proptest! {
        #[test]
        fn nothing_is_taken_beyond_budget_or_cap(
            supplies in proptest::collection::vec(0u64..10_000, 1..40),
            budget in 0u64..100_000,
            max_epochs in 0.5f64..8.0,
        ) {
            let taken = allot(&supplies, budget as f64, max_epochs);
            let sum: f64 = taken.iter().sum();
            let most = max_epochs * supplies.iter().sum::<u64>() as f64;
            proptest::prop_assert!((sum - most.min(budget as f64)).abs() < 1e-6 * (1.0 + sum));
            for (taken, supply) in taken.iter().zip(&supplies) {
                proptest::prop_assert!(*taken <= max_epochs * *supply as f64 + 1e-9);
            }
        }
    }
}
