//! A family's handle: from labels to metrics on the stream.

use super::handle_cache::HandleCache;
use super::lookup::{Lookup, with_noop};
use crate::cells::Pin;
use crate::label::{Combination, LabelSet, UNNAMED, combinations};
use crate::registry::declare::{Declared, Instrument, MetricBuilder, Scope, SetAction, SetDeclaration};
use crate::registry::desc::Switch;
use crate::registry::error::Error;
use crate::registry::store::{FamilyStore, Generation, LabelMap, Labels, RowRef, removing};
use crate::sync::PlainArc;
use std::fmt;
use std::hash::Hash;
use std::marker::PhantomData;

/// The metrics of one name, told apart by a label set. Made by
/// [`MetricBuilder::family`](crate::MetricBuilder::family).
///
/// # Performance
/// [`with`](Self::with) hashes the values and compares them with the series found: no lock, no reference
/// count, no allocation on a hit, from any number of threads. The first use of a label set makes its
/// series under the family's mutex. A value that is longer than the family allows is copied and cut in every lookup.
///
/// Where every label is an enum (`#[derive(LabelValue)]`) or a bool, and there are at most 4096 combinations, the
/// series stand in an array and nothing is hashed or compared: lookup and increment together cost about three
/// increments.
///
/// # Consistency
/// A series is its full label set, never only a hash. Families of one name (from scopes with other constant
/// labels, or with the labels in another order) share their series.
///
/// # Limits
/// A family has at most 10,000 series ([`MetricBuilder::limit`](crate::MetricBuilder::limit)), a registry a million, a
/// value at most 1024 bytes (longer ones are cut at a character, and counted). Past the limit every record goes,
/// exactly once, to one overflow series, in which each label of the set is `__overflow__`; removing series makes room
/// again. The overflow series of handles with other constant labels are limited too: there are at most as many of them
/// as the family may have other series, and they count against the limit of the registry; past that the records go to
/// one in which the constant labels are `__overflow__` as well.
///
/// # Removal
/// [`remove`](Self::remove), [`retain`](Self::retain) and [`clear`](Self::clear) end series. Each
/// [`Scraper`](crate::Scraper) exposes their final value once more. Handles that are still held record on, unseen;
/// the same labels make a new series, which starts at 0 with a later creation time.
///
/// # Examples
/// ```
/// use streamgauge::{Counter, Family, LabelSet, Registry};
///
/// #[derive(LabelSet)]
/// struct Table<'a> {
///     source: &'a str,
///     table: &'a str,
/// }
///
/// let registry = Registry::new();
/// let events: Family<Table<'static>, Counter> = registry.counter("source_events_total", "Events.").family()?;
/// events.with(&Table { source: "mysql", table: "orders" }, |counter| counter.inc());
///
/// // Or once, for a loop:
/// let orders = events.get_or_create(&Table { source: "mysql", table: "orders" });
/// orders.add(2);
/// assert_eq!(orders.get(), 3);
/// # Ok::<(), streamgauge::Error>(())
/// ```
#[doc(alias = "CounterVec")]
#[doc(alias = "GaugeVec")]
#[doc(alias = "HistogramVec")]
#[must_use = "a family that nobody looks into stays empty"]
pub struct Family<L, M> {
    /// `None` for the families of a disabled registry.
    lookup: Option<PlainArc<Lookup<L>>>,
    labels: PhantomData<fn(&L) -> M>,
}

impl<M: Instrument> MetricBuilder<M> {
    /// Registers a family: one metric for each label set that is used.
    ///
    /// # Errors
    /// As [`register`](Self::register); also where a label of the set is a constant label.
    pub fn family<L: LabelSet>(self) -> Result<Family<L, M>, Error> {
        if L::NAMES.contains(&UNNAMED) {
            let problem = "a label name has at least one character; arrays and tuples have no names, so a family of them is \
                           declared with `family_by`";
            return Err(self.invalid_label(UNNAMED, problem));
        }
        self.family_named(L::NAMES)
    }

    /// Registers a family with these labels, whose values are given by their places: for families that are not worth a
    /// type of their own. What is looked up are arrays, or tuples where the values are not of one type.
    ///
    /// The lookup is that of [`family`](Self::family) and costs the same. What is given up is the compiler's help: two
    /// swapped values make another series, and labels that could be listed are not.
    ///
    /// # Errors
    /// As [`family`](Self::family).
    ///
    /// # Examples
    /// ```
    /// # let registry = streamgauge::Registry::new();
    /// let events = registry.counter("events_total", "Events.").family_by(["source", "table"])?;
    /// events.with(&["mysql", "orders"], |counter| counter.inc());
    /// events.with(&("mysql", 17u32), |counter| counter.inc());
    /// assert_eq!(registry.sample_value("events_total", &[("source", "mysql"), ("table", "17")]), Some(1.0));
    /// # Ok::<(), streamgauge::Error>(())
    /// ```
    #[doc(alias = "CounterVec")]
    #[doc(alias = "register_int_counter_vec")]
    pub fn family_by<const N: usize>(self, labels: [&'static str; N]) -> Result<Family<[&'static str; N], M>, Error> {
        self.family_named(&labels)
    }

    fn family_named<L: LabelSet>(self, labels: &[&'static str]) -> Result<Family<L, M>, Error> {
        let names = |outer: &[&'static str]| [outer, labels].concat();
        match self.scope().action() {
            SetAction::Make | SetAction::MakeSet(_) | SetAction::MakeOverflow => {}
            SetAction::Declare(SetDeclaration { names: outer, set, after, .. }) => {
                let (names, set, after) = (names(outer), set.clone(), *after);
                if let Some((store, _)) = self.declare_after(after, &names)?.family {
                    store.join(&set);
                }
                return Ok(Family::noop());
            }
            SetAction::Remove(outer) => {
                let names = names(outer);
                self.remove(&names)?;
                return Ok(Family::noop());
            }
        }
        let Declared { family, .. } = self.declare(labels)?;
        Ok(family.map_or_else(Family::noop, |(store, label_map)| Family::new(store, label_map)))
    }
}

impl<L: LabelSet, M> Family<L, M> {
    pub(crate) fn new(store: PlainArc<FamilyStore>, label_map: LabelMap) -> Self {
        Self { lookup: Some(PlainArc::new(Lookup::new(store, label_map, None))), labels: PhantomData }
    }

    /// Makes a family of sets, which are registered in `scope`.
    pub(crate) fn of_sets(store: PlainArc<FamilyStore>, label_map: LabelMap, scope: Scope) -> Self {
        Self { lookup: Some(PlainArc::new(Lookup::new(store, label_map, Some(scope)))), labels: PhantomData }
    }
}

impl<L, M> Family<L, M> {
    /// Makes a family whose metrics are noops.
    pub const fn noop() -> Self {
        Self { lookup: None, labels: PhantomData }
    }
}

impl<L: LabelSet, M: Instrument> Family<L, M> {
    /// Calls `f` with the metric of a label set, which is made on first use.
    ///
    /// The metric is borrowed: nothing is counted or allocated on a hit. `f` may look up again, in this
    /// family too. While it runs, what removals have unlinked stays in memory, in the whole process (about 300 bytes a
    /// removed series, and its cells), so it should not block.
    ///
    /// To keep the metric take [`get_or_create`](Self::get_or_create), and do not clone the one that `f` is given:
    /// being borrowed it does not hold off an idle timeout, so that the clone may be the handle of a series that has
    /// just expired.
    ///
    /// Where the family is [off](crate::Level) `f` gets a noop.
    ///
    /// ```compile_fail
    /// # use streamgauge::{Counter, Family, LabelSet, LabelVisitor};
    /// struct Two;
    /// impl LabelSet for Two {
    ///     type Family = ();
    ///     const NAMES: &'static [&'static str] = &["a", "b"];
    ///     fn visit<V: LabelVisitor>(&self, _: &mut V) {}
    /// }
    /// Family::<(), Counter>::noop().with(&Two, Counter::inc); // a family without labels
    /// ```
    #[doc(alias = "with_label_values")]
    #[inline]
    pub fn with<Q, R>(&self, labels: &Q, f: impl FnOnce(&M) -> R) -> R
    where
        Q: LabelSet<Family = L::Family>,
    {
        let Some(lookup) = self.lookup.as_deref() else { return with_noop(f) };
        let pin = Pin::enter();
        let found = lookup.find_if_on(&pin, labels);
        if let Some(metric) = found.and_then(|row| lookup.view::<M>(row)) {
            return f(&metric);
        }
        lookup.with_created(labels, f)
    }

    /// Returns an owned handle of the metric of a label set, which is made on first use.
    ///
    /// Costs two read-modify-writes more than [`with`](Self::with). Where the process has no cells left, or a callback
    /// gives the value of the series, the handle is a noop, and the loss is counted in [`stats`](crate::stats()). The
    /// handle is a real one even while the family is [off](crate::Level).
    #[doc(alias = "get_metric_with_label_values")]
    #[doc(alias = "get_or_create_owned")]
    pub fn get_or_create<Q>(&self, labels: &Q) -> M
    where
        Q: LabelSet<Family = L::Family>,
    {
        let Some(lookup) = self.lookup.as_deref() else { return M::default() };
        let pin = Pin::enter();
        let found = lookup.dense_or_hashed(&pin, labels);
        if let Some(metric) = found.and_then(|row| lookup.view::<M>(row)).and_then(|view| view.admitted()) {
            return metric;
        }
        lookup.create(&pin, labels)
    }

    /// Returns an owned handle of the metric of a label set, if it exists.
    pub fn get<Q>(&self, labels: &Q) -> Option<M>
    where
        Q: LabelSet<Family = L::Family>,
    {
        let lookup = self.lookup.as_deref()?;
        let pin = Pin::enter();
        lookup.find_cut(&pin, labels).and_then(|row| lookup.view::<M>(row)).and_then(|view| view.admitted())
    }

    /// Makes a cache from a small key of the stream to handles of this family, for one thread or task.
    pub fn handle_cache<K: Copy + Eq + Hash>(&self) -> HandleCache<K, L, M> {
        let generation = self.lookup.as_deref().map(|lookup| lookup.store.generation.clone());
        HandleCache::new(self.clone(), generation.unwrap_or_else(|| PlainArc::new(Generation::new())))
    }

    /// Makes the series of a label set exist, at zero, from the next scrape on: a rate or a sum over it then has
    /// something to start from.
    pub fn init<Q>(&self, labels: &Q)
    where
        Q: LabelSet<Family = L::Family>,
    {
        drop(self.get_or_create(labels));
    }

    /// Makes the series of every combination of label values exist, at zero, as [`init`](Self::init) does for one:
    /// for label sets that can be enumerated, which is checked when this is compiled.
    ///
    /// ```
    /// # use streamgauge::{Counter, Family, LabelSet, LabelValue, Registry};
    /// #[derive(LabelValue)]
    /// enum Op { Insert, Update, Delete }
    /// #[derive(LabelSet)]
    /// struct Applied { op: Op, ok: bool }
    ///
    /// # let registry = Registry::new();
    /// let applied: Family<Applied, Counter> = registry.counter("applied_total", "Changes applied.").family()?;
    /// applied.init_all();
    /// let labels = [("op", "delete"), ("ok", "false")];
    /// assert_eq!(registry.sample_value("applied_total", &labels), Some(0.0));
    /// # Ok::<(), streamgauge::Error>(())
    /// ```
    ///
    /// ```compile_fail
    /// # use streamgauge::{Counter, Family, LabelSet};
    /// #[derive(LabelSet)]
    /// struct Table { table: String, ok: bool }
    /// # let family = Family::<Table, Counter>::noop();
    /// family.init_all(); // there is no end of tables
    /// ```
    pub fn init_all(&self) {
        const {
            assert!(
                combinations::<L>() > 0,
                "init_all needs a label set in which every label is an enum or a bool, with at most 4096 combinations"
            );
        }
        Combination::<L>::all().for_each(|labels| self.init(&labels));
    }

    /// Switches the family on or off whatever the registry's [`Level`](crate::Level), or back to the level; all
    /// families of its name. Of a family of sets: the families of all its metrics.
    pub fn switch(&self, switch: Switch) {
        if let Some(lookup) = &self.lookup {
            lookup.store.switch(switch);
        }
    }

    /// Returns whether the family is on, of a family of sets whether one of its metrics is: what costs more than
    /// recording, such as reading the clock, can be left out for one that is off.
    #[inline]
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.lookup.as_ref().is_some_and(|lookup| lookup.store.is_on())
    }

    /// Removes the series of a label set; returns whether it did. Its final value is exposed once more. Nothing is
    /// removed where there is no such series, or where [nothing can be freed](crate::Stats::refused_removals).
    #[doc(alias = "remove_label_values")]
    pub fn remove<Q>(&self, labels: &Q) -> bool
    where
        Q: LabelSet<Family = L::Family>,
    {
        let Some(lookup) = self.lookup.as_deref() else { return false };
        removing(|pin| lookup.find_cut(pin, labels).is_some_and(|row| lookup.remove::<M>(pin, row)))
    }

    /// Removes the series for which `keep` returns false, of all that share this family's name and constant labels;
    /// returns how many. `keep` runs without a lock, and may look up, record and remove.
    ///
    /// ```
    /// # use streamgauge::{Counter, Family, LabelSet, Registry};
    /// # #[derive(LabelSet)]
    /// # struct Table<'a> { table: &'a str }
    /// # let registry = Registry::new();
    /// let events: Family<Table<'static>, Counter> = registry.counter("events_total", "Events.").family()?;
    /// events.with(&Table { table: "orders" }, |counter| counter.inc());
    /// events.with(&Table { table: "tmp_1" }, |counter| counter.inc());
    /// let removed = events.retain(|labels| !labels.get("table").is_some_and(|table| table.starts_with("tmp_")));
    /// assert_eq!(removed, 1);
    /// # Ok::<(), streamgauge::Error>(())
    /// ```
    pub fn retain(&self, mut keep: impl FnMut(Labels<'_>) -> bool) -> usize {
        self.remove_where(|store, row| !row.is_overflow() && !keep(Labels::new(&store.desc, row)))
    }

    /// Shows each live series that shares this family's name and constant labels, the overflow series too, in the order
    /// of their creation. `show` runs without a lock, and may look up, record and remove. Series that are made or
    /// removed meanwhile may be shown or not.
    ///
    /// As in [`with`](Self::with) the metric is borrowed, and while this runs what removals have unlinked stays in
    /// memory.
    ///
    /// ```
    /// # use streamgauge::{Registry, LabelSet};
    /// # let registry = Registry::new();
    /// let depth = registry.gauge("queue_depth", "Events that wait.").family_by(["queue"])?;
    /// depth.with(&["in"], |gauge| gauge.set(3.0));
    /// depth.with(&["out"], |gauge| gauge.set(4.0));
    /// let mut all = Vec::new();
    /// depth.for_each(|labels, gauge| all.push((labels.get("queue").unwrap_or_default().into_owned(), gauge.get())));
    /// assert_eq!(all, [("in".to_owned(), 3.0), ("out".to_owned(), 4.0)]);
    /// # Ok::<(), streamgauge::Error>(())
    /// ```
    pub fn for_each(&self, mut show: impl FnMut(Labels<'_>, &M)) {
        let Some(lookup) = self.lookup.as_deref() else { return };
        let pin = Pin::enter();
        for row in lookup.store.live(&pin).filter(|row| lookup.label_map.has_constants(*row)) {
            if let Some(metric) = lookup.view::<M>(row) {
                show(Labels::new(&lookup.store.desc, row), &metric);
            }
        }
    }

    /// Removes all series that share this family's name and constant labels, the overflow series too; returns how many.
    #[doc(alias = "reset")]
    pub fn clear(&self) -> usize {
        self.remove_where(|_, _| true)
    }

    fn remove_where(&self, mut is_doomed: impl FnMut(&FamilyStore, RowRef<'_>) -> bool) -> usize {
        let Some(lookup) = self.lookup.as_deref() else { return 0 };
        lookup.store.remove_where(
            |row| lookup.label_map.has_constants(row) && is_doomed(&lookup.store, row),
            |row| lookup.removed::<M>(row),
        )
    }
}

impl<L, M> Clone for Family<L, M> {
    fn clone(&self) -> Self {
        Self { lookup: self.lookup.clone(), labels: PhantomData }
    }
}

impl<L, M> Default for Family<L, M> {
    /// Makes a family whose metrics are noops.
    fn default() -> Self {
        Self::noop()
    }
}

impl<L, M> fmt::Debug for Family<L, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.lookup.as_ref().map(|lookup| &lookup.store.desc.name);
        f.debug_struct("Family").field("name", &name).finish_non_exhaustive()
    }
}
