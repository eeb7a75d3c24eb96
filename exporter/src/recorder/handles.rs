//! What stands behind the facade's handles.

use super::cache::Cached;
use super::core::Kind;
use super::family::Family;
use std::sync::Arc;
use streamgauge::bridge::Placed;
use streamgauge::{Counter, Error, Gauge, Histogram, Summary};

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

/// One kind of handle, as it is made.
pub(super) trait Handle: Cached {
    const KIND: Kind;

    /// Gives the handle of the series with these labels.
    fn make(family: &Family, labels: &[(&str, &str)]) -> Result<Placed<Self>, Error>;

    fn noop() -> Self;
}

impl Handle for Arc<Counted> {
    const KIND: Kind = Kind::Counter;

    fn make(family: &Family, labels: &[(&str, &str)]) -> Result<Placed<Self>, Error> {
        match family {
            Family::Counter(family) => Ok(family.place(labels)?.map(|counter| Arc::new(Counted(counter)))),
            _ => Ok(Placed::Own(Self::noop())),
        }
    }

    fn noop() -> Self {
        Arc::new(Counted(Counter::noop()))
    }
}

impl Handle for Arc<Gauged> {
    const KIND: Kind = Kind::Gauge;

    fn make(family: &Family, labels: &[(&str, &str)]) -> Result<Placed<Self>, Error> {
        match family {
            Family::Gauge(family) => Ok(family.place(labels)?.map(|gauge| Arc::new(Gauged(gauge)))),
            _ => Ok(Placed::Own(Self::noop())),
        }
    }

    fn noop() -> Self {
        Arc::new(Gauged(Gauge::noop()))
    }
}

impl Handle for Observed {
    const KIND: Kind = Kind::Histogram;

    fn make(family: &Family, labels: &[(&str, &str)]) -> Result<Placed<Self>, Error> {
        match family {
            Family::Histogram(family) => {
                Ok(family.place(labels)?.map(|histogram| Self::Buckets(Arc::new(Bucketed(histogram)))))
            }
            Family::Summary(family) => {
                Ok(family.place(labels)?.map(|summary| Self::Quantiles(Arc::new(Summarised(summary)))))
            }
            _ => Ok(Placed::Own(Self::noop())),
        }
    }

    fn noop() -> Self {
        Self::Buckets(Arc::new(Bucketed(Histogram::noop())))
    }
}
