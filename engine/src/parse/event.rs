//! What a body consists of.

use super::{Labels, MetricType, Timestamp, openmetrics};
use std::borrow::Cow;

/// One line of a body that says something. Comments and blank lines do not, and `# EOF` is the end of the events.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Event<'a> {
    /// The help text of a family.
    Help {
        /// The name of the family.
        family: Cow<'a, str>,
        /// The text, without its escapes.
        help: Cow<'a, str>,
    },
    /// The type of a family.
    Type {
        /// The name of the family.
        family: Cow<'a, str>,
        /// The type.
        kind: MetricType,
    },
    /// The unit of a family. OpenMetrics only.
    Unit {
        /// The name of the family.
        family: Cow<'a, str>,
        /// The unit, which the name ends in.
        unit: &'a str,
    },
    /// A sample.
    Sample(Sample<'a>),
}

/// A value of a series.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample<'a> {
    pub(super) line: u64,
    pub(super) name: Cow<'a, str>,
    pub(super) family_len: usize,
    pub(super) kind: MetricType,
    pub(super) labels: Labels<'a>,
    pub(super) value: f64,
    pub(super) value_text: &'a str,
    pub(super) timestamp: Option<Timestamp>,
    /// The text of the exemplar, from its braces on; empty where there is none. Taken apart when asked for: few ask,
    /// and every sample is moved.
    pub(super) exemplar: &'a str,
}

impl<'a> Sample<'a> {
    /// Returns the full name, as `rows_bucket`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the name of the family it belongs to, as `rows`.
    #[must_use]
    pub fn family(&self) -> &str {
        &self.name[..self.family_len]
    }

    /// Returns what the name has beyond the family's, as `_bucket`; often empty.
    #[must_use]
    pub fn suffix(&self) -> &str {
        &self.name[self.family_len..]
    }

    /// Returns the type of its family, as far as the lines before the sample tell.
    #[must_use]
    pub fn kind(&self) -> MetricType {
        self.kind
    }

    /// Returns the labels.
    #[must_use]
    pub fn labels(&self) -> Labels<'a> {
        self.labels
    }

    /// Returns the value; integers above 2^53 are rounded.
    #[must_use]
    pub fn value(&self) -> f64 {
        self.value
    }

    /// Returns the value as it is written, with all the digits of a large integer.
    #[must_use]
    pub fn value_text(&self) -> &'a str {
        self.value_text
    }

    /// Returns the timestamp, if it has one.
    #[must_use]
    pub fn timestamp(&self) -> Option<Timestamp> {
        self.timestamp
    }

    /// Returns the exemplar, if it has one. OpenMetrics only.
    #[must_use]
    pub fn exemplar(&self) -> Option<Exemplar<'a>> {
        if self.exemplar.is_empty() { None } else { openmetrics::checked_exemplar(self.exemplar) }
    }

    /// Returns the line it stands on, counted from 1.
    #[must_use]
    pub fn line(&self) -> u64 {
        self.line
    }
}

/// What a sample was made of, by way of example: the labels lead to a trace.
///
/// ```
/// use streamgauge::parse::{Event, Parser};
///
/// let body = b"# TYPE rows counter\nrows_total 7 # {trace_id=\"ab12\"} 1 1700000000.5\n# EOF\n";
/// let Some(Ok(Event::Sample(sample))) = Parser::open_metrics(body).nth(1) else { panic!("a sample") };
/// let exemplar = sample.exemplar().expect("an exemplar");
/// assert_eq!(exemplar.labels().get("trace_id").as_deref(), Some("ab12"));
/// assert_eq!(exemplar.value(), 1.0);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Exemplar<'a> {
    pub(super) labels: Labels<'a>,
    pub(super) value: f64,
    pub(super) timestamp: Option<Timestamp>,
}

impl<'a> Exemplar<'a> {
    /// Returns the labels.
    #[must_use]
    pub fn labels(&self) -> Labels<'a> {
        self.labels
    }

    /// Returns the value.
    #[must_use]
    pub fn value(&self) -> f64 {
        self.value
    }

    /// Returns the timestamp, if it has one.
    #[must_use]
    pub fn timestamp(&self) -> Option<Timestamp> {
        self.timestamp
    }
}
