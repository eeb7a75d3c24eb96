//! Numbers that are none, or too large.

use crate::facade::{exposed, recorder};
use metrics::{counter, gauge, histogram, with_local_recorder};
use std::time::Duration;
use streamgauge::stats;

#[test]
fn histograms_leave_out_what_would_poison_their_sum_and_the_engine_counts_it() {
    // The only test of this binary whose histograms are given such values, since the counts are the process's.
    let before = stats();
    let recorder = recorder();
    with_local_recorder(&recorder, || {
        for value in [1.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0, -f64::MIN_POSITIVE, -0.0, 0.0, 2.0] {
            histogram!("size").record(value);
        }
        histogram!("size").record_many(f64::NAN, 10);
        histogram!("size").record_many(f64::INFINITY, 10);
        histogram!("size").record_many(-1.0, 10);
        histogram!("size").record_many(f64::NAN, 0);
    });
    let exposed = exposed(&recorder);
    assert_eq!((exposed.get("size_count"), exposed.get("size_sum")), (Some(4.0), Some(3.0)));
    assert_eq!(exposed.get("size_bucket{le=\"+Inf\"}"), Some(4.0));
    let after = stats();
    assert_eq!(after.dropped_nan - before.dropped_nan, 11);
    assert_eq!(after.dropped_infinite - before.dropped_infinite, 12);
    assert_eq!(after.dropped_negative - before.dropped_negative, 12);
}

#[test]
fn gauges_hold_every_number_there_is() {
    let recorder = recorder();
    let text = |value: f64| {
        with_local_recorder(&recorder, || gauge!("depth").set(value));
        recorder.handle().render().lines().nth(1).unwrap().strip_prefix("depth ").unwrap().to_owned()
    };
    assert_eq!(text(f64::NAN), "NaN");
    assert_eq!(text(-f64::NAN), "NaN");
    assert_eq!((text(f64::INFINITY), text(f64::NEG_INFINITY)), ("+Inf".to_owned(), "-Inf".to_owned()));
    assert_eq!(text(-0.0), "-0", "as the stock recorder writes it");
    for value in [f64::MAX, f64::MIN, f64::MIN_POSITIVE, 5e-324, 0.1 + 0.2, 1e21, 1e-7] {
        let read: f64 = text(value).parse().unwrap();
        assert_eq!(read.to_bits(), value.to_bits(), "{value:?} as {}", text(value));
    }
}

#[test]
fn a_gauge_that_was_no_number_can_be_set_again() {
    let recorder = recorder();
    with_local_recorder(&recorder, || {
        gauge!("depth").set(f64::NAN);
        gauge!("depth").increment(1);
        gauge!("other").increment(f64::INFINITY);
        gauge!("other").decrement(f64::INFINITY);
    });
    let poisoned = exposed(&recorder);
    assert!(poisoned.get("depth").unwrap().is_nan() && poisoned.get("other").unwrap().is_nan());
    with_local_recorder(&recorder, || gauge!("depth").set(2));
    assert_eq!(exposed(&recorder).get("depth"), Some(2.0));
}

#[test]
fn counters_wrap_and_never_panic() {
    let recorder = recorder();
    with_local_recorder(&recorder, || {
        counter!("events").increment(u64::MAX);
        counter!("events").increment(2);
        counter!("read").absolute(u64::MAX);
        counter!("read").absolute(0);
    });
    let text = recorder.handle().render();
    assert!(text.contains("\nevents 1\n"), "as a reader expects of a counter that began anew: {text}");
    assert!(text.contains(&format!("\nread {}\n", u64::MAX)), "{text}");
}

#[test]
fn the_longest_duration_is_a_value() {
    let recorder = recorder();
    with_local_recorder(&recorder, || {
        histogram!("pause").record(Duration::MAX);
        histogram!("pause").record(Duration::ZERO);
    });
    let exposed = exposed(&recorder);
    assert_eq!(exposed.get("pause_bucket{le=\"0.0001\"}"), Some(1.0));
    assert_eq!((exposed.get("pause_count"), exposed.get("pause_sum")), (Some(2.0), Some(Duration::MAX.as_secs_f64())));
}

#[test]
fn a_sum_beyond_the_numbers_stays_at_the_largest_and_the_counts_go_on() {
    let recorder = recorder();
    with_local_recorder(&recorder, || {
        histogram!("size").record(f64::MAX);
        histogram!("size").record(f64::MAX);
        histogram!("size").record_many(1.0, usize::MAX >> 12);
    });
    let exposed = exposed(&recorder);
    assert_eq!(exposed.get("size_sum"), Some(f64::MAX));
    assert_eq!(exposed.get("size_count"), Some((usize::MAX >> 12) as f64 + 2.0));
}
