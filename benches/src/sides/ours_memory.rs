//! This library: metrics of each kind, for the table of what they take.

use streamgauge::{Counter, Family, Gauge, Histogram, Registry, Scraper};

use super::ours::{Labels, buckets};
use crate::rows::Series;

/// What a family is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One cell a thread.
    Counter,
    /// Fourteen buckets, `+Inf` and the sum: 16 cells a thread.
    Histogram,
    /// One word of all threads.
    Gauge,
}

#[derive(Debug)]
enum Metrics {
    Counters(Family<Labels<'static>, Counter>),
    Histograms(Family<Labels<'static>, Histogram>),
    Gauges(Family<Labels<'static>, Gauge>),
}

/// A family of its own registry.
#[derive(Debug)]
pub struct Population {
    registry: Registry,
    metrics: Metrics,
}

impl Population {
    /// An empty family without limits.
    pub fn new(kind: Kind) -> Self {
        let registry = Registry::new();
        registry.set_series_limit(usize::MAX);
        let metrics = match kind {
            Kind::Counter => Metrics::Counters(
                registry.counter("events_total", "help").limit(usize::MAX).family().expect("a valid family"),
            ),
            Kind::Histogram => {
                let histogram = registry.histogram("latency_seconds", "help").buckets(buckets());
                Metrics::Histograms(histogram.limit(usize::MAX).family().expect("a valid family"))
            }
            Kind::Gauge => {
                Metrics::Gauges(registry.gauge("lag", "help").limit(usize::MAX).family().expect("a valid family"))
            }
        };
        Self { registry, metrics }
    }

    /// Records in each series, which makes those that are not there.
    pub fn touch(&self, series: &Series) {
        series.each(|values| {
            let labels = Labels::of(values);
            match &self.metrics {
                Metrics::Counters(family) => family.with(&labels, Counter::inc),
                Metrics::Histograms(family) => family.with(&labels, |histogram| histogram.observe(0.001)),
                Metrics::Gauges(family) => family.with(&labels, |gauge| gauge.set(1.0)),
            }
        });
    }

    /// Removes all series.
    pub fn clear(&self) {
        match &self.metrics {
            Metrics::Counters(family) => family.clear(),
            Metrics::Histograms(family) => family.clear(),
            Metrics::Gauges(family) => family.clear(),
        };
    }

    /// A scraper of the family.
    pub fn scraper(&self) -> Scraper {
        Scraper::new(&self.registry)
    }
}
