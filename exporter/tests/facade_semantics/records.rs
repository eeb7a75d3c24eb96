//! Recording: what each call does to a value.

use crate::facade::{Exposed, exposed, recorder, rendered};
use metrics::{counter, gauge, histogram, with_local_recorder};
use std::thread;
use std::time::Duration;
use streamgauge_exporter::recorder::Recorder;

#[test]
fn a_counter_is_there_from_its_registration_on() {
    assert_eq!(rendered(|| drop(counter!("events"))), "# TYPE events counter\nevents 0\n");
}

#[test]
fn increments_add_up_over_macros_and_handles() {
    let text = rendered(|| {
        let held = counter!("events");
        held.increment(1);
        counter!("events").increment(2);
        held.increment(0);
        counter!("events").increment(4);
    });
    assert_eq!(text, "# TYPE events counter\nevents 7\n");
}

#[test]
fn counters_keep_all_digits() {
    let text = rendered(|| counter!("events").increment(u64::MAX));
    assert_eq!(text, format!("# TYPE events counter\nevents {}\n", u64::MAX));
}

#[test]
fn absolute_raises_and_never_lowers() {
    let recorder = recorder();
    let after = |total: u64| {
        with_local_recorder(&recorder, || counter!("read").absolute(total));
        exposed(&recorder).get("read")
    };
    assert_eq!([10, 3, 10, 0, 11].map(after), [10.0, 10.0, 10.0, 10.0, 11.0].map(Some));
    with_local_recorder(&recorder, || counter!("read").increment(5));
    assert_eq!([15, 17].map(after), [16.0, 17.0].map(Some), "increments and totals are of one count");
}

#[test]
fn totals_from_several_threads_leave_the_highest() {
    let recorder = recorder();
    let read = with_local_recorder(&recorder, || counter!("read"));
    thread::scope(|scope| {
        for start in 0..4 {
            let read = &read;
            scope.spawn(move || (0..2_000).for_each(|step| read.absolute(step * 4 + start)));
        }
    });
    assert_eq!(exposed(&recorder).get("read"), Some(7_999.0));
}

#[test]
fn a_gauge_is_set_and_moved() {
    let recorder = recorder();
    let value = |change: fn(&metrics::Gauge)| {
        with_local_recorder(&recorder, || change(&gauge!("depth")));
        exposed(&recorder).get("depth")
    };
    assert_eq!(value(|_| {}), Some(0.0));
    assert_eq!(value(|depth| depth.set(2.5)), Some(2.5));
    assert_eq!(value(|depth| depth.increment(1.25)), Some(3.75));
    assert_eq!(value(|depth| depth.decrement(5.0)), Some(-1.25));
    assert_eq!(value(|depth| depth.set(7)), Some(7.0), "integers are numbers too");
}

#[test]
fn gauges_moved_by_several_threads_lose_nothing() {
    let recorder = recorder();
    let depth = with_local_recorder(&recorder, || gauge!("depth"));
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..5_000 {
                    depth.increment(3);
                    depth.decrement(2);
                }
            });
        }
    });
    assert_eq!(exposed(&recorder).get("depth"), Some(20_000.0));
}

#[test]
fn a_histogram_counts_values_into_its_buckets() {
    let recorder = Recorder::builder().set_buckets(&[1.0, 2.5]).unwrap().build_recorder();
    with_local_recorder(&recorder, || {
        for value in [0.5, 1.0, 2.0, 3.0] {
            histogram!("size").record(value);
        }
    });
    let expected = "# TYPE size histogram\nsize_bucket{le=\"1\"} 2\nsize_bucket{le=\"2.5\"} 3\n\
                    size_bucket{le=\"+Inf\"} 4\nsize_sum 6.5\nsize_count 4\n";
    assert_eq!(recorder.handle().render(), expected);
}

#[test]
fn a_histogram_is_there_from_its_registration_on() {
    let exposed = Exposed::of(&rendered(|| drop(histogram!("size"))));
    assert_eq!((exposed.get("size_count"), exposed.get("size_sum")), (Some(0.0), Some(0.0)));
}

#[test]
fn many_records_at_once_are_that_many_records() {
    let once = rendered(|| {
        let size = histogram!("size");
        (0..1_000).for_each(|_| size.record(0.25));
        size.record(8.0);
    });
    let many = rendered(|| {
        histogram!("size").record_many(0.25, 1_000);
        histogram!("size").record_many(8.0, 1);
        histogram!("size").record_many(3.0, 0);
    });
    assert_eq!(many, once);
    assert!(once.contains("size_sum 258\nsize_count 1001\n"), "{once}");
}

#[test]
fn many_records_at_once_do_not_take_a_loop() {
    // A loop over as many as this never ends.
    let exposed = Exposed::of(&rendered(|| histogram!("size").record_many(0.5, 1 << 52)));
    assert_eq!(exposed.get("size_count"), Some((1_u64 << 52) as f64));
    assert_eq!(exposed.get("size_sum"), Some((1_u64 << 51) as f64));
}

#[test]
fn durations_are_seconds() {
    let exposed = Exposed::of(&rendered(|| {
        histogram!("pause").record(Duration::from_millis(1_500));
        histogram!("pause").record_many(Duration::from_millis(250), 2);
        gauge!("age").set(Duration::from_millis(250));
        gauge!("age").increment(Duration::from_secs(1));
    }));
    assert_eq!(exposed.get("pause_sum"), Some(2.0));
    assert_eq!(exposed.get("pause_bucket{le=\"0.25\"}"), Some(2.0));
    assert_eq!(exposed.get("pause_bucket{le=\"1\"}"), Some(2.0));
    assert_eq!(exposed.get("pause_bucket{le=\"2.5\"}"), Some(3.0));
    assert_eq!(exposed.get("age"), Some(1.25));
}

#[test]
fn what_many_threads_record_adds_up() {
    let recorder = recorder();
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                with_local_recorder(&recorder, || {
                    for index in 0..2_000 {
                        counter!("events", "table" => "orders").increment(1);
                        histogram!("size").record(f64::from(index % 4));
                    }
                });
            });
        }
    });
    let exposed = exposed(&recorder);
    assert_eq!(exposed.get("events{table=\"orders\"}"), Some(16_000.0));
    assert_eq!((exposed.get("size_count"), exposed.get("size_sum")), (Some(16_000.0), Some(24_000.0)));
}
