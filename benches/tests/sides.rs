//! Every side of every row works, and no two of a row share a name.

use std::collections::HashSet;

use streamgauge_benches::rows;
use streamgauge_benches::runner::{Role, Row, Side, time};

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
    for row in [rows::encode_counters(), rows::encode_histograms(), rows::encode_many_threads()] {
        check(&row);
    }
}

#[test]
fn memory_sides() {
    for (name, ..) in rows::MEMORY_SIDES {
        let bytes = rows::memory_child(name, 100).expect("a known side");
        assert!(bytes.is_finite(), "{name}");
    }
    rows::memory_child("nobody", 100).expect_err("an unknown side");
}
