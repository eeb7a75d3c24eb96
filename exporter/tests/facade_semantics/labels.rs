//! Labels: every way to give them, and which series they make.

use crate::facade::{Exposed, exposed, recorder, rendered};
use metrics::{Key, Label, SharedString, counter, gauge, histogram, with_local_recorder};
use std::sync::Arc;

/// Records once for each way to give the same labels.
fn every_way() {
    counter!("events", "table" => "orders", "op" => "insert").increment(1);
    let owned = (String::from("orders"), format!("in{}", "sert"));
    counter!("events", "table" => owned.0, "op" => owned.1).increment(2);
    let list = vec![Label::new("table", "orders"), Label::from_static_parts("op", "insert")];
    counter!("events", list).increment(4);
    let (table, op): (Arc<str>, Arc<str>) = ("orders".into(), "insert".into());
    let shared =
        vec![Label::new("table", SharedString::from_shared(table)), Label::new("op", SharedString::from_shared(op))];
    counter!("events", shared.clone()).increment(8);
    counter!("events", &[("table", "orders"), ("op", "insert")]).increment(16);
    counter!("events", &[("table", String::from("orders")), ("op", String::from("insert"))]).increment(32);
    counter!(String::from("events"), shared.iter()).increment(64);
    const TABLE: &str = "table";
    counter!("events", TABLE => "orders", "op" => "insert").increment(128);
}

#[test]
fn every_way_to_give_the_same_labels_is_one_series() {
    let once = rendered(every_way);
    assert_eq!(once, "# TYPE events counter\nevents{op=\"insert\",table=\"orders\"} 255\n");
    let recorder = recorder();
    with_local_recorder(&recorder, || {
        every_way();
        every_way();
    });
    assert_eq!(exposed(&recorder).get("events{op=\"insert\",table=\"orders\"}"), Some(510.0), "and from the cache");
}

#[test]
fn the_order_of_labels_makes_no_second_series() {
    let recorder = recorder();
    with_local_recorder(&recorder, || {
        for _ in 0..2 {
            counter!("events", "a" => "1", "b" => "2", "c" => "3").increment(1);
            counter!("events", "c" => "3", "a" => "1", "b" => "2").increment(10);
            counter!("events", vec![Label::new("b", "2"), Label::new("c", "3"), Label::new("a", "1")]).increment(100);
            gauge!("depth", "a" => "1", "b" => "2").increment(1);
            gauge!("depth", "b" => "2", "a" => "1").increment(1);
            histogram!("size", "a" => "1", "b" => "2").record(1);
            histogram!("size", "b" => "2", "a" => "1").record(1);
        }
    });
    let exposed = exposed(&recorder);
    assert_eq!(exposed.get("events{a=\"1\",b=\"2\",c=\"3\"}"), Some(222.0));
    assert_eq!(exposed.get("depth{a=\"1\",b=\"2\"}"), Some(4.0));
    assert_eq!(exposed.get("size_count{a=\"1\",b=\"2\"}"), Some(4.0));
}

#[test]
fn values_that_swap_places_are_other_series() {
    // Their hashes are sums, so keys like these are where a table that compares hashes only would go wrong.
    let exposed = Exposed::of(&rendered(|| {
        for _ in 0..2 {
            counter!("events", "a" => "1", "b" => "2").increment(1);
            counter!("events", "a" => "2", "b" => "1").increment(10);
            counter!("events", "a" => "1").increment(100);
            counter!("events").increment(1_000);
        }
    }));
    assert_eq!(exposed.get("events{a=\"1\",b=\"2\"}"), Some(2.0));
    assert_eq!(exposed.get("events{a=\"2\",b=\"1\"}"), Some(20.0));
    assert_eq!(exposed.get("events{a=\"1\"}"), Some(200.0));
    assert_eq!(exposed.get("events"), Some(2_000.0));
}

#[test]
fn series_of_one_name_may_have_other_labels_each() {
    let exposed = Exposed::of(&rendered(|| {
        gauge!("depth").set(1);
        gauge!("depth", "queue" => "a").set(2);
        gauge!("depth", "shard" => "b").set(3);
    }));
    assert_eq!(exposed.get("depth"), Some(1.0));
    assert_eq!(exposed.get("depth{queue=\"a\"}"), Some(2.0));
    assert_eq!(exposed.get("depth{shard=\"b\"}"), Some(3.0));
}

#[test]
fn of_a_label_given_twice_the_last_counts_and_nothing_collides() {
    let text = rendered(|| counter!("events", "a" => "1", "b" => "2", "a" => "3").increment(1));
    assert_eq!(text, "# TYPE events counter\nevents{a=\"3\",b=\"2\"} 1\n");
}

#[test]
fn of_labels_that_look_alike_the_last_counts_and_it_is_told() {
    let recorder = recorder();
    with_local_recorder(&recorder, || {
        for _ in 0..1000 {
            counter!("events", "a.b" => "1", "a_b" => "2").increment(1);
        }
    });
    let exposed = exposed(&recorder);
    assert_eq!(exposed.get("events{a_b=\"2\"}"), Some(1000.0));
    // Once a key, not once a record; again where another test, whose recorder ends, is in this thread's cache just then.
    let told = exposed.collisions("label");
    assert!(told.is_some_and(|told| (1.0..100.0).contains(&told)), "{told:?}");
}

#[test]
fn label_names_are_made_legal() {
    let exposed = Exposed::of(&rendered(|| {
        counter!("events", "a.b" => "1", "1st" => "2", "c:d" => "3", "\u{e9}" => "4").increment(1);
        counter!("events", "" => "5").increment(1);
    }));
    // `1st` and the accent become `_st` and `_`.
    assert_eq!(exposed.get("events{_=\"4\",_st=\"2\",a_b=\"1\",c_d=\"3\"}"), Some(1.0), "{exposed:?}");
    assert_eq!(exposed.get("events{_=\"5\"}"), Some(1.0));
}

#[test]
fn names_that_the_formats_keep_for_themselves_are_prefixed() {
    let recorder = recorder();
    with_local_recorder(&recorder, || {
        counter!("events", "le" => "1").increment(1);
        gauge!("depth", "quantile" => "2").set(2);
        histogram!("size", "le" => "3", "__name__" => "x").record(3);
    });
    let exposed = exposed(&recorder);
    assert_eq!(exposed.get("events{exported_le=\"1\"}"), Some(1.0));
    assert_eq!(exposed.get("depth{exported_quantile=\"2\"}"), Some(2.0));
    assert_eq!(exposed.get("size_sum{exported___name__=\"x\",exported_le=\"3\"}"), Some(3.0));
    assert_eq!(exposed.collisions("label"), None);
}

#[test]
fn values_may_be_any_text() {
    let recorder = recorder();
    let values = ["", "a b", "\\", "a\\b", "a\\\\b", "\"", "a\nb", "\\n", "\u{1f980}", "{}", ",", "\0", "\r"];
    with_local_recorder(&recorder, || {
        for (index, value) in values.into_iter().enumerate() {
            counter!("events", "value" => value).increment(index as u64);
        }
    });
    let exposed = exposed(&recorder);
    for (index, value) in values.into_iter().enumerate() {
        // To a reader a label without a value is none.
        let id = if value.is_empty() { "events".to_owned() } else { format!("events{{value={value:?}}}") };
        assert_eq!(exposed.get(&id), Some(index as f64), "{value:?}");
    }
}

#[test]
fn a_key_made_by_hand_is_the_key_of_the_macro() {
    let recorder = recorder();
    static LABELS: [Label; 1] = [Label::from_static_parts("table", "orders")];
    static KEY: Key = Key::from_static_parts("events", &LABELS);
    let metadata = metrics::Metadata::new(module_path!(), metrics::Level::INFO, None);
    metrics::Recorder::register_counter(&recorder, &KEY, &metadata).increment(1);
    metrics::Recorder::register_counter(&recorder, &KEY.to_retained(), &metadata).increment(2);
    with_local_recorder(&recorder, || counter!("events", "table" => "orders").increment(4));
    assert_eq!(exposed(&recorder).samples.len(), 1);
    assert_eq!(exposed(&recorder).get("events{table=\"orders\"}"), Some(7.0));
}
