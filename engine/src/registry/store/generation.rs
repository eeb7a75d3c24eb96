//! What has changed in a family: the word that handle caches, sets and refused lookups compare.

use super::standing::Standing;
use crate::sync::{AtomicU64, Fault, Mutex, Ordering, PlainArc, PlainWeak, unless_broken};

/// Counts what may make a cached handle stale, or let in a series that was refused: removals, and room that comes back.
#[derive(Debug)]
pub(crate) struct Generation {
    /// From 1 on. Read on every hit of a handle cache, written where a series goes.
    count: AtomicU64,
    /// The generation in which a series was refused, and that in which an overflow series was: as long as it lasts, the
    /// limit is reached.
    refused_in: [AtomicU64; 2],
    /// Sets that have handles of this family's series.
    sets: Mutex<Vec<PlainWeak<Generation>>>,
}

impl Generation {
    pub(crate) fn new() -> Self {
        Self { count: AtomicU64::new(1), refused_in: [(); 2].map(|()| AtomicU64::new(0)), sets: Mutex::new(Vec::new()) }
    }

    /// Returns the present generation. What changed before it can be seen.
    #[inline(always)]
    pub(crate) fn now(&self) -> u64 {
        // Acquire (O21): pairs with the Release in bump; a series that went is seen as dead.
        self.count.load(Ordering::Acquire)
    }

    /// Returns whether a series of this standing was refused, and nothing has changed since.
    pub(crate) fn is_full(&self, standing: Standing) -> bool {
        // Acquire (O20): whoever misses a change is refused once more.
        self.refused(standing).is_some_and(|refused_in| refused_in.load(Ordering::Acquire) == self.now())
    }

    fn refused(&self, standing: Standing) -> Option<&AtomicU64> {
        match standing {
            Standing::Limited => self.refused_in.first(),
            Standing::Overflow => self.refused_in.last(),
            Standing::LastResort => None,
        }
    }

    /// Notes that a series was refused because a limit is reached; `generation` was read before the limit was checked,
    /// so that room which came meanwhile is not missed.
    pub(crate) fn refuse(&self, standing: Standing, generation: u64) {
        if let Some(refused_in) = self.refused(standing) {
            // Release (O20): pairs with the Acquire in is_full.
            refused_in.store(generation, Ordering::Release);
        }
    }

    /// Notes that a series went, or that there is room again, here and in the sets of this family.
    pub(crate) fn bump(&self) {
        self.bump_for_others(None);
    }

    /// As [`bump`](Self::bump), except for one set that has made the change itself. Returns whether
    /// that set is one of this family's.
    pub(crate) fn bump_for_others(&self, set_at_work: Option<&Self>) -> bool {
        // Release (O21): after the series died and its place was given back.
        self.count.fetch_add(1, unless_broken(Fault::ChangeToldRelaxed, Ordering::Release));
        let sets: Vec<_> = self.sets.lock().iter().filter_map(PlainWeak::upgrade).collect();
        let mut is_spared = false;
        for set in sets {
            if set_at_work.is_some_and(|at_work| std::ptr::eq(at_work, PlainArc::as_ptr(&set))) {
                is_spared = true;
            } else {
                set.bump();
            }
        }
        is_spared
    }

    /// Has `set` bumped whenever this is.
    pub(crate) fn subscribe(&self, set: &PlainArc<Self>) {
        let mut sets = self.sets.lock();
        sets.retain(|known| known.strong_count() > 0);
        if !sets.iter().any(|known| std::ptr::eq(known.as_ptr(), PlainArc::as_ptr(set))) {
            sets.push(PlainArc::downgrade(set));
        }
    }
}
