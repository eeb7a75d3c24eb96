//! One registry of everything that can be exposed, the same in every run: one thread records, and nothing is read from a
//! clock that could show.

use crate::declared::{Applied, Mixed, Op, Peers, Request, Rows, Table, Value};
use std::time::Duration;
use streamgauge::bridge::{DynamicFamily, DynamicSettings, PreferredName};
use streamgauge::{
    Buckets, Counter, DurationCounter, Family, Gauge, Histogram, Info, Level, MetricBuilder, MetricSet, Registry,
    Scope, Scraper, StateSet, Summary, Switch, Unit, UpDownCounter,
};

/// As long as no run takes, so no observation leaves the window.
const DAY: Duration = Duration::from_secs(86_400);

/// What depends on all that the process did, and on what the system allows it.
const OF_THE_PROCESS: [&str; 5] = [
    "streamgauge_slabs",
    "streamgauge_cells_bytes",
    "streamgauge_pending_reclamation",
    "streamgauge_failed_fences_total",
    "streamgauge_refused_removals_total",
];

/// The registry, and a scraper that was there before anything was removed.
pub(crate) struct Fixed {
    pub(crate) registry: Registry,
    pub(crate) scraper: Scraper,
}

impl Fixed {
    pub(crate) fn new() -> Self {
        let registry = Registry::new();
        let scraper = Scraper::new(&registry);
        registry.set_level(Level::Basic);
        let scope = registry.scope("app").label("pipeline", "or\"ders\\\n");
        single_handles(&scope);
        buckets(&scope);
        values_of_every_kind(&scope);
        characters(&registry);
        families(&registry.scope("app"));
        empty_removed_full_and_off(&registry.scope("app"));
        sets(&registry.scope("set").label("source", "mysql"));
        open_families(&registry);
        open_names(&registry);
        registry.register_collector(Peers).expect("legal");
        registry.enable_self_metrics().expect("free");
        for name in OF_THE_PROCESS {
            registry.switch(name, Switch::Off).expect("it is there");
        }
        registry.switch("app_switched_off_total", Switch::Off).expect("it is there");
        registry.switch("app_switched_on_total", Switch::On).expect("it is there");
        Self { registry, scraper }
    }
}

/// Single handles and callbacks of each kind, with units and without.
fn single_handles(scope: &Scope) {
    scope.counter("events_total", "Events \"read\",\n\\ and counted.").register().expect("legal").add(3);
    scope.counter("most_total", "M.").register().expect("legal").add(u64::MAX);
    scope.counter("read_bytes_total", "R.").unit(Unit::Bytes).register().expect("legal").add(1 << 53);
    let busy = scope.duration_counter("busy_seconds_total", "B.").unit(Unit::Seconds).register().expect("legal");
    busy.add(Duration::from_nanos(1_500_000_001));
    scope.gauge("lag_seconds", "L.").unit(Unit::Seconds).register().expect("legal").set(2.0);
    scope.up_down_counter("depth", "D.").register().expect("legal").dec();
    drop(scope.info("build", "What runs.").label("version", "1.4.2").register().expect("legal"));
    scope.state_set("phase", "P.").states(["snapshot", "str\"eam\\"]).register().expect("legal").set_index(1);
    let times = scope.summary("time_seconds", "T.").unit(Unit::Seconds).quantiles(&[0.0, 0.5, 0.99, 1.0]);
    let times = times.window(DAY, 4).register().expect("legal");
    [2.0, 0.5, 1e6].into_iter().for_each(|time| times.observe(time));
    let below = scope.summary("offset", "Below zero too.").quantiles(&[0.0, 1.0]).window(DAY, 4);
    below.register().expect("legal").observe(-3.0);
    drop(scope.summary("unused", "U.").register().expect("legal"));
    scope.counter("called_total", "C.").callback(|| 7).expect("legal");
    scope.duration_counter("up_seconds_total", "U.").callback(|| Duration::from_millis(250)).expect("legal");
    scope.gauge("age", "A.").callback(|| f64::NEG_INFINITY).expect("legal");
    // One family of a handle and a callback, by a constant label.
    let jobs = |queue: &str| scope.gauge("jobs", "J.").label("queue", queue);
    jobs("handle").register().expect("legal").set(1.5);
    jobs("callback").callback(|| 2.5).expect("legal");
    // Names that clash in OpenMetrics, where a counter has a sample `_created`.
    scope.counter("runs_total", "R.").register().expect("legal").inc();
    scope.gauge("runs_created", "R.").verbatim().register().expect("legal").set(12.0);
}

/// Histograms of every layout, with and without bounds below zero.
fn buckets(scope: &Scope) {
    let observe = |name: &str, unit: Option<Unit>, buckets: Option<Buckets>, values: &[f64]| {
        let builder = scope.histogram(name, "H.");
        let builder = unit.into_iter().fold(builder, MetricBuilder::unit);
        let builder = buckets.into_iter().fold(builder, MetricBuilder::buckets);
        let histogram = builder.register().expect("legal");
        values.iter().for_each(|value| histogram.observe(*value));
    };
    observe("sizes_bytes", Some(Unit::Bytes), Some(Buckets::explicit([1.0, 2.5, 1e6])), &[0.5, 1.0, 2.0, 3e6]);
    observe("delay_seconds", Some(Unit::Seconds), Some(Buckets::exponential(0.0001, 2.0, 6)), &[0.0003, 1.0]);
    observe("share_ratio", Some(Unit::Ratio), Some(Buckets::linear(-0.5, 0.25, 5)), &[-0.5, 0.1, 7.0]);
    observe("drift", None, Some(Buckets::explicit([-1.0, 1.0])), &[-3.0, 0.0]);
    observe("below", None, Some(Buckets::explicit([-1e21, -2.5])), &[-3.0]);
    observe("standard", None, None, &[0.03]);
    observe("unobserved", None, Some(Buckets::explicit([1.0])), &[]);
    observe("one_bound", None, Some(Buckets::explicit([4.0, f64::INFINITY])), &[4.0]);
}

/// Gauges of floats that are written in ways of their own.
fn values_of_every_kind(scope: &Scope) {
    let values: Family<Value<'static>, Gauge> = scope.gauge("value", "V.").family().expect("legal");
    for (value, number) in [
        ("nan", f64::NAN),
        ("+inf", f64::INFINITY),
        ("-inf", f64::NEG_INFINITY),
        ("-0", -0.0),
        ("least", 5e-324),
        ("most", f64::MAX),
        ("third", 1.0 / 3.0),
        ("1e-05", 1e-5),
        ("0.0001", 1e-4),
        ("1e20", 1e20),
        ("1e21", 1e21),
        ("999999", 999_999.0),
        ("1e6", 1e6),
    ] {
        values.with(&Value { value }, |gauge| gauge.set(number));
    }
    let depths: Family<Value<'static>, UpDownCounter> = scope.up_down_counter("level", "L.").family().expect("legal");
    depths.with(&Value { value: "up" }, |depth| depth.add(i64::MAX));
    depths.with(&Value { value: "down" }, |depth| depth.add(-9));
}

/// Names, values and help texts of all characters.
fn characters(registry: &Registry) {
    let requests: Family<Request<'static>, Counter> =
        registry.counter("http.requests_total", "Dotted, \"quoted\" \u{1f980}\\n\n.").family().expect("legal");
    let long = "0123456789\"".repeat(40);
    for (method, size, plain) in [
        ("G\"T", "\\", true),
        ("", "", false),
        ("two\nlines\r\t", "日本語 \u{1f980}", true),
        ("a,b=\"c\"} 1\n# EOF", "\u{2028}\u{7f}\u{0}", false),
        (&long, "long", true),
    ] {
        requests.with(&Request { method, size, second: "2", plain }, Counter::inc);
    }
    registry.histogram("a b", "H.").buckets(Buckets::explicit([1.0])).register().expect("legal").observe(0.5);
    let times = registry.summary("größe.zeit", "S.").quantiles(&[0.5]).window(DAY, 4).label("straße", "x");
    times.register().expect("legal").observe(1.0);
    drop(registry.info("9 \"lives\"", "I.").label("{}", "\u{e9}").register().expect("legal"));
    registry.gauge("colon:ed", "G.").verbatim().label("UPPER_1", "x").register().expect("legal").set(1.0);
    registry.gauge("ゲージ", "\\\"\u{0}\t").register().expect("legal").set(-1.0);
    let cut: Family<Value<'static>, Counter> =
        registry.counter("cut_total", "Values of at most 8 bytes.").value_limit(8).family().expect("legal");
    cut.with(&Value { value: "ééééé" }, Counter::inc);
    cut.with(&Value { value: "1234567é" }, Counter::inc);
    registry.counter("as it is", "Verbatim.").verbatim().register().expect("legal").inc();
}

/// Families of every kind, with labels of every type.
fn families(scope: &Scope) {
    let applied: Family<Applied, Counter> = scope.counter("applied_total", "A.").family().expect("legal");
    for (op, ok) in [(Op::Delete, true), (Op::Insert, false), (Op::Update, true)] {
        applied.with(&Applied { op, ok }, |counter| counter.add(op as u64 + 1));
    }
    let all: Family<Applied, Histogram> =
        scope.histogram("all", "A.").buckets(Buckets::explicit([1.0])).label("const", "c").family().expect("legal");
    all.init_all();
    let mixed: Family<Mixed<'static>, Gauge> = scope.gauge("mixed", "M.").label("const", "c").family().expect("legal");
    let labels = Mixed { text: "t", number: i64::MIN, size: 255, char: '"', op: Op::Update };
    mixed.with(&labels, |gauge| gauge.set(1.0));
    mixed.with(&Mixed { text: "", number: 0, size: 0, char: 'é', op: Op::Insert }, |gauge| gauge.set(2.0));
    let busy: Family<Value<'static>, DurationCounter> =
        scope.duration_counter("used_seconds_total", "U.").unit(Unit::Seconds).family().expect("legal");
    busy.with(&Value { value: "a" }, |busy| busy.add(Duration::from_secs(3)));
    let infos: Family<Value<'static>, Info> = scope.info("source_info", "S.").family().expect("legal");
    infos.init(&Value { value: "mysql" });
    let phases: Family<Value<'static>, StateSet> =
        scope.state_set("op", "O.").states([Op::Insert, Op::Update]).family().expect("legal");
    phases.with(&Value { value: "a" }, |phase| phase.set(&Op::Update));
    phases.init(&Value { value: "b" });
    let rounds: Family<Value<'static>, Summary> =
        scope.summary("round", "R.").quantiles(&[0.5]).window(DAY, 4).family().expect("legal");
    rounds.with(&Value { value: "a" }, |round| round.observe(8.0));
}

/// Families without series, with removed ones, with more than they may have, and those that nobody is shown.
fn empty_removed_full_and_off(scope: &Scope) {
    let family = |name: &str| scope.counter(name, "F.").limit(2).family::<Value<'static>>().expect("legal");
    let add = |family: &Family<Value<'static>, Counter>, values: &[&str]| {
        values.iter().for_each(|value| family.with(&Value { value }, |counter| counter.add(value.len() as u64)));
    };
    let _ = family("empty_total");
    let gone = family("gone_total");
    add(&gone, &["stays", "goes"]);
    assert!(gone.remove(&Value { value: "goes" }));
    add(&gone, &["late"]);
    let all_gone = family("all_gone_total");
    add(&all_gone, &["a", "bb"]);
    assert_eq!(all_gone.clear(), 2);
    // Its labels live again, so the final value is not shown.
    let reborn = family("reborn_total");
    add(&reborn, &["again"]);
    assert!(reborn.remove(&Value { value: "again" }));
    add(&reborn, &["again", "again"]);
    let sizes: Family<Value<'static>, Histogram> =
        scope.histogram("gone_sizes", "G.").buckets(Buckets::explicit([1.0])).family().expect("legal");
    sizes.with(&Value { value: "goes" }, |size| size.observe(3.0));
    assert!(sizes.remove(&Value { value: "goes" }));
    add(&family("full_total"), &["a", "bb", "ccc", "dddd", "a"]);
    let full: Family<Applied, Histogram> =
        scope.histogram("full", "F.").buckets(Buckets::explicit([1.0])).limit(1).family().expect("legal");
    for op in [Op::Insert, Op::Update, Op::Delete] {
        full.with(&Applied { op, ok: true }, |histogram| histogram.observe(0.5));
    }
    let detailed = scope.with_level(Level::Detailed);
    detailed.counter("detailed_total", "D.").register().expect("legal").inc();
    detailed.counter("switched_on_total", "O.").register().expect("legal").inc();
    scope.counter("switched_off_total", "O.").register().expect("legal").inc();
}

/// Sets of metrics, alone and in families.
fn sets(scope: &Scope) {
    let record = |set: &Table, table: &'static str| {
        set.events_total.add(table.len() as u64);
        set.busy.add(Duration::from_millis(1_250));
        set.lag.set(0.1);
        set.in_flight.inc();
        set.ops_total.with(&Applied { op: Op::Insert, ok: true }, Counter::inc);
        set.retried.inc();
        set.failed.add(2);
        set.doing.set(&Op::Delete);
        set.round_seconds.observe(0.25);
        set.unseen_total.inc();
        set.sizes.size_bytes.observe(100.0);
        set.parts.with(&Value { value: table }, |part| part.size_bytes.observe(1.0));
    };
    record(&Table::register(&scope.scope("single")).expect("legal"), "alone");
    let tables = Family::<Request<'static>, Table>::register(&scope.scope("by")).expect("legal");
    let labels = |method: &'static str| Request { method, size: "1", second: "\\", plain: true };
    for method in ["a", "bb", "ccc"] {
        tables.with(&labels(method), |set| record(set, method));
    }
    assert!(tables.remove(&labels("a")));
    let full = Family::<Value<'static>, Rows>::register(&scope.scope("full").with_limit(2)).expect("legal");
    for value in ["a", "bb", "ccc", "dddd"] {
        full.with(&Value { value }, |set| {
            set.rows_total.inc();
            set.by_op_total.with(&Applied { op: Op::Delete, ok: false }, Counter::inc);
        });
    }
}

/// Families of bridges: with and without help and unit, full, renamed, and with series removed.
fn open_families(registry: &Registry) {
    let reads: DynamicFamily<Counter> =
        registry.counter("open", "").verbatim().limit(3).dynamic_family().expect("legal");
    let add = |labels: &[(&str, &str)], n: u64| reads.get_or_create(labels).expect("legal").add(n);
    add(&[], 1);
    add(&[("b", "2\"\\\n"), ("a", "é"), ("empty", "")], 2);
    add(&[("only", "x")], 3);
    add(&[("past", "the limit")], 4);
    assert!(reads.remove(&[("only", "x")]));
    let written: DynamicFamily<Counter> =
        registry.counter("open_written", "").verbatim().dynamic_family().expect("legal");
    written.get_or_create(&[("to_disk__", "yes")]).expect("legal").add(5);
    written.rename("open_written_bytes_total").expect("free");
    written.describe("What was\n\"written\".", Some(Unit::Bytes)).expect("legal");
    let plain = DynamicSettings::new().plain_numbers(true).help_line(true);
    let bounds = Buckets::explicit([-1e-7, 0.000_01, 1_048_576.0]);
    let sizes: DynamicFamily<Histogram> =
        registry.histogram("open_sizes", "").buckets(bounds).dynamic_family_with(plain).expect("legal");
    sizes.get_or_create(&[("a_b", "1")]).expect("legal").observe(0.000_002);
    let ages: DynamicFamily<Gauge> = registry.gauge("open.ages", "A.").dynamic_family().expect("legal");
    ages.get_or_create(&[("k", "v")]).expect("legal").set(1e-9);
    let phases: DynamicFamily<StateSet> =
        registry.state_set("open_phase", "P.").states(["a", "b"]).dynamic_family().expect("legal");
    phases.get_or_create(&[("source", "x")]).expect("legal").set("b");
    let infos: DynamicFamily<Info> = registry.info("open_build", "B.").dynamic_family().expect("legal");
    drop(infos.get_or_create(&[("version", "1")]).expect("legal"));
    let times: DynamicFamily<Summary> =
        registry.summary("open_time", "T.").quantiles(&[0.9]).window(DAY, 4).dynamic_family().expect("legal");
    times.get_or_create(&[("z", "1"), ("y", "2")]).expect("legal").observe(4.0);
    let empty: DynamicFamily<UpDownCounter> =
        registry.up_down_counter("open_empty", "").dynamic_family().expect("legal");
    assert_eq!(empty.clear(), 0);
}

/// Families of bridges that give their names up to others.
fn open_names(registry: &Registry) {
    let wish =
        |stem, suffix, word| DynamicSettings::new().preferred_name(PreferredName { stem, suffix, word, rank: 1 });
    let wishful: DynamicFamily<Counter> = registry
        .counter("wished_total", "")
        .dynamic_family_with(wish("wished", "_total", "counter"))
        .expect("a wish is never refused");
    wishful.get_or_create(&[("of", "the bridge")]).expect("legal").add(6);
    registry.counter("wished_total", "As the program counts.").register().expect("legal").add(7);
    assert_eq!(wishful.name(), "wished_counter_total");
}
