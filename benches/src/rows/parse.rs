//! What it costs to read a body, a sample.

use crate::inputs::Exposition;
use crate::runner::Row;
use crate::sides::parsers;
use std::sync::Arc;

/// The body of the 10,000 counters of `encode_counters`, as our encoder writes it.
pub fn parse_text() -> Row {
    let body = parsers::counter_exposition();
    let samples = body.lines().filter(|line| !line.starts_with('#')).count() as u64;
    row("parse_text", &body, samples)
}

/// The body of a node_exporter: many small families, floats with exponents, long label values.
pub fn parse_text_node() -> Row {
    let body = Exposition::node_exporter();
    row("parse_text_node", body.text(), body.samples())
}

fn row(name: &'static str, body: &str, samples: u64) -> Row {
    let body = Arc::from(body);
    let sides = vec![
        parsers::streamgauge(&body, samples),
        parsers::limit(&body),
        parsers::prometheus_parse(&body),
        parsers::prom_text_format_parser(&body),
        parsers::nom_openmetrics(&body),
    ];
    Row { name, threads: &[1], unit: "ns/sample", units_per_op: samples, sides }
}
