//! Merged values, for exporters of other formats.

use crate::registry::desc::{Desc, Kind, Unit};
use crate::registry::store::Labels;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The merged value of one series, as [`Scraper::visit`](crate::Scraper::visit) shows it.
#[derive(Debug)]
pub struct Sample<'a> {
    pub(crate) desc: &'a Desc,
    pub(crate) labels: Labels<'a>,
    pub(crate) value: SampleValue<'a>,
}

/// A merged value, by kind.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum SampleValue<'a> {
    /// Of a [`Counter`](crate::Counter).
    Counter(u64),
    /// Of a [`Collector`](crate::Collector)'s counter whose value is no integer.
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
    /// Of a [`StateSet`](crate::StateSet).
    StateSet(StateSetValue<'a>),
}

/// The state that a state set is in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StateSetValue<'a> {
    pub(crate) states: &'a [Box<str>],
    pub(crate) current: usize,
}

impl<'a> StateSetValue<'a> {
    /// Gives each state, and whether it is the current one: true for exactly one.
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
    /// Gives the finite upper bounds, inclusive.
    #[must_use]
    pub fn bounds(&self) -> &'a [f64] {
        self.bounds
    }

    /// Gives the observations in each bucket, not cumulative: one for each bound, and one above all.
    #[must_use]
    pub fn buckets(&self) -> &'a [u64] {
        self.buckets
    }

    /// Gives the number of observations: the sum of the buckets.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.buckets.iter().fold(0, |count, bucket| count.wrapping_add(*bucket))
    }

    /// Gives the sum of the observations.
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
    /// Gives each quantile that was declared, from 0 to 1, and its value in the window: NaN where nothing was observed.
    pub fn quantiles(&self) -> impl Iterator<Item = (f64, f64)> + use<'a> {
        self.quantiles.iter().copied().zip(self.values.iter().copied())
    }

    /// Gives the number of observations of all time.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Gives the sum of the observations of all time.
    #[must_use]
    pub fn sum(&self) -> f64 {
        self.sum
    }
}

impl<'a> Sample<'a> {
    /// Gives the name of the family.
    #[must_use]
    pub fn name(&self) -> &'a str {
        &self.desc.name
    }

    /// Gives the help text of the family.
    #[must_use]
    pub fn help(&self) -> &'a str {
        &self.desc.help
    }

    /// Gives the kind of the family.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.desc.kind
    }

    /// Gives the unit of the family, where one was stated.
    #[must_use]
    pub fn unit(&self) -> Option<Unit> {
        self.desc.unit
    }

    /// Gives the labels in the family's order: names, and values as they were given.
    #[must_use]
    pub fn labels(&self) -> Labels<'a> {
        self.labels
    }

    /// Gives when the series was made, to the millisecond; `None` for callbacks and collectors.
    #[must_use]
    pub fn created(&self) -> Option<SystemTime> {
        UNIX_EPOCH.checked_add(Duration::from_millis(self.labels.created_millis()?))
    }

    /// Gives the merged value.
    #[must_use]
    pub fn value(&self) -> SampleValue<'a> {
        self.value
    }
}
