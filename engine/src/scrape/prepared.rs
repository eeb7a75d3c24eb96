//! A family as a scraper keeps it: with everything rendered that does not change.

use super::walk::Walk;
use crate::buckets::Layout;
use crate::cells::Pass;
use crate::encode::TextFamily;
use crate::registry::{FamilyCore, Kind, RecordRef, SeriesRef};
use crate::sync::PlainArc;

#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) core: PlainArc<FamilyCore>,
    text: TextFamily,
}

impl Prepared {
    pub(crate) fn new(core: PlainArc<FamilyCore>) -> Self {
        let desc = &core.desc;
        let bounds = desc.layout.as_ref().map(|layout| layout.bounds());
        let text = TextFamily::new(&desc.name, &desc.help, desc.kind.type_name(), bounds)
            .with_states(&desc.name, &desc.states);
        Self { core, text }
    }

    /// Writes the family as text; gives the number of series. A family without a series, or one that is off, writes
    /// nothing.
    pub(crate) fn encode_text(
        &self,
        walk: &Walk<'_>,
        pass: &mut Pass<'_>,
        buckets: &mut Vec<u64>,
        out: &mut Vec<u8>,
    ) -> usize {
        let start = out.len();
        if !self.core.is_on() {
            return 0;
        }
        self.text.header(out);
        let (core, text) = (&*self.core, &self.text);
        let mut series = 0;
        // One loop a kind, so that the kind is not looked at again for every series.
        match core.desc.kind {
            Kind::Counter => walk.each(core, |record| {
                if let Some(total) = total(pass, record) {
                    series += 1;
                    text.integer(out, record.text(), total);
                }
            }),
            Kind::DurationCounter => walk.each(core, |record| {
                if let Some(nanos) = total(pass, record) {
                    series += 1;
                    text.float(out, record.text(), seconds(nanos));
                }
            }),
            Kind::UpDownCounter => walk.each(core, |record| {
                series += 1;
                text.signed(out, record.text(), pass.difference(record.range()));
            }),
            Kind::Gauge => walk.each(core, |record| {
                if let Some(value) = gauge_value(record) {
                    series += 1;
                    text.float(out, record.text(), value);
                }
            }),
            Kind::Info => walk.each(core, |record| {
                series += 1;
                text.integer(out, record.text(), 1);
            }),
            Kind::StateSet => walk.each(core, |record| {
                if let Some(current) = gauge_value(record) {
                    series += 1;
                    text.state_set(out, record.text(), current as usize);
                }
            }),
            Kind::Histogram => walk.each(core, |record| {
                if let Some(sum) = self.merge_histogram(pass, record, buckets) {
                    series += 1;
                    text.histogram(out, record.text(), buckets, sum);
                }
            }),
        }
        if series == 0 {
            out.truncate(start);
        }
        series
    }

    /// Merges one histogram: fills `buckets`, not cumulative, and gives the sum.
    pub(crate) fn merge_histogram(
        &self,
        pass: &mut Pass<'_>,
        record: RecordRef<'_>,
        buckets: &mut Vec<u64>,
    ) -> Option<f64> {
        let layout: &Layout = self.core.desc.layout.as_deref()?;
        let SeriesRef::Cells(series) = record.series() else { return None };
        buckets.resize(layout.buckets(), 0);
        Some(pass.histogram(series, buckets, !layout.has_negative_bounds()))
    }
}

/// Gives nanoseconds in seconds.
fn seconds(nanos: u64) -> f64 {
    nanos as f64 / 1e9
}

/// Reads a counter, or what its callback gave; `None` where the callback gave nothing.
#[inline]
pub(crate) fn total(pass: &mut Pass<'_>, record: RecordRef<'_>) -> Option<u64> {
    // A counter owns cells; what has none is a callback. The range is at hand, the storage a pointer away.
    if record.range().is_scratch() { callback_total(record) } else { Some(pass.count(record.range())) }
}

#[cold]
fn callback_total(record: RecordRef<'_>) -> Option<u64> {
    match record.series() {
        SeriesRef::Callback(callback) => callback.total(),
        SeriesRef::Cells(_) | SeriesRef::Gauge(_) | SeriesRef::Set(_) => None,
    }
}

/// Reads a gauge, or what its callback gave; `None` where the callback gave nothing.
pub(crate) fn gauge_value(record: RecordRef<'_>) -> Option<f64> {
    match record.series() {
        SeriesRef::Gauge(series) => Some(series.get()),
        SeriesRef::Callback(callback) => callback.value(),
        SeriesRef::Cells(_) | SeriesRef::Set(_) => None,
    }
}
