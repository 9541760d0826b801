//! What a resumed run may change: the plan it was begun with wins.

use serde_json::{Map, Value};

use super::super::{Error, Result};
use super::plan::Plan;

/// Settings that do not touch the weights, or only where they come from; they may be changed.
const FREE: [&str; 9] = [
    "data",
    "eval_every",
    "eval_tokens",
    "checkpoint_every",
    "keep_checkpoints",
    "device",
    "cpu",
    "recompute",
    "threads",
];
/// Settings of the command rather than of the run: always as asked.
const ASKED: [&str; 3] = ["output", "force", "resume"];

/// The plan of a resumed run: `stored`, with what `asked` may change.
///
/// A setting at its default counts as not asked for. The schedule is laid over the whole run, so
/// neither the number of steps nor anything else that decides about the weights can be changed.
///
/// # Errors
/// When a setting was asked for that the run was not begun with.
pub(super) fn merge(stored: &Plan, asked: &Plan) -> Result<Plan> {
    let (mut merged, asked) = (fields(stored), fields(asked));
    let default = fields(&Plan::default());
    for (key, value) in asked {
        if ASKED.contains(&key.as_str()) {
            merged.insert(key, value);
            continue;
        }
        if Some(&value) == default.get(&key) || Some(&value) == merged.get(&key) {
            continue;
        }
        if !FREE.contains(&key.as_str()) {
            let begun = merged.get(&key).unwrap_or(&Value::Null);
            return Err(Error::Usage {
                what: format!("cannot resume with {key} = {value}: the run was begun with {begun}"),
                hint: format!("leave {key} out, or start a new run with another -o"),
            });
        }
        merged.insert(key, value);
    }
    serde_json::from_value(Value::Object(merged))
        .map_err(|e| Error::Failed(format!("the stored plan cannot be read: {e}")))
}

fn fields(plan: &Plan) -> Map<String, Value> {
    match serde_json::to_value(plan) {
        Ok(Value::Object(map)) => map,
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::train::Optimizer;

    #[test]
    fn what_decides_about_the_weights_is_refused_by_name() {
        let stored = Plan {
            steps: Some(100),
            lr: 1e-3,
            ..Plan::default()
        };
        for (asked, name) in [
            (
                Plan {
                    steps: Some(200),
                    ..Plan::default()
                },
                "steps",
            ),
            (
                Plan {
                    minutes: Some(1.0),
                    ..Plan::default()
                },
                "minutes",
            ),
            (
                Plan {
                    lr: 5e-4,
                    ..Plan::default()
                },
                "lr",
            ),
            (
                Plan {
                    optimizer: Optimizer::Muon,
                    ..Plan::default()
                },
                "optimizer",
            ),
            (
                Plan {
                    seed: 7,
                    ..Plan::default()
                },
                "seed",
            ),
            (
                Plan {
                    d_model: 512,
                    ..Plan::default()
                },
                "d_model",
            ),
        ] {
            let error = merge(&stored, &asked).unwrap_err().to_string();
            assert!(
                error.starts_with(&format!("cannot resume with {name} = ")),
                "{error}"
            );
        }
    }

    #[test]
    fn the_rest_is_taken_as_asked_and_defaults_ask_for_nothing() {
        let stored = Plan {
            steps: Some(100),
            lr: 1e-3,
            optimizer: Optimizer::Muon,
            threads: 4,
            ..Plan::default()
        };
        let asked = Plan {
            lr: 1e-3,
            output: "elsewhere".into(),
            resume: true,
            eval_every: 10,
            ..Plan::default()
        };
        let expected = Plan {
            output: "elsewhere".into(),
            resume: true,
            eval_every: 10,
            ..stored.clone()
        };
        assert_eq!(merge(&stored, &asked).unwrap(), expected);
    }
}
