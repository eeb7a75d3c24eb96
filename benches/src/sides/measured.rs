//! `measured` 0.0.25: metric groups, label sets of interned strings.
//!
//! Its lookup is quickest when every label value is known at start (29 ns against 41 with the row's 64 sets). A stream
//! brings new tables, which such a set refuses: here, as on the other sides, they are interned as they appear.

use std::any::Any;
use std::hint::black_box;
use std::sync::Mutex;

use ::measured::metric::histogram::Thresholds;
use ::measured::text::BufferedTextEncoder;
use ::measured::{
    Counter, CounterVec, FixedCardinalityLabel, FloatGauge, Histogram, HistogramVec, LabelGroup, MetricGroup,
};
use lasso::{Rodeo, RodeoReader, Spur};
use paracord::ParaCord;
use rapidhash::fast::RandomState;

use super::exposed::assert_exposed;
use super::loops::{COUNTERS, enumerating, in_turn, looking_up, observing_seconds, recording};
use crate::inputs::{
    BUCKET_FACTOR, BUCKET_START, BUCKETS, COUNTER_SERIES, HISTOGRAM_LINES, HISTOGRAM_SERIES, Names, SLABS, Sample,
    combinations, counter_names, counter_value, histogram_names, label_sets, observations,
};
use crate::rows::{Creation, Series};
use crate::runner::Side;

const NAME: &str = "measured";

type Frozen = RodeoReader<Spur, RandomState>;

/// Pipelines and sources are known at start, tables are not.
#[derive(Clone, Copy, Debug, LabelGroup)]
#[label(set = StreamSet)]
struct Stream<'a> {
    #[label(fixed_with = Frozen)]
    pipeline: &'a str,
    #[label(fixed_with = Frozen)]
    source: &'a str,
    #[label(dynamic_with = ParaCord)]
    table: &'a str,
}

fn freeze<'a>(values: impl Iterator<Item = &'a str>) -> Frozen {
    let mut rodeo = Rodeo::with_hasher(RandomState::new());
    for value in values {
        rodeo.get_or_intern(value);
    }
    rodeo.into_reader()
}

fn stream_set(names: &[Names]) -> StreamSet {
    StreamSet {
        pipeline: freeze(names.iter().map(|n| &*n.pipeline)),
        source: freeze(names.iter().map(|n| &*n.source)),
        table: ParaCord::default(),
    }
}

fn stream([pipeline, source, table]: [&str; 3]) -> Stream<'_> {
    Stream { pipeline, source, table }
}

fn thresholds() -> Thresholds<BUCKETS> {
    Thresholds::exponential_buckets(BUCKET_START, BUCKET_FACTOR)
}

/// Eight counters in turn.
pub fn counter_inc() -> Side {
    let counters: [Counter; COUNTERS] = std::array::from_fn(|_| Counter::new());
    Side::peer(NAME, move |n| in_turn(n, &counters, Counter::inc))
}

/// Eight histograms in turn.
pub fn histogram_observe() -> Side {
    let histograms: [Histogram<BUCKETS>; COUNTERS] = std::array::from_fn(|_| Histogram::with_metadata(thresholds()));
    Side::peer(NAME, move |n| observing_seconds(n, &histograms, Histogram::observe))
}

/// A lookup that interns tables as they appear.
pub fn family_with() -> Side {
    let family = CounterVec::with_label_set(stream_set(label_sets()));
    Side::peer(NAME, move |n| looking_up(n, |names| family.inc(stream(names.values()))))
}

#[derive(Clone, Copy, FixedCardinalityLabel)]
enum Op {
    Insert,
    Update,
    Delete,
    Truncate,
}

const OPS: [Op; 4] = [Op::Insert, Op::Update, Op::Delete, Op::Truncate];

/// It has no labels of `bool`.
#[derive(Clone, Copy, FixedCardinalityLabel)]
enum YesNo {
    False,
    True,
}

const YES_NO: [YesNo; 2] = [YesNo::False, YesNo::True];

#[derive(Clone, Copy, LabelGroup)]
#[label(set = KindSet)]
struct Kind {
    op: Op,
    snapshot: YesNo,
    ok: YesNo,
}

/// A lookup in a dense vector, where an index is computed from the values.
pub fn enum_family_inc() -> Side {
    let mut family = CounterVec::dense_with_label_set(KindSet::new());
    family.init_all_dense();
    let kinds = combinations().map(|it| Kind {
        op: OPS[usize::from(it.op)],
        snapshot: YES_NO[usize::from(it.snapshot)],
        ok: YES_NO[usize::from(it.ok)],
    });
    Side::peer(NAME, move |n| enumerating(n, &kinds, |kind| family.inc(*kind)))
}

struct Stage {
    counters: [Counter; 4],
    bytes: Counter,
    latency: Histogram<BUCKETS>,
    lag: Histogram<BUCKETS>,
    position: FloatGauge,
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
        counters: std::array::from_fn(|_| Counter::new()),
        bytes: Counter::new(),
        latency: Histogram::with_metadata(thresholds()),
        lag: Histogram::with_metadata(thresholds()),
        position: FloatGauge::new(),
    };
    Side::peer(NAME, move |n| recording(n, &stage, Stage::record))
}

#[derive(MetricGroup)]
#[metric(new(labels: StreamSet))]
struct Counters {
    /// help
    #[metric(label_set = labels)]
    deltaforge_events_total: CounterVec<StreamSet>,
}

#[derive(MetricGroup)]
#[metric(new(labels: StreamSet))]
struct Histograms {
    /// help
    #[metric(label_set = labels, metadata = thresholds())]
    deltaforge_latency_seconds: HistogramVec<StreamSet, BUCKETS>,
}

fn scraping<G: MetricGroup<BufferedTextEncoder> + Send + Sync>(group: G, samples: usize) -> impl Fn(u64) + Send + Sync {
    let mut encoder = BufferedTextEncoder::new();
    let Ok(()) = group.collect_group_into(&mut encoder);
    assert_exposed(&encoder.finish(), samples);
    let encoder = Mutex::new(encoder);
    move |n| {
        let mut encoder = encoder.lock().expect("one scraper");
        for _ in 0..n {
            let Ok(()) = group.collect_group_into(&mut *encoder);
            black_box(encoder.finish());
        }
    }
}

/// A scrape of 10,000 counters.
pub fn encode_counters() -> Side {
    let names: Vec<Names> = counter_names().collect();
    let group = Counters::new(stream_set(&names));
    for (i, names) in names.iter().enumerate() {
        group.deltaforge_events_total.inc_by(stream(names.values()), counter_value(i) * SLABS);
    }
    Side::peer(NAME, scraping(group, COUNTER_SERIES))
}

/// A scrape of 1,000 histograms.
pub fn encode_histograms() -> Side {
    let names: Vec<Names> = histogram_names().collect();
    let group = Histograms::new(stream_set(&names));
    for names in &names {
        for &value in &observations()[..4 * BUCKETS] {
            group.deltaforge_latency_seconds.observe(stream(names.values()), value);
        }
    }
    Side::peer(NAME, scraping(group, HISTOGRAM_SERIES * HISTOGRAM_LINES))
}

struct Fresh(CounterVec<StreamSet>);

impl Creation for Fresh {
    fn add(&mut self, names: &[Names]) {
        for names in names {
            self.0.inc(stream(names.values()));
        }
    }

    fn series(&self) -> usize {
        self.0.get_cardinality().0
    }
}

/// An empty family, which knows the pipelines and sources to come, not the tables.
pub fn create(names: &[Names]) -> Box<dyn Creation> {
    Box::new(Fresh(CounterVec::with_label_set(stream_set(names))))
}

/// Creates every series of the memory row and keeps it alive.
pub fn populate(series: &Series) -> Box<dyn Any> {
    let mut names = Vec::new();
    let mut known = Vec::new();
    series.each(|[pipeline, source, _]| {
        if !known.iter().any(|name| name == pipeline) {
            known.push(pipeline.to_owned());
            names.push(Names { pipeline: pipeline.into(), source: source.into(), table: String::new() });
        }
    });
    let families: Vec<CounterVec<StreamSet>> = series
        .families()
        .map(|_| {
            let family = CounterVec::with_label_set(stream_set(&names));
            series.each(|values| family.inc(stream(values)));
            family
        })
        .collect();
    Box::new(families)
}
