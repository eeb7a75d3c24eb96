//! The removals of a registry, numbered, and which of them every scraper has exposed.

use crate::sync::{AtomicU64, Fault, Mutex, Ordering, PlainArc, PlainWeak, broken};

/// How far the removals of a registry, and its scrapers, have come.
#[derive(Debug)]
pub(crate) struct RemovalNumbers {
    /// Removals so far. Held while a series is marked as removed, listed among the tombstones and taken out of the
    /// table, so that a walk which reads the number sees all of that for every removal up to it, and nothing of a later
    /// one.
    removals: Mutex<u64>,
    /// For each scraper the last removal that it has exposed.
    scrapers: Mutex<Vec<PlainWeak<AtomicU64>>>,
}

impl RemovalNumbers {
    pub(super) fn new() -> Self {
        Self { removals: Mutex::new(0), scrapers: Mutex::new(Vec::new()) }
    }

    /// Gives a removal its number, from 1 on, and has `remove` carry it out before the number can be read.
    pub(crate) fn give(&self, remove: impl FnOnce(u64)) {
        let mut removals = self.removals.lock();
        *removals += 1;
        let removal = *removals;
        if broken(Fault::RemovalNumberedFirst) {
            drop(removals);
            return remove(removal);
        }
        remove(removal);
    }

    /// Calls `look` with the number of the last removal; no other is carried out meanwhile.
    pub(crate) fn at_rest<R>(&self, look: impl FnOnce(u64) -> R) -> R {
        let removals = self.removals.lock();
        let last = *removals;
        if broken(Fault::SnapshotUnordered) {
            drop(removals);
            return look(last);
        }
        look(last)
    }

    /// Returns the number of the last removal.
    pub(crate) fn last(&self) -> u64 {
        *self.removals.lock()
    }

    /// Adds a scraper, which exposes removals from now on and notes the last one in what this returns.
    pub(crate) fn add_scraper(&self) -> PlainArc<AtomicU64> {
        let exposed = PlainArc::new(AtomicU64::new(self.last()));
        let mut scrapers = self.scrapers.lock();
        scrapers.retain(|scraper| scraper.strong_count() > 0);
        scrapers.push(PlainArc::downgrade(&exposed));
        exposed
    }

    /// Returns the last removal that every scraper has exposed; all of them where there is no scraper.
    pub(crate) fn exposed_by_all(&self) -> u64 {
        let scrapers = self.scrapers.lock();
        // Relaxed (O29): a number that is read too low only keeps a removed series longer.
        let exposed = scrapers.iter().filter_map(|scraper| Some(scraper.upgrade()?.load(Ordering::Relaxed)));
        exposed.min().unwrap_or(u64::MAX)
    }
}
