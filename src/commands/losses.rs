//! What each language lost, for people: beside the report of `eu quantize` and of `eu eval`.

use super::sinks;
use super::table::Table;
use crate::engine::eval::tax::{Interval, Loss, MeanLoss};

/// The table, the language that lost most first and the mean last; fits 80 columns.
pub(super) fn text(losses: &[Loss], mean: Option<&MeanLoss>) -> String {
    let mut table = Table::new(&[
        "lang", ">before", ">after", ">loss", ">+-", ">KL", ">99 %", ">max", ">top",
    ]);
    for row in losses {
        table.row([
            sinks::short(&row.lang),
            format!("{:.4}", row.before),
            format!("{:.4}", row.after),
            format!("{:+.4}", row.loss),
            half(row.loss_interval),
            format!("{:.4}", row.kl_mean),
            format!("{:.3}", row.kl_p99),
            format!("{:.2}", row.kl_max),
            percent(row.same_top),
        ]);
    }
    if let Some(mean) = mean {
        table.row([
            "mean".to_string(),
            format!("{:.4}", mean.before),
            format!("{:.4}", mean.after),
            format!("{:+.4}", mean.loss),
            half(mean.loss_interval),
            format!("{:.4}", mean.kl_mean),
            String::new(),
            String::new(),
            percent(mean.same_top),
        ]);
    }
    format!(
        "bits per byte before and after, the language that lost most first; KL divergence in nats\n\
         per token; tokens of which both models find the same most probable\n{}",
        table.text()
    )
}

/// Half of an interval, as it is written behind a value.
fn half(interval: Option<Interval>) -> String {
    interval.map_or("-".into(), |[low, high]| {
        format!("{:.4}", (high - low) / 2.0)
    })
}

fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}
