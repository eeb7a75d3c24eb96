//! Attributes that are unknown or do not belong to the field.

use streamgauge::{Counter, Family, Gauge, Histogram, MetricSet, Summary};

#[derive(MetricSet)]
struct Attributes {
    /// Buckets.
    #[metric(buckets = Buckets::linear(1.0, 1.0, 4))]
    events_total: Counter,
    /// Buckets of a family.
    #[metric(buckets = Buckets::linear(1.0, 1.0, 4))]
    families_total: Family<(), Counter>,
    /// Unknown.
    #[metric(nmae = "x")]
    lag: Gauge,
    /// No unit.
    #[metric(unit = "parsecs")]
    way_parsecs: Gauge,
    /// Twice.
    #[metric(name = "a", name = "b")]
    depth: Gauge,
    /// Of sets.
    #[metric(prefix = "x")]
    latency: Histogram,
    /// Of histograms.
    #[metric(buckets = Buckets::linear(1.0, 1.0, 4))]
    time: Summary,
    /// No pair.
    #[metric(window = SIXTY_SECONDS)]
    wait: Summary,
}

fn main() {}
