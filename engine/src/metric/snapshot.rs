//! A merged reading of a histogram.

use crate::buckets::cumulative;

/// The state of a histogram at one moment: count, sum, buckets, and estimates of quantiles.
///
/// # Examples
/// ```
/// use streamgauge::{Buckets, Registry};
/// let registry = Registry::new();
/// let size = registry.histogram("batch_events", "Events a batch.");
/// let size = size.buckets(Buckets::linear(10.0, 10.0, 10)).register()?;
/// for events in 1..=100 {
///     size.observe(f64::from(events));
/// }
/// let snapshot = size.snapshot();
/// assert_eq!((snapshot.count(), snapshot.sum()), (100, 5050.0));
/// assert_eq!(snapshot.quantile(0.5), Some(50.0));
/// # Ok::<(), streamgauge::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HistogramSnapshot {
    bounds: Box<[f64]>,
    /// Not cumulative; one more than bounds.
    buckets: Vec<u64>,
    sum: f64,
}

impl HistogramSnapshot {
    pub(crate) fn new(bounds: Box<[f64]>, buckets: Vec<u64>, sum: f64) -> Self {
        Self { bounds, buckets, sum }
    }

    /// Returns the number of observations: always the sum of the buckets.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.buckets.iter().fold(0, |count, bucket| count.wrapping_add(*bucket))
    }

    /// Returns the sum of the observations.
    #[must_use]
    pub fn sum(&self) -> f64 {
        self.sum
    }

    /// Returns each bucket's upper bound, inclusive, and the observations up to it; the last bound is
    /// infinite.
    pub fn cumulative_buckets(&self) -> impl Iterator<Item = (f64, u64)> + '_ {
        cumulative(&self.bounds, &self.buckets)
    }

    /// Returns the observations in each bucket, not cumulative: one for each bound, and one above all.
    #[must_use]
    pub fn bucket_counts(&self) -> &[u64] {
        &self.buckets
    }

    /// Returns what was observed after `earlier`, a snapshot of the same histogram: for quantiles of an interval.
    /// Where the two do not fit together (other bounds, or `earlier` is later) nothing is subtracted.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let pairs = || self.buckets.iter().zip(&earlier.buckets);
        if self.bounds != earlier.bounds || pairs().any(|(now, before)| now < before) {
            return self.clone();
        }
        let buckets = pairs().map(|(now, before)| now - before).collect();
        Self::new(self.bounds.clone(), buckets, self.sum - earlier.sum)
    }

    /// Estimates the `q`-quantile as PromQL's `histogram_quantile` does: linear within the bucket, the
    /// highest finite bound where the quantile lies above it. `None` for an empty histogram, and for a
    /// `q` outside 0..=1.
    #[must_use]
    pub fn quantile(&self, q: f64) -> Option<f64> {
        let count = self.count();
        if count == 0 || !(0.0..=1.0).contains(&q) {
            return None;
        }
        let rank = q * count as f64;
        let index = self.cumulative_buckets().position(|(_, up_to)| up_to as f64 >= rank)?;
        let Some(&upper) = self.bounds.get(index) else { return self.bounds.last().copied() };
        // Wrapping as the counts of the buckets do, so that the rank lies between this one and its bucket's.
        let below = self.buckets[..index].iter().fold(0u64, |count, bucket| count.wrapping_add(*bucket)) as f64;
        let lower = match index.checked_sub(1) {
            Some(index) => self.bounds[index],
            None if upper <= 0.0 => return Some(upper),
            None => 0.0,
        };
        let within = self.buckets[index] as f64;
        let share = if within > 0.0 { (rank - below) / within } else { 1.0 };
        let width = upper - lower;
        // The way that cannot overflow is the less exact one.
        Some(if width.is_finite() { lower + width * share } else { lower * (1.0 - share) + upper * share })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot(bounds: &[f64], buckets: &[u64]) -> HistogramSnapshot {
        HistogramSnapshot::new(bounds.into(), buckets.to_vec(), 0.0)
    }

    #[test]
    fn quantiles_follow_promql() {
        let three = snapshot(&[1.0, 2.0, 4.0], &[2, 2, 4, 0]);
        assert_eq!(three.quantile(0.0), Some(0.0));
        assert_eq!(three.quantile(0.25), Some(1.0));
        assert_eq!(three.quantile(0.5), Some(2.0));
        assert_eq!(three.quantile(0.75), Some(3.0));
        assert_eq!(three.quantile(1.0), Some(4.0));
        assert_eq!(three.quantile(1.5), None);
        assert_eq!(three.quantile(f64::NAN), None);
        assert_eq!(snapshot(&[1.0], &[0, 0]).quantile(0.5), None);
        assert_eq!(snapshot(&[1.0], &[0, 5]).quantile(0.5), Some(1.0), "above the highest bound");
        assert_eq!(snapshot(&[-2.0, -1.0], &[4, 0, 0]).quantile(0.5), Some(-2.0));
        assert_eq!(HistogramSnapshot::default().quantile(0.5), None);
    }

    #[test]
    fn counts_that_wrap_around_give_quantiles_within_the_bounds() {
        let wrapped = snapshot(&[1.0, 2.0, 3.0], &[1, u64::MAX, 10, 0]);
        assert_eq!(wrapped.count(), 10);
        assert_eq!((wrapped.quantile(0.5), wrapped.quantile(1.0)), (Some(2.5), Some(3.0)));
    }

    #[test]
    fn bounds_as_far_apart_as_can_be_give_finite_quantiles() {
        let wide = snapshot(&[f64::MIN, f64::MAX], &[0, 4, 0]);
        assert_eq!(wide.quantile(0.0), Some(f64::MIN));
        assert_eq!((wide.quantile(0.5), wide.quantile(1.0)), (Some(0.0), Some(f64::MAX)));
        let quarter = wide.quantile(0.25).expect("not empty");
        assert!((quarter / f64::MIN - 0.5).abs() < 1e-12, "{quarter}");
    }

    #[test]
    fn a_difference_is_what_came_between() {
        let (before, after) = (snapshot(&[1.0], &[2, 1]), HistogramSnapshot::new([1.0].into(), vec![5, 1], 3.0));
        assert_eq!(after.since(&before), HistogramSnapshot::new([1.0].into(), vec![3, 0], 3.0));
        assert_eq!(before.since(&after), before, "the wrong way round");
        assert_eq!(after.since(&snapshot(&[2.0], &[0, 0])), after, "another histogram");
        assert_eq!(after.since(&HistogramSnapshot::default()), after);
    }

    #[test]
    fn buckets_are_cumulative() {
        let buckets: Vec<_> = snapshot(&[1.0, 2.0], &[3, 0, 4]).cumulative_buckets().collect();
        assert_eq!(buckets, [(1.0, 3), (2.0, 3), (f64::INFINITY, 7)]);
    }
}
