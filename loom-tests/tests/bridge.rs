//! What bridges from other metrics interfaces use (O23, O24).
#![cfg(engine_loom)]

use loom::cell::Cell;
use loom::thread;
use streamgauge::bridge::ThreadOwned;
use streamgauge::{Fault, Registry, model};
use streamgauge_loom_tests::{fails, holds};

/// An owner goes in twice, a visitor once; loom's cell panics where both are inside, or one does not see what the
/// other did.
fn visit() {
    let (owner, visitor) = ThreadOwned::new(Cell::new(0u32));
    let add = |cell: &mut Cell<u32>| cell.set(cell.get() + 1);
    let visiting = thread::spawn(move || u32::from(visitor.visit(add).is_some()));
    let mut entered = u32::from(owner.with(add).is_some());
    entered += u32::from(owner.with(add).is_some());
    entered += visiting.join().expect("the visitor ends");
    // Both may have given way; now nobody else is there.
    assert_eq!(owner.with(|cell| cell.get()), Some(entered), "an addition was lost");
}

/// Reads its cell when it is dropped.
struct Read(Cell<u32>);

impl Drop for Read {
    fn drop(&mut self) {
        self.0.set(self.0.get() + 1);
    }
}

/// The owner goes while a visitor comes: one of the two drops the value, when nobody is inside any more.
fn departure() {
    let (owner, visitor) = ThreadOwned::new(Read(Cell::new(0u32)));
    let visiting = thread::spawn(move || {
        visitor.visit(|value| value.0.set(value.0.get() + 1));
        visitor.is_gone()
    });
    owner.with(|value| value.0.set(value.0.get() + 1));
    drop(owner);
    visiting.join().expect("the visitor ends");
}

#[test]
fn a_visited_value_is_left_to_the_visitor() {
    holds(20, departure);
}

#[test]
fn a_visited_value_twin() {
    fails(Fault::OwnerTakesVisited, "Causality violation", departure);
}

/// Two threads raise the total to what they know while a third counts.
fn raise() {
    let registry = Registry::new();
    let counter = registry.counter("x_total", "X.").register().expect("a legal declaration");
    let (told, counted) = (counter.clone(), counter.clone());
    let telling = thread::spawn(move || told.raise_to(5));
    let counting = thread::spawn(move || counted.inc());
    counter.raise_to(7);
    telling.join().expect("the thread ends");
    counting.join().expect("the thread ends");
    let total = counter.get();
    assert!(total == 7 || total == 8, "a total of 7 and one increment became {total}");
    drop(counter);
    model::tidy_up();
}

#[test]
fn one_is_inside() {
    holds(20, visit);
}

#[test]
fn the_visitor_looks_for_the_owner() {
    fails(Fault::VisitorIgnoresOwner, "Causality violation", visit);
}

#[test]
fn the_owner_looks_for_the_visitor() {
    fails(Fault::OwnerIgnoresVisitor, "Causality violation", visit);
}

#[test]
fn totals_are_raised_one_at_a_time() {
    holds(100, raise);
}

#[test]
fn totals_raised_at_once_add_up() {
    fails(Fault::RaiseWithoutLock, "a total of 7 and one increment became", raise);
}
