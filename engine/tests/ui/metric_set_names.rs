//! Names that the registry would refuse, and names given twice.

use streamgauge::{Counter, DurationCounter, Gauge, MetricSet};

#[derive(MetricSet)]
struct Names {
    /// A counter without `_total`.
    events: Counter,
    /// A gauge with `_total`.
    depth_total: Gauge,
    /// Not in seconds.
    busy_total: DurationCounter,
    /// The unit is not in the name.
    #[metric(unit = "bytes")]
    size: Gauge,
    /// Twice.
    lag: Gauge,
    /// Twice.
    #[metric(name = "lag")]
    delay: Gauge,
}

fn main() {}
