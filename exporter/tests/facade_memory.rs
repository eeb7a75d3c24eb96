//! Memory while nobody scrapes: it does not grow with what is recorded.
//!
//! 5 million records in a debug build; 50 million in a release build, or where `STREAMGAUGE_LONG` is set. Alone in its
//! binary, since what other tests take would be counted too.
#![cfg(all(feature = "metrics-0-24", target_os = "linux"))]

mod facade;

use metrics::{Recorder, histogram, set_default_local_recorder};
use metrics_exporter_prometheus::PrometheusBuilder;
use std::sync::Barrier;
use std::thread;

const SERIES: [&str; 20] =
    ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15", "16", "17", "18", "19"];
const THREADS: usize = 2;

/// Gives the resident memory of the process in bytes.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux has it");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("Linux tells it");
    let kibibytes: u64 = line.trim().trim_end_matches(" kB").parse().expect("a number");
    kibibytes * 1024
}

/// Records so many values, one half through handles that are kept, the other through the macro.
fn record(times: usize) {
    let held = SERIES.map(|series| histogram!("size", "series" => series));
    for index in 0..times / 2 {
        let value = (index % 1_000) as f64 / 100.0;
        held[index % SERIES.len()].record(value);
        histogram!("size", "series" => SERIES[(index * 7) % SERIES.len()]).record(value);
    }
}

/// Records on all threads and gives the resident memory after `first` and after `all` records.
fn growth(recorder: &(dyn Recorder + Sync), first: usize, all: usize) -> (u64, u64) {
    let (at_mark, go_on) = (Barrier::new(THREADS + 1), Barrier::new(THREADS + 1));
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                let _local = set_default_local_recorder(recorder);
                for times in [first, all - first] {
                    record(times / THREADS);
                    at_mark.wait();
                    // The threads live while memory is looked at.
                    go_on.wait();
                }
            });
        }
        let look = || {
            at_mark.wait();
            let resident = resident();
            go_on.wait();
            resident
        };
        (look(), look())
    })
}

#[test]
fn records_that_nobody_scrapes_take_no_memory() {
    let is_long = !cfg!(debug_assertions) || std::env::var_os("STREAMGAUGE_LONG").is_some();
    let all = if is_long { 50_000_000 } else { 5_000_000 };
    let recorder = facade::recorder();
    let (early, late) = growth(&recorder, all / 10, all);
    assert!(late < early + (1 << 20), "from {early} to {late} bytes over {all} records");

    let exposed = facade::exposed(&recorder);
    let counts = SERIES.map(|series| exposed.get(&format!("size_count{{series={series:?}}}")).unwrap());
    assert_eq!(counts.iter().sum::<f64>(), all as f64, "everything was recorded");

    // The measure sees memory that grows: the stock recorder keeps every value until it is scraped.
    let stock = PrometheusBuilder::new().set_buckets(&[1.0]).unwrap().build_recorder();
    let (early, late) = growth(&stock, 100_000, 1_000_000);
    assert!(late > early + (8 << 20), "from {early} to {late} bytes: has the stock recorder changed?");
}
