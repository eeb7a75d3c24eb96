//! Lookups by number, of label sets that can be enumerated, against removal (O9, O22).
#![cfg(engine_loom)]

use loom::thread;
use std::sync::Arc;
use streamgauge::{Counter, Family, Fault, LabelSet, Registry, model};
use streamgauge_loom_tests::{fails, holds};

#[derive(LabelSet)]
struct Applied {
    ok: bool,
}

type Changes = Family<Applied, Counter>;

fn family(registry: &Registry) -> Arc<Changes> {
    Arc::new(registry.counter("changes_total", "Changes.").family().expect("a legal declaration"))
}

fn record(family: &Changes) {
    family.with(&Applied { ok: true }, |counter| counter.inc());
}

/// A thread records by number while the series is removed and its cells are given to another.
fn removal_and_record() {
    let registry = Registry::new();
    let changes = family(&registry);
    // Twice: the first one makes the series, and fills its slot.
    record(&changes);
    let recorder = changes.clone();
    let recording = thread::spawn(move || record(&recorder));
    assert!(changes.remove(&Applied { ok: true }));
    model::tidy_up();
    // May get the cells of the removed series, if nothing can reach them any more.
    let other = Registry::new().counter("other_total", "Other.").register().expect("a legal declaration");
    assert_eq!(other.get(), 0, "a new series shows a foreign increment");
    recording.join().expect("the thread ends");
    assert_eq!(other.get(), 0, "a new series shows a foreign increment");
    model::tidy_up();
}

/// After a removal has returned, records go to a new series, which begins at 0, also while another thread's lookup
/// fills the slot.
fn removal_and_fill() {
    let registry = Registry::new();
    let changes = family(&registry);
    // One more, or the removal would move the live series to new pages, and empty the slots for that.
    changes.init_all();
    let recorder = changes.clone();
    // The series exists, and its slot is empty before the first lookup.
    let recording = thread::spawn(move || record(&recorder));
    assert!(changes.remove(&Applied { ok: true }));
    record(&changes);
    let labels = [("ok", "true")];
    let seen = registry.sample_value("changes_total", &labels).expect("made after the removal");
    recording.join().expect("the thread ends");
    let settled = registry.sample_value("changes_total", &labels).expect("as before");
    assert!(seen >= 1.0 && settled >= seen && settled <= 2.0, "{seen}, then {settled}: a record went to what is gone");
    model::tidy_up();
}

#[test]
fn a_lookup_by_number_holds_off_the_reclaimer() {
    holds(50, removal_and_record);
}

#[test]
fn without_the_fence_a_lookup_by_number_records_into_a_foreign_series() {
    fails(Fault::PinWithoutFence, "a new series shows a foreign increment", removal_and_record);
}

#[test]
fn a_slot_is_never_filled_with_what_is_gone() {
    holds(50, removal_and_fill);
}

#[test]
fn a_slot_that_a_removal_leaves_full_is_found_out() {
    fails(Fault::DenseNotEmptied, "the storage was released", removal_and_fill);
}
