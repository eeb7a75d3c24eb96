//! The `metrics` facade: our recorder beside the stock one.

use std::hint::black_box;
use std::io;
use std::time::Instant;

use metrics_exporter_prometheus::PrometheusRecorder as Stock;
use streamgauge_exporter::recorder::Recorder as Ours;

use super::child::{self, resident_bytes};
use crate::inputs::COUNTER_SERIES;
use crate::runner::{Outcome, Plan, Role, Row, Samples};
use crate::sides::facade::{self, Facade};

/// One increment through a handle, eight counters in turn.
pub fn facade_handle_inc() -> Row {
    let sides = vec![facade::handle_inc::<Ours>(), facade::plain_inc(), facade::handle_inc::<Stock>()];
    Row { name: "facade_handle_inc", threads: &[1, 2], unit: "ns/op", units_per_op: 1, sides }
}

/// One record of a histogram, and what it takes to move it into a bucket.
pub fn facade_histogram_record() -> Row {
    let sides = vec![facade::histogram_record::<Ours>(), facade::histogram_record::<Stock>()];
    Row { name: "facade_histogram_record", threads: &[1, 2], unit: "ns/op", units_per_op: 1, sides }
}

/// One macro call with three literal labels, and an increment.
pub fn facade_macro_static() -> Row {
    let sides = vec![facade::macro_static::<Ours>(), facade::macro_static::<Stock>()];
    Row { name: "facade_macro_static", threads: &[1, 2], unit: "ns/op", units_per_op: 1, sides }
}

/// One macro call with three owned labels among 64 sets, and an increment.
pub fn facade_macro_owned() -> Row {
    let sides = vec![facade::macro_owned::<Ours>(), facade::macro_owned::<Stock>()];
    Row { name: "facade_macro_owned", threads: &[1, 2], unit: "ns/op", units_per_op: 1, sides }
}

/// A scrape of 10,000 counters of three labels.
pub fn facade_encode() -> Row {
    let sides = vec![facade::encode::<Ours>(), facade::encode::<Stock>()];
    Row { name: "facade_encode", threads: &[1], unit: "ns/series", units_per_op: COUNTER_SERIES as u64, sides }
}

/// The first scrape after a million records of one histogram.
pub fn facade_scrape_after_1m(plan: Plan) -> Outcome {
    let mut samples = [Samples::new("streamgauge", Role::Ours), Samples::new("stock", Role::Peer)];
    let (record, scrape) = facade::scrape_after::<Ours>();
    let (record_stock, scrape_stock) = facade::scrape_after::<Stock>();
    for _ in 0..plan.rounds {
        samples[0].push(one_scrape(&record, &scrape, plan.unscraped));
        samples[1].push(one_scrape(&record_stock, &scrape_stock, plan.unscraped));
    }
    Outcome::of("facade_scrape_after_1m", 1, "ns/scrape", samples.into())
}

fn one_scrape(record: impl Fn(u64), scrape: impl Fn(&mut Vec<u8>), records: u64) -> f64 {
    let mut body = Vec::with_capacity(64 * 1024);
    record(records);
    let start = Instant::now();
    scrape(&mut body);
    black_box(&body);
    start.elapsed().as_nanos() as f64
}

/// How far the resident set grows while records come and nobody scrapes, after the first tenth of them; each side in a
/// child process.
///
/// # Errors
/// If a child cannot be started, or reports no number.
pub fn facade_memory(plan: Plan) -> io::Result<Outcome> {
    let mut samples = Vec::new();
    for (name, role) in [("streamgauge", Role::Ours), ("stock", Role::Peer)] {
        let numbers = child::numbers(&["--facade-child", name, &(50 * plan.unscraped).to_string()])?;
        let grown =
            numbers.first().ok_or_else(|| io::Error::other(format!("the child of `{name}` printed nothing")))?;
        let mut side = Samples::new(name, role);
        // Not less than a page, so that a ratio with it stays finite.
        side.push(grown.max(4096.0) / 1024.0);
        samples.push(side);
    }
    Ok(Outcome::of("facade_memory", 1, "KiB grown", samples))
}

/// The child's part.
///
/// # Errors
/// If there is no such side, or the system does not tell its resident set.
pub fn facade_memory_child(side: &str, records: u64) -> io::Result<f64> {
    match side {
        "streamgauge" => grown::<Ours>(records),
        "stock" => grown::<Stock>(records),
        _ => Err(io::Error::other(format!("no side is called `{side}`"))),
    }
}

fn grown<F: Facade>(records: u64) -> io::Result<f64> {
    let mut before = Ok(0);
    let recorder = facade::record_unscraped::<F>(records, || before = resident_bytes());
    let after = resident_bytes()?;
    black_box(&recorder);
    Ok(after.saturating_sub(before?) as f64)
}
