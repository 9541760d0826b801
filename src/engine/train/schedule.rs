//! The learning rate of each step.

use super::plan::{Plan, Schedule};

/// Learning rate of the step after `step` steps of `n_steps`.
///
/// Warm-up rises linearly and reaches the peak with its last step; decay ends at
/// `min_lr_share` of the peak where the step after the last one would be.
pub fn learning_rate(plan: &Plan, n_steps: u64, step: u64) -> f64 {
    let share = |share: f64| (share.clamp(0.0, 1.0) * n_steps as f64).round() as u64;
    let warmup = share(plan.warmup_share);
    if step < warmup {
        return plan.lr * (step + 1) as f64 / warmup as f64;
    }
    let decay_start = match plan.schedule {
        Schedule::Wsd => n_steps.saturating_sub(share(plan.decay_share)).max(warmup),
        Schedule::Cosine => warmup,
    };
    if step < decay_start || n_steps <= decay_start {
        return plan.lr;
    }
    let done = ((step - decay_start) as f64 / (n_steps - decay_start) as f64).min(1.0);
    let remaining = match plan.schedule {
        Schedule::Wsd => 1.0 - done,
        Schedule::Cosine => 0.5 * (1.0 + (std::f64::consts::PI * done).cos()),
    };
    plan.lr * (plan.min_lr_share + (1.0 - plan.min_lr_share) * remaining)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(schedule: Schedule) -> Plan {
        Plan {
            schedule,
            lr: 8.0,
            warmup_share: 0.1,
            decay_share: 0.2,
            min_lr_share: 0.25,
            ..Plan::default()
        }
    }

    fn check(plan: &Plan, n_steps: u64, points: &[(u64, f64)]) {
        for &(step, lr) in points {
            let found = learning_rate(plan, n_steps, step);
            assert!(
                (found - lr).abs() < 1e-12,
                "step {step}: {found}, expected {lr}"
            );
        }
    }

    #[test]
    fn wsd_rises_stays_and_falls_in_a_line() {
        let points = [
            (0, 0.8),
            (4, 4.0),
            (9, 8.0),
            (10, 8.0),
            (79, 8.0),
            (80, 8.0),
            (90, 5.0),
            (99, 2.3),
            (100, 2.0),
        ];
        check(&plan(Schedule::Wsd), 100, &points);
    }

    #[test]
    fn cosine_rises_and_falls_along_half_a_wave() {
        check(
            &plan(Schedule::Cosine),
            100,
            &[(0, 0.8), (9, 8.0), (10, 8.0), (55, 5.0), (100, 2.0)],
        );
    }

    #[test]
    fn every_share_and_length_gives_a_rate_between_nothing_and_the_peak() {
        for schedule in [Schedule::Wsd, Schedule::Cosine] {
            for shares in [(0.0, 0.0), (1.0, 1.0), (0.7, 0.7), (0.0, 1.0)] {
                for n_steps in [1, 2, 3, 10] {
                    let (warmup_share, decay_share) = shares;
                    let plan = Plan {
                        warmup_share,
                        decay_share,
                        ..plan(schedule)
                    };
                    for step in 0..n_steps {
                        let lr = learning_rate(&plan, n_steps, step);
                        assert!(
                            lr > 0.0 && lr <= 8.0,
                            "{schedule:?} {shares:?} {step}: {lr}"
                        );
                    }
                }
            }
        }
    }
}
