//! What a family has gone through, and what went wrong in a registry's scrapes.

use crate::sync::{AtomicU64, Ordering};

/// The numbers of one family, read at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct FamilyStats {
    /// Live series, the overflow series too.
    pub(crate) live: usize,
    pub(crate) created: u64,
    pub(crate) removed: u64,
    /// Bytes of the rendered labels of live series.
    pub(crate) text_bytes: usize,
    /// Lookups that were answered with an overflow series.
    pub(crate) overflowed: u64,
    /// Values that were cut in lookups.
    pub(crate) cut: u64,
}

/// What went wrong in the scrapes of a registry; written by scrapes.
#[derive(Debug)]
pub(crate) struct Failures {
    /// Runs of callbacks and collectors that panicked.
    pub(crate) panics: AtomicU64,
    /// Totals of callbacks that fell.
    pub(crate) falls: AtomicU64,
    /// Samples of collectors that were left out.
    pub(crate) rejected: AtomicU64,
}

impl Failures {
    pub(crate) fn new() -> Self {
        Self { panics: AtomicU64::new(0), falls: AtomicU64::new(0), rejected: AtomicU64::new(0) }
    }

    /// Adds what one scrape met.
    pub(crate) fn add(&self, panics: usize, falls: usize, rejected: usize) {
        for (count, met) in [(&self.panics, panics), (&self.falls, falls), (&self.rejected, rejected)] {
            if met > 0 {
                // Relaxed (O26): a statistic.
                count.fetch_add(met as u64, Ordering::Relaxed);
            }
        }
    }

    /// Returns panics, falls and rejected samples.
    pub(crate) fn read(&self) -> [u64; 3] {
        // Relaxed (O26): a statistic.
        [&self.panics, &self.falls, &self.rejected].map(|count| count.load(Ordering::Relaxed))
    }
}
