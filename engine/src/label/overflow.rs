//! The labels of series that take what finds no room.

/// The value of each label of the set in an overflow series.
pub(crate) const OVERFLOW: &str = "__overflow__";
/// The name of the only label of the series that takes what finds no room.
pub(crate) const OVERFLOW_LABEL: &str = "overflow";

/// The label by which the series of a dynamic family that takes what finds no room is told from the others.
pub(crate) const OVERFLOW_SERIES: (&str, &str) = (OVERFLOW_LABEL, OVERFLOW);
