//! Tick: one reading of the clock that rides in an event.

use crate::sync::LazyLock;
use std::time::Duration;

static CLOCK: LazyLock<quanta::Clock> = LazyLock::new(quanta::Clock::new);

/// One reading of a monotonic clock: 8 bytes, `Copy`, `Send`, made to ride in an event.
///
/// A pipeline of N stages with end-to-end latency reads the clock N + 1 times an event: once at the
/// source, and once a stage with [`Histogram::lap`](crate::Histogram::lap).
///
/// # Performance
/// `now` costs about 16 ns (the time-stamp counter; `Instant::now` takes 28): more than everything
/// else a pipeline records for an event. Differences read no clock.
///
/// # Consistency
/// Differences are never negative: a clock that seems to run backwards, after a migration of the virtual
/// machine say, counts as zero. Ticks mean nothing to another process.
///
/// # Examples
/// ```
/// use streamgauge::Tick;
/// let start = Tick::now();
/// let end = Tick::now();
/// assert!(end.duration_since(start) >= std::time::Duration::ZERO);
/// assert_eq!(start.duration_since(end), std::time::Duration::ZERO);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tick(u64);

impl Tick {
    /// Reads the clock.
    #[inline]
    #[must_use = "a tick that is not used was a wasted reading of the clock"]
    pub fn now() -> Self {
        #[cfg(debug_assertions)]
        READS.set(READS.get() + 1);
        Self(CLOCK.raw())
    }

    /// Returns the time from `earlier` to this tick, zero where it is not earlier. Reads no clock.
    #[inline]
    #[must_use]
    pub fn duration_since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.nanos_since(earlier))
    }

    /// Returns the time from this tick until now. Reads the clock.
    #[inline]
    #[must_use]
    pub fn elapsed(self) -> Duration {
        Self::now().duration_since(self)
    }

    /// Returns nanoseconds since a beginning that is the same for all ticks of the process.
    #[inline]
    pub(crate) fn nanos(self) -> u64 {
        CLOCK.delta_as_nanos(0, self.0)
    }

    #[inline]
    pub(crate) fn nanos_since(self, earlier: Self) -> u64 {
        if self.0 <= earlier.0 {
            return 0;
        }
        CLOCK.delta_as_nanos(earlier.0, self.0)
    }

    #[inline]
    pub(crate) fn seconds_since(self, earlier: Self) -> f64 {
        // A division, not a product with 1e-9: it is correctly rounded, so 5,000,000 ns are 0.005 s
        // exactly and fall on the bound, not above it.
        self.nanos_since(earlier) as f64 / 1e9
    }
}

#[cfg(debug_assertions)]
std::thread_local! {
    static READS: std::cell::Cell<u64> = const { std::cell::Cell::new(0) };
}

/// Returns how often this thread has read the clock; see `testing::clock_reads`.
#[cfg(debug_assertions)]
pub(crate) fn reads() -> u64 {
    READS.get()
}
