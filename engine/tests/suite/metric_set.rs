//! Sets of metrics: what the derive registers, and families of sets.

use crate::common::labels::Number;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use streamgauge::{
    Buckets, Counter, DurationCounter, Error, Family, Format, Gauge, Histogram, LabelSet, LabelValue, MetricSet,
    MetricValue, Registry, Scraper, UpDownCounter,
};

#[derive(LabelSet)]
struct Table<'a> {
    source: &'a str,
    table: &'a str,
}

#[derive(LabelValue, Clone, Copy)]
enum Kind {
    Insert,
    Delete,
}

#[derive(LabelSet)]
struct Op {
    op: Kind,
}

#[derive(MetricSet)]
struct Sizes {
    /// Bytes of an event.
    #[metric(unit = "bytes", buckets = Buckets::exponential(64.0, 4.0, 4))]
    size_bytes: Histogram,
}

#[derive(MetricSet)]
#[metric(label(stage = "decode"))]
struct TableMetrics {
    /// Events
    /// read.
    ///
    /// More for whoever reads the code.
    events_total: Counter,
    /// Time spent.
    #[metric(name = "work_seconds_total", unit = "seconds")]
    busy: DurationCounter,
    /// Age of the last event.
    lag: Gauge,
    /// Events under way.
    in_flight: UpDownCounter,
    /// Events by kind.
    ops_total: Family<Op, Counter>,
    /// Errors that are retried.
    #[metric(name = "errors_total", label(retried = "yes"))]
    retried: Counter,
    /// Errors that are retried.
    #[metric(name = "errors_total", label(retried = "no"))]
    failed: Counter,
    #[metric(prefix = "row")]
    sizes: Sizes,
    #[metric(prefix = "partition", label(level = "inner"))]
    partitions: Family<Partition, Sizes>,
}

#[derive(LabelSet)]
struct Partition {
    partition: u32,
}

#[derive(MetricSet)]
struct Pair {
    /// First.
    a_total: Counter,
    /// Second.
    b_total: Counter,
}

type Tables = Family<Table<'static>, TableMetrics>;
type Pairs = Family<Partition, Pair>;

const ORDERS: Table<'static> = Table { source: "mysql", table: "orders" };

fn table_labels<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    [&[("stage", "decode"), ("source", "mysql"), ("table", "orders")], more].concat()
}

fn series(registry: &Registry) -> usize {
    crate::common::scrape(&mut Scraper::new(registry)).series()
}

#[test]
fn a_set_is_registered_whole() {
    let registry = Registry::new();
    let set = TableMetrics::register(&registry.scope("app")).expect("legal");
    set.events_total.add(3);
    set.retried.inc();
    set.failed.add(2);
    set.sizes.size_bytes.observe(100.0);
    set.ops_total.with(&Op { op: Kind::Delete }, Counter::inc);
    set.partitions.with(&Partition { partition: 7 }, |inner| inner.size_bytes.observe(1.0));
    let value = |name, labels: &[_]| registry.sample_value(name, labels);
    assert_eq!(value("app_events_total", &[("stage", "decode")]), Some(3.0));
    assert_eq!(value("app_errors_total", &[("stage", "decode"), ("retried", "no")]), Some(2.0));
    assert_eq!(value("app_row_size_bytes_sum", &[("stage", "decode")]), Some(100.0));
    assert_eq!(value("app_ops_total", &[("stage", "decode"), ("op", "delete")]), Some(1.0));
    let inner = [("stage", "decode"), ("level", "inner"), ("partition", "7")];
    assert_eq!(value("app_partition_size_bytes_count", &inner), Some(1.0));
    let mut body = Vec::new();
    Scraper::new(&registry).encode(Format::Text, &mut body);
    assert!(String::from_utf8(body).expect("utf-8").contains("# HELP app_events_total Events read.\n"));
    let debug = format!("{:?}", (set.clone(), TableMetrics::default()));
    assert!(debug.contains("events_total"));
}

#[test]
fn one_lookup_finds_a_set_and_its_families_have_both_labels() {
    let registry = Registry::new();
    let tables = Tables::register(&registry).expect("legal");
    for _ in 0..2 {
        tables.with(&ORDERS, |set| {
            set.events_total.inc();
            set.lag.set(2.0);
            set.in_flight.inc();
            set.busy.add_nanos(1_000_000_000);
            set.ops_total.with(&Op { op: Kind::Insert }, Counter::inc);
            set.partitions.with(&Partition { partition: 1 }, |inner| inner.size_bytes.observe(1.0));
        });
    }
    let mine = tables.get_or_create(&ORDERS);
    mine.events_total.inc();
    let value = |name, more: &[_]| registry.sample_value(name, &table_labels(more));
    assert_eq!(value("events_total", &[]), Some(3.0));
    assert_eq!(value("work_seconds_total", &[]), Some(2.0));
    assert_eq!((value("lag", &[]), value("in_flight", &[])), (Some(2.0), Some(2.0)));
    assert_eq!(value("ops_total", &[("op", "insert")]), Some(2.0));
    assert_eq!(value("partition_size_bytes_count", &[("level", "inner"), ("partition", "1")]), Some(2.0));
    // Through a second family of the same scope: the same series.
    Tables::register(&registry).expect("the same").with(&ORDERS, |set| set.events_total.inc());
    assert_eq!(value("events_total", &[]), Some(4.0));
}

#[test]
fn removal_takes_all_members_and_their_families() {
    let registry = Registry::new();
    let tables = Tables::register(&registry).expect("legal");
    let users = Table { table: "users", ..ORDERS };
    for table in [&ORDERS, &users] {
        tables.with(table, |set| {
            set.events_total.inc();
            set.ops_total.with(&Op { op: Kind::Insert }, Counter::inc);
            set.partitions.with(&Partition { partition: 1 }, |inner| inner.size_bytes.observe(1.0));
        });
    }
    assert_eq!(series(&registry), 18);
    assert!(tables.remove(&ORDERS));
    assert!(!tables.remove(&ORDERS));
    assert_eq!(series(&registry), 9);
    tables.with(&ORDERS, |set| set.events_total.inc());
    assert_eq!(registry.sample_value("events_total", &table_labels(&[])), Some(1.0), "born again at 0");
    assert_eq!(tables.retain(|labels| labels.get("table").as_deref() == Some("users")), 1);
    assert_eq!(tables.clear(), 1);
    assert_eq!(series(&registry), 0);
}

#[test]
fn a_member_that_is_removed_elsewhere_is_made_again() {
    let registry = Registry::new();
    let pairs = Pairs::register(&registry).expect("legal");
    let alone: Family<Partition, Counter> = registry.counter("a_total", "First.").family().expect("the same");
    let mut cache = pairs.handle_cache::<u32>();
    for round in 1..=200 {
        let labels = Partition { partition: round % 100 };
        pairs.with(&labels, |pair| (pair.a_total.inc(), pair.b_total.inc()));
        cache.get_or_insert_with(1, |family| family.get_or_create(&labels)).a_total.inc();
        assert!(alone.remove(&labels));
    }
    alone.clear();
    pairs.with(&Partition { partition: 1 }, |pair| (pair.a_total.inc(), pair.b_total.inc()));
    assert_eq!(registry.sample_value("a_total", &[("partition", "1")]), Some(1.0));
    assert_eq!(registry.sample_value("b_total", &[("partition", "1")]), Some(3.0));
}

#[test]
fn a_set_without_room_overflows_whole_and_once() {
    let registry = Registry::new();
    registry.set_series_limit(4);
    let pairs = Pairs::register(&registry).expect("legal");
    let mut cache = pairs.handle_cache::<u32>();
    for partition in 0..5 {
        let labels = Partition { partition };
        pairs.with(&labels, |pair| (pair.a_total.inc(), pair.b_total.inc()));
        cache.get_or_insert_with(partition, |family| family.get_or_create(&labels)).b_total.inc();
    }
    let value = |name, partition| registry.sample_value(name, &[("partition", partition)]);
    assert_eq!((value("a_total", "1"), value("b_total", "1")), (Some(1.0), Some(2.0)));
    assert_eq!((value("a_total", "__overflow__"), value("b_total", "__overflow__")), (Some(3.0), Some(6.0)));
    assert!(pairs.remove(&Partition { partition: 0 }));
    pairs.with(&Partition { partition: 4 }, |pair| pair.a_total.inc());
    cache.get_or_insert_with(4, |family| family.get_or_create(&Partition { partition: 4 })).b_total.inc();
    assert_eq!((value("a_total", "4"), value("b_total", "4")), (Some(1.0), Some(1.0)));
    assert_eq!(value("b_total", "__overflow__"), Some(6.0));
}

#[test]
fn mistakes_show_when_the_family_is_registered() {
    let registry = Registry::new();
    let clash = registry.label("source", "x");
    assert!(matches!(Tables::register(&clash), Err(Error::InvalidLabel { .. })));
    let other = Registry::new();
    other.gauge("lag", "Another help.").register().expect("legal").set(1.0);
    assert!(matches!(Tables::register(&other), Err(Error::Conflict { .. })));
    let disabled = Registry::disabled();
    let tables = Tables::register(&disabled).expect("legal");
    tables.with(&ORDERS, |set| set.events_total.inc());
    assert!(!tables.remove(&ORDERS));
}

#[test]
fn sets_come_and_go_while_others_record() {
    let registry = Registry::new();
    let pairs = Pairs::register(&registry).expect("legal");
    let stop = AtomicBool::new(false);
    let rounds = crate::common::size(2_000, 12) as u32;
    let steady = thread::scope(|scope| {
        let steady = scope.spawn(|| {
            let mut records = 0;
            while !stop.load(Ordering::Relaxed) {
                pairs.with(&Partition { partition: 0 }, |pair| pair.a_total.inc());
                records += 1;
            }
            records
        });
        for round in 1..=rounds {
            let labels = Partition { partition: 1 + round % 7 };
            pairs.with(&labels, |pair| {
                pair.a_total.inc();
                assert!(pair.a_total.get() == 1, "a foreign increment");
            });
            assert!(pairs.remove(&labels));
        }
        stop.store(true, Ordering::Relaxed);
        steady.join().expect("records do not panic")
    });
    assert_eq!(registry.sample_value("a_total", &[("partition", "0")]), Some(f64::from(steady)));
    assert_eq!(pairs.clear(), 1);
    assert_eq!(streamgauge::stats().internal_errors, 0);
}

#[derive(MetricSet)]
struct Uneven {
    /// Rows.
    rows_total: Counter,
    /// Bytes.
    bytes_total: Counter,
    by_op: OpRows,
}

#[derive(MetricSet)]
struct OpRows {
    /// Changes.
    changes_total: Family<Op, Counter>,
    /// Age.
    age: Gauge,
}

/// The registry has room for two sets of three series and for one series more.
#[test]
fn a_set_that_cannot_be_made_whole_leaves_nothing_behind() {
    let registry = Registry::new();
    registry.set_series_limit(7);
    let sets = Family::<Table<'static>, Uneven>::register(&registry).expect("legal");
    let labels = |table| Table { source: "mysql", table };
    let value = |name, table| registry.sample_value(name, &[("source", "mysql"), ("table", table)]);
    for table in ["a", "b", "c", "d", "c"] {
        sets.with(&labels(table), |set| set.rows_total.inc());
    }
    assert_eq!(
        (value("rows_total", "b"), value("rows_total", "c"), value("bytes_total", "c")),
        (Some(1.0), None, None)
    );
    let overflow = [("source", "__overflow__"), ("table", "__overflow__")];
    assert_eq!(registry.sample_value("rows_total", &overflow), Some(3.0));
    // What was taken back is room for others: seven series, six of them in use.
    let alone = registry.counter("alone_total", "A.").register().expect("there is room for one");
    alone.inc();
    assert!(registry.counter("other_total", "O.").register().is_err());
    drop(alone);
    // And room for a set again lets the next one in, however often that happens.
    for round in 0..50 {
        let (old, new) = if round % 2 == 0 { ("b", "c") } else { ("c", "b") };
        assert!(sets.remove(&labels(old)));
        sets.with(&labels("too many"), |_| ());
        assert!(sets.remove(&labels("too many")));
        sets.with(&labels(new), |set| set.rows_total.inc());
        assert_eq!(value("rows_total", new), Some(1.0), "round {round}");
        sets.with(&labels("too many"), |set| set.rows_total.inc());
    }
}

/// What others hold or have made is not taken back with a set that is refused.
#[test]
fn a_refused_set_takes_nothing_from_others() {
    let registry = Registry::new();
    let sets = Family::<Table<'static>, Uneven>::register(&registry).expect("legal");
    let rows: Family<Table<'static>, Counter> = registry.counter("rows_total", "Rows.").family().expect("the same");
    let labels = Table { source: "mysql", table: "orders" };
    rows.with(&labels, |rows| rows.add(5));
    registry.set_series_limit(2);
    sets.with(&labels, |set| set.rows_total.inc());
    assert_eq!(registry.sample_value("rows_total", &[("source", "mysql"), ("table", "orders")]), Some(5.0));
    assert_eq!(registry.sample_value("bytes_total", &[("source", "mysql"), ("table", "orders")]), None);
}

#[derive(MetricSet)]
struct Limited {
    /// Rows.
    #[metric(limit = 1)]
    rows_total: Counter,
    /// Changes that were undone.
    #[metric(name = "changes_total", label(op = "undo"))]
    undone_total: Counter,
}

#[test]
fn members_have_limits_and_their_own_labels_come_last() {
    let registry = Registry::new();
    let scope = registry.label("pipeline", "orders").with_limit(2);
    let sets = Family::<Table<'static>, Limited>::register(&scope).expect("legal");
    for table in ["a", "b"] {
        sets.with(&Table { source: "mysql", table }, |set| set.rows_total.inc());
    }
    let limit = |name: &str| registry.describe().iter().find(|family| family.name == name).map(|family| family.limit);
    assert_eq!((limit("rows_total"), limit("changes_total")), (Some(1), Some(2)));
    let mut body = Vec::new();
    Scraper::new(&registry).encode(Format::Text, &mut body);
    let text = String::from_utf8(body).expect("text");
    let line = "changes_total{pipeline=\"orders\",source=\"mysql\",table=\"a\",op=\"undo\"} 0\n";
    assert!(text.contains(line), "{text}");
    let line = "rows_total{pipeline=\"orders\",source=\"__overflow__\",table=\"__overflow__\"} 1\n";
    assert!(text.contains(line), "{text}");
}

/// A family inside a set that is past its limit from the first set on.
#[derive(MetricSet)]
struct Crowded {
    /// Inner.
    #[metric(limit = 10)]
    inner_total: Family<Number, Counter>,
}

#[test]
fn sets_leave_no_overflow_series_behind() {
    let registry = Registry::new();
    registry.set_series_limit(100);
    #[derive(LabelSet)]
    struct Set {
        set: u64,
    }
    let sets = Family::<Set, Crowded>::register(&registry.scope("s")).expect("legal");
    for number in 0..10 {
        sets.with(&Set { set: 0 }, |set| set.inner_total.with(&Number { number }, Counter::inc));
    }
    let series = || {
        let mut series = 0;
        Scraper::new(&registry).visit(|_| series += 1);
        series
    };
    for set in 1..500 {
        sets.with(&Set { set }, |set| set.inner_total.with(&Number { number: 99 }, Counter::inc));
        if set % 2 == 0 {
            sets.remove(&Set { set });
        }
    }
    assert!(series() <= 101, "{} series past the limit of the registry", series());
    let total: u64 = {
        let mut total = 0;
        Scraper::new(&registry).visit(|sample| {
            if let MetricValue::Counter(count) = sample.value() {
                total += count;
            }
        });
        total
    };
    assert!(total >= 10 + 249, "what was recorded into sets that live is there: {total}");
    sets.clear();
    let mut left = Vec::new();
    let mut scraper = Scraper::new(&registry);
    for _ in 0..2 {
        left.clear();
        scraper.visit(|sample| left.push(format!("{:?}", sample.labels())));
    }
    // The last resort of those that found no room: of no set, and one.
    assert!(left.len() <= 1, "{left:?}");
}

#[test]
fn a_set_with_a_family_of_sets_in_it_overflows_whole() {
    #[derive(LabelSet)]
    struct Named<'a> {
        table: &'a str,
    }
    #[derive(LabelSet)]
    struct Ok {
        ok: bool,
    }
    #[derive(MetricSet)]
    struct Inner {
        /// Rows.
        rows_total: Counter,
    }
    #[derive(MetricSet)]
    #[metric(limit = 2)]
    struct Outer {
        /// Events.
        events_total: Counter,
        #[metric(prefix = "inner")]
        inner: Family<Ok, Inner>,
    }
    let registry = Registry::new();
    let tables = Family::<Named<'static>, Outer>::register(&registry).expect("legal");
    for table in ["a", "b", "c", "d"] {
        tables.with(&Named { table }, |set| {
            set.events_total.inc();
            set.inner.with(&Ok { ok: true }, |inner| inner.rows_total.add(2));
        });
    }
    assert_eq!(registry.sample_value("events_total", &[("table", "__overflow__")]), Some(2.0));
    let rows = |table| registry.sample_value("inner_rows_total", &[("table", table), ("ok", "true")]);
    assert_eq!((rows("a"), rows("c")), (Some(2.0), None));
    // The inner family has room for two as well.
    let overflow = registry.sample_value("inner_rows_total", &[("table", "__overflow__"), ("ok", "true")]);
    let last = registry.sample_value("inner_rows_total", &[("table", "__overflow__"), ("ok", "__overflow__")]);
    assert_eq!(overflow.unwrap_or(0.0) + last.unwrap_or(0.0), 4.0);
}
