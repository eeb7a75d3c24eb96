//! Sets with parameters of any kind, and shapes that have no named fields.

use streamgauge::{Counter, MetricSet};

#[derive(MetricSet)]
struct OfALifetime<'a> {
    /// Help.
    events_total: &'a Counter,
}

#[derive(MetricSet)]
struct OfANumber<const N: usize> {
    /// Help.
    events_total: [Counter; N],
}

#[derive(MetricSet)]
struct Unit;

#[derive(MetricSet)]
union Either {
    a: u32,
    b: f32,
}

fn main() {}
