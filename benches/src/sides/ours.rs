//! This library: typed handles, made once; a lookup by borrowed labels.

use std::any::Any;
use std::hint::black_box;
use std::sync::{Arc, Mutex};

use streamgauge::{Buckets, Counter, Family, Format, Gauge, Histogram, LabelSet, Registry, Scope, Scraper};

use super::exposed::{assert_exposed, assert_exposed_protobuf};
use super::loops::{COUNTERS, in_turn, looking_up, observing_seconds, recording};
use super::parked::Parked;
use crate::inputs::{
    BUCKET_FACTOR, BUCKET_START, BUCKETS, HISTOGRAM_LINES, HISTOGRAM_SERIES, Names, SLABS, Sample, counter_value,
    histogram_names, label_sets, observations, table_names,
};
use crate::rows::Series;
use crate::runner::Side;

#[derive(Debug, LabelSet)]
pub(super) struct Labels<'a> {
    pipeline: &'a str,
    source: &'a str,
    table: &'a str,
}

impl<'a> Labels<'a> {
    pub(super) fn of([pipeline, source, table]: [&'a str; 3]) -> Self {
        Self { pipeline, source, table }
    }
}

pub(super) fn counter(scope: &Scope, name: &str) -> Counter {
    scope.counter(name, "help").register().expect("a valid counter")
}

pub(super) fn buckets() -> Buckets {
    Buckets::exponential(BUCKET_START, BUCKET_FACTOR, BUCKETS)
}

fn histogram(scope: &Scope, name: &str) -> Histogram {
    scope.histogram(name, "help").buckets(buckets()).register().expect("a valid histogram")
}

pub(super) fn counter_family(scope: &Scope, name: &str) -> Family<Labels<'static>, Counter> {
    scope.counter(name, "help").limit(1_000_000).family().expect("a valid family")
}

/// Eight counters in turn.
pub fn counter_inc() -> Side {
    let registry = Registry::new();
    let counters: [_; COUNTERS] = std::array::from_fn(|i| counter(&registry, &format!("events_{i}_total")));
    Side::ours(move |n| in_turn(n, &counters, Counter::inc))
}

/// Eight histograms in turn.
pub fn histogram_observe() -> Side {
    let registry = Registry::new();
    let histograms: [_; COUNTERS] = std::array::from_fn(|i| histogram(&registry, &format!("latency_{i}_seconds")));
    Side::ours(move |n| observing_seconds(n, &histograms, Histogram::observe))
}

/// A lookup by borrowed label values.
pub fn family_with() -> Side {
    let family = counter_family(&Registry::new(), "events_total");
    for names in label_sets() {
        family.with(&Labels::of(names.values()), |_| {});
    }
    Side::ours(move |n| looking_up(n, |names| family.with(&Labels::of(names.values()), Counter::inc)))
}

/// The metrics of one event.
#[derive(Clone, Debug)]
pub struct Stage {
    /// Four event counters.
    pub counters: [Counter; 4],
    /// Payload bytes.
    pub bytes: Counter,
    /// Time in the pipeline.
    pub latency: Histogram,
    /// Time since the commit.
    pub lag: Histogram,
    /// The last position.
    pub position: Gauge,
}

impl Stage {
    /// Registers them.
    pub fn new() -> Self {
        let registry = Registry::new();
        Self {
            counters: std::array::from_fn(|i| counter(&registry, &format!("events_{i}_total"))),
            bytes: counter(&registry, "bytes_total"),
            latency: histogram(&registry, "latency_seconds"),
            lag: histogram(&registry, "lag_seconds"),
            position: registry.gauge("position", "help").register().expect("a valid gauge"),
        }
    }

    fn record(&self, sample: &Sample) {
        for counter in &self.counters {
            counter.inc();
        }
        self.bytes.add(sample.bytes);
        self.latency.observe(sample.latency);
        self.lag.observe(sample.lag);
        self.position.set(sample.lag);
    }
}

impl Default for Stage {
    fn default() -> Self {
        Self::new()
    }
}

/// All metrics of one event.
pub fn event() -> Side {
    let stage = Stage::new();
    Side::ours(move |n| recording(n, &stage, Stage::record))
}

/// A scraper and a body that are kept, as an exporter keeps them.
fn scraping(registry: &Registry, samples: usize) -> impl Fn(u64) + Send + Sync + use<> {
    scraping_as(registry, Format::Text, samples)
}

fn scraping_as(registry: &Registry, format: Format, samples: usize) -> impl Fn(u64) + Send + Sync + use<> {
    let (mut scraper, mut body) = (Scraper::new(registry), Vec::new());
    scraper.encode(format, &mut body);
    match format {
        Format::Protobuf => assert_exposed_protobuf(&body, HISTOGRAM_SERIES, HISTOGRAM_SERIES * BUCKETS),
        _ => assert_exposed(&body, samples),
    }
    let kept = Mutex::new((scraper, body));
    move |n| {
        let mut kept = kept.lock().expect("one scraper");
        let (scraper, body) = &mut *kept;
        for _ in 0..n {
            body.clear();
            scraper.encode(format, body);
            black_box(&*body);
        }
    }
}

/// A scrape of so many counters, each touched by so many threads that are still alive.
pub fn encode_counters(series: usize, threads: u64) -> Side {
    encode_counters_as(Format::Text, series, threads)
}

/// The same in OpenMetrics text.
pub fn encode_openmetrics(series: usize, threads: u64) -> Side {
    encode_counters_as(Format::OpenMetrics, series, threads)
}

fn encode_counters_as(format: Format, series: usize, threads: u64) -> Side {
    let (registry, parked) = counters(series, threads);
    Side::ours(scraping_as(&registry, format, series)).between(move || {
        let _alive = &parked;
    })
}

/// Makes so many counters, and has so many threads touch them that stay alive.
pub(super) fn counters(series: usize, threads: u64) -> (Registry, Parked) {
    let registry = Registry::new();
    let family = counter_family(&registry, "deltaforge_events_total");
    let create = |names: Names| family.get_or_create(&Labels::of(names.values()));
    let counters: Arc<[Counter]> = table_names(series).map(create).collect();
    let parked = Parked::start(threads, move |_| {
        for (i, counter) in counters.iter().enumerate() {
            counter.add(counter_value(i));
        }
    });
    (registry, parked)
}

fn populated_histograms() -> (Registry, Histogram, Parked) {
    let registry = Registry::new();
    let family: Family<Labels<'static>, Histogram> =
        registry.histogram("deltaforge_latency_seconds", "help").buckets(buckets()).family().expect("a valid family");
    let histograms: Vec<_> = histogram_names().map(|names| family.get_or_create(&Labels::of(names.values()))).collect();
    let last = histograms.last().cloned().expect("there are histograms");
    let parked = Parked::start(SLABS, move |thread| {
        let share = observations().chunks(BUCKETS).nth(thread as usize).expect("there are enough values");
        for histogram in &histograms {
            share.iter().for_each(|&value| histogram.observe(value));
        }
    });
    (registry, last, parked)
}

/// A scrape of 1,000 histograms, touched by four live threads.
pub fn encode_histograms() -> Side {
    encode_histograms_as(Format::Text)
}

/// The same in protobuf.
pub fn encode_protobuf() -> Side {
    encode_histograms_as(Format::Protobuf)
}

fn encode_histograms_as(format: Format) -> Side {
    let (registry, _, parked) = populated_histograms();
    Side::ours(scraping_as(&registry, format, HISTOGRAM_SERIES * HISTOGRAM_LINES)).between(move || {
        let _alive = &parked;
    })
}

/// One histogram to record in, and a scrape of a registry it belongs to.
pub fn tail() -> (impl Fn(f64), impl Fn() + Send) {
    let (registry, histogram, parked) = populated_histograms();
    let scrape = scraping(&registry, HISTOGRAM_SERIES * HISTOGRAM_LINES);
    let scrape = move || {
        let _alive = &parked;
        scrape(1);
    };
    (move |value| histogram.observe(value), scrape)
}

/// Creates every series of the memory row and keeps it alive.
pub fn populate(series: &Series) -> Box<dyn Any> {
    let registry = Registry::new();
    for name in series.families() {
        let family = counter_family(&registry, name);
        series.each(|values| family.get_or_create(&Labels::of(values)).inc());
    }
    Box::new(registry)
}
