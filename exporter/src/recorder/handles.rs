//! What stands behind the facade's handles.

use std::sync::Arc;
use streamgauge::{Counter, Gauge, Histogram, Summary};

/// Behind a counter. Each thread that asks for one has its own, so that taking and dropping a handle counts in memory
/// that no other thread writes.
#[derive(Debug)]
pub(super) struct Counted(pub(super) Counter);

/// Behind a gauge.
#[derive(Debug)]
pub(super) struct Gauged(pub(super) Gauge);

/// Behind a histogram that is exposed as one.
#[derive(Debug)]
pub(super) struct Bucketed(pub(super) Histogram);

/// Behind a histogram that is exposed as a summary.
#[derive(Debug)]
pub(super) struct Summarised(pub(super) Summary);

/// Behind a histogram.
#[derive(Clone, Debug)]
pub(super) enum Observed {
    Buckets(Arc<Bucketed>),
    Quantiles(Arc<Summarised>),
}

impl Observed {
    pub(super) fn is_unheld(&self) -> bool {
        match self {
            Self::Buckets(histogram) => Arc::strong_count(histogram) == 1,
            Self::Quantiles(summary) => Arc::strong_count(summary) == 1,
        }
    }
}
