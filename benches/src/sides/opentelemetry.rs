//! `opentelemetry_sdk` 0.33: bound instruments, its experimental handles; a lookup through the stable `add`.
//!
//! Text exposition is another crate's work, so the encoder rows go without it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use ::opentelemetry::KeyValue;
use ::opentelemetry::metrics::{BoundCounter, BoundGauge, BoundHistogram, Counter, Meter, MeterProvider as _};
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::metrics::data::{AggregatedMetrics, MetricData, ResourceMetrics, ScopeMetrics};
use opentelemetry_sdk::metrics::exporter::PushMetricExporter;
use opentelemetry_sdk::metrics::{Instrument, PeriodicReader, SdkMeterProvider, Stream, Temporality};

use super::loops::{COUNTERS, in_turn, looking_up, observing_seconds, recording};
use crate::inputs::{Names, Sample, bucket_bounds, label_sets};
use crate::rows::Creation;
use crate::runner::Side;

const NAME: &str = "opentelemetry";

/// Once an hour: no export falls into a measurement.
const EXPORT_INTERVAL: Duration = Duration::from_secs(3600);

/// Drops what it is given, but for its count: an SDK without a reader would measure nothing.
#[derive(Default)]
struct Nowhere {
    /// Series in the last export, of instruments that count.
    counters: Arc<AtomicUsize>,
}

impl PushMetricExporter for Nowhere {
    async fn export(&self, metrics: &ResourceMetrics) -> OTelSdkResult {
        let counters = metrics.scope_metrics().flat_map(ScopeMetrics::metrics).map(|metric| match metric.data() {
            AggregatedMetrics::U64(MetricData::Sum(sum)) => sum.data_points().count(),
            _ => 0,
        });
        self.counters.store(counters.sum::<usize>(), Ordering::Relaxed);
        Ok(())
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _timeout: Duration) -> OTelSdkResult {
        Ok(())
    }

    fn temporality(&self) -> Temporality {
        Temporality::Cumulative
    }
}

fn provider() -> SdkMeterProvider {
    let reader = PeriodicReader::builder(Nowhere::default()).with_interval(EXPORT_INTERVAL).build();
    SdkMeterProvider::builder().with_reader(reader).build()
}

fn counter(meter: &Meter, name: impl Into<String>) -> BoundCounter<u64> {
    meter.u64_counter(name.into()).build().bind(&[])
}

fn histogram(meter: &Meter, name: impl Into<String>) -> BoundHistogram<f64> {
    meter.f64_histogram(name.into()).with_boundaries(bucket_bounds().to_vec()).build().bind(&[])
}

/// Eight bound counters in turn.
pub fn counter_inc() -> Side {
    let provider = provider();
    let meter = provider.meter("scoreboard");
    let counters: [_; COUNTERS] = std::array::from_fn(|i| counter(&meter, format!("events_{i}")));
    Side::peer(NAME, move |n| in_turn(n, &counters, |counter| counter.add(1))).between(keep(provider))
}

/// Eight bound histograms in turn.
pub fn histogram_observe() -> Side {
    let provider = provider();
    let meter = provider.meter("scoreboard");
    let histograms: [_; COUNTERS] = std::array::from_fn(|i| histogram(&meter, format!("latency_{i}")));
    Side::peer(NAME, move |n| observing_seconds(n, &histograms, BoundHistogram::record)).between(keep(provider))
}

fn add(counter: &Counter<u64>, [pipeline, source, table]: [&str; 3]) {
    counter.add(
        1,
        &[
            KeyValue::new("pipeline", pipeline.to_owned()),
            KeyValue::new("source", source.to_owned()),
            KeyValue::new("table", table.to_owned()),
        ],
    );
}

/// A lookup by attributes, which own their strings.
pub fn family_with() -> Side {
    let provider = provider();
    let family = provider.meter("scoreboard").u64_counter("events").build();
    for names in label_sets() {
        add(&family, names.values());
    }
    Side::peer(NAME, move |n| looking_up(n, |names| add(&family, names.values()))).between(keep(provider))
}

struct Stage {
    counters: [BoundCounter<u64>; 4],
    bytes: BoundCounter<u64>,
    latency: BoundHistogram<f64>,
    lag: BoundHistogram<f64>,
    position: BoundGauge<f64>,
}

impl Stage {
    fn record(&self, sample: &Sample) {
        for counter in &self.counters {
            counter.add(1);
        }
        self.bytes.add(sample.bytes);
        self.latency.record(sample.latency);
        self.lag.record(sample.lag);
        self.position.record(sample.lag);
    }
}

/// All metrics of one event.
pub fn event() -> Side {
    let provider = provider();
    let meter = provider.meter("scoreboard");
    let stage = Stage {
        counters: std::array::from_fn(|i| counter(&meter, format!("events_{i}"))),
        bytes: counter(&meter, "bytes"),
        latency: histogram(&meter, "latency"),
        lag: histogram(&meter, "lag"),
        position: meter.f64_gauge("position").build().bind(&[]),
    };
    Side::peer(NAME, move |n| recording(n, &stage, Stage::record)).between(keep(provider))
}

struct Fresh {
    provider: SdkMeterProvider,
    family: Counter<u64>,
    counters: Arc<AtomicUsize>,
}

impl Creation for Fresh {
    fn add(&mut self, names: &[Names]) {
        for names in names {
            add(&self.family, names.values());
        }
    }

    fn series(&self) -> usize {
        self.provider.force_flush().expect("nothing refuses the export");
        self.counters.load(Ordering::Relaxed)
    }
}

/// An empty family, with a view that raises the limit of 2,000 series: what is above goes to one of overflow. The
/// SDK makes room for a limit at once, so this one is no higher than it has to be.
pub fn create(names: &[Names]) -> Box<dyn Creation> {
    let limit = names.len() + 1;
    let view = move |_: &Instrument| Stream::builder().with_cardinality_limit(limit).build().ok();
    let exporter = Nowhere::default();
    let counters = exporter.counters.clone();
    let reader = PeriodicReader::builder(exporter).with_interval(EXPORT_INTERVAL).build();
    let provider = SdkMeterProvider::builder().with_reader(reader).with_view(view).build();
    let family = provider.meter("scoreboard").u64_counter("events").build();
    Box::new(Fresh { provider, family, counters })
}

/// Keeps the provider alive with its side: one that is dropped shuts its pipeline down.
fn keep(provider: SdkMeterProvider) -> impl Fn() + Send + Sync {
    move || {
        let _alive = &provider;
    }
}
