//! The only place where a series becomes a value: the cells of all threads merged, by the kind of the family.

use super::walk::Walk;
use crate::cells::{Counted, MergedWindow, Pass};
use crate::encode::{HistogramValue, MetricValue, StateSetValue, SummaryValue};
use crate::kind::Kind;
use crate::metric::Tick;
use crate::registry::desc::Desc;
use crate::registry::store::{FamilyStore, Fingerprint, Labels, RowRef, Storage};
use std::time::Duration;

/// Memory for merged values, kept from scrape to scrape.
#[derive(Debug, Default)]
pub(crate) struct ValueScratch {
    buckets: Vec<u64>,
    window: MergedWindow,
    /// When the windows of summaries end.
    now: u64,
}

impl ValueScratch {
    /// Prepares for series of this kind: the clock is read once for all.
    pub(crate) fn begin(&mut self, kind: Kind) {
        if kind == Kind::Summary {
            self.now = Tick::now().nanos();
        }
    }
}

/// Takes the values of a family. A trait, and no closure: one that is called from a loop for each kind is not inlined, and
/// then each value goes through memory and is told apart once more.
pub(crate) trait Show {
    fn show(&mut self, pass: &mut Pass<'_>, labels: Labels<'_>, value: MetricValue<'_>);
}

/// Shows the value of each series of a family that a walk meets. `desc` is the family's as it is now.
#[inline(always)]
pub(crate) fn each(
    family: &FamilyStore,
    desc: &Desc,
    walk: &Walk<'_>,
    pass: &mut Pass<'_>,
    scratch: &mut ValueScratch,
    to: &mut impl Show,
) {
    scratch.begin(desc.kind);
    // One loop a kind, in which the kind is a constant: it is not looked at again for every series.
    macro_rules! loops {
        ($($kind:ident)*) => {
            match desc.kind {
                $(Kind::$kind => walk.each(family, |row| {
                    if let Some(value) = one(Kind::$kind, desc, row, pass, scratch) {
                        to.show(pass, Labels::new(desc, row), value);
                    }
                }),)*
            }
        };
    }
    loops!(Counter FloatCounter DurationCounter Gauge UpDownCounter Histogram Summary Info StateSet Unknown);
}

/// Merges one series, for which `scratch` was prepared. `None` where there is nothing to expose: a callback gave
/// nothing, or the storage is of another kind.
#[inline(always)]
pub(crate) fn one<'a>(
    kind: Kind,
    desc: &'a Desc,
    row: RowRef<'_>,
    pass: &mut Pass<'_>,
    scratch: &'a mut ValueScratch,
) -> Option<MetricValue<'a>> {
    Some(match kind {
        Kind::Counter => MetricValue::Counter(total(pass, row)?),
        Kind::DurationCounter => MetricValue::DurationCounter(Duration::from_nanos(total(pass, row)?)),
        Kind::FloatCounter => {
            let Storage::Cells(series) = row.series() else { return None };
            MetricValue::FloatCounter(pass.histogram(series, &mut [0], true))
        }
        Kind::UpDownCounter => MetricValue::UpDownCounter(pass.difference(row.range())),
        Kind::Gauge => MetricValue::Gauge(word(row)?),
        Kind::Info => MetricValue::Info,
        Kind::StateSet => {
            // The family was renamed to the name of one of this series' labels.
            if desc.is_dynamic && Labels::new(desc, row).has(&desc.name) {
                return None;
            }
            MetricValue::StateSet(StateSetValue { states: desc.shape.states()?, current: word(row)? as usize })
        }
        Kind::Histogram => {
            let (layout, Storage::Cells(series)) = (desc.shape.layout()?, row.series()) else { return None };
            let ValueScratch { buckets, .. } = scratch;
            buckets.resize(layout.buckets(), 0);
            let sum = pass.histogram(series, buckets, !layout.has_negative_bounds());
            MetricValue::Histogram(HistogramValue { bounds: layout.bounds(), buckets, sum })
        }
        Kind::Summary => {
            let Storage::Summary(series) = row.series() else { return None };
            let quantiles = desc.shape.quantiles()?.values();
            let reading = scratch.window.read(series, quantiles, scratch.now);
            MetricValue::Summary(SummaryValue {
                quantiles,
                values: reading.values,
                count: reading.count,
                sum: reading.sum,
            })
        }
        // Only of collectors.
        Kind::Unknown => return None,
    })
}

/// Reads the total of a counter, in its own unit.
#[inline(always)]
pub(crate) fn total(pass: &mut Pass<'_>, row: RowRef<'_>) -> Option<u64> {
    // A counter owns cells; what has none is a callback. The range is at hand, the storage a pointer away.
    if row.range().is_scratch() { callback_total(row) } else { Some(pass.count(row.range())) }
}

#[cold]
fn callback_total(row: RowRef<'_>) -> Option<u64> {
    if let Storage::Callback(callback) = row.series() { callback.total() } else { None }
}

/// Reads a value that is one word.
fn word(row: RowRef<'_>) -> Option<f64> {
    match row.series() {
        Storage::Gauge(series) => Some(series.get()),
        Storage::Callback(callback) => callback.value(),
        Storage::Cells(_) | Storage::Summary(_) | Storage::Set(_) => None,
    }
}

/// Reads what changes with every update of a series.
pub(crate) fn fingerprint(
    desc: &Desc,
    row: RowRef<'_>,
    pass: &mut Pass<'_>,
    scratch: &mut ValueScratch,
) -> Fingerprint {
    match row.series() {
        _ if !desc.kind.can_expire() => Fingerprint::Updated,
        Storage::Gauge(series) if series.take_set() => Fingerprint::Updated,
        Storage::Cells(series) if series.take_touched() => Fingerprint::Updated,
        Storage::Summary(series) if series.take_touched() => Fingerprint::Updated,
        Storage::Gauge(_) => Fingerprint::Unchanged,
        // Read at every scrape, or judged by its members: never idle itself.
        Storage::Callback(_) | Storage::Set(_) => Fingerprint::Updated,
        Storage::Summary(series) => Fingerprint::Value(series.count()),
        Storage::Cells(series) => Fingerprint::Value(match desc.kind {
            Kind::UpDownCounter => pass.movements(row.range()),
            Kind::FloatCounter => {
                let mut additions = [0];
                pass.histogram(series, &mut additions, false);
                additions[0]
            }
            Kind::Histogram => {
                let buckets = &mut scratch.buckets;
                buckets.resize(desc.shape.layout().map_or(0, |layout| layout.buckets()), 0);
                pass.histogram(series, buckets, false);
                buckets.iter().fold(0, |count, bucket| count.wrapping_add(*bucket))
            }
            _ => pass.count(row.range()),
        }),
    }
}
