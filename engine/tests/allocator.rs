//! A global allocator that records every call: the engine must neither recurse nor lock into itself, wherever it
//! allocates, and lose nothing.
//!
//! One test, because every thread of the process records all the time.

#![allow(unsafe_code, reason = "a global allocator is unsafe to implement")]

mod common;

use common::size;
use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use streamgauge::{
    Buckets, Counter, Family, Format, Histogram, LabelSet, LabelValue, MetricValue, Registry, Scraper, stats,
};

#[derive(Clone, Copy, LabelValue)]
enum Call {
    Alloc,
    Zeroed,
    Realloc,
    Dealloc,
}

#[derive(LabelSet)]
struct Calls {
    call: Call,
}

#[derive(LabelSet)]
struct Number {
    number: usize,
}

struct Metrics {
    calls: Counter,
    sizes: Histogram,
    by_call: Family<Calls, Counter>,
}

static METRICS: OnceLock<Metrics> = OnceLock::new();
/// The oracle: one atomic.
static TWIN: AtomicU64 = AtomicU64::new(0);

struct Recording;

impl Recording {
    fn record(call: Call, size: usize) {
        let Some(metrics) = METRICS.get() else { return };
        metrics.calls.inc();
        metrics.sizes.observe(size as f64);
        metrics.by_call.with(&Calls { call }, Counter::inc);
        TWIN.fetch_add(1, Ordering::Relaxed);
    }
}

// SAFETY: every call goes to System unchanged.
unsafe impl GlobalAlloc for Recording {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        Self::record(Call::Alloc, layout.size());
        // SAFETY: the caller's promises are System's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        Self::record(Call::Zeroed, layout.size());
        // SAFETY: the caller's promises are System's.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        Self::record(Call::Realloc, size);
        // SAFETY: the caller's promises are System's.
        unsafe { System.realloc(memory, layout, size) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        Self::record(Call::Dealloc, layout.size());
        // SAFETY: the caller's promises are System's.
        unsafe { System.dealloc(memory, layout) };
    }
}

#[global_allocator]
static ALLOCATOR: Recording = Recording;

#[test]
fn every_allocation_is_counted_once() {
    let registry = Registry::new();
    let metrics = Metrics {
        calls: registry.counter("calls_total", "C.").register().expect("legal"),
        sizes: registry.histogram("size", "S.").buckets(Buckets::exponential(8.0, 4.0, 8)).register().expect("legal"),
        by_call: registry.counter("by_call_total", "B.").family().expect("legal"),
    };
    // Made before the allocator looks them up: making one allocates under the family's mutex.
    for call in [Call::Alloc, Call::Zeroed, Call::Realloc, Call::Dealloc] {
        let _made = metrics.by_call.get_or_create(&Calls { call });
    }
    assert!(METRICS.set(metrics).is_ok());

    // Births under the allocator: a thread's first record is an allocation, often that of its own slab.
    let threads = size(300, 9);
    thread::scope(|scope| {
        for worker in 0..3 {
            let registry = &registry;
            scope.spawn(move || {
                for birth in 0..threads / 3 {
                    scope
                        .spawn(move || {
                            let mut grown: Vec<usize> = black_box(Vec::new());
                            grown.extend(0..100);
                            let family: Family<Number, Counter> =
                                registry.counter("numbers_total", "N.").family().expect("legal");
                            // Tables and records grow under the allocator's eyes.
                            family.with(&Number { number: birth * 3 + worker }, Counter::inc);
                            black_box(vec![0u8; 100]);
                        })
                        .join()
                        .expect("the thread runs through");
                }
            });
        }
        // Scrapes under the allocator, into bodies that grow; registries that come and go.
        for _ in 0..if cfg!(miri) { 2 } else { 100 } {
            let mut body = Vec::new();
            assert!(Scraper::new(&registry).encode(Format::Text, &mut body).series() > 0);
            let short = Registry::new();
            let family: Family<Number, Histogram> = short.histogram("short", "S.").family().expect("legal");
            (0..80).for_each(|number| family.with(&Number { number }, |histogram| histogram.observe(1.0)));
            assert!(stats().slabs > 0);
        }
    });

    let mut scraper = Scraper::new(&registry);
    let (mut calls, mut sizes, mut by_call, mut numbers) = (0, 0, 0, 0);
    let mut read = || {
        (calls, sizes, by_call, numbers) = (0, 0, 0, 0);
        scraper.visit(|sample| match (sample.name(), sample.value()) {
            ("calls_total", MetricValue::Counter(value)) => calls = value,
            ("size", MetricValue::Histogram(value)) => sizes = value.count(),
            ("by_call_total", MetricValue::Counter(value)) => by_call += value,
            ("numbers_total", MetricValue::Counter(value)) => numbers += value,
            other => panic!("{other:?}"),
        });
        (calls, sizes, by_call, numbers)
    };
    // A warm visit allocates nothing, so the oracle stands still while it runs; should the test harness's own
    // thread allocate meanwhile, the reading is taken again.
    read();
    let exact = (0..100).any(|_| {
        let before = TWIN.load(Ordering::SeqCst);
        let (calls, sizes, by_call, numbers) = read();
        let quiet = TWIN.load(Ordering::SeqCst) == before;
        if quiet {
            assert_eq!((calls, sizes, by_call), (before, before, before));
            assert_eq!(numbers, (threads / 3 * 3) as u64);
        }
        quiet
    });
    assert!(exact, "the oracle never stood still");
    assert!(calls > 100 * threads as u64 / 10, "{calls} calls: the allocator was hardly used");
    assert_eq!((stats().internal_errors, stats().lost_records), (0, 0));
}
