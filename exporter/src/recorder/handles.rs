//! What stands behind the facade's handles.

use std::sync::Arc;

use streamgauge::bridge::Admission;
use streamgauge::{Counter, Error, Gauge, Histogram, Summary};

use super::any_family::AnyFamily;
use super::kind::Kind;

/// Behind a counter. Each thread that asks for one has its own, so that taking and dropping a handle counts in memory
/// that no other thread writes.
#[derive(Debug)]
pub(super) struct CounterHandle(pub(super) Counter);

/// Behind a gauge.
#[derive(Debug)]
pub(super) struct GaugeHandle(pub(super) Gauge);

/// Behind a histogram that is exposed as one.
#[derive(Debug)]
pub(super) struct HistogramHandle(pub(super) Histogram);

/// Behind a histogram that is exposed as a summary.
#[derive(Debug)]
pub(super) struct SummaryHandle(pub(super) Summary);

/// Behind a histogram.
#[derive(Clone, Debug)]
pub(super) enum AnyHistogram {
    Buckets(Arc<HistogramHandle>),
    Quantiles(Arc<SummaryHandle>),
}

/// One kind of handle, as it is made.
pub(super) trait FacadeHandle: Sized {
    const KIND: Kind;

    /// Returns the handle of the series with these labels.
    fn make(family: &AnyFamily, labels: &[(&str, &str)]) -> Result<Admission<Self>, Error>;

    fn noop() -> Self;
}

impl FacadeHandle for Arc<CounterHandle> {
    const KIND: Kind = Kind::Counter;

    fn make(family: &AnyFamily, labels: &[(&str, &str)]) -> Result<Admission<Self>, Error> {
        match family {
            AnyFamily::Counter(family) => Ok(family.admit(labels)?.map(|counter| Arc::new(CounterHandle(counter)))),
            _ => Ok(Admission::Own(Self::noop())),
        }
    }

    fn noop() -> Self {
        Arc::new(CounterHandle(Counter::noop()))
    }
}

impl FacadeHandle for Arc<GaugeHandle> {
    const KIND: Kind = Kind::Gauge;

    fn make(family: &AnyFamily, labels: &[(&str, &str)]) -> Result<Admission<Self>, Error> {
        match family {
            AnyFamily::Gauge(family) => Ok(family.admit(labels)?.map(|gauge| Arc::new(GaugeHandle(gauge)))),
            _ => Ok(Admission::Own(Self::noop())),
        }
    }

    fn noop() -> Self {
        Arc::new(GaugeHandle(Gauge::noop()))
    }
}

impl FacadeHandle for AnyHistogram {
    const KIND: Kind = Kind::Histogram;

    fn make(family: &AnyFamily, labels: &[(&str, &str)]) -> Result<Admission<Self>, Error> {
        match family {
            AnyFamily::Histogram(family) => {
                Ok(family.admit(labels)?.map(|histogram| Self::Buckets(Arc::new(HistogramHandle(histogram)))))
            }
            AnyFamily::Summary(family) => {
                Ok(family.admit(labels)?.map(|summary| Self::Quantiles(Arc::new(SummaryHandle(summary)))))
            }
            _ => Ok(Admission::Own(Self::noop())),
        }
    }

    fn noop() -> Self {
        Self::Buckets(Arc::new(HistogramHandle(Histogram::noop())))
    }
}
