//! The registry.

use super::catalog::{Catalog, FamilyDescription};
use super::collect::{CollectedFamily, Collector, CollectorId};
use super::declare::Scope;
use super::desc::{Level, Switch};
use super::error::Error;
use super::inner::RegistryInner;
use super::store::FamilyStore;
use crate::sync::{LazyLock, PlainArc};
use std::ops::Deref;

/// A set of metric families, scraped together. Clones are the same registry.
///
/// Its methods for declaring metrics are those of its root [`Scope`]. A registry is names over cells that
/// the process shares: many registries (one a test, one a tenant) cost next to nothing. Dropping the
/// last clone ends the exposition; handles stay valid, and what no handle holds is given back.
///
/// # Examples
/// ```
/// use streamgauge::{Format, Registry, Scraper};
/// let registry = Registry::new();
/// let orders = registry.scope("deltaforge").label("pipeline", "orders");
/// orders.counter("checkpoints_total", "Successful checkpoint commits.").register()?.inc();
///
/// let mut body = Vec::new();
/// Scraper::new(&registry).encode(Format::Text, &mut body);
/// assert!(body.ends_with(b"deltaforge_checkpoints_total{pipeline=\"orders\"} 1\n"));
/// # Ok::<(), streamgauge::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Registry {
    root: Scope,
}

impl Registry {
    /// Makes an empty registry.
    #[must_use]
    pub fn new() -> Self {
        Self { root: Scope::root(Some(PlainArc::new(RegistryInner::new()))) }
    }

    /// Returns the registry of the process: for statics, and for code that nobody hands a registry to.
    ///
    /// Keep what belongs together in one struct with `#[derive(MetricSet)]`, in one `LazyLock`; each use of it adds a load
    /// and a branch to the record. A static is registered at its first use, so a declaration that
    /// [conflicts](Error::Conflict) with another module's panics there, on whatever thread uses the second one first, and
    /// in every use after that. `LazyLock::force` at the start of `main` has it happen before anything is served; the same
    /// struct registered in `main` and handed on has it as an `Error`.
    ///
    /// Libraries should take a [`Scope`], so that the program chooses prefix and labels, and tests a registry of their own
    /// or a [disabled](Self::disabled) one: whatever else runs in the process counts into this one too. Two versions of
    /// this crate in one process have one each.
    ///
    /// ```
    /// use std::sync::LazyLock;
    /// use streamgauge::{Counter, MetricSet, Registry};
    ///
    /// #[derive(MetricSet)]
    /// #[metric(prefix = "source")]
    /// struct Source {
    ///     /// Events read.
    ///     events_total: Counter,
    ///     /// Bytes read.
    ///     read_bytes_total: Counter,
    /// }
    ///
    /// static SOURCE: LazyLock<Source> =
    ///     LazyLock::new(|| Source::register(Registry::global()).unwrap_or_else(|error| panic!("{error}")));
    ///
    /// fn main() {
    ///     LazyLock::force(&SOURCE);
    ///     SOURCE.events_total.inc();
    ///     assert_eq!(Registry::global().sample_value("source_events_total", &[]), Some(1.0));
    /// }
    /// ```
    #[doc(alias = "default_registry")]
    #[must_use]
    pub fn global() -> &'static Self {
        static GLOBAL: LazyLock<Registry> = LazyLock::new(Registry::new);
        &GLOBAL
    }

    /// Makes a registry whose handles are noops and whose scrapes are empty: the same code runs without
    /// metrics. Declarations are still checked on their own.
    #[must_use]
    pub fn disabled() -> Self {
        Self { root: Scope::root(None) }
    }

    /// Sets how many live series the registry may have; default: a million. Records past it go to the overflow series
    /// of their families.
    pub fn set_series_limit(&self, series: usize) {
        if let Some(inner) = self.inner() {
            inner.state.budget.set_limit(series);
        }
    }

    /// Sets the level: families above it are off from now on, the others on, except those that are
    /// [switched](Self::switch) one by one. A registry begins with the highest level, where all are on.
    pub fn set_level(&self, level: Level) {
        if let Some(inner) = self.inner() {
            inner.state.level.set(level);
            inner.each_family(FamilyStore::apply_level);
        }
    }

    /// Returns the level.
    #[must_use]
    pub fn level(&self) -> Level {
        self.inner().map_or(Level::Detailed, |inner| inner.state.level.get())
    }

    /// Switches one family, by its full name, on or off whatever the level, or back to the level. A collector runs as
    /// long as one of its families is on.
    ///
    /// # Errors
    /// Where no such family is registered.
    pub fn switch(&self, name: &str, switch: Switch) -> Result<(), Error> {
        let Some(inner) = self.inner() else { return Ok(()) };
        if inner.switch(name, switch) { Ok(()) } else { Err(Error::UnknownFamily { name: name.to_owned() }) }
    }

    /// Registers a collector: its families follow the registry's own in every scrape, in the order of
    /// registration.
    ///
    /// # Errors
    /// Where a declared name, label or help text is not allowed, or a name is exposed already; then nothing is
    /// registered.
    pub fn register_collector(&self, collector: impl Collector) -> Result<CollectorId, Error> {
        // The user's code, so before any lock.
        let described = collector.describe().into_iter().map(CollectedFamily::into_desc);
        let descs = described.collect::<Result<Vec<_>, _>>()?;
        let Some(inner) = self.inner() else { return Ok(CollectorId(0)) };
        inner.claim(&descs)?;
        Ok(inner.collectors.push(descs, Box::new(collector)))
    }

    /// Unregisters a collector; returns whether it was registered here. Its names are free again. A scrape that is
    /// under way may run it once more.
    pub fn unregister_collector(&self, id: CollectorId) -> bool {
        let Some((inner, removed)) = self.inner().and_then(|inner| Some((inner, inner.collectors.remove(id)?))) else {
            return false;
        };
        inner.unclaim(&removed.descs);
        true
    }

    /// Describes every family that is registered, those of collectors too: the reference documentation of a program's
    /// metrics, made from the program. The order is that of the names, whatever the order of registration.
    ///
    /// # Examples
    /// ```
    /// # let registry = streamgauge::Registry::new();
    /// registry.counter("events_total", "Events read.").register()?.inc();
    /// let reference = registry.describe();
    /// assert!(reference.to_markdown().contains("| `events_total` | counter |  |  | Events read. |  |"));
    /// assert!(reference.to_json().starts_with("[{\"name\":\"events_total\",\"kind\":\"counter\""));
    /// # Ok::<(), streamgauge::Error>(())
    /// ```
    #[must_use]
    pub fn describe(&self) -> Catalog {
        let Some(inner) = self.inner() else { return Catalog::default() };
        let own = inner.families();
        let collectors = inner.collectors.list();
        let own = own.iter().map(|family| family.with_desc(|desc| FamilyDescription::new(desc, false)));
        let collected = collectors.iter().flat_map(|registered| &registered.descs);
        let mut families: Vec<_> = own.chain(collected.map(|desc| FamilyDescription::new(desc, true))).collect();
        families.sort_by(|a, b| a.name.cmp(&b.name));
        Catalog { families }
    }

    /// Unregisters the family of this full name; returns whether there was one. It is not exposed any more, not even
    /// with final values, its callbacks do not run any more, and its name can be declared again, as another kind too.
    /// Handles that are held record on, unseen; lookups in its [`Family`](crate::Family) handles yield noops, and no
    /// series is made in it any more.
    ///
    /// Some families stay, and nothing is done: those that a family of sets is made of, as long as that has handles; dynamic
    /// families; and all where [nothing can be freed](crate::Stats::refused_removals). A collector's families go
    /// [with it](Self::unregister_collector).
    ///
    /// ```
    /// # let registry = streamgauge::Registry::new();
    /// let rows = registry.counter("plugin_rows_total", "Rows of the plugin.").register()?;
    /// assert!(registry.unregister("plugin_rows_total"));
    /// rows.inc();
    /// assert_eq!(registry.sample_value("plugin_rows_total", &[]), None);
    /// # Ok::<(), streamgauge::Error>(())
    /// ```
    pub fn unregister(&self, name: &str) -> bool {
        self.inner().is_some_and(|inner| inner.unregister(name, |_| true).is_some())
    }

    pub(crate) fn inner(&self) -> Option<&PlainArc<RegistryInner>> {
        self.root.registry()
    }
}

impl Default for Registry {
    fn default() -> Self {
        Self::new()
    }
}

impl Deref for Registry {
    type Target = Scope;

    fn deref(&self) -> &Scope {
        &self.root
    }
}
