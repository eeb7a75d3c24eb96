//! What threads remember of keys: one bound for the process, within which stays what is used.
#![cfg(feature = "metrics-0-24")]

#[path = "../../engine/tests/common/alloc.rs"]
mod alloc;
mod facade;

use alloc::{alone, calls, live};
use facade::{exposed, recorder};
use metrics::{Key, Label, Recorder as _, counter, gauge, histogram, with_local_recorder};
use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Barrier, MutexGuard, mpsc};
use std::thread;
use std::time::{Duration, Instant};
use streamgauge_exporter::recorder::{Recorder, cache_bytes, cache_limit, set_cache_limit};

const MIB: usize = 1 << 20;

/// Takes the turn of a test, and puts the limit back at its end.
struct Limited(#[allow(dead_code, reason = "held")] MutexGuard<'static, ()>);

fn limited(bytes: usize) -> Limited {
    let alone = alone();
    set_cache_limit(bytes);
    Limited(alone)
}

impl Drop for Limited {
    fn drop(&mut self) {
        set_cache_limit(32 * MIB);
    }
}

/// Records one series of each kind for each number.
fn record(ids: std::ops::Range<usize>) {
    for id in ids {
        counter!("events", "id" => id.to_string(), "table" => "public.orders".to_owned()).increment(1);
        gauge!("depth", "id" => id.to_string(), "table" => "public.orders".to_owned()).set(1);
        histogram!("size", "id" => id.to_string(), "table" => "public.orders".to_owned()).record(1);
    }
}

/// Has so many threads record these series, so often, and looks when all have: they live on meanwhile.
fn recorded<R>(recorder: &Recorder, threads: usize, ids: usize, times: usize, look: impl FnOnce() -> R) -> R {
    let (all_have, go_on) = (Barrier::new(threads + 1), Barrier::new(threads + 1));
    thread::scope(|scope| {
        let record_all = || {
            with_local_recorder(recorder, || (0..times).for_each(|_| record(0..ids)));
            all_have.wait();
            go_on.wait();
        };
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(record_all)).collect();
        all_have.wait();
        // The threads end also where this fails.
        let looked = panic::catch_unwind(AssertUnwindSafe(look));
        go_on.wait();
        // The end of the scope does not wait for what threads drop last.
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        looked.unwrap_or_else(|failure| panic::resume_unwind(failure))
    })
}

#[test]
fn threads_together_remember_no_more_than_the_limit_says() {
    let _limited = limited(MIB);
    let recorder = recorder();
    // The series, without what a thread remembers of them: it has ended.
    recorded(&recorder, 1, 1_000, 1, || ());
    let (before, remembered) = (live(), cache_bytes());
    recorded(&recorder, 16, 1_000, 2, || {
        let (grown, remembered) = (live() - before, cache_bytes() - remembered);
        assert!(cache_bytes() <= MIB, "{remembered}");
        assert!(remembered > MIB / 2, "there is more to remember than fits: {remembered}");
        // Counted honestly: threads have little besides.
        assert!(grown <= remembered as i64 + 64 * 1024, "{grown} {remembered}");
    });
    let exposed = exposed(&recorder);
    assert_eq!((exposed.get("events{id=\"7\",table=\"public.orders\"}"), exposed.samples.len()), (Some(33.0), 30_000));
}

#[test]
fn keys_past_the_limit_of_series_are_not_remembered() {
    let _limited = limited(32 * MIB);
    let recorder = Recorder::builder().series_limit(10).build_recorder();
    let one_thread = cache_bytes();
    with_local_recorder(&recorder, || record(0..10));
    let (before, remembered) = (live(), cache_bytes());
    assert!(remembered > one_thread);
    with_local_recorder(&recorder, || record(10..20_000));
    assert!(live() - before < 16 * 1024, "{} bytes", live() - before);
    assert_eq!(cache_bytes(), remembered);
    recorded(&recorder, 8, 2_000, 1, || {
        assert!(cache_bytes() - remembered < 8 * 30 * 400, "{remembered} {}", cache_bytes());
    });
}

#[test]
fn the_limit_can_be_lowered_and_raised() {
    let _limited = limited(4 * MIB);
    let recorder = recorder();
    recorded(&recorder, 4, 1_000, 1, || {
        assert!(cache_bytes() > MIB);
        let before = live();
        // The threads sleep, so others have to forget for them.
        set_cache_limit(MIB / 4);
        assert_eq!(cache_limit(), MIB / 4);
        let freed = before - live();
        assert!(cache_bytes() <= MIB / 4, "{}", cache_bytes());
        assert!(freed as usize > MIB / 2, "{freed}");
        set_cache_limit(0);
        assert_eq!(cache_bytes(), 0);
    });
    with_local_recorder(&recorder, || record(0..10));
    assert_eq!(cache_bytes(), 0, "nothing is remembered");
    set_cache_limit(MIB);
    with_local_recorder(&recorder, || record(0..10));
    assert!(cache_bytes() > 0);
    let before = calls();
    with_local_recorder(&recorder, || counter!("events").increment(1));
    let first = calls() - before;
    with_local_recorder(&recorder, || counter!("events").increment(1));
    assert_eq!((first > 0, calls() - before - first), (true, 0), "what is remembered allocates nothing");
}

/// Keys whose handles are taken without an allocation of the caller's.
fn keys(range: std::ops::Range<usize>) -> Vec<Key> {
    range.map(|id| Key::from_parts("events", vec![Label::new("id", id.to_string())])).collect()
}

/// Counts the keys that are not remembered: these allocate.
fn misses(recorder: &Recorder, keys: &[Key]) -> usize {
    static METADATA: metrics::Metadata<'_> = metrics::Metadata::new("test", metrics::Level::INFO, None);
    let is_missed = |key: &&Key| {
        let before = calls();
        recorder.register_counter(key, &METADATA).increment(1);
        calls() != before
    };
    keys.iter().filter(is_missed).count()
}

#[test]
fn what_is_used_stays_and_what_is_not_goes() {
    let _limited = limited(128 * 1024);
    let recorder = Recorder::builder().series_limit(usize::MAX).build_recorder();
    let hot = keys(0..100);
    assert_eq!(misses(&recorder, &hot), 100);
    let mut missed = 0;
    // Many times what fits passes by.
    for round in 1..=500 {
        misses(&recorder, &keys(round * 100..(round + 1) * 100));
        missed += misses(&recorder, &hot);
    }
    assert!(missed < 500, "of 50,000 uses {missed} were not remembered");
    let first_ones = keys(100..200);
    assert_eq!(misses(&recorder, &first_ones), 100);
    assert_eq!(exposed(&recorder).get("events{id=\"50\"}"), Some(501.0));
}

#[test]
fn a_thread_that_sleeps_makes_room_for_one_that_works() {
    let _limited = limited(MIB / 2);
    let recorder = Recorder::builder().series_limit(usize::MAX).build_recorder();
    let (end, ended) = mpsc::channel::<()>();
    let (ready, is_ready) = mpsc::channel();
    thread::scope(|scope| {
        let sleeping = &recorder;
        scope.spawn(move || {
            misses(sleeping, &keys(0..20_000));
            ready.send(()).unwrap();
            let _ = ended.recv();
        });
        is_ready.recv().unwrap();
        let everything = cache_bytes();
        assert!(everything > MIB / 4, "{everything}");
        // Fits if the other one goes, and not beside half of what it has.
        let wanted = keys(100_000..101_800);
        let rounds = (0..200).take_while(|_| misses(&recorder, &wanted) > 0).count();
        assert!(rounds < 200, "{} of {} are still missed", misses(&recorder, &wanted), wanted.len());
        drop(end);
    });
}

#[test]
fn labels_without_text_weigh_what_they_take() {
    let _limited = limited(32 * MIB);
    let recorder = recorder();
    let key = |name: usize| {
        let labels = (0..100).map(|label| Label::new(format!("l{label}"), "")).collect::<Vec<_>>();
        Key::from_parts(format!("events_{name}"), labels)
    };
    let retained: Vec<Key> = (0..200).map(key).map(|key| key.to_retained()).collect();
    let owned: Vec<Key> = (200..400).map(key).collect();
    for keys in [owned, retained] {
        // The series, remembered by a thread that ends.
        thread::scope(|scope| scope.spawn(|| misses(&recorder, &keys)).join().unwrap());
        let (before, remembered) = (live(), cache_bytes());
        misses(&recorder, &keys);
        // What is shared is not counted here any more: the thread would keep it alone.
        drop(keys);
        let (grown, remembered) = (live() - before, (cache_bytes() - remembered) as i64);
        assert!(grown <= remembered, "{grown} {remembered}");
        assert!(remembered > 100 * 200 * 4, "{remembered}");
    }
}

/// Looks until it is so. The limit only keeps a broken program from hanging.
fn wait_until(mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < Duration::from_secs(60), "it never came: {} of {}", cache_bytes(), cache_limit());
    }
}

/// Has a thread record through its keys without end while `beside` runs.
fn beside_a_busy_thread(recorder: &Recorder, ids: usize, beside: impl FnOnce()) {
    let (stop, (remembered, has_remembered)) = (AtomicBool::new(false), mpsc::channel());
    thread::scope(|scope| {
        let stop = &stop;
        scope.spawn(move || {
            let keys = keys(0..ids);
            misses(recorder, &keys);
            remembered.send(()).unwrap();
            while !stop.load(Ordering::Relaxed) {
                misses(recorder, &keys);
            }
        });
        has_remembered.recv().unwrap();
        // The thread ends also where this fails.
        let done = panic::catch_unwind(AssertUnwindSafe(beside));
        stop.store(true, Ordering::Relaxed);
        done.unwrap_or_else(|failure| panic::resume_unwind(failure));
    });
}

#[test]
fn a_lower_limit_holds_for_threads_that_record() {
    for _ in 0..5 {
        let _limited = limited(16 * MIB);
        let recorder = Recorder::builder().series_limit(usize::MAX).build_recorder();
        beside_a_busy_thread(&recorder, 3_000, || {
            set_cache_limit(200 << 10);
            // Whoever has to remember something sees to it, and is remembered itself.
            let few = keys(900_000..900_020);
            wait_until(|| misses(&recorder, &few) == 0 && cache_bytes() <= cache_limit());
            set_cache_limit(0);
            wait_until(|| {
                misses(&recorder, &few);
                cache_bytes() == 0
            });
        });
    }
}

#[test]
fn threads_that_end_soon_get_room_from_those_that_sleep() {
    let _limited = limited(MIB);
    let recorder = Recorder::builder().series_limit(usize::MAX).build_recorder();
    let (full, go_on) = (Barrier::new(2), Barrier::new(2));
    thread::scope(|scope| {
        scope.spawn(|| {
            misses(&recorder, &keys(0..10_000));
            full.wait();
            go_on.wait();
        });
        full.wait();
        // One key a thread: none of them ever lacks room for many.
        let key = keys(900_000..900_001);
        let is_remembered = || {
            let hits = || {
                misses(&recorder, &key);
                misses(&recorder, &key) == 0
            };
            thread::scope(|scope| scope.spawn(hits).join().unwrap())
        };
        let remembered = panic::catch_unwind(AssertUnwindSafe(|| wait_until(is_remembered)));
        go_on.wait();
        remembered.unwrap_or_else(|failure| panic::resume_unwind(failure));
    });
}
