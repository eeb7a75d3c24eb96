//! The engine's metrics about itself: a collector like any other.

use super::error::Error;
use super::inner::RegistryInner;
use super::registry::Registry;
use crate::cells::stats;
use crate::label::MAX_NAME_BYTES;
use crate::registry::collect::{CollectedFamily, CollectedValue, Collector, CollectorOutput};
use crate::registry::store::FamilyStats;
use crate::sync::{PlainArc, PlainWeak};

impl Registry {
    /// Enables the engine's metrics about itself, all named `streamgauge_..`; they are off until this is called. Where
    /// they are on nothing changes.
    ///
    /// By family, with a label `family`: live series, series created and removed, lookups answered with the overflow
    /// series, bytes of label text. Of the registry: panics and falling totals of callbacks, samples of collectors
    /// left out. Of the whole process: observations dropped by reason, records lost, internal errors, slabs, bytes of
    /// cells, what waits for reclamation. What a scrape itself meets is in the next one.
    ///
    /// # Errors
    /// Where one of the names is taken.
    ///
    /// # Examples
    /// ```
    /// # let registry = streamgauge::Registry::new();
    /// registry.counter("events_total", "Events.").register()?.inc();
    /// registry.enable_self_metrics()?;
    /// assert_eq!(registry.sample_value("streamgauge_series", &[("family", "events_total")]), Some(1.0));
    /// assert_eq!(registry.sample_value("streamgauge_internal_errors_total", &[]), Some(0.0));
    /// # Ok::<(), streamgauge::Error>(())
    /// ```
    pub fn enable_self_metrics(&self) -> Result<(), Error> {
        let Some(inner) = self.inner() else { return Ok(()) };
        let mut id = inner.self_metrics.lock();
        if id.is_none() {
            *id = Some(self.register_collector(SelfMetrics(PlainArc::downgrade(inner)))?);
        }
        Ok(())
    }

    /// Disables the engine's metrics about itself, and frees their names.
    pub fn disable_self_metrics(&self) {
        let Some(inner) = self.inner() else { return };
        if let Some(registered) = inner.self_metrics.lock().take() {
            self.unregister_collector(registered);
        }
    }
}

/// A weak reference, or the registry would keep itself alive.
#[derive(Debug)]
struct SelfMetrics(PlainWeak<RegistryInner>);

/// Name, help, and what a family shows.
type ByFamily = (&'static str, &'static str, fn(&FamilyStats) -> u64);

const BY_FAMILY: [ByFamily; 6] = [
    ("streamgauge_series", "Live series of a family.", |tally| tally.live as u64),
    ("streamgauge_created_series_total", "Series made.", |tally| tally.created),
    ("streamgauge_removed_series_total", "Series removed or expired.", |tally| tally.removed),
    (
        "streamgauge_overflowed_lookups_total",
        "Lookups answered with the overflow series, because a limit was reached.",
        |tally| tally.overflowed,
    ),
    (
        "streamgauge_cut_values_total",
        "Label values cut in lookups, for they were longer than the family allows.",
        |tally| tally.cut,
    ),
    ("streamgauge_label_text_bytes", "Bytes of the rendered labels of live series.", |tally| tally.text_bytes as u64),
];

const DROPPED: &str = "streamgauge_dropped_observations_total";
const DROPPED_HELP: &str = "Observations refused, in the whole process, by reason.";

/// Name, help and value of what has no labels.
fn plain(inner: Option<&RegistryInner>) -> [(&'static str, &'static str, u64); 10] {
    let stats = stats();
    let [panics, falls, rejected] = inner.map(|inner| inner.failures.read()).unwrap_or_default();
    [
        ("streamgauge_callback_panics_total", "Runs of callbacks and collectors that panicked.", panics),
        ("streamgauge_callback_falls_total", "Totals of callback counters lower than the one before.", falls),
        ("streamgauge_rejected_samples_total", "Samples of collectors that were left out.", rejected),
        (
            "streamgauge_lost_records_total",
            "Records lost for want of memory, in the whole process.",
            stats.lost_records,
        ),
        (
            "streamgauge_internal_errors_total",
            "States that the engine's own reasoning excludes; anything but 0 is a bug to report.",
            stats.internal_errors,
        ),
        (
            "streamgauge_failed_fences_total",
            "Memory barriers that the system refused: what is removed cannot be freed.",
            stats.failed_fences,
        ),
        (
            "streamgauge_refused_removals_total",
            "Removals refused, for too much waits for a memory barrier that the system refuses.",
            stats.refused_removals,
        ),
        (
            "streamgauge_slabs",
            "Slabs of the process: one for each recording thread, and idle ones.",
            stats.slabs as u64,
        ),
        (
            "streamgauge_cells_bytes",
            "Bytes of slabs and chunks of the process: address space, not all of it touched.",
            stats.bytes as u64,
        ),
        (
            "streamgauge_pending_reclamation",
            "Tables, series and cell ranges of the process that are unlinked but not reused yet.",
            stats.pending_reclamation as u64,
        ),
    ]
}

fn declare(name: &str, help: &str) -> CollectedFamily {
    match name.ends_with("_total") {
        true => CollectedFamily::counter(name, help),
        false => CollectedFamily::gauge(name, help),
    }
}

impl Collector for SelfMetrics {
    fn describe(&self) -> Vec<CollectedFamily> {
        let by_family = |(name, help, _): &ByFamily| {
            // One for every family, under its name as it is.
            declare(name, help).labels(["family"]).limit(usize::MAX).value_limit(MAX_NAME_BYTES)
        };
        let mut families: Vec<_> = BY_FAMILY.iter().map(by_family).collect();
        families.push(declare(DROPPED, DROPPED_HELP).labels(["reason"]));
        families.extend(plain(None).iter().map(|(name, help, _)| declare(name, help)));
        families
    }

    fn collect(&self, out: &mut CollectorOutput<'_>) {
        let Some(inner) = self.0.upgrade() else { return };
        for family in inner.families().iter() {
            let tally = family.tally();
            for (name, _, value) in &BY_FAMILY {
                family.with_desc(|desc| {
                    out.family(name).sample(&[&desc.name], value(&tally));
                });
            }
        }
        let stats = stats();
        let reasons =
            [("nan", stats.dropped_nan), ("infinite", stats.dropped_infinite), ("negative", stats.dropped_negative)];
        for (reason, dropped) in reasons {
            out.family(DROPPED).sample(&[reason], CollectedValue::Integer(dropped));
        }
        for (name, _, value) in plain(Some(&inner)) {
            out.family(name).sample(&[], value);
        }
    }
}
