//! Buckets added up.

/// Adds the buckets up, each with its bound.
pub(crate) fn cumulative<'a>(bounds: &'a [f64], buckets: &'a [u64]) -> impl Iterator<Item = (f64, u64)> + use<'a> {
    let mut count = 0u64;
    bounds.iter().copied().chain([f64::INFINITY]).zip(buckets).map(move |(bound, bucket)| {
        count = count.wrapping_add(*bucket);
        (bound, count)
    })
}
