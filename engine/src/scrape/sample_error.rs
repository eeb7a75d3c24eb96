//! Why a sample cannot be read back.

use std::fmt;

/// Why [`Registry::read_sample`](crate::Registry::read_sample) has no value: what was asked for, and what there is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SampleError {
    /// No family exposes a sample of this name.
    UnknownName {
        /// The name that was given.
        name: String,
        /// Names that it may have been meant for, a few at most.
        similar: Vec<String>,
    },
    /// The family has no series with these labels, or its samples need one more: `le`, `quantile`, the state.
    UnknownLabels {
        /// The name that was given.
        name: String,
        /// The labels that were given, as a scrape would write them.
        labels: String,
        /// The labels of samples that there are, a few at most.
        known: Vec<String>,
    },
    /// The family is off, see [`Level`](crate::Level).
    Off {
        /// The name that was given.
        name: String,
    },
    /// A callback or collector gave nothing: it panicked, or this was called inside one.
    NoValue {
        /// The name that was given.
        name: String,
    },
}

impl fmt::Display for SampleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownName { name, similar } if similar.is_empty() => {
                write!(f, "no sample is called {name:?}, and none has a name like it; the full name is needed")
            }
            Self::UnknownName { name, similar } => {
                write!(f, "no sample is called {name:?}; there is {}", similar.join(", "))
            }
            Self::UnknownLabels { name, labels, known } if known.is_empty() => {
                write!(f, "{name:?} has no series with the labels {{{labels}}}: it has none at all")
            }
            Self::UnknownLabels { name, labels, known } => {
                write!(f, "{name:?} has no series with the labels {{{labels}}}; there is {}", known.join(", "))
            }
            Self::Off { name } => write!(f, "the family of {name:?} is off, by its level or its switch"),
            Self::NoValue { name } => {
                write!(f, "{name:?} has no value: its callback or collector panicked, or this was called by one")
            }
        }
    }
}

impl std::error::Error for SampleError {}
