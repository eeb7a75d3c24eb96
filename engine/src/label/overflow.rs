//! The labels of overflow series, which take records where the series limit is reached.

/// The value of each label of the set in an overflow series.
pub(crate) const OVERFLOW: &str = "__overflow__";
/// The name of the only label that the overflow series of a dynamic family has by itself.
pub(crate) const OVERFLOW_LABEL: &str = "overflow";

/// The label that tells the overflow series of a dynamic family from the others.
pub(crate) const OVERFLOW_SERIES: (&str, &str) = (OVERFLOW_LABEL, OVERFLOW);
