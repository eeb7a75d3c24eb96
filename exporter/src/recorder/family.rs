//! The family of one name and kind, and how it is made.

use super::config::{Config, Observations};
use super::core::Kind;
use super::naming::UnitName;
use streamgauge::bridge::OpenFamily;
use streamgauge::{Builder, Counter, Error, Gauge, Histogram, Instrument, Registry, Summary, Unit};

/// The family of one name and kind.
#[derive(Clone, Debug)]
pub(super) enum Family {
    Counter(OpenFamily<Counter>),
    Gauge(OpenFamily<Gauge>),
    Histogram(OpenFamily<Histogram>),
    Summary(OpenFamily<Summary>),
}

impl Family {
    /// Gives a family that forgets what it is told.
    pub(super) fn noop(kind: Kind) -> Self {
        match kind {
            Kind::Counter => Self::Counter(OpenFamily::noop()),
            Kind::Gauge => Self::Gauge(OpenFamily::noop()),
            Kind::Histogram => Self::Histogram(OpenFamily::noop()),
        }
    }

    pub(super) fn describe(&self, help: &str, unit: Option<UnitName>) -> Result<(), Error> {
        let unit = unit.and_then(UnitName::unit);
        match self {
            Self::Counter(family) => family.describe(help, unit),
            Self::Gauge(family) => family.describe(help, unit),
            Self::Histogram(family) => family.describe(help, unit),
            Self::Summary(family) => family.describe(help, unit),
        }
    }

    pub(super) fn rename(&self, name: &str) -> Result<(), Error> {
        match self {
            Self::Counter(family) => family.rename(name),
            Self::Gauge(family) => family.rename(name),
            Self::Histogram(family) => family.rename(name),
            Self::Summary(family) => family.rename(name),
        }
    }
}

/// Where families are declared, and with which settings.
#[derive(Debug)]
pub(super) struct Declarer {
    pub(super) registry: Registry,
    pub(super) config: Config,
}

impl Declarer {
    /// Declares the family called `name` of the metrics whose legal name is `legal`.
    pub(super) fn declare(
        &self,
        kind: Kind,
        legal: &str,
        name: &str,
        help: &str,
        unit: Option<UnitName>,
    ) -> Result<Family, Error> {
        let (registry, unit) = (&self.registry, unit.and_then(UnitName::unit));
        match kind {
            Kind::Counter => self.finish(registry.counter(name, help), kind, unit).map(Family::Counter),
            Kind::Gauge => self.finish(registry.gauge(name, help), kind, unit).map(Family::Gauge),
            Kind::Histogram => match self.config.observations(legal) {
                Observations::Buckets(buckets) => {
                    self.finish(registry.histogram(name, help).buckets(buckets), kind, unit).map(Family::Histogram)
                }
                Observations::Quantiles(quantiles) => {
                    let (width, slices) = self.config.window;
                    let summary = registry.summary(name, help).quantiles(&quantiles).window(width * slices, slices);
                    self.finish(summary, kind, unit).map(Family::Summary)
                }
            },
        }
    }

    fn finish<M: Instrument>(
        &self,
        builder: Builder<M>,
        kind: Kind,
        unit: Option<Unit>,
    ) -> Result<OpenFamily<M>, Error> {
        let mut builder = builder.verbatim();
        if let Some(unit) = unit {
            builder = builder.unit(unit);
        }
        if let Some(limit) = self.config.series_limit {
            builder = builder.limit(limit);
        }
        if let Some(limit) = self.config.value_limit {
            builder = builder.value_limit(limit);
        }
        if let Some(timeout) = self.config.idle_timeout(kind) {
            builder = builder.idle_timeout(timeout);
        }
        builder.open_family()
    }
}
