//! The only place where a series becomes a value: the cells of all threads merged, by the kind of the family.

use super::walk::Walk;
use crate::cells::{Counted, MergedWindow, Pass};
use crate::encode::{HistogramValue, MetricValue, StateSetValue, SummaryValue};
use crate::kind::Kind;
use crate::metric::Tick;
use crate::registry::desc::Desc;
use crate::registry::store::{FamilyCore, Fingerprint, Labels, RecordRef, SeriesRef};
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

/// Shows the value of each series of a family that a walk meets. `desc` is the family's as it is now.
#[inline(always)]
pub(crate) fn each(
    family: &FamilyCore,
    desc: &Desc,
    walk: &Walk<'_>,
    pass: &mut Pass<'_>,
    scratch: &mut ValueScratch,
    mut show: impl FnMut(&mut Pass<'_>, Labels<'_>, MetricValue<'_>),
) {
    scratch.begin(desc.kind);
    // One loop a kind, in which the kind is a constant: it is not looked at again for every series.
    macro_rules! loops {
        ($($kind:ident)*) => {
            match desc.kind {
                $(Kind::$kind => walk.each(family, |record| {
                    if let Some(value) = one(Kind::$kind, desc, record, pass, scratch) {
                        show(pass, Labels::new(desc, record), value);
                    }
                }),)*
            }
        };
    }
    loops!(Counter DurationCounter Gauge UpDownCounter Histogram Summary Info StateSet Unknown);
}

/// Merges one series, for which `scratch` was prepared. `None` where there is nothing to expose: a callback gave nothing, or the storage is of another kind.
#[inline(always)]
pub(crate) fn one<'a>(
    kind: Kind,
    desc: &'a Desc,
    record: RecordRef<'_>,
    pass: &mut Pass<'_>,
    scratch: &'a mut ValueScratch,
) -> Option<MetricValue<'a>> {
    Some(match kind {
        Kind::Counter => MetricValue::Counter(total(pass, record)?),
        Kind::DurationCounter => MetricValue::DurationCounter(Duration::from_nanos(total(pass, record)?)),
        Kind::UpDownCounter => MetricValue::UpDownCounter(pass.difference(record.range())),
        Kind::Gauge => MetricValue::Gauge(word(record)?),
        Kind::Info => MetricValue::Info,
        Kind::StateSet => {
            // One that was renamed to what one of its labels is called.
            if desc.is_open && Labels::new(desc, record).has(&desc.name) {
                return None;
            }
            MetricValue::StateSet(StateSetValue { states: desc.shape.states()?, current: word(record)? as usize })
        }
        Kind::Histogram => {
            let (layout, SeriesRef::Cells(series)) = (desc.shape.layout()?, record.series()) else { return None };
            let ValueScratch { buckets, .. } = scratch;
            buckets.resize(layout.buckets(), 0);
            let sum = pass.histogram(series, buckets, !layout.has_negative_bounds());
            MetricValue::Histogram(HistogramValue { bounds: layout.bounds(), buckets, sum })
        }
        Kind::Summary => {
            let SeriesRef::Summary(series) = record.series() else { return None };
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
pub(crate) fn total(pass: &mut Pass<'_>, record: RecordRef<'_>) -> Option<u64> {
    // A counter owns cells; what has none is a callback. The range is at hand, the storage a pointer away.
    if record.range().is_scratch() { callback_total(record) } else { Some(pass.count(record.range())) }
}

#[cold]
fn callback_total(record: RecordRef<'_>) -> Option<u64> {
    if let SeriesRef::Callback(callback) = record.series() { callback.total() } else { None }
}

/// Reads a value that is one word.
fn word(record: RecordRef<'_>) -> Option<f64> {
    match record.series() {
        SeriesRef::Gauge(series) => Some(series.get()),
        SeriesRef::Callback(callback) => callback.value(),
        SeriesRef::Cells(_) | SeriesRef::Summary(_) | SeriesRef::Set(_) => None,
    }
}

/// Reads what changes with every update of a series.
pub(crate) fn fingerprint(
    desc: &Desc,
    record: RecordRef<'_>,
    pass: &mut Pass<'_>,
    scratch: &mut ValueScratch,
) -> Fingerprint {
    match record.series() {
        _ if !desc.kind.can_expire() => Fingerprint::Updated,
        SeriesRef::Gauge(series) if series.take_set() => Fingerprint::Updated,
        SeriesRef::Cells(series) if series.take_touched() => Fingerprint::Updated,
        SeriesRef::Summary(series) if series.take_touched() => Fingerprint::Updated,
        SeriesRef::Gauge(_) => Fingerprint::Unchanged,
        // Read at every scrape, or told by its members: never idle itself.
        SeriesRef::Callback(_) | SeriesRef::Set(_) => Fingerprint::Updated,
        SeriesRef::Summary(series) => Fingerprint::Value(series.count()),
        SeriesRef::Cells(series) => Fingerprint::Value(match desc.kind {
            Kind::UpDownCounter => pass.movements(record.range()),
            Kind::Histogram => {
                let buckets = &mut scratch.buckets;
                buckets.resize(desc.shape.layout().map_or(0, |layout| layout.buckets()), 0);
                pass.histogram(series, buckets, false);
                buckets.iter().fold(0, |count, bucket| count.wrapping_add(*bucket))
            }
            _ => pass.count(record.range()),
        }),
    }
}
