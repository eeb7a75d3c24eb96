//! Passes over the slabs: what a scrape may see of unfinished records (O2, O3, O4, O7, O8).
#![cfg(engine_loom)]

use loom::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use loom::thread;
use std::sync::Arc;
use streamgauge::{Buckets, Counter, Family, Fault, Histogram, LabelSet, MetricValue, Registry, Scraper, model};
use streamgauge_loom_tests::{fails, holds};

/// A pass reads a chunk that its owner is just publishing.
fn chunk_publication() {
    let registry = Registry::new();
    let counter = Arc::new(registry.counter("events_total", "Events.").register().expect("legal"));
    let recorder = counter.clone();
    let thread = thread::spawn(move || recorder.inc());
    assert!(counter.get() <= 1);
    thread.join().expect("the thread ends");
    assert_eq!(counter.get(), 1);
}

fn histogram() -> Arc<Histogram> {
    // A thread with a larger stack than loom's default: the table of a layout is built on it.
    let declare = || {
        let registry = Registry::new();
        registry.histogram("size_bytes", "Sizes.").buckets(Buckets::explicit([0.5, 2.0])).register()
    };
    let declared = thread::Builder::new().stack_size(1 << 16).spawn(declare).expect("a thread");
    Arc::new(declared.join().expect("the thread ends").expect("legal"))
}

/// Two passes at the same time, of which one sees more: neither takes the other for a sum that fell.
fn concurrent_passes() {
    let histogram = histogram();
    let (recorder, reader) = (histogram.clone(), histogram.clone());
    let recording = thread::spawn(move || recorder.observe(1.0));
    let scraping = thread::spawn(move || drop(reader.snapshot()));
    let seen = histogram.snapshot().sum();
    assert!(seen <= 1.0);
    recording.join().expect("the thread ends");
    scraping.join().expect("the thread ends");
    assert_eq!(histogram.snapshot().sum(), 1.0);
}

/// A pass reads a histogram that is being recorded into: the sum covers what is counted.
fn sum_covers_count() {
    let histogram = histogram();
    let recorder = histogram.clone();
    let thread = thread::spawn(move || {
        recorder.observe(1.0);
        recorder.observe(1.0);
    });
    let seen = histogram.snapshot();
    assert!(seen.sum() >= seen.count() as f64, "sum {} is behind count {}", seen.sum(), seen.count());
    thread.join().expect("the thread ends");
    let seen = histogram.snapshot();
    assert_eq!((seen.count(), seen.sum()), (2, 2.0));
}

/// An event is counted up on one thread and, after it was handed over, down on another.
fn depth_is_never_negative() {
    let registry = Registry::new();
    let depth = Arc::new(registry.up_down_counter("in_flight_events", "Depth.").register().expect("legal"));
    let channel = loom::sync::Arc::new(AtomicBool::new(false));
    // Both recorders have touched their cells, so that a pass finds them from the start.
    depth.add(0);
    let (down, receiver) = (depth.clone(), channel.clone());
    let sink = thread::spawn(move || {
        down.add(0);
        if receiver.load(Ordering::Acquire) {
            down.dec();
        }
    });
    let scraped = depth.clone();
    let scraper = thread::spawn(move || {
        let seen = scraped.get();
        assert!(seen >= 0, "the depth is {seen}");
    });
    depth.inc();
    channel.store(true, Ordering::Release);
    sink.join().expect("the thread ends");
    scraper.join().expect("the thread ends");
}

/// The same where the thread that counts up is new to the pass, and the one that counts down is not.
fn depth_with_a_new_thread() {
    let registry = Registry::new();
    let depth = Arc::new(registry.up_down_counter("in_flight_events", "Depth.").register().expect("legal"));
    let channel = loom::sync::Arc::new(AtomicBool::new(false));
    depth.add(0);
    let (up, sender) = (depth.clone(), channel.clone());
    let source = thread::spawn(move || {
        up.inc();
        sender.store(true, Ordering::Release);
    });
    let scraped = depth.clone();
    let scraper = thread::spawn(move || {
        let seen = scraped.get();
        assert!(seen >= 0, "the depth is {seen}");
    });
    if channel.load(Ordering::Acquire) {
        depth.dec();
    }
    source.join().expect("the thread ends");
    scraper.join().expect("the thread ends");
}

/// A thread ends and its slab is folded into the shared one while a pass runs.
fn folding() {
    model::keep_idle_slabs(0);
    let registry = Registry::new();
    let counter = Arc::new(registry.counter("events_total", "Events.").register().expect("legal"));
    let recorder = counter.clone();
    let thread = thread::spawn(move || {
        recorder.inc();
        model::end_thread();
    });
    let first = counter.get();
    let second = counter.get();
    assert!(first <= 1 && second <= 1, "an increment was counted twice: {first}, {second}");
    assert!(second >= first, "the counter decreased from {first} to {second}");
    thread.join().expect("the thread ends");
    assert_eq!(counter.get(), 1);
}

/// The same with a histogram: what moves is counted once, and its sum covers it.
fn folding_of_a_histogram() {
    model::keep_idle_slabs(0);
    let histogram = histogram();
    let recorder = histogram.clone();
    let thread = thread::spawn(move || {
        recorder.observe(1.0);
        model::end_thread();
    });
    let (first, second) = (histogram.snapshot(), histogram.snapshot());
    for seen in [&first, &second] {
        assert!(seen.count() <= 1 && seen.sum() <= 1.0, "counted twice: {}, {}", seen.count(), seen.sum());
        assert!(seen.sum() >= seen.count() as f64, "sum {} is behind count {}", seen.sum(), seen.count());
    }
    assert!(second.count() >= first.count() && second.sum() >= first.sum(), "the histogram decreased");
    thread.join().expect("the thread ends");
    let seen = histogram.snapshot();
    assert_eq!((seen.count(), seen.sum()), (1, 1.0));
}

/// The same with a depth, which an event passes through.
fn folding_of_a_depth() {
    model::keep_idle_slabs(0);
    let registry = Registry::new();
    let depth = Arc::new(registry.up_down_counter("in_flight_events", "Depth.").register().expect("legal"));
    let recorder = depth.clone();
    let thread = thread::spawn(move || {
        recorder.inc();
        recorder.dec();
        model::end_thread();
    });
    for _ in 0..2 {
        let seen = depth.get();
        assert!((0..=1).contains(&seen), "the depth is {seen}: a cell was counted twice");
    }
    thread.join().expect("the thread ends");
    assert_eq!(depth.get(), 0);
}

#[derive(LabelSet)]
struct Table {
    table: u64,
}

/// A pass has summed up a whole chunk when a range in it is swept and becomes another series'.
fn totals_of_a_chunk() {
    model::sum_chunks();
    let registry = Registry::new();
    let [first, second] = ["first_total", "second_total"].map(|name| -> Arc<Family<Table, Counter>> {
        Arc::new(registry.counter(name, "Events.").family().expect("legal"))
    });
    first.init(&Table { table: 1 });
    let doomed = Registry::new().counter("doomed_total", "Doomed.").register().expect("legal");
    doomed.add(100);
    let making = second.clone();
    let thread = thread::spawn(move || {
        drop(doomed);
        model::tidy_up();
        making.with(&Table { table: 1 }, Counter::inc);
    });
    Scraper::new(&registry).visit(|sample| {
        if let MetricValue::Counter(count) = sample.value() {
            assert!(count <= 1, "a new series shows the {count} of another");
        }
    });
    thread.join().expect("the thread ends");
    assert_eq!(registry.sample_value("second_total", &[("table", "1")]), Some(1.0));
}

/// Two threads scrape one after the other, without any other synchronisation between them.
fn passes_in_order() {
    let registry = Registry::new();
    let counter = Arc::new(registry.counter("events_total", "Events.").register().expect("legal"));
    counter.inc();
    // What the first scrape saw, plus one; Relaxed, so that it orders nothing.
    let seen = loom::sync::Arc::new(AtomicU64::new(0));
    let recorder = counter.clone();
    let recording = thread::spawn(move || recorder.inc());
    let (first, told) = (counter.clone(), seen.clone());
    let scraping = thread::spawn(move || {
        let total = first.get();
        told.store(total + 1, Ordering::Relaxed);
    });
    let before = seen.load(Ordering::Relaxed);
    let total = counter.get();
    assert!(total + 1 >= before, "a later scrape shows {total}, the one before it showed {}", before - 1);
    recording.join().expect("the thread ends");
    scraping.join().expect("the thread ends");
}

#[test]
fn chunks_are_published_whole() {
    holds(10, chunk_publication);
}

#[test]
fn chunks_twin() {
    fails(Fault::ChunkPublishedRelaxed, "Causality violation", chunk_publication);
}

#[test]
fn sums_cover_counts() {
    holds(20, sum_covers_count);
}

#[test]
fn sums_twin() {
    fails(Fault::BucketStoredRelaxed, "is behind count", sum_covers_count);
}

#[test]
fn concurrent_passes_settle_the_sum() {
    holds(100, concurrent_passes);
}

#[test]
fn concurrent_passes_twin() {
    fails(Fault::PassNotRelisted, "a histogram sum fell", concurrent_passes);
}

#[test]
fn depths_are_never_negative() {
    holds(50, depth_is_never_negative);
}

#[test]
fn depths_twin() {
    fails(Fault::IncrementsReadFirst, "the depth is -1", depth_is_never_negative);
}

#[test]
fn depths_of_new_threads_are_never_negative() {
    holds(100, depth_with_a_new_thread);
}

#[test]
fn depths_of_new_threads_twin() {
    fails(Fault::PassNotRelisted, "the depth is -1", depth_with_a_new_thread);
}

#[test]
fn folding_moves_values_unseen() {
    holds(50, folding);
}

#[test]
fn folding_twin() {
    fails(Fault::FoldWithoutLock, "counted twice", folding);
}

#[test]
fn folding_moves_histograms_unseen() {
    holds(50, folding_of_a_histogram);
}

#[test]
fn folding_of_a_histogram_twin() {
    fails(Fault::FoldWithoutLock, "is behind count", folding_of_a_histogram);
}

#[test]
fn folding_moves_depths_unseen() {
    holds(50, folding_of_a_depth);
}

#[test]
fn folding_of_a_depth_twin() {
    fails(Fault::FoldWithoutLock, "counted twice", folding_of_a_depth);
}

#[test]
fn totals_of_a_chunk_do_not_outlive_a_sweep() {
    holds(50, totals_of_a_chunk);
}

#[test]
fn totals_of_a_chunk_twin() {
    fails(Fault::TotalsKept, "a new series shows the 100 of another", totals_of_a_chunk);
}

#[test]
fn later_passes_see_no_less() {
    holds(50, passes_in_order);
}

#[test]
fn later_passes_twin() {
    fails(Fault::PassWithoutLock, "a later scrape shows", passes_in_order);
}
