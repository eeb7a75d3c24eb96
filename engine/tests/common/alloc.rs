//! An allocator that counts, for test binaries of their own: whoever has this module has it as the global allocator.

#![allow(unsafe_code, reason = "a global allocator that counts is unsafe to implement")]
#![allow(dead_code, reason = "each test binary uses a part")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

thread_local! {
    // Const and without a destructor: reading it allocates nothing itself.
    static CALLS: Cell<u64> = const { Cell::new(0) };
}

/// Bytes that are allocated, by all threads.
static LIVE: AtomicI64 = AtomicI64::new(0);

struct Counting;

fn count(bytes: i64) {
    CALLS.set(CALLS.get() + 1);
    LIVE.fetch_add(bytes, Ordering::Relaxed);
}

// SAFETY: every call goes to System unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as i64);
        // SAFETY: the caller's promises are System's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as i64);
        // SAFETY: the caller's promises are System's.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size as i64 - layout.size() as i64);
        // SAFETY: the caller's promises are System's.
        unsafe { System.realloc(memory, layout, size) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        count(-(layout.size() as i64));
        // SAFETY: the caller's promises are System's.
        unsafe { System.dealloc(memory, layout) };
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Returns how often this thread has called the allocator.
pub(crate) fn calls() -> u64 {
    CALLS.get()
}

/// Returns how often `f` called the allocator from this thread.
pub(crate) fn calls_of(f: impl FnOnce()) -> u64 {
    let before = calls();
    f();
    calls() - before
}

/// Returns the bytes that are allocated, by all threads.
pub(crate) fn live() -> i64 {
    LIVE.load(Ordering::Relaxed)
}

/// Lets one test run at a time: bytes and chunks are counted for the process, a scrape frees what other threads have
/// unlinked, and a pin of another test may put off the freeing of what this one unlinked.
pub(crate) fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}
