//! The fixed points of the API, as a caller meets them: generic wrappers, statics, threads, tasks, labels of any
//! lifetime, and all that the derives accept.

#![deny(rust_2018_idioms)]

use crate::common::scrape;
use std::borrow::Cow;
use std::fmt::Debug;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;
use streamgauge::{
    Buckets, Counter, DurationCounter, Error, Exposition, Family, Format, Gauge, Histogram, HistogramSnapshot,
    InProgress, Instrument, Kind, LabelSet, LabelValue, LabelVisitor, Level, Metric, MetricBuilder, MetricValue,
    Registry, Scope, ScrapeReport, Scraper, Stats, Tick, Timer, Unit, UpDownCounter,
};

static EVENTS: LazyLock<Counter> =
    LazyLock::new(|| Registry::global().counter("api_events_total", "Events.").register().expect("legal"));
static UNUSED: Counter = Counter::noop();
static UNUSED_BUSY: DurationCounter = DurationCounter::noop();
static UNUSED_GAUGE: Gauge = Gauge::noop();
static UNUSED_DEPTH: UpDownCounter = UpDownCounter::noop();
static UNUSED_SIZE: Histogram = Histogram::noop();
static UNUSED_FAMILY: Family<Table<'static>, Counter> = Family::noop();

#[derive(Clone, Copy, Debug, LabelSet)]
struct Table<'a> {
    source: &'a str,
    table: &'a str,
}

/// Any metric, told apart by tables.
#[derive(Clone, Debug)]
struct PerTable<M> {
    family: Family<Table<'static>, M>,
}

impl<M: Instrument> PerTable<M> {
    fn new(builder: MetricBuilder<M>) -> Result<Self, Error> {
        Ok(Self { family: builder.family()? })
    }

    fn of(&self, source: &str, table: &str) -> M {
        self.family.get_or_create(&Table { source, table })
    }
}

/// Generic over the set and the metric, for labels of any lifetime.
fn touch<L, Q, M>(family: &Family<L, M>, labels: &Q) -> M
where
    L: LabelSet,
    Q: LabelSet<Family = L::Family>,
    M: Instrument,
{
    family.with(labels, |_| ());
    family.get_or_create(labels)
}

#[test]
fn generic_wrappers_take_any_metric_and_lifetime() {
    let registry = Registry::new();
    let counters = PerTable::new(registry.counter("events_total", "E.")).expect("legal");
    let sizes = PerTable::new(registry.histogram("size", "S.").buckets(Buckets::linear(1.0, 1.0, 3))).expect("legal");
    let depths = PerTable::new(registry.up_down_counter("depth", "D.")).expect("legal");
    let lags = PerTable::new(registry.gauge("lag", "L.")).expect("legal");
    let busy = PerTable::new(registry.duration_counter("busy_seconds_total", "B.")).expect("legal");
    {
        let (source, table) = (String::from("mysql"), format!("{}.{}", "public", "orders"));
        counters.of(&source, &table).add(2);
        touch(&counters.family, &Table { source: &source, table: &table }).inc();
        touch(&counters.family, &&Table { source: &source, table: "static" }).inc();
        sizes.of(&source, &table).observe(2.0);
        depths.of(&source, &table).inc();
        lags.of(&source, &table).set(0.5);
        busy.of(&source, &table).add(Duration::from_millis(1500));
    }
    let labels = [("source", "mysql"), ("table", "public.orders")];
    let read = |name| registry.sample_value(name, &labels);
    assert_eq!(read("events_total"), Some(3.0));
    assert_eq!(read("size_sum"), Some(2.0));
    assert_eq!(read("depth"), Some(1.0));
    assert_eq!(read("lag"), Some(0.5));
    assert_eq!(read("busy_seconds_total"), Some(1.5));
    // The empty set is a family of one series.
    let single: Family<(), Counter> = registry.counter("single_total", "S.").family().expect("legal");
    touch(&single, &()).inc();
    assert_eq!(registry.sample_value("single_total", &[]), Some(1.0));
}

#[test]
fn statics_and_noops() {
    EVENTS.add(2);
    UNUSED.inc();
    UNUSED_BUSY.add_nanos(1);
    UNUSED_GAUGE.set(1.0);
    UNUSED_DEPTH.inc();
    UNUSED_SIZE.observe(1.0);
    UNUSED_FAMILY.with(&Table { source: "", table: "" }, Counter::inc);
    assert_eq!(Registry::global().sample_value("api_events_total", &[]), Some(2.0));
    assert_eq!((UNUSED.get(), UNUSED_GAUGE.get(), UNUSED_DEPTH.get()), (0, 0.0, 0));
    assert_eq!((UNUSED_BUSY.get(), UNUSED_SIZE.snapshot()), (Duration::ZERO, HistogramSnapshot::default()));
    // What is registered twice is one.
    let again = Registry::global().counter("api_events_total", "Events.").register().expect("the same");
    assert_eq!(again.get(), 2);
}

/// Wakes by unparking the thread that polls.
struct Unpark(thread::Thread, AtomicBool);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.1.store(true, Ordering::Release);
        self.0.unpark();
    }
}

fn block_on<F: Future>(future: F) -> F::Output {
    let wake = Arc::new(Unpark(thread::current(), AtomicBool::new(true)));
    let waker = Waker::from(wake.clone());
    let mut future = pin!(future);
    loop {
        while !wake.1.swap(false, Ordering::Acquire) {
            thread::park();
        }
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
    }
}

/// Pending once, so that what is held across the await is kept.
#[derive(Debug, Default)]
struct Yield(bool);

impl Future for Yield {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if std::mem::replace(&mut self.0, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

/// What a runtime with several threads asks of a task.
fn is_send<F: Future + Send + 'static>(future: F) -> F {
    future
}

#[test]
fn handles_live_in_threads_and_tasks() {
    let registry = Registry::new();
    let events = registry.counter("events_total", "E.").register().expect("legal");
    let latency = registry.histogram("latency_seconds", "L.").unit(Unit::Seconds).register().expect("legal");
    let in_flight = registry.up_down_counter("in_flight", "I.").register().expect("legal");
    let tables: Family<Table<'static>, Counter> = registry.counter("tables_total", "T.").family().expect("legal");

    let (counter, family) = (events.clone(), tables.clone());
    let spawned = thread::spawn(move || {
        counter.inc();
        let table = String::from("spawned");
        family.with(&Table { source: "thread", table: &table }, Counter::inc);
    });
    spawned.join().expect("the thread runs through");

    let (task_registry, depth) = (registry.clone(), in_flight.clone());
    let task = is_send(async move {
        let received = Tick::now();
        let table = String::from("task");
        // Guards, timers, ticks and borrowed labels, all held across an await.
        let guard = depth.track_in_progress();
        let timer = latency.start_timer();
        let labels = Table { source: "async", table: &table };
        Yield::default().await;
        assert_eq!(depth.get(), 1);
        tables.with(&labels, |counter| counter.add(5));
        events.inc();
        drop(guard);
        let elapsed = timer.stop();
        let now = latency.lap(received);
        Yield::default().await;
        assert!(now.duration_since(received) >= elapsed);
        let mut scraper = Scraper::new(&task_registry);
        let mut body = Vec::new();
        Yield::default().await;
        scraper.encode(Format::Text, &mut body).series()
    });
    assert_eq!(thread::spawn(|| block_on(task)).join().expect("the task runs through"), 5);
    let parsed = scrape(&mut Scraper::new(&registry));
    assert_eq!(parsed.integer("events_total", &[]), 2);
    assert_eq!(parsed.integer("latency_seconds_count", &[]), 2);
    assert_eq!(parsed.integer("tables_total", &[("source", "thread"), ("table", "spawned")]), 1);
    assert_eq!(parsed.integer("tables_total", &[("source", "async"), ("table", "task")]), 5);
    assert_eq!(in_flight.get(), 0);
}

#[derive(Clone, Copy, Debug, LabelValue)]
enum Op {
    Insert,
    #[label(rename = "UPDATE")]
    Update,
    SnapshotRead,
    HTTPError,
    r#Type,
}

/// Every kind of value, generics, a const, lifetimes, other names, raw identifiers.
#[derive(Debug, LabelSet)]
struct Everything<'a, 'b, T: LabelValue + 'static, const N: usize> {
    text: &'a str,
    nested: &'a &'b str,
    owned: String,
    boxed: Box<str>,
    shared: Arc<str>,
    cow: Cow<'b, str>,
    r#type: Op,
    #[label(rename = "where")]
    place: T,
    byte: u8,
    signed: i64,
    wide: u128,
    size: usize,
    flag: bool,
    letter: char,
}

#[test]
fn the_derives_take_all_kinds_of_values() {
    let registry = Registry::new();
    let family: Family<Everything<'static, 'static, u32, 3>, Counter> =
        registry.counter("all_total", "A.").family().expect("legal");
    let local = String::from("borrowed \"text\"");
    let set = Everything::<'_, '_, u32, 3> {
        text: &local,
        nested: &local.as_str(),
        owned: "owned".into(),
        boxed: "boxed".into(),
        shared: "shared".into(),
        cow: Cow::Borrowed(&local),
        r#type: Op::SnapshotRead,
        place: 7,
        byte: u8::MAX,
        signed: i64::MIN,
        wide: u128::MAX,
        size: 0,
        flag: true,
        letter: 'é',
    };
    family.with(&set, |counter| counter.add(4));
    let labels = [
        ("text", "borrowed \"text\""),
        ("nested", "borrowed \"text\""),
        ("owned", "owned"),
        ("boxed", "boxed"),
        ("shared", "shared"),
        ("cow", "borrowed \"text\""),
        ("type", "snapshot_read"),
        ("where", "7"),
        ("byte", "255"),
        ("signed", "-9223372036854775808"),
        ("wide", "340282366920938463463374607431768211455"),
        ("size", "0"),
        ("flag", "true"),
        ("letter", "é"),
    ];
    assert_eq!(scrape(&mut Scraper::new(&registry)).integer("all_total", &labels), 4);
    assert_eq!(<Everything<'_, '_, u32, 3> as LabelSet>::NAMES, labels.map(|(name, _)| name));
    let texts =
        [Op::Insert, Op::Update, Op::SnapshotRead, Op::HTTPError, Op::r#Type].map(|op| op.with_text(str::to_owned));
    assert_eq!(texts, ["insert", "UPDATE", "snapshot_read", "http_error", "type"]);
    // By reference, and as a set that forwards.
    assert_eq!((&&Op::Insert).with_text(str::to_owned), "insert");
    assert_eq!(<&Table<'_> as LabelSet>::NAMES, ["source", "table"]);
}

/// A set that no derive made.
#[derive(Debug)]
struct ByHand(u8);

impl LabelSet for ByHand {
    type Family = Self;
    const NAMES: &'static [&'static str] = &["tens", "ones"];

    fn visit<V: LabelVisitor>(&self, visitor: &mut V) {
        (self.0 / 10).with_text(|text| visitor.value(text));
        (self.0 % 10).with_text(|text| visitor.value(text));
    }
}

#[test]
fn sets_by_hand_and_what_a_scrape_tells() {
    let registry = Registry::new();
    let family: Family<ByHand, Gauge> =
        registry.scope("app").gauge("level_ratio", "A level.").unit(Unit::Ratio).family().expect("legal");
    family.with(&ByHand(42), |gauge| gauge.set(0.25));
    let mut seen = 0;
    Scraper::new(&registry).visit(|sample: Metric<'_>| {
        seen += 1;
        assert_eq!((sample.name(), sample.help()), ("app_level_ratio", "A level."));
        assert_eq!((sample.kind(), sample.unit()), (Kind::Gauge, Some(Unit::Ratio)));
        let labels: Vec<_> = sample.labels().iter().collect();
        assert_eq!(labels, [("tens", Cow::Borrowed("4")), ("ones", Cow::Borrowed("2"))]);
        assert_eq!(sample.value(), MetricValue::Gauge(0.25));
        assert!(sample.created().is_some());
        assert!(format!("{sample:?}").contains("app_level_ratio"));
    });
    assert_eq!(seen, 1);
    let mut body = Vec::new();
    let exposition = Exposition::from(Format::Text);
    let report: ScrapeReport = Scraper::new(&registry).encode(exposition, &mut body);
    assert_eq!((report.series(), report.bytes(), report.failed_callbacks()), (1, body.len(), 0));
    assert_eq!(exposition.content_type(), "text/plain; version=0.0.4; charset=utf-8");
}

#[test]
fn ticks_and_timers_add_up() {
    let registry = Registry::new();
    let stages = registry.histogram("stage_seconds", "S.").register().expect("legal");
    let busy = registry.duration_counter("busy_seconds_total", "B.").register().expect("legal");
    let start = Tick::now();
    let decoded = stages.lap(start);
    let applied = stages.lap(decoded);
    busy.add_between(start, applied);
    // The other way round counts, as zero.
    stages.observe_between(applied, start);
    busy.add_between(applied, start);
    let (laps, total) = (stages.snapshot(), applied.duration_since(start));
    assert_eq!(laps.count(), 3);
    assert_eq!(busy.get(), total);
    assert!((laps.sum() - total.as_secs_f64()).abs() <= 2e-9, "two laps and their whole: {} {total:?}", laps.sum());
    stages.start_timer().discard();
    drop(stages.start_timer());
    assert_eq!(stages.snapshot().count(), 4);
    assert!(start <= applied && applied.elapsed() >= Duration::ZERO);
    busy.add(Duration::MAX);
    assert_eq!(stages.snapshot().cumulative_buckets().last().map(|(bound, _)| bound), Some(f64::INFINITY));
}

#[test]
fn types_are_what_callers_rely_on() {
    fn everywhere<T: Send + Sync + Debug + 'static>() {}
    fn handle<T: Clone + Default + Send + Sync + Debug + Instrument>() {}
    fn debug<T: Debug>() {}
    handle::<Counter>();
    handle::<DurationCounter>();
    handle::<Gauge>();
    handle::<UpDownCounter>();
    handle::<Histogram>();
    everywhere::<Family<Table<'static>, Counter>>();
    // Whatever the set holds: a family stores none.
    everywhere::<Family<Everything<'static, 'static, u32, 3>, Histogram>>();
    everywhere::<Family<*const u8, Counter>>();
    everywhere::<Registry>();
    everywhere::<Scope>();
    everywhere::<MetricBuilder<Histogram>>();
    everywhere::<Buckets>();
    everywhere::<Error>();
    everywhere::<Exposition>();
    everywhere::<HistogramSnapshot>();
    everywhere::<ScrapeReport>();
    everywhere::<Scraper>();
    everywhere::<Stats>();
    everywhere::<Tick>();
    everywhere::<Kind>();
    everywhere::<Unit>();
    debug::<Timer<'_>>();
    debug::<InProgress<'_>>();
    debug::<Metric<'_>>();
    debug::<MetricValue<'_>>();
    assert_eq!((size_of::<Counter>(), size_of::<DurationCounter>(), size_of::<UpDownCounter>()), (16, 16, 16));
    assert_eq!((size_of::<Tick>(), size_of::<Gauge>(), size_of::<Family<Table<'_>, Counter>>()), (8, 8, 8));
    // Debug says something, and does not print what it should not: the seed of the hash, the user's closures.
    let registry = Registry::new();
    registry.gauge("age", "A.").callback(|| 1.0).expect("legal");
    let family: Family<Table<'static>, Counter> = registry.counter("events_total", "E.").family().expect("legal");
    assert!(format!("{family:?}").contains("events_total"));
    for text in [format!("{registry:?}"), format!("{:?}", Scraper::new(&registry)), format!("{family:?}")] {
        assert!(!text.is_empty() && !text.contains("seed"), "{text}");
    }
}

#[test]
fn a_level_is_displayed_by_its_name() {
    assert_eq!([Level::Basic, Level::Detailed].map(|level| level.to_string()), ["basic", "detailed"]);
}

#[test]
fn a_format_is_displayed_with_its_version() {
    let formats = [Format::Text, Format::OpenMetrics, Format::OpenMetrics001, Format::Protobuf];
    let shown = formats.map(|format| format.to_string());
    assert_eq!(shown, ["text 0.0.4", "OpenMetrics 1.0.0", "OpenMetrics 0.0.1", "protobuf"]);
}

#[test]
fn labels_are_iterated_by_a_loop_as_they_were_given() {
    let registry = Registry::new();
    let fixed: Family<Table<'_>, Counter> = registry.counter("fixed_total", "F.").family().expect("legal");
    fixed.with(&Table { source: "my\"sql\n", table: "" }, Counter::inc);
    let dynamic = registry.counter("dynamic_total", "D.").dynamic_family().expect("legal");
    dynamic.get_or_create(&[("b", "2\\"), ("a", "1")]).expect("legal").inc();
    registry.counter("bare_total", "B.").register().expect("legal").inc();
    let mut all = Vec::new();
    Scraper::new(&registry).visit(|metric| {
        let labels = metric.labels();
        let mut seen = Vec::new();
        for (name, value) in labels {
            seen.push((name.to_owned(), value.into_owned()));
        }
        assert_eq!(labels.into_iter().size_hint(), (seen.len(), Some(seen.len())));
        all.push((metric.name().to_owned(), seen));
    });
    let owned = |labels: &[(&str, &str)]| -> Vec<_> {
        labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    };
    let expected = [
        ("fixed_total", owned(&[("source", "my\"sql\n"), ("table", "")])),
        ("dynamic_total", owned(&[("a", "1"), ("b", "2\\")])),
        ("bare_total", Vec::new()),
    ];
    assert_eq!(all, expected.map(|(name, labels)| (name.to_owned(), labels)));
}

#[test]
fn a_catalog_is_iterated_by_a_loop_in_the_order_of_names() {
    let registry = Registry::new();
    registry.gauge("b", "B.").register().expect("legal").set(1.0);
    registry.counter("a_total", "A.").register().expect("legal").inc();
    let catalog = registry.describe();
    let mut names = Vec::new();
    for family in &catalog {
        names.push(family.name.as_str());
    }
    assert_eq!(names, ["a_total", "b"]);
}
