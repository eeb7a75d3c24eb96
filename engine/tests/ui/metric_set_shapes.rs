//! Fields without help, fields that are no metrics, and what is no struct with named fields.

use streamgauge::{Counter, MetricSet};

#[derive(MetricSet)]
struct NoHelp {
    events_total: Counter,
}

#[derive(MetricSet)]
struct Tuple(Counter);

#[derive(MetricSet)]
enum Choice {
    One,
}

#[derive(MetricSet)]
struct Generic<T> {
    /// Help.
    events_total: T,
}

fn main() {}
