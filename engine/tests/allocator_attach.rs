//! A global allocator that records on some threads only: the first record of a thread may be an allocation in the
//! middle of the engine's own work, and attaches the thread there.

#![allow(unsafe_code, reason = "a global allocator is unsafe to implement")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::io::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError, mpsc};
use std::thread;
use std::time::Duration;
use streamgauge::{Counter, Family, Format, LabelSet, Registry, Scraper};

static CALLS: OnceLock<Counter> = OnceLock::new();
static TWIN: AtomicU64 = AtomicU64::new(0);

thread_local! {
    static RECORDS: Cell<bool> = const { Cell::new(false) };
}

struct Recording;

// SAFETY: every call goes to System unchanged.
unsafe impl GlobalAlloc for Recording {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if RECORDS.get()
            && let Some(calls) = CALLS.get()
        {
            calls.inc();
            TWIN.fetch_add(1, Ordering::Relaxed);
        }
        // SAFETY: the caller's promises are System's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: the caller's promises are System's.
        unsafe { System.dealloc(memory, layout) };
    }
}

#[global_allocator]
static ALLOCATOR: Recording = Recording;

#[derive(LabelSet)]
struct Number {
    number: usize,
}

/// Series, so many that tables grow.
const SERIES: usize = if cfg!(miri) { 60 } else { 1000 };

static SERIAL: Mutex<()> = Mutex::new(());

/// Runs `work` on a new thread that has not recorded before, and records what it allocates.
#[expect(clippy::disallowed_methods, reason = "a deadlock can only be reported by ending the process")]
fn attaching_inside(what: &str, work: impl FnOnce() + Send + 'static) {
    let _alone = SERIAL.lock().unwrap_or_else(PoisonError::into_inner);
    let calls = CALLS.get_or_init(|| Registry::global().counter("calls_total", "C.").register().expect("legal"));
    let (done, finished) = mpsc::channel();
    let thread = thread::spawn(move || {
        RECORDS.set(true);
        work();
        RECORDS.set(false);
        done.send(()).expect("somebody waits");
    });
    // Not a measure of time. A deadlocked thread holds what every other needs to end, so the process has to go.
    if finished.recv_timeout(Duration::from_secs(60)).is_err() {
        let _ = writeln!(std::io::stderr(), "{what} deadlocks or panics");
        std::process::abort();
    }
    thread.join().expect("the thread runs through");
    assert_eq!(calls.get(), TWIN.load(Ordering::Relaxed), "{what}");
}

fn family(registry: &Registry) -> Family<Number, Counter> {
    registry.counter("numbers_total", "N.").family().expect("legal")
}

/// Makes slabs, so that lists of them need memory.
fn slabs() {
    let barrier = std::sync::Barrier::new(6);
    let counter = Registry::global().counter("slabs_total", "S.").register().expect("legal");
    thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                counter.inc();
                barrier.wait();
            });
        }
    });
}

#[test]
fn in_a_sweep() {
    slabs();
    let registry = Registry::new();
    let numbers = family(&registry);
    let mut held: Vec<Counter> = (0..200).map(|number| numbers.get_or_create(&Number { number })).collect();
    drop((registry, numbers));
    // Cells are swept 64 at a time. Sixty wait here, in a list with room for the next ones, so that the first
    // thing the new thread allocates is what the sweep needs.
    Scraper::new(&Registry::new()).encode(Format::Text, &mut Vec::new());
    held.truncate(140);
    let next = held.split_off(130);
    attaching_inside("a sweep", move || drop(next));
}

#[test]
fn in_a_scrape() {
    slabs();
    let registry = Registry::new();
    let numbers = family(&registry);
    (0..SERIES).for_each(|number| numbers.with(&Number { number }, |_| ()));
    attaching_inside("a scrape", move || {
        Scraper::new(&registry).encode(Format::Text, &mut Vec::new());
    });
}

#[test]
fn in_a_registration() {
    let registry = Registry::new();
    attaching_inside("a registration", move || {
        let numbers = family(&registry);
        (0..SERIES).for_each(|number| numbers.get_or_create(&Number { number }).inc());
    });
}
