//! Handle caches against removal and the return of room (O20, O21).
#![cfg(engine_loom)]

use loom::sync::Arc as Shared;
use loom::sync::atomic::{AtomicBool, Ordering};
use loom::thread;
use std::sync::Arc;
use streamgauge::{Counter, Family, Fault, HandleCache, LabelSet, Registry, model};
use streamgauge_loom_tests::{fails, holds};

#[derive(LabelSet)]
struct Table {
    table: u64,
}

type Events = Family<Table, Counter>;
type Cache = HandleCache<u64, Table, Counter>;

fn record(cache: &mut Cache, table: u64) {
    cache.get_or_insert_with(table, |family| family.get_or_create(&Table { table })).inc();
}

/// Returns the value of the live series of a label, 0 where there is none.
fn live(registry: &Registry, table: &str) -> f64 {
    registry.sample_value("events_total", &[("table", table)]).unwrap_or_default()
}

/// A cache is used while two series are removed, its own the second, and again when the removals have returned.
fn removal() {
    let registry = Registry::new();
    let events: Events = registry.counter("events_total", "Events.").family().expect("a legal declaration");
    let events = Arc::new(events);
    events.init(&Table { table: 2 });
    let mut cache = events.handle_cache::<u64>();
    record(&mut cache, 1);
    // Of the series as it is now, whatever becomes of it.
    let old = events.get_or_create(&Table { table: 1 });
    let returned = Shared::new(AtomicBool::new(false));
    let (remover, returns) = (events.clone(), returned.clone());
    let removing = thread::spawn(move || {
        remover.remove(&Table { table: 2 });
        remover.remove(&Table { table: 1 });
        returns.store(true, Ordering::Release);
    });
    let returned = returned.load(Ordering::Acquire);
    record(&mut cache, 1);
    assert!(!returned || old.get() == 1, "a cache recorded into a series whose removal had returned");
    removing.join().expect("the thread ends");
    let before = old.get();
    record(&mut cache, 1);
    assert_eq!(old.get(), before, "a cache recorded into a series whose removal had returned");
    let [reborn, overflow] = ["1", "__overflow__"].map(|table| live(&registry, table));
    assert_eq!(overflow, 0.0, "overflow though there is room");
    assert_eq!(before as f64 + reborn + overflow, 3.0, "records were lost, or counted twice");
    drop((cache, old));
    model::tidy_up();
}

/// A cache that had to take the overflow series is used while the only series is removed, and after that.
fn room() {
    let registry = Registry::new();
    let events: Events = registry.counter("events_total", "Events.").limit(1).family().expect("a legal declaration");
    let events = Arc::new(events);
    events.init(&Table { table: 1 });
    let mut cache = events.handle_cache::<u64>();
    record(&mut cache, 2);
    let remover = events.clone();
    let removing = thread::spawn(move || assert!(remover.remove(&Table { table: 1 })));
    record(&mut cache, 2);
    removing.join().expect("the thread ends");
    record(&mut cache, 2);
    let [own, overflow] = ["2", "__overflow__"].map(|table| live(&registry, table));
    assert!(own >= 1.0, "a handle of the overflow series was kept though there is room");
    assert_eq!(own + overflow, 3.0, "records were lost, or counted twice");
    drop(cache);
    model::tidy_up();
}

#[test]
fn removed_series_leave_caches() {
    holds(100, removal);
}

#[test]
fn removed_series_twin_told_first() {
    fails(Fault::ChangeToldFirst, "whose removal had returned", removal);
}

#[test]
fn removed_series_twin_told_relaxed() {
    fails(Fault::ChangeToldRelaxed, "whose removal had returned", removal);
}

#[test]
fn removed_series_twin_noted_late() {
    fails(Fault::SweepNotedLate, "whose removal had returned", removal);
}

#[test]
fn overflow_leaves_caches() {
    holds(15, room);
}

#[test]
fn overflow_twin_told_first() {
    fails(Fault::ChangeToldFirst, "kept though there is room", room);
}
