//! Texts without end, without content, or with what the formats quote.

use crate::facade::{exposed, recorder};
use metrics::{Label, counter, describe_counter, gauge, histogram, with_local_recorder};
use streamgauge_exporter::recorder::Recorder;

const MEBIBYTE: usize = 1 << 20;

#[test]
fn nothing_at_all_is_a_name_and_no_label() {
    let recorder = recorder();
    with_local_recorder(&recorder, || {
        counter!("", "" => "").increment(1);
        counter!(String::new(), &[(String::new(), String::new())]).increment(2);
        describe_counter!("", "");
    });
    assert_eq!(recorder.handle().render(), "# HELP _ \n# TYPE _ counter\n_ 3\n");
}

#[test]
fn values_without_end_are_cut_and_their_totals_kept() {
    let recorder = recorder();
    let long = "x".repeat(MEBIBYTE);
    with_local_recorder(&recorder, || {
        for last in ["a", "b"] {
            let value = format!("{long}{last}");
            counter!("events", "value" => value.clone()).increment(1);
            histogram!("size", "value" => value).record(1);
        }
    });
    let cut = "x".repeat(1024);
    let exposed = exposed(&recorder);
    assert_eq!(exposed.get(&format!("events{{value=\"{cut}\"}}")), Some(2.0));
    assert_eq!(exposed.get(&format!("size_count{{value=\"{cut}\"}}")), Some(2.0));
    assert!(recorder.handle().render().len() < 64 * 1024);
}

#[test]
fn a_value_is_cut_between_characters() {
    let recorder = Recorder::builder().value_limit(5).build_recorder();
    with_local_recorder(&recorder, || counter!("events", "value" => "\u{20ac}\u{20ac}").increment(1));
    assert_eq!(exposed(&recorder).get("events{value=\"\u{20ac}\"}"), Some(1.0));
}

#[test]
fn names_without_end_are_recorded_together() {
    let recorder = recorder();
    let long = "n".repeat(MEBIBYTE);
    with_local_recorder(&recorder, || {
        for _ in 0..2 {
            counter!(long.clone()).increment(1);
            gauge!("depth", &[(long.clone(), "v")]).increment(1);
        }
        counter!("events").increment(1);
        // The longest that are allowed.
        counter!(long[..1024].to_owned()).increment(7);
        gauge!("depth", &[(long[..1024].to_owned(), "v")]).set(8);
        metrics::describe_counter!(long.clone(), "Described for nobody.");
    });
    let exposed = exposed(&recorder);
    assert_eq!(exposed.get("metrics_facade_overflow_total"), Some(2.0));
    assert_eq!(exposed.get("metrics_facade_overflow_gauge"), Some(2.0));
    assert_eq!(exposed.get("events"), Some(1.0));
    assert_eq!(exposed.get(&long[..1024]), Some(7.0));
    assert_eq!(exposed.get(&format!("depth{{{}=\"v\"}}", &long[..1024])), Some(8.0));
    assert_eq!(exposed.get("streamgauge_facade_collisions_total{what=\"refused\"}"), Some(4.0));
    assert!(recorder.handle().render().len() < 64 * 1024);
}

#[test]
fn what_the_formats_quote_comes_back_as_it_was() {
    let recorder = recorder();
    let pieces = ["\\", "\"", "\n", "n", "a"];
    let mut texts = Vec::new();
    for a in pieces {
        for b in pieces {
            for c in pieces {
                texts.push([a, b, c].concat());
            }
        }
    }
    with_local_recorder(&recorder, || {
        for (index, text) in texts.iter().enumerate() {
            counter!("events", "text" => text.clone()).increment(index as u64 + 1);
            describe_counter!(format!("described_{index}"), text.clone());
            counter!(format!("described_{index}")).increment(1);
        }
    });
    let exposed = exposed(&recorder);
    for (index, text) in texts.iter().enumerate() {
        assert_eq!(exposed.get(&format!("events{{text={text:?}}}")), Some(index as f64 + 1.0), "{text:?}");
        assert_eq!(exposed.help(&format!("described_{index}")), Some(text.as_str()));
    }
}

/// Records a key with so many labels, in all three kinds.
fn record_with(labels: usize) {
    let labels: Vec<Label> = (0..labels).map(|index| Label::new(format!("label_{index}"), "v")).collect();
    counter!("events", labels.clone()).increment(2);
    gauge!("depth", labels.clone()).set(3);
    histogram!("size", labels).record(4);
}

#[test]
fn keys_with_more_labels_than_a_metric_can_have_are_counted_elsewhere() {
    let recorder = Recorder::builder().add_global_label("job", "test").build_recorder();
    with_local_recorder(&recorder, || {
        for _ in 0..2 {
            record_with(200);
            record_with(128); // One too many, with the global label.
        }
        record_with(126); // With the global label and `le` as many as readers take.
        counter!("events").increment(1);
    });
    let exposed = exposed(&recorder);
    assert_eq!(exposed.get("metrics_facade_overflow_total{job=\"test\"}"), Some(8.0));
    assert_eq!(exposed.get("metrics_facade_overflow_gauge{job=\"test\"}"), Some(3.0));
    assert_eq!(exposed.get("metrics_facade_overflow_histogram_sum{job=\"test\"}"), Some(16.0));
    assert_eq!(exposed.collisions("refused"), Some(12.0), "each time: such keys are not remembered");
    let full = exposed.samples.iter().find(|(sample, _)| sample.starts_with("events{") && sample.contains("label_125"));
    assert_eq!(full.map(|(_, value)| *value), Some(2.0));
    assert_eq!(exposed.get("events{job=\"test\"}"), Some(1.0));
}

#[test]
fn thousands_of_labels_are_refused_before_they_are_looked_at() {
    let recorder = Recorder::builder().build_recorder();
    // Which are one label when they are legal, but nobody asks.
    let labels: Vec<Label> =
        (0..10_000).map(|index| Label::new(if index % 2 == 0 { "a.b" } else { "a_b" }, "v")).collect();
    with_local_recorder(&recorder, || counter!("events", labels).increment(1));
    let exposed = exposed(&recorder);
    assert_eq!(exposed.get("metrics_facade_overflow_total"), Some(1.0));
    assert_eq!((exposed.collisions("refused"), exposed.collisions("label")), (Some(1.0), None));
}

#[test]
fn many_labels_are_told_apart_as_few_are() {
    let recorder =
        Recorder::builder().add_global_label("label_7", "other").add_global_label("job", "test").build_recorder();
    // Half of them again, with other values.
    let labels = (0..90).map(|index| Label::new(format!("label.{}", index % 60), format!("{index}")));
    with_local_recorder(&recorder, || counter!("events", labels.collect::<Vec<_>>()).increment(1));
    let exposed = exposed(&recorder);
    let (events, _) = exposed.samples.iter().find(|(sample, _)| sample.starts_with("events{")).unwrap();
    assert_eq!(events.matches('=').count(), 61, "{events}");
    for label in ["label_7=\"67\"", "label_29=\"89\"", "label_30=\"30\"", "label_59=\"59\"", "job=\"test\""] {
        assert!(events.contains(label), "{label}: {events}");
    }
    assert_eq!(exposed.collisions("label"), None, "they are the same, not only alike");
}
