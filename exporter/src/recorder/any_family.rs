//! The family of one name and kind, and how it is made.

use streamgauge::bridge::{DynamicFamily, DynamicSettings, PreferredName};
use streamgauge::{Counter, Error, Gauge, Histogram, Instrument, MetricBuilder, Registry, Summary, Unit};

use super::config::{Config, Observations};
use super::kind::Kind;
use super::labels::MOST_LABELS;
use super::naming::UnitName;

/// The family of one name and kind.
#[derive(Clone, Debug)]
pub(super) enum AnyFamily {
    Counter(DynamicFamily<Counter>),
    Gauge(DynamicFamily<Gauge>),
    Histogram(DynamicFamily<Histogram>),
    Summary(DynamicFamily<Summary>),
}

/// Does the same with the family of any kind.
macro_rules! of_any {
    ($self:ident, $family:ident => $do:expr) => {
        match $self {
            Self::Counter($family) => $do,
            Self::Gauge($family) => $do,
            Self::Histogram($family) => $do,
            Self::Summary($family) => $do,
        }
    };
}

impl AnyFamily {
    /// Returns a family that forgets what it is told.
    pub(super) fn noop(kind: Kind) -> Self {
        match kind {
            Kind::Counter => Self::Counter(DynamicFamily::noop()),
            Kind::Gauge => Self::Gauge(DynamicFamily::noop()),
            Kind::Histogram => Self::Histogram(DynamicFamily::noop()),
        }
    }

    /// Describes the family: sets its help, its unit and the name it wishes for.
    pub(super) fn describe(&self, help: &str, unit: Option<UnitName>, wish: PreferredName<'_>) -> Result<(), Error> {
        let unit = unit.and_then(UnitName::unit);
        of_any!(self, family => family.describe_as(help, unit, wish))
    }

    /// Returns whether anybody has described it.
    pub(super) fn is_described(&self) -> bool {
        of_any!(self, family => family.is_described())
    }

    /// Returns the name of the family.
    pub(super) fn name(&self) -> String {
        of_any!(self, family => family.name())
    }

    /// Returns the name it wishes for.
    pub(super) fn preferred_name(&self) -> String {
        of_any!(self, family => family.preferred_name())
    }

    /// Counts what may have changed either.
    pub(super) fn version(&self) -> usize {
        of_any!(self, family => family.version())
    }
}

/// Where families are declared, and with which settings.
#[derive(Debug)]
pub(super) struct FamilyFactory {
    pub(super) registry: Registry,
    pub(super) config: Config,
}

impl FamilyFactory {
    /// Declares the family of a name, or gives the one that another recorder of the registry has declared.
    pub(super) fn declare(
        &self,
        kind: Kind,
        legal: &str,
        help: Option<&str>,
        unit: Option<UnitName>,
    ) -> Result<AnyFamily, Error> {
        // A description may come later, and changes what the family is called, not which one it is.
        let declared = self.config.exposed_name(kind, legal, None);
        let wish = self.config.preferred_name(kind, legal, unit);
        let settings = DynamicSettings::new().preferred_name(wish.of(kind)).help_line(help.is_some());
        self.make(kind, legal, &declared, help.unwrap_or_default(), unit, settings)
    }

    /// Declares a family of the recorder's own, which keeps its name.
    pub(super) fn declare_own(&self, kind: Kind, name: &str, help: &str) -> Result<AnyFamily, Error> {
        self.make(kind, name, name, help, None, DynamicSettings::new())
    }

    fn make(
        &self,
        kind: Kind,
        legal: &str,
        name: &str,
        help: &str,
        unit: Option<UnitName>,
        open: DynamicSettings<'_>,
    ) -> Result<AnyFamily, Error> {
        let (registry, unit) = (&self.registry, unit.and_then(UnitName::unit));
        match kind {
            Kind::Counter => self.finish(registry.counter(name, help), kind, unit, open).map(AnyFamily::Counter),
            Kind::Gauge => self.finish(registry.gauge(name, help), kind, unit, open).map(AnyFamily::Gauge),
            Kind::Histogram => match self.config.observations(legal) {
                Observations::Buckets(buckets) => {
                    let histogram = registry.histogram(name, help).buckets(buckets);
                    self.finish(histogram, kind, unit, open).map(AnyFamily::Histogram)
                }
                Observations::Quantiles(quantiles) => {
                    let (width, slices) = self.config.window;
                    let summary = registry.summary(name, help).quantiles(&quantiles).window(width * slices, slices);
                    self.finish(summary, kind, unit, open).map(AnyFamily::Summary)
                }
            },
        }
    }

    fn finish<M: Instrument>(
        &self,
        builder: MetricBuilder<M>,
        kind: Kind,
        unit: Option<Unit>,
        open: DynamicSettings<'_>,
    ) -> Result<DynamicFamily<M>, Error> {
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
        // The label that tells the overflow series is its own, whatever all others have under that name, and needs a place.
        let global = self.config.global_labels.iter().filter(|(name, _)| name != "overflow").take(MOST_LABELS - 1);
        let global: Vec<(&str, &str)> = global.map(|(name, value)| (&**name, &**value)).collect();
        // As metrics-exporter-prometheus writes them: dashboards name buckets by the text of their bounds.
        let family = builder.dynamic_family_with(open.plain_numbers(true))?;
        // With labels that no series can have it goes without: the family is there by now, and records must go somewhere.
        Ok(family.clone().with_overflow_labels(&global).unwrap_or(family))
    }
}
