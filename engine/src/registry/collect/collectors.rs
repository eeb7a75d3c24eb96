//! The collectors of a registry.

use super::collector::{Collector, CollectorId};
use super::output::{Collected, CollectorOutput};
use crate::catch::catch;
use crate::registry::desc::{Desc, RegistryLevel, Switch};
use crate::registry::store::{Others, Runs};
use crate::sync::{AtomicU8, Mutex, Ordering, PlainArc, PlainAtomicU64};
use std::fmt;
use std::time::Instant;

/// A collector and the families it declared.
pub(crate) struct Registered {
    id: CollectorId,
    pub(crate) descs: Vec<Desc>,
    /// A [`Switch`] for each.
    switches: Vec<AtomicU8>,
    runs: Runs,
    collector: Box<dyn Collector>,
}

impl fmt::Debug for Registered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registered").field("id", &self.id).field("descs", &self.descs).finish_non_exhaustive()
    }
}

impl Registered {
    /// Returns whether the family at this place is on.
    fn is_on(&self, place: usize, level: &RegistryLevel) -> bool {
        // Relaxed (O28): a switch that is seen a moment late.
        let switch = Switch::from_byte(self.switches[place].load(Ordering::Relaxed));
        level.allows(self.descs[place].level, switch)
    }

    /// Runs the collector, unless all its families are off, or another scrape seems to hang in it. A run that panics
    /// leaves nothing collected. To be called inside [`not_nested`](super::super::store::not_nested).
    pub(crate) fn run(&self, level: &RegistryLevel, collected: &mut Collected) -> Ended {
        collected.clear();
        if !self.descs.is_empty() && !(0..self.descs.len()).any(|place| self.is_on(place, level)) {
            return Ended::Well;
        }
        // What it gives belongs to one scrape, so others run it at the same time.
        let Some(_run) = self.runs.begin(Instant::now(), |others| others != Others::Hanging) else {
            return Ended::Hanging;
        };
        let ended = catch(|| {
            self.collector.collect(&mut CollectorOutput { descs: &self.descs, collected: &mut *collected });
        });
        match ended {
            Some(()) => collected.settle(&self.descs, |place| self.is_on(place, level)),
            // Half of its samples might mean something else than all of them.
            None => collected.clear(),
        }
        if ended.is_some() { Ended::Well } else { Ended::Panicked }
    }
}

/// How a run of a collector ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    Well,
    Panicked,
    /// It was not begun: a run of another scrape seems to hang.
    Hanging,
}

/// An immutable list of collectors: what a scrape takes without copying.
pub(crate) type CollectorList = PlainArc<Vec<PlainArc<Registered>>>;

/// The collectors of a registry, in the order of their registration.
#[derive(Debug)]
pub(crate) struct Collectors(Mutex<CollectorList>);

impl Default for Collectors {
    fn default() -> Self {
        Self(Mutex::new(CollectorList::default()))
    }
}

/// Counts the collectors of the process, so that no two registries have one of the same id. No collector has 0.
static REGISTERED: PlainAtomicU64 = PlainAtomicU64::new(1);

impl Collectors {
    pub(crate) fn list(&self) -> CollectorList {
        self.0.lock().clone()
    }

    pub(crate) fn push(&self, descs: Vec<Desc>, collector: Box<dyn Collector>) -> CollectorId {
        // Relaxed (O26): it only has to be another one every time.
        let id = CollectorId(REGISTERED.fetch_add(1, Ordering::Relaxed));
        let switches = descs.iter().map(|_| AtomicU8::new(Switch::ByLevel as u8)).collect();
        let registered = PlainArc::new(Registered { id, descs, switches, runs: Runs::new(), collector });
        let mut list = self.0.lock();
        *list = PlainArc::new(list.iter().cloned().chain([registered]).collect());
        id
    }

    /// Switches the family of this name; returns whether there is one.
    pub(crate) fn switch(&self, name: &str, switch: Switch) -> bool {
        let list = self.list();
        let place = |registered: &Registered| registered.descs.iter().position(|desc| *desc.name == *name);
        let found = list.iter().find_map(|registered| Some((registered, place(registered)?)));
        // Relaxed (O28): read by the scrapes to come.
        found.map(|(registered, place)| registered.switches[place].store(switch as u8, Ordering::Relaxed)).is_some()
    }

    pub(crate) fn remove(&self, id: CollectorId) -> Option<PlainArc<Registered>> {
        let mut list = self.0.lock();
        let removed = list.iter().find(|registered| registered.id == id).cloned()?;
        *list = PlainArc::new(list.iter().filter(|registered| registered.id != id).cloned().collect());
        Some(removed)
    }
}
