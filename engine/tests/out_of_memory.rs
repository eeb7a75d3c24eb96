//! A system that has no more memory for slabs and chunks: records are lost and counted, nothing else happens, and when there
//! is memory again all goes on.
//!
//! Alone in its process, because the limit is the process's. What the test itself needs is allocated before it is set.
#![cfg(all(target_os = "linux", not(miri)))]
#![allow(unsafe_code, reason = "limits of a process have no wrapper in std")]

use std::sync::Barrier;
use streamgauge::{Buckets, Counter, Histogram, Registry, Scraper, Stats, stats};

/// Sets how much address space the process may have; gives what it was.
fn limit_memory(bytes: libc::rlim_t) -> libc::rlim_t {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: writes to the struct that lives here.
    assert_eq!(unsafe { libc::getrlimit(libc::RLIMIT_AS, &raw mut limit) }, 0);
    let before = std::mem::replace(&mut limit.rlim_cur, bytes);
    // SAFETY: reads the struct that lives here.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_AS, &raw const limit) }, 0);
    before
}

/// Runs `run` where no new memory can be mapped, and gives what it gives. Panics only when there is memory again.
fn without_memory<R>(run: impl FnOnce() -> R) -> R {
    // Less than is mapped already: what is there stays.
    let before = limit_memory(1 << 20);
    let result = run();
    limit_memory(before);
    result
}

/// Threads that record for the first time while there is no memory.
const NEW: usize = 4;
/// Threads whose slabs are to be folded, above those that are kept.
const FOLDED: usize = 44;
/// Histograms that fill a chunk each.
const CHUNKS: usize = 20;

#[test]
fn records_without_memory_are_lost_and_counted() {
    let ending = FOLDED + 8.max(2 * std::thread::available_parallelism().map_or(4, usize::from));
    let registry = Registry::new();
    let bounds: Vec<f64> = (1..2000).map(f64::from).collect();
    let chunks: Vec<Histogram> = (0..CHUNKS)
        .map(|index| {
            let sizes = registry.histogram(&format!("sizes_{index}"), "S.").buckets(Buckets::explicit(bounds.clone()));
            sizes.register().expect("legal")
        })
        .collect();
    let events: Counter = registry.counter("events_total", "Events.").register().expect("legal");
    let folded: Histogram = registry.histogram("folded", "F.").register().expect("legal");
    let (ready, go, done, end) =
        (Barrier::new(NEW + 1), Barrier::new(NEW + 1), Barrier::new(NEW + 1), Barrier::new(NEW + 1));
    let (recorded, leave) = (Barrier::new(ending + 1), Barrier::new(ending + 1));
    let mut lost = [0; 3];
    let mut body = Vec::with_capacity(1 << 20);
    std::thread::scope(|scope| {
        for _ in 0..NEW {
            scope.spawn(|| {
                ready.wait();
                go.wait();
                // A slab, and then a chunk, cannot be had.
                events.inc();
                done.wait();
                end.wait();
                events.add(10);
            });
        }
        let threads: Vec<_> = (0..ending)
            .map(|_| {
                scope.spawn(|| {
                    folded.observe(1.0);
                    recorded.wait();
                    leave.wait();
                })
            })
            .collect();
        ready.wait();
        recorded.wait();
        let before = stats().lost_records;
        let (joined, after_threads): (bool, Stats) = without_memory(|| {
            go.wait();
            done.wait();
            lost[0] = stats().lost_records - before;
            for sizes in &chunks {
                sizes.observe(1.0);
            }
            lost[1] = stats().lost_records - before - lost[0];
            // They end; their slabs cannot be folded into chunks that are not there.
            leave.wait();
            // Joined by handle: only that waits until a thread has given its slab back.
            let joined = threads.into_iter().all(|thread| thread.join().is_ok());
            (joined, stats())
        });
        assert!(joined, "a thread that ends has panicked");
        assert!(after_threads.idle_slabs > 0, "{after_threads:?}");
        end.wait();
    });
    assert_eq!(lost[0], NEW as u64, "threads without a slab");
    assert_eq!(lost[1], CHUNKS as u64, "chunks that could not be had");
    assert_eq!(folded.snapshot().count(), ending as u64, "what was recorded before is there");
    assert_eq!(events.get(), 10 * NEW as u64, "threads get their slabs when there is memory again");
    chunks.iter().for_each(|sizes| sizes.observe(1.0));
    assert!(chunks.iter().all(|sizes| sizes.snapshot().count() == 1));
    // Now they can be folded.
    Scraper::new(&registry).encode(streamgauge::Format::Text, &mut body);
    assert_eq!(folded.snapshot().count(), ending as u64);
    assert!(stats().idle_slabs < ending, "{:?}", stats());
    assert_eq!(stats().internal_errors, 0);
}
