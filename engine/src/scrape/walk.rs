//! Which series a scrape shows: the live ones, and those that were removed since the scrape before.

use super::expire::expire_all;
use super::prepared::Prepared;
use crate::cells::{self, PassScratch, Pin};
use crate::registry::{FamilyCore, RecordRef, RegistryInner};
use crate::sync::{AtomicU64, Ordering};

/// One walk over a registry. It holds a pin, so the storage of what it meets stays; that delays only the
/// reclaimer.
#[derive(Debug)]
pub(crate) struct Walk<'s> {
    pin: Pin,
    registry: &'s RegistryInner,
    exposed: &'s AtomicU64,
    /// The last removal that this scraper's walk before this one has shown.
    after: u64,
    /// The last removal when this walk began: what is removed later counts as live in it.
    until: u64,
}

impl<'s> Walk<'s> {
    /// Begins a walk of the scraper that notes in `exposed` how far it has come.
    pub(crate) fn begin(registry: &'s RegistryInner, exposed: &'s AtomicU64) -> Self {
        let pin = Pin::enter();
        let until = registry.shared.last_removal();
        // Relaxed: only this scraper writes it.
        Self { pin, registry, exposed, after: exposed.load(Ordering::Relaxed), until }
    }

    /// Shows the series of a family in the order of their creation, then the final values of those that were
    /// removed between the walk before this one and this one. A label set is shown once at most.
    #[inline]
    pub(crate) fn each(&self, family: &FamilyCore, mut show: impl FnMut(RecordRef<'_>)) {
        for record in family.records(&self.pin).iter() {
            let removal = record.removal();
            if removal == 0 || self.is_live_here(family, record, removal) {
                show(record);
            }
        }
        if self.until > self.after {
            family.each_departed(&self.pin, self.after, self.until, show);
        }
    }

    /// Tells whether a removed series counts as live in this walk.
    #[cold]
    fn is_live_here(&self, family: &FamilyCore, record: RecordRef<'_>, removal: u64) -> bool {
        removal > self.until && !family.is_reborn(&self.pin, record)
    }

    /// Ends the walk: what all scrapers have shown is let go, idle series are removed, ended threads and unlinked
    /// memory are tidied up.
    ///
    /// A walk that showed some families only (`whole` is false) has exposed no removal: the next one shows it again.
    pub(crate) fn end(self, whole: bool, families: &[Prepared], scratch: &mut PassScratch) {
        let Self { pin, registry, exposed, after, until } = self;
        drop(pin);
        let until = if whole { until } else { after };
        // Relaxed: see Shared::exposed_by_all.
        exposed.store(until, Ordering::Relaxed);
        if until > after {
            let exposed = registry.shared.exposed_by_all();
            for family in families {
                family.core.forget_departed(exposed);
            }
        }
        expire_all(families, scratch);
        cells::tidy_up();
    }
}
