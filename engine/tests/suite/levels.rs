//! Levels: families that are switched off and on while the program runs.

use crate::common::labels::Table;
use streamgauge::{
    CollectedFamily, Collector, CollectorOutput, Counter, Error, Family, Format, Histogram, LabelSet, Level, MetricSet,
    Registry, Scraper, Switch,
};

#[derive(LabelSet)]
struct Outcome {
    ok: bool,
}

/// Gives the names of the families that a scrape shows, by both ways.
fn shown(registry: &Registry) -> Vec<String> {
    let mut body = Vec::new();
    let mut scraper = Scraper::new(registry);
    scraper.encode(Format::Text, &mut body);
    let text = String::from_utf8(body).expect("text");
    let types: Vec<String> =
        text.lines().filter_map(|line| Some(line.strip_prefix("# TYPE ")?.split(' ').next()?.to_owned())).collect();
    let mut visited: Vec<String> = Vec::new();
    scraper.visit(|sample| visited.push(sample.name().to_owned()));
    visited.dedup();
    assert_eq!(visited, types);
    types
}

#[test]
fn the_level_of_the_registry_decides_and_a_switch_overrides_it() {
    let registry = Registry::new();
    registry.counter("events_total", "Events.").register().expect("legal").inc();
    let detailed = registry.with_level(Level::Detailed);
    detailed.gauge("queue_age", "Age.").register().expect("legal").set(1.0);
    detailed.counter("commits_total", "Commits.").level(Level::Basic).register().expect("legal").inc();
    assert_eq!(registry.level(), Level::Detailed);
    assert_eq!(shown(&registry), ["events_total", "queue_age", "commits_total"]);
    registry.set_level(Level::Basic);
    assert_eq!(shown(&registry), ["events_total", "commits_total"]);
    assert_eq!(registry.sample_value("queue_age", &[]), None);
    registry.switch("queue_age", Switch::On).expect("it is there");
    registry.switch("commits_total", Switch::Off).expect("it is there");
    assert_eq!(shown(&registry), ["events_total", "queue_age"]);
    registry.set_level(Level::Detailed);
    assert_eq!(shown(&registry), ["events_total", "queue_age"], "a switch outlasts the level");
    registry.switch("commits_total", Switch::ByLevel).expect("it is there");
    assert_eq!(shown(&registry).len(), 3);
}

#[test]
fn a_family_that_is_registered_later_goes_by_the_level() {
    let registry = Registry::new();
    registry.set_level(Level::Basic);
    let late: Family<Table<'static>, Counter> =
        registry.counter("late_total", "Late.").level(Level::Detailed).family().expect("legal");
    assert!(!late.is_on());
    late.with(&Table { table: "a" }, Counter::inc);
    registry.set_level(Level::Detailed);
    assert!(late.is_on());
    assert_eq!(registry.sample_value("late_total", &[("table", "a")]), None, "nothing was looked up while it was off");
}

#[test]
fn lookups_are_left_out_and_handles_record_on() {
    let registry = Registry::new();
    let by_text: Family<Table<'static>, Counter> = registry.counter("rows_total", "Rows.").family().expect("legal");
    let by_number: Family<Outcome, Counter> = registry.counter("acks_total", "Acks.").family().expect("legal");
    let sizes: Histogram = registry.histogram("row_bytes", "Sizes.").register().expect("legal");
    let record = || {
        by_text.with(&Table { table: "orders" }, Counter::inc);
        by_number.with(&Outcome { ok: true }, Counter::inc);
        sizes.observe(7.0);
    };
    let held = by_text.get_or_create(&Table { table: "orders" });
    record();
    for name in ["rows_total", "acks_total", "row_bytes"] {
        registry.switch(name, Switch::Off).expect("it is there");
    }
    record();
    record();
    held.inc();
    by_text.with(&Table { table: "new" }, Counter::inc);
    let made_while_off = by_text.get_or_create(&Table { table: "held" });
    made_while_off.add(5);
    assert_eq!(shown(&registry), Vec::<String>::new());
    for name in ["rows_total", "acks_total", "row_bytes"] {
        registry.switch(name, Switch::On).expect("it is there");
    }
    record();
    let value = |name: &str, labels: &[(&str, &str)]| registry.sample_value(name, labels);
    assert_eq!(value("rows_total", &[("table", "orders")]), Some(3.0), "two lookups, and the handle while it was off");
    assert_eq!(value("rows_total", &[("table", "new")]), None);
    assert_eq!(value("rows_total", &[("table", "held")]), Some(5.0));
    assert_eq!(value("acks_total", &[("ok", "true")]), Some(2.0));
    assert_eq!(value("row_bytes_count", &[]), Some(4.0), "a handle's total is whole");
}

#[derive(MetricSet)]
#[metric(level = "detailed")]
struct Inner {
    /// Depth.
    depth_total: Counter,
    /// Height.
    #[metric(level = "basic")]
    height_total: Counter,
}

#[derive(MetricSet)]
struct Outer {
    /// Rows.
    rows_total: Counter,
    /// Bytes.
    #[metric(level = "detailed")]
    bytes_total: Counter,
    inner: Inner,
    #[metric(level = "detailed", prefix = "by")]
    tables: Family<Outcome, Flat>,
}

#[derive(MetricSet)]
struct Flat {
    /// Flat.
    flat_total: Counter,
}

#[test]
fn members_of_sets_have_levels() {
    let registry = Registry::new();
    registry.set_level(Level::Basic);
    let sets = Family::<Table<'static>, Outer>::register(&registry).expect("legal");
    let record = || {
        sets.with(&Table { table: "orders" }, |set| {
            set.rows_total.inc();
            set.bytes_total.add(10);
            set.inner.depth_total.inc();
            set.inner.height_total.inc();
            set.tables.with(&Outcome { ok: false }, |flat| flat.flat_total.inc());
        });
    };
    record();
    assert_eq!(shown(&registry), ["rows_total", "height_total"]);
    registry.set_level(Level::Detailed);
    record();
    let all = ["rows_total", "bytes_total", "depth_total", "height_total", "by_flat_total"];
    assert_eq!(shown(&registry), all);
    assert_eq!(registry.sample_value("bytes_total", &[("table", "orders")]), Some(20.0));
}

struct Partitions;

impl Collector for Partitions {
    fn describe(&self) -> Vec<CollectedFamily> {
        vec![
            CollectedFamily::gauge("partition_lag", "Lag."),
            CollectedFamily::gauge("partition_age", "Age.").level(Level::Detailed),
        ]
    }

    fn collect(&self, out: &mut CollectorOutput<'_>) {
        out.family("partition_lag").sample(&[], 1u64);
        out.family("partition_age").sample(&[], 2u64);
    }
}

#[test]
fn families_of_collectors_have_levels() {
    let registry = Registry::new();
    registry.register_collector(Partitions).expect("legal");
    assert_eq!(shown(&registry), ["partition_lag", "partition_age"]);
    registry.set_level(Level::Basic);
    assert_eq!(shown(&registry), ["partition_lag"]);
    registry.switch("partition_age", Switch::On).expect("it is there");
    registry.switch("partition_lag", Switch::Off).expect("it is there");
    assert_eq!(shown(&registry), ["partition_age"]);
    assert_eq!(registry.sample_value("partition_lag", &[]), None);
}

#[test]
fn what_is_removed_while_it_is_off_is_not_shown_later() {
    let registry = Registry::new();
    let family: Family<Table<'static>, Counter> = registry.counter("rows_total", "Rows.").family().expect("legal");
    family.with(&Table { table: "a" }, Counter::inc);
    family.with(&Table { table: "b" }, Counter::inc);
    let mut scraper = Scraper::new(&registry);
    let mut show = || {
        let mut tables = Vec::new();
        scraper.visit(|sample| tables.push(sample.labels().get("table").unwrap_or_default().into_owned()));
        tables
    };
    family.switch(Switch::Off);
    assert!(family.remove(&Table { table: "a" }));
    assert!(show().is_empty());
    family.switch(Switch::ByLevel);
    assert_eq!(show(), ["b"]);
}

#[test]
fn mistakes_are_errors() {
    let registry = Registry::new();
    let declare = |level| registry.counter("events_total", "Events.").level(level).register();
    declare(Level::Detailed).expect("legal").inc();
    let error = declare(Level::Basic).expect_err("another level");
    assert!(matches!(error, Error::Conflict { .. }));
    assert!(error.to_string().contains("level detailed"), "{error}");
    let error = registry.switch("event_total", Switch::Off).expect_err("a misspelt name");
    assert_eq!(
        error.to_string(),
        "no family is called \"event_total\"; the full name is needed, with the prefixes of its scopes"
    );
    assert_eq!(Registry::disabled().switch("anything", Switch::Off), Ok(()));
    assert!(!Family::<Outcome, Counter>::noop().is_on());
}

/// A set of two.
#[derive(MetricSet)]
struct Set {
    /// Rows.
    rows_total: Counter,
    /// Sizes.
    row_bytes: Histogram,
}

const NAMES: [&str; 2] = ["set_rows_total", "set_row_bytes"];

#[test]
fn sets_are_switched_with_their_members() {
    let registry = Registry::new();
    let sets: Family<Table<'static>, Set> =
        Family::<Table<'static>, Set>::register(&registry.scope("set")).expect("legal");
    let lines = || {
        let mut body = Vec::new();
        Scraper::new(&registry).encode(Format::Text, &mut body);
        String::from_utf8(body).expect("UTF-8").lines().filter(|line| !line.starts_with('#')).count()
    };
    let record = |table| sets.with(&Table { table }, |set| set.rows_total.inc());
    record("a");
    assert!(lines() > 0 && sets.is_on());
    sets.switch(Switch::Off);
    record("b");
    assert_eq!((lines(), sets.is_on()), (0, false), "what is off is not exposed");
    sets.switch(Switch::ByLevel);
    assert!(lines() > 0 && sets.is_on());
    assert_eq!(registry.sample_value("set_rows_total", &[("table", "b")]), None, "nothing was looked up");
    // One by one.
    for name in NAMES {
        assert!(sets.is_on());
        registry.switch(name, Switch::Off).expect("it is registered");
    }
    assert!(!sets.is_on(), "all members are off");
    registry.switch(NAMES[0], Switch::On).expect("it is registered");
    assert!(sets.is_on());
}

#[test]
fn callbacks_of_families_that_are_off_do_not_run() {
    let registry = Registry::new();
    let runs = std::sync::Arc::new(std::sync::atomic::AtomicU64::new(0));
    let run = runs.clone();
    let callback = move || match run.fetch_add(1, std::sync::atomic::Ordering::Relaxed) {
        0 => 1.0,
        _ => panic!("in a callback"),
    };
    registry.gauge("depth", "D.").level(Level::Detailed).callback(callback).expect("legal");
    registry.set_level(Level::Basic);
    let mut scraper = Scraper::new(&registry);
    for _ in 0..3 {
        assert_eq!(scraper.encode(Format::Text, &mut Vec::new()).failed_callbacks(), 0);
    }
    assert_eq!(runs.load(std::sync::atomic::Ordering::Relaxed), 0);
    registry.set_level(Level::Detailed);
    assert_eq!(scraper.encode(Format::Text, &mut Vec::new()).failed_callbacks(), 0);
    assert_eq!(scraper.encode(Format::Text, &mut Vec::new()).failed_callbacks(), 1);
}
