//! The look for idle series.

use super::value::{ValueScratch, fingerprint};
use crate::cells::{Pass, PassScratch, Pin, tidy_up};
use crate::registry::registry::Registry;
use crate::registry::store::FamilyStore;
use std::time::Instant;

impl Registry {
    /// Removes the series that have gone without an update for longer than their family allows and that nobody
    /// holds; returns how many. Scrapes do the same when they end: call it where nobody may scrape.
    ///
    /// Cold: merges the slabs for the families with an idle timeout, at most four times in that time.
    ///
    /// ```
    /// # use streamgauge::{Family, Gauge, LabelSet, Registry};
    /// # use std::time::Duration;
    /// # #[derive(LabelSet)]
    /// # struct Table<'a> { table: &'a str }
    /// let registry = Registry::new();
    /// let lag: Family<Table<'static>, Gauge> =
    ///     registry.gauge("table_lag", "Lag.").idle_timeout(Duration::from_secs(600)).family()?;
    /// lag.with(&Table { table: "orders" }, |gauge| gauge.set(0.2));
    /// assert_eq!(registry.expire_idle(), 0);
    /// # Ok::<(), streamgauge::Error>(())
    /// ```
    pub fn expire_idle(&self) -> usize {
        self.expire_idle_at(Instant::now())
    }

    /// As [`expire_idle`](Self::expire_idle), as of a moment of the caller's choice.
    pub(crate) fn expire_idle_at(&self, now: Instant) -> usize {
        let Some(inner) = self.inner() else { return 0 };
        let (mut pass, mut scratch) = (PassScratch::default(), ValueScratch::default());
        let expired = inner.families().iter().map(|family| expire(family, now, &mut pass, &mut scratch)).sum();
        tidy_up();
        expired
    }
}

/// Looks for idle series in a family, where it has a timeout; returns how many were removed.
pub(crate) fn expire(
    family: &FamilyStore,
    now: Instant,
    pass_scratch: &mut PassScratch,
    scratch: &mut ValueScratch,
) -> usize {
    if family.desc.limits.idle.is_none() {
        return 0;
    }
    let pin = Pin::enter();
    let mut pass = Pass::begin(pass_scratch);
    family.expire_idle(&pin, now, |row| fingerprint(&family.desc, row, &mut pass, scratch))
}
