//! More names and label values than anybody can want.

use crate::facade::{Exposed, exposed};
use metrics::{counter, describe_counter, gauge, histogram, with_local_recorder};
use std::thread;
use streamgauge_exporter::recorder::Recorder;

const MILLION: u64 = 1_000_000;

/// Adds up the samples of a name.
fn total(exposed: &Exposed, name: &str) -> f64 {
    let start = format!("{name}{{");
    exposed
        .samples
        .iter()
        .filter(|(sample, _)| *sample == name || sample.starts_with(&start))
        .map(|(_, value)| value)
        .sum()
}

#[test]
fn a_million_label_values_are_ten_thousand_series_and_one_for_the_rest() {
    let recorder = Recorder::builder().build_recorder();
    thread::scope(|scope| {
        for half in 0..2 {
            let recorder = &recorder;
            scope.spawn(move || {
                with_local_recorder(recorder, || {
                    for id in (half * MILLION / 2)..((half + 1) * MILLION / 2) {
                        counter!("events", "id" => id.to_string()).increment(id);
                    }
                });
            });
        }
    });
    let exposed = exposed(&recorder);
    assert_eq!(exposed.samples.len(), 10_002, "those within the limit, the rest, and the count of the rest");
    assert_eq!(
        total(&exposed, "events"),
        (MILLION * (MILLION - 1) / 2) as f64,
        "nothing is lost, nothing counts twice"
    );
    let overflow = exposed.get("events{overflow=\"__overflow__\"}").unwrap();
    assert!(overflow > 0.9 * total(&exposed, "events"), "{overflow}");
}

#[test]
fn a_million_names_are_as_many_families_as_the_limit_says_and_one_for_the_rest() {
    let recorder = Recorder::builder().name_limit(1_000).build_recorder();
    with_local_recorder(&recorder, || {
        for id in 0..MILLION {
            counter!(format!("events.{id}")).increment(id);
        }
    });
    let exposed = exposed(&recorder);
    assert_eq!(exposed.samples.len(), 1_002, "those within the limit, the rest, and the count of what was refused");
    let within: f64 = (0..1_000).map(|id| exposed.get(&format!("events_{id}")).unwrap()).sum();
    let rest = exposed.get("metrics_facade_overflow_total").unwrap();
    assert_eq!(within + rest, (MILLION * (MILLION - 1) / 2) as f64);
    assert!(exposed.collisions("refused") >= Some(999_000.0));
    let text = recorder.handle().render();
    assert!(text.len() < 100_000, "{}", text.len());
}

#[test]
fn without_a_setting_there_are_ten_thousand_names() {
    let recorder = Recorder::builder().build_recorder();
    with_local_recorder(&recorder, || {
        for id in 0..10_005 {
            counter!(format!("events_{id}")).increment(1);
        }
    });
    let exposed = exposed(&recorder);
    assert_eq!((exposed.get("events_9999"), exposed.get("events_10000")), (Some(1.0), None));
    assert_eq!(exposed.get("metrics_facade_overflow_total"), Some(5.0));
}

#[test]
fn every_kind_has_a_place_for_names_past_the_limit() {
    let recorder = Recorder::builder().name_limit(1).add_global_label("job", "test").build_recorder();
    with_local_recorder(&recorder, || {
        for _ in 0..2 {
            counter!("first").increment(1);
            counter!("second", "a" => "1").increment(2);
            gauge!("third").increment(3);
            histogram!("fourth").record(4);
        }
        gauge!("first").set(5);
    });
    let exposed = exposed(&recorder);
    assert_eq!(exposed.get("first{job=\"test\"}"), Some(2.0));
    assert_eq!(exposed.get("first_gauge{job=\"test\"}"), Some(5.0), "a name that is known may have another kind");
    assert_eq!(exposed.get("metrics_facade_overflow_total{job=\"test\"}"), Some(4.0));
    assert_eq!(exposed.get("metrics_facade_overflow_gauge{job=\"test\"}"), Some(6.0));
    assert_eq!(exposed.get("metrics_facade_overflow_histogram_sum{job=\"test\"}"), Some(8.0));
}

#[test]
fn the_limit_of_series_is_of_each_family() {
    let recorder = Recorder::builder().series_limit(2).build_recorder();
    with_local_recorder(&recorder, || {
        for id in 0..10 {
            for _ in 0..2 {
                counter!("events", "id" => id.to_string()).increment(1);
                histogram!("size", "id" => id.to_string()).record(1);
            }
        }
        counter!("rows", "id" => "0").increment(1);
    });
    let exposed = exposed(&recorder);
    assert_eq!(exposed.get("events{overflow=\"__overflow__\"}"), Some(16.0));
    assert_eq!(exposed.get("size_count{overflow=\"__overflow__\"}"), Some(16.0));
    assert_eq!((exposed.get("events{id=\"1\"}"), exposed.get("rows{id=\"0\"}")), (Some(2.0), Some(1.0)));
}

#[test]
fn a_label_with_the_word_of_the_rest_is_the_rest() {
    let recorder = Recorder::builder().series_limit(1).build_recorder();
    with_local_recorder(&recorder, || {
        counter!("events", "id" => "0").increment(1);
        counter!("events", "id" => "1").increment(2);
        counter!("events", "overflow" => "__overflow__").increment(4);
    });
    assert_eq!(exposed(&recorder).get("events{overflow=\"__overflow__\"}"), Some(6.0));
}

#[test]
fn a_flood_of_descriptions_takes_no_room_from_metrics() {
    let recorder = Recorder::builder().name_limit(100).build_recorder();
    with_local_recorder(&recorder, || {
        for id in 0..50_000 {
            describe_counter!(format!("described_{id}"), "Never recorded.");
        }
        counter!("events").increment(1);
        counter!("described_5").increment(1);
    });
    let exposed = exposed(&recorder);
    assert_eq!((exposed.get("events"), exposed.help("events")), (Some(1.0), None));
    assert_eq!((exposed.get("described_5"), exposed.help("described_5")), (Some(1.0), Some("Never recorded.")));
}

#[test]
fn limits_of_nothing_send_everything_to_the_rest() {
    let without_names = Recorder::builder().name_limit(0).build_recorder();
    let without_series = Recorder::builder().series_limit(0).build_recorder();
    let without_values = Recorder::builder().value_limit(0).build_recorder();
    for recorder in [&without_names, &without_series, &without_values] {
        with_local_recorder(recorder, || {
            counter!("events", "id" => "0").increment(1);
            counter!("events", "id" => "1").increment(2);
        });
    }
    assert_eq!(exposed(&without_names).get("metrics_facade_overflow_total"), Some(3.0));
    assert_eq!(exposed(&without_series).get("events{overflow=\"__overflow__\"}"), Some(3.0));
    // A value that is cut to nothing is as if it were not given.
    assert_eq!(exposed(&without_values).get("events"), Some(3.0));
}
