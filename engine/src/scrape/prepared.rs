//! A family as a scraper keeps it: with everything rendered that does not change.

use super::encoder::{Encoders, Form};
use super::walk::Walk;
use crate::buckets::Layout;
use crate::cells::{MergedWindow, Pass};
use crate::metric::Tick;
use crate::registry::desc::{Desc, Kind};
use crate::registry::store::{FamilyCore, Labels, RecordRef, SeriesRef};
use crate::sync::PlainArc;

#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) core: PlainArc<FamilyCore>,
    /// The descriptor that was told after the declaration, and how often one was told when this was read.
    retold: Option<PlainArc<Desc>>,
    version: usize,
    encoders: Encoders,
}

impl Prepared {
    pub(crate) fn new(core: PlainArc<FamilyCore>) -> Self {
        Self { core, retold: None, version: 0, encoders: Encoders::default() }
    }

    /// Looks whether the family was described anew since the scrape before.
    pub(crate) fn refresh(&mut self) {
        // Before the descriptor: a change that comes between the two is found by the next scrape.
        let version = self.core.version();
        if version != self.version {
            self.version = version;
            self.retold = self.core.retold();
            self.encoders = Encoders::default();
        }
    }

    /// Gives the descriptor as it was when the scrape began.
    pub(crate) fn desc(&self) -> &Desc {
        self.retold.as_deref().unwrap_or(&self.core.desc)
    }

    /// Writes the family; gives the number of series. A family without a series, or one that is off, writes nothing.
    pub(crate) fn encode(
        &mut self,
        form: Form<'_>,
        walk: &Walk<'_>,
        pass: &mut Pass<'_>,
        buckets: &mut Vec<u64>,
        window: &mut MergedWindow,
        out: &mut Vec<u8>,
    ) -> usize {
        let core = &*self.core;
        if !core.is_on() {
            return 0;
        }
        let desc = self.retold.as_deref().unwrap_or(&core.desc);
        let encoder = self.encoders.of(form, desc);
        let start = encoder.begin(out);
        let mut series = 0;
        // One loop a kind, so that the kind is not looked at again for every series.
        match core.desc.kind {
            Kind::Counter if let Some(text) = encoder.plain_text() => walk.each(core, |record| {
                if let Some(total) = total(pass, record) {
                    series += 1;
                    text.integer(out, record.text(), total);
                }
            }),
            Kind::Counter => walk.each(core, |record| {
                if let Some(total) = total(pass, record) {
                    series += 1;
                    encoder.counter(out, Labels::new(desc, record), total);
                }
            }),
            Kind::DurationCounter => walk.each(core, |record| {
                if let Some(nanos) = total(pass, record) {
                    series += 1;
                    encoder.float_counter(out, Labels::new(desc, record), seconds(nanos));
                }
            }),
            Kind::UpDownCounter => walk.each(core, |record| {
                series += 1;
                encoder.integer_gauge(out, Labels::new(desc, record), pass.difference(record.range()));
            }),
            Kind::Gauge => walk.each(core, |record| {
                if let Some(value) = gauge_value(record) {
                    series += 1;
                    encoder.gauge(out, Labels::new(desc, record), value);
                }
            }),
            Kind::Info => walk.each(core, |record| {
                series += 1;
                encoder.unsigned_gauge(out, Labels::new(desc, record), 1);
            }),
            Kind::StateSet => walk.each(core, |record| {
                if let Some(current) = current_state(desc, record) {
                    series += 1;
                    encoder.state_set(out, Labels::new(desc, record), current);
                }
            }),
            Kind::Histogram => walk.each(core, |record| {
                if let Some(sum) = merge_histogram(core, pass, record, buckets) {
                    series += 1;
                    encoder.histogram(out, Labels::new(desc, record), buckets, sum);
                }
            }),
            Kind::Summary => {
                let (quantiles, now) = (core.desc.quantiles.as_deref(), Tick::now().nanos());
                walk.each(core, |record| {
                    if let (SeriesRef::Summary(summary), Some(quantiles)) = (record.series(), quantiles) {
                        series += 1;
                        let reading = window.read(summary, quantiles.values(), now);
                        encoder.summary(out, Labels::new(desc, record), reading.values, reading.sum, reading.count);
                    }
                });
            }
            // Only of collectors.
            Kind::Unknown => {}
        }
        encoder.end(out, start, series);
        series
    }
}

/// Gives the place of the state that a series is in; `None` for one that cannot be shown, because it was made or removed
/// while the family had another name, and has a label called as the one that names the state.
pub(crate) fn current_state(desc: &Desc, record: RecordRef<'_>) -> Option<usize> {
    if desc.is_open && Labels::new(desc, record).has(&desc.name) {
        return None;
    }
    gauge_value(record).map(|current| current as usize)
}

/// Merges one histogram: fills `buckets`, not cumulative, and gives the sum.
pub(crate) fn merge_histogram(
    core: &FamilyCore,
    pass: &mut Pass<'_>,
    record: RecordRef<'_>,
    buckets: &mut Vec<u64>,
) -> Option<f64> {
    let layout: &Layout = core.desc.layout.as_deref()?;
    let SeriesRef::Cells(series) = record.series() else { return None };
    buckets.resize(layout.buckets(), 0);
    Some(pass.histogram(series, buckets, !layout.has_negative_bounds()))
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
        SeriesRef::Cells(_) | SeriesRef::Gauge(_) | SeriesRef::Summary(_) | SeriesRef::Set(_) => None,
    }
}

/// Reads a gauge, or what its callback gave; `None` where the callback gave nothing.
pub(crate) fn gauge_value(record: RecordRef<'_>) -> Option<f64> {
    match record.series() {
        SeriesRef::Gauge(series) => Some(series.get()),
        SeriesRef::Callback(callback) => callback.value(),
        SeriesRef::Cells(_) | SeriesRef::Summary(_) | SeriesRef::Set(_) => None,
    }
}
