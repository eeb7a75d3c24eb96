//! A recorder in a registry of the program, beside metrics that need no facade.

use crate::facade::{Exposed, exposed, scraped};
use metrics::{Unit, counter, describe_counter, gauge, histogram, with_local_recorder};
use streamgauge::{Buckets, Format, Registry, Scraper};
use streamgauge_exporter::recorder::Recorder;

fn scrape(registry: &Registry) -> Exposed {
    let mut body = Vec::new();
    Scraper::new(registry).encode(Format::Text, &mut body);
    Exposed::of(std::str::from_utf8(&body).unwrap())
}

#[test]
fn native_metrics_and_those_of_the_facade_are_in_one_exposition() {
    let registry = Registry::new();
    registry.counter("rows_total", "Rows.").register().unwrap().add(7);
    let recorder = Recorder::builder().registry(&registry).build_recorder();
    with_local_recorder(&recorder, || counter!("events").increment(1));
    registry.gauge("depth", "Depth.").register().unwrap().set(2.0);
    let seen = scrape(&registry);
    assert_eq!(seen, exposed(&recorder));
    assert_eq!((seen.get("rows_total"), seen.get("events"), seen.get("depth")), (Some(7.0), Some(1.0), Some(2.0)));
}

#[test]
fn a_metric_whose_name_a_native_one_has_gets_another_name() {
    let registry = Registry::new();
    registry.gauge("jobs", "Jobs.").register().unwrap().set(7.0);
    let buckets = Buckets::explicit([1.0]);
    registry.histogram("lap", "Laps.").buckets(buckets).register().unwrap().observe(1.0);
    let recorder = Recorder::builder().registry(&registry).build_recorder();
    with_local_recorder(&recorder, || {
        counter!("jobs").increment(1);
        gauge!("jobs").set(2);
        counter!("lap_count").increment(3);
        histogram!("lap").record(4);
    });
    let exposed = exposed(&recorder);
    assert_eq!((exposed.get("jobs"), exposed.get("lap_count")), (Some(7.0), Some(1.0)), "the native ones stay");
    assert_eq!((exposed.get("jobs_counter"), exposed.get("jobs_gauge")), (Some(1.0), Some(2.0)));
    assert_eq!((exposed.get("lap_count_counter"), exposed.get("lap_histogram_sum")), (Some(3.0), Some(4.0)));
    assert_eq!(exposed.collisions("family"), Some(4.0));
}

#[test]
fn a_native_metric_has_its_name_whoever_comes_first() {
    let registry = Registry::new();
    let recorder = Recorder::builder().registry(&registry).build_recorder();
    with_local_recorder(&recorder, || counter!("jobs").increment(1));
    assert_eq!(scrape(&registry).get("jobs"), Some(1.0));
    registry.gauge("jobs", "Jobs.").register().unwrap().set(7.0);
    let seen = scrape(&registry);
    assert_eq!((seen.get("jobs"), seen.get("jobs_counter")), (Some(7.0), Some(1.0)));
    assert_eq!(scrape(&registry).collisions("family"), Some(1.0));
}

#[test]
fn recorders_of_one_registry_are_told_apart_by_kind_in_any_order() {
    let run = |order: [usize; 2]| {
        let registry = Registry::new();
        let recorders = [(); 2].map(|()| Recorder::builder().registry(&registry).build_recorder());
        let calls: [&dyn Fn(); 2] = [&|| gauge!("x").set(2), &|| histogram!("x").record(1)];
        order.into_iter().for_each(|index| with_local_recorder(&recorders[index], calls[index]));
        let seen = scrape(&registry);
        (seen.families, seen.samples)
    };
    let (families, samples) = run([0, 1]);
    assert_eq!((samples.get("x_count"), samples.get("x_gauge")), (Some(&1.0), Some(&2.0)));
    assert_eq!((families, samples), run([1, 0]));
}

#[test]
fn a_second_recorder_with_a_late_description_shares_the_family_all_the_same() {
    let registry = Registry::new();
    let suffixing = || Recorder::builder().registry(&registry).set_enable_unit_suffix(true).build_recorder();
    let (first, second) = (suffixing(), suffixing());
    let describe = || describe_counter!("reads", Unit::Bytes, "Bytes read.");
    with_local_recorder(&first, || {
        counter!("reads").increment(1);
        describe();
    });
    with_local_recorder(&second, || {
        counter!("reads").increment(10);
        describe_counter!("reads", Unit::Seconds, "Another one.");
    });
    let seen = scrape(&registry);
    assert_eq!((seen.get("reads_bytes"), seen.families.len()), (Some(11.0), 1), "{seen:?}");
    assert_eq!(seen.help("reads_bytes"), Some("Bytes read."), "the first one counts");
}

#[test]
fn values_can_be_read_in_tests() {
    let recorder = crate::facade::recorder();
    with_local_recorder(&recorder, || counter!("events", "table" => "orders").increment(3));
    let registry = recorder.handle().registry().clone();
    assert_eq!(registry.sample_value("events", &[("table", "orders")]), Some(3.0));
    assert_eq!(registry.sample_value("events", &[("table", "users")]), None);
}

#[test]
fn metrics_can_be_registered_beside_the_recorders_own() {
    let recorder = crate::facade::recorder();
    let handle = recorder.handle();
    handle.registry().counter("rows_total", "Rows.").register().unwrap().inc();
    with_local_recorder(&recorder, || counter!("events").increment(1));
    let exposed = scraped(&handle);
    assert_eq!((exposed.get("rows_total"), exposed.get("events")), (Some(1.0), Some(1.0)));
}

#[test]
fn recorders_of_one_registry_share_families_of_one_kind() {
    let registry = Registry::new();
    let [first, second] = [(); 2].map(|()| Recorder::builder().registry(&registry).build_recorder());
    with_local_recorder(&first, || counter!("events").increment(1));
    with_local_recorder(&second, || {
        counter!("events").increment(10);
        counter!("events", "table" => "orders").increment(100);
        gauge!("events").set(2);
    });
    let seen = scrape(&registry);
    assert_eq!((seen.get("events"), seen.get("events{table=\"orders\"}")), (Some(11.0), Some(100.0)));
    assert_eq!(seen.get("events_gauge"), Some(2.0));
    drop(first);
    with_local_recorder(&second, || counter!("events").increment(10));
    assert_eq!(scrape(&registry).get("events"), Some(21.0), "neither takes the other's series along");
}

#[test]
fn a_recorder_that_is_dropped_leaves_its_families_in_the_programs_registry() {
    let registry = Registry::new();
    let recorder = Recorder::builder().registry(&registry).build_recorder();
    let held = with_local_recorder(&recorder, || {
        gauge!("a.b").set(1);
        gauge!("a_b").set(2);
        counter!("events")
    });
    held.increment(1);
    assert_eq!(scrape(&registry).collisions("name"), Some(1.0));
    drop(recorder);
    held.increment(1);
    let seen = scrape(&registry);
    assert_eq!((seen.get("events"), seen.get("a_b")), (Some(2.0), Some(2.0)));
    assert_eq!(seen.collisions("name"), None, "its own numbers go");
}

#[test]
fn a_disabled_registry_records_nothing() {
    let registry = Registry::disabled();
    let recorder = Recorder::builder().registry(&registry).build_recorder();
    with_local_recorder(&recorder, || {
        counter!("events").increment(1);
        gauge!("depth").set(1);
        histogram!("size").record(1);
    });
    assert_eq!(recorder.handle().render(), "");
}
