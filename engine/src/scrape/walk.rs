//! Which series a scrape shows: the live ones, and those that were removed since the scrape before.

use super::expire::expire;
use super::value::ValueScratch;
use crate::cells::{self, PassScratch, Pin};
use crate::registry::inner::RegistryInner;
use crate::registry::store::{FamilyStore, RowRef};
use crate::sync::{AtomicU64, Fault, Ordering, broken};
use std::cell::RefCell;
use std::time::Instant;

/// One walk over a registry. It holds a pin, so the storage of what it meets stays; that delays only the
/// reclaimer.
#[derive(Debug)]
pub(crate) struct Walk<'s> {
    pin: Pin,
    registry: &'s RegistryInner,
    exposed: &'s AtomicU64,
    /// The last removal that this scraper's walk before this one has shown.
    after: u64,
    /// The last removal when this walk began: all up to it are shown, for the last time.
    until: u64,
    /// Memory for the removed series of a family; empty between families.
    tombstones: RefCell<TombstoneScratch>,
}

/// Memory for the removed series that a walk shows of a family, kept between walks.
#[derive(Debug, Default)]
pub(crate) struct TombstoneScratch(Vec<(u64, RowRef<'static>)>);

impl TombstoneScratch {
    /// Takes the memory out, for rows of another lifetime.
    fn take<'p>(&mut self) -> Vec<(u64, RowRef<'p>)> {
        Self::emptied(std::mem::take(&mut self.0))
    }

    fn give_back(&mut self, used: Vec<(u64, RowRef<'_>)>) {
        self.0 = Self::emptied(used);
    }

    /// Empties a list and keeps its memory: collecting the iterator of a vector into one of the same layout does.
    fn emptied<'a, 'b>(mut list: Vec<(u64, RowRef<'a>)>) -> Vec<(u64, RowRef<'b>)> {
        list.clear();
        list.into_iter().map(|_| unreachable!("the list is empty")).collect()
    }
}

impl<'s> Walk<'s> {
    /// Begins a walk of the scraper that notes in `exposed` how far it has come.
    pub(crate) fn begin(registry: &'s RegistryInner, exposed: &'s AtomicU64, tombstones: TombstoneScratch) -> Self {
        let pin = Pin::enter();
        let until = registry.state.removals.last();
        // Relaxed (O29): only this scraper writes it.
        let after = exposed.load(Ordering::Relaxed);
        Self { pin, registry, exposed, after, until, tombstones: RefCell::new(tombstones) }
    }

    /// Shows the series of a family that live when this is called, in the order of their creation, then the final
    /// values of those that were removed since the walk before this one, unless their labels have a live series again.
    /// A label set is shown once at most, and each that lives from before this call until after it is shown.
    ///
    /// `show` is called under the pin and no lock. The final value of a series that is removed after the walk began may
    /// be shown in the next walk too.
    #[inline]
    pub(crate) fn each(&self, family: &FamilyStore, mut show: impl FnMut(RowRef<'_>)) {
        let mut tombstones = self.tombstones.borrow_mut().take();
        let snapshot = family.snapshot(&self.pin, self.after, &mut tombstones);
        snapshot.each_live(&mut show);
        // The fault itself (O19): what `show` does may take this lock.
        let held = broken(Fault::ShownUnderLock).then(|| family.lock_tombstones());
        for (_, row) in &tombstones {
            show(*row);
        }
        drop(held);
        self.tombstones.borrow_mut().give_back(tombstones);
    }

    /// Ends the walk: what all scrapers have shown is let go, idle series are removed, ended threads and unlinked
    /// memory are tidied up.
    ///
    /// A walk that showed some families only (`whole` is false) has exposed no removal: the next one shows it again.
    pub(crate) fn end<'f>(
        self,
        whole: bool,
        families: impl Iterator<Item = &'f FamilyStore>,
        pass: &mut PassScratch,
        scratch: &mut ValueScratch,
    ) -> TombstoneScratch {
        let Self { pin, registry, exposed, after, until, tombstones } = self;
        drop(pin);
        let until = if whole { until } else { after };
        // Relaxed (O29): see RemovalNumbers::exposed_by_all.
        exposed.store(until, Ordering::Relaxed);
        // Also where nothing was removed since: what another scraper has still to show grows old.
        let (exposed, now) = (registry.state.removals.exposed_by_all(), Instant::now());
        for family in families {
            family.release_tombstones(exposed, now);
            expire(family, now, pass, scratch);
        }
        cells::tidy_up();
        tombstones.into_inner()
    }
}
