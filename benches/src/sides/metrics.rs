//! `metrics` 0.24 over `metrics-exporter-prometheus` 0.18: handles from the macros; the recorder's upkeep, which its
//! users run in the background, happens between slices and costs it nothing here.

use std::any::Any;
use std::hint::black_box;
use std::sync::{Mutex, OnceLock};

use ::metrics::{Counter, Gauge, Histogram, counter, gauge, histogram, with_local_recorder};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle, PrometheusRecorder};

use super::exposed::assert_exposed;
use super::loops::{COUNTERS, in_turn, looking_up, observing_seconds, recording};
use crate::inputs::{
    BUCKETS, COUNTER_SERIES, HISTOGRAM_LINES, HISTOGRAM_SERIES, Names, SLABS, Sample, bucket_bounds, counter_names,
    counter_value, histogram_names, label_sets, observations,
};
use crate::rows::{Creation, Series};
use crate::runner::Side;

const NAME: &str = "metrics";

fn recorder() -> PrometheusRecorder {
    PrometheusBuilder::new().set_buckets(&bucket_bounds()).expect("there are bounds").build_recorder()
}

/// The process-wide recorder: a lookup through it is cheaper than through a thread's own.
fn install_global() {
    static INSTALLED: OnceLock<()> = OnceLock::new();
    INSTALLED.get_or_init(|| ::metrics::set_global_recorder(recorder()).expect("nobody else installs one"));
}

/// A counter looked up by borrowed label values. The facade's keys are `'static`, so each value is copied; this form
/// of the macro makes its list of labels at once, where a slice of pairs would be cloned into one.
fn labelled(name: &'static str, [pipeline, source, table]: [&str; 3]) -> Counter {
    counter!(name, "pipeline" => pipeline.to_owned(), "source" => source.to_owned(), "table" => table.to_owned())
}

/// Eight counters in turn.
pub fn counter_inc() -> Side {
    let recorder = recorder();
    let counters: [Counter; COUNTERS] =
        with_local_recorder(&recorder, || std::array::from_fn(|i| counter!(format!("events_{i}"))));
    Side::peer(NAME, move |n| in_turn(n, &counters, |counter| counter.increment(1)))
}

/// Eight histograms in turn.
pub fn histogram_observe() -> Side {
    let recorder = recorder();
    let histograms: [Histogram; COUNTERS] =
        with_local_recorder(&recorder, || std::array::from_fn(|i| histogram!(format!("latency_{i}"))));
    let handle = recorder.handle();
    Side::peer(NAME, move |n| observing_seconds(n, &histograms, Histogram::record)).between(move || handle.run_upkeep())
}

/// A lookup by the macro, through the global recorder.
pub fn family_with() -> Side {
    install_global();
    for names in label_sets() {
        labelled("events", names.values()).increment(1);
    }
    Side::peer(NAME, move |n| {
        looking_up(n, |names| labelled("events", names.values()).increment(1));
    })
}

/// The metrics of one event.
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
    handle: PrometheusHandle,
}

impl std::fmt::Debug for Stage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stage").finish_non_exhaustive()
    }
}

impl Stage {
    /// Registers them.
    pub fn new() -> Self {
        let recorder = recorder();
        with_local_recorder(&recorder, || Self {
            counters: std::array::from_fn(|i| counter!(format!("events_{i}"))),
            bytes: counter!("bytes"),
            latency: histogram!("latency"),
            lag: histogram!("lag"),
            position: gauge!("position"),
            handle: recorder.handle(),
        })
    }

    fn record(&self, sample: &Sample) {
        for counter in &self.counters {
            counter.increment(1);
        }
        self.bytes.increment(sample.bytes);
        self.latency.record(sample.latency);
        self.lag.record(sample.lag);
        self.position.set(sample.lag);
    }

    /// Drains the recorded observations into their buckets.
    pub fn upkeep(&self) {
        self.handle.run_upkeep();
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
    let handle = stage.handle.clone();
    Side::peer(NAME, move |n| recording(n, &stage, Stage::record)).between(move || handle.run_upkeep())
}

fn scraping(handle: PrometheusHandle, samples: usize) -> impl Fn(u64) + Send + Sync {
    assert_exposed(handle.render().as_bytes(), samples);
    let body = Mutex::new(Vec::new());
    move |n| {
        let mut body = body.lock().expect("one scraper");
        for _ in 0..n {
            body.clear();
            handle.render_to_write(&mut *body).expect("a vector takes any text");
            black_box(&*body);
        }
    }
}

/// A scrape of 10,000 counters.
pub fn encode_counters() -> Side {
    let recorder = recorder();
    with_local_recorder(&recorder, || {
        for (i, names) in counter_names().enumerate() {
            labelled("deltaforge_events_total", names.values()).increment(counter_value(i) * SLABS);
        }
    });
    Side::peer(NAME, scraping(recorder.handle(), COUNTER_SERIES))
}

fn populated_histograms() -> (PrometheusRecorder, Histogram) {
    let recorder = recorder();
    let last = with_local_recorder(&recorder, || {
        let mut last = None;
        for names in histogram_names() {
            let Names { pipeline, source, table } = names;
            let histogram =
                histogram!("deltaforge_latency_seconds", "pipeline" => pipeline, "source" => source, "table" => table);
            observations()[..4 * BUCKETS].iter().for_each(|&value| histogram.record(value));
            last = Some(histogram);
        }
        last.expect("there are histograms")
    });
    recorder.handle().run_upkeep();
    (recorder, last)
}

/// A scrape of 1,000 histograms.
pub fn encode_histograms() -> Side {
    Side::peer(NAME, scraping(populated_histograms().0.handle(), HISTOGRAM_SERIES * HISTOGRAM_LINES))
}

/// One histogram to record in, and a scrape of a recorder it belongs to.
pub fn tail() -> (impl Fn(f64), impl Fn() + Send) {
    let (recorder, histogram) = populated_histograms();
    let scrape = scraping(recorder.handle(), HISTOGRAM_SERIES * HISTOGRAM_LINES);
    (move |value| histogram.record(value), move || scrape(1))
}

struct Fresh(PrometheusRecorder);

impl Creation for Fresh {
    fn add(&mut self, names: &[Names]) {
        with_local_recorder(&self.0, || {
            for names in names {
                labelled("events", names.values()).increment(1);
            }
        });
    }

    fn series(&self) -> usize {
        self.0.handle().render().lines().filter(|line| line.starts_with("events{")).count()
    }
}

/// An empty recorder: a process has one global one, and this has to be new each time.
pub fn create(_: &[Names]) -> Box<dyn Creation> {
    Box::new(Fresh(recorder()))
}

/// Creates every series of the memory row and keeps it alive.
pub fn populate(series: &Series) -> Box<dyn Any> {
    let recorder = recorder();
    with_local_recorder(&recorder, || {
        for name in series.families() {
            // Experts intern a name they use often: a family's series then share one.
            let name: &'static str = name.clone().leak();
            series.each(|values| labelled(name, values).increment(1));
        }
    });
    Box::new(recorder)
}
