//! Helpers for tests of instrumented code. Values are read back with
//! [`Registry::sample_value`](crate::Registry::sample_value).

/// Gives how often the calling thread has read the clock through [`Tick`](crate::Tick), histograms,
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

/// Expires every series that nobody holds, in families with an idle timeout; gives how many. For the models of
/// `loom-tests/`, where nobody can wait for a timeout: all that differs from
/// [`Registry::expire_idle`](crate::Registry::expire_idle) is that no value is read, because loom's lock cannot be
/// taken twice by one thread, as the pass and the reclaimer take it.
#[cfg(engine_loom)]
#[must_use]
pub fn expire_unheld(registry: &crate::Registry) -> usize {
    use crate::{cells::Pin, registry::Fingerprint};
    let Some(inner) = registry.inner() else { return 0 };
    let expire = |family: &crate::registry::FamilyCore| {
        let pin = Pin::enter();
        family.expire_idle(&pin, |_| Fingerprint::Unchanged)
    };
    inner.families().iter().map(|family| expire(family)).sum()
}
