//! Which settings make sense.

use super::plan::{MAX_VOCAB, Plan};
use crate::hardware::MAX_THREADS;

#[test]
fn a_plan_that_makes_no_sense_is_refused_before_anything_is_read() {
    let sound = Plan {
        inputs: vec!["a".into()],
        ..Plan::default()
    };
    assert_eq!(sound.check().unwrap().len(), 39);
    assert!((sound.bands().min_jaccard - 0.719).abs() < 1e-3);
    for broken in [
        Plan::default(),
        Plan {
            heldout_share: 1.0,
            ..sound.clone()
        },
        Plan {
            min_lang_prob: f64::NAN,
            ..sound.clone()
        },
        Plan {
            max_epochs: 0.0,
            ..sound.clone()
        },
        Plan {
            minhash_rows: 0,
            ..sound.clone()
        },
        Plan {
            minhash_bands: usize::MAX,
            minhash_rows: 2,
            ..sound.clone()
        },
        Plan {
            vocab_size: 258,
            ..sound.clone()
        },
        Plan {
            vocab_size: MAX_VOCAB + 1,
            ..sound.clone()
        },
        Plan {
            budget_tokens: Some(0),
            ..sound.clone()
        },
        Plan {
            max_premium: Some(1.6), // of what text?
            ..sound.clone()
        },
        Plan {
            threads: MAX_THREADS + 1,
            ..sound.clone()
        },
        Plan {
            langs: vec!["xx".into()],
            ..sound.clone()
        },
    ] {
        let error = broken.check().unwrap_err();
        assert_eq!(
            crate::fault::Fault::kind(&error),
            crate::fault::Kind::Usage,
            "{error}"
        );
    }
}
