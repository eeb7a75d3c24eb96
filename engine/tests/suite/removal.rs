//! Series that come and go: removal, the last exposure, rebirth, limits, overflow.

use crate::common::labels::{Number, Table};
use crate::common::{size, wait_until};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use streamgauge::{Counter, Family, Format, Gauge, Histogram, MetricValue, Registry, Scraper};

type Events = Family<Table<'static>, Counter>;

fn events(registry: &Registry) -> Events {
    registry.counter("events_total", "Events.").family().expect("legal")
}

fn inc(events: &Events, table: &str) {
    events.with(&Table { table }, Counter::inc);
}

/// Gives what one scrape shows: values by table. Fails where one is shown twice.
fn shown(scraper: &mut Scraper) -> BTreeMap<String, u64> {
    let mut shown = BTreeMap::new();
    scraper.visit(|sample| {
        let MetricValue::Counter(count) = sample.value() else { return };
        let table = sample.labels().get("table").unwrap_or_default().into_owned();
        assert_eq!(shown.insert(table.clone(), count), None, "{table} is shown twice");
    });
    shown
}

fn map<const N: usize>(pairs: [(&str, u64); N]) -> BTreeMap<String, u64> {
    pairs.into_iter().map(|(table, count)| (table.to_owned(), count)).collect()
}

#[test]
fn each_scraper_shows_a_removed_series_once_more() {
    let registry = Registry::new();
    let events = events(&registry);
    let (mut first, mut second) = (Scraper::new(&registry), Scraper::new(&registry));
    inc(&events, "a");
    inc(&events, "b");
    assert_eq!(shown(&mut first), map([("a", 1), ("b", 1)]));
    inc(&events, "a");
    assert!(events.remove(&Table { table: "a" }));
    assert!(!events.remove(&Table { table: "a" }), "it is gone");
    assert_eq!(shown(&mut first), map([("a", 2), ("b", 1)]), "the final value");
    assert_eq!(shown(&mut first), map([("b", 1)]));
    assert_eq!(shown(&mut second), map([("a", 2), ("b", 1)]), "the other scraper has not shown it yet");
    assert_eq!(shown(&mut second), map([("b", 1)]));
    assert_eq!(registry.sample_value("events_total", &[("table", "a")]), None);
}

#[test]
fn a_reborn_series_starts_at_zero_later_and_hides_the_old_one() {
    let registry = Registry::new();
    let events = events(&registry);
    let mut scraper = Scraper::new(&registry);
    let created = |scraper: &mut Scraper| {
        let mut created = None;
        scraper.visit(|sample| created = sample.created());
        created.expect("a series")
    };
    inc(&events, "a");
    let mut before = created(&mut scraper);
    for _ in 0..10 {
        let stale = events.get_or_create(&Table { table: "a" });
        events.remove(&Table { table: "a" });
        events.init(&Table { table: "a" });
        stale.add(100);
        assert_eq!(shown(&mut scraper), map([("a", 0)]), "records through a stale handle reach nobody");
        let now = created(&mut scraper);
        assert!(now > before, "created timestamps strictly increase");
        before = now;
    }
    // Removed twice between two scrapes: the later one's final value, once.
    inc(&events, "a");
    events.remove(&Table { table: "a" });
    inc(&events, "a");
    inc(&events, "a");
    events.remove(&Table { table: "a" });
    assert_eq!(shown(&mut scraper), map([("a", 2)]));
    assert_eq!(shown(&mut scraper), map([]));
}

#[test]
fn retain_and_clear_touch_their_own_constant_labels_only() {
    let registry = Registry::new();
    let own: Events = registry.label("pipeline", "orders").counter("events_total", "Events.").family().expect("legal");
    let other: Events = registry.label("pipeline", "users").counter("events_total", "Events.").family().expect("legal");
    for table in ["a", "b", "tmp_1", "tmp_2"] {
        inc(&own, table);
        inc(&other, table);
    }
    let removed = own.retain(|labels| {
        assert_eq!(labels.get("pipeline").as_deref(), Some("orders"));
        !labels.get("table").is_some_and(|table| table.starts_with("tmp_"))
    });
    assert_eq!(removed, 2);
    assert_eq!(own.clear(), 2);
    assert_eq!(own.clear(), 0);
    assert_eq!(registry.sample_value("events_total", &[("pipeline", "users"), ("table", "tmp_1")]), Some(1.0));
}

#[test]
fn keep_may_look_up_record_and_remove() {
    let registry = Registry::new();
    let events = events(&registry);
    for table in ["a", "b", "c"] {
        inc(&events, table);
    }
    let removed = events.retain(|labels| {
        inc(&events, "d");
        events.remove(&Table { table: "c" });
        labels.get("table").as_deref() != Some("a")
    });
    assert_eq!(removed, 1, "c was removed by the closure, not for it");
    assert_eq!(registry.sample_value("events_total", &[("table", "b")]), Some(1.0));
}

#[test]
fn past_the_limit_every_record_goes_to_one_series_and_removal_makes_room() {
    let registry = Registry::new();
    let events: Events = registry.counter("events_total", "Events.").limit(3).family().expect("legal");
    let mut scraper = Scraper::new(&registry);
    for round in 0..10 {
        for table in ["a", "b", "c", "d", "e"] {
            inc(&events, table);
        }
        assert_eq!(
            events.get_or_create(&Table { table: "f" }).get(),
            2 * (round + 1),
            "a handle of the overflow series"
        );
    }
    assert_eq!(shown(&mut scraper), map([("__overflow__", 20), ("a", 10), ("b", 10), ("c", 10)]));
    events.remove(&Table { table: "b" });
    inc(&events, "d");
    inc(&events, "e");
    assert_eq!(shown(&mut scraper), map([("__overflow__", 21), ("a", 10), ("b", 10), ("c", 10), ("d", 1)]));
    // The reserved value is the overflow series itself.
    inc(&events, "__overflow__");
    assert_eq!(registry.sample_value("events_total", &[("table", "__overflow__")]), Some(22.0));
}

#[test]
fn a_registry_has_a_limit_too() {
    let registry = Registry::new();
    registry.set_series_limit(2);
    let events = events(&registry);
    let lag: Family<Table<'static>, Gauge> = registry.gauge("lag", "Lag.").family().expect("legal");
    inc(&events, "a");
    lag.with(&Table { table: "a" }, |gauge| gauge.set(1.0));
    inc(&events, "b");
    lag.with(&Table { table: "b" }, |gauge| gauge.set(2.0));
    let value = |name: &str, table: &str| registry.sample_value(name, &[("table", table)]);
    assert_eq!((value("events_total", "b"), value("events_total", "__overflow__")), (None, Some(1.0)));
    assert_eq!((value("lag", "b"), value("lag", "__overflow__")), (None, Some(2.0)));
    let refused = registry.gauge("depth", "Depth.").register().map(drop).expect_err("the registry is at its limit");
    let text = "the series limit is reached; its family may have 10000 series, and its registry has a limit too";
    assert!(refused.to_string().contains(text), "{refused}");
    events.remove(&Table { table: "a" });
    assert!(registry.gauge("depth", "Depth.").register().is_ok());
}

#[test]
fn long_values_are_cut_at_a_character() {
    let registry = Registry::new();
    let events: Events = registry.counter("events_total", "Events.").value_limit(5).family().expect("legal");
    for table in ["abcdé", "abcdéf", "abcdéfg"] {
        inc(&events, table);
    }
    inc(&events, "abcde");
    assert_eq!(shown(&mut Scraper::new(&registry)), map([("abcd", 3), ("abcde", 1)]));
}

#[test]
fn a_flood_of_values_is_bounded_and_counted() {
    let registry = Registry::new();
    let family: Family<Number, Counter> = registry.counter("events_total", "Events.").family().expect("legal");
    let flood = 60_000;
    for number in 0..flood {
        family.with(&Number { number }, Counter::inc);
    }
    let (mut series, mut total) = (0, 0);
    Scraper::new(&registry).visit(|sample| {
        if let MetricValue::Counter(count) = sample.value() {
            series += 1;
            total += count;
        }
    });
    assert_eq!((series, total), (10_001, flood));
}

#[test]
fn a_scrape_of_a_removed_family_is_empty_and_holes_are_compacted() {
    let registry = Registry::new();
    let sizes: Family<Number, Histogram> = registry.histogram("size", "Sizes.").family().expect("legal");
    let mut scraper = Scraper::new(&registry);
    for number in 0..1_000 {
        sizes.with(&Number { number }, |size| size.observe(1.0));
    }
    let removed = sizes.retain(|labels| labels.get("number").is_some_and(|number| number.len() == 1));
    assert_eq!(removed, 990);
    let mut body = Vec::new();
    assert_eq!(scraper.encode(Format::Text, &mut body).series(), 1_000, "990 of them for the last time");
    body.clear();
    assert_eq!(scraper.encode(Format::Text, &mut body).series(), 10);
    for number in 0..10 {
        let number = number.to_string();
        assert_eq!(registry.sample_value("size_count", &[("number", &number)]), Some(1.0));
    }
    sizes.clear();
    scraper.encode(Format::Text, &mut body);
    body.clear();
    assert_eq!(scraper.encode(Format::Text, &mut body).series(), 0);
    assert!(body.is_empty(), "no HELP without a series");
}

#[test]
fn no_increment_reaches_another_series_while_series_come_and_go() {
    let registry = Registry::new();
    let family: Family<Number, Counter> = registry.counter("events_total", "Events.").family().expect("legal");
    let steady = family.get_or_create(&Number { number: u64::MAX });
    let cycles = size(20_000, 40) as u64;
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let churners: Vec<_> = (0..2)
            .map(|thread| {
                let (family, steady) = (&family, &steady);
                scope.spawn(move || {
                    for cycle in 0..cycles {
                        let number = 2 * cycle + thread;
                        family.with(&Number { number }, Counter::inc);
                        steady.inc();
                        assert!(family.remove(&Number { number }), "only this thread removes it");
                    }
                })
            })
            .collect();
        let done = &done;
        let scraper = scope.spawn(|| {
            let mut scraper = Scraper::new(&registry);
            let mut last = 0;
            while !done.load(Ordering::Acquire) {
                let mut numbers = BTreeSet::new();
                scraper.visit(|sample| {
                    let number = sample.labels().get("number").unwrap_or_default().into_owned();
                    assert!(numbers.insert(number.clone()), "{number} is shown twice");
                    let MetricValue::Counter(count) = sample.value() else { return };
                    if number == u64::MAX.to_string() {
                        assert!(count >= last, "the steady series fell from {last} to {count}");
                        last = count;
                    } else {
                        assert!(count <= 1, "{number} shows a foreign increment: {count}");
                    }
                });
            }
        });
        // All of them first: the scraper runs until it is told that they have ended.
        let ended: Vec<_> = churners.into_iter().map(std::thread::ScopedJoinHandle::join).collect();
        done.store(true, Ordering::Release);
        scraper.join().expect("the scraper holds");
        assert!(ended.iter().all(Result::is_ok), "a churner failed");
    });
    assert_eq!(steady.get(), 2 * cycles);
    assert_eq!(streamgauge::stats().internal_errors, 0);
}

/// What a random program does to one family.
#[derive(Clone, Debug)]
enum Step {
    Record(u8, u64),
    Remove(u8),
    Hold(u8),
    Release(u8),
    Scrape,
}

fn step() -> impl Strategy<Value = Step> {
    let table = 0u8..6;
    prop_oneof![
        4 => (table.clone(), 1u64..5).prop_map(|(table, n)| Step::Record(table, n)),
        2 => table.clone().prop_map(Step::Remove),
        1 => table.clone().prop_map(Step::Hold),
        1 => table.prop_map(Step::Release),
        2 => Just(Step::Scrape),
    ]
}

proptest! {
    #[test]
    fn a_random_program_shows_what_a_map_says(steps in prop::collection::vec(step(), 1..80)) {
        let registry = Registry::new();
        let events = events(&registry);
        let mut scraper = Scraper::new(&registry);
        let mut live: BTreeMap<String, u64> = BTreeMap::new();
        let mut departed: BTreeMap<String, u64> = BTreeMap::new();
        let mut held: BTreeMap<String, Counter> = BTreeMap::new();
        let name = |table: u8| format!("t{table}");
        for step in steps {
            match step {
                Step::Record(table, n) => {
                    events.with(&Table { table: &name(table) }, |counter| counter.add(n));
                    *live.entry(name(table)).or_default() += n;
                }
                Step::Remove(table) => {
                    let value = live.remove(&name(table));
                    prop_assert_eq!(events.remove(&Table { table: &name(table) }), value.is_some());
                    departed.extend(value.map(|value| (name(table), value)));
                }
                Step::Hold(table) => {
                    live.entry(name(table)).or_default();
                    held.insert(name(table), events.get_or_create(&Table { table: &name(table) }));
                }
                Step::Release(table) => {
                    held.remove(&name(table));
                }
                Step::Scrape => {
                    let mut expected = std::mem::take(&mut departed);
                    expected.extend(live.clone());
                    prop_assert_eq!(shown(&mut scraper), expected);
                }
            }
        }
    }
}

#[test]
fn idle_series_expire_unless_held_and_updates_keep_them() {
    use std::time::Duration;
    let timeout = Duration::from_millis(60);
    let registry = Registry::new();
    let scope = registry.with_idle_timeout(&[streamgauge::Kind::Counter, streamgauge::Kind::Gauge], timeout);
    let events: Events = scope.counter("events_total", "Events.").family().expect("legal");
    let lag: Family<Table<'static>, Gauge> = scope.gauge("lag", "Lag.").family().expect("legal");
    let sizes: Family<Table<'static>, Histogram> =
        registry.histogram("size", "Sizes.").idle_timeout(timeout).family().expect("legal");
    let stays: Family<Table<'static>, Counter> = registry.counter("stays_total", "Stays.").family().expect("legal");
    let mut scraper = Scraper::new(&registry);
    for table in ["idle", "busy", "held"] {
        inc(&events, table);
        lag.with(&Table { table }, |gauge| gauge.set(1.0));
        sizes.with(&Table { table }, |size| size.observe(1.0));
        inc(&stays, table);
    }
    let handles = (events.get_or_create(&Table { table: "held" }), lag.get_or_create(&Table { table: "held" }));
    let exists = |name: &str, table: &str| registry.sample_value(name, &[("table", table)]).is_some();
    wait_until("idle series do not expire", || {
        inc(&events, "busy");
        // The same value again: setting it is an update.
        lag.with(&Table { table: "busy" }, |gauge| gauge.set(1.0));
        sizes.with(&Table { table: "busy" }, |size| size.observe(1.0));
        scraper.visit(|_| ());
        registry.expire_idle();
        !(exists("events_total", "idle") || exists("lag", "idle") || exists("size_count", "idle"))
    });
    assert!(exists("events_total", "held") && exists("lag", "held"), "a held series expired");
    assert!(exists("stays_total", "idle"), "a family without a timeout expired");
    drop(handles);
    wait_until("released series do not expire", || {
        registry.expire_idle();
        !(exists("events_total", "held") || exists("lag", "held"))
    });
}

/// A declaration that finds its series in the middle of its removal makes the next one.
#[test]
fn a_registration_beside_removals_never_fails() {
    let registry = Registry::new();
    let all: Family<(), Counter> = registry.counter("events_total", "Events.").family().expect("legal");
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                all.clear();
            }
        });
        let refused = (0..size(20_000, 60)).find_map(|_| {
            all.get_or_create(&()).inc();
            registry.counter("events_total", "Events.").register().err()
        });
        // Before anything can panic: the other thread waits for it.
        done.store(true, Ordering::Relaxed);
        assert_eq!(refused, None);
    });
    let last = all.get_or_create(&());
    assert_eq!(registry.sample_value("events_total", &[]), Some(last.get() as f64));
}
