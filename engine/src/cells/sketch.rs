//! A sketch: observations in bins that grow with them, for quantiles within 1 %.
//!
//! Method: DDSketch, <https://arxiv.org/abs/1908.10693>. A bin is a fiftieth of an octave, so its middle is within
//! 1/101 of all that it holds; and its number is read out of the bits of the float, without a logarithm. At most
//! [`MAX_BINS`] bins are kept for each sign, 38 octaves or more: where values lie further apart, the smallest share a
//! bin.
//!
//! Of our own, because a sketch must be emptied and merged without the allocator: scrapes merge into one that they
//! keep, and windows roll.

/// Bins between a value and twice that value: the fewest whose middles are within 1 %.
const BINS_AN_OCTAVE: u32 = 50;
/// Bins come in groups, so that they seldom grow.
const GROUP: usize = 128;
/// Most bins of one sign: 16 KiB.
const MAX_BINS: usize = 16 * GROUP;

/// Returns the number of a magnitude's bin. Numbers grow with magnitudes.
#[inline]
fn bin_of(magnitude: f64) -> usize {
    debug_assert!(magnitude.is_normal() && magnitude > 0.0);
    let bits = magnitude.to_bits();
    let (exponent, fraction) = (bits >> 52, bits & ((1 << 52) - 1));
    // 32 bits of the fraction: what is cut off is less than what is left of the 1 %.
    let within = ((fraction >> 20) * u64::from(BINS_AN_OCTAVE)) >> 32;
    (exponent * u64::from(BINS_AN_OCTAVE) + within) as usize
}

/// Returns the value that is nearest, in relative terms, to both ends of a bin.
fn middle_of(bin: usize) -> f64 {
    let steps = BINS_AN_OCTAVE as usize;
    let octave = f64::from_bits(((bin / steps) as u64) << 52);
    let within = (bin % steps) as f64;
    let (low, high) = (1.0 + within / steps as f64, 1.0 + (within + 1.0) / steps as f64);
    octave * (2.0 * low * high / (low + high))
}

/// The bins of the values of one sign, by magnitude.
#[derive(Debug, Default)]
struct Bins {
    /// The number of the first; a multiple of the group, as the number of bins.
    start: usize,
    counts: Vec<u64>,
    total: u64,
}

impl Bins {
    const fn new() -> Self {
        Self { start: 0, counts: Vec::new(), total: 0 }
    }

    #[inline]
    fn add(&mut self, bin: usize, n: u64) {
        // One compare for both ends; an empty sketch has no bins at all.
        if bin.wrapping_sub(self.start) >= self.counts.len() {
            self.cover(bin);
        }
        // Below the first: the smallest share it.
        let index = bin.saturating_sub(self.start);
        self.counts[index] = self.counts[index].saturating_add(n);
        self.total = self.total.saturating_add(n);
    }

    /// Makes room for a bin, or, where there would be too many, for as many as there may be below the highest.
    #[cold]
    fn cover(&mut self, bin: usize) {
        let group = bin - bin % GROUP;
        if self.counts.is_empty() {
            self.start = group;
            return self.resize(GROUP);
        }
        let end = (self.start + self.counts.len()).max(group + GROUP);
        let start = self.start.min(group).max(end.saturating_sub(MAX_BINS));
        if (start, end) == (self.start, self.start + self.counts.len()) {
            // Too low, and there are as many bins as there may be.
            return;
        }
        if start > self.start {
            // The lowest make room: their observations are counted with those of the first that stays.
            let gone = (start - self.start).min(self.counts.len());
            let below = self.counts.drain(..gone).fold(0, u64::saturating_add);
            self.start = start;
            self.resize(end - start);
            self.counts[0] = self.counts[0].saturating_add(below);
        } else {
            let len = self.counts.len();
            let shift = self.start - start;
            self.start = start;
            self.resize(end - start);
            self.counts.copy_within(..len, shift);
            self.counts[..shift].fill(0);
        }
    }

    /// Sets the number of bins; new ones are empty. Room is made for so many and no more.
    fn resize(&mut self, len: usize) {
        self.counts.reserve_exact(len.saturating_sub(self.counts.len()));
        self.counts.resize(len, 0);
    }

    fn merge(&mut self, other: &Self) {
        let Some(last) = other.counts.len().checked_sub(1) else { return };
        // The highest first: it decides what has to go.
        for bin in [other.start + last, other.start] {
            if bin.wrapping_sub(self.start) >= self.counts.len() {
                self.cover(bin);
            }
        }
        for (bin, n) in (other.start..).zip(&other.counts) {
            let index = bin.saturating_sub(self.start);
            self.counts[index] = self.counts[index].saturating_add(*n);
        }
        self.total = self.total.saturating_add(other.total);
    }

    /// Returns the middle of the bin in which the observation of a rank lies, counted from the smallest magnitude.
    fn at_rank(&self, rank: u64) -> f64 {
        let mut up_to = 0u64;
        let holds = |n: &u64| {
            up_to = up_to.saturating_add(*n);
            up_to > rank
        };
        let index = self.counts.iter().position(holds).unwrap_or(self.counts.len().saturating_sub(1));
        middle_of(self.start + index)
    }

    fn clear(&mut self) {
        // The memory stays, the range does not: one extreme value must not cost later ones their bins.
        self.counts.clear();
        self.total = 0;
    }
}

/// Observations of any sign.
#[derive(Debug)]
pub(super) struct Sketch {
    positive: Bins,
    negative: Bins,
    /// Zeros, and what is too small for a float of full precision.
    zeros: u64,
    min: f64,
    max: f64,
}

impl Sketch {
    pub(super) const fn new() -> Self {
        Self { positive: Bins::new(), negative: Bins::new(), zeros: 0, min: f64::INFINITY, max: f64::NEG_INFINITY }
    }

    /// Adds a finite value `n` times.
    #[inline]
    pub(super) fn add(&mut self, value: f64, n: u64) {
        if n == 0 {
            return;
        }
        if value >= f64::MIN_POSITIVE {
            self.positive.add(bin_of(value), n);
        } else if value <= -f64::MIN_POSITIVE {
            self.negative.add(bin_of(-value), n);
        } else {
            self.zeros = self.zeros.saturating_add(n);
        }
        self.min = self.min.min(value);
        self.max = self.max.max(value);
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.positive.merge(&other.positive);
        self.negative.merge(&other.negative);
        self.zeros = self.zeros.saturating_add(other.zeros);
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
    }

    /// Forgets everything, and keeps the memory.
    pub(super) fn clear(&mut self) {
        self.positive.clear();
        self.negative.clear();
        self.zeros = 0;
        (self.min, self.max) = (f64::INFINITY, f64::NEG_INFINITY);
    }

    fn count(&self) -> u64 {
        self.positive.total.saturating_add(self.negative.total).saturating_add(self.zeros)
    }

    /// Returns the observation of rank `q * (count - 1)`, rounded down: exactly where it is the lowest or the highest,
    /// else within 1 %. NaN where there is none.
    pub(super) fn quantile(&self, q: f64) -> f64 {
        let Some(last) = self.count().checked_sub(1) else { return f64::NAN };
        let rank = ((q * last as f64) as u64).min(last);
        let (below, zeros) = (self.negative.total, self.zeros);
        let value = if rank == 0 {
            self.min
        } else if rank == last {
            self.max
        } else if rank < below {
            // The lowest have the greatest magnitudes.
            -self.negative.at_rank(below - rank - 1)
        } else if rank - below < zeros {
            0.0
        } else {
            self.positive.at_rank(rank - below - zeros)
        };
        value.clamp(self.min, self.max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    fn sketch(values: &[f64]) -> Sketch {
        let mut sketch = Sketch::new();
        values.iter().for_each(|value| sketch.add(*value, 1));
        sketch
    }

    /// Compares with the values in order.
    fn assert_quantiles(sketch: &Sketch, values: &[f64]) {
        let mut sorted = values.to_vec();
        sorted.sort_unstable_by(f64::total_cmp);
        for q in [0.0, 0.001, 0.25, 0.5, 0.75, 0.9, 0.99, 1.0] {
            let exact = sorted[(q * (sorted.len() - 1) as f64) as usize];
            let near = sketch.quantile(q);
            let allowed = if exact.abs() < f64::MIN_POSITIVE { f64::MIN_POSITIVE } else { 0.01 * exact.abs() };
            assert!((near - exact).abs() <= allowed, "{q}: {near} for {exact}");
        }
    }

    #[test]
    fn bins_ascend_and_their_middles_are_near() {
        let mut value = f64::MIN_POSITIVE;
        let mut before = 0;
        while value < f64::MAX / 1.01 {
            let bin = bin_of(value);
            assert!(bin >= before, "{value}");
            assert!((middle_of(bin) / value - 1.0).abs() < 0.01, "{value}");
            (value, before) = (value * 1.003, bin);
        }
        assert!(middle_of(bin_of(f64::MAX)).is_finite());
        assert_eq!(bin_of(2.0) - bin_of(1.0), BINS_AN_OCTAVE as usize);
        assert_eq!(bin_of(2f64.next_down()) + 1, bin_of(2.0));
    }

    #[test]
    fn nothing_has_no_quantile() {
        let mut sketch = sketch(&[]);
        assert!(sketch.quantile(0.5).is_nan());
        sketch.add(1.0, 0);
        assert!(sketch.quantile(0.5).is_nan(), "not even once");
        sketch.add(5e-324, 3);
        assert_eq!((sketch.quantile(0.0), sketch.quantile(0.5), sketch.quantile(1.0)), (5e-324, 5e-324, 5e-324));
        sketch.clear();
        assert!(sketch.quantile(0.5).is_nan());
    }

    #[test]
    fn weights_count_as_often_as_they_say() {
        let mut sketch = Sketch::new();
        sketch.add(1.0, 90);
        sketch.add(-5.0, 5);
        sketch.add(0.0, 5);
        assert_eq!(sketch.quantile(0.0), -5.0);
        assert_eq!(sketch.quantile(0.07), 0.0);
        assert!((sketch.quantile(0.5) - 1.0).abs() < 0.01);
        sketch.add(3.0, u64::MAX);
        sketch.add(-3.0, u64::MAX);
        assert!(sketch.quantile(0.9).is_finite(), "more than can be counted");
    }

    #[test]
    fn where_values_lie_too_far_apart_the_smallest_share_a_bin() {
        let mut values: Vec<f64> = (0..2000).map(|power| 1e-250 * 1.3f64.powi(power)).collect();
        for _ in 0..2 {
            let sketch = sketch(&values);
            assert_eq!(sketch.positive.counts.len(), MAX_BINS);
            assert_eq!(sketch.positive.counts.iter().sum::<u64>(), 2000);
            assert!((sketch.quantile(0.99) / values_at(&values, 0.99) - 1.0).abs() < 0.01);
            assert_eq!(sketch.quantile(0.0), 1e-250);
            values.reverse();
        }
    }

    fn values_at(values: &[f64], q: f64) -> f64 {
        let mut sorted = values.to_vec();
        sorted.sort_unstable_by(f64::total_cmp);
        sorted[(q * (sorted.len() - 1) as f64) as usize]
    }

    #[test]
    fn an_extreme_value_is_forgotten_with_its_window() {
        let mut sketch = sketch(&[1e300, 1e-9]);
        sketch.clear();
        let values: Vec<f64> = (1..100).map(|value| f64::from(value) * 1e-9).collect();
        values.iter().for_each(|value| sketch.add(*value, 1));
        assert_quantiles(&sketch, &values);
    }

    /// Values over ten orders of magnitude, of both signs, and zeros.
    fn value() -> impl Strategy<Value = f64> {
        prop_oneof![
            1 => Just(0.0),
            8 => (-6.0..4.0f64).prop_map(|power| 10f64.powf(power)),
            4 => (-6.0..4.0f64).prop_map(|power| -10f64.powf(power)),
        ]
    }

    proptest! {
        #[test]
        fn quantiles_are_within_one_percent(values in vec(value(), 1..300)) {
            assert_quantiles(&sketch(&values), &values);
        }

        #[test]
        fn a_merge_is_what_one_sketch_would_be(parts in vec(vec(any::<f64>().prop_filter("finite", |value| value.is_finite()), 0..50), 1..6)) {
            let mut merged = sketch(&[1.0]);
            merged.clear();
            parts.iter().for_each(|part| merged.merge(&sketch(part)));
            let one = sketch(&parts.concat());
            let quantiles = |sketch: &Sketch| [0.0, 0.1, 0.5, 0.9, 0.99, 1.0].map(|q| sketch.quantile(q).to_bits());
            prop_assert_eq!(quantiles(&merged), quantiles(&one));
            prop_assert_eq!(merged.count(), one.count());
            prop_assert!(merged.positive.counts.len() <= MAX_BINS && merged.negative.counts.len() <= MAX_BINS);
        }
    }
}
