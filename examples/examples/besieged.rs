//! A program with many series, whose callbacks can be made to sleep or to panic: what `scripts/siege.sh` lays siege to.
//!
//! ```text
//! cargo run --release -p streamgauge-examples --example besieged -- --series 1000 --callback-ms 400
//! curl http://127.0.0.1:9000/metrics
//! ```
//!
//! Serves until it is killed. A thread records all the while, so that two scrapes never show the same.

use clap::Parser;
use std::error::Error;
use std::io::Write;
use std::thread;
use std::time::Duration;
use streamgauge::{Counter, Family, LabelSet, Registry};
use streamgauge_exporter::Exporter;

/// Many series, and callbacks of any temper
#[derive(Parser)]
struct Args {
    /// Where the metrics are served
    #[arg(long, default_value = "127.0.0.1:9000")]
    listen: String,
    /// How many series there are
    #[arg(long, default_value_t = 20_000)]
    series: u32,
    /// How long a callback takes, in milliseconds
    #[arg(long, default_value_t = 0)]
    callback_ms: u64,
    /// A callback that panics, at each scrape
    #[arg(long)]
    panicking: bool,
}

#[derive(LabelSet)]
struct Table<'a> {
    source: &'a str,
    table: &'a str,
}

#[expect(clippy::print_stdout, reason = "an example talks to its user")]
fn main() -> Result<(), Box<dyn Error>> {
    let args = Args::parse();
    let registry = Registry::new();
    let limit = args.series as usize + 1;
    let events: Family<Table<'static>, Counter> =
        registry.counter("events_total", "Events by table.").limit(limit).family()?;
    let seen = registry.counter("seen_total", "Events of all tables.").register()?;
    let handles: Vec<Counter> = (0..args.series)
        .map(|table| events.get_or_create(&Table { source: "mysql", table: &format!("public.orders_{table:06}") }))
        .collect();
    if args.callback_ms > 0 {
        let nap = Duration::from_millis(args.callback_ms);
        let slow = move || {
            thread::sleep(nap);
            nap.as_secs_f64()
        };
        registry.gauge("nap_seconds", "What the callback takes.").callback(slow)?;
    }
    if args.panicking {
        registry.gauge("trouble", "Never there.").callback(|| panic!("a callback of the user"))?;
        // One line a scrape is enough.
        std::panic::set_hook(Box::new(|_| {}));
    }
    let exporter = Exporter::builder(&registry).listen(&args.listen).spawn()?;
    println!("listening on http://{}/metrics", exporter.local_addrs()[0]);
    std::io::stdout().flush()?;
    loop {
        for event in handles.iter().step_by(100) {
            event.inc();
            seen.inc();
        }
        thread::sleep(Duration::from_millis(10));
    }
}
