//! The kinds of metrics that the facade has, and sets of them.

use std::ops::BitOr;

/// What the facade calls a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Counter,
    Gauge,
    Histogram,
}

impl Kind {
    pub(super) const ALL: [Self; 3] = [Self::Counter, Self::Gauge, Self::Histogram];

    /// Returns the rank among kinds that want one name, lowest first: a histogram, for it stands for three names of
    /// samples, of which a dashboard would lose all; then a counter, for rates of what is none are alerts that mean
    /// nothing.
    pub(super) fn rank(self) -> u8 {
        match self {
            Self::Histogram => 0,
            Self::Counter => 1,
            Self::Gauge => 2,
        }
    }

    /// Returns the mask that names this kind alone.
    pub(super) fn mask(self) -> MetricKindMask {
        match self {
            Self::Counter => MetricKindMask::COUNTER,
            Self::Gauge => MetricKindMask::GAUGE,
            Self::Histogram => MetricKindMask::HISTOGRAM,
        }
    }

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// Kinds of metrics: for what an idle timeout holds. Combine them with `|`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct MetricKindMask(u8);

impl MetricKindMask {
    /// No kind.
    pub const NONE: Self = Self(0);
    /// Counters.
    pub const COUNTER: Self = Self(1);
    /// Gauges.
    pub const GAUGE: Self = Self(2);
    /// Histograms, also those that are exposed as summaries.
    pub const HISTOGRAM: Self = Self(4);
    /// All kinds.
    pub const ALL: Self = Self(7);

    /// Returns whether a kind that `other` names is among these.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

impl BitOr for MetricKindMask {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_combine() {
        let mask = MetricKindMask::COUNTER | MetricKindMask::GAUGE;
        assert!(mask.contains(MetricKindMask::COUNTER) && mask.contains(MetricKindMask::GAUGE));
        assert!(!mask.contains(MetricKindMask::HISTOGRAM) && !MetricKindMask::NONE.contains(MetricKindMask::ALL));
    }
}
