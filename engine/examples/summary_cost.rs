//! What summaries cost: nanoseconds a record and a scraped series, and bytes a series.
//!
//! `cargo run --release -p streamgauge --example summary_cost`. Each figure of memory is the growth of the resident set
//! of a process of its own, so the program runs itself.

#![allow(clippy::print_stdout, reason = "a program that prints figures")]

use std::hint::black_box;
use std::process::Command;
use std::sync::Barrier;
use std::thread;
use std::time::Instant;
use streamgauge::{Family, Format, LabelSet, Registry, Scraper, Summary};

#[derive(LabelSet)]
struct Table {
    table: u32,
}

/// Gives latencies in seconds that are lognormal, with a median of 1 ms; the same in each run.
fn latencies(sigma: f64) -> impl Iterator<Item = f64> {
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    let mut uniform = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        ((state >> 11) as f64 + 0.5) / (1u64 << 53) as f64
    };
    // Box and Muller: two uniform numbers to a normal one.
    std::iter::repeat_with(move || {
        let radius = (-2.0 * uniform().ln()).sqrt();
        0.001 * (sigma * radius * (std::f64::consts::TAU * uniform()).cos()).exp()
    })
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match &arguments[..] {
        [series, observations, sigma] => {
            let number = |text: &String| text.parse().expect("a number");
            memory(number(series) as u32, number(observations), sigma.parse().expect("a number"));
        }
        _ => {
            for threads in [1, 2] {
                println!("record, {threads} threads on one summary: {:.1} ns", record(threads));
            }
            println!("scrape of 1,000 series, lognormal: {:.0} ns a series", scrape());
            let this = std::env::current_exe().expect("a path");
            for (observations, sigma) in [("0", "1"), ("1", "1"), ("10000", "0.5"), ("10000", "1"), ("10000", "2")] {
                let status = Command::new(&this).args(["1000", observations, sigma]).status().expect("it starts");
                assert!(status.success(), "{status}");
            }
        }
    }
}

/// Gives what a record takes each of so many threads.
fn record(threads: usize) -> f64 {
    const RECORDS: usize = 5_000_000;
    let registry = Registry::new();
    let time = registry.summary("time_seconds", "T.").register().expect("legal");
    let values: Vec<f64> = latencies(1.0).take(4096).collect();
    let start = Barrier::new(threads);
    let nanos = |summary: &Summary| {
        start.wait();
        let start = Instant::now();
        values.iter().cycle().take(RECORDS).for_each(|value| summary.observe(black_box(*value)));
        start.elapsed().as_nanos() as f64 / RECORDS as f64
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(|| nanos(&time))).collect();
        let len = threads.len() as f64;
        threads.into_iter().map(|thread| thread.join().expect("it ends")).sum::<f64>() / len
    })
}

/// Makes summaries in one family, each with so many observations.
fn family(registry: &Registry, series: u32, observations: usize, sigma: f64) {
    let times: Family<Table, Summary> = registry.summary("time_seconds", "T.").family().expect("legal");
    let mut latencies = latencies(sigma);
    for table in 0..series {
        times.init(&Table { table });
        let latencies = latencies.by_ref().take(observations);
        times.with(&Table { table }, |time| latencies.for_each(|value| time.observe(value)));
    }
}

fn scrape() -> f64 {
    let registry = Registry::new();
    family(&registry, 1_000, 10_000, 1.0);
    let (mut scraper, mut body) = (Scraper::new(&registry), Vec::new());
    scraper.encode(Format::Text, &mut body);
    let start = Instant::now();
    for _ in 0..100 {
        body.clear();
        scraper.encode(Format::Text, black_box(&mut body));
    }
    start.elapsed().as_nanos() as f64 / 100.0 / 1_000.0
}

fn memory(series: u32, observations: usize, sigma: f64) {
    let registry = Registry::new();
    let before = resident();
    family(&registry, series, observations, sigma);
    let bytes = (resident() - before) as f64 / f64::from(series);
    println!("{series} series of {observations} lognormal observations, sigma {sigma}: {bytes:.0} bytes a series");
}

/// Gives the bytes of the process that are resident.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a resident set");
    line.trim().trim_end_matches(" kB").parse::<usize>().expect("a number") * 1024
}
