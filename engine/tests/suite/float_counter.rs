//! Totals that are no integers: added by many threads, refused where they would fall, idle where nobody adds.

use std::thread;
use std::time::{Duration, Instant};
use streamgauge::testing::expire_idle_at;
use streamgauge::{
    Error, Family, FloatCounter, Format, Kind, LabelSet, MetricSet, MetricValue, Registry, Scraper, stats,
};

#[derive(LabelSet)]
struct Tenant<'a> {
    tenant: &'a str,
}

#[derive(MetricSet)]
struct Billing {
    /// What was billed, in credits.
    billed_credits_total: FloatCounter,
}

fn text(registry: &Registry) -> String {
    let mut body = Vec::new();
    Scraper::new(registry).encode(Format::Text, &mut body);
    String::from_utf8(body).expect("text")
}

#[test]
fn many_threads_add_up() {
    let registry = Registry::new();
    let cost: FloatCounter = registry.float_counter("cost_total", "C.").register().expect("legal");
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..1000).for_each(|_| cost.add(0.25)));
        }
    });
    assert_eq!(cost.get(), 1000.0);
    assert_eq!(registry.sample_value("cost_total", &[]), Some(1000.0));
    assert_eq!(text(&registry), "# HELP cost_total C.\n# TYPE cost_total counter\ncost_total 1000\n");
    let mut seen = Vec::new();
    Scraper::new(&registry).visit(|metric| {
        assert_eq!((metric.kind(), metric.value()), (Kind::FloatCounter, MetricValue::FloatCounter(1000.0)));
        seen.push(metric.created().is_some());
    });
    assert_eq!(seen, [true]);
}

#[test]
fn what_would_make_it_fall_is_refused_and_counted() {
    let registry = Registry::new();
    let cost = registry.float_counter("cost_total", "C.").register().expect("legal");
    cost.add(1.5);
    let before = stats();
    [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.5].into_iter().for_each(|value| cost.add(value));
    let after = stats();
    assert_eq!(cost.get(), 1.5);
    let refused = |stats: &streamgauge::Stats| (stats.dropped_nan, stats.dropped_infinite, stats.dropped_negative);
    let (before, after) = (refused(&before), refused(&after));
    assert!(after.0 > before.0 && after.1 >= before.1 + 2 && after.2 > before.2, "{before:?} {after:?}");
    cost.add(f64::MAX);
    cost.add(f64::MAX);
    assert_eq!(cost.get(), f64::MAX, "it stays there");
    let noop = FloatCounter::noop();
    noop.add(2.0);
    noop.add(-2.0);
    assert_eq!(noop.get(), 0.0);
}

#[test]
fn families_sets_and_names_are_those_of_counters() {
    let registry = Registry::new();
    let tenants = Family::<Tenant<'static>, Billing>::register(&registry).expect("legal");
    tenants.with(&Tenant { tenant: "a" }, |set| set.billed_credits_total.add(0.5));
    assert_eq!(registry.sample_value("billed_credits_total", &[("tenant", "a")]), Some(0.5));
    let error = registry.float_counter("cost", "C.").register().expect_err("the name of no counter");
    assert!(error.to_string().contains("ends in `_total`"), "{error}");
    let error = registry.counter("billed_credits_total", "What was billed, in credits.").register();
    assert!(
        matches!(&error, Err(Error::Conflict { registered, .. }) if registered.starts_with("a float counter")),
        "{error:?}"
    );
}

#[test]
fn one_that_nobody_adds_to_is_idle() {
    let registry = Registry::new();
    let hour = Duration::from_secs(3600);
    let costs: Family<Tenant<'static>, FloatCounter> =
        registry.float_counter("cost_total", "C.").idle_timeout(hour).family().expect("legal");
    for tenant in ["busy", "idle", "refused"] {
        costs.with(&Tenant { tenant }, |cost| cost.add(1.0));
    }
    let start = Instant::now();
    assert_eq!(expire_idle_at(&registry, start), 0);
    // An addition of nothing is an update too.
    costs.with(&Tenant { tenant: "busy" }, |cost| cost.add(0.0));
    costs.with(&Tenant { tenant: "refused" }, |cost| cost.add(-1.0));
    assert_eq!(expire_idle_at(&registry, start + hour), 1);
    assert!(costs.get(&Tenant { tenant: "idle" }).is_none() && costs.get(&Tenant { tenant: "busy" }).is_some());
}
