//! Lookup against insertion, growth and scrape: the pin, the table, the rows (O9, O10, O13, O14).
#![cfg(engine_loom)]

use loom::thread;
use std::sync::Arc;
use streamgauge::{Counter, Family, Fault, LabelSet, MetricValue, Registry, Scraper, model};
use streamgauge_loom_tests::{fails, holds};

#[derive(LabelSet)]
struct Table {
    table: u64,
}

type Events = Family<Table, Counter>;

/// Makes a family in which the series 1 to `series` have one increment each.
fn family(registry: &Registry, series: u64) -> Arc<Events> {
    let family: Events = registry.counter("events_total", "Events.").family().expect("a legal declaration");
    for table in 1..=series {
        record(&family, table);
    }
    Arc::new(family)
}

/// Series that the first table holds; one more makes it grow.
const FULL: u64 = 3;

fn record(family: &Events, table: u64) {
    family.with(&Table { table }, |counter| counter.inc());
}

/// Reads all series of a registry: their number and their total.
fn scrape(registry: &Registry) -> (usize, u64) {
    let (mut series, mut total) = (0, 0);
    Scraper::new(registry).visit(|sample| {
        series += 1;
        if let MetricValue::Counter(count) = sample.value() {
            total += count;
        }
    });
    (series, total)
}

/// A thread looks up while another makes the table grow, which retires the table under the first.
fn growth() {
    let registry = Registry::new();
    let family = family(&registry, FULL);
    let reader = family.clone();
    let lookup = thread::spawn(move || record(&reader, 1));
    record(&family, FULL + 1);
    model::tidy_up();
    lookup.join().expect("the thread ends");
    assert_eq!(scrape(&registry), (4, 5), "increments were lost");
}

/// The same with a thread that has given its slab back, and so has no pin word of its own.
fn growth_under_an_orphan() {
    let registry = Registry::new();
    let family = family(&registry, FULL);
    let reader = family.clone();
    let lookup = thread::spawn(move || {
        model::end_thread();
        record(&reader, 1);
    });
    record(&family, FULL + 1);
    model::tidy_up();
    lookup.join().expect("the thread ends");
    assert_eq!(scrape(&registry), (4, 5), "increments were lost");
}

/// Two threads use a label set for the first time.
fn insertion() {
    let registry = Registry::new();
    let family = family(&registry, 1);
    let threads = [(); 2].map(|()| {
        let family = family.clone();
        thread::spawn(move || record(&family, 2))
    });
    for thread in threads {
        thread.join().expect("the thread ends");
    }
    assert_eq!(scrape(&registry), (2, 3), "one label set, one series");
}

/// A scrape walks the rows while one is appended.
fn append() {
    let registry = Registry::new();
    // Two series fill the first pages, so that the third finds room in the last one.
    let family = family(&registry, 2);
    let writer = family.clone();
    let thread = thread::spawn(move || record(&writer, 3));
    let (series, total) = scrape(&registry);
    assert!((2..=3).contains(&series) && total <= 3);
    thread.join().expect("the thread ends");
    assert_eq!(scrape(&registry), (3, 3));
}

#[test]
fn growth_frees_nothing_that_a_pin_sees() {
    holds(50, growth);
}

#[test]
fn growth_twin_without_fence() {
    fails(Fault::PinWithoutFence, "Causality violation", growth);
}

#[test]
fn growth_twin_without_looking() {
    fails(Fault::ReclaimIgnoresPins, "Causality violation", growth);
}

#[test]
fn growth_twin_freed_at_once() {
    fails(Fault::TableFreedAtOnce, "Causality violation", growth);
}

#[test]
fn orphans_pin_too() {
    holds(20, growth_under_an_orphan);
}

#[test]
fn orphans_pin_twin() {
    fails(Fault::ReclaimIgnoresOrphans, "Causality violation", growth_under_an_orphan);
}

#[test]
fn one_label_set_is_one_series() {
    holds(50, insertion);
}

#[test]
fn insertion_twin() {
    fails(Fault::SlotPublishedRelaxed, "Causality violation", insertion);
}

#[test]
fn records_are_published_whole() {
    holds(50, append);
}

#[test]
fn records_twin() {
    fails(Fault::RecordPublishedRelaxed, "Causality violation", append);
}
