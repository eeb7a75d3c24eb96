//! What could not be recorded, counted by reason.

use super::arena::arena;
use crate::sync::{AtomicU64, Ordering};

/// Why an observation was not recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dropped {
    /// Not a number.
    NotANumber,
    /// Positive or negative infinity.
    Infinite,
    /// Negative, in a histogram without negative bounds.
    Negative,
}

/// Counters of what went wrong in the process. Written by any thread, on cold paths.
#[derive(Debug)]
pub(crate) struct Losses {
    dropped: [AtomicU64; 3],
    /// Records lost because the system had no memory for their cells.
    lost: AtomicU64,
    internal_errors: AtomicU64,
    /// Heavy fences that the system refused.
    failed_fences: AtomicU64,
    /// Removals that were refused because nothing can be freed.
    refused_removals: AtomicU64,
}

impl Losses {
    #[cfg(not(engine_loom))]
    pub(crate) const fn new() -> Self {
        Self {
            dropped: [const { AtomicU64::new(0) }; 3],
            lost: AtomicU64::new(0),
            internal_errors: AtomicU64::new(0),
            failed_fences: AtomicU64::new(0),
            refused_removals: AtomicU64::new(0),
        }
    }

    #[cfg(engine_loom)]
    pub(crate) fn new() -> Self {
        Self {
            dropped: std::array::from_fn(|_| AtomicU64::new(0)),
            lost: AtomicU64::new(0),
            internal_errors: AtomicU64::new(0),
            failed_fences: AtomicU64::new(0),
            refused_removals: AtomicU64::new(0),
        }
    }

    pub(crate) fn dropped(&self, reason: Dropped) -> u64 {
        // Relaxed (O26): a statistic.
        self.dropped[reason as usize].load(Ordering::Relaxed)
    }

    pub(crate) fn lost(&self) -> u64 {
        // Relaxed (O26): a statistic.
        self.lost.load(Ordering::Relaxed)
    }

    pub(crate) fn internal_errors(&self) -> u64 {
        // Relaxed (O26): a statistic.
        self.internal_errors.load(Ordering::Relaxed)
    }

    pub(crate) fn failed_fences(&self) -> u64 {
        // Relaxed (O26): a statistic.
        self.failed_fences.load(Ordering::Relaxed)
    }

    pub(crate) fn refused_removals(&self) -> u64 {
        // Relaxed (O26): a statistic.
        self.refused_removals.load(Ordering::Relaxed)
    }
}

/// Counts an observation that was refused.
#[cold]
#[inline(never)]
pub(crate) fn count_dropped(reason: Dropped, n: u64) {
    // Relaxed (O26): a statistic.
    arena().losses.dropped[reason as usize].fetch_add(n, Ordering::Relaxed);
}

/// Counts a record that was lost for want of memory.
pub(crate) fn count_lost() {
    // Relaxed (O26): a statistic.
    arena().losses.lost.fetch_add(1, Ordering::Relaxed);
}

/// Counts a state that the engine's own reasoning excludes.
pub(crate) fn count_internal_error() {
    // Relaxed (O26): a statistic.
    arena().losses.internal_errors.fetch_add(1, Ordering::Relaxed);
}

/// Counts a heavy fence that the system refused.
pub(crate) fn count_failed_fence() {
    // Relaxed (O26): a statistic.
    arena().losses.failed_fences.fetch_add(1, Ordering::Relaxed);
}

/// Counts a removal that was refused because nothing can be freed.
pub(crate) fn count_refused_removal() {
    // Relaxed (O26): a statistic.
    arena().losses.refused_removals.fetch_add(1, Ordering::Relaxed);
}
