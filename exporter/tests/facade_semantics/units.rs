//! Units: what they append to names, and when.

use crate::facade::{exposed, rendered, scraped};
use metrics::{
    Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram, with_local_recorder,
};
use streamgauge_exporter::recorder::Recorder;

fn suffixing() -> Recorder {
    Recorder::builder().set_enable_unit_suffix(true).build_recorder()
}

#[test]
fn units_stay_out_of_names_unless_they_are_wanted() {
    let text = rendered(|| {
        describe_gauge!("used", Unit::Bytes, "Memory.");
        gauge!("used").set(1);
    });
    assert_eq!(text, "# HELP used Memory.\n# TYPE used gauge\nused 1\n");
}

#[test]
fn a_unit_told_before_the_registration_is_in_the_name() {
    let recorder = suffixing();
    with_local_recorder(&recorder, || {
        describe_gauge!("used", Unit::Bytes, "Memory.");
        describe_histogram!("lap", Unit::Seconds, "Laps.");
        describe_gauge!("full", Unit::Percent, "Fill.");
        describe_counter!("events", Unit::Count, "Events.");
        describe_counter!("read_total", Unit::Bytes, "Bytes.");
        gauge!("used").set(1);
        histogram!("lap").record(2);
        gauge!("full").set(0.5);
        counter!("events").increment(3);
        counter!("read_total").increment(4);
    });
    let exposed = exposed(&recorder);
    assert_eq!(exposed.get("used_bytes"), Some(1.0));
    assert_eq!(exposed.get("lap_seconds_sum"), Some(2.0));
    assert_eq!(exposed.get("full_ratio"), Some(0.5));
    assert_eq!(exposed.get("events"), Some(3.0), "a count is no unit");
    assert_eq!(exposed.get("read_bytes_total"), Some(4.0), "the unit stands before the suffix");
    assert_eq!(exposed.help("used_bytes"), Some("Memory."));
}

#[test]
fn a_name_that_has_its_unit_stays() {
    let recorder = suffixing();
    with_local_recorder(&recorder, || {
        describe_gauge!("used_bytes", Unit::Bytes, "Memory.");
        gauge!("used_bytes").set(1);
    });
    assert_eq!(recorder.handle().render(), "# HELP used_bytes Memory.\n# TYPE used_bytes gauge\nused_bytes 1\n");
}

#[test]
fn a_unit_told_after_the_registration_changes_the_name_and_keeps_the_value() {
    let recorder = suffixing();
    let held = with_local_recorder(&recorder, || {
        let held = counter!("read", "table" => "orders");
        held.increment(1);
        gauge!("used").set(5);
        histogram!("lap").record(2);
        held
    });
    let handle = recorder.handle();
    assert_eq!(scraped(&handle).get("read{table=\"orders\"}"), Some(1.0));
    with_local_recorder(&recorder, || {
        describe_counter!("read", Unit::Bytes, "Bytes.");
        describe_gauge!("used", Unit::Bytes, "Memory.");
        describe_histogram!("lap", Unit::Seconds, "Laps.");
    });
    let after = scraped(&handle);
    assert_eq!(after.get("read_bytes{table=\"orders\"}"), Some(1.0));
    assert_eq!((after.get("used_bytes"), after.get("lap_seconds_count")), (Some(5.0), Some(1.0)));
    assert_eq!(after.help("read_bytes"), Some("Bytes."));
    for gone in ["read", "used", "lap"] {
        assert_eq!(after.kind(gone), "", "{after:?}");
    }
    held.increment(1);
    with_local_recorder(&recorder, || counter!("read", "table" => "orders").increment(1));
    assert_eq!(scraped(&handle).get("read_bytes{table=\"orders\"}"), Some(3.0), "held and fresh handles go on");
}

#[test]
fn the_unit_of_the_last_description_before_a_scrape_counts() {
    let recorder = suffixing();
    with_local_recorder(&recorder, || {
        describe_gauge!("used", "No unit.");
        gauge!("used").set(1);
        describe_gauge!("used", Unit::Bytes, "Bytes.");
    });
    assert_eq!(recorder.handle().render(), "# HELP used_bytes Bytes.\n# TYPE used_bytes gauge\nused_bytes 1\n");
    with_local_recorder(&recorder, || describe_gauge!("used", Unit::Seconds, "Seconds."));
    assert_eq!(recorder.handle().render(), "# HELP used_bytes Bytes.\n# TYPE used_bytes gauge\nused_bytes 1\n");
}

#[test]
fn a_name_that_a_unit_makes_another_metrics_is_another_one() {
    for is_late in [false, true] {
        let recorder = suffixing();
        with_local_recorder(&recorder, || {
            if is_late {
                gauge!("used").set(1);
                gauge!("used_bytes").set(2);
            }
            describe_gauge!("used", Unit::Bytes, "Memory.");
            gauge!("used").set(1);
            gauge!("used_bytes").set(2);
        });
        let exposed = exposed(&recorder);
        assert_eq!((exposed.get("used_gauge_bytes"), exposed.get("used_bytes")), (Some(1.0), Some(2.0)));
        assert_eq!(exposed.help("used_gauge_bytes"), Some("Memory."));
        assert_eq!(exposed.collisions("family"), Some(1.0));
    }
}

#[test]
fn a_description_gives_each_kind_the_same_name_early_and_late() {
    let record = || {
        gauge!("x").set(1);
        counter!("x").increment(2);
    };
    let describe = || describe_gauge!("x", Unit::Seconds, "Times.");
    let seen = [true, false].map(|is_early| {
        let recorder = suffixing();
        with_local_recorder(&recorder, || {
            if is_early {
                describe();
            }
            record();
            exposed(&recorder);
            describe();
        });
        exposed(&recorder)
    });
    assert_eq!((seen[0].get("x_seconds"), seen[0].get("x_gauge_seconds")), (Some(2.0), Some(1.0)));
    assert_eq!((&seen[0].families, &seen[0].samples), (&seen[1].families, &seen[1].samples));
}

#[test]
fn recommended_naming_appends_total_to_counters_and_units_to_all() {
    let recorder = Recorder::builder().with_recommended_naming(true).build_recorder();
    with_local_recorder(&recorder, || {
        describe_counter!("read", Unit::Bytes, "Bytes.");
        counter!("read").increment(1);
        counter!("events").increment(2);
        counter!("rows_total").increment(3);
        describe_gauge!("age", Unit::Seconds, "Age.");
        gauge!("age").set(4);
    });
    let names = |recorder: &Recorder| exposed(recorder).samples.into_keys().collect::<Vec<_>>();
    assert_eq!(names(&recorder), ["age_seconds", "events_total", "read_bytes_total", "rows_total"]);
    with_local_recorder(&recorder, || describe_counter!("events", Unit::Kibibytes, "Kibibytes."));
    assert_eq!(names(&recorder), ["age_seconds", "events_kibibytes_total", "read_bytes_total", "rows_total"]);
}

#[test]
fn counters_that_total_makes_one_name_of_are_one_family() {
    for names in [["rows", "rows_total"], ["rows_total", "rows"]] {
        let recorder = Recorder::builder().with_recommended_naming(true).build_recorder();
        with_local_recorder(&recorder, || {
            for (index, name) in names.into_iter().enumerate() {
                counter!(name, "index" => index.to_string()).increment(1);
                counter!(name).increment(10);
            }
        });
        let exposed = exposed(&recorder);
        let values = ["rows_total", "rows_total{index=\"0\"}", "rows_total{index=\"1\"}"].map(|id| exposed.get(id));
        assert_eq!(values, [Some(20.0), Some(1.0), Some(1.0)], "{exposed:?}");
        assert_eq!((exposed.collisions("name"), exposed.collisions("family")), (Some(1.0), None));
    }
}

#[test]
fn every_unit_has_its_word() {
    let recorder = suffixing();
    for (index, unit) in UNITS.into_iter().enumerate() {
        with_local_recorder(&recorder, || {
            describe_gauge!(format!("m{index}"), unit, "X.");
            gauge!(format!("m{index}")).set(1);
        });
        let expected = format!("m{index}_{}", unit.as_str());
        assert_eq!(exposed(&recorder).get(&expected), Some(1.0), "{unit:?}");
    }
}

/// Those that have no word of their own in the other tests.
const UNITS: [Unit; 14] = [
    Unit::Milliseconds,
    Unit::Microseconds,
    Unit::Nanoseconds,
    Unit::Tebibytes,
    Unit::Gibibytes,
    Unit::Mebibytes,
    Unit::Kibibytes,
    Unit::Bytes,
    Unit::TerabitsPerSecond,
    Unit::GigabitsPerSecond,
    Unit::MegabitsPerSecond,
    Unit::KilobitsPerSecond,
    Unit::BitsPerSecond,
    Unit::CountPerSecond,
];
