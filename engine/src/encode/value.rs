//! A merged value: what a scrape makes of a series, what a visitor is shown, and what the formats write.

use crate::buckets::cumulative;
use std::time::Duration;

/// A merged value, by kind.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum MetricValue<'a> {
    /// Of a [`Counter`](crate::Counter).
    Counter(u64),
    /// Of a [`FloatCounter`](crate::FloatCounter), or a [`Collector`](crate::Collector)'s counter whose value is no
    /// integer.
    FloatCounter(f64),
    /// Of a [`DurationCounter`](crate::DurationCounter).
    DurationCounter(Duration),
    /// Of a [`Gauge`](crate::Gauge), a callback or a collector.
    Gauge(f64),
    /// Of an [`UpDownCounter`](crate::UpDownCounter).
    UpDownCounter(i64),
    /// Of a [`Histogram`](crate::Histogram).
    Histogram(HistogramValue<'a>),
    /// Of a [`Summary`](crate::Summary).
    Summary(SummaryValue<'a>),
    /// Of an [`Info`](crate::Info): what it says are its labels.
    Info,
    /// Of a [`Collector`](crate::Collector)'s metric of an unknown kind.
    Unknown(f64),
    /// An integer that a [`Collector`](crate::Collector) gave for a gauge or a metric of an unknown kind: exact, where
    /// a float would round it.
    Integer(u64),
    /// Of a [`StateSet`](crate::StateSet).
    StateSet(StateSetValue<'a>),
}

impl MetricValue<'_> {
    /// Returns the value of the one sample that a metric of this kind has, as the formats show it; `None` of
    /// histograms, summaries and state sets, which have several.
    #[must_use]
    pub fn as_f64(&self) -> Option<f64> {
        match *self {
            Self::Counter(value) | Self::Integer(value) => Some(value as f64),
            Self::FloatCounter(value) | Self::Gauge(value) | Self::Unknown(value) => Some(value),
            Self::DurationCounter(total) => Some(seconds(total)),
            Self::UpDownCounter(value) => Some(value as f64),
            Self::Info => Some(1.0),
            Self::Histogram(_) | Self::Summary(_) | Self::StateSet(_) => None,
        }
    }
}

/// Returns a total of time in seconds: one rounding, of its nanoseconds.
#[inline(always)]
pub(crate) fn seconds(total: Duration) -> f64 {
    let nanos = total.as_secs().wrapping_mul(1_000_000_000).wrapping_add(u64::from(total.subsec_nanos()));
    nanos as f64 / 1e9
}

/// The state that a state set is in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StateSetValue<'a> {
    pub(crate) states: &'a [Box<str>],
    pub(crate) current: usize,
}

impl<'a> StateSetValue<'a> {
    /// Returns each state, and whether it is the current one: true for exactly one.
    pub fn iter(&self) -> impl Iterator<Item = (&'a str, bool)> + use<'a> {
        let current = self.current;
        self.states.iter().enumerate().map(move |(index, state)| (&**state, index == current))
    }
}

/// The merged value of a histogram.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HistogramValue<'a> {
    pub(crate) bounds: &'a [f64],
    pub(crate) buckets: &'a [u64],
    pub(crate) sum: f64,
}

impl<'a> HistogramValue<'a> {
    /// Returns the finite upper bounds, inclusive.
    #[must_use]
    pub fn bounds(&self) -> &'a [f64] {
        self.bounds
    }

    /// Returns the observations in each bucket, not cumulative: one for each bound, and one above all.
    #[must_use]
    pub fn bucket_counts(&self) -> &'a [u64] {
        self.buckets
    }

    /// Returns each bucket's upper bound, inclusive, and the observations up to it; the last bound is
    /// infinite.
    pub fn cumulative_buckets(&self) -> impl Iterator<Item = (f64, u64)> + use<'a> {
        cumulative(self.bounds, self.buckets)
    }

    /// Returns the number of observations: the sum of the buckets.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.buckets.iter().fold(0, |count, bucket| count.wrapping_add(*bucket))
    }

    /// Returns the sum of the observations.
    #[must_use]
    pub fn sum(&self) -> f64 {
        self.sum
    }
}

/// The merged value of a summary.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SummaryValue<'a> {
    pub(crate) quantiles: &'a [f64],
    pub(crate) values: &'a [f64],
    pub(crate) count: u64,
    pub(crate) sum: f64,
}

impl<'a> SummaryValue<'a> {
    /// Returns each quantile that was declared, from 0 to 1, and its value in the window: NaN where nothing was
    /// observed.
    pub fn quantiles(&self) -> impl Iterator<Item = (f64, f64)> + use<'a> {
        self.quantiles.iter().copied().zip(self.values.iter().copied())
    }

    /// Returns the number of observations of all time.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Returns the sum of the observations of all time.
    #[must_use]
    pub fn sum(&self) -> f64 {
        self.sum
    }
}
