//! A warm scrape of what the encoder rows measure calls the allocator not once, whatever the number of series.
//!
//! A test binary of its own, so that the scoreboard's sides are measured with the allocator as it is.

#![allow(unsafe_code, reason = "a global allocator that counts is unsafe to implement")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::hint::black_box;

use streamgauge_benches::rows;
use streamgauge_benches::runner::{Plan, Role, Row};

thread_local! {
    // Const and without a destructor: reading it allocates nothing itself.
    static CALLS: Cell<u64> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: every call goes to System unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        CALLS.set(CALLS.get() + 1);
        // SAFETY: the caller's promises are System's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        CALLS.set(CALLS.get() + 1);
        // SAFETY: the caller's promises are System's.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        CALLS.set(CALLS.get() + 1);
        // SAFETY: the caller's promises are System's.
        unsafe { System.realloc(memory, layout, size) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        CALLS.set(CALLS.get() + 1);
        // SAFETY: the caller's promises are System's.
        unsafe { System.dealloc(memory, layout) };
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Gives how often `f` called the allocator from this thread.
fn calls(f: impl FnOnce()) -> u64 {
    let before = CALLS.get();
    f();
    CALLS.get() - before
}

/// Gives how often three scrapes of our side did, after two that warmed it.
fn calls_when_warm(row: &Row) -> u64 {
    let ours = row.sides.iter().find(|side| side.role() == Role::Ours).expect("every row has our side");
    ours.run(2);
    calls(|| ours.run(3))
}

#[test]
fn the_count_counts() {
    // Allocation and release.
    assert_eq!(calls(|| drop(black_box(Box::new(1)))), 2);
}

#[test]
fn ten_thousand_series_without_an_allocation() {
    assert_eq!(calls_when_warm(&rows::encode_counters()), 0);
    assert_eq!(calls_when_warm(&rows::encode_many_threads()), 0);
    assert_eq!(calls_when_warm(&rows::encode_protobuf()), 0);
}

#[test]
#[ignore = "a gigabyte: cargo test --release -p streamgauge-benches --test encode_allocations -- --ignored"]
fn a_million_series_without_an_allocation() {
    assert_eq!(calls_when_warm(&rows::encode_counters_1m(Plan::large(None))), 0);
}
