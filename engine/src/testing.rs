//! Helpers for tests of instrumented code. Values are read back with
//! [`Registry::sample_value`](crate::Registry::sample_value).

/// Returns how often the calling thread has read the clock through [`Tick`](crate::Tick), histograms,
/// summaries (scrapes of them too) and timers; `None` in release builds, which do not count.
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

/// Removes idle series as [`Registry::expire_idle`](crate::Registry::expire_idle) does, as of a moment of the caller's
/// choice, so that a test of idle timeouts need not wait; returns how many. Moments ascend from call to call.
///
/// ```
/// use std::time::{Duration, Instant};
/// use streamgauge::{Counter, Family, Registry, testing::expire_idle_at};
/// let registry = Registry::new();
/// let events: Family<(), Counter> =
///     registry.counter("events_total", "Events.").idle_timeout(Duration::from_secs(600)).family()?;
/// events.with(&(), Counter::inc);
/// let start = Instant::now();
/// assert_eq!(expire_idle_at(&registry, start), 0);
/// assert_eq!(expire_idle_at(&registry, start + Duration::from_secs(600)), 1);
/// # Ok::<(), streamgauge::Error>(())
/// ```
pub fn expire_idle_at(registry: &crate::Registry, now: std::time::Instant) -> usize {
    registry.expire_idle_at(now)
}

/// Expires every series that nobody holds, in families with an idle timeout; returns how many. For the models of
/// `loom-tests/`, where nobody can wait for a timeout: all that differs from
/// [`Registry::expire_idle`](crate::Registry::expire_idle) is that no value is read, because loom's lock cannot be
/// taken twice by one thread, as the pass and the reclaimer take it.
#[cfg(engine_loom)]
#[must_use]
pub fn expire_unheld(registry: &crate::Registry) -> usize {
    expire_unheld_at(registry, std::time::Instant::now())
}

/// As [`expire_unheld`], as of a moment of the model's choice: series that were seen a timeout before go.
#[cfg(engine_loom)]
#[must_use]
pub fn expire_unheld_at(registry: &crate::Registry, now: std::time::Instant) -> usize {
    use crate::cells::Pin;
    use crate::registry::store::{FamilyStore, Fingerprint};
    let Some(inner) = registry.inner() else { return 0 };
    let expire = |family: &FamilyStore| {
        let pin = Pin::enter();
        family.expire_idle(&pin, now, |_| Fingerprint::Unchanged)
    };
    inner.families().iter().map(|family| expire(family)).sum()
}
