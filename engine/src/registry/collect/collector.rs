//! Whole families made at scrape time by code of the user: declaration and trait.

use super::output::CollectorOutput;
use crate::kind::Kind;
use crate::registry::desc::{Desc, Level, Limits, Shape};
use crate::registry::error::Error;
use crate::unit::Unit;

/// Makes whole families when a registry is scraped: what some other system counts, under labels that are known
/// only then.
///
/// Registered with [`Registry::register_collector`](crate::Registry::register_collector). Collectors run before the
/// scrape reads anything, on its thread and holding no lock; two scrapes at once run one at the same time. A
/// collector may record, look up, register and scrape; a scrape made by one leaves callbacks and collectors out. One
/// that panics is left out of that scrape, whole, and counted in its [`ScrapeReport`](crate::ScrapeReport).
///
/// A collector lives as long as the registry, unless it is unregistered; one that owns a clone of its registry
/// keeps it alive for ever.
///
/// # Examples
/// ```
/// use streamgauge::{CollectedFamily, CollectorOutput, Collector, Registry};
///
/// struct Partitions;
///
/// impl Collector for Partitions {
///     fn describe(&self) -> Vec<CollectedFamily> {
///         let lag = CollectedFamily::gauge("partition_lag_events", "Events not consumed yet.");
///         vec![lag.labels(["topic", "partition"])]
///     }
///
///     fn collect(&self, out: &mut CollectorOutput<'_>) {
///         let mut lag = out.family("partition_lag_events");
///         for (partition, events) in [17u64, 4].iter().enumerate() {
///             lag.sample(&["orders", &partition.to_string()], *events);
///         }
///     }
/// }
///
/// let registry = Registry::new();
/// registry.register_collector(Partitions)?;
/// let labels = [("topic", "orders"), ("partition", "1")];
/// assert_eq!(registry.sample_value("partition_lag_events", &labels), Some(4.0));
/// # Ok::<(), streamgauge::Error>(())
/// ```
pub trait Collector: Send + Sync + 'static {
    /// Declares every family that [`collect`](Self::collect) may give samples of. Called once, at registration,
    /// so that a clash of names is found then and not by the reader of a scrape.
    fn describe(&self) -> Vec<CollectedFamily>;

    /// Adds the samples of this scrape to `out`. Concurrent scrapes call it concurrently; where a call has not returned
    /// for ten seconds, others are not made until it does, and its samples are missing from their scrapes.
    fn collect(&self, out: &mut CollectorOutput<'_>);
}

/// A family that a [`Collector`] declares. The name is the full one: scopes add nothing to it.
#[derive(Clone, Debug)]
#[must_use = "a declaration is given by `Collector::describe`"]
pub struct CollectedFamily {
    name: String,
    help: String,
    kind: Kind,
    unit: Option<Unit>,
    labels: Vec<String>,
    limits: Limits,
    level: Level,
    verbatim: bool,
}

impl CollectedFamily {
    /// Declares a counter. Its name ends in `_total`; its values never decrease, unless what is counted restarts.
    pub fn counter(name: &str, help: &str) -> Self {
        Self::new(Kind::Counter, name, help)
    }

    /// Declares a gauge.
    pub fn gauge(name: &str, help: &str) -> Self {
        Self::new(Kind::Gauge, name, help)
    }

    /// Declares a metric of which nobody knows whether it is a counter or a gauge.
    pub fn unknown(name: &str, help: &str) -> Self {
        Self::new(Kind::Unknown, name, help)
    }

    fn new(kind: Kind, name: &str, help: &str) -> Self {
        Self {
            name: name.to_owned(),
            help: help.to_owned(),
            kind,
            unit: None,
            labels: Vec::new(),
            limits: Limits::default(),
            level: Level::default(),
            verbatim: false,
        }
    }

    /// States the unit. The name must end in it.
    pub fn unit(mut self, unit: Unit) -> Self {
        self.unit = Some(unit);
        self
    }

    /// Names the labels, in the order in which samples give their values.
    pub fn labels<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.labels = names.into_iter().map(Into::into).collect();
        self
    }

    /// Sets how many samples the family may have in a scrape; default: 10,000. Those past it are left out and
    /// counted. Memory is taken for twice as many.
    pub fn limit(mut self, samples: usize) -> Self {
        self.limits.series = samples;
        self
    }

    /// Sets how many bytes a label value may have; default: 1024.
    pub(crate) fn value_limit(mut self, bytes: usize) -> Self {
        self.limits.value_bytes = bytes;
        self
    }

    /// States the level; default: [`Level::Basic`].
    pub fn level(mut self, level: Level) -> Self {
        self.level = level;
        self
    }

    /// Takes the name as it is: the naming rules are lifted, the syntax is not.
    pub fn verbatim(mut self) -> Self {
        self.verbatim = true;
        self
    }

    /// Returns the checked descriptor.
    pub(crate) fn into_desc(self) -> Result<Desc, Error> {
        let desc = Desc {
            name: self.name.into(),
            help: self.help.into(),
            kind: self.kind,
            unit: self.unit,
            label_names: self.labels.into_iter().map(Into::into).collect(),
            is_dynamic: false,
            wish: None,
            has_empty_help: false,
            plain_numbers: false,
            shape: Shape::None,
            limits: self.limits,
            level: self.level,
        };
        desc.check(self.verbatim)?;
        Ok(desc)
    }
}

/// Names a registered collector; see [`Registry::unregister_collector`](crate::Registry::unregister_collector).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CollectorId(pub(crate) u64);
