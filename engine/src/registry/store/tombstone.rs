//! Removed series that wait to be exposed once more, with their final value.

use super::row::RowRef;
use super::rows::Rows;
use super::storage::Storage;
use crate::cells::Pin;
use crate::sync::PlainArc;
use std::ptr::NonNull;
use std::time::{Duration, Instant};

/// Most removed series of a family that wait; the oldest go first.
const MOST: usize = 1_000;
/// How long one waits at most: Prometheus looks back five minutes.
const LONGEST: Duration = Duration::from_secs(300);

/// A removed series, kept with its storage until every scraper has exposed it, it is too old, or there are
/// too many.
#[derive(Debug)]
pub(crate) struct Tombstone {
    removal: u64,
    since: Instant,
    /// The hash under which the series stood in the table.
    hash: u64,
    row: NonNull<()>,
    /// Keeps the row's memory.
    _records: PlainArc<Rows>,
}

// SAFETY: a row is immutable but for its atomics, its storage is Send and Sync, and the pages are held.
#[allow(unsafe_code, reason = "see SAFETY above")]
unsafe impl Send for Tombstone {}

impl Tombstone {
    /// Keeps a row of `rows`, removed at `since`.
    pub(crate) fn new(removal: u64, since: Instant, hash: u64, row: RowRef<'_>, rows: PlainArc<Rows>) -> Self {
        Self { removal, since, hash, row: row.as_raw(), _records: rows }
    }

    pub(crate) fn removal(&self) -> u64 {
        self.removal
    }

    /// Returns whether nobody waits for the final value any more.
    pub(crate) fn is_too_old(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.since) > LONGEST
    }

    pub(crate) fn hash(&self) -> u64 {
        self.hash
    }

    #[allow(unsafe_code, reason = "the pages are held")]
    pub(crate) fn row(&self) -> RowRef<'_> {
        // SAFETY: a published row of the pages that are held.
        unsafe { RowRef::from_raw(self.row) }
    }

    /// Returns the row for as long as a pin that was taken before this was met in the list.
    #[allow(unsafe_code, reason = "the pin keeps what is let go while it lives")]
    pub(crate) fn record_for<'p>(&self, _pin: &'p Pin) -> RowRef<'p> {
        // SAFETY: the pages are given up with this, by the reclaimer, to which it goes from the list: after the pin
        // was taken, so after the pin is gone.
        unsafe { RowRef::from_raw(self.row) }
    }

    /// Takes those that need not wait any more out of a list in the order of removal.
    pub(crate) fn take_gone(list: &mut Vec<Self>, exposed: u64, now: Instant) -> Vec<Self> {
        if list.is_empty() {
            return Vec::new();
        }
        let too_many = list.len().saturating_sub(MOST);
        let done = |tombstones: &Self| tombstones.removal <= exposed || tombstones.is_too_old(now);
        // In the order of removal, so of age: what need not wait stands in front.
        let count = list.iter().take_while(|tombstones| done(tombstones)).count().max(too_many);
        list.drain(..count).collect()
    }
}

/// Gives up the storage of a removed series when dropped: by the reclaimer, once no pin can have seen it live.
#[derive(Debug)]
pub(crate) struct Release(Tombstone);

impl Release {
    pub(crate) fn new(tombstones: Tombstone) -> Self {
        Self(tombstones)
    }
}

#[allow(unsafe_code, reason = "the reclaimer's grace period is over")]
impl Drop for Release {
    fn drop(&mut self) {
        // SAFETY: the series was removed before this was retired, and the reclaimer drops it only after every
        // pin of that time is gone.
        let storage: Option<Storage> = unsafe { self.0.row().release() };
        drop(storage);
    }
}

#[cfg(not(engine_loom))]
#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::registry::Registry;
    use crate::{Counter, Family, MetricValue, Scraper};

    #[test]
    fn final_values_wait_five_minutes_at_most() {
        let registry = Registry::new();
        let events: Family<(), Counter> = registry.counter("events_total", "E.").family().expect("legal");
        let (mut busy, mut idle) = (Scraper::new(&registry), Scraper::new(&registry));
        let shown = |scraper: &mut Scraper| {
            let mut shown = Vec::new();
            scraper.visit(|sample| shown.push(sample.value() == MetricValue::Counter(1)));
            shown
        };
        events.with(&(), Counter::inc);
        events.clear();
        assert_eq!(shown(&mut busy), [true]);
        let families = registry.inner().expect("enabled").families();
        let store = families.iter().next().expect("just made");
        let now = Instant::now();
        store.release_tombstones(0, now + LONGEST / 2);
        assert_eq!(store.tombstones.lock().len(), 1, "the other scraper has not shown it");
        assert!(store.tombstones.lock().iter().all(|gone| gone.is_too_old(now + 2 * LONGEST)));
        store.release_tombstones(0, now + 2 * LONGEST);
        assert_eq!(store.tombstones.lock().len(), 0);
        assert_eq!(shown(&mut idle), [false; 0]);
    }
}
