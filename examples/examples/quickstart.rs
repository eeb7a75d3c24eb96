//! The quick start of the README: measure a stream, serve the result, look at it.
//!
//! ```sh
//! cargo run --release -p streamgauge-examples --example quickstart
//! ```
#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "a program that talks to a terminal")]

use streamgauge::{Buckets, Counter, Family, Format, Histogram, LabelSet, LabelValue, Registry, Scraper, Tick, Unit};
use streamgauge_exporter::Exporter;

#[derive(LabelValue)]
enum Op {
    Insert,
    Delete,
}

#[derive(LabelSet)]
struct Change<'a> {
    table: &'a str,
    op: Op,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let registry = Registry::new();
    let orders = registry.scope("shop").label("pipeline", "orders");
    let commits: Counter = orders.counter("checkpoints_total", "Checkpoints committed.").register()?;
    let changes: Family<Change<'_>, Counter> = orders.counter("changes_total", "Row changes.").family()?;
    let latency: Histogram = orders
        .histogram("decode_latency_seconds", "Time to decode a change.")
        .unit(Unit::Seconds)
        .buckets(Buckets::exponential(1e-6, 4.0, 10))
        .register()?;
    let exporter = Exporter::builder(&registry).listen("127.0.0.1:0").spawn()?;
    println!("serving http://{}/metrics", exporter.local_addrs()[0]);

    for line in ["insert orders", "insert order_items", "delete orders"].into_iter().cycle().take(1_000) {
        let read = Tick::now();
        let (op, table) = line.split_once(' ').ok_or("a line without a table")?;
        let op = if op == "insert" { Op::Insert } else { Op::Delete };
        changes.with(&Change { table, op }, Counter::inc);
        latency.lap(read);
    }
    commits.inc();

    let mut text = Vec::new();
    Scraper::new(&registry).encode(Format::Text, &mut text);
    print!("{}", String::from_utf8(text)?);
    Ok(())
}
