//! Values of the user that the engine drops: without a lock, once, and whatever their destructors do.
//!
//! Alone in its process: what is removed is freed when no lookup of any thread is under way, and here none is.

mod common;

use common::labels::NumberedTable;
use common::worst::{Bomb, Worst};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use streamgauge::{CollectedFamily, Collector, CollectorOutput, Family, Format, Gauge, Registry, Scraper};

#[test]
fn values_of_callbacks_and_collectors_are_dropped_without_a_lock() {
    struct Holds(#[expect(dead_code, reason = "held for its drop")] Bomb);
    impl Collector for Holds {
        fn describe(&self) -> Vec<CollectedFamily> {
            vec![CollectedFamily::gauge("holds", "Holds.")]
        }
        fn collect(&self, _: &mut CollectorOutput<'_>) {}
    }
    let registry = Registry::new();
    let elsewhere = Registry::new();
    let (worst, dropped) = (Worst::new(&elsewhere), Arc::new(AtomicUsize::new(0)));
    let depth: Family<NumberedTable, Gauge> = registry.gauge("depth", "Depth.").family().expect("legal");
    for table in 0..3u64 {
        let bomb = Bomb::new(&worst, &dropped);
        let gauge = registry.gauge("depth", "Depth.").label("table", table.to_string());
        gauge.callback(move || bomb.dropped.load(Ordering::Relaxed) as f64).expect("legal");
    }
    let mut scraper = Scraper::new(&registry);
    scraper.encode(Format::Text, &mut Vec::new());
    assert_eq!(depth.clear(), 3);
    // The last references go in a scrape, or where something is collected.
    for _ in 0..3 {
        scraper.encode(Format::Text, &mut Vec::new());
    }
    assert_eq!(dropped.load(Ordering::Relaxed), 3, "each was dropped once");

    let id = registry.register_collector(Holds(Bomb::new(&worst, &dropped))).expect("legal");
    scraper.encode(Format::Text, &mut Vec::new());
    // Held by the scraper's memory of collectors, or dropped by this call.
    let _ = catch_unwind(AssertUnwindSafe(|| registry.unregister_collector(id)));
    scraper.encode(Format::Text, &mut Vec::new());
    scraper.encode(Format::Text, &mut Vec::new());
    assert_eq!(dropped.load(Ordering::Relaxed), 4);
}
