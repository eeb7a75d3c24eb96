//! Bounds of histograms, and global labels: the settings that series are made with.

use crate::facade::{Exposed, exposed, recorder};
use metrics::{Unit, counter, describe_histogram, gauge, histogram, with_local_recorder};
use streamgauge_exporter::recorder::{Matcher, Recorder};

/// Gives the bounds of a histogram as they are exposed.
fn bounds(exposed: &Exposed, name: &str) -> Vec<String> {
    let start = format!("{name}_bucket{{le=\"");
    let of_name = exposed.samples.keys().filter_map(|sample| sample.strip_prefix(&start)?.strip_suffix("\"}"));
    let mut bounds: Vec<String> = of_name.map(str::to_owned).collect();
    bounds.sort_by(|a, b| a.parse::<f64>().unwrap().total_cmp(&b.parse().unwrap()));
    bounds
}

#[test]
fn without_a_setting_latencies_in_seconds_and_milliseconds_fall_inside() {
    let recorder = recorder();
    with_local_recorder(&recorder, || histogram!("lap").record(0.003));
    let bounds = bounds(&exposed(&recorder), "lap");
    assert_eq!((bounds.len(), bounds[0].as_str(), bounds[24].as_str()), (26, "0.0001", "10000"));
    for default in ["0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "5", "10", "+Inf"] {
        assert!(bounds.iter().any(|bound| bound == default), "{default} is a default of the client libraries");
    }
}

#[test]
fn the_setting_for_all_is_for_all_that_have_none_of_their_own() {
    let recorder = Recorder::builder()
        .set_buckets(&[1.0])
        .unwrap()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".into()), &[0.5])
        .unwrap()
        .set_buckets_for_metric(Matcher::Prefix("http".into()), &[0.25])
        .unwrap()
        .set_buckets_for_metric(Matcher::Full("http_lap_seconds".into()), &[0.125])
        .unwrap()
        .build_recorder();
    with_local_recorder(&recorder, || {
        for name in ["size", "lap_seconds", "http_seconds", "http_lap_seconds"] {
            histogram!(name).record(1);
        }
    });
    let exposed = exposed(&recorder);
    assert_eq!(bounds(&exposed, "size"), ["1", "+Inf"]);
    assert_eq!(bounds(&exposed, "lap_seconds"), ["0.5", "+Inf"]);
    assert_eq!(bounds(&exposed, "http_seconds"), ["0.25", "+Inf"], "the beginning comes before the end");
    assert_eq!(bounds(&exposed, "http_lap_seconds"), ["0.125", "+Inf"], "the whole comes before both");
}

#[test]
fn matchers_take_names_as_they_were_given_or_as_they_are_exposed() {
    let recorder = Recorder::builder()
        .set_buckets_for_metric(Matcher::Full("http.lap".into()), &[0.5])
        .unwrap()
        .set_buckets_for_metric(Matcher::Full("disk_lap".into()), &[0.25])
        .unwrap()
        .build_recorder();
    with_local_recorder(&recorder, || {
        histogram!("http.lap").record(1);
        histogram!("disk.lap").record(1);
    });
    let exposed = exposed(&recorder);
    assert_eq!((bounds(&exposed, "http_lap").len(), bounds(&exposed, "disk_lap").len()), (2, 2));
}

#[test]
fn the_last_setting_of_one_matcher_counts() {
    let recorder = Recorder::builder()
        .set_buckets_for_metric(Matcher::Full("lap".into()), &[0.5])
        .unwrap()
        .set_buckets_for_metric(Matcher::Full("lap".into()), &[2.0, 4.0])
        .unwrap()
        .build_recorder();
    with_local_recorder(&recorder, || histogram!("lap").record(1));
    assert_eq!(bounds(&exposed(&recorder), "lap"), ["2", "4", "+Inf"]);
}

#[test]
fn matchers_see_the_name_without_the_suffix_of_the_unit() {
    let recorder = Recorder::builder()
        .set_enable_unit_suffix(true)
        .set_buckets_for_metric(Matcher::Full("lap".into()), &[0.5])
        .unwrap()
        .build_recorder();
    with_local_recorder(&recorder, || {
        describe_histogram!("lap", Unit::Seconds, "Laps.");
        histogram!("lap").record(1);
    });
    assert_eq!(bounds(&exposed(&recorder), "lap_seconds"), ["0.5", "+Inf"]);
}

#[test]
fn negative_bounds_take_negative_values() {
    let recorder = Recorder::builder().set_buckets(&[-1.0, 0.0, 1.0]).unwrap().build_recorder();
    with_local_recorder(&recorder, || {
        histogram!("drift").record(-0.5);
        histogram!("drift").record(-2.0);
    });
    let exposed = exposed(&recorder);
    assert_eq!(exposed.get("drift_bucket{le=\"-1\"}"), Some(1.0));
    assert_eq!((exposed.get("drift_count"), exposed.get("drift_sum")), (Some(2.0), Some(-2.5)));
}

#[test]
fn global_labels_are_on_every_series() {
    let recorder =
        Recorder::builder().add_global_label("pipeline", "orders").add_global_label("host.name", "a").build_recorder();
    with_local_recorder(&recorder, || {
        counter!("events").increment(1);
        gauge!("depth", "queue" => "q").set(2);
        histogram!("size").record(3);
    });
    let exposed = exposed(&recorder);
    assert_eq!(exposed.get("events{host_name=\"a\",pipeline=\"orders\"}"), Some(1.0));
    assert_eq!(exposed.get("depth{host_name=\"a\",pipeline=\"orders\",queue=\"q\"}"), Some(2.0));
    assert_eq!(exposed.get("size_sum{host_name=\"a\",pipeline=\"orders\"}"), Some(3.0));
}

#[test]
fn a_key_overrides_a_global_label() {
    let recorder = Recorder::builder().add_global_label("host.name", "a").build_recorder();
    with_local_recorder(&recorder, || {
        counter!("events", "host.name" => "b").increment(1);
        counter!("events", "host_name" => "b").increment(1);
        counter!("events", "host" => "b").increment(1);
    });
    let exposed = exposed(&recorder);
    assert_eq!(exposed.get("events{host_name=\"b\"}"), Some(2.0));
    assert_eq!(exposed.get("events{host=\"b\",host_name=\"a\"}"), Some(1.0));
    assert_eq!(exposed.collisions("label"), None, "that is what overriding is");
}

#[test]
fn of_two_global_labels_with_one_name_the_last_counts() {
    let recorder = Recorder::builder().add_global_label("a.b", "1").add_global_label("a_b", "2").build_recorder();
    with_local_recorder(&recorder, || counter!("events").increment(1));
    assert_eq!(recorder.handle().render(), "# TYPE events counter\nevents{a_b=\"2\"} 1\n");
}

#[test]
fn a_global_label_with_a_name_that_is_kept_is_prefixed() {
    let recorder = Recorder::builder().add_global_label("le", "1").build_recorder();
    with_local_recorder(&recorder, || histogram!("size").record(3));
    assert_eq!(exposed(&recorder).get("size_sum{exported_le=\"1\"}"), Some(3.0));
}
