//! DurationCounter: a total of time.

use super::handle::{CellHandle, handle};
use super::{Counter, Tick};
use std::time::Duration;

/// A total of time that only grows: busy, blocked or cpu time. Counted in nanoseconds, exposed in seconds.
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
    nanos: Counter,
}

handle!(DurationCounter { nanos });

impl DurationCounter {
    #[inline(always)]
    pub(crate) fn new(cells: CellHandle) -> Self {
        Self { nanos: Counter::new(cells) }
    }

    /// Makes a counter that records into cells nobody reads, at the same cost as a real one.
    pub const fn noop() -> Self {
        Self { nanos: Counter::noop() }
    }

    /// Adds a duration; more than 2^63 - 1 nanoseconds, 292 years, count as that many. The total begins again at zero
    /// after 2^64, 585 years.
    #[inline]
    pub fn add(&self, elapsed: Duration) {
        const LONGEST: u64 = i64::MAX as u64;
        self.add_nanos(u64::try_from(elapsed.as_nanos()).map_or(LONGEST, |nanos| nanos.min(LONGEST)));
    }

    /// Adds nanoseconds. The total begins again at zero after 2^64, as every counter does.
    #[inline]
    pub fn add_nanos(&self, nanos: u64) {
        self.nanos.add(nanos);
    }

    /// Adds the time between two ticks, 0 where `end` is not after `start`. Reads no clock.
    #[inline]
    pub fn add_between(&self, start: Tick, end: Tick) {
        self.add_nanos(end.nanos_since(start));
    }

    /// Reads the total over all threads; zero for a noop. Cold: merges the slabs, and allocates.
    #[must_use]
    pub fn get(&self) -> Duration {
        Duration::from_nanos(self.nanos.get())
    }
}
