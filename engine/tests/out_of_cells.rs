//! A process that uses every cell there is.
//!
//! Alone in its process, because the cells are the process's.
#![cfg(not(miri))]

mod common;

use common::labels::Number;
use streamgauge::{Buckets, Family, Histogram, Registry, stats};

/// Series that fill a chunk each, and all chunks but the first.
const CHUNKS: u64 = 8191;

fn family(registry: &Registry, name: &str) -> Family<Number, Histogram> {
    let bounds: Vec<f64> = (1..2000).map(f64::from).collect();
    let sizes = registry.histogram(name, "Sizes.").buckets(Buckets::explicit(bounds));
    sizes.family().expect("a family takes no cells")
}

#[test]
fn cells_that_nobody_uses_are_found_and_records_without_cells_are_counted() {
    let registry = Registry::new();
    let all = family(&registry, "all");
    let few: Vec<Histogram> = {
        let elsewhere = Registry::new();
        let few = family(&elsewhere, "few");
        (0..10).map(|number| few.get_or_create(&Number { number })).collect()
    };
    for number in 10..CHUNKS {
        all.init(&Number { number });
    }
    assert_eq!(stats().lost_records, 0);
    let other = family(&registry, "other");
    other.with(&Number { number: 1 }, |sizes| sizes.observe(1.0));
    assert_eq!(stats().lost_records, 1, "neither the series nor an overflow series has cells");
    assert_eq!(registry.sample_value("other_count", &[("number", "1")]), None);
    assert!(registry.histogram("one", "One.").buckets(Buckets::explicit([1.0])).register().is_err());
    // Handles of a registry that is gone: dropping them only notes their cells.
    drop(few);
    other.with(&Number { number: 2 }, |sizes| sizes.observe(1.0));
    assert_eq!(registry.sample_value("other_count", &[("number", "2")]), Some(1.0), "there are cells again");
    assert_eq!((stats().lost_records, stats().internal_errors), (1, 0));
}
