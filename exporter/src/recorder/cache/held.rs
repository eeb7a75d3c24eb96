//! Handles as they are remembered, of whatever kind.

use std::sync::Arc;

use super::limit::allocated;
use crate::recorder::handles::{AnyHistogram, CounterHandle, GaugeHandle, HistogramHandle, SummaryHandle};
use crate::recorder::kind::MetricKindMask;

/// The two counts of an [`Arc`].
const COUNTS: usize = 2 * size_of::<usize>();

/// One handle.
pub(in crate::recorder) enum Held {
    Counter(Arc<CounterHandle>),
    Gauge(Arc<GaugeHandle>),
    Buckets(Arc<HistogramHandle>),
    Quantiles(Arc<SummaryHandle>),
}

/// One kind of handle.
pub(in crate::recorder) trait Cached: Clone + Sized {
    /// Returns the handle, where it is of this kind.
    fn of(held: &Held) -> Option<Self>;

    fn held(self) -> Held;
}

impl Held {
    /// Returns whether it is of the kinds that `mask` names, and no user holds it, only the cache.
    pub(super) fn is_unheld(&self, mask: MetricKindMask) -> bool {
        let (kind, holders) = match self {
            Self::Counter(counter) => (MetricKindMask::COUNTER, Arc::strong_count(counter)),
            Self::Gauge(gauge) => (MetricKindMask::GAUGE, Arc::strong_count(gauge)),
            Self::Buckets(histogram) => (MetricKindMask::HISTOGRAM, Arc::strong_count(histogram)),
            Self::Quantiles(summary) => (MetricKindMask::HISTOGRAM, Arc::strong_count(summary)),
        };
        holders == 1 && mask.contains(kind)
    }

    /// What it takes outside of itself.
    pub(super) fn heap_bytes(&self) -> usize {
        allocated(
            COUNTS
                + match self {
                    Self::Counter(_) => size_of::<CounterHandle>(),
                    Self::Gauge(_) => size_of::<GaugeHandle>(),
                    Self::Buckets(_) => size_of::<HistogramHandle>(),
                    Self::Quantiles(_) => size_of::<SummaryHandle>(),
                },
        )
    }
}

impl Cached for Arc<CounterHandle> {
    #[inline(always)]
    fn of(held: &Held) -> Option<Self> {
        if let Held::Counter(counter) = held { Some(counter.clone()) } else { None }
    }

    fn held(self) -> Held {
        Held::Counter(self)
    }
}

impl Cached for Arc<GaugeHandle> {
    #[inline(always)]
    fn of(held: &Held) -> Option<Self> {
        if let Held::Gauge(gauge) = held { Some(gauge.clone()) } else { None }
    }

    fn held(self) -> Held {
        Held::Gauge(self)
    }
}

impl Cached for AnyHistogram {
    #[inline(always)]
    fn of(held: &Held) -> Option<Self> {
        match held {
            Held::Buckets(histogram) => Some(Self::Buckets(histogram.clone())),
            Held::Quantiles(summary) => Some(Self::Quantiles(summary.clone())),
            _ => None,
        }
    }

    fn held(self) -> Held {
        match self {
            Self::Buckets(histogram) => Held::Buckets(histogram),
            Self::Quantiles(summary) => Held::Quantiles(summary),
        }
    }
}
