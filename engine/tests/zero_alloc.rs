//! A warm thread records, looks up and scrapes without allocating.

#[path = "common/alloc.rs"]
mod alloc;

use alloc::{alone, calls_of};
use std::hint::black_box;
use std::time::Duration;
use streamgauge::{
    Buckets, Counter, DurationCounter, Escaping, Exposition, Family, Format, Gauge, Histogram, LabelSet, LabelValue,
    MetricValue, Registry, Scraper, Summary, Tick, UpDownCounter,
};

#[derive(LabelValue)]
enum Op {
    Insert,
    Delete,
}

#[derive(LabelSet)]
struct Table<'a> {
    table: &'a str,
    op: Op,
    partition: u32,
}

#[test]
fn the_count_counts() {
    let _alone = alone();
    // Allocation and release.
    assert_eq!(calls_of(|| drop(black_box(Box::new(1)))), 2);
}

#[test]
fn recording_allocates_nothing() {
    let _alone = alone();
    let registry = Registry::new();
    let events = registry.counter("events_total", "E.").register().expect("legal");
    let busy = registry.duration_counter("busy_seconds_total", "B.").register().expect("legal");
    let lag = registry.gauge("lag", "L.").register().expect("legal");
    let depth = registry.up_down_counter("depth", "D.").register().expect("legal");
    let sizes = registry.histogram("size", "S.").register().expect("legal");
    let skews = registry.histogram("skew", "S.").buckets(Buckets::linear(-5.0, 1.0, 10)).register().expect("legal");
    // A slice that begins while the test runs would need new bins: this one has begun, and lasts a century.
    let century = Duration::from_secs(100 * 365 * 24 * 3600);
    let times = registry.summary("time", "T.").window(century, 1).register().expect("legal");
    let (start, end) = (Tick::now(), Tick::now());
    let record = || {
        events.inc();
        events.add(7);
        busy.add(Duration::from_micros(3));
        busy.add_nanos(3);
        busy.add_between(start, end);
        lag.set(0.25);
        lag.add(1.0);
        lag.set_to_current_time();
        black_box(lag.get());
        depth.inc();
        depth.dec();
        depth.add(-3);
        drop(depth.track_in_progress());
        sizes.observe(0.3);
        sizes.observe_n(0.3, 8);
        sizes.observe_duration(Duration::from_millis(3));
        sizes.observe_between(start, end);
        black_box(sizes.lap(start));
        black_box(sizes.start_timer().stop());
        sizes.start_timer().discard();
        drop(sizes.start_timer());
        skews.observe(-2.5);
        times.observe(0.3);
        times.observe_n(-0.3, 8);
        times.observe(0.0);
        times.observe_between(start, end);
        times.observe(f64::NAN);
        // What is refused is counted without allocating too.
        sizes.observe(-1.0);
        sizes.observe(f64::NAN);
        sizes.observe(f64::INFINITY);
        drop(black_box((
            Counter::noop(),
            DurationCounter::noop(),
            Gauge::noop(),
            UpDownCounter::noop(),
            Histogram::noop(),
            Summary::noop(),
        )));
        Counter::noop().inc();
        Histogram::noop().observe(1.0);
        drop(black_box((events.clone(), lag.clone(), sizes.clone(), times.clone())));
    };
    record();
    assert_eq!(calls_of(|| (0..1000).for_each(|_| record())), 0);
}

#[test]
fn a_warm_thread_takes_nothing_from_the_global_allocator() {
    let _alone = alone();
    let registry = Registry::new();
    let events = registry.counter("events_total", "E.").register().expect("legal");
    let first = std::thread::spawn(move || {
        streamgauge::warm_thread();
        calls_of(|| events.inc())
    });
    assert_eq!(first.join().expect("the thread runs through"), 0, "the first record after warm_thread");
}

#[test]
fn a_lookup_that_hits_allocates_nothing() {
    let _alone = alone();
    let registry = Registry::new();
    let counters: Family<Table<'static>, Counter> = registry.counter("events_total", "E.").family().expect("legal");
    let histograms: Family<Table<'static>, Histogram> = registry.histogram("size", "S.").family().expect("legal");
    let gauges: Family<Table<'static>, Gauge> = registry.gauge("lag", "L.").family().expect("legal");
    // The last one is escaped, so it is compared character by character.
    let tables = ["orders", "", "a table whose name is longer than thirty-two bytes", "a \"quoted\\name\"\n"];
    let look_up = |table: &str, unescaping: bool| {
        for partition in 0..10 {
            let (insert, delete) =
                (Table { table, op: Op::Insert, partition }, Table { table, op: Op::Delete, partition });
            counters.with(&insert, Counter::inc);
            counters.with(&delete, |counter| counters.with(&insert, |nested| (counter.inc(), nested.inc())));
            histograms.with(&insert, |histogram| histogram.observe(0.1));
            gauges.with(&insert, |gauge| gauge.set(1.0));
            drop(black_box(counters.get_or_create(&insert)));
            if unescaping {
                drop(black_box(histograms.get_or_create(&insert)));
            }
        }
    };
    tables.iter().for_each(|table| look_up(table, true));
    for table in &tables[..3] {
        assert_eq!(calls_of(|| look_up(table, true)), 0, "{table:?}");
    }
    // Unescaping for the comparison may allocate; it is off the common path. It must not allocate more than
    // a string a lookup.
    assert!(calls_of(|| look_up(tables[3], false)) <= 10 * 6 * 8);
}

fn warm_scrapes(registry: &Registry, series: usize) {
    let mut scraper = Scraper::new(registry);
    let mut body = Vec::new();
    let open_metrics = Exposition::from(Format::OpenMetrics);
    for exposition in [
        Format::Text.into(),
        open_metrics,
        open_metrics.with_created_samples(true),
        Exposition::from(Format::Text).with_escaping(Escaping::Dots),
        Format::Protobuf.into(),
    ] {
        let mut scrape = |body: &mut Vec<u8>| {
            body.clear();
            scraper.encode(exposition, body).series()
        };
        assert_eq!(scrape(&mut body), series);
        let mut shown = 0;
        assert_eq!(calls_of(|| shown = scrape(&mut body)), 0, "{exposition:?} of {series} series");
        assert_eq!(shown, series);
    }

    let (mut visited, mut total) = (0, 0);
    let mut visit = || {
        scraper.visit(|sample| {
            visited += 1;
            if let MetricValue::Counter(value) = black_box(sample.value()) {
                total += value;
            }
        });
    };
    visit();
    assert_eq!(calls_of(visit), 0, "visit of {series} series");
    assert_eq!(visited, 2 * series);
    assert!(total > 0);
}

#[test]
fn a_warm_scrape_allocates_nothing() {
    let _alone = alone();
    let registry = Registry::new();
    let scope = registry.scope("app").label("pipeline", "orders");
    scope.counter("events_total", "E.").register().expect("legal").add(3);
    scope.duration_counter("busy_seconds_total", "B.").register().expect("legal").add_nanos(123_456_789);
    scope.gauge("lag", "L.").register().expect("legal").set(1e-7);
    scope.gauge("age", "A.").callback(|| 0.1 + 0.2).expect("legal");
    scope.counter("reads_total", "R.").callback(|| 7).expect("legal");
    scope.up_down_counter("depth", "D.").register().expect("legal").dec();
    drop(scope.info("build", "B.").label("version", "1 \"beta\"\n").register().expect("legal"));
    scope.state_set("phase", "P.").states(["a", "\\b"]).register().expect("legal").set("\\b");
    scope.histogram("size", "S.").register().expect("legal").observe(0.3);
    let times = scope.summary("time", "T.").quantiles(&[0.0, 0.5, 0.99]).register().expect("legal");
    (1..1000).for_each(|value| times.observe(f64::from(value) * 1e-5));
    times.observe_n(-3.0, 7);
    drop(scope.summary("empty", "E.").register().expect("legal"));
    let tables: Family<Table<'static>, Histogram> = scope.histogram("table_size", "T.").family().expect("legal");
    for partition in 0..100 {
        tables.with(&Table { table: "a\"b", op: Op::Insert, partition }, |size| size.observe(0.1));
    }
    warm_scrapes(&registry, 111);
}

#[test]
fn a_warm_scrape_of_100_000_series_allocates_nothing() {
    let _alone = alone();
    let registry = Registry::new();
    let family: Family<Table<'static>, Counter> =
        registry.counter("events_total", "E.").limit(100_000).family().expect("legal");
    for partition in 0..100_000 {
        family.with(&Table { table: "orders", op: Op::Delete, partition }, Counter::inc);
    }
    warm_scrapes(&registry, 100_000);
    assert_eq!(
        calls_of(|| family.with(&Table { table: "orders", op: Op::Delete, partition: 77_777 }, Counter::inc)),
        0
    );
}
