//! The `metrics` facade over our recorder and over the stock one, `metrics-exporter-prometheus`: the same code, and the
//! same bounds of histograms.

use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use ::metrics::{Counter, CounterFn, Histogram, Recorder, counter, histogram, with_local_recorder};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle, PrometheusRecorder};
use streamgauge_exporter::recorder::{Handle, Recorder as OurRecorder};

use super::exposed::assert_exposed;
use super::loops::{COUNTERS, in_turn, looking_up, observing_seconds};
use crate::inputs::{COUNTER_SERIES, INPUTS, bucket_bounds, counter_names, counter_value, label_sets, observations};
use crate::runner::{Role, Side};

const STOCK: &str = "stock";

/// A recorder behind the facade, and what reads it.
pub trait Facade: Recorder + Send + Sync + 'static {
    /// Its part in the rows.
    const ROLE: Role;

    /// Makes one whose histograms have the shared bounds.
    fn fresh() -> Self;

    /// Makes what does for the recorder all that its users must do beside it.
    fn upkeep(&self) -> impl Fn() + Send + Sync + 'static + use<Self>;

    /// Makes what appends an exposition to a body.
    fn scraper(&self) -> impl Fn(&mut Vec<u8>) + Send + Sync + 'static + use<Self>;
}

impl Facade for OurRecorder {
    const ROLE: Role = Role::Ours;

    fn fresh() -> Self {
        OurRecorder::builder().set_buckets(&bucket_bounds()).expect("there are bounds").build_recorder()
    }

    fn upkeep(&self) -> impl Fn() + Send + Sync + 'static + use<> {
        || {}
    }

    fn scraper(&self) -> impl Fn(&mut Vec<u8>) + Send + Sync + 'static + use<> {
        let handle: Handle = self.handle();
        move |body| handle.encode(streamgauge::Format::Text, body)
    }
}

impl Facade for PrometheusRecorder {
    const ROLE: Role = Role::Peer;

    fn fresh() -> Self {
        PrometheusBuilder::new().set_buckets(&bucket_bounds()).expect("there are bounds").build_recorder()
    }

    fn upkeep(&self) -> impl Fn() + Send + Sync + 'static + use<> {
        let handle: PrometheusHandle = self.handle();
        move || handle.run_upkeep()
    }

    fn scraper(&self) -> impl Fn(&mut Vec<u8>) + Send + Sync + 'static + use<> {
        let handle: PrometheusHandle = self.handle();
        move |body| handle.render_to_write(body).expect("a vector takes any text")
    }
}

fn side<F: Facade>(run: impl Fn(u64) + Send + Sync + 'static) -> Side {
    match F::ROLE {
        Role::Ours => Side::ours(run),
        _ => Side::peer(STOCK, run),
    }
}

/// What stands behind a handle that only counts: the price of the facade's own call.
struct Plain(AtomicU64);

impl CounterFn for Plain {
    fn increment(&self, value: u64) {
        // Relaxed: one thread counts, so this is a load and a store.
        self.0.store(self.0.load(Ordering::Relaxed) + value, Ordering::Relaxed);
    }

    fn absolute(&self, value: u64) {
        // Relaxed: as above.
        self.0.store(value, Ordering::Relaxed);
    }
}

/// The facade's handle over a word of memory.
pub fn plain_inc() -> Side {
    let counters: [Counter; COUNTERS] = std::array::from_fn(|_| Counter::from_arc(Arc::new(Plain(AtomicU64::new(0)))));
    Side::limit("plain word", move |n| in_turn(n, &counters, |counter| counter.increment(1)))
}

/// Eight counters in turn.
pub fn handle_inc<F: Facade>() -> Side {
    let recorder = F::fresh();
    let counters: [Counter; COUNTERS] =
        with_local_recorder(&recorder, || std::array::from_fn(|i| counter!(format!("events_{i}"))));
    side::<F>(move |n| in_turn(n, &counters, |counter| counter.increment(1)))
}

/// Eight histograms in turn, and the upkeep of what was recorded.
pub fn histogram_record<F: Facade>() -> Side {
    let recorder = F::fresh();
    let histograms: [Histogram; COUNTERS] =
        with_local_recorder(&recorder, || std::array::from_fn(|i| histogram!(format!("latency_{i}"))));
    let upkeep = recorder.upkeep();
    side::<F>(move |n| {
        observing_seconds(n, &histograms, Histogram::record);
        upkeep();
    })
}

/// A macro call with three literal labels.
pub fn macro_static<F: Facade>() -> Side {
    let recorder = F::fresh();
    side::<F>(move |n| {
        with_local_recorder(&recorder, || {
            for _ in 0..n {
                counter!("events", "pipeline" => "orders", "source" => "mysql", "table" => "public.orders")
                    .increment(1);
            }
        });
    })
}

/// A macro call with three labels that only the stream knows, among 64 sets. The facade's keys are `'static`, so each
/// value is copied.
pub fn macro_owned<F: Facade>() -> Side {
    let recorder = F::fresh();
    let looked_up = |names: &crate::inputs::Names| {
        let [pipeline, source, table] = names.values().map(str::to_owned);
        counter!("events", "pipeline" => pipeline, "source" => source, "table" => table).increment(1);
    };
    with_local_recorder(&recorder, || label_sets().iter().for_each(looked_up));
    side::<F>(move |n| with_local_recorder(&recorder, || looking_up(n, looked_up)))
}

/// A scrape of 10,000 counters of three labels.
pub fn encode<F: Facade>() -> Side {
    let recorder = F::fresh();
    with_local_recorder(&recorder, || {
        for (i, names) in counter_names().enumerate() {
            let [pipeline, source, table] = names.values().map(str::to_owned);
            counter!("deltaforge_events_total", "pipeline" => pipeline, "source" => source, "table" => table)
                .increment(counter_value(i));
        }
    });
    let scrape = recorder.scraper();
    let mut body = Vec::new();
    scrape(&mut body);
    assert_exposed(&body, COUNTER_SERIES);
    let body = Mutex::new(body);
    side::<F>(move |n| {
        let mut body = body.lock().expect("one scraper");
        for _ in 0..n {
            body.clear();
            scrape(&mut body);
            black_box(&*body);
        }
    })
}

/// Returns what records so many values in a histogram, and what scrapes it.
pub fn scrape_after<F: Facade>() -> (impl Fn(u64), impl Fn(&mut Vec<u8>)) {
    let recorder = F::fresh();
    let histogram = with_local_recorder(&recorder, || histogram!("latency"));
    let values = observations();
    let record = move |n: u64| (0..n as usize).for_each(|i| histogram.record(values[i % INPUTS]));
    (record, recorder.scraper())
}

/// Records so many values in histograms that nobody scrapes, calling `at` after the first tenth.
pub fn record_unscraped<F: Facade>(records: u64, at: impl FnOnce()) -> F {
    let recorder = F::fresh();
    let histograms: Vec<Histogram> = with_local_recorder(&recorder, || {
        (0..COUNTERS).map(|i| histogram!("latency", "stage" => i.to_string())).collect()
    });
    let values = observations();
    let record = |range: std::ops::Range<u64>| {
        range.for_each(|i| histograms[i as usize % COUNTERS].record(values[i as usize % INPUTS]));
    };
    record(0..records / 10);
    at();
    record(records / 10..records);
    recorder
}
