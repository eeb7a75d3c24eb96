//! Names that get in each other's way.

use crate::facade::{COLLISIONS, Exposed, exposed, recorder, rendered};
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
    assert_eq!((exposed.kind("x"), exposed.get("x_sum")), ("histogram", Some(3.0)));
    assert_eq!((exposed.kind("x_counter"), exposed.get("x_counter")), ("counter", Some(1.0)));
    assert_eq!((exposed.kind("x_gauge"), exposed.get("x_gauge")), ("gauge", Some(6.0)));
    assert_eq!((exposed.help("x"), exposed.help("x_gauge")), (Some("X."), Some("X.")));
    assert_eq!(exposed.collisions("family"), Some(2.0));
}

/// Records in every order; gives what is exposed, which must be the same.
fn in_any_order(calls: &[&dyn Fn()]) -> Exposed {
    let seen: Vec<_> = orders(calls.len())
        .map(|order| {
            let recorder = recorder();
            with_local_recorder(&recorder, || {
                for (at, index) in order.iter().enumerate() {
                    calls[*index]();
                    // Scraped in between, names may have been seen otherwise.
                    if at == 0 {
                        exposed(&recorder);
                    }
                }
            });
            exposed(&recorder)
        })
        .collect();
    for other in &seen[1..] {
        assert_eq!((&seen[0].families, &seen[0].samples), (&other.families, &other.samples));
    }
    seen[0].clone()
}

/// Gives every order of so many things.
fn orders(many: usize) -> impl Iterator<Item = Vec<usize>> {
    let all = (0..many.pow(many as u32))
        .map(move |code| (0..many).map(|place| code / many.pow(place as u32) % many).collect::<Vec<_>>());
    all.filter(move |order| (0..many).all(|index| order.contains(&index)))
}

#[test]
fn the_kind_decides_who_has_the_name_and_not_the_order() {
    let seen = in_any_order(&[&|| gauge!("x").set(2), &|| counter!("x").increment(1), &|| histogram!("x").record(3)]);
    assert_eq!((seen.get("x_count"), seen.get("x_counter"), seen.get("x_gauge")), (Some(1.0), Some(1.0), Some(2.0)));
    let seen = in_any_order(&[&|| gauge!("x").set(2), &|| counter!("x").increment(1)]);
    assert_eq!((seen.get("x"), seen.get("x_gauge")), (Some(1.0), Some(2.0)));
    let seen = in_any_order(&[&|| gauge!("x_count").set(7), &|| histogram!("x").record(3)]);
    assert_eq!((seen.get("x_count"), seen.get("x_count_gauge")), (Some(1.0), Some(7.0)));
    assert_eq!(seen.collisions("family"), Some(1.0));
    let seen = in_any_order(&[&|| histogram!("x_sum").record(7), &|| histogram!("x").record(3)]);
    assert_eq!((seen.get("x_sum"), seen.get("x_sum_histogram_sum")), (Some(3.0), Some(7.0)));
}

#[test]
fn pairs_that_only_look_alike_keep_their_names_in_any_order() {
    let pairs: [[&dyn Fn(); 2]; 4] = [
        [&|| gauge!("jobs").set(2), &|| counter!("jobs_total").increment(1)],
        [&|| histogram!("jobs").record(2), &|| counter!("jobs_total").increment(1)],
        [&|| counter!("jobs").increment(2), &|| counter!("jobs_total").increment(1)],
        [&|| gauge!("jobs_created").set(2), &|| counter!("jobs_total").increment(1)],
    ];
    for pair in pairs {
        let seen = in_any_order(&pair);
        assert_eq!((seen.get("jobs_total"), seen.collisions("family")), (Some(1.0), None), "{seen:?}");
        assert!(seen.families.contains_key("jobs") || seen.families.contains_key("jobs_created"), "{seen:?}");
    }
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
    assert_eq!(exposed.get("streamgauge_facade_collisions_counter_total"), Some(5.0), "{exposed:?}");
}

#[test]
fn the_words_counter_gauge_and_histogram_are_free() {
    let text = rendered(|| {
        counter!("jobs_counter").increment(1);
        gauge!("jobs_gauge").set(2);
    });
    assert_eq!(text, "# TYPE jobs_counter counter\njobs_counter 1\n# TYPE jobs_gauge gauge\njobs_gauge 2\n");
}
