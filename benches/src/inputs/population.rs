//! The series of the encoder rows.

use super::labels::{Names, label_sets};
use super::numbers::{BUCKETS, Rng};

/// Counters in the encoder rows.
pub const COUNTER_SERIES: usize = 10_000;
/// Histograms in the encoder row.
pub const HISTOGRAM_SERIES: usize = 1_000;
/// Lines of one histogram: the buckets, `+Inf`, sum and count.
pub const HISTOGRAM_LINES: usize = BUCKETS + 3;
/// Live threads that touched every counter of `encode_counters`.
pub const SLABS: u64 = 4;

/// The label sets of the 10,000 counters: one table each.
pub fn counter_names() -> impl Iterator<Item = Names> {
    table_names(COUNTER_SERIES)
}

/// The label sets of the 1,000 histograms.
pub fn histogram_names() -> impl Iterator<Item = Names> {
    table_names(HISTOGRAM_SERIES)
}

/// So many label sets, no two alike: one table each.
pub fn table_names(count: usize) -> impl Iterator<Item = Names> {
    let sets = label_sets();
    (0..count).map(|i| {
        let set = &sets[i % sets.len()];
        Names { table: format!("{}_{i}", set.table), ..set.clone() }
    })
}

/// What each of the threads adds to counter `i`: up to seven digits, as an hour of traffic leaves them.
pub fn counter_value(i: usize) -> u64 {
    1 + Rng::new(i as u64 + 1).below(2_000_000)
}
