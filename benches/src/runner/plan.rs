//! How much measuring a run may do.

use std::time::Duration;

/// The size of a run.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// How often every side of a row is measured.
    pub rounds: u32,
    /// What a slice of one side should last.
    pub slice: Duration,
    /// Changes the pipeline row replays a round.
    pub changes: u64,
    /// Series the memory row creates in each child process.
    pub series: u64,
    /// Series a family of the creation row begins with none of and ends with.
    pub created: u64,
    /// Series the churn row creates and removes.
    pub churned: u64,
    /// Series of the rows that are about many.
    pub many: u64,
    /// Records of each side the tail row times.
    pub tail_records: u64,
    /// Records before the scrape of the facade's row.
    pub unscraped: u64,
    /// Changes one run of the `SQLite` pipeline applies.
    pub sqlite_changes: u64,
}

impl Plan {
    /// The published run: 21 rounds, slices well above the timer's and the scheduler's grain.
    pub fn full(rounds: Option<u32>) -> Self {
        Self {
            rounds: rounds.unwrap_or(21),
            slice: Duration::from_millis(8),
            changes: 1_000_000,
            series: 200_000,
            created: 100_000,
            churned: 200_000,
            many: 1_000_000,
            tail_records: 1_500_000,
            unscraped: 1_000_000,
            sqlite_changes: 4_000,
        }
    }

    /// The rows of a million series, of which three rounds tell enough.
    pub fn large(rounds: Option<u32>) -> Self {
        Self { churned: 5_000_000, ..Self::full(rounds.or(Some(3))) }
    }

    /// A run that shows only that every side still works.
    pub fn smoke(rounds: Option<u32>) -> Self {
        Self {
            rounds: rounds.unwrap_or(2),
            slice: Duration::from_micros(200),
            changes: 20_000,
            series: 2_000,
            // More than the peers' default limits, so that one which is not raised is noticed.
            created: 3_000,
            churned: 4_000,
            many: 2_000,
            tail_records: 20_000,
            unscraped: 20_000,
            sqlite_changes: 200,
        }
    }
}
