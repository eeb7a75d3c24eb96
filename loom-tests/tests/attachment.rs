//! Attachment, adoption, orphans: I1 and I2 across the birth and death of threads (O1, O5, O6).
#![cfg(engine_loom)]

use loom::thread;
use std::sync::Arc;
use streamgauge::{Buckets, Counter, Fault, Histogram, Registry, model};
use streamgauge_loom_tests::{fails, holds};

fn counter() -> Arc<Counter> {
    let counter = Registry::new().counter("events_total", "Events.").register();
    // A plain Arc: sharing the handle is no part of the model.
    Arc::new(counter.expect("a legal declaration"))
}

/// One thread records, ends, and its slab is adopted by another while a third reads.
fn adoption() {
    model::keep_idle_slabs(4);
    let counter = counter();
    let threads = [1, 2].map(|n| {
        let counter = counter.clone();
        thread::spawn(move || {
            counter.add(n);
            model::end_thread();
        })
    });
    let first = counter.get();
    let second = counter.get();
    assert!(second >= first, "the counter decreased from {first} to {second}");
    for thread in threads {
        thread.join().expect("the thread ends");
    }
    let total = counter.get();
    assert_eq!(total, 3, "increments were lost");
}

/// A destructor records after the slab was given back and adopted.
fn late_destructor() {
    model::keep_idle_slabs(4);
    let counter = counter();
    let (early, late) = (counter.clone(), counter.clone());
    let first = thread::spawn(move || {
        early.inc();
        model::end_thread();
        early.inc();
    });
    let second = thread::spawn(move || {
        late.inc();
        late.inc();
        model::end_thread();
    });
    first.join().expect("the thread ends");
    second.join().expect("the thread ends");
    assert_eq!(counter.get(), 4, "increments were lost");
}

/// Two threads without slabs record into the same shared cell.
fn orphans() {
    let counter = counter();
    let threads = [(); 2].map(|()| {
        let counter = counter.clone();
        thread::spawn(move || {
            model::end_thread();
            counter.inc();
        })
    });
    for thread in threads {
        thread.join().expect("the thread ends");
    }
    assert_eq!(counter.get(), 2, "increments were lost");
}

/// The same with a histogram, while a pass reads it.
fn orphans_with_a_histogram() {
    // On a thread with a larger stack than loom's default: the table of a layout is built on it.
    let declare =
        || Registry::new().histogram("size_bytes", "Sizes.").buckets(Buckets::explicit([0.5, 2.0])).register();
    let declared = thread::Builder::new().stack_size(1 << 16).spawn(declare).expect("a thread");
    let sizes: Arc<Histogram> = Arc::new(declared.join().expect("the thread ends").expect("a legal declaration"));
    let threads = [(); 2].map(|()| {
        let sizes = sizes.clone();
        thread::spawn(move || {
            model::end_thread();
            sizes.observe(1.0);
        })
    });
    let seen = sizes.snapshot();
    assert!(seen.sum() >= seen.count() as f64, "sum {} is behind count {}", seen.sum(), seen.count());
    for thread in threads {
        thread.join().expect("the thread ends");
    }
    let seen = sizes.snapshot();
    assert_eq!((seen.count(), seen.sum()), (2, 2.0), "observations were lost");
}

#[test]
fn orphans_lose_no_observations() {
    holds(50, orphans_with_a_histogram);
}

#[test]
fn orphans_with_a_histogram_twin() {
    fails(Fault::OrphanWithoutRmw, "observations were lost", orphans_with_a_histogram);
}

#[test]
fn an_adopted_slab_keeps_its_values() {
    holds(100, adoption);
}

#[test]
fn adoption_twin_while_owned() {
    // Two owners of one slab: the chunk of one takes the place of the other's, with what that has counted.
    fails(Fault::AdoptedWhileOwned, "increments were lost", adoption);
}

#[test]
fn adoption_twin_skipped_while_idle() {
    fails(Fault::IdleSlabsSkipped, "increments were lost", adoption);
}

#[test]
fn late_destructors_lose_nothing() {
    holds(20, late_destructor);
}

#[test]
fn late_destructors_twin() {
    // Two writers of one slab: loom's ownership check finds it before a count is lost.
    fails(Fault::HandOverBeforeOrphan, "Causality violation", late_destructor);
}

#[test]
fn orphans_lose_nothing() {
    holds(10, orphans);
}

#[test]
fn orphans_twin() {
    fails(Fault::OrphanWithoutRmw, "increments were lost", orphans);
}
