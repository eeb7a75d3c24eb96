//! What recording costs.

use crate::runner::{Row, Side};
use crate::sides::{
    contatori, fast_counter, limit, measured, metrics, metriken, opentelemetry, ours, ours_lookup, prometheus,
    prometheus_client,
};

/// One increment, eight counters in turn; with two threads, of the same counters.
pub fn counter_inc() -> Row {
    let sides = vec![
        ours::counter_inc(),
        limit::counter_inc(),
        prometheus::counter_inc(),
        prometheus_client::counter_inc(),
        metrics::counter_inc(),
        measured::counter_inc(),
        metriken::counter_inc(),
        metriken::counter_inc_sharded(),
        contatori::counter_inc(),
        fast_counter::counter_inc(),
        opentelemetry::counter_inc(),
    ];
    row("counter_inc", &[1, 2], sides)
}

/// One observation, eight histograms of 14 exponential buckets in turn.
pub fn histogram_observe() -> Row {
    let sides = vec![
        ours::histogram_observe(),
        prometheus::histogram_observe(),
        prometheus_client::histogram_observe(),
        metrics::histogram_observe(),
        measured::histogram_observe(),
        metriken::histogram_observe(),
        metriken::histogram_observe_sharded(),
        opentelemetry::histogram_observe(),
    ];
    row("histogram_observe", &[1, 2], sides)
}

/// One lookup of three borrowed label values among 64 sets, and an increment.
pub fn family_with() -> Row {
    let sides = vec![
        ours::family_with(),
        limit::family_with(),
        prometheus::family_with(),
        prometheus_client::family_with(),
        metrics::family_with(),
        measured::family_with(),
        opentelemetry::family_with(),
    ];
    row("family_with", &[1, 2], sides)
}

/// One hit of a handle cache among 64 keys of a stream, most events of a few of them, and an increment.
pub fn handle_cache_inc() -> Row {
    let sides = vec![ours_lookup::handle_cache_inc(), ours::counter_inc().as_limit("counter_inc")];
    row("handle_cache_inc", &[1], sides)
}

/// One lookup by an enum and two bools, 16 combinations in an unforeseeable order, and an increment.
pub fn enum_family_inc() -> Row {
    let sides =
        vec![ours_lookup::enum_family_inc(), ours::counter_inc().as_limit("counter_inc"), measured::enum_family_inc()];
    row("enum_family_inc", &[1, 2], sides)
}

/// One lookup of a set by three borrowed label values among 64 sets, and an increment of each of its five counters.
pub fn set_lookup() -> Row {
    row("set_lookup", &[1], vec![ours_lookup::set_lookup(), ours_lookup::lookup_and_five()])
}

/// What one event of a pipeline records: four counters, bytes, two histograms and a gauge, without a clock.
pub fn event() -> Row {
    let sides = vec![
        ours::event(),
        prometheus::event(),
        prometheus_client::event(),
        metrics::event(),
        measured::event(),
        opentelemetry::event(),
    ];
    row("event", &[1], sides)
}

fn row(name: &'static str, threads: &'static [u32], sides: Vec<Side>) -> Row {
    Row { name, threads, unit: "ns/op", units_per_op: 1, sides }
}
