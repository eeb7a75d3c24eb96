//! Descriptors: what a metric family is, checked once when it is declared.

use super::level::Level;
use super::shape::Shape;
use super::wish::Preference;
use crate::kind::Kind;
use crate::sync::PlainArc;
use crate::unit::Unit;
use std::fmt;
use std::time::Duration;

/// A metric family's descriptor.
#[derive(Clone, Debug)]
pub(crate) struct Desc {
    pub(crate) name: Box<str>,
    pub(crate) help: Box<str>,
    pub(crate) kind: Kind,
    pub(crate) unit: Option<Unit>,
    /// In the order in which series render them: constant labels, then the label set's.
    pub(crate) label_names: Box<[Box<str>]>,
    /// Each series has label names of its own instead, which stand in the text of its labels. The help may be missing
    /// then.
    pub(crate) is_dynamic: bool,
    /// Of a dynamic family that gives its name up to others, see [`PreferredName`](crate::bridge::PreferredName).
    pub(crate) wish: Option<PlainArc<Preference>>,
    /// Of a dynamic family that was described with an empty text: it has a HELP line all the same.
    pub(crate) has_empty_help: bool,
    /// Floats of text 0.0.4 are written without an exponent.
    pub(crate) plain_numbers: bool,
    pub(crate) shape: Shape,
    pub(crate) limits: Limits,
    pub(crate) level: Level,
}

/// What bounds a family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Live series, overflow series not counted.
    pub(crate) series: usize,
    /// Bytes of a value of the label set; longer ones are cut.
    pub(crate) value_bytes: usize,
    /// How long a series that nobody holds may go without an update.
    pub(crate) idle: Option<Duration>,
}

impl Default for Limits {
    fn default() -> Self {
        Self { series: 10_000, value_bytes: 1024, idle: None }
    }
}

impl Desc {
    /// Returns whether two declarations mean the same family. Label names may come in another order.
    pub(crate) fn same_as(&self, other: &Self) -> bool {
        let sorted = |desc: &Self| {
            let mut names: Vec<Box<str>> = desc.label_names.to_vec();
            names.sort_unstable();
            names
        };
        self.kind == other.kind
            && self.help == other.help
            && self.unit == other.unit
            && sorted(self) == sorted(other)
            && self.is_dynamic == other.is_dynamic
            && self.plain_numbers == other.plain_numbers
            && self.shape == other.shape
            && self.limits == other.limits
            && self.level == other.level
    }
}

impl fmt::Display for Desc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} with help {:?}", self.kind.with_article(), self.help)?;
        if let Some(unit) = self.unit {
            write!(f, ", unit {}", unit.as_str())?;
        }
        match self.is_dynamic {
            true => write!(f, ", labels of each series' own")?,
            false => write!(f, ", labels [{}]", self.label_names.join(", "))?,
        }
        write!(f, "{}", self.shape)?;
        if self.level != Level::default() {
            write!(f, ", level {}", self.level.as_str())?;
        }
        if self.limits != Limits::default() {
            let Limits { series, value_bytes, idle } = self.limits;
            write!(f, ", at most {series} series and {value_bytes} bytes a value, idle timeout {idle:?}")?;
        }
        Ok(())
    }
}
