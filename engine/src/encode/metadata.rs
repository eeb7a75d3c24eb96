//! What the formats must know of a family.

use crate::kind::Kind;

/// What does not change from series to series.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Metadata<'a> {
    /// As it is registered.
    pub(crate) name: &'a str,
    /// `None` for no HELP line.
    pub(crate) help: Option<&'a str>,
    pub(crate) kind: Kind,
    pub(crate) unit: Option<&'a str>,
    /// The names of the labels, as they are registered; `None` where each series brings its own, which are those of the
    /// classic data model.
    pub(crate) labels: Option<&'a [Box<str>]>,
    pub(crate) shape: ShapeView<'a>,
    /// Floats have no exponent in text 0.0.4.
    pub(crate) plain_numbers: bool,
}

/// What a family has beside its values.
#[derive(Clone, Copy, Debug)]
pub(crate) enum ShapeView<'a> {
    None,
    /// The finite bounds of a histogram.
    Buckets(&'a [f64]),
    /// Of a summary.
    Quantiles(&'a [f64]),
    /// Of a state set.
    States(&'a [Box<str>]),
}

impl<'a> ShapeView<'a> {
    /// Returns the finite bounds, none of other kinds.
    pub(crate) fn bounds(self) -> Option<&'a [f64]> {
        if let Self::Buckets(bounds) = self { Some(bounds) } else { None }
    }

    /// Returns the quantiles, none of other kinds.
    pub(crate) fn quantiles(self) -> &'a [f64] {
        if let Self::Quantiles(quantiles) = self { quantiles } else { &[] }
    }

    /// Returns the states, none of other kinds.
    pub(crate) fn states(self) -> &'a [Box<str>] {
        if let Self::States(states) = self { states } else { &[] }
    }
}
