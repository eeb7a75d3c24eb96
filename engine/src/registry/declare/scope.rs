//! Scopes: prefixes and constant labels.

use super::set_action::SetAction;
use crate::kind::Kind;
use crate::registry::desc::Level;
use crate::registry::inner::RegistryInner;
use crate::registry::store::{FamilyStore, Labels};
use crate::sync::PlainArc;
use std::time::Duration;

/// A prefix and constant labels for the metrics that are declared through it. Scopes nest; clones are
/// cheap.
///
/// A gauge `x` and a counter `x_total` may stand beside each other, though OpenMetrics calls both families `x`: in that
/// format the counter is then of the type `unknown`, under its own name.
///
/// Names and labels are checked when a metric is registered. They may have any characters; to readers that know
/// letters, digits and underscores only they are shown [escaped](crate::Escaping).
///
/// # Examples
/// ```
/// let registry = streamgauge::Registry::new();
/// let sink = registry.scope("deltaforge").label("pipeline", "orders").scope("sink");
/// sink.counter("errors_total", "Failed deliveries.").register()?.inc();
/// assert_eq!(registry.sample_value("deltaforge_sink_errors_total", &[("pipeline", "orders")]), Some(1.0));
/// # Ok::<(), streamgauge::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Scope {
    /// `None` where the registry is disabled.
    registry: Option<PlainArc<RegistryInner>>,
    prefix: String,
    labels: Vec<(String, String)>,
    idle_timeouts: Vec<(Kind, Duration)>,
    level: Level,
    limit: Option<usize>,
    action: SetAction,
}

impl Scope {
    pub(crate) fn root(registry: Option<PlainArc<RegistryInner>>) -> Self {
        Self {
            registry,
            prefix: String::new(),
            labels: Vec::new(),
            idle_timeouts: Vec::new(),
            level: Level::default(),
            limit: None,
            action: SetAction::Make,
        }
    }

    pub(crate) fn registry(&self) -> Option<&PlainArc<RegistryInner>> {
        self.registry.as_ref()
    }

    pub(crate) fn labels(&self) -> &[(String, String)] {
        &self.labels
    }

    pub(crate) fn action(&self) -> &SetAction {
        &self.action
    }

    pub(crate) fn with_action(&self, action: SetAction) -> Self {
        Self { action, ..self.clone() }
    }

    /// Makes a scope like this one, with these constant labels in the place of its own.
    pub(crate) fn relabelled(&self, labels: Vec<(String, String)>) -> Self {
        Self { labels, ..self.clone() }
    }

    /// Returns the full name of a metric of this scope.
    pub(crate) fn full_name(&self, name: &str) -> String {
        if self.prefix.is_empty() { name.to_owned() } else { format!("{}_{name}", self.prefix) }
    }

    /// Makes a scope inside this one: its prefix follows this one's, joined by an underscore.
    #[must_use]
    pub fn scope(&self, prefix: &str) -> Self {
        Self { prefix: self.full_name(prefix), ..self.clone() }
    }

    /// Makes a scope with one more constant label.
    #[must_use]
    pub fn label(&self, name: &str, value: impl Into<String>) -> Self {
        let mut scope = self.clone();
        scope.labels.push((name.to_owned(), value.into()));
        scope
    }

    /// Makes a scope in which the series of these kinds are removed after so long without an update, unless
    /// somebody holds their handle; see [`MetricBuilder::idle_timeout`](crate::MetricBuilder::idle_timeout), which
    /// overrides it.
    #[must_use]
    pub fn with_idle_timeout(&self, kinds: &[Kind], timeout: Duration) -> Self {
        let mut scope = self.clone();
        scope.idle_timeouts.retain(|(kind, _)| !kinds.contains(kind));
        scope.idle_timeouts.extend(kinds.iter().map(|kind| (*kind, timeout)));
        scope
    }

    /// Makes a scope in which metrics have this level, unless they state their own with
    /// [`MetricBuilder::level`](crate::MetricBuilder::level).
    #[must_use]
    pub fn with_level(&self, level: Level) -> Self {
        Self { level, ..self.clone() }
    }

    /// Makes a scope in which each family may have so many live series, unless it states its own limit with
    /// [`MetricBuilder::limit`](crate::MetricBuilder::limit).
    #[must_use]
    pub fn with_limit(&self, series: usize) -> Self {
        Self { limit: Some(series), ..self.clone() }
    }

    /// Ends what was registered through this scope and those inside it, when a pipeline, a tenant or a plugin goes;
    /// returns how many series that removes.
    ///
    /// Families whose names begin with the prefix are [unregistered](crate::Registry::unregister). Where the scope has
    /// constant labels others may share them: then they stay, as those do that cannot be unregistered, and the series with these labels are removed from them,
    /// each exposed once more with its final value.
    ///
    /// ```
    /// # let registry = streamgauge::Registry::new();
    /// for pipeline in ["orders", "payments"] {
    ///     let scope = registry.scope("deltaforge").label("pipeline", pipeline);
    ///     scope.counter("events_total", "Events.").register()?.inc();
    /// }
    /// assert_eq!(registry.scope("deltaforge").label("pipeline", "orders").unregister_all(), 1);
    /// let events = |pipeline| registry.sample_value("deltaforge_events_total", &[("pipeline", pipeline)]);
    /// assert_eq!((events("orders"), events("payments")), (None, Some(1.0)));
    /// # Ok::<(), streamgauge::Error>(())
    /// ```
    pub fn unregister_all(&self) -> usize {
        let Some(registry) = &self.registry else { return 0 };
        let prefix = self.full_name("");
        let families = registry.families();
        let own = families.iter().filter(|family| family.with_desc(|desc| desc.name.starts_with(&prefix)));
        let has_labels = |labels: Labels<'_>| {
            self.labels.iter().all(|(name, value)| labels.get(name).is_some_and(|own| own == value.as_str()))
        };
        let end = |family: &PlainArc<FamilyStore>| {
            let name = family.with_desc(|desc| desc.name.to_string());
            let is_own = |known: &PlainArc<FamilyStore>| PlainArc::ptr_eq(known, family);
            let ended = if self.labels.is_empty() { registry.unregister(&name, is_own) } else { None };
            ended.unwrap_or_else(|| family.remove_where(|row| has_labels(Labels::new(&family.desc, row)), |_| {}))
        };
        own.map(end).sum()
    }

    pub(crate) fn own_limit(&self) -> Option<usize> {
        self.limit
    }

    pub(crate) fn own_level(&self) -> Level {
        self.level
    }

    pub(crate) fn idle_timeout_of(&self, kind: Kind) -> Option<Duration> {
        self.idle_timeouts.iter().find(|(known, _)| *known == kind).map(|(_, timeout)| *timeout)
    }
}
