//! Threads are born and die in numbers: nothing is lost, nothing falls, memory stays flat.
//!
//! 20,000 births by default in debug builds, 200,000 in release builds, times `STREAMGAUGE_STRESS`; 1,000 where
//! `STREAMGAUGE_EMULATED` is set, 16 under Miri, and resident memory is not looked at under either.

mod common;

use common::{Floor, alone, is_emulated, scrape, stress};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Barrier, mpsc};
use std::thread;
use streamgauge::{Buckets, Counter, Family, LabelSet, Registry, Scraper, stats};

#[derive(LabelSet)]
struct Slot {
    slot: usize,
}

fn births() -> usize {
    let births = if cfg!(debug_assertions) { 20_000 } else { 200_000 };
    if cfg!(miri) {
        16
    } else if is_emulated() {
        1_000
    } else {
        stress() * births
    }
}

/// Pages that are in memory, where that can be told; under Miri and an emulator they are theirs.
fn resident_kib() -> Option<usize> {
    if cfg!(miri) || is_emulated() {
        return None;
    }
    let statm = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: usize = statm.split(' ').nth(1).and_then(|pages| pages.parse().ok()).expect("the second field");
    Some(pages * 4)
}

#[test]
fn births_and_deaths_lose_nothing() {
    const WORKERS: usize = 4;
    const SLOTS: usize = 16;
    let _alone = alone();
    let births = births() / WORKERS * WORKERS;

    let registry = Registry::new();
    let counter = registry.counter("events_total", "E.").register().expect("legal");
    let busy = registry.duration_counter("busy_seconds_total", "B.").register().expect("legal");
    let in_flight = registry.up_down_counter("in_flight", "I.").register().expect("legal");
    let ones = registry.histogram("ones", "O.").buckets(Buckets::explicit([0.5, 1.0])).register().expect("legal");
    let slots: Family<Slot, Counter> = registry.counter("slots_total", "S.").family().expect("legal");

    let floor = Floor::default();
    let finished = AtomicUsize::new(0);
    // The workers stop after the first fifth of the births, until the scraper has looked at the memory.
    let (first_fifth, is_warm) = (births / WORKERS / 5, Barrier::new(WORKERS + 1));
    let slabs_before = stats().slabs;
    let (mut warm_kib, mut most_slabs) = (None, 0);

    let life = |birth: usize| {
        counter.add(3);
        busy.add_nanos(7);
        in_flight.inc();
        ones.observe(1.0);
        slots.with(&Slot { slot: birth % SLOTS }, Counter::inc);
        in_flight.dec();
    };
    thread::scope(|scope| {
        for worker in 0..WORKERS {
            let (life, finished, is_warm) = (&life, &finished, &is_warm);
            scope.spawn(move || {
                for (number, birth) in (worker..births).step_by(WORKERS).enumerate() {
                    if number == first_fifth {
                        is_warm.wait();
                    }
                    // Joined by handle: only that waits for the thread's destructors too.
                    scope.spawn(move || life(birth)).join().expect("the thread runs through");
                    finished.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        scope.spawn(|| {
            let mut scraper = Scraper::new(&registry);
            while finished.load(Ordering::Relaxed) < births {
                let parsed = floor.scrape(&mut scraper);
                most_slabs = most_slabs.max(stats().slabs);
                let read = |name| parsed.get(name, &[]).expect("registered").parse::<f64>().expect("a number");
                // Each thread observes 1 and nothing else, and may be caught in the middle of one.
                let ahead = read("ones_sum") - read("ones_count");
                assert!(ahead >= 0.0, "the sum falls short of the count by {ahead}");
                let depth = read("in_flight");
                assert!(depth >= 0.0, "the depth is {depth}");
                if warm_kib.is_none() && finished.load(Ordering::Relaxed) == first_fifth * WORKERS {
                    warm_kib = Some(resident_kib());
                    is_warm.wait();
                }
                // A scrape now and then, not a race for the two cores.
                thread::yield_now();
            }
        });
    });

    let parsed = scrape(&mut Scraper::new(&registry));
    let births = births as u64;
    assert_eq!(parsed.integer("events_total", &[]), 3 * births);
    assert_eq!(busy.get().as_nanos(), u128::from(7 * births));
    assert_eq!(parsed.integer("in_flight", &[]), 0);
    assert_eq!(parsed.integer("ones_count", &[]), births);
    assert_eq!(parsed.get("ones_sum", &[]).map(str::parse), Some(Ok(births as f64)));
    let slot = |slot: usize| parsed.integer("slots_total", &[("slot", &slot.to_string())]);
    assert_eq!((0..SLOTS).map(slot).sum::<u64>(), births);

    let stats = stats();
    assert!(most_slabs <= slabs_before + WORKERS + 1, "{most_slabs} slabs for {WORKERS} live threads");
    assert_eq!((stats.lost_records, stats.internal_errors), (0, 0));
    let warm_kib = warm_kib.expect("the workers waited for it");
    if let (Some(warm), Some(now)) = (warm_kib, resident_kib()) {
        let grown = now.saturating_sub(warm);
        assert!(grown < 1024, "memory grew by {grown} KiB after the first fifth of the births");
    }
}

#[test]
fn a_crowd_of_threads_is_folded_away() {
    // As many as are kept idle, and more.
    let idle_bound = 8.max(2 * thread::available_parallelism().map_or(4, usize::from));
    let crowd = idle_bound + if cfg!(miri) { 4 } else { 90 };
    let _alone = alone();
    let registry = Registry::new();
    let counter = registry.counter("events_total", "E.").register().expect("legal");
    // The table of a wide layout is slow to interpret, and not what this is about.
    let buckets = Buckets::linear(1.0, 1.0, if cfg!(miri) { 2 } else { 20 });
    let sizes = registry.histogram("size", "S.").buckets(buckets).register().expect("legal");
    let floor = Floor::default();
    let mut scraper = Scraper::new(&registry);
    let rounds = if cfg!(miri) { 1 } else { 3 };
    for round in 1..=rounds {
        let barrier = Barrier::new(crowd);
        thread::scope(|scope| {
            let threads: Vec<_> = (0..crowd)
                .map(|index| {
                    let (counter, sizes, barrier) = (&counter, &sizes, &barrier);
                    scope.spawn(move || {
                        counter.inc();
                        sizes.observe((index % 25) as f64);
                        // All live at once, so that there are as many slabs.
                        barrier.wait();
                    })
                })
                .collect();
            threads.into_iter().for_each(|thread| thread.join().expect("the thread runs through"));
        });
        let parsed = floor.scrape(&mut scraper);
        assert_eq!(parsed.integer("events_total", &[]), round * crowd as u64);
        assert_eq!(parsed.integer("size_count", &[]), round * crowd as u64);
        let once: usize = (0..crowd).map(|index| index % 25).sum();
        assert_eq!(parsed.integer("size_sum", &[]), round * once as u64);
        // The scrape has folded what is idle above its bound.
        let stats = stats();
        assert!(stats.idle_slabs <= idle_bound, "{stats:?}");
        assert!(stats.slabs < crowd, "{stats:?}");
        let again = floor.scrape(&mut scraper);
        assert_eq!(again, parsed, "folding changed a value");
    }
}

#[test]
fn a_depth_whose_decrement_follows_its_increment_is_never_negative() {
    let _alone = alone();
    let registry = Registry::new();
    let depth = registry.up_down_counter("in_flight", "I.").register().expect("legal");
    let pairs = registry.up_down_counter("pairs", "P.").register().expect("legal");
    let (waiters, readings) = if cfg!(miri) { (3, 12) } else { (30, 20_000 * stress()) };
    let (done, attached) = (AtomicBool::new(false), Barrier::new(waiters + 1));
    thread::scope(|scope| {
        // The increment happens before the decrement because the channel carries it over.
        let (sender, receiver) = mpsc::sync_channel(4);
        let (source, sink, pairs, done, attached) = (&depth, &depth, &pairs, &done, &attached);
        scope.spawn(move || {
            while !done.load(Ordering::Relaxed) {
                source.inc();
                sender.send(()).expect("the sink takes all there is");
            }
        });
        scope.spawn(move || receiver.into_iter().for_each(|()| sink.dec()));
        // Up and down again as fast as can be: between two reads of a pass there are whole pairs. Slabs of
        // threads that only wait make the pass longer.
        scope.spawn(move || {
            while !done.load(Ordering::Relaxed) {
                pairs.inc();
                pairs.dec();
            }
        });
        let mut waiting = Vec::new();
        for _ in 0..waiters {
            waiting.push(scope.spawn(move || {
                pairs.add(0);
                attached.wait();
                while !done.load(Ordering::Relaxed) {
                    thread::park();
                }
            }));
        }
        attached.wait();
        let mut scraper = Scraper::new(&registry);
        let negative = (0..readings).find_map(|reading| {
            let shown = match reading % 16 {
                0 => scrape(&mut scraper).get("in_flight", &[]).and_then(|shown| shown.parse().ok()),
                odd if odd % 2 == 1 => Some(depth.get()),
                _ => Some(pairs.get()),
            };
            // None: not a number.
            shown.filter(|shown| *shown >= 0).map_or(Some(shown), |_| None)
        });
        // First, so that a failure does not leave the threads running.
        done.store(true, Ordering::Relaxed);
        waiting.iter().for_each(|waiting| waiting.thread().unpark());
        assert_eq!(negative, None);
    });
    assert_eq!((depth.get(), pairs.get()), (0, 0));
}
