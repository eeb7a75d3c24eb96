//! The look for idle series.

use super::prepared::Prepared;
use crate::buckets::Layout;
use crate::cells::{Counted, Pass, PassScratch, Pin, tidy_up};
use crate::registry::desc::Kind;
use crate::registry::registry::Registry;
use crate::registry::store::{FamilyCore, Fingerprint, RecordRef, SeriesRef};
use std::time::Instant;

impl Registry {
    /// Removes the series that have gone without an update for longer than their family allows and that nobody
    /// holds; gives how many. Scrapes do the same when they end: call it where nobody may scrape.
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
        let (mut scratch, mut buckets) = (PassScratch::default(), Vec::new());
        let expired = inner.families().iter().map(|family| expire(family, now, &mut scratch, &mut buckets)).sum();
        tidy_up();
        expired
    }
}

/// Looks for idle series in families that have a timeout.
pub(crate) fn expire_all(families: &[Prepared], now: Instant, scratch: &mut PassScratch, buckets: &mut Vec<u64>) {
    for family in families {
        expire(&family.core, now, scratch, buckets);
    }
}

fn expire(family: &FamilyCore, now: Instant, scratch: &mut PassScratch, buckets: &mut Vec<u64>) -> usize {
    if family.desc.limits.idle.is_none() {
        return 0;
    }
    let pin = Pin::enter();
    let mut pass = Pass::begin(scratch);
    buckets.resize(family.desc.layout.as_deref().map_or(0, Layout::buckets), 0);
    family.expire_idle(&pin, now, |record| fingerprint(family, record, &mut pass, buckets))
}

fn fingerprint(family: &FamilyCore, record: RecordRef<'_>, pass: &mut Pass<'_>, buckets: &mut [u64]) -> Fingerprint {
    match record.series() {
        // Told once, for good: never idle.
        _ if family.desc.kind == Kind::Info => Fingerprint::Updated,
        SeriesRef::Gauge(series) if series.take_set() => Fingerprint::Updated,
        SeriesRef::Cells(series) if series.take_touched() => Fingerprint::Updated,
        SeriesRef::Summary(series) if series.take_touched() => Fingerprint::Updated,
        SeriesRef::Gauge(_) => Fingerprint::Unchanged,
        // Read at every scrape, or told by its members: never idle itself.
        SeriesRef::Callback(_) | SeriesRef::Set(_) => Fingerprint::Updated,
        SeriesRef::Summary(series) => Fingerprint::Value(series.count()),
        SeriesRef::Cells(series) => Fingerprint::Value(match family.desc.kind {
            Kind::UpDownCounter => pass.movements(record.range()),
            Kind::Histogram => {
                pass.histogram(series, buckets, false);
                buckets.iter().fold(0, |count, bucket| count.wrapping_add(*bucket))
            }
            _ => pass.count(record.range()),
        }),
    }
}
