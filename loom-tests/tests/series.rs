//! The life of a series: its users and the reuse of its cells (O11, O12, I3).
#![cfg(engine_loom)]

use loom::thread;
use std::sync::Arc;
use std::time::{Duration, Instant};
use streamgauge::{
    Counter, Family, Fault, LabelSet, Registry, model, testing::expire_unheld, testing::expire_unheld_at, warm_thread,
};
use streamgauge_loom_tests::{fails, holds};

/// A user comes while the series expires.
fn expiry() {
    let series = model::Expirable::new();
    let seen = series.clone();
    let user = thread::spawn(move || seen.admit());
    let expired = series.expire();
    let admitted = user.join().expect("the thread ends").is_some();
    assert!(!(expired && admitted), "a user holds a dead series");
    assert!(expired || admitted, "neither was admitted, nor expired");
}

#[derive(LabelSet)]
struct Table {
    table: u64,
}

/// A handle is asked for while the family expires the series.
fn expiry_of_a_family() {
    let registry = Registry::new();
    // Idle at once: what a model cannot do is wait.
    let events = registry.counter("events_total", "Events.").idle_timeout(Duration::ZERO).family();
    let events: Arc<Family<Table, Counter>> = Arc::new(events.expect("a legal declaration"));
    events.with(&Table { table: 1 }, |counter| counter.inc());
    let asking = events.clone();
    let user = thread::spawn(move || {
        let counter = asking.get_or_create(&Table { table: 1 });
        counter.inc();
        counter
    });
    let expired = expire_unheld(&registry) as u64;
    let counter = user.join().expect("the thread ends");
    let [own, overflow] = ["1", "__overflow__"].map(|table| registry.sample_value("events_total", &[("table", table)]));
    // Of the overflow series where the user came in the middle of the expiry.
    assert_eq!(overflow, None, "a handle of the overflow series though there is room");
    assert_eq!(own, Some(counter.get() as f64), "a user holds a dead series");
    // The user came after the expiry, or vetoed it.
    assert_eq!(counter.get() + expired, 2, "records were lost, or counted twice");
    assert_eq!(expire_unheld(&registry), 0, "a held series expired");
    drop(counter);
    assert_eq!(expire_unheld(&registry), 1, "a series that nobody holds does not expire");
    model::tidy_up();
}

/// A thread records into a series that goes, while another makes a new one, which may get its cells.
fn reuse() {
    let registry = Registry::new();
    let counter = registry.counter("old_total", "Old.").register().expect("a legal declaration");
    let recording = thread::spawn(move || {
        counter.inc();
        drop(counter);
    });
    drop(registry);
    model::tidy_up();
    let registry = Registry::new();
    let reborn = registry.counter("new_total", "New.").register().expect("a legal declaration");
    let seen = reborn.get();
    assert_eq!(seen, 0, "a new series shows a foreign increment");
    recording.join().expect("the thread ends");
    assert_eq!(reborn.get(), 0, "a new series shows a foreign increment");
}

/// A thread warms itself while a series that it has recorded into goes, and another gets its cells.
fn warming() {
    let registry = Registry::new();
    let counter = registry.counter("old_total", "Old.").register().expect("a legal declaration");
    let recording = thread::spawn(move || {
        counter.inc();
        drop(counter);
        warm_thread();
    });
    drop(registry);
    model::tidy_up();
    let registry = Registry::new();
    let reborn = registry.counter("new_total", "New.").register().expect("a legal declaration");
    recording.join().expect("the thread ends");
    assert_eq!(reborn.get(), 0, "a new series shows a foreign increment");
}

/// A handle is cloned inside a lookup, where what is shown does not count as a user, while the family expires the
/// series.
fn clone_in_a_lookup() {
    let registry = Registry::new();
    let events = registry.counter("events_total", "Events.").idle_timeout(Duration::ZERO).family();
    let events: Arc<Family<Table, Counter>> = Arc::new(events.expect("a legal declaration"));
    events.init(&Table { table: 1 });
    let looking = events.clone();
    let user = thread::spawn(move || looking.with(&Table { table: 1 }, Counter::clone));
    let expired = expire_unheld(&registry);
    model::tidy_up();
    let counter = user.join().expect("the thread ends");
    assert_eq!(expire_unheld(&registry), 0, "a held series expired");
    model::tidy_up();
    counter.inc();
    let other = Registry::new().counter("other_total", "Other.").register().expect("a legal declaration");
    assert_eq!(other.get(), 0, "a new series shows a foreign increment");
    // Where the series expired under the lookup the handle is of a removed series, or of the one made after it.
    let own = registry.sample_value("events_total", &[("table", "1")]);
    assert!(own == Some(1.0) || (expired == 1 && own.is_none()), "a held series shows {own:?}");
}

/// A series is idle while another one is removed, which moves its row.
fn expiry_beside_compaction() {
    const TIMEOUT: Duration = Duration::from_secs(4);
    let registry = Registry::new();
    let events = registry.counter("events_total", "Events.").idle_timeout(TIMEOUT).family();
    let events: Arc<Family<Table, Counter>> = Arc::new(events.expect("a legal declaration"));
    for table in [1, 2] {
        events.init(&Table { table });
    }
    let start = Instant::now();
    assert_eq!(expire_unheld_at(&registry, start), 0, "nothing is known yet");
    let remover = events.clone();
    let removing = thread::spawn(move || remover.remove(&Table { table: 1 }));
    let early = expire_unheld_at(&registry, start + TIMEOUT / 2);
    assert_eq!(early, 0, "a series expired too early");
    let removed = usize::from(removing.join().expect("the thread ends"));
    let expired = expire_unheld_at(&registry, start + TIMEOUT);
    assert_eq!((removed, expired), (1, 1), "a series that was moved does not expire");
    model::tidy_up();
}

#[test]
fn warming_leaves_values_alone() {
    holds(20, warming);
}

#[test]
fn warming_twin() {
    fails(Fault::WarmAddsNothing, "Causality violation", warming);
}

#[test]
fn clones_of_a_lookup_are_users() {
    holds(20, clone_in_a_lookup);
}

#[test]
fn clones_of_a_lookup_twin() {
    fails(Fault::CloneUncounted, "a held series expired", clone_in_a_lookup);
}

#[test]
fn series_that_are_moved_expire() {
    holds(20, expiry_beside_compaction);
}

#[test]
fn series_that_are_moved_twin() {
    fails(Fault::IdleByAddress, "a series that was moved does not expire", expiry_beside_compaction);
}

#[test]
fn users_veto_expiry() {
    holds(3, expiry);
}

#[test]
fn users_twin() {
    fails(Fault::KillByCheckThenSet, "a user holds a dead series", expiry);
}

#[test]
fn users_veto_the_expiry_of_a_family() {
    holds(100, expiry_of_a_family);
}

#[test]
fn users_of_a_family_twin() {
    fails(Fault::KillByCheckThenSet, "a user holds a dead series", expiry_of_a_family);
}

#[test]
fn users_of_a_family_twin_dead_admitted() {
    fails(Fault::DeadAdmitted, "a user holds a dead series", expiry_of_a_family);
}

#[test]
fn reused_cells_are_zero() {
    holds(20, reuse);
}

#[test]
fn reuse_twin() {
    fails(Fault::ReuseWithoutZeroing, "a foreign increment", reuse);
}
