//! What the families of one registry share: the number of removals, who has exposed them, and the budget.

use super::generation::Room;
use crate::registry::desc::RegistryLevel;
use crate::sync::{AtomicU64, AtomicUsize, Fault, Mutex, Ordering, PlainArc, PlainWeak, broken};

/// Live series of a registry at most.
pub(crate) const DEFAULT_SERIES: usize = 1_000_000;

/// Shared by the families and scrapers of a registry.
#[derive(Debug)]
pub(crate) struct Shared {
    /// Removals so far. Held while a series is marked as removed, listed as departed and taken out of the table, so that
    /// a walk which reads the number sees all of that for every removal up to it, and nothing of a later one.
    removals: Mutex<u64>,
    /// For each scraper the last removal that it has exposed.
    scrapers: Mutex<Vec<PlainWeak<AtomicU64>>>,
    /// Live series, those exempt from limits not counted.
    series: AtomicUsize,
    limit: AtomicUsize,
    pub(crate) level: RegistryLevel,
    /// Families that were refused a series for the registry's limit: they hear of it when there is room again.
    waiting: Mutex<Vec<PlainArc<Room>>>,
}

impl Shared {
    pub(crate) fn new() -> Self {
        Self {
            removals: Mutex::new(0),
            scrapers: Mutex::new(Vec::new()),
            series: AtomicUsize::new(0),
            limit: AtomicUsize::new(DEFAULT_SERIES),
            level: RegistryLevel::new(),
            waiting: Mutex::new(Vec::new()),
        }
    }

    /// Numbers a removal, from 1 on, and has `remove` carry it out before the number can be read.
    pub(crate) fn number_removal(&self, remove: impl FnOnce(u64)) {
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

    /// Gives the number of the last removal.
    pub(crate) fn last_removal(&self) -> u64 {
        *self.removals.lock()
    }

    /// Adds a scraper, which exposes removals from now on and notes the last one in what this gives.
    pub(crate) fn add_scraper(&self) -> PlainArc<AtomicU64> {
        let exposed = PlainArc::new(AtomicU64::new(self.last_removal()));
        let mut scrapers = self.scrapers.lock();
        scrapers.retain(|scraper| scraper.strong_count() > 0);
        scrapers.push(PlainArc::downgrade(&exposed));
        exposed
    }

    /// Gives the last removal that every scraper has exposed; all of them where there is no scraper.
    pub(crate) fn exposed_by_all(&self) -> u64 {
        let scrapers = self.scrapers.lock();
        // Relaxed (O29): a number that is read too low only keeps a removed series longer.
        let exposed = scrapers.iter().filter_map(|scraper| Some(scraper.upgrade()?.load(Ordering::Relaxed)));
        exposed.min().unwrap_or(u64::MAX)
    }

    /// Sets how many live series the registry may have.
    pub(crate) fn set_limit(&self, series: usize) {
        // Relaxed (O28): a bound that is read a moment late.
        self.limit.store(series, Ordering::Relaxed);
        self.wake(None);
    }

    /// Takes one series from the budget for the family of `room`; false where none is left. Then the family
    /// hears of it when there is room again.
    pub(crate) fn take(&self, room: &PlainArc<Room>) -> bool {
        if self.try_take() {
            return true;
        }
        let mut waiting = self.waiting.lock();
        if !waiting.iter().any(|known| PlainArc::ptr_eq(known, room)) {
            waiting.push(room.clone());
        }
        // Room that was given back before the line above has woken others only; later room wakes this family.
        !broken(Fault::RoomNotLookedForAgain) && self.try_take()
    }

    fn try_take(&self) -> bool {
        // Relaxed (O28): as in set_limit.
        let limit = self.limit.load(Ordering::Relaxed);
        if broken(Fault::BudgetWithoutRmw) {
            // The fault itself (O20): between the load and the store another family may take the same one.
            let series = self.series.load(Ordering::Relaxed);
            self.series.store(series + 1, Ordering::Relaxed);
            return series < limit;
        }
        let one_more = |series| (series < limit).then_some(series + 1);
        // Relaxed (O20): bounded exactly by the read-modify-write; orders nothing.
        self.series.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more).is_ok()
    }

    /// Gives series back to the budget; `set_at_work` is that of a set that could not be made whole, and took them.
    pub(crate) fn give_back(&self, series: usize, set_at_work: Option<&Room>) {
        if series > 0 {
            // Relaxed (O20): as above; the mutex orders it before a refused family looks once more.
            self.series.fetch_sub(series, Ordering::Relaxed);
            self.wake(set_at_work);
        }
    }

    /// Tells the families that were refused that there is room again.
    fn wake(&self, set_at_work: Option<&Room>) {
        let waiting = std::mem::take(&mut *self.waiting.lock());
        for room in waiting {
            if room.changed_for_others(set_at_work) {
                // The set was refused too, and waits for more than it gives back here.
                self.waiting.lock().push(room);
            }
        }
    }
}
