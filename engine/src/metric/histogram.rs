//! Histogram: observations counted into buckets, with their sum.

use super::handle::{CellHandle, handle};
use super::{HistogramSnapshot, Tick, Timer};
use crate::buckets::Layout;
use crate::cells::{self, Dropped};
use crate::sync::PlainArc;
use std::fmt;
use std::time::Duration;

/// Counts observations into buckets and sums them: latencies, sizes. Values are base units: seconds,
/// bytes.
///
/// # Performance
/// `observe` finds the bucket with one table read and one compare whatever the layout, and adds to two
/// cells of the thread: about four memory increments. No lock, no locked instruction.
///
/// # Consistency
/// `_count` is derived from the buckets and always equals the `+Inf` bucket. A scrape's sum covers every
/// observation that the scrape counts, and may include one observation per thread that it counts next time.
///
/// # Sum
/// A sum that grows past the largest float stays there, `1.7976931348623157e+308`, where other client libraries go on
/// to `+Inf`: a sum is a counter, whose rate has to stay a number.
///
/// # Refused observations
/// NaN, infinities, and negative values unless a bound is negative, are not recorded but counted by
/// reason in [`stats`](crate::stats()).
///
/// # Examples
/// ```
/// use streamgauge::{Buckets, Registry, Tick};
/// let registry = Registry::new();
/// let e2e = registry
///     .histogram("e2e_latency_seconds", "Receipt to delivery.")
///     .buckets(Buckets::exponential(0.0001, 2.0, 14))
///     .register()?;
/// let received = Tick::now();
/// let decoded = e2e.lap(received); // observes, and returns the tick for the next stage
/// e2e.observe_between(received, decoded);
/// e2e.observe(0.003);
/// assert_eq!(e2e.snapshot().count(), 3);
/// # Ok::<(), streamgauge::Error>(())
/// ```
#[derive(Clone)]
#[must_use = "a histogram that nobody records through stays empty"]
pub struct Histogram {
    cells: CellHandle,
    /// `None` for a noop.
    layout: Option<PlainArc<Layout>>,
}

handle!(Histogram { cells, layout });

impl fmt::Debug for Histogram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A family's bounds are up to two thousand.
        let bounds = self.layout.as_ref().map(|layout| layout.bounds().len());
        f.debug_struct("Histogram").field("range", &self.cells.range).field("bounds", &bounds).finish_non_exhaustive()
    }
}

impl Histogram {
    #[inline(always)]
    pub(crate) fn new(cells: CellHandle, layout: PlainArc<Layout>) -> Self {
        Self { cells, layout: Some(layout) }
    }

    /// Makes a histogram that ignores what it observes.
    pub const fn noop() -> Self {
        Self { cells: CellHandle::NOOP, layout: None }
    }

    /// Records one observation.
    #[inline]
    pub fn observe(&self, value: f64) {
        self.record(value, value, 1);
    }

    /// Records the same observation `n` times, at the cost of once.
    #[inline]
    pub fn observe_n(&self, value: f64, n: u64) {
        // The product may be infinite, and the sum must not become so at once.
        self.record(value, (value * n as f64).clamp(f64::MIN, f64::MAX), n);
    }

    /// Records `n` observations of `value`, whose sum is `total`.
    #[inline(always)]
    fn record(&self, value: f64, total: f64, n: u64) {
        let Some(layout) = &self.layout else { return };
        match layout.index(value) {
            Some(bucket) => cells::add_observations(self.cells.range, total, bucket, n),
            None => self.record_uncommon(layout, value, total, n),
        }
    }

    /// Records zero, negative values, and values of crowded layouts; counts what cannot be recorded.
    #[cold]
    #[inline(never)]
    fn record_uncommon(&self, layout: &Layout, value: f64, total: f64, n: u64) {
        if let Some(bucket) = layout.index_uncommon(value).filter(|_| value.is_finite()) {
            return cells::add_observations(self.cells.range, total, bucket, n);
        }
        // Somebody observes, so the series is not idle.
        self.touch();
        if value.is_nan() {
            cells::count_dropped(Dropped::NotANumber, n);
        } else if value.is_infinite() {
            cells::count_dropped(Dropped::Infinite, n);
        } else {
            cells::count_dropped(Dropped::Negative, n);
        }
    }

    /// Counts as an update for the idle timeout of the family, though nothing is observed. So do observations that are
    /// refused. Cold.
    pub fn touch(&self) {
        self.cells.touch();
    }

    /// Records a duration in seconds.
    #[inline]
    pub fn observe_duration(&self, elapsed: Duration) {
        self.observe(elapsed.as_secs_f64());
    }

    /// Records the seconds from `start` until now, and returns now: the start of the next stage. Reads the
    /// clock once, about 16 ns.
    #[inline]
    pub fn lap(&self, start: Tick) -> Tick {
        let now = Tick::now();
        self.observe_between(start, now);
        now
    }

    /// Records the seconds between two ticks, 0 where `end` is not after `start`. Reads no clock.
    #[inline]
    pub fn observe_between(&self, start: Tick, end: Tick) {
        self.observe(end.seconds_since(start));
    }

    /// Starts a timer that records the seconds until it is dropped or stopped. Reads the clock twice in
    /// all.
    pub fn start_timer(&self) -> Timer<'_> {
        Timer::start(self)
    }

    /// Merges the slabs into a snapshot: count, sum, buckets, quantile estimates. Cold: allocates. A
    /// noop's snapshot is empty.
    #[must_use]
    pub fn snapshot(&self) -> HistogramSnapshot {
        let Some(layout) = &self.layout else { return HistogramSnapshot::default() };
        self.cells.read(|pass, series| {
            let mut buckets = vec![0; layout.buckets()];
            let sum = pass.histogram(series, &mut buckets, !layout.has_negative_bounds());
            HistogramSnapshot::new(layout.bounds().into(), buckets, sum)
        })
    }
}
