//! How many series a registry may have.

use super::generation::Generation;
use crate::sync::{AtomicUsize, Fault, Mutex, Ordering, PlainArc, broken};

/// Most live series of a registry, by default.
pub(crate) const DEFAULT_SERIES: usize = 1_000_000;

/// The series that a registry has, and may have.
#[derive(Debug)]
pub(crate) struct Budget {
    /// Live series, those exempt from limits not counted.
    series: AtomicUsize,
    limit: AtomicUsize,
    /// Families that were refused a series because of the registry's limit: they are woken when there is room again.
    waiting: Mutex<Vec<PlainArc<Generation>>>,
}

impl Budget {
    pub(super) fn new() -> Self {
        let (series, limit) = (AtomicUsize::new(0), AtomicUsize::new(DEFAULT_SERIES));
        Self { series, limit, waiting: Mutex::new(Vec::new()) }
    }

    /// Sets how many live series the registry may have.
    pub(crate) fn set_limit(&self, series: usize) {
        // Relaxed (O28): a bound that is read a moment late.
        self.limit.store(series, Ordering::Relaxed);
        self.wake(None);
    }

    /// Takes one series from the budget for a family; returns false where none is left. The family is then woken when
    /// there is room again.
    pub(crate) fn take(&self, family: &PlainArc<Generation>) -> bool {
        if self.try_take() {
            return true;
        }
        let mut waiting = self.waiting.lock();
        if !waiting.iter().any(|known| PlainArc::ptr_eq(known, family)) {
            waiting.push(family.clone());
        }
        // Room that was given back before the line above has woken others only; later room wakes this family.
        !broken(Fault::RoomNotLookedForAgain) && self.try_take()
    }

    /// Forgets a family that is unregistered.
    pub(crate) fn forget(&self, family: &PlainArc<Generation>) {
        self.waiting.lock().retain(|waiting| !PlainArc::ptr_eq(waiting, family));
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
    pub(crate) fn give_back(&self, series: usize, set_at_work: Option<&Generation>) {
        if series > 0 {
            // Relaxed (O20): as above; the mutex orders it before a refused family looks once more.
            self.series.fetch_sub(series, Ordering::Relaxed);
            self.wake(set_at_work);
        }
    }

    /// Wakes the families that were refused, as there is room again.
    fn wake(&self, set_at_work: Option<&Generation>) {
        let waiting = std::mem::take(&mut *self.waiting.lock());
        for family in waiting {
            if family.bump_for_others(set_at_work) {
                // The set was refused too, and waits for more than it gives back here.
                self.waiting.lock().push(family);
            }
        }
    }
}
