//! What the recorder allocates, and what it gives back: a warm macro call allocates nothing, and series that go give
//! back their memory though threads that sleep have cached them.
#![cfg(feature = "metrics-0-24")]

#[path = "../../engine/tests/common/alloc.rs"]
mod alloc;
mod facade;

use alloc::{alone, calls, live};
use facade::{exposed, recorder, wait_until};
use metrics::{counter, describe_counter, gauge, histogram, with_local_recorder};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;
use streamgauge_exporter::recorder::{MetricKindMask, Recorder, cache_bytes};

#[test]
fn a_warm_macro_call_allocates_nothing() {
    let _alone = alone();
    let recorder = recorder();
    let record = || {
        counter!("events").increment(1);
        counter!("events", "table" => "orders", "op" => "insert").increment(2);
        gauge!("depth", "table" => "orders").set(3);
        gauge!("depth", "table" => "orders").increment(3);
        histogram!("size").record(4);
        histogram!("size", "table" => "orders").record_many(5, 6);
    };
    with_local_recorder(&recorder, || {
        record();
        let before = calls();
        (0..100).for_each(|_| record());
        assert_eq!(calls() - before, 0);
        // The count counts.
        drop(std::hint::black_box(Box::new(1)));
        assert_eq!(calls() - before, 2);
    });
    assert_eq!(exposed(&recorder).get("events"), Some(101.0));
}

#[test]
fn held_handles_allocate_nothing() {
    let _alone = alone();
    let recorder = recorder();
    let (events, depth, size) =
        with_local_recorder(&recorder, || (counter!("events"), gauge!("depth"), histogram!("size")));
    let record = || {
        events.increment(1);
        depth.set(2);
        depth.decrement(1);
        size.record(3);
        drop(events.clone());
    };
    record();
    let before = calls();
    (0..100).for_each(|_| record());
    assert_eq!(calls() - before, 0);
}

const SERIES: usize = 500;

/// Records series with long labels: about a kilobyte each, once in the registry and once in what the thread remembers.
fn record_series() {
    let long = "x".repeat(1_000);
    for index in 0..SERIES {
        counter!("events", "id" => format!("{index}{long}")).increment(1);
        gauge!("depth", "id" => format!("{index}{long}")).set(1);
        histogram!("size", "id" => format!("{index}{long}")).record(1);
    }
}

/// What the series of one recorder take at least. A quarter of it may stay: tables that have grown do not shrink.
const OF_SERIES: i64 = SERIES as i64 * 3 * 2_000;

/// Runs `recorded` when a thread that goes on living has recorded the series, and gives the bytes that are taken before,
/// with the series, and after it.
fn live_around(recorder: Recorder, recorded: impl FnOnce(Recorder)) -> [i64; 3] {
    let before = live();
    let (ready, is_ready) = mpsc::channel();
    let (end, ended) = mpsc::channel::<()>();
    let thread = thread::spawn(move || {
        with_local_recorder(&recorder, record_series);
        ready.send(recorder).unwrap();
        // Sleeps, and does not record again, so that it cannot tidy up by itself.
        let _ = ended.recv();
    });
    let recorder = is_ready.recv().unwrap();
    let with_series = live();
    recorded(recorder);
    let after = live();
    drop(end);
    thread.join().unwrap();
    [before, with_series, after]
}

/// Ends a recorder while a thread that has used it sleeps; what else is done then must have that thread forget it.
fn gives_back(then: impl Fn()) {
    let _alone = alone();
    for _ in 0..3 {
        let [before, with_series, after] = live_around(recorder(), |recorder| {
            let remembered = cache_bytes();
            drop(recorder);
            assert_eq!(cache_bytes(), remembered, "the end of a recorder walks no cache of another thread");
            then();
        });
        assert!(with_series > before + OF_SERIES, "{before} {with_series}");
        assert!(after < before + OF_SERIES / 4, "{before} {with_series} {after}");
    }
}

#[test]
fn a_scrape_gives_back_the_memory_of_a_recorder_that_is_gone_though_a_sleeping_thread_has_used_it() {
    let other = recorder();
    gives_back(|| {
        // A thread of another test that is in its cache just now is met the next time.
        wait_until(|| {
            let _ = other.handle().render();
            cache_bytes() < OF_SERIES as usize / 4
        });
    });
}

#[test]
fn new_recorders_give_back_the_memory_of_one_that_is_gone_though_a_sleeping_thread_has_used_it() {
    // One thread in turn for each that is made; the threads of this binary are few.
    gives_back(|| {
        wait_until(|| {
            recorder();
            cache_bytes() < OF_SERIES as usize / 4
        });
    });
}

#[test]
fn idle_series_give_their_memory_back_though_a_sleeping_thread_has_used_them() {
    let _alone = alone();
    let recorder =
        Recorder::builder().idle_timeout(MetricKindMask::ALL, Some(Duration::from_millis(20))).build_recorder();
    let handle = recorder.handle();
    let [before, with_series, after] = live_around(recorder, |recorder| {
        wait_until(|| handle.render().is_empty());
        // Once more, since what a scrape has unlinked is given back by the next one.
        assert_eq!(recorder.handle().render(), "");
    });
    assert!(with_series > before + OF_SERIES, "{before} {with_series}");
    assert!(after < before + OF_SERIES / 4, "{before} {with_series} {after}");
}

#[test]
fn series_go_with_their_recorder_though_other_threads_have_cached_them() {
    let _alone = alone();
    const CELLS: u64 = 5_000;
    let (to_thread, jobs) = mpsc::channel::<Arc<Recorder>>();
    let (done, from_thread) = mpsc::channel();
    let thread = thread::spawn(move || {
        for recorder in jobs {
            with_local_recorder(&recorder, || {
                for index in 0..CELLS {
                    counter!("events", "index" => index.to_string()).increment(1);
                }
            });
            drop(recorder);
            done.send(()).unwrap();
        }
    });
    let mut chunks = Vec::new();
    for _ in 0..40 {
        let recorder = Arc::new(recorder());
        to_thread.send(recorder.clone()).unwrap();
        from_thread.recv().unwrap();
        assert_eq!(exposed(&recorder).samples.len() as u64, CELLS);
        // The thread lives and sleeps. What it remembers of the recorder must not keep 5,000 cells.
        drop(recorder);
        chunks.push(streamgauge::stats().chunks);
    }
    drop(to_thread);
    thread.join().unwrap();
    // 35 recorders with 5,000 cells each would be 85 chunks in the thread's slab alone.
    let (early, late) = (chunks[4], chunks[39]);
    assert!(late <= early, "{chunks:?}");
}

#[test]
fn a_flood_of_descriptions_takes_no_memory_past_the_limit_of_names() {
    let _alone = alone();
    let recorder = Recorder::builder().name_limit(100).build_recorder();
    let before = live();
    with_local_recorder(&recorder, || {
        for id in 0..20_000 {
            describe_counter!(format!("described_{id}"), "Never recorded, and described at some length.");
        }
    });
    let taken = live() - before;
    assert!(taken < 100_000, "{taken} bytes");
}
