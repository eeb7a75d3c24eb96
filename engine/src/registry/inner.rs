//! What the clones of a registry share.

use super::error::Error;
use crate::cells::{collect, count_refused_removal, reclaimer_is_full, sweep_batch};
use crate::registry::collect::{CollectorId, CollectorList, Collectors};
use crate::registry::desc::{Desc, Switch};
use crate::registry::names::{Change, Clashes, Names};
use crate::registry::store::{Callbacks, Failures, FamilyList, FamilyStore, RegistryState};
use crate::sync::{AtomicUsize, Mutex, Ordering, PlainArc, model_failed};

/// What the clones of a registry share.
#[derive(Debug)]
pub(crate) struct RegistryInner {
    names: Mutex<Names>,
    /// Counts the changes of the names, so that a scrape which has seen the last one does not take the mutex.
    changes: AtomicUsize,
    /// Read by scrapes without the mutex.
    families: FamilySnapshot,
    pub(crate) callbacks: Callbacks,
    pub(crate) collectors: Collectors,
    pub(crate) failures: Failures,
    /// The collector of the self-metrics, where they are on.
    pub(super) self_metrics: Mutex<Option<CollectorId>>,
    pub(crate) state: PlainArc<RegistryState>,
    /// The last field: when the families are gone, the cells of series that no handle holds are zeroed for others,
    /// because this registry is not scraped any more.
    _tidy_up: TidyUp,
}

impl RegistryInner {
    pub(super) fn new() -> Self {
        Self {
            names: Mutex::new(Names::default()),
            changes: AtomicUsize::new(0),
            families: FamilySnapshot::from_pointee(FamilyList::default()),
            callbacks: Callbacks::new(),
            collectors: Collectors::default(),
            failures: Failures::new(),
            self_metrics: Mutex::new(None),
            state: PlainArc::new(RegistryState::new()),
            _tidy_up: TidyUp,
        }
    }

    /// Returns the families that are registered now, in the order of their registration.
    pub(crate) fn families(&self) -> PlainArc<FamilyList> {
        // Published by ArcSwap (O18).
        self.families.load_full()
    }

    /// Shows every family, holding no lock. A registration that is under way ends before this, or begins after it.
    pub(crate) fn each_family(&self, show: impl Fn(&FamilyStore)) {
        let families: Vec<_> = self.names.lock().families.values().cloned().collect();
        families.iter().for_each(|family| show(family));
    }

    /// Switches the family of this name, also a collector's; returns whether there is one.
    pub(crate) fn switch(&self, name: &str, switch: Switch) -> bool {
        let family = self.names.lock().families.get(name).cloned();
        family.map(|family| family.switch(switch)).is_some() || self.collectors.switch(name, switch)
    }

    /// Finds or adds the family of a checked descriptor.
    pub(crate) fn family(&self, desc: Desc) -> Result<PlainArc<FamilyStore>, Error> {
        // Where nobody scrapes or removes, whoever declares sees to the cells of handles that were dropped.
        sweep_batch();
        let mut names = self.names.lock();
        let (family, change) = names.family(desc, &self.state)?;
        if change == Change::New {
            self.families.store(PlainArc::new(self.families.load().with(family.clone())));
        }
        if change != Change::None {
            self.count_change();
        }
        Ok(family)
    }

    /// Ends the family of this name, if it is the one that is meant; returns how many series it had, `None` where there is
    /// no such family, or one that cannot be ended.
    pub(crate) fn unregister(
        &self,
        name: &str,
        is_meant: impl FnOnce(&PlainArc<FamilyStore>) -> bool,
    ) -> Option<usize> {
        if reclaimer_is_full() {
            // Its series could not be removed.
            count_refused_removal();
            return None;
        }
        let family = {
            let mut names = self.names.lock();
            let family = names.unregister(name, |family| !family.is_member() && is_meant(family))?;
            self.families.store(PlainArc::new(self.families.load().without(&family)));
            self.count_change();
            family
        };
        let removed = family.unregister();
        self.state.budget.forget(&family.generation);
        // What its callbacks own is freed now: perhaps nobody scrapes.
        collect();
        Some(removed)
    }

    /// Changes the name, help or unit of a family that is in use.
    pub(super) fn redescribe(
        &self,
        family: &PlainArc<FamilyStore>,
        verbatim: bool,
        change: impl FnOnce(&mut Desc),
    ) -> Result<(), Error> {
        let mut names = self.names.lock();
        names.redescribe(family, verbatim, change)?;
        self.count_change();
        Ok(())
    }

    /// Counts a change of the names. Under their mutex.
    fn count_change(&self) {
        // Relaxed (O28): who sees the change takes the mutex, and who sees it late looks again at the next scrape.
        self.changes.fetch_add(1, Ordering::Relaxed);
    }

    /// Returns how often the names were changed.
    pub(crate) fn changes(&self) -> usize {
        // Relaxed (O28): see count_change.
        self.changes.load(Ordering::Relaxed)
    }

    /// Shows the families, and who gives way to whom, as they are at one moment: while `show` runs, no family is added
    /// or changed.
    ///
    /// Also returns the collectors of that moment, whose names nothing else has.
    pub(crate) fn at_once(&self, show: impl FnOnce(&PlainArc<FamilyList>, &PlainArc<Clashes>)) -> CollectorList {
        let names = self.names.lock();
        show(&self.families.load_full(), names.clashes());
        // Collectors get their names before they are listed, and give them back after they are taken off the list.
        self.collectors.list()
    }

    /// Takes the names of a collector's families, all or none.
    pub(crate) fn claim(&self, descs: &[Desc]) -> Result<(), Error> {
        let mut names = self.names.lock();
        let claimed = names.claim_all(descs);
        // Where they were refused, others may have got out of the way and come back.
        self.count_change();
        claimed
    }

    /// Frees the names of a collector's families.
    pub(crate) fn unclaim(&self, descs: &[Desc]) {
        let mut names = self.names.lock();
        names.unclaim_all(descs);
        self.count_change();
    }
}

/// Tidies up when it is dropped.
#[derive(Debug)]
struct TidyUp;

impl Drop for TidyUp {
    fn drop(&mut self) {
        if !model_failed() {
            collect();
        }
    }
}

#[cfg(not(engine_loom))]
type FamilySnapshot = crate::sync::ArcSwap<FamilyList>;
#[cfg(engine_loom)]
type FamilySnapshot = crate::sync::ArcSwapTwin<FamilyList>;
