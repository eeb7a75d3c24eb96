//! Threads look series up while others create them, so that tables grow under their eyes, and a scraper runs.
//! Run it with `RUSTFLAGS="--cfg engine_force_fence"` too: then the pin uses real fences, as it does where the
//! kernel has no `membarrier`.

mod common;

use common::{Floor, scrape, size};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use streamgauge::{Buckets, Counter, Family, Gauge, Histogram, LabelSet, Registry, Scraper, stats};

#[derive(LabelSet)]
struct Table<'a> {
    schema: &'a str,
    table: u64,
}

#[derive(LabelSet)]
struct Reversed<'a> {
    table: u64,
    schema: &'a str,
}

/// A fixed sequence of its own for each thread (xorshift64).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

/// Reclamation is the process's: tests that look whether something waits for it take turns.
static SERIAL: Mutex<()> = Mutex::new(());

#[test]
fn lookups_beside_creation_and_scrapes_lose_nothing() {
    let _alone = SERIAL.lock().unwrap_or_else(PoisonError::into_inner);
    const CREATORS: u64 = 2;
    const READERS: u64 = 2;
    let series = size(3_000, 16) as u64;
    let schemas = ["public", "a \"quoted\" one", ""];

    let registry = Registry::new();
    let counters: Family<Table<'static>, Counter> =
        registry.counter("events_total", "E.").limit(usize::MAX).family().expect("legal");
    let reversed: Family<Reversed<'static>, Counter> =
        registry.counter("events_total", "E.").limit(usize::MAX).family().expect("legal");
    let ones = Buckets::explicit([0.5, 1.0]);
    let sizes: Family<Table<'static>, Histogram> =
        registry.histogram("size", "S.").buckets(ones).limit(usize::MAX).family().expect("legal");
    let gauges: Family<Table<'static>, Gauge> = registry.gauge("lag", "L.").family().expect("legal");

    let created = AtomicU64::new(1);
    let (done, floor) = (AtomicBool::new(false), Floor::default());
    let expected: Vec<AtomicU64> = (0..series).map(|_| AtomicU64::new(0)).collect();
    let observed = AtomicU64::new(0);
    let touch = |table: u64, random: &mut Random| {
        let schema = schemas[(table % 3) as usize];
        expected[table as usize].fetch_add(1, Ordering::Relaxed);
        match random.below(4) {
            0 => reversed.with(&Reversed { table, schema }, Counter::inc),
            1 => counters.get_or_create(&Table { schema, table }).inc(),
            2 => counters.with(&Table { schema, table }, |counter| {
                // Nested: the inner lookup may grow the table that the outer one stands on.
                sizes.with(&Table { schema, table: table / 2 }, |sizes| sizes.observe(1.0));
                observed.fetch_add(1, Ordering::Relaxed);
                counter.inc();
            }),
            _ => counters.with(&Table { schema, table }, Counter::inc),
        }
        gauges.with(&Table { schema, table: table % 7 }, |gauge| gauge.set(table as f64));
    };

    thread::scope(|scope| {
        let creators: Vec<_> = (0..CREATORS)
            .map(|seed| {
                let (touch, created) = (&touch, &created);
                scope.spawn(move || {
                    let mut random = Random(seed + 1);
                    loop {
                        let table = created.fetch_add(1, Ordering::Relaxed);
                        if table >= series {
                            break;
                        }
                        touch(table, &mut random);
                    }
                })
            })
            .collect();
        for seed in 0..READERS {
            let (touch, created, done) = (&touch, &created, &done);
            scope.spawn(move || {
                let mut random = Random(seed + 100);
                while !done.load(Ordering::Relaxed) {
                    // Also those that are being created at this moment.
                    let known = created.load(Ordering::Relaxed).min(series);
                    touch(random.below(known), &mut random);
                }
            });
        }
        scope.spawn(|| {
            let mut scraper = Scraper::new(&registry);
            while !done.load(Ordering::Relaxed) {
                floor.scrape(&mut scraper);
            }
        });
        creators.into_iter().for_each(|creator| creator.join().expect("the creator runs through"));
        done.store(true, Ordering::Relaxed);
    });

    let parsed = scrape(&mut Scraper::new(&registry));
    for (table, expected) in expected.iter().enumerate() {
        let labels = [("schema", schemas[table % 3]), ("table", &*table.to_string())];
        match expected.load(Ordering::Relaxed) {
            0 => assert_eq!(parsed.get("events_total", &labels), None),
            expected => assert_eq!(parsed.integer("events_total", &labels), expected, "{labels:?}"),
        }
    }
    let counted = parsed.samples().into_iter().filter(|((name, _), _)| name == "size_count");
    let counted: u64 = counted.map(|(_, value)| value.parse::<u64>().expect("a count")).sum();
    assert_eq!(counted, observed.load(Ordering::Relaxed));
    assert_eq!(
        counters.get_or_create(&Table { schema: "public", table: 3 }).get(),
        expected[3].load(Ordering::Relaxed)
    );
    let stats = stats();
    assert_eq!((stats.internal_errors, stats.lost_records), (0, 0));
    assert_eq!(stats.pending_reclamation, 0, "the last scrape frees every outgrown table: nobody is inside a lookup");
}

#[test]
fn a_panic_inside_a_lookup_leaves_no_pin_behind() {
    let _alone = SERIAL.lock().unwrap_or_else(PoisonError::into_inner);
    let registry = Registry::new();
    let counters: Family<Table<'static>, Counter> = registry.counter("panics_total", "P.").family().expect("legal");
    let unwinding = |table| {
        let lookup = std::panic::AssertUnwindSafe(|| {
            counters.with(&Table { schema: "", table }, |counter| {
                counter.inc();
                std::panic::resume_unwind(Box::new("inside"));
            })
        });
        std::panic::catch_unwind(lookup).expect_err("it panicked");
    };
    for table in 0..200 {
        // The first time on the way that creates, the second on the way that finds.
        unwinding(table);
        unwinding(table);
    }
    assert!((0..200).all(|table| counters.get_or_create(&Table { schema: "", table }).get() == 2));
    scrape(&mut Scraper::new(&registry));
    assert_eq!(stats().pending_reclamation, 0, "a pin that was left behind would keep outgrown tables");
}
