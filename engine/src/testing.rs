//! Helpers for tests of instrumented code. Values are read back with
//! [`Registry::sample_value`](crate::Registry::sample_value).

/// Gives how often the calling thread has read the clock through [`Tick`](crate::Tick), histograms and
/// timers; `None` in release builds, which do not count.
///
/// ```
/// use streamgauge::{Tick, testing::clock_reads};
/// let before = clock_reads();
/// let _tick = Tick::now();
/// if let (Some(before), Some(after)) = (before, clock_reads()) {
///     assert_eq!(after - before, 1);
/// }
/// ```
#[must_use]
pub fn clock_reads() -> Option<u64> {
    #[cfg(debug_assertions)]
    return Some(crate::metric::clock_reads());
    #[cfg(not(debug_assertions))]
    return None;
}
