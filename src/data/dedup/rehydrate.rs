//! How often a text is repeated that stands for many: what the web says often is often worth
//! more, up to a point.

use serde::{Deserialize, Serialize};

/// From this cluster size on, so many repeats.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Rehydration {
    /// Least size of a cluster.
    pub from: u64,
    /// How often its text is seen.
    pub repeats: u32,
}

impl Rehydration {
    /// The weights FineWeb-2 publishes as its default.
    pub const DEFAULT: [Rehydration; 6] = [
        Rehydration::row(1, 1),
        Rehydration::row(2, 2),
        Rehydration::row(3, 3),
        Rehydration::row(5, 5),
        Rehydration::row(100, 8),
        Rehydration::row(1000, 1),
    ];

    const fn row(from: u64, repeats: u32) -> Self {
        Rehydration { from, repeats }
    }
}

/// How often the survivor of a cluster of this size is seen; once where no row says so.
pub fn repeats(cluster_size: u64, table: &[Rehydration]) -> u32 {
    let rows = table.iter().filter(|row| row.from <= cluster_size);
    rows.max_by_key(|row| row.from).map_or(1, |row| row.repeats)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_row_that_is_reached_counts() {
        let seen = |size| repeats(size, &Rehydration::DEFAULT);
        let sizes = [0, 1, 2, 4, 5, 99, 100, 999, 1000, u64::MAX];
        assert_eq!(sizes.map(seen), [1, 1, 2, 3, 5, 5, 8, 8, 1, 1]);
        assert_eq!(repeats(7, &[]), 1);
    }
}
