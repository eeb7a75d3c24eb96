//! Settings that make no sense.

use crate::facade::exposed;
use metrics::{counter, histogram, with_local_recorder};
use std::time::Duration;
use streamgauge_exporter::Error;
use streamgauge_exporter::recorder::{Matcher, MetricKindMask, Recorder};

#[test]
fn bounds_that_cannot_be_are_refused_and_told() {
    let cases: [&[f64]; 8] = [
        &[],
        &[f64::NAN],
        &[1.0, f64::NAN, 3.0],
        &[2.0, 1.0],
        &[1.0, 1.0],
        &[1.0, f64::INFINITY, 2.0],
        &[f64::NEG_INFINITY, 1.0],
        &[0.0, -0.0],
    ];
    for given in cases {
        let for_all = Recorder::builder().set_buckets(given).unwrap_err();
        let matcher = Matcher::Full("size".into());
        let for_one = Recorder::builder().set_buckets_for_metric(matcher, given).unwrap_err();
        assert_eq!(for_all.to_string(), for_one.to_string());
        assert!(matches!(&for_all, Error::Buckets { given: shown, .. } if shown.len() == given.len()), "{for_all:?}");
        let text = for_all.to_string();
        assert!(text.starts_with(&format!("cannot use the buckets {given:?}: ")), "{text}");
        assert!(!text.contains('\n') && text.len() > format!("cannot use the buckets {given:?}: ").len(), "{text}");
    }
}

#[test]
fn the_bound_that_every_histogram_has_may_be_given() {
    // Lists of bounds from other libraries end in it.
    let recorder = Recorder::builder().set_buckets(&[1.0, f64::INFINITY]);
    let recorder = recorder.expect("as the engine takes it").build_recorder();
    with_local_recorder(&recorder, || histogram!("size").record(3));
    let exposed = exposed(&recorder);
    assert_eq!(exposed.get("size_bucket{le=\"+Inf\"}"), Some(1.0));
    assert_eq!(exposed.samples.len(), 4);
}

#[test]
fn a_great_many_bounds_are_taken_or_refused() {
    for bounds in [100, 1_000, 2_000, 100_000] {
        let given: Vec<f64> = (0..bounds).map(f64::from).collect();
        let Ok(builder) = Recorder::builder().set_buckets(&given) else {
            assert!(bounds > 1_000, "{bounds} bounds are not too many");
            continue;
        };
        let recorder = builder.build_recorder();
        with_local_recorder(&recorder, || histogram!("size").record(1));
        assert_eq!(exposed(&recorder).samples.len() as i32, bounds + 3);
    }
}

#[test]
fn a_timeout_of_nothing_loses_no_record_of_a_held_handle() {
    let recorder = Recorder::builder().idle_timeout(MetricKindMask::ALL, Some(Duration::ZERO)).build_recorder();
    let held = with_local_recorder(&recorder, || counter!("events"));
    for round in 1..100 {
        held.increment(1);
        assert_eq!(exposed(&recorder).get("events"), Some(f64::from(round)));
    }
}

#[test]
fn a_timeout_without_end_keeps_everything() {
    let recorder = Recorder::builder().idle_timeout(MetricKindMask::ALL, Some(Duration::MAX)).build_recorder();
    with_local_recorder(&recorder, || counter!("events").increment(1));
    for _ in 0..3 {
        assert_eq!(exposed(&recorder).get("events"), Some(1.0));
    }
}

#[test]
fn matchers_of_nothing_match_what_they_say() {
    let recorder = Recorder::builder()
        .set_buckets(&[1.0])
        .unwrap()
        .set_buckets_for_metric(Matcher::Full(String::new()), &[2.0])
        .unwrap()
        .build_recorder();
    with_local_recorder(&recorder, || {
        histogram!("").record(1);
        histogram!("size").record(1);
    });
    let exposed = exposed(&recorder);
    assert_eq!(exposed.get("__bucket{le=\"2\"}"), Some(1.0), "an empty name is `_`, also of a matcher");
    assert_eq!(exposed.get("size_bucket{le=\"1\"}"), Some(1.0));
}

#[test]
fn calls_from_the_stock_recorder_that_have_nothing_to_do_do_nothing() {
    #[allow(deprecated, reason = "programs that come from the stock recorder make these calls")]
    {
        let recorder = Recorder::builder().upkeep_timeout(Duration::from_secs(5)).build_recorder();
        with_local_recorder(&recorder, || counter!("events").increment(1));
        recorder.handle().run_upkeep();
        assert_eq!(exposed(&recorder).get("events"), Some(1.0));
    }
}

#[test]
fn global_labels_that_no_series_can_have_beside_its_own_lose_nothing() {
    let many = (0..128).fold(Recorder::builder().name_limit(10), |builder, number| {
        builder.add_global_label(format!("global_{number}"), "x")
    });
    let recorder = many.build_recorder();
    with_local_recorder(&recorder, || {
        for name in 0..20 {
            counter!(format!("name_{name}")).increment(1);
        }
    });
    let body = recorder.handle().render();
    let samples = |name: &str| body.lines().filter(|line| line.starts_with(name)).count();
    assert_eq!((samples("name_"), samples("metrics_facade_overflow_total")), (10, 1), "{body}");
    assert!(body.contains("\nstreamgauge_facade_collisions_total{what=\"refused\"} 10\n"), "{body}");
}
