//! What becomes of series that find no room, and of those that come when there is room again.
#![cfg(feature = "metrics-0-24")]

mod facade;
#[path = "common/heard.rs"]
mod heard;

use facade::{exposed, scraped, wait_until};
use heard::Heard;
use metrics::{counter, gauge, histogram, with_local_recorder};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;
use streamgauge::Registry;
use streamgauge_exporter::recorder::{MetricKindMask, Recorder};

const REST: &str = "events{overflow=\"__overflow__\"}";

#[test]
fn a_key_that_found_no_room_has_its_own_series_as_soon_as_there_is_room_in_every_thread() {
    let registry = Registry::new();
    registry.set_series_limit(5);
    let recorder = Recorder::builder()
        .registry(&registry)
        .idle_timeout(MetricKindMask::GAUGE, Some(Duration::from_millis(40)))
        .build_recorder();
    let handle = recorder.handle();
    let important = || with_local_recorder(&recorder, || counter!("events", "k" => "v".to_owned()).increment(1));
    with_local_recorder(&recorder, || {
        for id in 0..5 {
            gauge!("depth", "id" => id.to_string()).set(1);
        }
    });
    let (to_thread, calls) = mpsc::channel::<()>();
    let (done, from_thread) = mpsc::channel();
    thread::scope(|scope| {
        scope.spawn(move || {
            for () in calls {
                important();
                done.send(()).unwrap();
            }
        });
        let everywhere = || {
            important();
            to_thread.send(()).unwrap();
            from_thread.recv().unwrap();
        };
        everywhere();
        everywhere();
        let full = scraped(&handle);
        assert_eq!((full.get(REST), full.get("events{k=\"v\"}")), (Some(4.0), None));
        // The gauges go.
        wait_until(|| scraped(&handle).get("depth{id=\"0\"}").is_none());
        everywhere();
        everywhere();
        let roomy = scraped(&handle);
        assert_eq!((roomy.get(REST), roomy.get("events{k=\"v\"}")), (Some(4.0), Some(4.0)));
        drop(to_thread);
    });
}

#[test]
fn a_limit_that_is_raised_counts_at_the_next_call() {
    let registry = Registry::new();
    registry.set_series_limit(0);
    let recorder = Recorder::builder().registry(&registry).build_recorder();
    let record = || {
        with_local_recorder(&recorder, || {
            counter!("events", "k" => "v").increment(1);
            histogram!("size", "k" => "v").record(1);
        });
    };
    record();
    registry.set_series_limit(10);
    record();
    let exposed = exposed(&recorder);
    assert_eq!((exposed.get(REST), exposed.get("events{k=\"v\"}")), (Some(1.0), Some(1.0)));
    assert_eq!(exposed.get("size_count{k=\"v\"}"), Some(1.0));
}

#[test]
fn the_rest_has_the_global_labels() {
    let recorder =
        Recorder::builder().add_global_label("service", "orders").name_limit(4).series_limit(1).build_recorder();
    with_local_recorder(&recorder, || {
        for id in 0..3 {
            counter!("events", "id" => id.to_string()).increment(1);
            gauge!("depth", "id" => id.to_string()).set(id);
            histogram!("size", "id" => id.to_string()).record(1);
        }
        counter!("refused", &(0..200).map(|id| (format!("l{id}"), "v".to_owned())).collect::<Vec<_>>()).increment(1);
        for name in ["late", "later"] {
            counter!(name).increment(1);
            gauge!(name).set(1);
            histogram!(name).record(1);
        }
    });
    let exposed = exposed(&recorder);
    assert_eq!(exposed.get("events{overflow=\"__overflow__\",service=\"orders\"}"), Some(2.0));
    assert_eq!(exposed.get("depth{overflow=\"__overflow__\",service=\"orders\"}"), Some(2.0));
    assert_eq!(exposed.get("size_count{overflow=\"__overflow__\",service=\"orders\"}"), Some(2.0));
    assert_eq!(exposed.get("metrics_facade_overflow_total{service=\"orders\"}"), Some(3.0));
    assert_eq!(exposed.get("metrics_facade_overflow_gauge{service=\"orders\"}"), Some(1.0));
    assert_eq!(exposed.get("metrics_facade_overflow_histogram_count{service=\"orders\"}"), Some(2.0));
}

#[test]
fn a_global_label_called_overflow_does_not_hide_the_rest() {
    let recorder = Recorder::builder().add_global_label("overflow", "no").series_limit(0).build_recorder();
    with_local_recorder(&recorder, || counter!("events").increment(1));
    assert_eq!(exposed(&recorder).get(REST), Some(1.0));
}

#[test]
fn a_metric_without_room_is_named_once() {
    let recorder = Recorder::builder().series_limit(1).build_recorder();
    let heard = Heard::default();
    tracing::subscriber::with_default(heard.clone(), || {
        with_local_recorder(&recorder, || {
            for id in 0..100 {
                counter!("events", "id" => id.to_string()).increment(1);
                histogram!("size", "id" => id.to_string()).record(1);
            }
        });
    });
    let warnings = heard.warnings();
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert!(warnings[0].starts_with("the counter \"events\" has no room for more series"), "{warnings:?}");
    assert!(warnings[1].starts_with("the histogram \"size\" has no room for more series"), "{warnings:?}");
    assert_eq!(exposed(&recorder).collisions("series"), Some(198.0));
}

#[test]
fn many_metrics_without_room_do_not_fill_the_log() {
    let registry = Registry::new();
    registry.set_series_limit(0);
    let recorder = Recorder::builder().registry(&registry).build_recorder();
    let heard = Heard::default();
    tracing::subscriber::with_default(heard.clone(), || {
        with_local_recorder(&recorder, || (0..1_000).for_each(|id| counter!(format!("events_{id}")).increment(1)));
    });
    let warnings = heard.warnings();
    assert_eq!(warnings.len(), 33, "{warnings:?}");
    assert!(warnings[32].starts_with("more than 32 metrics have no room"), "{warnings:?}");
}
