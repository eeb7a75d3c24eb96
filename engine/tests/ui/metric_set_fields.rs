//! A field that is no metric, no family and no set.

use streamgauge::MetricSet;

#[derive(MetricSet)]
struct Fields {
    /// A number.
    events_total: u64,
}

fn main() {}
