//! Descriptors: what a metric family is, checked once when it is declared.

use super::wish::Wished;
use super::{Error, Level, Quantiles};
use crate::buckets::Layout;
use crate::label::{Escaping, is_reserved_label, unreadable_problem};
use crate::sync::PlainArc;
use std::fmt;
use std::time::Duration;

/// What a metric family measures with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// [`Counter`](crate::Counter): a total, exposed as an integer.
    Counter,
    /// [`DurationCounter`](crate::DurationCounter): a total of time, exposed in seconds as a counter.
    DurationCounter,
    /// [`Gauge`](crate::Gauge), or a callback.
    Gauge,
    /// [`UpDownCounter`](crate::UpDownCounter): exposed as a gauge.
    UpDownCounter,
    /// [`Histogram`](crate::Histogram).
    Histogram,
    /// [`Summary`](crate::Summary).
    Summary,
    /// [`Info`](crate::Info): exposed in text 0.0.4 as a gauge that is 1.
    Info,
    /// [`StateSet`](crate::StateSet): exposed in text 0.0.4 as a gauge for each state.
    StateSet,
    /// Of a collector that does not know better: exposed in text 0.0.4 as untyped.
    Unknown,
}

impl Kind {
    /// Gives the type name in the text format 0.0.4: `counter`, `gauge`, `histogram`, `summary` or
    /// `untyped`.
    #[must_use]
    pub fn type_name(self) -> &'static str {
        match self {
            Self::Counter | Self::DurationCounter => "counter",
            Self::Gauge | Self::UpDownCounter | Self::Info | Self::StateSet => "gauge",
            Self::Histogram => "histogram",
            Self::Summary => "summary",
            Self::Unknown => "untyped",
        }
    }

    /// Gives the type name in OpenMetrics text.
    pub(crate) fn open_metrics_type(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::StateSet => "stateset",
            Self::Unknown => "unknown",
            _ => self.type_name(),
        }
    }

    /// Gives the kind in a sentence, with its article.
    fn with_article(self) -> String {
        let article = if matches!(self, Self::UpDownCounter | Self::Info) { "an" } else { "a" };
        format!("{article} {}", self.name())
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::DurationCounter => "duration counter",
            Self::Gauge => "gauge",
            Self::UpDownCounter => "up-down counter",
            Self::Histogram => "histogram",
            Self::Summary => "summary",
            Self::Info => "info",
            Self::StateSet => "state set",
            Self::Unknown => "metric of an unknown kind",
        }
    }
}

/// The base unit of a metric. The metric's name must end in it: `_seconds`, `_bytes`; before `_total` in
/// the name of a counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Unit {
    /// Time.
    Seconds,
    /// Sizes.
    Bytes,
    /// Shares of one, not percents.
    Ratio,
    /// Temperatures.
    Celsius,
    /// Lengths.
    Meters,
    /// Voltages.
    Volts,
    /// Currents.
    Amperes,
    /// Energies.
    Joules,
    /// Masses.
    Grams,
}

impl Unit {
    /// Gives the unit as it stands in names and in the UNIT line: `seconds`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Seconds => "seconds",
            Self::Bytes => "bytes",
            Self::Ratio => "ratio",
            Self::Celsius => "celsius",
            Self::Meters => "meters",
            Self::Volts => "volts",
            Self::Amperes => "amperes",
            Self::Joules => "joules",
            Self::Grams => "grams",
        }
    }
}

/// A metric family's descriptor.
#[derive(Clone, Debug)]
pub(crate) struct Desc {
    pub(crate) name: Box<str>,
    pub(crate) help: Box<str>,
    pub(crate) kind: Kind,
    pub(crate) unit: Option<Unit>,
    /// In the order in which series render them: constant labels, then the label set's.
    pub(crate) label_names: Box<[Box<str>]>,
    /// Each series has names of its own instead, and the text of its labels says which. Then the help may be missing.
    pub(crate) is_open: bool,
    /// Of an open family that gives its name up to others.
    pub(crate) wish: Option<PlainArc<Wished>>,
    /// Of an open family that was described with an empty text: it has a HELP line all the same.
    pub(crate) has_empty_help: bool,
    /// Floats of text 0.0.4 are written without an exponent.
    pub(crate) plain_numbers: bool,
    /// Of a histogram.
    pub(crate) layout: Option<PlainArc<Layout>>,
    /// Of a summary.
    pub(crate) quantiles: Option<PlainArc<Quantiles>>,
    /// Of a state set.
    pub(crate) states: PlainArc<[Box<str>]>,
    pub(crate) limits: Limits,
    pub(crate) level: Level,
}

/// Labels of a metric at most: a record's lengths have 16 bits.
pub(super) const MAX_LABELS: usize = 128;
/// Bytes at most, as they are given, of a metric's full name, of a label's, of a label value and of a help text. What
/// is written of them, at most five bytes for one of a name and two for one of the others, is what the limits of
/// [`parse`](crate::parse::Limits) let pass. A metric's name is longer than what a bridge lets come from the stream, by
/// room for the suffixes that it adds.
pub(super) const MAX_NAME_BYTES: usize = 1536;
pub(super) const MAX_LABEL_BYTES: usize = 1024;
pub(crate) const MAX_VALUE_BYTES: usize = 16 * 1024;
const MAX_HELP_BYTES: usize = 64 * 1024;

pub(super) const RESERVED: &str = "le, quantile and names that start with two underscores are reserved";

/// Gives what is wrong with something of so many bytes, of which `most` are allowed.
pub(super) fn length_problem(bytes: usize, most: usize) -> Option<String> {
    (bytes > most).then(|| format!("it has {bytes} bytes, and {most} are allowed"))
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
    /// Checks everything that can be said of a descriptor on its own; `verbatim` lifts the naming rules,
    /// never the syntax.
    pub(crate) fn check(&self, verbatim: bool) -> Result<(), Error> {
        let name = &*self.name;
        let invalid = |problem: String| Error::InvalidName { name: name.to_owned(), problem };
        if name.is_empty() {
            return Err(invalid("a name has at least one character".to_owned()));
        }
        if let Some(problem) = unreadable_problem(name) {
            return Err(invalid(problem.to_owned()));
        }
        if let Some(problem) = length_problem(name.len(), MAX_NAME_BYTES) {
            return Err(invalid(problem));
        }
        let suffix = match self.kind {
            Kind::Counter | Kind::DurationCounter => "_total",
            Kind::Info => "_info",
            _ => "",
        };
        // OpenMetrics knows the family by what is left without it, under each escaping scheme.
        if Escaping::ALL.into_iter().any(|escaping| escaping.metric(name) == suffix) {
            return Err(invalid(format!("a name is more than the suffix `{suffix}`")));
        }
        if self.help.trim().is_empty() && !self.is_open {
            return Err(Error::MissingHelp { name: name.to_owned() });
        }
        if let Some(problem) = length_problem(self.help.len(), MAX_HELP_BYTES) {
            return Err(Error::InvalidHelp { name: name.to_owned(), problem });
        }
        // No rule of naming but one of OpenMetrics, whose readers refuse the body.
        if self.unit.is_some() && matches!(self.kind, Kind::StateSet | Kind::Info) {
            return Err(invalid(format!("{} has no unit", self.kind.with_article())));
        }
        if !verbatim && let Some(problem) = self.naming_problem() {
            return Err(invalid(format!("{problem}; with `.verbatim()` the name is taken as it is")));
        }
        if let Some(problem) = super::state_set::problem(self) {
            return Err(Error::InvalidStates { name: name.to_owned(), problem });
        }
        if let Some(label) = self.label_names.get(MAX_LABELS) {
            let problem = format!("a metric has at most {MAX_LABELS} labels, and this one {}", self.label_names.len());
            return Err(Error::InvalidLabel { name: name.to_owned(), label: label.to_string(), problem });
        }
        for (index, label) in self.label_names.iter().enumerate() {
            if let Some(problem) = self.label_problem(&self.label_names[..index], label) {
                return Err(Error::InvalidLabel { name: name.to_owned(), label: label.to_string(), problem });
            }
        }
        Ok(())
    }

    /// Gives why a series with the labels `before` may not have this one too.
    fn label_problem(&self, before: &[Box<str>], label: &str) -> Option<String> {
        if label.is_empty() {
            return Some("a label name has at least one character".to_owned());
        }
        if let Some(problem) = unreadable_problem(label) {
            return Some(problem.to_owned());
        }
        if let Some(problem) = length_problem(label.len(), MAX_LABEL_BYTES) {
            return Some(problem);
        }
        if is_reserved_label(label) {
            return Some(RESERVED.to_owned());
        }
        if let Some(problem) = super::state_set::label_problem(self, label) {
            return Some(problem);
        }
        if before.iter().any(|before| **before == *label) {
            let problem =
                "the name is given twice; a constant label and a label of the set, or two constant labels, share it";
            return Some(problem.to_owned());
        }
        Escaping::ALL.into_iter().find_map(|escaping| {
            let written = escaping.label(label);
            let taken = before.iter().find(|before| escaping.label(before) == written)?;
            let scheme = escaping.as_str();
            Some(format!(
                "readers that want names escaped with {scheme} would see {written:?} twice: {taken:?} is one too"
            ))
        })
    }

    /// Checks the naming rules of Prometheus: `_total` for counters and only for them, the unit as the
    /// suffix, no suffix that a histogram's samples have, no colons.
    fn naming_problem(&self) -> Option<String> {
        let name = &*self.name;
        let is_counter = matches!(self.kind, Kind::Counter | Kind::DurationCounter);
        let stem = match name.strip_suffix("_total") {
            Some(stem) if is_counter => stem,
            Some(_) => return Some(format!("only counters end in `_total`, and this is {}", self.kind.with_article())),
            None if is_counter => return Some("the name of a counter ends in `_total`".to_owned()),
            None if self.kind == Kind::Info => name.strip_suffix("_info").unwrap_or(name),
            None => name,
        };
        if let Some(suffix) =
            ["_bucket", "_sum", "_count", "_created", "_info"].iter().find(|suffix| stem.ends_with(*suffix))
        {
            return Some(format!("`{suffix}` is the suffix of samples that formats make themselves"));
        }
        if name.contains(':') {
            return Some("colons are for recording rules".to_owned());
        }
        if self.kind == Kind::DurationCounter && !stem.ends_with("_seconds") {
            return Some("the name of a duration counter ends in `_seconds_total`".to_owned());
        }
        let unit = self.unit?.as_str();
        let fits = stem.strip_suffix(unit).is_some_and(|before| before.ends_with('_'));
        (!fits).then(|| match is_counter {
            true => format!("with the unit {unit} the name ends in `_{unit}_total`"),
            false => format!("with the unit {unit} the name ends in `_{unit}`"),
        })
    }

    /// Tells whether two declarations mean the same family. Label names may come in another order.
    pub(crate) fn same_as(&self, other: &Self) -> bool {
        let sorted = |desc: &Self| {
            let mut names: Vec<Box<str>> = desc.label_names.to_vec();
            names.sort_unstable();
            names
        };
        let bounds = |desc: &Self| desc.layout.as_ref().map(|layout| layout.bounds().to_vec());
        self.kind == other.kind
            && self.help == other.help
            && self.unit == other.unit
            && sorted(self) == sorted(other)
            && self.is_open == other.is_open
            && self.plain_numbers == other.plain_numbers
            && bounds(self) == bounds(other)
            && self.quantiles == other.quantiles
            && self.states == other.states
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
        match self.is_open {
            true => write!(f, ", labels of each series' own")?,
            false => write!(f, ", labels [{}]", self.label_names.join(", "))?,
        }
        if let Some(layout) = &self.layout {
            write!(f, ", buckets {:?}", layout.bounds())?;
        }
        if let Some(quantiles) = &self.quantiles {
            write!(f, ", quantiles {quantiles}")?;
        }
        if !self.states.is_empty() {
            write!(f, ", states [{}]", self.states.join(", "))?;
        }
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
