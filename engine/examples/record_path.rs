//! The record path as plain functions, for `scripts/no-lock-prefix.sh` to disassemble; and a run of it without a
//! test harness, which also works where a panic aborts: `CARGO_PROFILE_DEV_PANIC=abort cargo run --example
//! record_path -- abort`.

#![allow(unsafe_code, reason = "names that the disassembly can be searched for")]

use std::thread;
use std::time::Duration;
use streamgauge::{
    Buckets, Counter, DurationCounter, Family, Format, Gauge, Histogram, LabelSet, LabelValue, Registry, Scraper, Tick,
    UpDownCounter, stats,
};

/// The labels of a change stream.
#[derive(Debug, LabelSet)]
pub struct Table<'a> {
    source: &'a str,
    schema: &'a str,
    table: &'a str,
}

/// What a change does.
#[derive(Clone, Copy, Debug, LabelValue)]
pub enum Op {
    /// A new row.
    Insert,
    /// A changed row.
    Update,
    /// A row less.
    Delete,
}

/// Labels that can be enumerated.
#[derive(Debug, LabelSet)]
pub struct Applied {
    op: Op,
    ok: bool,
}

/// Calls one method of a handle under a name that the linker keeps.
macro_rules! named {
    ($(fn $name:ident($($argument:ident: $type:ty),*) $body:block)*) => {$(
        // SAFETY: the name begins with this crate's, so no other symbol has it.
        #[unsafe(no_mangle)]
        #[inline(never)]
        fn $name($($argument: $type),*) $body
    )*};
}

named! {
    fn streamgauge_asm_counter_inc(counter: &Counter) {
        counter.inc();
    }
    fn streamgauge_asm_counter_add(counter: &Counter, n: u64) {
        counter.add(n);
    }
    fn streamgauge_asm_duration_add_between(counter: &DurationCounter, start: Tick, end: Tick) {
        counter.add_between(start, end);
    }
    fn streamgauge_asm_gauge_set(gauge: &Gauge, value: f64) {
        gauge.set(value);
    }
    fn streamgauge_asm_gauge_add(gauge: &Gauge, delta: f64) {
        gauge.add(delta);
    }
    fn streamgauge_asm_up_down_inc(counter: &UpDownCounter) {
        counter.inc();
    }
    fn streamgauge_asm_up_down_dec(counter: &UpDownCounter) {
        counter.dec();
    }
    fn streamgauge_asm_histogram_observe(histogram: &Histogram, value: f64) {
        histogram.observe(value);
    }
    fn streamgauge_asm_histogram_observe_n(histogram: &Histogram, value: f64, n: u64) {
        histogram.observe_n(value, n);
    }
    fn streamgauge_asm_family_with(family: &Family<Table<'static>, Counter>, source: &str, table: &str) {
        family.with(&Table { source, schema: "public", table }, Counter::inc);
    }
    fn streamgauge_asm_enum_family_with(family: &Family<Applied, Counter>, op: Op, ok: bool) {
        family.with(&Applied { op, ok }, Counter::inc);
    }
}

/// What one thread records.
fn life(registry: &Registry) -> Result<(), streamgauge::Error> {
    let events = registry.counter("events_total", "Events.").register()?;
    let busy = registry.duration_counter("busy_seconds_total", "Work.").register()?;
    let lag = registry.gauge("lag", "Age.").register()?;
    let depth = registry.up_down_counter("depth", "In flight.").register()?;
    let sizes = registry.histogram("size", "Sizes.").buckets(Buckets::exponential(1.0, 2.0, 8)).register()?;
    let tables: Family<Table<'static>, Counter> = registry.counter("tables_total", "Tables.").family()?;
    let applied: Family<Applied, Counter> = registry.counter("applied_total", "Changes.").family()?;
    for round in 0..100 {
        streamgauge_asm_counter_inc(&events);
        streamgauge_asm_counter_add(&events, 2);
        let start = Tick::now();
        streamgauge_asm_duration_add_between(&busy, start, Tick::now());
        busy.add(Duration::from_millis(1));
        streamgauge_asm_gauge_set(&lag, 1.0);
        streamgauge_asm_gauge_add(&lag, 0.0);
        streamgauge_asm_up_down_inc(&depth);
        streamgauge_asm_up_down_dec(&depth);
        streamgauge_asm_histogram_observe(&sizes, 3.0);
        streamgauge_asm_histogram_observe_n(&sizes, 300.0, 2);
        streamgauge_asm_family_with(&tables, "mysql", "orders");
        streamgauge_asm_enum_family_with(&applied, [Op::Insert, Op::Update, Op::Delete][round % 3], round % 2 == 0);
    }
    Ok(())
}

fn main() -> Result<(), streamgauge::Error> {
    const THREADS: u64 = 8;
    let on_panic = if cfg!(panic = "abort") { "abort" } else { "unwind" };
    if let Some(expected) = std::env::args().nth(1) {
        assert_eq!(on_panic, expected, "what a panic does");
    }
    let registry = Registry::new();
    let threads: Vec<_> = (0..THREADS)
        .map(|_| {
            let registry = registry.clone();
            thread::spawn(move || life(&registry))
        })
        .collect();
    let mut scraper = Scraper::new(&registry);
    let mut body = Vec::new();
    for thread in threads {
        scraper.encode(Format::Text, &mut body);
        thread.join().expect("a thread that records does not panic")?;
    }
    body.clear();
    assert_eq!(scraper.encode(Format::Text, &mut body).series(), 12);
    let value = |name: &str| registry.sample_value(name, &[]);
    let rounds = (THREADS * 100) as f64;
    assert_eq!(value("events_total"), Some(3.0 * rounds));
    assert!(value("busy_seconds_total") >= Some(rounds / 1e3));
    assert_eq!(value("lag"), Some(1.0));
    assert_eq!(value("depth"), Some(0.0));
    assert_eq!((value("size_count"), value("size_sum")), (Some(3.0 * rounds), Some(603.0 * rounds)));
    let labels = [("source", "mysql"), ("schema", "public"), ("table", "orders")];
    assert_eq!(registry.sample_value("tables_total", &labels), Some(rounds));
    let labels = [("op", "update"), ("ok", "true")];
    assert_eq!(registry.sample_value("applied_total", &labels), Some(16.0 * THREADS as f64));
    assert_eq!((stats().internal_errors, stats().lost_records), (0, 0));
    Ok(())
}
