//! The families of a recorder, by the names that the facade is given.

use super::config::{Config, Observations};
use super::core::Kind;
use super::naming::{UnitName, sanitise_name};
use parking_lot::RwLock;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use streamgauge::bridge::OpenFamily;
use streamgauge::{Builder, Counter, Error, Gauge, Histogram, Instrument, Registry, Summary, Unit};

/// Names that are tried for a family whose own is taken.
const OTHER_NAMES: usize = 8;
/// Bytes of a metric name.
const LONGEST_NAME: usize = 1024;
/// The family of what has no place among the names.
const OVERFLOW_NAME: &str = "metrics_facade_overflow";

/// The family of one name and kind.
#[derive(Clone, Debug)]
pub(super) enum Family {
    Counter(OpenFamily<Counter>),
    Gauge(OpenFamily<Gauge>),
    Histogram(OpenFamily<Histogram>),
    Summary(OpenFamily<Summary>),
}

impl Family {
    fn describe(&self, help: &str, unit: Option<Unit>) -> Result<(), Error> {
        match self {
            Self::Counter(family) => family.describe(help, unit),
            Self::Gauge(family) => family.describe(help, unit),
            Self::Histogram(family) => family.describe(help, unit),
            Self::Summary(family) => family.describe(help, unit),
        }
    }

    fn rename(&self, name: &str) -> Result<(), Error> {
        match self {
            Self::Counter(family) => family.rename(name),
            Self::Gauge(family) => family.rename(name),
            Self::Histogram(family) => family.rename(name),
            Self::Summary(family) => family.rename(name),
        }
    }
}

/// What went another way than its user meant.
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

#[derive(Debug, Default)]
pub(super) struct Families {
    known: RwLock<Known>,
    pub(super) collisions: Collisions,
}

#[derive(Debug, Default)]
struct Known {
    /// By the name as it was given, one place a kind.
    given: HashMap<Box<str>, [Option<Family>; 3]>,
    /// By the legal name.
    legal: HashMap<Box<str>, Named>,
    /// Of what has no place among the names.
    overflow: [Option<Family>; 3],
    /// A name was refused.
    is_full: bool,
}

/// What is known of a legal name.
#[derive(Debug, Default)]
struct Named {
    /// The first name as it was given, where a metric has it.
    given: Option<Box<str>>,
    description: Option<Description>,
    families: [Option<Family>; 3],
}

#[derive(Debug)]
struct Description {
    help: Box<str>,
    unit: Option<UnitName>,
}

/// Something to be said when no lock is held any more: a subscriber may record metrics itself.
enum Remark {
    Names { given: Box<str>, first: Box<str>, legal: Box<str> },
    Renamed { kind: Kind, name: String, error: Error, used: Option<String> },
    Full { limit: usize },
    Long { bytes: usize },
}

impl Families {
    /// Gives the family of a name, which is made if there is none; `None` where there can be none.
    pub(super) fn get(&self, kind: Kind, given: &str, registry: &Registry, config: &Config) -> Option<Family> {
        if let Some(families) = self.known.read().given.get(given)
            && let Some(family) = &families[kind as usize]
        {
            return Some(family.clone());
        }
        let (family, remarks) = self.make(kind, given, registry, config);
        remarks.into_iter().for_each(say);
        family
    }

    fn make(&self, kind: Kind, given: &str, registry: &Registry, config: &Config) -> (Option<Family>, Vec<Remark>) {
        let mut remarks = Vec::new();
        let mut known = self.known.write();
        let Known { given: by_given, legal: by_legal, is_full, .. } = &mut *known;
        if let Some(family) = by_given.get(given).and_then(|families| families[kind as usize].clone()) {
            return (Some(family), remarks);
        }
        let is_new = !by_given.contains_key(given);
        if given.len() > LONGEST_NAME {
            // Relaxed: a statistic.
            if self.collisions.refused.fetch_add(1, Ordering::Relaxed) == 0 {
                remarks.push(Remark::Long { bytes: given.len() });
            }
            return (None, remarks);
        }
        if is_new && by_given.len() >= config.name_limit {
            if !std::mem::replace(is_full, true) {
                remarks.push(Remark::Full { limit: config.name_limit });
            }
            // Relaxed: a statistic.
            self.collisions.refused.fetch_add(1, Ordering::Relaxed);
            return (None, remarks);
        }
        let legal = sanitise_name(given);
        let named = by_legal.entry(Box::from(&*legal)).or_default();
        match &named.given {
            None => named.given = Some(given.into()),
            Some(first) if is_new && **first != *given => {
                // Relaxed: a statistic.
                self.collisions.names.fetch_add(1, Ordering::Relaxed);
                remarks.push(Remark::Names { given: given.into(), first: first.clone(), legal: (&*legal).into() });
            }
            Some(_) => {}
        }
        let family = match &named.families[kind as usize] {
            Some(family) => family.clone(),
            None => {
                let described = named.description.as_ref();
                let Some(family) = self.declare(kind, &legal, described, registry, config, &mut remarks) else {
                    return (None, remarks);
                };
                named.families[kind as usize] = Some(family.clone());
                family
            }
        };
        by_given.entry(given.into()).or_default()[kind as usize] = Some(family.clone());
        (Some(family), remarks)
    }

    /// Declares a family under its name or, where that is taken, under another one.
    fn declare(
        &self,
        kind: Kind,
        legal: &str,
        description: Option<&Description>,
        registry: &Registry,
        config: &Config,
        remarks: &mut Vec<Remark>,
    ) -> Option<Family> {
        let unit = description.and_then(|description| description.unit);
        let help = description.map_or("", |description| &description.help);
        let name = config.exposed_name(kind, legal, unit);
        let error = match open(kind, legal, &name, help, unit, registry, config) {
            Ok(family) => return Some(family),
            Err(error) => error,
        };
        // Relaxed: a statistic.
        self.collisions.families.fetch_add(1, Ordering::Relaxed);
        let others = (1..=OTHER_NAMES).map(|number| match number {
            1 => format!("{legal}_{}", kind.as_str()),
            _ => format!("{legal}_{}_{number}", kind.as_str()),
        });
        for other in others.map(|other| config.exposed_name(kind, &other, unit)) {
            if let Ok(family) = open(kind, legal, &other, help, unit, registry, config) {
                remarks.push(Remark::Renamed { kind, name, error, used: Some(other) });
                return Some(family);
            }
        }
        remarks.push(Remark::Renamed { kind, name, error, used: None });
        None
    }

    /// Gives the family of what has no place among the names.
    pub(super) fn overflow(&self, kind: Kind, registry: &Registry, config: &Config) -> Family {
        overflow_family(&mut self.known.write().overflow, kind, registry, config)
    }

    /// Takes a description of a name; the first one counts, as it always did.
    pub(super) fn describe(&self, given: &str, unit: Option<UnitName>, help: &str, config: &Config) {
        let legal = sanitise_name(given);
        if given.len() > LONGEST_NAME {
            return;
        }
        let remarks = {
            let mut known = self.known.write();
            if !known.legal.contains_key(&*legal) && known.legal.len() >= config.name_limit {
                return;
            }
            let named = known.legal.entry(Box::from(&*legal)).or_default();
            if named.description.is_some() {
                return;
            }
            named.description = Some(Description { help: help.into(), unit });
            self.describe_late(&legal, named, help, unit, config)
        };
        remarks.into_iter().for_each(say);
    }

    /// Tells the families that exist already.
    fn describe_late(
        &self,
        legal: &str,
        named: &Named,
        help: &str,
        unit: Option<UnitName>,
        config: &Config,
    ) -> Vec<Remark> {
        let mut remarks = Vec::new();
        for (kind, family) in Kind::ALL.into_iter().zip(&named.families) {
            let Some(family) = family else { continue };
            let (before, now) = (config.exposed_name(kind, legal, None), config.exposed_name(kind, legal, unit));
            if before != now
                && let Err(error) = family.rename(&now)
            {
                // Relaxed: a statistic.
                self.collisions.families.fetch_add(1, Ordering::Relaxed);
                remarks.push(Remark::Renamed { kind, name: now, error, used: Some(before) });
            }
            // Names are taken as they are, so no unit is wrong.
            let _ = family.describe(help, unit.and_then(UnitName::unit));
        }
        remarks
    }

    /// Counts a key with labels that look alike when they are legal.
    pub(super) fn note_labels(&self, metric: &str, first: &str, second: &str) {
        // Relaxed: a statistic.
        if self.collisions.labels.fetch_add(1, Ordering::Relaxed) == 0 {
            tracing::warn!(
                metric,
                "the labels {first:?} and {second:?} are the same label in the formats; the last one counts"
            );
        }
    }

    /// Counts a key that can have no series of its own.
    pub(super) fn note_refused(&self, error: &Error) {
        // Relaxed: a statistic.
        if self.collisions.refused.fetch_add(1, Ordering::Relaxed) == 0 {
            tracing::warn!(%error, "records go to the family {OVERFLOW_NAME}");
        }
    }

    /// Tells whether anything was ever recorded.
    pub(super) fn is_empty(&self) -> bool {
        self.known.read().given.is_empty()
    }
}

fn say(remark: Remark) {
    match remark {
        Remark::Names { given, first, legal } => {
            tracing::warn!("the metrics {first:?} and {given:?} are both {legal:?} in the formats: one family");
        }
        Remark::Renamed { kind, name, error, used: Some(used) } => {
            tracing::warn!(%error, "the {} {name:?} is exposed as {used:?}", kind.as_str());
        }
        Remark::Renamed { kind, name, error, used: None } => {
            tracing::warn!(%error, "the {} {name:?} finds no free name: its records go to {OVERFLOW_NAME}", kind.as_str());
        }
        Remark::Long { bytes } => {
            tracing::warn!(
                "a metric name has {bytes} bytes, and {LONGEST_NAME} are allowed: its records go to {OVERFLOW_NAME}"
            );
        }
        Remark::Full { limit } => {
            tracing::warn!("more than {limit} metric names: records of the others go to {OVERFLOW_NAME}");
        }
    }
}

fn overflow_family(families: &mut [Option<Family>; 3], kind: Kind, registry: &Registry, config: &Config) -> Family {
    let family = families[kind as usize].get_or_insert_with(|| {
        let name = match kind {
            Kind::Counter => format!("{OVERFLOW_NAME}_total"),
            Kind::Gauge | Kind::Histogram => format!("{OVERFLOW_NAME}_{}", kind.as_str()),
        };
        let help = "What was recorded past the limit of metric names or labels.";
        open(kind, &name, &name, help, None, registry, config).unwrap_or_else(|error| {
            tracing::warn!(%error, "records past the limits are lost");
            match kind {
                Kind::Counter => Family::Counter(OpenFamily::noop()),
                Kind::Gauge => Family::Gauge(OpenFamily::noop()),
                Kind::Histogram => Family::Histogram(OpenFamily::noop()),
            }
        })
    });
    family.clone()
}

fn open(
    kind: Kind,
    legal: &str,
    name: &str,
    help: &str,
    unit: Option<UnitName>,
    registry: &Registry,
    config: &Config,
) -> Result<Family, Error> {
    let unit = unit.and_then(UnitName::unit);
    match kind {
        Kind::Counter => finish(registry.counter(name, help), kind, unit, config).map(Family::Counter),
        Kind::Gauge => finish(registry.gauge(name, help), kind, unit, config).map(Family::Gauge),
        Kind::Histogram => match config.observations(legal) {
            Observations::Buckets(buckets) => {
                finish(registry.histogram(name, help).buckets(buckets), kind, unit, config).map(Family::Histogram)
            }
            Observations::Quantiles(quantiles) => {
                let (width, slices) = config.window;
                let summary = registry.summary(name, help).quantiles(&quantiles);
                finish(summary.window(width * slices, slices), kind, unit, config).map(Family::Summary)
            }
        },
    }
}

fn finish<M: Instrument>(
    builder: Builder<M>,
    kind: Kind,
    unit: Option<Unit>,
    config: &Config,
) -> Result<OpenFamily<M>, Error> {
    let mut builder = builder.verbatim();
    if let Some(unit) = unit {
        builder = builder.unit(unit);
    }
    if let Some(limit) = config.series_limit {
        builder = builder.limit(limit);
    }
    if let Some(limit) = config.value_limit {
        builder = builder.value_limit(limit);
    }
    if let Some(timeout) = config.idle_timeout(kind) {
        builder = builder.idle_timeout(timeout);
    }
    builder.open_family()
}
