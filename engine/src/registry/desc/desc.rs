//! Descriptors: what a metric family is, checked once when it is declared.

use super::level::Level;
use super::wish::Wished;
use crate::buckets::Layout;
use crate::metric::Quantiles;
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
    pub(super) fn with_article(self) -> String {
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
