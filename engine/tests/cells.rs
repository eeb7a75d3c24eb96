//! Cells of series that go: what may be zeroed, reused, warmed and folded, and when.
//!
//! The tests take turns: slabs are the process's, and are not folded while a pass of another test is under way.

mod common;

use common::alone;
use common::labels::Number;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use streamgauge::{Buckets, Counter, Family, Histogram, MetricValue, Registry, Scraper, stats, warm_thread};

/// Sizes that Miri gets through.
const ROUNDS: usize = if cfg!(miri) { 2 } else { 60 };
const HISTOGRAMS: u64 = if cfg!(miri) { 2 } else { 40 };

#[test]
fn warming_a_thread_brings_no_values_back() {
    let _alone = alone();
    let registry = Registry::new();
    // As many cells as the first page of a chunk has, so that each range begins on one.
    let bounds: Vec<f64> = (1..400).map(f64::from).collect();
    let family = |name: &str| -> Family<Number, Histogram> {
        registry.histogram(name, "Sizes.").buckets(Buckets::explicit(bounds.clone())).family().expect("legal")
    };
    let sizes = family("sizes");
    let (turn, stop) = (std::sync::Barrier::new(2), AtomicBool::new(false));
    let found = std::thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..ROUNDS {
                for number in 0..HISTOGRAMS {
                    sizes.with(&Number { number }, |sizes| sizes.observe(1000.0));
                }
                stop.store(false, Ordering::Relaxed);
                turn.wait();
                while !stop.load(Ordering::Relaxed) {
                    warm_thread();
                }
                turn.wait();
            }
        });
        let mut scraper = Scraper::new(&registry);
        let mut found = Vec::new();
        for round in 0..ROUNDS {
            turn.wait();
            sizes.clear();
            scraper.visit(|_| {});
            scraper.visit(|_| {});
            stop.store(true, Ordering::Relaxed);
            turn.wait();
            // Ranges of the ones that went.
            let fresh = family(&format!("fresh_{round}"));
            for number in 0..HISTOGRAMS {
                let seen = fresh.get_or_create(&Number { number }).snapshot();
                if seen.count() != 0 || seen.sum() != 0.0 {
                    found.push((round, number, seen.count(), seen.sum()));
                }
            }
            fresh.clear();
        }
        found
    });
    assert_eq!(found, [], "a histogram that nobody recorded into shows what another one had");
}

#[test]
fn a_series_made_during_a_pass_shows_nothing_of_the_one_before_it() {
    let _alone = alone();
    let registry = Registry::new();
    let first: Family<Number, Counter> = registry.counter("first_total", "First.").family().expect("legal");
    let second: Family<Number, Counter> = registry.counter("second_total", "Second.").family().expect("legal");
    let elsewhere = Registry::new();
    // One chunk, in as many slabs as make a pass sum it as a whole.
    let (stay, go) = (std::sync::Barrier::new(13), std::sync::Barrier::new(13));
    std::thread::scope(|scope| {
        for _ in 0..12 {
            scope.spawn(|| {
                for number in 0..64 {
                    first.with(&Number { number }, Counter::inc);
                }
                stay.wait();
                go.wait();
            });
        }
        stay.wait();
        let doomed = elsewhere.counter("doomed_total", "Doomed.").register().expect("legal");
        doomed.add(1_000_000);
        let mut doomed = Some(doomed);
        let mut elsewhere = Some(elsewhere);
        // Its cells are given back when the last handle goes, and zeroed when somebody collects.
        drop(elsewhere.take());
        let (mut seen, mut shown) = (0, Vec::new());
        let other = Registry::new();
        let churn: Family<Number, Counter> = other.counter("churn_total", "Churn.").family().expect("legal");
        let mut tidy = Scraper::new(&other);
        Scraper::new(&registry).visit(|sample| {
            seen += 1;
            if seen == 1 {
                drop(doomed.take());
            }
            if seen == 50 {
                churn.init(&Number { number: 1 });
                churn.clear();
                tidy.visit(|_| {});
                for number in 0..64 {
                    second.init(&Number { number });
                }
            }
            if let ("second_total", MetricValue::Counter(count)) = (sample.name(), sample.value()) {
                shown.push(count);
            }
        });
        go.wait();
        assert_eq!(shown, vec![0; 64], "nobody has recorded into these");
    });
}

#[test]
fn sums_of_threads_that_ended_stay_finite() {
    let _alone = alone();
    let registry = Registry::new();
    let deltas = registry.histogram("deltas", "Differences.").buckets(Buckets::explicit([-1.0, 0.0, 1.0]));
    let deltas = deltas.register().expect("legal");
    // More threads at a time than slabs that are kept, each with a sum past the largest float.
    let threads = 48 + 8.max(2 * std::thread::available_parallelism().map_or(4, usize::from));
    let all_there = std::sync::Barrier::new(threads);
    std::thread::scope(|scope| {
        let observe = |thread| {
            let (deltas, all_there) = (&deltas, &all_there);
            let huge = if thread % 2 == 0 { f64::MAX } else { f64::MIN };
            scope.spawn(move || {
                deltas.observe(huge);
                deltas.observe(huge);
                all_there.wait();
            })
        };
        let observers: Vec<_> = (0..threads).map(observe).collect();
        // The end of a scope does not wait for the destructors of thread-locals, which give the slabs back; this does.
        observers.into_iter().for_each(|observer| observer.join().expect("it only observes"));
    });
    // What the last threads have left is folded at the end of a scrape.
    Scraper::new(&registry).visit(|_| {});
    let sum = deltas.snapshot().sum();
    assert!(sum.is_finite(), "the sum is {sum}");
    let folded = stats().slabs < threads;
    assert!(folded, "nothing was folded: {:?}", stats());
    assert_eq!(deltas.snapshot().count(), 2 * threads as u64);
    assert_eq!(stats().internal_errors, 0);
}

#[test]
fn the_longest_duration_takes_nothing_away() {
    let _alone = alone();
    let registry = Registry::new();
    let busy = registry.duration_counter("busy_seconds_total", "Busy.").register().expect("legal");
    busy.add(Duration::from_secs(5));
    busy.add(Duration::MAX);
    assert!(busy.get() > Duration::from_secs(5), "the total fell to {:?}", busy.get());
}
