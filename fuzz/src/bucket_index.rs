//! Every observation falls into the bucket that a linear search finds, whatever the bounds and the bits of the
//! value; every other one is counted as refused.

use arbitrary::Arbitrary;
use streamgauge::{Buckets, Error, Registry, stats};

/// Bounds and observations. Floats are made of raw bits, so that none is left out.
#[derive(Arbitrary, Debug)]
pub struct Observations {
    layout: Layout,
    #[arbitrary(with = crate::many)]
    values: Vec<(Value, u8)>,
}

#[derive(Arbitrary, Debug)]
enum Layout {
    Default,
    Exponential(f64, f64, u16),
    Linear(f64, f64, u16),
    /// As they come: mostly refused.
    Raw(Vec<u64>),
    /// Sorted and without duplicates: mostly accepted.
    Sorted(Vec<u64>),
    /// Neighbours, a number of units in the last place apart: what a table of slots tells apart worst.
    Crowd(u64, Vec<u8>),
}

#[derive(Arbitrary, Debug)]
enum Value {
    Bits(u64),
    /// A bound, moved by some units in the last place.
    Near(u16, i8),
}

impl Layout {
    fn buckets(&self) -> Buckets {
        match self {
            Self::Default => Buckets::default(),
            Self::Exponential(start, factor, count) => Buckets::exponential(*start, *factor, usize::from(*count)),
            Self::Linear(start, width, count) => Buckets::linear(*start, *width, usize::from(*count)),
            Self::Raw(bits) => Buckets::explicit(bits.iter().copied().map(f64::from_bits)),
            Self::Sorted(bits) => {
                let mut bounds: Vec<f64> = bits.iter().copied().map(f64::from_bits).collect();
                bounds.retain(|bound| bound.is_finite());
                bounds.sort_by(f64::total_cmp);
                bounds.dedup_by(|a, b| a == b);
                Buckets::explicit(bounds)
            }
            Self::Crowd(start, steps) => {
                let mut bits = *start;
                Buckets::explicit(steps.iter().map(|step| {
                    bits = bits.wrapping_add(u64::from(*step) + 1);
                    f64::from_bits(bits)
                }))
            }
        }
    }
}

impl Value {
    fn value(&self, bounds: &[f64]) -> f64 {
        match self {
            Self::Bits(bits) => f64::from_bits(*bits),
            Self::Near(index, ulps) => {
                let bound = bounds[usize::from(*index) % bounds.len()];
                f64::from_bits(bound.to_bits().wrapping_add_signed(i64::from(*ulps)))
            }
        }
    }
}

/// Tells whether bounds are legal: finite, ascending, at least 1 and at most 2046.
fn is_legal(bounds: &[f64]) -> bool {
    let ascend = bounds.iter().zip(bounds.iter().skip(1)).all(|(a, b)| a < b);
    (1..=2046).contains(&bounds.len()) && ascend && bounds.iter().all(|bound| bound.is_finite())
}

/// Observes everything and compares the snapshot with a linear search. Gives the number of observations.
///
/// # Panics
/// Where the engine and the search differ.
pub fn check(input: &Observations) -> u64 {
    let buckets = input.layout.buckets();
    let bounds = buckets.bounds().to_vec();
    let registry = Registry::new();
    let histogram = match registry.histogram("size", "Sizes.").buckets(buckets).register() {
        Ok(histogram) => histogram,
        Err(error) => {
            assert!(matches!(error, Error::InvalidSpec { .. }) && !is_legal(&bounds), "{error}: {bounds:?}");
            return 0;
        }
    };
    assert!(is_legal(&bounds), "accepted: {bounds:?}");
    let before = stats();
    let mut expected = vec![0u64; bounds.len() + 1];
    let (mut sum, mut nan, mut infinite, mut negative) = (0.0, 0, 0, 0);
    for (value, n) in &input.values {
        let (value, n) = (value.value(&bounds), u64::from(*n));
        histogram.observe_n(value, n);
        if value.is_nan() {
            nan += n;
        } else if value.is_infinite() {
            infinite += n;
        } else if value < 0.0 && bounds[0] >= 0.0 {
            negative += n;
        } else {
            expected[bounds.iter().position(|bound| value <= *bound).unwrap_or(bounds.len())] += n;
            sum += value * n as f64;
        }
    }
    let snapshot = histogram.snapshot();
    let mut below = 0;
    for ((bound, count), (known, bucket)) in
        snapshot.cumulative_buckets().zip(bounds.iter().chain([&f64::INFINITY]).zip(&expected))
    {
        below += bucket;
        assert_eq!((bound, count), (*known, below), "{:?} in {bounds:?}", input.values);
    }
    assert_eq!(snapshot.cumulative_buckets().count(), expected.len());
    assert_eq!(snapshot.count(), below);
    // One thread, one order: the sum is exact, unless it is beyond all floats.
    assert!(snapshot.sum().is_finite());
    if sum.is_finite() {
        assert_eq!(snapshot.sum(), sum);
    }
    for q in [0.0, 0.5, 0.99, 1.0] {
        assert_eq!(snapshot.quantile(q).is_some(), below > 0);
    }
    let after = stats();
    assert_eq!(after.dropped_nan - before.dropped_nan, nan);
    assert_eq!(after.dropped_infinite - before.dropped_infinite, infinite);
    assert_eq!(after.dropped_negative - before.dropped_negative, negative);
    assert_eq!((after.internal_errors, after.lost_records), (0, 0));
    below
}
