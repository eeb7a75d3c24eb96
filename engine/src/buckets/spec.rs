//! What the user says of a histogram's buckets.

use std::borrow::Cow;

/// Most finite bounds of one histogram: with the sum and the `+Inf` bucket they fill a chunk.
pub(crate) const MAX_BOUNDS: usize = 2046;

/// The upper bounds of a histogram's buckets, inclusive (`le`). `+Inf` is implied.
///
/// Bounds are checked when the histogram is registered: they must be finite, ascending, at least one and
/// at most 2046.
///
/// ```
/// use streamgauge::{Buckets, Registry};
/// let registry = Registry::new();
/// let latency = registry
///     .histogram("apply_latency_seconds", "Time from receipt to apply.")
///     .buckets(Buckets::exponential(0.0001, 2.0, 14)) // 100 us, 200 us, .. 0.8192 s
///     .register()?;
/// latency.observe(0.0003);
/// assert_eq!(latency.snapshot().count(), 1);
/// # Ok::<(), streamgauge::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Buckets {
    bounds: Cow<'static, [f64]>,
}

/// The default buckets of the Prometheus client libraries, for latencies of network services in seconds.
const PROMETHEUS_DEFAULT: &[f64] = &[0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

impl Buckets {
    /// Makes `count` bounds: `start`, then each `factor` times the one before.
    ///
    /// The highest finite bound is `start * factor^(count - 1)`; quantiles above it cannot be told apart.
    #[must_use]
    pub fn exponential(start: f64, factor: f64, count: usize) -> Self {
        let bounds = std::iter::successors(Some(start), |bound| Some(bound * factor));
        Self::computed(bounds.take(count.min(MAX_BOUNDS + 1)))
    }

    /// Makes `count` bounds: `start`, then each `width` above the one before.
    #[must_use]
    pub fn linear(start: f64, width: f64, count: usize) -> Self {
        Self::computed((0..count.min(MAX_BOUNDS + 1)).map(|index| start + width * index as f64))
    }

    /// Takes computed bounds, of which an infinite one is not the implied `+Inf` but too large for a float.
    fn computed(bounds: impl Iterator<Item = f64>) -> Self {
        Self { bounds: bounds.collect() }
    }

    /// Takes the bounds as they are. A final `+Inf` is dropped, because it is implied.
    #[must_use]
    pub fn explicit(bounds: impl IntoIterator<Item = f64>) -> Self {
        let mut bounds: Vec<f64> = bounds.into_iter().take(MAX_BOUNDS + 2).collect();
        if bounds.last() == Some(&f64::INFINITY) {
            bounds.pop();
        }
        Self { bounds: bounds.into() }
    }

    /// Checks the bounds, as registering a histogram does.
    ///
    /// ```
    /// # use streamgauge::Buckets;
    /// assert_eq!(Buckets::explicit([0.1, 1.0]).check(), Ok(()));
    /// assert!(Buckets::explicit([1.0, 0.1]).check().is_err_and(|problem| problem.contains("must ascend")));
    /// ```
    ///
    /// # Errors
    /// What is wrong, and what is allowed.
    pub fn check(&self) -> Result<(), String> {
        self.problem().map_or(Ok(()), Err)
    }

    /// Returns the finite bounds, in the order given.
    #[must_use]
    pub fn bounds(&self) -> &[f64] {
        &self.bounds
    }

    /// Returns what is wrong with the bounds, if anything.
    fn problem(&self) -> Option<String> {
        let bounds = self.bounds();
        if bounds.is_empty() {
            return Some("no bucket bound was given; at least one finite bound is needed".into());
        }
        if bounds.len() > MAX_BOUNDS {
            return Some(format!("more than {MAX_BOUNDS} bucket bounds were given"));
        }
        if let Some((index, bound)) = bounds.iter().enumerate().find(|(_, bound)| !bound.is_finite()) {
            return Some(format!("bucket bound {index} is {bound}; bounds must be finite, +Inf is implied"));
        }
        let step = bounds.windows(2).position(|pair| pair[0] >= pair[1])?;
        Some(format!(
            "bucket bound {} ({}) does not lie above bound {step} ({}); bounds must ascend",
            step + 1,
            bounds[step + 1],
            bounds[step],
        ))
    }
}

impl Default for Buckets {
    /// Returns the default buckets of the Prometheus client libraries: 5 ms to 10 s.
    fn default() -> Self {
        Self { bounds: Cow::Borrowed(PROMETHEUS_DEFAULT) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn problems_say_what_was_given() {
        let problem = |bounds: &[f64]| Buckets::explicit(bounds.iter().copied()).problem().unwrap_or_default();
        assert!(problem(&[]).contains("no bucket bound"));
        assert!(problem(&[1.0, 1.0]).contains("bound 1 (1) does not lie above bound 0 (1)"));
        assert!(problem(&[2.0, 1.0]).contains("must ascend"));
        assert!(problem(&[f64::NAN]).contains("NaN"));
        assert!(problem(&[f64::NEG_INFINITY, 1.0]).contains("-inf"));
        assert!(problem(&[1.0, f64::INFINITY, f64::INFINITY]).contains("inf"));
        assert_eq!(problem(&[1.0, f64::INFINITY]), "");
        assert!(Buckets::linear(0.0, 1.0, 1_000_000_000).problem().is_some_and(|text| text.contains("2046")));
        assert!(Buckets::exponential(1.0, 1.0, 3).problem().is_some());
        assert_eq!(Buckets::default().problem(), None);
        assert_eq!(Buckets::linear(0.0, 0.5, 2046).problem(), None);
    }

    #[test]
    fn constructors_give_the_bounds_they_name() {
        assert_eq!(Buckets::exponential(1.0, 2.0, 4).bounds(), [1.0, 2.0, 4.0, 8.0]);
        assert_eq!(Buckets::linear(-1.0, 0.5, 3).bounds(), [-1.0, -0.5, 0.0]);
    }
}
