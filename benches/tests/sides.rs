//! Every side of every row works, and no two of a row share a name.

use std::collections::HashSet;

use streamgauge_benches::rows::{self, Case, When};
use streamgauge_benches::runner::{Plan, Role, Row, Side, time};
use streamgauge_benches::sides::ours_memory::Kind;

fn check(row: &Row) {
    let names: HashSet<_> = row.sides.iter().map(Side::name).collect();
    assert_eq!(names.len(), row.sides.len(), "{} has two sides of one name", row.name);
    assert_eq!(row.sides.iter().filter(|side| side.role() == Role::Ours).count(), 1, "{}", row.name);
    for side in &row.sides {
        for threads in row.threads {
            time(side, 3, *threads);
        }
        side.tidy();
    }
}

#[test]
fn recording_rows() {
    for row in [rows::counter_inc(), rows::histogram_observe(), rows::family_with(), rows::event()] {
        check(&row);
    }
    for row in [rows::handle_cache_inc(), rows::enum_family_inc(), rows::set_lookup()] {
        check(&row);
    }
}

#[test]
fn encoding_rows() {
    for row in
        [rows::encode_counters(), rows::encode_histograms(), rows::encode_many_threads(), rows::encode_protobuf()]
    {
        check(&row);
    }
}

#[test]
fn parsing_rows() {
    for row in [rows::parse_text(), rows::parse_text_node()] {
        check(&row);
    }
}

#[test]
fn rows_of_many() {
    check(&rows::encode_counters_1m(Plan::smoke(None)));
    assert!(rows::series_create_1m(Plan::smoke(None)).vs_limit.is_some_and(f64::is_finite));
}

#[test]
fn creating_sides() {
    // Each side has shown all of its series before it is timed.
    let outcome = rows::series_create(Plan::smoke(None));
    assert_eq!(outcome.peers.len(), rows::CREATE_SIDES.len() - 1);
    assert!(outcome.ours > 0.0 && outcome.peers.iter().all(|(_, nanos)| *nanos > 0.0), "{outcome:?}");
}

#[test]
fn churned_series_go() {
    for scrape_every in [0, 100] {
        // Fails where a series that should live does not, or the other way round.
        let [nanos, before, ..] = rows::churn_child(5_000, scrape_every).expect("every series is where it should be");
        assert!(nanos > 0.0 && before > 0.0);
    }
}

#[test]
fn memory_cases() {
    for kind in [Kind::Counter, Kind::Histogram, Kind::Gauge] {
        for when in [When::Live, When::Ended, When::Removed] {
            let case = Case { unit: "bytes", kind, series: 300, threads: 3, when, trimmed: true };
            assert!(case.measure().expect("a resident set").is_finite(), "{case:?}");
        }
    }
    rows::memory_table_child(rows::CASES.len()).expect_err("an unknown case");
}

#[test]
fn memory_sides() {
    for (name, ..) in rows::MEMORY_SIDES {
        let bytes = rows::memory_child(name, 100).expect("a known side");
        assert!(bytes.is_finite(), "{name}");
    }
    rows::memory_child("nobody", 100).expect_err("an unknown side");
}
