//! Attributes that are not written as they must be, and names the formats do not allow.

use streamgauge::{Counter, Gauge, Histogram, MetricSet};

#[derive(MetricSet)]
struct Syntax {
    /// No text.
    #[metric(name = 3)]
    events_total: Counter,
    /// No value.
    #[metric(unit)]
    size_bytes: Gauge,
    /// No `=`.
    #[metric(label("stage", "decode"))]
    decoded_total: Counter,
    /// No list.
    #[metric = "events_total"]
    read_total: Counter,
    /// Not a name.
    #[metric(name = "lag-seconds")]
    lag: Gauge,
    /// The suffix of a sample.
    latency_bucket: Histogram,
    ///
    empty_help: Gauge,
}

#[derive(MetricSet)]
#[metric(name = "pipeline")]
struct Named {
    /// Help.
    events_total: Counter,
}

#[derive(MetricSet)]
struct Nested {
    /// Only a prefix or labels.
    #[metric(unit = "seconds")]
    inner: Syntax,
}

fn main() {}
