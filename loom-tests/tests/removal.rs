//! Removal against record, lookup and scrape; limits (O9, O19, O20, I3).
#![cfg(engine_loom)]

use loom::thread;
use std::sync::Arc;
use streamgauge::{Counter, Family, Fault, LabelSet, MetricValue, Registry, Scraper, model};
use streamgauge_loom_tests::{fails, holds, holds_with};

#[derive(LabelSet)]
struct Table {
    table: u64,
}

type Events = Family<Table, Counter>;

fn family(registry: &Registry, name: &str) -> Arc<Events> {
    Arc::new(registry.counter(name, "Events.").family().expect("a legal declaration"))
}

fn record(family: &Events, table: u64) {
    family.with(&Table { table }, |counter| counter.inc());
}

/// Returns the value of each label set that one scrape shows.
fn scrape(scraper: &mut Scraper) -> Vec<(String, u64)> {
    let mut shown = Vec::new();
    scraper.visit(|sample| {
        if let MetricValue::Counter(count) = sample.value() {
            let table = sample.labels().get("table").unwrap_or_default().into_owned();
            assert!(shown.iter().all(|(before, _)| *before != table), "{table} is shown twice in one scrape");
            shown.push((table, count));
        }
    });
    shown
}

/// A thread records through a lookup while the series is removed and its cells are given to another.
fn removal_and_record() {
    let registry = Registry::new();
    let events = family(&registry, "events_total");
    record(&events, 1);
    let recorder = events.clone();
    let recording = thread::spawn(move || record(&recorder, 1));
    events.remove(&Table { table: 1 });
    model::tidy_up();
    // May get the cells of the removed series, if nothing can reach them any more.
    let other = Registry::new().counter("other_total", "Other.").register().expect("a legal declaration");
    let seen = other.get();
    assert_eq!(seen, 0, "a new series shows a foreign increment");
    recording.join().expect("the thread ends");
    assert_eq!(other.get(), 0, "a new series shows a foreign increment");
    model::tidy_up();
}

/// A scrape shows a series that is being removed, or its final value, and nothing twice.
fn removal_and_scrape() {
    let registry = Registry::new();
    let events = family(&registry, "events_total");
    record(&events, 1);
    let mut scraper = Scraper::new(&registry);
    let remover = events.clone();
    let removing = thread::spawn(move || {
        assert!(remover.remove(&Table { table: 1 }));
        model::tidy_up();
    });
    let first = scrape(&mut scraper);
    removing.join().expect("the thread ends");
    let second = scrape(&mut scraper);
    let third = scrape(&mut scraper);
    assert!(first.iter().chain(&second).all(|shown| *shown == ("1".to_owned(), 1)));
    assert!(!first.is_empty() || !second.is_empty(), "the final value was never shown");
    assert!(third.is_empty(), "the final value is shown for ever");
    model::tidy_up();
}

/// A series is removed and made again while a scrape runs: its labels are shown once at most.
fn rebirth_and_scrape() {
    rebirth(&[]);
}

/// The same beside a series that lives on, so that the rows stay in their pages: the removed one in front of
/// the new one.
fn rebirth_in_place_and_scrape() {
    rebirth(&[2]);
}

fn rebirth(beside: &[u64]) {
    let registry = Registry::new();
    let events = family(&registry, "events_total");
    record(&events, 1);
    for table in beside {
        record(&events, *table);
    }
    let mut scraper = Scraper::new(&registry);
    let churning = events.clone();
    let thread = thread::spawn(move || {
        churning.remove(&Table { table: 1 });
        record(&churning, 1);
    });
    scrape(&mut scraper);
    thread.join().expect("the thread ends");
    let mut last = scrape(&mut scraper);
    last.sort();
    let live: Vec<_> = [1].iter().chain(beside).map(|table| (table.to_string(), 1)).collect();
    assert_eq!(last, live, "the new series, which starts at zero");
    model::tidy_up();
}

/// Two families of one registry, whose series limit leaves one more series.
fn budget() {
    let registry = Registry::new();
    registry.set_series_limit(1);
    let families = [family(&registry, "a_total"), family(&registry, "b_total")];
    let threads = families.map(|family| thread::spawn(move || record(&family, 1)));
    for thread in threads {
        thread.join().expect("the thread ends");
    }
    let (mut series, mut total) = (0, 0);
    Scraper::new(&registry).visit(|sample| {
        if let MetricValue::Counter(count) = sample.value() {
            total += count;
            let overflow = sample.labels().get("table").is_some_and(|table| table == "__overflow__");
            series += usize::from(!overflow);
        }
    });
    assert_eq!((series, total), (1, 2), "series past the limit, or records lost");
}

/// A visitor that is shown a removed series looks up, removes and records, while another thread removes.
fn visitor_of_removed_series() {
    let registry = Registry::new();
    let events = family(&registry, "events_total");
    let mut scraper = Scraper::new(&registry);
    for table in [1, 2] {
        record(&events, table);
    }
    events.remove(&Table { table: 1 });
    let remover = events.clone();
    let removing = thread::spawn(move || remover.remove(&Table { table: 2 }));
    let mut removed = 0;
    scraper.visit(|sample| {
        if sample.labels().get("table").as_deref() == Some("1") {
            record(&events, 3);
            assert!(events.remove(&Table { table: 3 }));
            removed += 1;
        }
    });
    assert_eq!(removed, 1, "the removed series is shown");
    assert!(removing.join().expect("the thread ends"), "it was there");
    model::tidy_up();
}

#[test]
fn visitors_hold_no_lock() {
    holds(50, visitor_of_removed_series);
}

#[test]
fn visitors_twin() {
    fails(Fault::ShownUnderLock, "deadlock", visitor_of_removed_series);
}

/// The same where lookups count on a barrier that the system refuses.
fn removal_without_its_fence() {
    model::allow_barriers(false);
    let registry = Registry::new();
    let events = family(&registry, "events_total");
    record(&events, 1);
    let recorder = events.clone();
    let recording = thread::spawn(move || {
        // The first lookup of a thread has a fence of its own.
        record(&recorder, 1);
        record(&recorder, 1);
    });
    events.remove(&Table { table: 1 });
    model::tidy_up();
    let other = Registry::new().counter("other_total", "Other.").register().expect("a legal declaration");
    assert_eq!(other.get(), 0, "a new series shows a foreign increment");
    recording.join().expect("the thread ends");
    assert_eq!(other.get(), 0, "a new series shows a foreign increment");
    model::allow_barriers(true);
    model::tidy_up();
}

#[test]
fn removal_without_its_fence_frees_nothing() {
    holds_with(Fault::HeavyFenceFails, 50, removal_without_its_fence);
}

#[test]
fn removal_without_its_fence_twin() {
    fails(Fault::UnfencedFreed, "Causality violation", removal_without_its_fence);
}

#[test]
fn removal_waits_for_lookups() {
    holds(100, removal_and_record);
}

#[test]
fn removal_twin_without_fence() {
    fails(Fault::PinWithoutFence, "Causality violation", removal_and_record);
}

#[test]
fn removal_twin_without_grace() {
    fails(Fault::ReleasedAtOnce, "a foreign increment", removal_and_record);
}

#[test]
fn final_values_are_shown_once() {
    holds(100, removal_and_scrape);
}

#[test]
fn final_values_twin() {
    fails(Fault::RemovalNumberedFirst, "the final value was never shown", removal_and_scrape);
}

#[test]
fn labels_are_shown_once_a_scrape() {
    holds(100, rebirth_and_scrape);
}

#[test]
fn labels_twin() {
    fails(Fault::RebornShownTwice, "is shown twice in one scrape", rebirth_and_scrape);
}

#[test]
fn labels_are_shown_once_a_scrape_in_place() {
    holds(100, rebirth_in_place_and_scrape);
}

#[test]
fn labels_in_place_twin() {
    fails(Fault::RecordPublishedFirst, "is shown twice in one scrape", rebirth_in_place_and_scrape);
}

#[test]
fn labels_in_place_twin_of_two_moments() {
    fails(Fault::SnapshotUnordered, "is shown twice in one scrape", rebirth_in_place_and_scrape);
}

#[test]
fn budgets_are_exact() {
    holds(20, budget);
}

#[test]
fn budget_twin() {
    fails(Fault::BudgetWithoutRmw, "series past the limit", budget);
}
