//! What a scrape costs, a series.

use crate::inputs::{COUNTER_SERIES, HISTOGRAM_SERIES, SLABS};
use crate::runner::{Plan, Row, Side};
use crate::sides::{limit, measured, metrics, ours, ours_http, prometheus, prometheus_client};

/// Threads whose slabs `encode_many_threads` merges.
const MANY: u64 = 64;

/// 10,000 counters of three labels, touched by four live threads.
pub fn encode_counters() -> Row {
    let sides = vec![
        ours::encode_counters(COUNTER_SERIES, SLABS),
        limit::encode_counters(),
        prometheus::encode_counters(),
        prometheus_client::encode_counters(),
        metrics::encode_counters(),
        measured::encode_counters(),
    ];
    row("encode_counters", COUNTER_SERIES, sides)
}

/// 1,000 histograms of 14 buckets.
pub fn encode_histograms() -> Row {
    let sides = vec![
        ours::encode_histograms(),
        limit::encode_histograms(),
        prometheus::encode_histograms(),
        prometheus_client::encode_histograms(),
        metrics::encode_histograms(),
        measured::encode_histograms(),
    ];
    row("encode_histograms", HISTOGRAM_SERIES, sides)
}

/// The same 10,000 counters touched by 64 live threads, held against four: the price of merging slabs.
pub fn encode_many_threads() -> Row {
    let sides = vec![ours::encode_counters(COUNTER_SERIES, MANY), ten_thousand()];
    row("encode_many_threads", COUNTER_SERIES, sides)
}

/// The same 10,000 counters as OpenMetrics text, held against text 0.0.4.
pub fn encode_openmetrics() -> Row {
    row("encode_openmetrics", COUNTER_SERIES, vec![ours::encode_openmetrics(COUNTER_SERIES, SLABS), ten_thousand()])
}

/// A scrape of the 10,000 counters through the endpoint with gzip, held against one without.
pub fn gzip_scrape() -> Row {
    row("gzip_scrape", COUNTER_SERIES, vec![ours_http::gzip_scrape(), ours_http::plain_scrape().as_limit("plain")])
}

/// 1,000 histograms of 14 buckets in the protobuf format. `metrics-exporter-prometheus` has it too, but wants a
/// `protoc` to be installed.
pub fn encode_protobuf() -> Row {
    let sides = vec![ours::encode_protobuf(), prometheus::encode_protobuf(), prometheus_client::encode_protobuf()];
    row("encode_protobuf", HISTOGRAM_SERIES, sides)
}

/// A million counters, held against scrapes of ten thousand that show as many: the price of leaving the caches.
pub fn encode_counters_1m(plan: Plan) -> Row {
    let scrapes = plan.many.div_ceil(COUNTER_SERIES as u64);
    let series = scrapes as usize * COUNTER_SERIES;
    row("encode_counters_1m", series, vec![ours::encode_counters(series, SLABS), ten_thousand().repeated(scrapes)])
}

/// Our side of `encode_counters`, as what another row is held against.
fn ten_thousand() -> Side {
    ours::encode_counters(COUNTER_SERIES, SLABS).as_limit("encode_counters")
}

fn row(name: &'static str, series: usize, sides: Vec<Side>) -> Row {
    Row { name, threads: &[1], unit: "ns/series", units_per_op: series as u64, sides }
}
