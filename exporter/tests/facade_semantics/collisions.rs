//! Names that get in each other's way.

use crate::facade::{COLLISIONS, exposed, recorder, rendered};
use metrics::{counter, describe_counter, gauge, histogram, with_local_recorder};

#[test]
fn names_that_look_alike_are_one_family_and_add_up() {
    let recorder = recorder();
    with_local_recorder(&recorder, || {
        counter!("a.b").increment(1);
        counter!("a_b").increment(2);
        counter!("a-b").increment(4);
        counter!("a.b", "x" => "1").increment(8);
        counter!("a_b", "x" => "1").increment(16);
    });
    let exposed = exposed(&recorder);
    assert_eq!((exposed.get("a_b"), exposed.get("a_b{x=\"1\"}")), (Some(7.0), Some(24.0)));
    assert_eq!(exposed.collisions("name"), Some(2.0), "`a_b` and `a-b`, beside `a.b`");
    assert_eq!(exposed.kind(COLLISIONS), "counter");
}

#[test]
fn without_a_collision_none_is_told() {
    let text = rendered(|| {
        counter!("a.b").increment(1);
        counter!("a.b").increment(1);
    });
    assert_eq!(text, "# TYPE a_b counter\na_b 2\n");
}

#[test]
fn histograms_that_look_alike_are_one() {
    let recorder = recorder();
    with_local_recorder(&recorder, || {
        histogram!("lap.time").record(1);
        histogram!("lap_time").record(2);
    });
    let exposed = exposed(&recorder);
    assert_eq!((exposed.get("lap_time_count"), exposed.get("lap_time_sum")), (Some(2.0), Some(3.0)));
}

#[test]
fn one_name_of_several_kinds_is_a_family_each() {
    let recorder = recorder();
    with_local_recorder(&recorder, || {
        describe_counter!("x", "X.");
        counter!("x").increment(1);
        gauge!("x").set(2);
        histogram!("x").record(3);
        gauge!("x").increment(4);
    });
    let exposed = exposed(&recorder);
    assert_eq!((exposed.kind("x"), exposed.get("x")), ("counter", Some(1.0)));
    assert_eq!((exposed.kind("x_gauge"), exposed.get("x_gauge")), ("gauge", Some(6.0)));
    assert_eq!((exposed.kind("x_histogram"), exposed.get("x_histogram_sum")), ("histogram", Some(3.0)));
    assert_eq!((exposed.help("x"), exposed.help("x_gauge")), (Some("X."), Some("X.")));
    assert_eq!(exposed.collisions("family"), Some(2.0));
}

#[test]
fn the_first_kind_has_the_name() {
    let recorder = recorder();
    with_local_recorder(&recorder, || {
        gauge!("x").set(2);
        counter!("x").increment(1);
    });
    let exposed = exposed(&recorder);
    assert_eq!((exposed.get("x"), exposed.get("x_counter")), (Some(2.0), Some(1.0)));
}

#[test]
fn samples_of_a_histogram_are_names_that_are_taken() {
    for suffix in ["_count", "_sum", "_bucket"] {
        let name = format!("x{suffix}");
        let recorder = recorder();
        with_local_recorder(&recorder, || {
            histogram!("x").record(3);
            counter!(name.clone()).increment(1);
        });
        let exposed = exposed(&recorder);
        assert_eq!(exposed.get("x_count"), Some(1.0), "{suffix}");
        assert_eq!(exposed.get(&format!("{name}_counter")), Some(1.0), "{suffix}");
        assert_eq!(exposed.collisions("family"), Some(1.0));
    }
}

#[test]
fn a_histogram_finds_another_name_where_one_of_its_samples_is_taken() {
    let recorder = recorder();
    with_local_recorder(&recorder, || {
        gauge!("x_count").set(7);
        histogram!("x").record(3);
    });
    let exposed = exposed(&recorder);
    assert_eq!((exposed.get("x_count"), exposed.get("x_histogram_count")), (Some(7.0), Some(1.0)));
    assert_eq!(exposed.collisions("family"), Some(1.0));
}

#[test]
fn the_other_name_may_be_taken_as_well() {
    let recorder = recorder();
    with_local_recorder(&recorder, || {
        counter!("x").increment(1);
        counter!("x_gauge").increment(2);
        gauge!("x").set(3);
    });
    let exposed = exposed(&recorder);
    assert_eq!((exposed.get("x"), exposed.get("x_gauge")), (Some(1.0), Some(2.0)));
    assert_eq!(exposed.get("x_gauge_2"), Some(3.0));
}

#[test]
fn a_metric_with_the_name_of_the_recorders_own_gets_another_one() {
    let recorder = recorder();
    with_local_recorder(&recorder, || {
        counter!(COLLISIONS).increment(5);
        counter!("a.b").increment(1);
        counter!("a_b").increment(1);
    });
    let exposed = exposed(&recorder);
    assert_eq!(exposed.collisions("name"), Some(1.0));
    assert_eq!(exposed.get(&format!("{COLLISIONS}_counter")), Some(5.0), "{exposed:?}");
}

#[test]
fn the_words_counter_gauge_and_histogram_are_free() {
    let text = rendered(|| {
        counter!("jobs_counter").increment(1);
        gauge!("jobs_gauge").set(2);
    });
    assert_eq!(text, "# TYPE jobs_counter counter\njobs_counter 1\n# TYPE jobs_gauge gauge\njobs_gauge 2\n");
}
