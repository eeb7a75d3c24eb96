//! A warm scrape of what the encoder rows measure calls the allocator not once, whatever the number of series.
//!
//! A test binary of its own, so that the scoreboard's sides are measured with the allocator as it is.

#[path = "../../engine/tests/common/alloc.rs"]
mod alloc;

use std::hint::black_box;

use alloc::calls_of;
use streamgauge_benches::rows;
use streamgauge_benches::runner::{Plan, Role, Row};

/// Returns how often three scrapes of our side did, after two that warmed it.
fn calls_when_warm(row: &Row) -> u64 {
    let ours = row.sides.iter().find(|side| side.role() == Role::Ours).expect("every row has our side");
    ours.run(2);
    calls_of(|| ours.run(3))
}

#[test]
fn the_count_counts() {
    // Allocation and release.
    assert_eq!(calls_of(|| drop(black_box(Box::new(1)))), 2);
}

#[test]
fn ten_thousand_series_without_an_allocation() {
    assert_eq!(calls_when_warm(&rows::encode_counters()), 0);
    assert_eq!(calls_when_warm(&rows::encode_many_threads()), 0);
    assert_eq!(calls_when_warm(&rows::encode_protobuf()), 0);
}

#[test]
#[ignore = "a gigabyte: cargo test --release -p streamgauge-benches --test encode_allocations -- --ignored"]
fn a_million_series_without_an_allocation() {
    assert_eq!(calls_when_warm(&rows::encode_counters_1m(Plan::large(None))), 0);
}
