//! Registries come and go: what no handle holds is given back, and used again only when it is empty.
//!
//! The tests take turns, because cells and chunks are counted for the process, and run on one thread each, so that
//! nothing is put off because another thread is inside a lookup.

mod common;

use common::{alone, scrape, stress};
use streamgauge::{
    Buckets, Counter, Family, Format, Gauge, Histogram, LabelSet, Registry, Scraper, UpDownCounter, stats,
};

/// Series of each kind in a registry.
const SERIES: usize = if cfg!(miri) { 4 } else { 250 };
const LAST: usize = SERIES - 1;

#[derive(LabelSet)]
struct Number {
    number: usize,
}

#[test]
fn series_that_are_gone_give_their_cells_back() {
    let _alone = alone();
    let live = |registry: &Registry| {
        let counters: Family<Number, Counter> = registry.counter("events_total", "E.").family().expect("legal");
        let depths: Family<Number, UpDownCounter> = registry.up_down_counter("depth", "D.").family().expect("legal");
        // The table of a wide layout is slow to interpret, and not what this is about.
        let buckets = if cfg!(miri) { Buckets::explicit([1.0]) } else { Buckets::default() };
        let sizes: Family<Number, Histogram> =
            registry.histogram("size", "S.").buckets(buckets).family().expect("legal");
        let gauges: Family<Number, Gauge> = registry.gauge("lag", "L.").family().expect("legal");
        for number in 0..SERIES {
            // A reused cell that was not zeroed would show here.
            assert_eq!(counters.get_or_create(&Number { number }).get(), 0);
            counters.with(&Number { number }, |counter| counter.add(number as u64));
            depths.with(&Number { number }, UpDownCounter::dec);
            sizes.with(&Number { number }, |sizes| sizes.observe(number as f64));
            gauges.with(&Number { number }, |gauge| gauge.set(1.0));
        }
        let (held, size) =
            (counters.get_or_create(&Number { number: LAST }), sizes.get_or_create(&Number { number: LAST }));
        let parsed = scrape(&mut Scraper::new(registry));
        assert_eq!(parsed.series(), 4 * SERIES);
        for number in 0..SERIES {
            let labels = [("number", &*number.to_string())];
            assert_eq!(parsed.integer("events_total", &labels), number as u64);
            assert_eq!(parsed.get("depth", &labels), Some("-1"));
            assert_eq!(parsed.integer("size_count", &labels), 1);
            assert_eq!(parsed.integer("size_sum", &labels), number as u64);
        }
        (held, size)
    };
    let mut flat = None;
    // 100,000 series over 100 registries; fewer where every check is a debug one.
    let registries = if cfg!(debug_assertions) { 30 } else { 100 };
    let registries = if cfg!(miri) { 4 } else { stress() * registries };
    for round in 0..registries {
        let registry = Registry::new();
        let (held, size) = live(&registry);
        drop(registry);
        // Handles outlive their registry.
        held.inc();
        size.observe(1.0);
        assert_eq!((held.get(), size.snapshot().count()), (LAST as u64 + 1, 2));
        drop((held, size));
        // Any scrape does what is left to do.
        Scraper::new(&Registry::new()).encode(Format::Text, &mut Vec::new());
        let stats = stats();
        assert_eq!(stats.internal_errors, 0);
        if round >= 2 {
            let first = *flat.get_or_insert(stats.chunks);
            assert_eq!(stats.chunks, first, "round {round}: {stats:?}");
            assert_eq!(stats.pending_reclamation, 0, "round {round}: {stats:?}");
        }
    }
}

#[test]
fn series_of_one_family_that_come_and_go_take_no_more_cells() {
    let _alone = alone();
    let registry = Registry::new();
    let events: Family<Number, Counter> = registry.counter("events_total", "E.").family().expect("legal");
    let sizes: Family<Number, Histogram> = registry.histogram("size", "S.").family().expect("legal");
    let mut scraper = Scraper::new(&registry);
    // Without reuse every 2048 counters and every hundred histograms or so would take a chunk.
    let lives = if cfg!(miri) { 20 } else { 500 };
    let rounds = if cfg!(miri) { 4 } else { 20 * stress() };
    let mut flat = None;
    for round in 0..rounds {
        for number in round * lives..(round + 1) * lives {
            events.with(&Number { number }, Counter::inc);
            sizes.with(&Number { number }, |sizes| sizes.observe(1.0));
            assert!(events.remove(&Number { number }) && sizes.remove(&Number { number }));
        }
        // Shows them for the last time, after which nobody needs them; the next scrape frees what that one unlinked.
        for _ in 0..2 {
            scraper.encode(Format::Text, &mut Vec::new());
        }
        let stats = stats();
        assert_eq!((stats.pending_reclamation, stats.internal_errors), (0, 0), "round {round}: {stats:?}");
        assert_eq!(stats.chunks, *flat.get_or_insert(stats.chunks), "round {round}: {stats:?}");
    }
}
