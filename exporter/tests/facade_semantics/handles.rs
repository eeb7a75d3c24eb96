//! Handles and recorders that come and go, in any order, on any thread.

use crate::facade::{exposed, recorder};
use metrics::{Counter, Gauge, Histogram, counter, gauge, histogram, with_local_recorder};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use streamgauge::{Collector, CollectorOutput};
use streamgauge_exporter::recorder::Recorder;

#[test]
fn without_a_recorder_nothing_is_recorded() {
    let recorder = recorder();
    let (events, depth, size) = (Counter::noop(), Gauge::noop(), Histogram::noop());
    with_local_recorder(&recorder, || {
        events.increment(1);
        events.absolute(1);
        depth.set(1);
        size.record_many(1, 10);
    });
    counter!("events").increment(1);
    assert_eq!(recorder.handle().render(), "");
}

#[test]
fn handles_outlive_their_recorder() {
    let recorder = recorder();
    let (events, depth, size) =
        with_local_recorder(&recorder, || (counter!("events"), gauge!("depth"), histogram!("size")));
    let handle = recorder.handle();
    events.increment(1);
    drop(recorder);
    events.increment(2);
    depth.set(1);
    size.record(1);
    assert_eq!(crate::facade::scraped(&handle).get("events"), Some(3.0), "the handle of the recorder keeps it");
    drop(handle);
    let thread = thread::spawn(move || {
        events.increment(4);
        events.absolute(100);
        depth.increment(1);
        depth.decrement(1);
        size.record(1);
        size.record_many(2, 2);
    });
    thread.join().unwrap();
}

#[test]
fn local_recorders_nest() {
    let (outer, inner) = (recorder(), recorder());
    with_local_recorder(&outer, || {
        counter!("events").increment(1);
        with_local_recorder(&inner, || {
            counter!("events").increment(10);
            with_local_recorder(&outer, || counter!("events").increment(2));
            counter!("events").increment(20);
        });
        counter!("events").increment(4);
    });
    assert_eq!(exposed(&outer).get("events"), Some(7.0));
    assert_eq!(exposed(&inner).get("events"), Some(30.0));
}

#[test]
fn recorders_with_the_same_keys_do_not_mix() {
    let recorders: Vec<Recorder> = (0..3).map(|_| recorder()).collect();
    // One call site, so that the keys are the very same static.
    let record = |amount: u64| {
        counter!("events", "table" => "orders").increment(amount);
        gauge!("depth").increment(amount as f64);
        histogram!("size").record(amount as f64);
    };
    for _ in 0..100 {
        for (index, recorder) in recorders.iter().enumerate() {
            with_local_recorder(recorder, || record(index as u64 + 1));
        }
    }
    for (index, recorder) in recorders.iter().enumerate() {
        let (exposed, total) = (exposed(recorder), (index + 1) as f64 * 100.0);
        assert_eq!(exposed.get("events{table=\"orders\"}"), Some(total));
        assert_eq!((exposed.get("depth"), exposed.get("size_sum")), (Some(total), Some(total)));
    }
}

#[test]
fn a_new_recorder_does_not_find_the_series_of_one_that_is_gone() {
    // Where memory is reused, a new recorder may lie where the last one lay.
    for round in 0..50 {
        let recorder = recorder();
        with_local_recorder(&recorder, || counter!("events").increment(round));
        assert_eq!(exposed(&recorder).get("events"), Some(round as f64));
    }
}

/// Tells when the registry it is in goes.
struct Probe(Arc<AtomicBool>);

impl Collector for Probe {
    fn describe(&self) -> Vec<streamgauge::CollectedFamily> {
        Vec::new()
    }

    fn collect(&self, _: &mut CollectorOutput<'_>) {}
}

impl Drop for Probe {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

#[test]
fn a_recorder_that_is_dropped_takes_its_registry_with_it() {
    let gone = Arc::new(AtomicBool::new(false));
    let recorder = recorder();
    recorder.handle().registry().register_collector(Probe(gone.clone())).unwrap();
    with_local_recorder(&recorder, || {
        counter!("events").increment(1);
        histogram!("size").record(1);
    });
    assert_eq!(exposed(&recorder).get("events"), Some(1.0));
    assert!(!gone.load(Ordering::Acquire));
    drop(recorder);
    assert!(gone.load(Ordering::Acquire), "something holds the registry, such as the cache of this thread");
}

#[test]
fn a_thread_that_uses_more_keys_than_it_remembers_loses_nothing() {
    let recorder = Recorder::builder().series_limit(40_000).build_recorder();
    with_local_recorder(&recorder, || {
        for round in 0..3_u64 {
            for index in 0..20_000 {
                counter!("events", "index" => index.to_string()).increment(round + 1);
            }
        }
    });
    let exposed = exposed(&recorder);
    assert_eq!(exposed.samples.len(), 20_000);
    assert!(exposed.samples.values().all(|value| *value == 6.0));
}

#[test]
fn keys_too_long_to_be_remembered_are_recorded_all_the_same() {
    let recorder = recorder();
    let long = "v".repeat(1_000);
    with_local_recorder(&recorder, || {
        for _ in 0..3 {
            counter!("events", "a" => long.clone(), "b" => long.clone(), "c" => long.clone()).increment(1);
        }
    });
    let exposed = exposed(&recorder);
    assert_eq!(exposed.samples.len(), 1);
    assert_eq!(exposed.samples.into_values().next(), Some(3.0));
}

#[test]
fn recorders_and_their_parts_can_be_shown() {
    let recorder = recorder();
    with_local_recorder(&recorder, || counter!("events").increment(1));
    assert!(format!("{recorder:?} {:?} {:?}", recorder.handle(), Recorder::builder()).contains("Recorder"));
}
