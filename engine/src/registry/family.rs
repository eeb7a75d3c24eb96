//! A family's handle: from labels to metrics on the stream.

use super::core::Refused;
use super::dense::Dense;
use super::instrument::backend::Backend;
use super::room::Room;
use super::scope::Purpose;
use super::selector::Selector;
use super::{FamilyCore, HandleCache, Instrument, Labels, RecordRef, Scope, SeriesRef, Switch};
use crate::cells::{Pin, Range, count_lost};
use crate::label::{Combination, LabelSet, combinations, unescape};
use crate::sync::{AtomicUsize, Ordering, PlainArc};
use std::fmt;
use std::hash::Hash;
use std::marker::PhantomData;

/// Sets that are made at least between two sweeps of their table.
const SETS_BEFORE_SWEEP: usize = 64;

/// The metrics of one name, told apart by a label set. Made by
/// [`Builder::family`](crate::Builder::family).
///
/// # Performance
/// [`with`](Self::with) hashes the values and compares them with the series found: no lock, no reference
/// count, no allocation on a hit, from any number of threads. The first use of a label set makes its
/// series under the family's mutex.
///
/// Where every label is an enum (`#[derive(LabelValue)]`) or a bool, and there are at most 4096 combinations, the
/// series stand in an array and nothing is hashed or compared: lookup and increment together cost about three increments.
///
/// # Consistency
/// A series is its full label set, never only a hash. Families of one name (from scopes with other constant
/// labels, or with the labels in another order) share their series.
///
/// # Limits
/// A family has at most 10,000 series ([`Builder::limit`](crate::Builder::limit)), a registry a million, a value
/// at most 1024 bytes (longer ones are cut at a character). Past the limit every record goes to one overflow
/// series, in which each label of the set is `__overflow__`, exactly once; removing series makes room again.
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
#[must_use = "a family that nobody looks into stays empty"]
pub struct Family<L, M> {
    /// `None` for the families of a disabled registry.
    inner: Option<PlainArc<Inner<L>>>,
    labels: PhantomData<fn(&L) -> M>,
}

struct Inner<L> {
    core: PlainArc<FamilyCore>,
    /// Of a label set that can be enumerated.
    dense: Dense<L>,
    selector: Selector,
    /// The values and the hash of this handle's overflow series.
    overflow: (Vec<String>, u64),
    /// Of sets: what they are registered in, and the sets still to be made before the table is looked through for
    /// those whose series went without it.
    sets: Option<(Scope, AtomicUsize)>,
}

impl<L: LabelSet, M> Family<L, M> {
    pub(crate) fn new(core: PlainArc<FamilyCore>, selector: Selector) -> Self {
        Self::with_sets(core, selector, None)
    }

    /// Makes a family of sets, which are registered in `scope`.
    pub(crate) fn of_sets(core: PlainArc<FamilyCore>, selector: Selector, scope: Scope) -> Self {
        let sets = (scope, AtomicUsize::new(SETS_BEFORE_SWEEP));
        Self::with_sets(core, selector, Some(sets))
    }

    fn with_sets(core: PlainArc<FamilyCore>, selector: Selector, sets: Option<(Scope, AtomicUsize)>) -> Self {
        let values = selector.overflow_values(core.desc.label_names.len());
        let hash = core.hasher.hash_all(values.iter());
        let dense = Dense::new();
        core.add_dense(&dense);
        Self {
            inner: Some(PlainArc::new(Inner { core, dense, selector, overflow: (values, hash), sets })),
            labels: PhantomData,
        }
    }
}

impl<L, M> Family<L, M> {
    /// Makes a family whose metrics are noops.
    pub const fn noop() -> Self {
        Self { inner: None, labels: PhantomData }
    }
}

impl<L: LabelSet, M: Instrument> Family<L, M> {
    /// Calls `f` with the metric of a label set, which is made on first use.
    ///
    /// The metric is borrowed: nothing is counted or allocated on a hit. `f` may look up again, in this
    /// family too. While it runs, what removals have unlinked stays in memory, so it should not block.
    ///
    /// Where the family is [off](crate::Level) `f` gets a noop.
    #[inline]
    pub fn with<Q, R>(&self, labels: &Q, f: impl FnOnce(&M) -> R) -> R
    where
        Q: LabelSet<Family = L::Family>,
    {
        let Some(inner) = self.inner.as_deref() else { return with_noop(f) };
        let pin = Pin::enter();
        let found = inner.find_if_on(&pin, labels);
        if let Some(metric) = found.and_then(|record| inner.view::<M>(record)) {
            return f(&metric);
        }
        inner.with_created(labels, f)
    }

    /// Gives a handle of one's own for the metric of a label set, which is made on first use.
    ///
    /// Costs two read-modify-writes more than [`with`](Self::with). Where the process has no cells left
    /// the handle is a noop, and the loss is counted in [`stats`](crate::stats()). The handle is a real one also
    /// while the family is [off](crate::Level).
    pub fn get_or_create<Q>(&self, labels: &Q) -> M
    where
        Q: LabelSet<Family = L::Family>,
    {
        let Some(inner) = self.inner.as_deref() else { return M::default() };
        let pin = Pin::enter();
        let found = inner.dense_or_hashed(&pin, labels);
        if let Some(metric) = found.and_then(|record| inner.view::<M>(record)).and_then(|view| M::owned(&view)) {
            return metric;
        }
        inner.create(&pin, labels)
    }

    /// Makes a cache from a small key of the stream to handles of this family, for one thread or task.
    pub fn handle_cache<K: Copy + Eq + Hash>(&self) -> HandleCache<K, L, M> {
        let room = self.inner.as_deref().map(|inner| inner.core.room.clone());
        HandleCache::new(self.clone(), room.unwrap_or_else(|| PlainArc::new(Room::new())))
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
    /// families of its name.
    pub fn switch(&self, switch: Switch) {
        if let Some(inner) = &self.inner {
            inner.core.switch(switch);
        }
    }

    /// Tells whether the family is on: what costs more than recording, as reading the clock, need not be done for one
    /// that is off.
    #[inline]
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.inner.as_ref().is_some_and(|inner| inner.core.is_on())
    }

    /// Removes the series of a label set; tells whether there was one. Its final value is exposed once more.
    pub fn remove<Q>(&self, labels: &Q) -> bool
    where
        Q: LabelSet<Family = L::Family>,
    {
        let Some(inner) = self.inner.as_deref() else { return false };
        let pin = Pin::enter();
        inner.find_hashed(&pin, labels).is_some_and(|record| inner.remove::<M>(&pin, record))
    }

    /// Removes the series for which `keep` says no, of all that share this family's name and constant labels;
    /// gives how many. `keep` runs without a lock, and may look up, record and remove.
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
        let Some(inner) = self.inner.as_deref() else { return 0 };
        let pin = Pin::enter();
        let records = inner.core.records(&pin).iter().filter(|record| record.removal() == 0);
        let own = records.filter(|record| !record.is_exempt() && inner.selector.has_constants(*record));
        let doomed = own.filter(|record| !keep(Labels::new(&inner.core.desc.label_names, *record)));
        doomed.filter(|record| inner.remove::<M>(&pin, *record)).count()
    }

    /// Removes all series that share this family's name and constant labels; gives how many.
    pub fn clear(&self) -> usize {
        self.retain(|_| false)
    }
}

impl<L: LabelSet> Inner<L> {
    /// Finds the record of a label set, by its number where it has one and the number is known.
    #[inline(always)]
    fn dense_or_hashed<'p, Q: LabelSet>(&'p self, pin: &'p Pin, labels: &Q) -> Option<RecordRef<'p>> {
        self.dense.get(pin, labels).or_else(|| self.find_hashed(pin, labels))
    }

    /// As [`dense_or_hashed`](Self::dense_or_hashed), but finds nothing while the family is off, and leaves the rest to
    /// [`with_created`](Self::with_created).
    #[inline(always)]
    fn find_if_on<'p, Q: LabelSet>(&'p self, pin: &'p Pin, labels: &Q) -> Option<RecordRef<'p>> {
        if const { Dense::<L>::serves::<Q>() } {
            // Empty while the family is off.
            return self.dense.get(pin, labels);
        }
        if self.core.is_on() { self.find_hashed(pin, labels) } else { None }
    }

    #[inline(always)]
    fn find_hashed<'p, Q: LabelSet>(&'p self, pin: &'p Pin, labels: &Q) -> Option<RecordRef<'p>> {
        let hash = self.selector.hash(labels);
        self.core.table.find(pin, hash, |record| self.selector.matches(record, labels))
    }

    /// Calls `f` with the metric of a label set that was not found. Apart, so that the lookup is small.
    #[cold]
    #[inline(never)]
    fn with_created<M: Backend, Q: LabelSet, R>(&self, labels: &Q, f: impl FnOnce(&M) -> R) -> R {
        // The caller is pinned too: a reference to its pin would keep that out of registers.
        if self.core.is_on() { f(&self.create(&Pin::enter(), labels)) } else { with_noop(f) }
    }

    #[inline(always)]
    fn view<'r, M: Backend>(&self, record: RecordRef<'r>) -> Option<M::View<'r>> {
        M::view(record, &self.core)
    }

    /// Removes a series, or all of a set.
    fn remove<M: Backend>(&self, pin: &Pin, record: RecordRef<'_>) -> bool {
        let removed = self.core.remove(pin, record, false);
        if removed && M::IS_SET {
            let values: Vec<_> = record.values(&self.core.desc.label_names).map(unescape).collect();
            if let Some(scope) = self.scope_of(values.iter()) {
                M::remove_members(&scope);
            }
        }
        removed
    }

    /// Gives the scope in which the set with these values is registered.
    fn scope_of(&self, values: impl Iterator<Item = impl AsRef<str>>) -> Option<Scope> {
        let (scope, _) = self.sets.as_ref()?;
        let own = scope.labels().len();
        // The family's order: constant labels, which the scope has, then those of the set.
        let labels = self.core.desc.label_names.iter().zip(values).skip(own);
        Some(labels.fold(scope.clone(), |scope, (name, value)| scope.label(name, value.as_ref())))
    }

    /// Makes the storage of a set; `None` of single metrics, and where a series was removed meanwhile.
    fn prepare<M: Backend>(&self, values: &[String], exempt: bool) -> Result<Option<SeriesRef>, Refused> {
        let room = &self.core.room;
        let generation = room.generation();
        let Some(scope) = self.scope_of(values.iter()) else { return Ok(None) };
        let scope = if exempt { scope.meant_to(Purpose::MakeOverflow) } else { scope };
        let prepared = M::prepare(&scope, room);
        if matches!(prepared, Err(Refused::Full)) && !exempt {
            room.refuse(generation);
        }
        prepared
    }

    /// Once in a while takes the sets out of the table that have lost a series to a removal elsewhere.
    fn sweep_sets<M: Backend>(&self, pin: &Pin) {
        let Some((_, left)) = &self.sets else { return };
        // Relaxed: only says when; the count may be off by the sets of other threads.
        if left.fetch_sub(1, Ordering::Relaxed) != 1 {
            return;
        }
        let mut live = 0;
        for record in self.core.records(pin).iter().filter(|record| record.removal() == 0) {
            match self.view::<M>(record) {
                Some(_) => live += 1,
                None => drop(self.core.remove(pin, record, false)),
            }
        }
        // Relaxed: as above. As many as there are, so that sweeping costs each set a constant.
        left.store(SETS_BEFORE_SWEEP.max(live), Ordering::Relaxed);
    }

    /// Gives a handle of a label set that was not found: of a new series, or of the overflow series.
    #[cold]
    #[inline(never)]
    fn create<M: Backend, Q: LabelSet>(&self, pin: &Pin, labels: &Q) -> M {
        let values = self.selector.values(labels, self.core.desc.limits.value_bytes);
        let hash = self.core.hasher.hash_all(values.iter());
        let (overflow_values, overflow_hash) = &self.overflow;
        // A series may be removed between finding it and holding it; then the next one is made.
        for _ in 0..8 {
            // A set without labels has one series, and no other to overflow into.
            if values == *overflow_values && !Q::NAMES.is_empty() {
                break;
            }
            match self.insert::<M>(pin, hash, &values, false) {
                Ok(Some((metric, record))) => {
                    if let Some(slot) = self.dense.slot(labels) {
                        self.core.fill_dense(pin, slot, record);
                    }
                    return metric;
                }
                Ok(None) => {}
                Err(_) => break,
            }
        }
        self.core.count_overflow();
        let metric = self.insert::<M>(pin, *overflow_hash, overflow_values, true).ok().flatten();
        metric.map(|(metric, _)| metric).unwrap_or_else(|| {
            count_lost();
            M::default()
        })
    }

    /// Finds or makes a series and gives its handle and record; `None` where it was removed meanwhile.
    fn insert<'p, M: Backend>(
        &'p self,
        pin: &'p Pin,
        hash: u64,
        values: &[String],
        exempt: bool,
    ) -> Result<Option<(M, RecordRef<'p>)>, Refused> {
        let layout = self.core.desc.layout.as_deref();
        let mut found = self.core.find_values(pin, hash, values);
        if M::IS_SET
            && let Some(record) = found
            && self.view::<M>(record).is_none()
        {
            // A series of the set was removed elsewhere.
            self.core.remove(pin, record, false);
            found = None;
        }
        let record = match found {
            Some(record) => record,
            // Without the mutex while there is no room: a flood of new values must not make lookups queue.
            None if !exempt && self.core.room.is_full() => return Err(Refused::Full),
            None if M::IS_SET => {
                let Some(series) = self.prepare::<M>(values, exempt)? else { return Ok(None) };
                let make = |_| Ok((series.clone(), Range::SCRATCH));
                let record = self.core.get_or_insert(pin, hash, values, exempt, &make)?;
                self.sweep_sets::<M>(pin);
                record
            }
            None => self.core.get_or_insert(pin, hash, values, exempt, &|created| M::create(layout, created))?,
        };
        Ok(self.view::<M>(record).and_then(|view| Some((M::owned(&view)?, record))))
    }
}

/// Calls `f` with a noop. Apart, so that a lookup does not hold what drops one.
#[cold]
#[inline(never)]
fn with_noop<M: Default, R>(f: impl FnOnce(&M) -> R) -> R {
    f(&M::default())
}

impl<L, M> Clone for Family<L, M> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), labels: PhantomData }
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
        let name = self.inner.as_ref().map(|inner| &inner.core.desc.name);
        f.debug_struct("Family").field("name", &name).finish_non_exhaustive()
    }
}
