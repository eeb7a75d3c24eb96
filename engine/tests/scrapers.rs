//! Several scrapers at once: none shows less than one that ended before it began, and none calls it a bug
//! that another was faster.

mod common;

use common::{Floor, size};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use streamgauge::{Buckets, Registry, Scraper, stats};

#[test]
fn concurrent_scrapes_never_fall() {
    let scrapes = size(2_000, 4);
    let registry = Registry::new();
    let events = registry.counter("events_total", "E.").register().expect("legal");
    let busy = registry.duration_counter("busy_seconds_total", "B.").register().expect("legal");
    let sizes = registry.histogram("size", "S.").buckets(Buckets::exponential(1.0, 2.0, 8)).register().expect("legal");
    let floor = Floor::default();
    let done = AtomicBool::new(false);
    let recorded = thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let mut records = 0u64;
            while !done.load(Ordering::Relaxed) {
                events.inc();
                busy.add_nanos(1_000);
                sizes.observe((records % 300) as f64);
                records += 1;
            }
            records
        });
        let scrapers: Vec<_> = (0..3)
            .map(|_| {
                scope.spawn(|| {
                    let mut scraper = Scraper::new(&registry);
                    for _ in 0..scrapes {
                        floor.scrape(&mut scraper);
                        assert!(sizes.snapshot().sum() >= 0.0);
                    }
                })
            })
            .collect();
        let outcomes: Vec<_> = scrapers.into_iter().map(thread::ScopedJoinHandle::join).collect();
        done.store(true, Ordering::Relaxed);
        assert!(outcomes.iter().all(Result::is_ok), "a scraper failed");
        writer.join().expect("the writer runs through")
    });
    assert_eq!(events.get(), recorded);
    assert_eq!(sizes.snapshot().count(), recorded);
    assert_eq!(stats().internal_errors, 0, "a pass took another scraper's progress for a bug");
}

#[test]
fn a_reader_that_another_overtakes_is_no_internal_error() {
    // A pass that takes long, over many slabs and buckets, is overtaken by one that began later and has seen
    // more: the slower one must not take what it shows for a sum that fell.
    const THREADS: usize = 12;
    let readings = size(300, 3);
    let registry = Registry::new();
    let sizes = registry
        .histogram("size", "S.")
        .buckets(Buckets::linear(1.0, 1.0, if cfg!(miri) { 30 } else { 2046 }))
        .register()
        .expect("legal");
    let barrier = std::sync::Barrier::new(THREADS);
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                sizes.observe(1.0);
                barrier.wait();
            });
        }
    });
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                sizes.observe(1.0);
            }
        });
        let read = || {
            for _ in 0..readings {
                let snapshot = sizes.snapshot();
                // Every observation is 1, so a sum that covers what is counted is at least the count.
                assert!(snapshot.sum() >= snapshot.count() as f64, "{} for {}", snapshot.sum(), snapshot.count());
            }
        };
        let readers: Vec<_> = (0..4).map(|_| scope.spawn(read)).collect();
        let outcomes: Vec<_> = readers.into_iter().map(thread::ScopedJoinHandle::join).collect();
        done.store(true, Ordering::Relaxed);
        assert!(outcomes.iter().all(Result::is_ok), "a reader failed");
    });
    assert_eq!(stats().internal_errors, 0);
}
