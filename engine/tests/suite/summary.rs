//! Summaries: exact counts and sums, quantiles within 1 %, a window that ends, and everything else that a metric can do.

use crate::common::labels::{Source, Table};
use crate::common::{Floor, wait_until};
use proptest::collection::vec;
use proptest::prelude::*;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;
use streamgauge::{
    Counter, Error, Family, Format, Kind, MetricSet, MetricValue, Registry, Scraper, Summary, Tick, Unit,
};

/// A window that no test outlasts.
const HOUR: Duration = Duration::from_secs(3600);

type Times = Family<Table<'static>, Summary>;

fn times(registry: &Registry) -> Times {
    registry.summary("time", "T.").quantiles(&[0.5, 1.0]).family().expect("legal")
}

fn body(scraper: &mut Scraper) -> String {
    let mut body = Vec::new();
    scraper.encode(Format::Text, &mut body);
    crate::common::text::parse(&body).expect("a legal body");
    String::from_utf8(body).expect("UTF-8")
}

#[test]
fn a_summary_is_quantiles_a_sum_and_a_count() {
    let registry = Registry::new();
    let scope = registry.label("pipeline", "orders");
    let time = scope.summary("time_seconds", "T.").unit(Unit::Seconds).quantiles(&[0.0, 0.5, 1.0]);
    let time = time.register().expect("legal");
    time.observe(0.25);
    time.observe_n(0.5, 3);
    time.observe_duration(Duration::from_secs(4));
    // The middle of the bin of 0.5, which is within 1 %.
    let median = time.snapshot().quantile(0.5).expect("observed");
    assert!((median - 0.5).abs() <= 0.005);
    assert_eq!(
        body(&mut Scraper::new(&registry)),
        format!(
            "# HELP time_seconds T.\n# TYPE time_seconds summary\n\
             time_seconds{{pipeline=\"orders\",quantile=\"0\"}} 0.25\n\
             time_seconds{{pipeline=\"orders\",quantile=\"0.5\"}} {median}\n\
             time_seconds{{pipeline=\"orders\",quantile=\"1\"}} 4\n\
             time_seconds_sum{{pipeline=\"orders\"}} 5.75\ntime_seconds_count{{pipeline=\"orders\"}} 5\n"
        )
    );
    let value = |name: &str, labels: &[(&str, &str)]| registry.sample_value(name, labels);
    assert_eq!(value("time_seconds", &[("quantile", "1"), ("pipeline", "orders")]), Some(4.0));
    assert_eq!(value("time_seconds", &[("pipeline", "orders"), ("quantile", "0.50")]), Some(median));
    assert_eq!(value("time_seconds", &[("pipeline", "orders"), ("quantile", "0.9")]), None);
    assert_eq!(value("time_seconds", &[("pipeline", "orders")]), None);
    assert_eq!(value("time_seconds_sum", &[("pipeline", "orders")]), Some(5.75));
    assert_eq!(value("time_seconds_count", &[("pipeline", "orders")]), Some(5.0));
    assert_eq!(value("time_seconds_bucket", &[("pipeline", "orders"), ("le", "1")]), None);
    let mut seen = 0;
    Scraper::new(&registry).visit(|sample| {
        let MetricValue::Summary(summary) = sample.value() else { panic!("{:?}", sample.value()) };
        assert_eq!((sample.kind(), summary.count(), summary.sum()), (Kind::Summary, 5, 5.75));
        assert_eq!(summary.quantiles().collect::<Vec<_>>(), [(0.0, 0.25), (0.5, median), (1.0, 4.0)]);
        assert!(sample.created().is_some());
        seen += 1;
    });
    assert_eq!(seen, 1);
}

#[test]
fn time_is_measured_in_seconds() {
    let registry = Registry::new();
    let time = registry.summary("time_seconds", "T.").register().expect("legal");
    let start = Tick::now();
    let end = time.lap(start);
    time.observe_between(start, end);
    time.observe_between(end, start);
    let snapshot = time.snapshot();
    assert_eq!(snapshot.count(), 3);
    assert_eq!(snapshot.sum(), 2.0 * end.duration_since(start).as_secs_f64(), "the last one is 0");
    assert_eq!(snapshot.quantile(0.0), Some(0.0));
}

#[test]
fn an_empty_window_has_no_quantiles_and_keeps_count_and_sum() {
    let registry = Registry::new();
    let time = registry.summary("time", "T.").quantiles(&[0.5]).window(Duration::from_nanos(1), 1);
    let time = time.register().expect("legal");
    let mut scraper = Scraper::new(&registry);
    let header = "# HELP time T.\n# TYPE time summary\n";
    assert_eq!(body(&mut scraper), format!("{header}time{{quantile=\"0.5\"}} NaN\ntime_sum 0\ntime_count 0\n"));
    time.observe(2.5);
    // The window is as short as can be: it ends when the clock moves on.
    while time.snapshot().quantile(0.5).is_some() {}
    assert_eq!(body(&mut scraper), format!("{header}time{{quantile=\"0.5\"}} NaN\ntime_sum 2.5\ntime_count 1\n"));
    assert!(registry.sample_value("time", &[("quantile", "0.5")]).is_some_and(f64::is_nan));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn quantiles_are_within_one_percent_of_the_values_in_order(
        powers in vec((-7.0..4.0f64, 1..4u64, any::<bool>()), 1..400),
    ) {
        let registry = Registry::new();
        let quantiles = [0.0, 0.1, 0.5, 0.9, 0.99, 1.0];
        let time = registry.summary("time", "T.").quantiles(&quantiles).register().expect("legal");
        let (mut sorted, mut sum) = (Vec::new(), 0.0);
        for (power, n, is_negative) in powers {
            let value = if is_negative { -10f64.powf(power) } else { 10f64.powf(power) };
            time.observe_n(value, n);
            sum += value * n as f64;
            sorted.extend((0..n).map(|_| value));
        }
        sorted.sort_unstable_by(f64::total_cmp);
        let snapshot = time.snapshot();
        prop_assert_eq!((snapshot.count(), snapshot.sum()), (sorted.len() as u64, sum));
        for q in quantiles {
            let exact = sorted[(q * (sorted.len() - 1) as f64) as usize];
            let shown = registry.sample_value("time", &[("quantile", &q.to_string())]).expect("declared");
            prop_assert!((shown - exact).abs() <= 0.01 * exact.abs(), "{}: {} for {}", q, shown, exact);
            prop_assert_eq!(snapshot.quantile(q), Some(shown));
        }
    }
}

#[test]
fn many_threads_lose_nothing_and_no_scrape_goes_back() {
    const THREADS: u64 = 8;
    let each = crate::common::size(20_000, 20) as u64;
    let registry = Registry::new();
    let time = registry.summary("time", "T.").quantiles(&[0.0, 0.5, 1.0]).window(HOUR, 3);
    let time = time.register().expect("legal");
    let (floor, done) = (Floor::default(), AtomicBool::new(false));
    thread::scope(|scope| {
        let recorders: Vec<_> = (1..=THREADS)
            .map(|thread| {
                let time = time.clone();
                scope.spawn(move || (0..each).for_each(|_| time.observe(thread as f64)))
            })
            .collect();
        for _ in 0..2 {
            scope.spawn(|| {
                let (mut scraper, mut sum) = (Scraper::new(&registry), 0.0);
                while !done.load(Ordering::Relaxed) {
                    floor.scrape(&mut scraper);
                    // No value is negative, so the sum does not fall either.
                    let now = time.snapshot().sum();
                    assert!(now >= sum, "{now} after {sum}");
                    sum = now;
                }
            });
        }
        let ended: Vec<_> = recorders.into_iter().map(thread::ScopedJoinHandle::join).collect();
        done.store(true, Ordering::Relaxed);
        assert!(ended.iter().all(Result::is_ok));
    });
    let parsed = floor.scrape(&mut Scraper::new(&registry));
    assert_eq!(parsed.integer("time_count", &[]), THREADS * each);
    assert_eq!(time.snapshot().sum(), (THREADS * (THREADS + 1) / 2 * each) as f64);
    assert_eq!(parsed.get("time", &[("quantile", "1")]), Some("8"));
    assert_eq!(parsed.get("time", &[("quantile", "0")]), Some("1"));
}

#[test]
fn noops_and_disabled_registries_do_nothing() {
    static NOOP: Summary = Summary::noop();
    NOOP.observe(1.0);
    NOOP.observe(f64::NAN);
    let disabled = Registry::disabled().summary("time", "T.").register().expect("legal");
    disabled.lap(Tick::now());
    for summary in [NOOP.clone(), disabled, Summary::default()] {
        let snapshot = summary.snapshot();
        assert_eq!((snapshot.count(), snapshot.sum(), snapshot.quantile(0.5)), (0, 0.0, None));
    }
}

#[test]
fn what_is_declared_is_checked() {
    let registry = Registry::new();
    let declare = |quantiles: &[f64]| registry.summary("time", "T.").quantiles(quantiles).register().map(drop);
    for quantiles in [&[][..], &[1.1], &[-0.5], &[f64::NAN], &[0.9, 0.5], &[0.5, 0.5]] {
        let error = declare(quantiles).expect_err("not usable");
        assert!(matches!(&error, Error::InvalidSpec { name, kind: Kind::Summary, .. } if name == "time"), "{error}");
        assert!(error.to_string().starts_with("summary \"time\": "), "{error}");
    }
    let window = registry.summary("time", "T.").window(Duration::ZERO, 3).register();
    assert!(window.is_err_and(|error| error.to_string().contains("window of 0ns")));
    let label = registry.summary("time", "T.").label("quantile", "x").register();
    assert!(label.is_err_and(|error| error.to_string().contains("reserved")));
    for name in ["time_sum", "time_count", "time_total"] {
        assert!(registry.summary(name, "T.").register().is_err(), "{name}");
    }
    declare(&[0.5]).expect("legal");
    declare(&[0.5]).expect("the same again");
    let other = declare(&[0.5, 0.9]).expect_err("another one").to_string();
    assert!(
        other.contains("quantiles [0.5] of a window of 60s in 3 slices") && other.contains("[0.5, 0.9]"),
        "{other}"
    );
    let window = registry.summary("time", "T.").quantiles(&[0.5]).window(Duration::from_secs(60), 6).register();
    assert!(window.is_err_and(|error| error.to_string().contains("in 6 slices")));
    assert!(registry.gauge("time", "T.").register().is_err());
    for name in ["time_sum", "time_count", "time_created"] {
        let taken = registry.gauge(name, "T.").verbatim().register();
        assert!(matches!(taken, Err(Error::SampleNameTaken { .. })), "{name}");
    }
    registry.gauge("time_bucket", "T.").verbatim().register().expect("no summary has it").set(1.0);
}

#[test]
fn a_family_has_a_summary_for_each_label_set() {
    let registry = Registry::new();
    let times = times(&registry);
    times.with(&Table { table: "a" }, |time| time.observe(1.0));
    times.with(&Table { table: "a" }, |time| time.observe(3.0));
    times.get_or_create(&Table { table: "b\"" }).observe(5.0);
    let mut scraper = Scraper::new(&registry);
    let text = body(&mut scraper);
    assert!(text.contains("time{table=\"a\",quantile=\"1\"} 3\ntime_sum{table=\"a\"} 4\ntime_count{table=\"a\"} 2\n"));
    assert!(text.contains("time_sum{table=\"b\\\"\"} 5\n"));
    let held = times.get_or_create(&Table { table: "a" });
    assert!(times.remove(&Table { table: "a" }));
    held.observe(9.0);
    assert!(body(&mut scraper).contains("time_sum{table=\"a\"} 13\n"), "the final value, once more");
    assert!(!body(&mut scraper).contains("table=\"a\""));
    times.with(&Table { table: "a" }, |time| time.observe(1.0));
    assert!(body(&mut scraper).contains("time_count{table=\"a\"} 1\n"), "born again");
    assert_eq!(held.snapshot().count(), 3, "a handle of the removed one is of use to its owner only");
}

#[test]
fn past_the_limit_all_is_in_the_overflow_series() {
    let registry = Registry::new();
    let times: Times = registry.summary("time", "T.").limit(2).family().expect("legal");
    for table in ["a", "b", "c", "d"] {
        times.with(&Table { table }, |time| time.observe(2.0));
    }
    let count = |table| registry.sample_value("time_count", &[("table", table)]);
    assert_eq!((count("a"), count("b"), count("c"), count("__overflow__")), (Some(1.0), Some(1.0), None, Some(2.0)));
}

#[test]
fn a_handle_cache_keeps_summaries() {
    let registry = Registry::new();
    let times = times(&registry);
    let mut cache = times.handle_cache::<u32>();
    for _ in 0..3 {
        cache.get_or_insert_with(7, |family| family.get_or_create(&Table { table: "a" })).observe(1.0);
    }
    assert_eq!(registry.sample_value("time_count", &[("table", "a")]), Some(3.0));
    times.clear();
    cache.get_or_insert_with(7, |family| family.get_or_create(&Table { table: "a" })).observe(1.0);
    assert_eq!(registry.sample_value("time_count", &[("table", "a")]), Some(1.0));
}

const SHARES: [f64; 2] = [0.25, 0.75];

#[derive(MetricSet)]
struct TableMetrics {
    /// Rows.
    rows_total: Counter,
    /// Time to apply.
    #[metric(unit = "seconds", quantiles = [0.5, 0.99], window = (Duration::from_secs(10), 5))]
    apply_seconds: Summary,
    /// Sizes.
    #[metric(quantiles = SHARES)]
    sizes: Family<Table<'static>, Summary>,
}

#[test]
fn a_set_may_have_summaries() {
    let registry = Registry::new();
    let sources = Family::<Source<'static>, TableMetrics>::register(&registry.scope("app")).expect("legal");
    sources.with(&Source { source: "s" }, |set| {
        set.rows_total.inc();
        set.apply_seconds.observe(2.0);
        set.sizes.with(&Table { table: "t" }, |sizes| sizes.observe(7.0));
    });
    let value = |name: &str, labels: &[(&str, &str)]| registry.sample_value(name, labels);
    assert_eq!(value("app_apply_seconds", &[("source", "s"), ("quantile", "0.99")]), Some(2.0));
    assert_eq!(value("app_sizes", &[("source", "s"), ("table", "t"), ("quantile", "0.75")]), Some(7.0));
    let described = registry.describe();
    let apply = described.iter().find(|family| family.name == "app_apply_seconds").expect("declared");
    assert_eq!(
        (apply.kind, &*apply.quantiles, apply.window),
        (Kind::Summary, &[0.5, 0.99][..], Some(Duration::from_secs(10)))
    );
    assert!(sources.remove(&Source { source: "s" }));
    assert_eq!(value("app_apply_seconds_count", &[("source", "s")]), None);
}

#[test]
fn idle_summaries_expire_and_observations_keep_them() {
    let timeout = Duration::from_millis(60);
    let registry = Registry::new();
    let times: Times = registry.summary("time", "T.").idle_timeout(timeout).family().expect("legal");
    for table in ["idle", "busy", "held"] {
        times.with(&Table { table }, |time| time.observe(1.0));
    }
    let held = times.get_or_create(&Table { table: "held" });
    let count = |table: &str| registry.sample_value("time_count", &[("table", table)]);
    let mut busy = 1.0;
    let mut look = || {
        times.with(&Table { table: "busy" }, |time| time.observe(1.0));
        busy += 1.0;
        registry.expire_idle();
    };
    wait_until("idle series do not expire", || {
        look();
        count("idle").is_none()
    });
    assert_eq!(count("held"), Some(1.0), "a held series expired");
    drop(held);
    wait_until("released series do not expire", || {
        look();
        count("held").is_none()
    });
    // Between two looks there was an observation, however slow the machine is.
    assert_eq!(count("busy"), Some(busy), "what is observed does not go with the others");
}
