//! Measures what the levels of gzip cost and gain on a body, to choose the one that the exporter uses.
//!
//! ```sh
//! cargo run --release -p streamgauge-exporter --example gzip_levels -- [FILE]..
//! ```
//!
//! Each file is a body; without one it is that of 10,000 counters.
#![allow(clippy::print_stdout, missing_docs, reason = "a program that talks to a terminal")]

use std::time::{Duration, Instant};

use flate2::{Compress, Compression, FlushCompress, Status};
use streamgauge::{Format, Registry, Scraper};

/// The shortest of so many runs is what it costs.
const RUNS: usize = 15;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let files: Vec<String> = std::env::args().skip(1).collect();
    if files.is_empty() {
        table("10,000 counters", &counters()?)?;
    }
    for file in files {
        table(&file, &std::fs::read(&file)?)?;
    }
    Ok(())
}

/// The series of one family, with labels and values as a pipeline of some size has them.
fn counters() -> Result<Vec<u8>, streamgauge::Error> {
    let registry = Registry::new();
    for number in 0..10_000_u64 {
        let labels = registry.label("pipeline", "orders").label("table", format!("public.table_{:04}", number / 4));
        let op = ["insert", "update", "delete", "snapshot"][number as usize % 4];
        let counter = labels.counter("source_events_total", "Events read.").label("op", op).limit(10_000).register()?;
        // Spread over the orders of magnitude, without a pattern.
        counter.add(number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (24 + number % 40));
    }
    let mut body = Vec::new();
    Scraper::new(&registry).encode(Format::Text, &mut body);
    Ok(body)
}

fn table(name: &str, plain: &[u8]) -> Result<(), flate2::CompressError> {
    println!("{name}: {} bytes", plain.len());
    for level in 0..=9 {
        let mut deflate = Compress::new_gzip(Compression::new(level), 15);
        let mut packed = Vec::with_capacity(plain.len() + 4096);
        let mut best = Duration::MAX;
        for _ in 0..RUNS {
            let start = Instant::now();
            deflate.reset();
            packed.clear();
            let status = deflate.compress_vec(plain, &mut packed, FlushCompress::Finish)?;
            best = best.min(start.elapsed());
            assert_eq!(status, Status::StreamEnd);
        }
        let share = 100.0 * packed.len() as f64 / plain.len() as f64;
        println!("level {level}: {:>8} bytes {share:>5.1} % {:>9.0} us", packed.len(), best.as_secs_f64() * 1e6);
    }
    Ok(())
}
