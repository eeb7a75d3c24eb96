//! The life of a series: its users and the reuse of its cells (O11, O12, I3).
#![cfg(engine_loom)]

use loom::thread;
use streamgauge::{Fault, Registry, model};
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

#[test]
fn users_veto_expiry() {
    holds(3, expiry);
}

#[test]
fn users_twin() {
    fails(Fault::KillByCheckThenSet, "a user holds a dead series", expiry);
}

#[test]
fn reused_cells_are_zero() {
    holds(20, reuse);
}

#[test]
fn reuse_twin() {
    fails(Fault::ReuseWithoutZeroing, "a foreign increment", reuse);
}
