//! Series limits: what is admitted, and that a series is admitted again once another has gone (O20).
#![cfg(engine_loom)]

use loom::thread;
use std::sync::Arc;
use streamgauge::{Counter, Family, Fault, LabelSet, Registry, model};
use streamgauge_loom_tests::{fails, holds};

#[derive(LabelSet)]
struct Table {
    table: u64,
}

type Events = Family<Table, Counter>;

fn record(family: &Events, table: u64) {
    family.with(&Table { table }, |counter| counter.inc());
}

/// Returns the value of the live series of a label, 0 where there is none.
fn live(registry: &Registry, name: &str, table: &str) -> f64 {
    registry.sample_value(name, &[("table", table)]).unwrap_or_default()
}

/// A family at its limit loses a series while another is asked for.
fn family_limit() {
    let registry = Registry::new();
    let events: Events = registry.counter("a_total", "Events.").limit(1).family().expect("a legal declaration");
    let events = Arc::new(events);
    record(&events, 1);
    let remover = events.clone();
    let removing = thread::spawn(move || assert!(remover.remove(&Table { table: 1 })));
    record(&events, 2);
    removing.join().expect("the thread ends");
    let before = live(&registry, "a_total", "2");
    record(&events, 2);
    assert_eq!(live(&registry, "a_total", "2"), before + 1.0, "room was overlooked");
    record(&events, 3);
    let overflow = live(&registry, "a_total", "__overflow__");
    assert_eq!(live(&registry, "a_total", "3"), 0.0, "a series past the limit");
    assert_eq!(before + overflow, 2.0, "records were lost, or counted twice");
    model::tidy_up();
}

/// Two threads ask a family for the last place of its limit.
fn last_place() {
    let registry = Registry::new();
    let events: Events = registry.counter("a_total", "Events.").limit(1).family().expect("a legal declaration");
    let events = Arc::new(events);
    let other = events.clone();
    let second = thread::spawn(move || record(&other, 2));
    record(&events, 1);
    second.join().expect("the thread ends");
    let [first, second, overflow] = ["1", "2", "__overflow__"].map(|table| live(&registry, "a_total", table));
    assert_eq!(first + second, 1.0, "series past the limit");
    assert_eq!(overflow, 1.0, "records were lost, or counted twice");
}

/// The registry's limit is one series, which one family gives back while another asks for it.
fn registry_limit() {
    let registry = Registry::new();
    registry.set_series_limit(1);
    let [giver, taker] = ["a_total", "b_total"].map(|name| -> Arc<Events> {
        Arc::new(registry.counter(name, "Events.").family().expect("a legal declaration"))
    });
    record(&giver, 1);
    let giving = thread::spawn(move || assert!(giver.remove(&Table { table: 1 })));
    record(&taker, 2);
    giving.join().expect("the thread ends");
    let before = live(&registry, "b_total", "2");
    record(&taker, 2);
    assert_eq!(live(&registry, "b_total", "2"), before + 1.0, "room was overlooked");
    assert_eq!(before + live(&registry, "b_total", "__overflow__"), 1.0, "records were lost, or counted twice");
    model::tidy_up();
}

#[test]
fn room_of_a_family_comes_back() {
    holds(100, family_limit);
}

#[test]
fn room_of_a_family_twin() {
    fails(Fault::ChangeToldFirst, "room was overlooked", family_limit);
}

#[test]
fn the_last_place_is_given_once() {
    holds(50, last_place);
}

#[test]
fn the_last_place_twin() {
    fails(Fault::LimitCheckedEarly, "series past the limit", last_place);
}

#[test]
fn room_of_a_registry_comes_back() {
    holds(100, registry_limit);
}

#[test]
fn room_of_a_registry_twin_noted_late() {
    fails(Fault::RefusalNotedLate, "room was overlooked", registry_limit);
}

#[test]
fn room_of_a_registry_twin_not_looked_for_again() {
    fails(Fault::RoomNotLookedForAgain, "room was overlooked", registry_limit);
}
