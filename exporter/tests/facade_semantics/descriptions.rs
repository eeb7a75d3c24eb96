//! Descriptions: the HELP line.

use crate::facade::{exposed, recorder, rendered};
use metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram, with_local_recorder};

#[test]
fn a_description_before_the_registration_is_the_help() {
    let text = rendered(|| {
        describe_counter!("events", "Events read.");
        counter!("events").increment(1);
    });
    assert_eq!(text, "# HELP events Events read.\n# TYPE events counter\nevents 1\n");
}

#[test]
fn a_description_after_the_registration_is_the_help_from_the_next_scrape_on() {
    let recorder = recorder();
    with_local_recorder(&recorder, || counter!("events").increment(1));
    assert_eq!(recorder.handle().render(), "# TYPE events counter\nevents 1\n");
    with_local_recorder(&recorder, || describe_counter!("events", "Events read."));
    assert_eq!(recorder.handle().render(), "# HELP events Events read.\n# TYPE events counter\nevents 1\n");
}

#[test]
fn the_last_description_before_a_scrape_counts_and_none_that_comes_later() {
    let recorder = recorder();
    with_local_recorder(&recorder, || {
        describe_gauge!("depth", "The first.");
        gauge!("depth").set(1);
        describe_gauge!("depth", "The second.");
    });
    assert_eq!(exposed(&recorder).help("depth"), Some("The second."));
    with_local_recorder(&recorder, || {
        describe_gauge!("depth", "The third.");
        describe_gauge!("height", "It has none yet.");
        gauge!("height").set(1);
    });
    let exposed = exposed(&recorder);
    assert_eq!((exposed.help("depth"), exposed.help("height")), (Some("The second."), Some("It has none yet.")));
}

#[test]
fn a_description_is_of_the_name_whatever_its_kind() {
    // As in the stock recorder: a library that describes a gauge and records a counter still has its help.
    let recorder = recorder();
    with_local_recorder(&recorder, || {
        describe_gauge!("events.read", "Events read.");
        counter!("events_read").increment(1);
    });
    assert_eq!(exposed(&recorder).help("events_read"), Some("Events read."));
}

#[test]
fn a_description_alone_exposes_nothing() {
    assert_eq!(rendered(|| describe_histogram!("size", "Sizes.")), "");
}

#[test]
fn an_empty_description_is_a_line_without_text() {
    for is_early in [true, false] {
        let text = rendered(|| {
            if is_early {
                describe_counter!("events", "");
            }
            counter!("events").increment(1);
            describe_counter!("events", "");
        });
        assert_eq!(text, "# HELP events \n# TYPE events counter\nevents 1\n");
    }
}

#[test]
fn any_text_is_a_help() {
    let recorder = recorder();
    let odd = "Lines\nand \\ backslashes, \"quotes\", \u{20ac}\t\\n";
    with_local_recorder(&recorder, || {
        describe_histogram!("size", odd);
        histogram!("size").record(1);
    });
    assert_eq!(exposed(&recorder).help("size"), Some(odd));
}

#[test]
fn the_macro_that_records_describes_as_well() {
    let recorder = recorder();
    with_local_recorder(&recorder, || {
        counter!(description: "Events read.", "events", "table" => "a").increment(1);
        counter!(description: "Another text.", "events", "table" => "b").increment(2);
        gauge!(description: "Depth.", unit: metrics::Unit::Bytes, "depth").set(1);
    });
    let exposed = exposed(&recorder);
    assert_eq!((exposed.help("events"), exposed.help("depth")), (Some("Another text."), Some("Depth.")));
    assert_eq!(exposed.get("events{table=\"b\"}"), Some(2.0));
}

#[test]
fn descriptions_from_many_threads_leave_one() {
    let recorder = recorder();
    std::thread::scope(|scope| {
        for index in 0..8 {
            let recorder = &recorder;
            scope.spawn(move || {
                with_local_recorder(recorder, || {
                    describe_counter!("events", format!("Of thread {index}."));
                    counter!("events").increment(1);
                });
            });
        }
    });
    let exposed = exposed(&recorder);
    assert!(exposed.help("events").is_some_and(|help| help.starts_with("Of thread ")), "{exposed:?}");
    assert_eq!(exposed.get("events"), Some(8.0));
}
