//! What a family has beside its values: buckets, quantiles or states, by its kind.

use crate::buckets::Layout;
use crate::label::{MAX_VALUE_BYTES, length_problem};
use crate::metric::Quantiles;
use crate::sync::PlainArc;
use std::fmt;

/// What was said of a metric beside name, help, unit and labels, checked.
#[derive(Clone, Debug, Default)]
pub(crate) enum Shape {
    /// Nothing.
    #[default]
    None,
    /// Of a histogram.
    Buckets(PlainArc<Layout>),
    /// Of a summary.
    Quantiles(PlainArc<Quantiles>),
    /// Of a state set.
    States(PlainArc<[Box<str>]>),
}

impl Shape {
    /// Returns the shape of a state set with these states.
    ///
    /// # Errors
    /// What is wrong with them, and what is allowed.
    pub(crate) fn of_states(states: &[Box<str>]) -> Result<Self, String> {
        if states.is_empty() {
            return Err("a state set needs states; name them with `states`".to_owned());
        }
        if let Some(problem) = states.iter().find_map(|state| length_problem(state.len(), MAX_VALUE_BYTES)) {
            return Err(format!("a state: {problem}"));
        }
        match states.iter().enumerate().find(|(index, state)| states[..*index].contains(state)) {
            Some((_, state)) => Err(format!("the state {state:?} is given twice")),
            None => Ok(Self::States(states.into())),
        }
    }

    /// Returns the layout of a histogram's buckets.
    #[inline(always)]
    pub(crate) fn layout(&self) -> Option<&PlainArc<Layout>> {
        if let Self::Buckets(layout) = self { Some(layout) } else { None }
    }

    /// Returns the quantiles of a summary.
    pub(crate) fn quantiles(&self) -> Option<&PlainArc<Quantiles>> {
        if let Self::Quantiles(quantiles) = self { Some(quantiles) } else { None }
    }

    /// Returns the states of a state set.
    #[inline(always)]
    pub(crate) fn states(&self) -> Option<&PlainArc<[Box<str>]>> {
        if let Self::States(states) = self { Some(states) } else { None }
    }
}

impl PartialEq for Shape {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::None, Self::None) => true,
            (Self::Buckets(a), Self::Buckets(b)) => a.bounds() == b.bounds(),
            (Self::Quantiles(a), Self::Quantiles(b)) => a == b,
            (Self::States(a), Self::States(b)) => a == b,
            _ => false,
        }
    }
}

/// As it continues the text of a descriptor.
impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => Ok(()),
            Self::Buckets(layout) => write!(f, ", buckets {:?}", layout.bounds()),
            Self::Quantiles(quantiles) => write!(f, ", quantiles {quantiles}"),
            Self::States(states) => write!(f, ", states [{}]", states.join(", ")),
        }
    }
}
