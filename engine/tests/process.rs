//! What is counted or kept for the whole process, one test at a time: how much was refused and for which reason, and
//! what is not freed while any thread might look at it.

mod common;

use common::labels::{Number, Table};
use common::{alone, scrape};
use std::sync::Arc;
use streamgauge::{Buckets, Counter, Family, Gauge, MetricSet, Registry, Scraper, stats};

#[test]
fn refused_observations_are_counted_by_reason() {
    let _alone = alone();
    let registry = Registry::new();
    let sizes = registry.histogram("size", "S.").register().expect("legal");
    let skews = registry.histogram("skew", "S.").buckets(Buckets::explicit([-1.0, 1.0])).register().expect("legal");
    let reasons = || (stats().dropped_nan, stats().dropped_infinite, stats().dropped_negative);
    let mut before = reasons();
    let mut dropped = |observe: &dyn Fn()| {
        observe();
        let (from, to) = (before, reasons());
        before = to;
        (to.0 - from.0, to.1 - from.1, to.2 - from.2)
    };
    assert_eq!(dropped(&|| sizes.observe(f64::NAN)), (1, 0, 0));
    assert_eq!(dropped(&|| sizes.observe_n(-f64::NAN, 5)), (5, 0, 0));
    assert_eq!(dropped(&|| sizes.observe(f64::INFINITY)), (0, 1, 0));
    assert_eq!(dropped(&|| sizes.observe(f64::NEG_INFINITY)), (0, 1, 0));
    assert_eq!(dropped(&|| sizes.observe_n(-1.0, 3)), (0, 0, 3));
    assert_eq!(dropped(&|| sizes.observe(-f64::MIN_POSITIVE)), (0, 0, 1));
    assert_eq!(dropped(&|| skews.observe(f64::NAN)), (1, 0, 0));
    assert_eq!(dropped(&|| skews.observe(f64::NEG_INFINITY)), (0, 1, 0));
    assert_eq!(sizes.snapshot().count() + skews.snapshot().count(), 0);
    assert_eq!(sizes.snapshot().sum(), 0.0);
    // These are observations.
    let accepted = [0.0, -0.0, 5e-324, f64::MIN_POSITIVE, f64::MAX];
    assert_eq!(dropped(&|| accepted.iter().for_each(|value| sizes.observe(*value))), (0, 0, 0));
    assert_eq!(dropped(&|| [-1.0, -1e300, -0.0].iter().for_each(|value| skews.observe(*value))), (0, 0, 0));
    assert_eq!((sizes.snapshot().count(), skews.snapshot().count()), (5, 3));
    assert_eq!(sizes.snapshot().sum(), f64::MAX);
    assert_eq!(sizes.snapshot().cumulative_buckets().next(), Some((0.005, 4)));
    assert_eq!(skews.snapshot().cumulative_buckets().collect::<Vec<_>>(), [(-1.0, 2), (1.0, 3), (f64::INFINITY, 3)]);
    scrape(&mut Scraper::new(&registry));
}

#[test]
fn what_is_no_number_is_counted_and_what_is_negative_recorded() {
    let _alone = alone();
    let registry = Registry::new();
    let drift = registry.summary("drift", "D.").register().expect("legal");
    let before = stats();
    drift.observe(f64::NAN);
    drift.observe_n(f64::INFINITY, 3);
    drift.observe(f64::NEG_INFINITY);
    drift.observe(-2.0);
    drift.observe(-0.0);
    let after = stats();
    assert_eq!(after.dropped_nan - before.dropped_nan, 1);
    assert_eq!(after.dropped_infinite - before.dropped_infinite, 4);
    assert_eq!(after.dropped_negative, before.dropped_negative);
    let snapshot = drift.snapshot();
    assert_eq!((snapshot.count(), snapshot.sum()), (2, -2.0));
    assert_eq!((snapshot.quantile(0.0), snapshot.quantile(1.0)), (Some(-2.0), Some(-0.0)));
    assert_eq!((snapshot.quantile(1.5), snapshot.quantile(f64::NAN)), (None, None));
}

#[test]
fn callbacks_of_removed_series_are_let_go_where_nobody_scrapes() {
    let _alone = alone();
    let registry = Registry::new();
    let depth: Family<Number, Gauge> = registry.gauge("depth", "D.").family().expect("legal");
    let owned = Arc::new(());
    for number in 0..5_000 {
        let own = owned.clone();
        let gauge = registry.gauge("depth", "D.").label("number", number.to_string());
        gauge.callback(move || Arc::strong_count(&own) as f64).expect("legal");
        assert!(depth.remove(&Number { number }));
    }
    assert!(Arc::strong_count(&owned) < 1_000, "{} closures are held", Arc::strong_count(&owned));
}

/// A set of which the second metric has no room.
#[derive(MetricSet)]
struct Lopsided {
    /// Roomy.
    a_total: Counter,
    /// Crowded.
    #[metric(limit = 10)]
    b_total: Counter,
}

/// Returns the number of series that one scrape shows of a family.
fn shown(scraper: &mut Scraper, name: &str) -> usize {
    let mut series = 0;
    scraper.visit(|sample| series += usize::from(sample.name() == name));
    series
}

#[test]
fn sets_without_room_are_refused_without_a_trace() {
    let _alone = alone();
    const FLOOD: u64 = 2_000;
    let registry = Registry::new();
    let sets = Family::<Number, Lopsided>::register(&registry.scope("s")).expect("legal");
    let mut scraper = Scraper::new(&registry);
    for number in 0..10 {
        sets.with(&Number { number }, |set| set.a_total.inc());
    }
    let before = stats().pending_reclamation;
    for number in 10..10 + FLOOD {
        sets.with(&Number { number }, |set| set.a_total.inc());
    }
    let pending = stats().pending_reclamation;
    assert!(pending < before + 500, "{pending} wait, {before} did before");
    assert_eq!(shown(&mut scraper, "s_a_total"), 11, "ten, and the overflow series");
    assert_eq!(registry.sample_value("s_a_total", &[("number", "__overflow__")]), Some(FLOOD as f64));
    // Room that comes back is found.
    assert!(sets.remove(&Number { number: 0 }));
    sets.with(&Number { number: 77_777 }, |set| set.b_total.add(5));
    assert_eq!(registry.sample_value("s_b_total", &[("number", "77777")]), Some(5.0));
}

#[test]
fn sets_that_the_registry_refuses_find_room_when_it_comes_back() {
    let _alone = alone();
    let registry = Registry::new();
    let other: Family<Number, Counter> = registry.counter("other_total", "O.").family().expect("legal");
    let sets = Family::<Number, Lopsided>::register(&registry.scope("s")).expect("legal");
    for number in 0..3 {
        other.init(&Number { number });
    }
    // One place is left, and a set takes two.
    registry.set_series_limit(4);
    for number in 0..100 {
        sets.with(&Number { number }, |set| set.a_total.inc());
    }
    assert_eq!(registry.sample_value("s_a_total", &[("number", "__overflow__")]), Some(100.0));
    // The place that is left is somebody else's.
    other.init(&Number { number: 3 });
    assert_eq!(registry.sample_value("other_total", &[("number", "3")]), Some(0.0));
    for number in 0..2 {
        assert!(other.remove(&Number { number }));
    }
    sets.with(&Number { number: 5 }, |set| set.b_total.inc());
    assert_eq!(registry.sample_value("s_b_total", &[("number", "5")]), Some(1.0), "two places have come back");
}

/// The metrics of a registry about itself, of which some are of the process.
#[test]
fn they_count_what_happens_to_series() {
    let _alone = alone();
    let registry = Registry::new();
    registry.enable_self_metrics().expect("free");
    let events: Family<Table<'static>, Counter> =
        registry.counter("events_total", "E.").limit(2).family().expect("legal");
    for table in ["a", "b", "c", "d", "c"] {
        events.with(&Table { table }, Counter::inc);
    }
    assert!(events.remove(&Table { table: "a" }));
    events.with(&Table { table: "eé" }, Counter::inc);
    let parsed = scrape(&mut Scraper::new(&registry));
    let value = |name: &str| parsed.integer(&format!("streamgauge_{name}"), &[("family", "events_total")]);
    // b, eé and the overflow series live.
    assert_eq!((value("series"), value("created_series_total"), value("removed_series_total")), (3, 4, 1));
    assert_eq!(value("overflowed_lookups_total"), 3);
    assert_eq!(value("label_text_bytes"), ["b", "eé", "__overflow__"].map(|value| 8 + value.len() as u64).iter().sum());
    for name in ["internal_errors_total", "lost_records_total"] {
        assert_eq!(parsed.integer(&format!("streamgauge_{name}"), &[]), 0);
    }
    assert!(parsed.integer("streamgauge_slabs", &[]) >= 1);
    assert!(parsed.integer("streamgauge_cells_bytes", &[]) >= 64 * 1024);
    assert!(parsed.get("streamgauge_pending_reclamation", &[]).is_some());
}
