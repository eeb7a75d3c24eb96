//! Summary: quantiles of a window that slides, with a count and a sum.

use super::Tick;
use super::handle::handle;
use crate::cells::{self, Dropped, Held, MergedWindow, SummarySeries};
use std::fmt;
use std::time::Duration;

/// Estimates quantiles of what was observed in the last minute, say, and counts and sums everything: the `summary` of
/// Prometheus, `x{quantile="0.99"}`, `x_sum` and `x_count`.
///
/// **Prefer a [`Histogram`](crate::Histogram).** Quantiles of several instances cannot be combined: the mean of two
/// 99th percentiles is the 99th percentile of nothing. Those of a histogram are computed by the reader, over any set
/// of instances and any stretch of time. A summary is for dashboards that are there already, and for a single
/// process whose values nobody can put bounds to.
///
/// # Accuracy
/// A quantile is within 1 % of the observation of that rank, and exact where that is the lowest or the highest one. It
/// is of a window, 60 s by default ([`window`](crate::MetricBuilder::window)), which moves by slices: of three slices
/// of 20 s it shows the last 40 to 60 s. A window without an observation has no quantiles: they are NaN. Count and sum
/// are of all time.
///
/// Where the values of a window lie more than 11 orders of magnitude apart, the smallest of them share a bin, and low
/// quantiles are less accurate.
///
/// # Performance
/// A record reads the clock, locks, and adds to a bin: some 30 ns, ten times what a histogram takes, and 50 to 100 with
/// a second thread on the same summary. Bins are allocated when values come that have none yet, and kept. There are
/// up to four locks, so that threads seldom wait for each other: memory and the time of a scrape grow with those in
/// use. On the path of every event use a histogram.
///
/// A scrape holds one of the locks at a time, for the microsecond or two of a copy; a recorder finds another one
/// then. It waits only where all four are taken.
///
/// # Refused observations
/// NaN and infinities are not recorded but counted by reason in [`stats`](crate::stats()). Negative values are
/// recorded; the sum may then fall, which readers of `x_sum` take for a restart. OpenMetrics text allows neither
/// quantiles nor sums below zero: those samples are left out there.
///
/// A record from inside the allocation that another record makes, in a global allocator that records, is lost, and
/// counted in [`Stats::lost_records`](crate::Stats::lost_records).
///
/// # Examples
/// ```
/// use std::time::Duration;
/// use streamgauge::Registry;
/// let registry = Registry::new();
/// let requests = registry
///     .summary("request_seconds", "Time to answer.")
///     .quantiles(&[0.5, 0.9, 0.99])
///     .window(Duration::from_secs(60), 3)
///     .register()?;
/// requests.observe(0.25);
/// requests.observe_duration(Duration::from_millis(250));
/// assert_eq!(requests.snapshot().quantile(0.5), Some(0.25));
/// assert_eq!(registry.sample_value("request_seconds", &[("quantile", "0.99")]), Some(0.25));
/// assert_eq!(registry.sample_value("request_seconds_count", &[]), Some(2.0));
/// # Ok::<(), streamgauge::Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "a summary that nobody records through stays empty"]
pub struct Summary {
    held: Held<SummarySeries>,
}

handle!(Summary { held });

impl Summary {
    pub(crate) fn new(held: Held<SummarySeries>) -> Self {
        Self { held }
    }

    /// Makes a summary that ignores what it observes.
    pub const fn noop() -> Self {
        Self { held: Held::NOOP }
    }

    /// Records one observation.
    pub fn observe(&self, value: f64) {
        self.observe_n(value, 1);
    }

    /// Records the same observation `n` times, at the cost of once.
    pub fn observe_n(&self, value: f64, n: u64) {
        if self.held.series().is_some() {
            self.record(Tick::now(), value, n);
        }
    }

    /// Counts as an update for the idle timeout of the family, though nothing is observed. So do observations that are
    /// refused. Cold.
    pub fn touch(&self) {
        self.held.touch();
    }

    /// Records a duration in seconds.
    pub fn observe_duration(&self, elapsed: Duration) {
        self.observe(elapsed.as_secs_f64());
    }

    /// Records the seconds from `start` until now, and returns now: the start of the next stage. Reads the clock once.
    pub fn lap(&self, start: Tick) -> Tick {
        let now = Tick::now();
        self.record(now, now.seconds_since(start), 1);
        now
    }

    fn record(&self, now: Tick, value: f64, n: u64) {
        let Some(series) = self.held.series() else { return };
        if value.is_finite() {
            series.record(now.nanos(), value, n);
        } else {
            // Somebody observes, so the series is not idle.
            self.touch();
            cells::count_dropped(if value.is_nan() { Dropped::NotANumber } else { Dropped::Infinite }, n);
        }
    }

    /// Records the seconds between two ticks, 0 where `end` is not after `start`. It counts as observed now, whatever
    /// the times of the ticks, so it reads the clock.
    pub fn observe_between(&self, start: Tick, end: Tick) {
        self.observe(end.seconds_since(start));
    }

    /// Reads the window with all its quantiles, the count and the sum. Cold: allocates. A noop's snapshot is empty.
    #[must_use]
    pub fn snapshot(&self) -> SummarySnapshot {
        let window = self.held.series().map(|series| series.window(Tick::now().nanos()));
        SummarySnapshot { window: window.unwrap_or_default() }
    }
}

/// The state of a summary at one moment: count and sum of all time, and the quantiles of the window.
///
/// # Examples
/// ```
/// # let registry = streamgauge::Registry::new();
/// let sizes = registry.summary("batch_events", "Events a batch.").register()?;
/// (1..=100).for_each(|events| sizes.observe(f64::from(events)));
/// let snapshot = sizes.snapshot();
/// assert_eq!((snapshot.count(), snapshot.sum()), (100, 5050.0));
/// // Any quantile, not only those that are exposed:
/// assert!(snapshot.quantile(0.75).is_some_and(|events| (events - 75.0).abs() < 0.75));
/// # Ok::<(), streamgauge::Error>(())
/// ```
#[derive(Default)]
pub struct SummarySnapshot {
    window: MergedWindow,
}

impl SummarySnapshot {
    /// Returns the number of observations of all time.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.window.count
    }

    /// Returns the sum of the observations of all time.
    #[must_use]
    pub fn sum(&self) -> f64 {
        self.window.sum
    }

    /// Estimates the `q`-quantile of the window, within 1 %. `None` where nothing was observed in it, and for a `q`
    /// outside 0..=1.
    #[must_use]
    pub fn quantile(&self, q: f64) -> Option<f64> {
        (0.0..=1.0).contains(&q).then(|| self.window.quantile(q)).filter(|value| !value.is_nan())
    }
}

impl fmt::Debug for SummarySnapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SummarySnapshot")
            .field("count", &self.count())
            .field("sum", &self.sum())
            .field("median", &self.quantile(0.5))
            .finish_non_exhaustive()
    }
}
