//! What can go wrong when metrics are declared.

use crate::kind::Kind;
use std::fmt;

/// A declaration that was refused. Nothing on the stream fails: recording and looking up return no errors.
///
/// The text says what was given and what is allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The metric name is empty, or breaks the naming rules.
    InvalidName {
        /// The full name, with the prefixes of its scopes.
        name: String,
        /// What is wrong, and what is allowed.
        problem: String,
    },
    /// The help text is missing.
    MissingHelp {
        /// The full name of the metric.
        name: String,
    },
    /// The help text is too long.
    InvalidHelp {
        /// The full name of the metric.
        name: String,
        /// What is wrong, and what is allowed.
        problem: String,
    },
    /// A label name is not allowed, reserved, or given twice.
    InvalidLabel {
        /// The full name of the metric.
        name: String,
        /// The label name.
        label: String,
        /// What is wrong, and what is allowed.
        problem: String,
    },
    /// The buckets of a histogram, the quantiles or the window of a summary, or the states of a state set are not
    /// usable.
    InvalidSpec {
        /// The full name of the metric.
        name: String,
        /// The kind of the metric.
        kind: Kind,
        /// What is wrong, and what is allowed.
        problem: String,
    },
    /// Another metric has the name, and differs.
    Conflict {
        /// The full name of the metric.
        name: String,
        /// What is registered.
        registered: String,
        /// What was asked for.
        requested: String,
    },
    /// The metric would expose a name that another one exposes, in some format and to some reader: a gauge `x_count`
    /// beside a histogram `x`, `x.y` beside `x_y` (both are `x_y` to readers that want underscores). A gauge `x` beside
    /// a counter `x_total` is legal: in OpenMetrics, which calls both `x`, the counter is of an unknown type.
    SampleNameTaken {
        /// The full name of the metric.
        name: String,
        /// The sample name both would expose.
        sample: String,
        /// The metric that is registered.
        registered: String,
    },
    /// A callback with the same labels exists; a value has one source.
    CallbackExists {
        /// The full name of the metric.
        name: String,
        /// Its labels.
        labels: String,
    },
    /// No family of this name is registered.
    UnknownFamily {
        /// The name that was given.
        name: String,
    },
    /// The family, or its registry, has as many series as it may have.
    LimitReached {
        /// The full name of the metric.
        name: String,
        /// The limit of the family.
        limit: usize,
    },
    /// All 16.7 million cells of the process are owned by series.
    OutOfCells {
        /// The full name of the metric.
        name: String,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidName { name, problem } => write!(f, "metric name {name:?}: {problem}"),
            Self::MissingHelp { name } => {
                write!(f, "metric {name:?} has no help text; one sentence that says what it counts is needed")
            }
            Self::InvalidHelp { name, problem } => write!(f, "metric {name:?}, help text: {problem}"),
            Self::InvalidLabel { name, label, problem } => {
                write!(f, "metric {name:?}, label {label:?}: {problem}")
            }
            Self::InvalidSpec { name, kind, problem } => write!(f, "{kind} {name:?}: {problem}"),
            Self::Conflict { name, registered, requested } => write!(
                f,
                "metric {name:?} is registered as {registered}, but was requested as {requested}; both must be the same"
            ),
            Self::SampleNameTaken { name, sample, registered } => {
                // Of all samples only this one is OpenMetrics' own.
                let is_made = [name, registered].iter().any(|name| *name != sample);
                let format = if is_made && sample.ends_with("_created") { " in OpenMetrics" } else { "" };
                write!(
                    f,
                    "metric {name:?} would expose the sample {sample:?}, which {registered:?} exposes{format}; choose \
                     another name"
                )
            }
            Self::CallbackExists { name, labels } => write!(
                f,
                "metric {name:?} with the labels {{{labels}}} exists; a callback needs a name and labels of its own"
            ),
            Self::UnknownFamily { name } => {
                write!(f, "no family is called {name:?}; the full name is needed, with the prefixes of its scopes")
            }
            Self::LimitReached { name, limit } => write!(
                f,
                "metric {name:?}: the series limit is reached; its family may have {limit} series, and its registry has \
                 a limit too; remove some, or raise the limit"
            ),
            Self::OutOfCells { name } => write!(
                f,
                "metric {name:?} finds no cells: all 16.7 million of the process are owned by series; drop some, \
                 or use fewer buckets"
            ),
        }
    }
}

impl std::error::Error for Error {}
