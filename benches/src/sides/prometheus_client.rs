//! `prometheus-client` 0.25: typed families whose keys must own their strings.

use std::any::Any;
use std::hint::black_box;
use std::sync::Mutex;

use ::prometheus_client::encoding::{EncodeLabelSet, prometheus_protobuf, text};
use ::prometheus_client::metrics::counter::Counter;
use ::prometheus_client::metrics::family::Family;
use ::prometheus_client::metrics::gauge::Gauge;
use ::prometheus_client::metrics::histogram::Histogram;
use ::prometheus_client::registry::Registry;

use super::exposed::{assert_exposed, assert_exposed_protobuf};
use super::loops::{COUNTERS, in_turn, looking_up, observing_seconds, recording};
use crate::inputs::{
    BUCKETS, COUNTER_SERIES, HISTOGRAM_LINES, HISTOGRAM_SERIES, Names, SLABS, Sample, bucket_bounds, counter_names,
    counter_value, histogram_names, label_sets, observations,
};
use crate::rows::{Creation, Series};
use crate::runner::Side;

const NAME: &str = "prometheus-client";

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Labels {
    pipeline: String,
    source: String,
    table: String,
}

impl Labels {
    fn of([pipeline, source, table]: [&str; 3]) -> Self {
        Self { pipeline: pipeline.into(), source: source.into(), table: table.into() }
    }

    /// Overwrites the strings in place: a lookup takes an owned key, but need not allocate one each time.
    fn set(&mut self, names: &Names) {
        for (own, new) in [&mut self.pipeline, &mut self.source, &mut self.table].into_iter().zip(names.values()) {
            own.clear();
            own.push_str(new);
        }
    }
}

fn histogram() -> Histogram {
    Histogram::new(bucket_bounds())
}

/// Eight counters in turn.
pub fn counter_inc() -> Side {
    let mut registry = Registry::default();
    let counters: [Counter; COUNTERS] = Default::default();
    for (i, counter) in counters.iter().enumerate() {
        registry.register(format!("events_{i}"), "help", counter.clone());
    }
    Side::peer(NAME, move |n| {
        in_turn(n, &counters, |counter| {
            counter.inc();
        });
    })
}

/// Eight histograms in turn.
pub fn histogram_observe() -> Side {
    let mut registry = Registry::default();
    let histograms: [Histogram; COUNTERS] = std::array::from_fn(|_| histogram());
    for (i, histogram) in histograms.iter().enumerate() {
        registry.register(format!("latency_{i}"), "help", histogram.clone());
    }
    Side::peer(NAME, move |n| observing_seconds(n, &histograms, Histogram::observe))
}

/// A lookup by a key whose strings are refilled for each event.
pub fn family_with() -> Side {
    let family = Family::<Labels, Counter>::default();
    for names in label_sets() {
        drop(family.get_or_create(&Labels::of(names.values())));
    }
    Side::peer(NAME, move |n| {
        let mut key = Labels::default();
        looking_up(n, |names| {
            key.set(names);
            family.get_or_create(&key).inc();
        });
    })
}

struct Stage {
    counters: [Counter; 4],
    bytes: Counter,
    latency: Histogram,
    lag: Histogram,
    position: Gauge<f64, std::sync::atomic::AtomicU64>,
}

impl Stage {
    fn record(&self, sample: &Sample) {
        for counter in &self.counters {
            counter.inc();
        }
        self.bytes.inc_by(sample.bytes);
        self.latency.observe(sample.latency);
        self.lag.observe(sample.lag);
        self.position.set(sample.lag);
    }
}

/// All metrics of one event.
pub fn event() -> Side {
    let stage = Stage {
        counters: Default::default(),
        bytes: Counter::default(),
        latency: histogram(),
        lag: histogram(),
        position: Gauge::default(),
    };
    let mut registry = Registry::default();
    for (i, counter) in stage.counters.iter().enumerate() {
        registry.register(format!("events_{i}"), "help", counter.clone());
    }
    registry.register("bytes", "help", stage.bytes.clone());
    registry.register("latency", "help", stage.latency.clone());
    registry.register("lag", "help", stage.lag.clone());
    registry.register("position", "help", stage.position.clone());
    Side::peer(NAME, move |n| recording(n, &stage, Stage::record))
}

fn scraping(registry: Registry, samples: usize) -> impl Fn(u64) + Send + Sync {
    let mut first = String::new();
    text::encode(&mut first, &registry).expect("a string takes any text");
    assert_exposed(first.as_bytes(), samples);
    let body = Mutex::new(first);
    move |n| {
        let mut body = body.lock().expect("one scraper");
        for _ in 0..n {
            body.clear();
            text::encode(&mut *body, &registry).expect("a string takes any text");
            black_box(&*body);
        }
    }
}

/// A scrape of 10,000 counters.
pub fn encode_counters() -> Side {
    let family = Family::<Labels, Counter>::default();
    for (i, names) in counter_names().enumerate() {
        family.get_or_create(&Labels::of(names.values())).inc_by(counter_value(i) * SLABS);
    }
    let mut registry = Registry::default();
    registry.register("deltaforge_events", "help", family);
    Side::peer(NAME, scraping(registry, COUNTER_SERIES))
}

fn populated_histograms() -> Registry {
    let family = Family::<Labels, Histogram>::new_with_constructor(histogram);
    for names in histogram_names() {
        let histogram = family.get_or_create(&Labels::of(names.values()));
        observations()[..4 * BUCKETS].iter().for_each(|&value| histogram.observe(value));
    }
    let mut registry = Registry::default();
    registry.register("deltaforge_latency_seconds", "help", family);
    registry
}

/// A scrape of 1,000 histograms.
pub fn encode_histograms() -> Side {
    Side::peer(NAME, scraping(populated_histograms(), HISTOGRAM_SERIES * HISTOGRAM_LINES))
}

/// The same in protobuf, into a vector of its own: no function of its takes one.
pub fn encode_protobuf() -> Side {
    let registry = populated_histograms();
    let encode = move || prometheus_protobuf::encode_to_vec(&registry).expect("a vector takes any bytes");
    assert_exposed_protobuf(&encode(), HISTOGRAM_SERIES, HISTOGRAM_SERIES * BUCKETS);
    Side::peer(NAME, move |n| {
        for _ in 0..n {
            black_box(encode());
        }
    })
}

struct Fresh {
    registry: Registry,
    family: Family<Labels, Counter>,
}

impl Creation for Fresh {
    fn add(&mut self, names: &[Names]) {
        let mut key = Labels::default();
        for names in names {
            key.set(names);
            self.family.get_or_create(&key).inc();
        }
    }

    fn series(&self) -> usize {
        let mut body = String::new();
        text::encode(&mut body, &self.registry).expect("a string takes any text");
        body.lines().filter(|line| !line.starts_with('#')).count()
    }
}

/// An empty family.
pub fn create(_: &[Names]) -> Box<dyn Creation> {
    let family = Family::<Labels, Counter>::default();
    let mut registry = Registry::default();
    registry.register("events", "help", family.clone());
    Box::new(Fresh { registry, family })
}

/// Creates every series of the memory row and keeps it alive.
pub fn populate(series: &Series) -> Box<dyn Any> {
    let mut registry = Registry::default();
    for name in series.families() {
        let family = Family::<Labels, Counter>::default();
        registry.register(name, "help", family.clone());
        series.each(|values| {
            family.get_or_create(&Labels::of(values)).inc();
        });
    }
    Box::new(registry)
}
