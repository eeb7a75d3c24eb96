//! `prometheus` 0.14: integer counters, resolved with `with_label_values` before the loop.
//!
//! Its `local` metrics, plain cells flushed by hand, are not a handle others can read meanwhile and stay out.

use std::any::Any;
use std::hint::black_box;
use std::sync::Mutex;

use ::prometheus::{
    Encoder as _, Gauge, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, Opts, ProtobufEncoder,
    Registry, TextEncoder,
};

use super::exposed::{assert_exposed, assert_exposed_protobuf};
use super::loops::{COUNTERS, in_turn, looking_up, observing_seconds, recording};
use crate::inputs::{
    BUCKETS, COUNTER_SERIES, HISTOGRAM_LINES, HISTOGRAM_SERIES, Names, SLABS, Sample, bucket_bounds, counter_names,
    counter_value, histogram_names, label_sets, observations,
};
use crate::rows::{Creation, Series};
use crate::runner::Side;

const NAME: &str = "prometheus";
const LABELS: [&str; 3] = ["pipeline", "source", "table"];

fn counter(registry: &Registry, name: &str) -> IntCounter {
    let counter = IntCounter::new(name, "help").expect("a valid name");
    registry.register(Box::new(counter.clone())).expect("a new name");
    counter
}

fn histogram(registry: &Registry, name: &str) -> Histogram {
    let options = HistogramOpts::new(name, "help").buckets(bucket_bounds().to_vec());
    let histogram = Histogram::with_opts(options).expect("valid options");
    registry.register(Box::new(histogram.clone())).expect("a new name");
    histogram
}

fn counter_family(registry: &Registry, name: &str) -> IntCounterVec {
    let family = IntCounterVec::new(Opts::new(name, "help"), &LABELS).expect("valid options");
    registry.register(Box::new(family.clone())).expect("a new name");
    family
}

/// Eight counters in turn.
pub fn counter_inc() -> Side {
    let registry = Registry::new();
    let counters: [_; COUNTERS] = std::array::from_fn(|i| counter(&registry, &format!("events_{i}_total")));
    Side::peer(NAME, move |n| in_turn(n, &counters, IntCounter::inc))
}

/// Eight histograms in turn.
pub fn histogram_observe() -> Side {
    let registry = Registry::new();
    let histograms: [_; COUNTERS] = std::array::from_fn(|i| histogram(&registry, &format!("latency_{i}_seconds")));
    Side::peer(NAME, move |n| observing_seconds(n, &histograms, Histogram::observe))
}

/// A lookup by borrowed label values.
pub fn family_with() -> Side {
    let family = counter_family(&Registry::new(), "events_total");
    for names in label_sets() {
        family.with_label_values(&names.values());
    }
    Side::peer(NAME, move |n| looking_up(n, |names| family.with_label_values(&names.values()).inc()))
}

/// The metrics of one event.
#[derive(Clone, Debug)]
pub struct Stage {
    /// Four event counters.
    pub counters: [IntCounter; 4],
    /// Payload bytes.
    pub bytes: IntCounter,
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
        let position = Gauge::new("position", "help").expect("a valid name");
        registry.register(Box::new(position.clone())).expect("a new name");
        Self {
            counters: std::array::from_fn(|i| counter(&registry, &format!("events_{i}_total"))),
            bytes: counter(&registry, "bytes_total"),
            latency: histogram(&registry, "latency_seconds"),
            lag: histogram(&registry, "lag_seconds"),
            position,
        }
    }

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

impl Default for Stage {
    fn default() -> Self {
        Self::new()
    }
}

/// All metrics of one event.
pub fn event() -> Side {
    let stage = Stage::new();
    Side::peer(NAME, move |n| recording(n, &stage, Stage::record))
}

/// `gather` and the text encoder, into a string that is kept.
fn scraping(registry: Registry, samples: usize) -> impl Fn(u64) + Send + Sync {
    let first = TextEncoder::new().encode_to_string(&registry.gather()).expect("a string takes any text");
    assert_exposed(first.as_bytes(), samples);
    let body = Mutex::new(first);
    move |n| {
        let mut body = body.lock().expect("one scraper");
        for _ in 0..n {
            body.clear();
            TextEncoder::new().encode_utf8(&registry.gather(), &mut body).expect("a string takes any text");
            black_box(&*body);
        }
    }
}

/// A scrape of 10,000 counters.
pub fn encode_counters() -> Side {
    let registry = Registry::new();
    let family = counter_family(&registry, "deltaforge_events_total");
    for (i, names) in counter_names().enumerate() {
        family.with_label_values(&names.values()).inc_by(counter_value(i) * SLABS);
    }
    Side::peer(NAME, scraping(registry, COUNTER_SERIES))
}

fn populated_histograms() -> (Registry, Histogram) {
    let registry = Registry::new();
    let options = HistogramOpts::new("deltaforge_latency_seconds", "help").buckets(bucket_bounds().to_vec());
    let family = HistogramVec::new(options, &LABELS).expect("valid options");
    registry.register(Box::new(family.clone())).expect("a new name");
    let mut last = None;
    for names in histogram_names() {
        let histogram = family.with_label_values(&names.values());
        observations()[..4 * BUCKETS].iter().for_each(|&value| histogram.observe(value));
        last = Some(histogram);
    }
    (registry, last.expect("there are histograms"))
}

/// A scrape of 1,000 histograms.
pub fn encode_histograms() -> Side {
    Side::peer(NAME, scraping(populated_histograms().0, HISTOGRAM_SERIES * HISTOGRAM_LINES))
}

/// The same in protobuf: `gather` and the protobuf encoder, into a vector that is kept.
pub fn encode_protobuf() -> Side {
    let (registry, _) = populated_histograms();
    let encode = move |body: &mut Vec<u8>| {
        ProtobufEncoder::new().encode(&registry.gather(), body).expect("a vector takes any bytes");
    };
    let mut first = Vec::new();
    encode(&mut first);
    assert_exposed_protobuf(&first, HISTOGRAM_SERIES, HISTOGRAM_SERIES * BUCKETS);
    let body = Mutex::new(first);
    Side::peer(NAME, move |n| {
        let mut body = body.lock().expect("one scraper");
        for _ in 0..n {
            body.clear();
            encode(&mut body);
            black_box(&*body);
        }
    })
}

/// One histogram to record in, and a scrape of a registry it belongs to.
pub fn tail() -> (impl Fn(f64), impl Fn() + Send) {
    let (registry, histogram) = populated_histograms();
    let scrape = scraping(registry, HISTOGRAM_SERIES * HISTOGRAM_LINES);
    (move |value| histogram.observe(value), move || scrape(1))
}

struct Fresh {
    registry: Registry,
    family: IntCounterVec,
}

impl Creation for Fresh {
    fn add(&mut self, names: &[Names]) {
        for names in names {
            self.family.with_label_values(&names.values()).inc();
        }
    }

    fn series(&self) -> usize {
        self.registry.gather().iter().map(|family| family.get_metric().len()).sum()
    }
}

/// An empty family.
pub fn create(_: &[Names]) -> Box<dyn Creation> {
    let registry = Registry::new();
    let family = counter_family(&registry, "events_total");
    Box::new(Fresh { registry, family })
}

/// Creates every series of the memory row and keeps it alive.
pub fn populate(series: &Series) -> Box<dyn Any> {
    let registry = Registry::new();
    for name in series.families() {
        let family = counter_family(&registry, name);
        series.each(|values| family.with_label_values(&values).inc());
    }
    Box::new(registry)
}
