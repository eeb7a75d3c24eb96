//! The buckets of one histogram family: bounds, their `le` texts, and value to index.

use super::spec::Buckets;
use super::table::Table;

/// The finite bounds of a histogram and the bucket of a value among them. Shared by all series of a
/// family.
#[derive(Debug)]
pub(crate) struct Layout {
    /// Of the bounds above zero.
    positive: Table,
    bounds: Box<[f64]>,
    /// Absolute values of the bounds below zero, ascending.
    negative: Box<[f64]>,
}

impl Layout {
    /// Makes the layout of bounds that [`Buckets::problem`] found nothing wrong with.
    pub(crate) fn new(buckets: &Buckets) -> Self {
        let bounds = buckets.bounds();
        let below_zero = bounds.partition_point(|bound| *bound < 0.0);
        let up_to_zero = bounds.partition_point(|bound| *bound <= 0.0);
        let positive = Table::new(&bounds[up_to_zero..], up_to_zero as u64);
        Self {
            positive,
            bounds: bounds.into(),
            negative: bounds[..below_zero].iter().rev().map(|bound| -bound).collect(),
        }
    }

    pub(crate) fn bounds(&self) -> &[f64] {
        &self.bounds
    }

    /// Returns the number of buckets, with the one up to `+Inf`.
    pub(crate) fn buckets(&self) -> usize {
        self.bounds.len() + 1
    }

    /// Returns whether negative observations have buckets, so that the sum may fall.
    pub(crate) fn has_negative_bounds(&self) -> bool {
        !self.negative.is_empty()
    }

    /// Returns the bucket of a common value (positive and finite, and zero where no bound is): two reads and one
    /// compare, whatever the layout. `None` sends the value to [`index_uncommon`](Self::index_uncommon).
    #[inline(always)]
    pub(crate) fn index(&self, value: f64) -> Option<u64> {
        self.positive.index(value)
    }

    /// Returns the bucket of any finite value; `None` where it is negative and the layout has no negative
    /// bound.
    pub(crate) fn index_uncommon(&self, value: f64) -> Option<u64> {
        if value > 0.0 {
            return Some(self.positive.search(value));
        }
        let below_zero = self.negative.len();
        if value == 0.0 {
            return Some(below_zero as u64);
        }
        // Bounds below v are those with an absolute value above |v|.
        let not_below = self.negative.partition_point(|bound| *bound <= -value);
        self.has_negative_bounds().then_some((below_zero - not_below) as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The oracle: a linear search for the first bound that is not exceeded.
    fn linear(bounds: &[f64], value: f64) -> u64 {
        bounds.iter().position(|bound| value <= *bound).unwrap_or(bounds.len()) as u64
    }

    fn index(layout: &Layout, value: f64) -> Option<u64> {
        layout.index(value).or_else(|| layout.index_uncommon(value))
    }

    fn check(buckets: &Buckets) {
        assert_eq!(buckets.check(), Ok(()));
        let layout = Layout::new(buckets);
        let mut probes = vec![0.0, -0.0, f64::MIN_POSITIVE, 5e-324, f64::MAX, 1.0];
        for bound in buckets.bounds() {
            probes.extend([*bound, bound.next_up(), bound.next_down(), bound * 1.5, bound * 0.5]);
        }
        if layout.has_negative_bounds() {
            probes.extend([-5e-324, -f64::MAX, -1.0]);
        }
        for probe in probes.into_iter().filter(|probe| probe.is_finite()) {
            if probe < 0.0 && !layout.has_negative_bounds() {
                assert_eq!(index(&layout, probe), None);
            } else {
                let expected = linear(buckets.bounds(), probe);
                assert_eq!(index(&layout, probe), Some(expected), "{probe:e} in {:?}", buckets.bounds());
            }
        }
    }

    #[test]
    fn exact_at_every_bound_and_one_ulp_beside() {
        check(&Buckets::default());
        check(&Buckets::exponential(0.0001, 2.0, 14));
        check(&Buckets::exponential(1e-300, 10.0, 600));
        check(&Buckets::exponential(5e-324, 2.0, 40));
        check(&Buckets::exponential(0.001, 1.0905, 160));
        check(&Buckets::linear(0.0, 10.0, 21));
        check(&Buckets::linear(-50.0, 0.37, 300));
        check(&Buckets::linear(1.0, 1.0, 2046));
        check(&Buckets::explicit([-3.0, -1.0]));
        check(&Buckets::explicit([0.0]));
        check(&Buckets::explicit([f64::MIN, f64::MAX]));
        check(&Buckets::explicit([1.0, 1.0f64.next_up(), 1.0f64.next_up().next_up(), 2.0]));
        let crowd = std::iter::successors(Some(1.0f64), |bound| Some(bound.next_up())).take(2046);
        check(&Buckets::explicit(crowd));
    }

    #[test]
    fn doublings_need_a_table_of_one_slot_an_octave() {
        let layout = Layout::new(&Buckets::exponential(0.0001, 2.0, 14));
        assert_eq!(layout.buckets(), 15);
        assert_eq!(layout.index(0.0001), Some(0));
        assert_eq!(layout.index(1e9), Some(14));
        assert_eq!(layout.index(0.0), Some(0));
        assert_eq!(layout.index(-1.0), None, "not common");
    }

    proptest! {
        #[test]
        fn equals_a_linear_search(mut bounds in prop::collection::vec(any::<f64>(), 1..60), values in prop::collection::vec(any::<f64>(), 50)) {
            bounds.retain(|bound| bound.is_finite());
            bounds.sort_by(f64::total_cmp);
            bounds.dedup_by(|a, b| a == b);
            prop_assume!(!bounds.is_empty());
            let buckets = Buckets::explicit(bounds.clone());
            prop_assert_eq!(buckets.check(), Ok(()));
            let layout = Layout::new(&buckets);
            for value in values.into_iter().filter(|value| value.is_finite()) {
                if value >= 0.0 || layout.has_negative_bounds() {
                    prop_assert_eq!(index(&layout, value), Some(linear(&bounds, value)));
                }
            }
        }
    }
}
