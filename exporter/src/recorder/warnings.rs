//! What went another way than its user meant: counted always, said once each.

use std::sync::atomic::{AtomicU64, Ordering};

use streamgauge::Error;

use super::kind::Kind;
use crate::say::say;

/// The beginning of the names of the families of what has no place among the names.
pub(super) const OVERFLOW_NAME: &str = "metrics_facade_overflow";
/// Bytes of a metric name.
pub(super) const LONGEST_NAME: usize = 1024;

/// How often something was not as it was meant.
#[derive(Debug, Default)]
pub(super) struct Collisions {
    /// Names that others look like when they are legal: `a.b` beside `a_b`.
    pub(super) names: AtomicU64,
    /// Families whose name another one exposes: the same name with another kind, a `x_count` beside a histogram `x`.
    pub(super) families: AtomicU64,
    /// Keys with two labels that look alike when they are legal.
    pub(super) labels: AtomicU64,
    /// Names past the limit, and keys with too many labels.
    pub(super) refused: AtomicU64,
}

/// Something to be said when no lock is held any more: a subscriber may record metrics itself.
#[derive(Debug)]
pub(super) enum Warning {
    /// Two names are one when they are legal.
    Names { given: Box<str>, first: Box<str>, legal: Box<str> },
    /// A family has another name than it should.
    Renamed { kind: Kind, name: String, used: String },
    /// A family can have no name.
    Nameless { kind: Kind, name: String, error: Error },
    /// Two labels of a key are one when they are legal.
    Labels { metric: Box<str>, first: Box<str>, second: Box<str> },
    /// There are as many names as there may be.
    Full { limit: usize },
    /// A family has no room for a series more.
    FamilyFull { kind: Kind, name: Box<str> },
    /// More families have none than are named.
    OthersFull { named: usize },
    /// A name is too long.
    Long { bytes: usize },
    /// A key can have no series of its own.
    Refused { error: Error },
    /// There is no family for what has no place.
    Lost { error: Error },
}

impl Collisions {
    /// Counts; returns whether it was the first time.
    pub(super) fn count(count: &AtomicU64) -> bool {
        // Relaxed: a statistic.
        count.fetch_add(1, Ordering::Relaxed) == 0
    }
}

impl Warning {
    pub(super) fn log(self) {
        match self {
            Self::Names { given, first, legal } => {
                say!(warn, "the metrics {first:?} and {given:?} are both {legal:?} in the formats: one family");
            }
            Self::Renamed { kind, name, used } => say!(
                warn,
                "the {} {name:?} is exposed as {used:?}: another metric has the name, or a sample of that name",
                kind.as_str()
            ),
            Self::Nameless { kind, name, error } => {
                let kind = kind.as_str();
                say!(warn, %error, "the {kind} {name:?} finds no name: its records go to {OVERFLOW_NAME}");
            }
            Self::Labels { metric, first, second } => say!(
                warn,
                "the labels {first:?} and {second:?} of {metric:?} are the same label in the formats; the last one counts"
            ),
            Self::Full { limit } => {
                say!(warn, "more than {limit} metric names: records of the others go to {OVERFLOW_NAME}");
            }
            Self::FamilyFull { kind, name } => say!(
                warn,
                "the {} {name:?} has no room for more series, or the registry has none: records of others go to its \
                 series with the label overflow=\"__overflow__\"",
                kind.as_str()
            ),
            Self::OthersFull { named } => {
                say!(warn, "more than {named} metrics have no room for more series; the others are not named");
            }
            Self::Long { bytes } => say!(
                warn,
                "a metric name has {bytes} bytes, and {LONGEST_NAME} are allowed: its records go to {OVERFLOW_NAME}"
            ),
            Self::Refused { error } => say!(warn, %error, "records go to {OVERFLOW_NAME}"),
            Self::Lost { error } => say!(warn, %error, "records past the limits are lost"),
        }
    }
}
