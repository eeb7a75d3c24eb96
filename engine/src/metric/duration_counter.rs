//! DurationCounter: a total of time.

use super::Tick;
use crate::cells::{self, Held, Pass, PassScratch, Range, Series};
use std::time::Duration;

/// A total of time that only grows: busy, blocked or cpu time. Kept in nanoseconds, exposed in seconds.
///
/// # Performance
/// As [`Counter`](crate::Counter). 585 years of nanoseconds fit.
///
/// # Examples
/// ```
/// use std::time::Duration;
/// let registry = streamgauge::Registry::new();
/// let busy = registry.duration_counter("stage_busy_seconds_total", "Time spent working.").register()?;
/// busy.add(Duration::from_millis(1500));
/// assert_eq!(registry.sample_value("stage_busy_seconds_total", &[]), Some(1.5));
/// # Ok::<(), streamgauge::Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "a counter that nobody records through stays at its value"]
pub struct DurationCounter {
    range: Range,
    held: Held<Series>,
}

impl DurationCounter {
    pub(crate) fn new(range: Range, held: Held<Series>) -> Self {
        Self { range, held }
    }

    /// Gives a handle that counts as a user, unless the series is dead.
    pub(crate) fn admitted(&self) -> Option<Self> {
        Some(Self { range: self.range, held: self.held.admitted()? })
    }

    /// Makes a counter that records into cells nobody reads, at the same cost as a real one.
    pub const fn noop() -> Self {
        Self { range: Range::SCRATCH, held: Held::NOOP }
    }

    /// Adds a duration; more than 2^64 nanoseconds count as that many.
    #[inline]
    pub fn add(&self, elapsed: Duration) {
        self.add_nanos(u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX));
    }

    /// Adds nanoseconds.
    #[inline]
    pub fn add_nanos(&self, nanos: u64) {
        cells::add(self.range, 0, nanos);
    }

    /// Adds the time between two ticks, 0 where `end` is not after `start`. Reads no clock.
    #[inline]
    pub fn add_between(&self, start: Tick, end: Tick) {
        self.add_nanos(end.nanos_since(start));
    }

    /// Reads the total over all threads; zero for a noop. Cold: merges the slabs, and allocates.
    #[must_use]
    pub fn get(&self) -> Duration {
        if self.held.series().is_none() {
            return Duration::ZERO;
        }
        Duration::from_nanos(Pass::begin(&mut PassScratch::default()).count(self.range))
    }
}

impl Default for DurationCounter {
    fn default() -> Self {
        Self::noop()
    }
}
