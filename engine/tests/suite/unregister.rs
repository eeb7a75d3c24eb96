//! Families and scopes that end before their registry does.

use crate::common::wait_until;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use streamgauge::bridge::{DynamicFamily, DynamicSettings, PreferredName};
use streamgauge::{Counter, Family, Format, LabelSet, MetricSet, Registry, Scraper};

#[derive(LabelSet)]
struct Table<'a> {
    table: &'a str,
}

#[derive(MetricSet)]
struct TableMetrics {
    /// Events.
    events_total: Counter,
    /// Rows.
    rows_total: Counter,
}

fn scrape(scraper: &mut Scraper) -> String {
    let mut body = Vec::new();
    scraper.encode(Format::Text, &mut body);
    String::from_utf8(body).expect("text")
}

#[test]
fn an_unregistered_family_is_gone_for_every_scraper_and_its_name_is_free() {
    let registry = Registry::new();
    let mut scraper = Scraper::new(&registry);
    let first = registry.counter("first_total", "F.").register().expect("legal");
    let events: Family<Table<'_>, Counter> = registry.counter("events_total", "E.").family().expect("legal");
    let last = registry.counter("last_total", "L.").register().expect("legal");
    [&first, &last].iter().for_each(|counter| counter.inc());
    let held = events.get_or_create(&Table { table: "a" });
    held.inc();
    assert!(scrape(&mut scraper).contains("events_total{table=\"a\"} 1"));

    assert!(registry.unregister("events_total") && !registry.unregister("events_total"));
    held.inc();
    events.with(&Table { table: "a" }, Counter::inc);
    events.get_or_create(&Table { table: "b" }).inc();
    assert_eq!(held.get(), 2, "a handle that is held records on");
    let text = "# HELP first_total F.\n# TYPE first_total counter\nfirst_total 1\n\
                # HELP last_total L.\n# TYPE last_total counter\nlast_total 1\n";
    assert_eq!(scrape(&mut scraper), text);
    assert_eq!(Scraper::new(&registry).encode(Format::Text, &mut Vec::new()).series(), 2);

    // As another kind, beside scrapers that knew the old one.
    registry.gauge("events", "E.").register().expect("legal").set(1.0);
    registry.histogram("events_total", "E.").verbatim().register().expect("the name is free").observe(1.0);
    let text = scrape(&mut scraper);
    assert!(text.ends_with("events_total_count 1\n") && text.contains("# TYPE events_total histogram"), "{text}");
}

#[test]
fn the_callback_of_an_unregistered_family_runs_no_more_and_is_dropped() {
    struct Noted(Arc<AtomicBool>);
    impl Drop for Noted {
        fn drop(&mut self) {
            self.0.store(true, Ordering::Relaxed);
        }
    }
    let registry = Registry::new();
    let (dropped, runs) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let (noted, counted) = (Noted(dropped.clone()), runs.clone());
    let callback = move || {
        let _ = &noted;
        counted.fetch_add(1, Ordering::Relaxed) as f64
    };
    registry.gauge("depth", "D.").callback(callback).expect("legal");
    let mut scraper = Scraper::new(&registry);
    scrape(&mut scraper);
    assert!(registry.unregister("depth"));
    (0..3).for_each(|_| drop(scrape(&mut scraper)));
    assert_eq!(runs.load(Ordering::Relaxed), 1);
    // A pin of a test beside this one puts it off.
    wait_until("the callback was not dropped", || {
        scrape(&mut scraper);
        dropped.load(Ordering::Relaxed)
    });
}

#[test]
fn a_name_that_somebody_waits_for_goes_to_who_waits() {
    let registry = Registry::new();
    registry.gauge("reads", "R.").register().expect("legal").set(1.0);
    let settings =
        DynamicSettings::new().preferred_name(PreferredName { stem: "reads", suffix: "", word: "gauge", rank: 0 });
    let wishing: DynamicFamily<streamgauge::Gauge> =
        registry.gauge("reads", "").verbatim().dynamic_family_with(settings).expect("another name");
    assert_eq!(wishing.name(), "reads_gauge");
    assert!(registry.unregister("reads"));
    assert_eq!(wishing.name(), "reads");
    wishing.get_or_create(&[]).expect("legal").set(2.0);
    // A dynamic family stays, with its handles.
    assert!(!registry.unregister("reads"));
    assert_eq!(registry.unregister_all(), 1, "but not its series");
    assert_eq!(registry.sample_value("reads", &[]), None);
}

#[test]
fn a_scope_ends_with_what_is_its_own() {
    let registry = Registry::new();
    let other = registry.counter("others_total", "O.").register().expect("legal");
    let near = registry.counter("apples_total", "A.").register().expect("legal");
    for pipeline in ["orders", "payments"] {
        let scope = registry.scope("app").label("pipeline", pipeline);
        let tables = Family::<Table<'_>, TableMetrics>::register(&scope).expect("legal");
        tables.with(&Table { table: "a" }, |set| set.events_total.inc());
        scope.scope("inner").counter("depth_total", "D.").register().expect("legal").inc();
    }
    let payments = registry.scope("app").label("pipeline", "payments");
    let families = Family::<Table<'_>, TableMetrics>::register(&payments).expect("the same");
    let value_of = |table| registry.sample_value("app_events_total", &[("pipeline", "payments"), ("table", table)]);
    let orders = registry.scope("app").label("pipeline", "orders");
    assert_eq!(orders.unregister_all(), 3);
    assert_eq!(orders.unregister_all(), 0);
    let value = |pipeline| registry.sample_value("app_events_total", &[("pipeline", pipeline), ("table", "a")]);
    assert_eq!((value("orders"), value("payments")), (None, Some(1.0)));
    // The metrics of a family of sets stay as long as that has handles.
    assert!(!registry.unregister("app_events_total"));
    assert_eq!(registry.scope("app").unregister_all(), 3);
    families.with(&Table { table: "b" }, |set| set.events_total.inc());
    assert_eq!(value_of("b"), Some(1.0));
    drop(families);
    assert!(registry.unregister("app_events_total"));
    assert_eq!(registry.scope("app").unregister_all(), 1);
    [&other, &near].iter().for_each(|counter| counter.inc());
    assert_eq!(
        registry.describe().iter().map(|family| family.name.as_str()).collect::<Vec<_>>(),
        ["apples_total", "others_total"]
    );
    assert_eq!(registry.unregister_all(), 2);
    assert_eq!(registry.render_text(), "");
    assert_eq!(Registry::disabled().unregister_all(), 0);
}

#[test]
fn families_come_and_go_beside_scrapes_and_records() {
    let registry = Registry::new();
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        for worker in 0..2 {
            let (registry, stop) = (&registry, &stop);
            scope.spawn(move || {
                let name = format!("worker_{worker}_total");
                let mut rounds = 0;
                while !stop.load(Ordering::Relaxed) || rounds < 50 {
                    let family = registry.counter(&name, "W.").family_by(["table"]).expect("legal");
                    ["a", "b", "c"].iter().for_each(|table| family.with(&[table], Counter::inc));
                    assert!(registry.unregister(&name));
                    family.with(&["d"], Counter::inc);
                    rounds += 1;
                }
            });
        }
        let mut scraper = Scraper::new(&registry);
        for _ in 0..200 {
            for line in scrape(&mut scraper).lines().filter(|line| !line.starts_with('#')) {
                assert!(line.starts_with("worker_") && line.ends_with(" 1") || line.ends_with(" 0"), "{line}");
            }
        }
        stop.store(true, Ordering::Relaxed);
    });
    assert_eq!(registry.render_text(), "");
}
