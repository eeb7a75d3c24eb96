//! A family's handle: from labels to metrics on the stream.

use super::instrument::backend::Backend;
use super::selector::Selector;
use super::{FamilyCore, Instrument, RecordRef};
use crate::cells::{Pin, count_lost};
use crate::label::LabelSet;
use crate::sync::PlainArc;
use std::fmt;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;

/// The metrics of one name, told apart by a label set. Made by
/// [`Builder::family`](crate::Builder::family).
///
/// # Performance
/// [`with`](Self::with) hashes the values and compares them with the series found: no lock, no reference
/// count, no allocation on a hit, from any number of threads. The first use of a label set makes its
/// series under the family's mutex.
///
/// # Consistency
/// A series is its full label set, never only a hash. Families of one name (from scopes with other constant
/// labels, or with the labels in another order) share their series.
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
    inner: Option<PlainArc<Inner>>,
    labels: PhantomData<fn(&L) -> M>,
}

#[derive(Debug)]
struct Inner {
    core: PlainArc<FamilyCore>,
    selector: Selector,
}

impl<L, M> Family<L, M> {
    pub(crate) fn new(core: PlainArc<FamilyCore>, selector: Selector) -> Self {
        Self { inner: Some(PlainArc::new(Inner { core, selector })), labels: PhantomData }
    }

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
    #[inline]
    pub fn with<Q, R>(&self, labels: &Q, f: impl FnOnce(&M) -> R) -> R
    where
        Q: LabelSet<Family = L::Family>,
    {
        let Some(inner) = self.inner.as_deref() else { return f(&M::default()) };
        let hash = inner.selector.hash(labels);
        let pin = Pin::enter();
        let found = inner.core.table.find(&pin, hash, |record| inner.selector.matches(record, labels));
        if let Some(metric) = found.and_then(|record| inner.view::<M>(record)) {
            return f(&metric);
        }
        drop(pin);
        f(&inner.create(hash, labels))
    }

    /// Gives a handle of one's own for the metric of a label set, which is made on first use.
    ///
    /// Costs two read-modify-writes more than [`with`](Self::with). Where the process has no cells left
    /// the handle is a noop, and the loss is counted in [`stats`](crate::stats()).
    pub fn get_or_create<Q>(&self, labels: &Q) -> M
    where
        Q: LabelSet<Family = L::Family>,
    {
        let Some(inner) = self.inner.as_deref() else { return M::default() };
        let hash = inner.selector.hash(labels);
        let pin = Pin::enter();
        let found = inner.core.table.find(&pin, hash, |record| inner.selector.matches(record, labels));
        if let Some(metric) = found.and_then(|record| inner.view::<M>(record)).and_then(|view| M::owned(&view)) {
            return metric;
        }
        drop(pin);
        inner.create(hash, labels)
    }
}

impl Inner {
    #[inline(always)]
    fn view<M: Backend>(&self, record: RecordRef<'_>) -> Option<ManuallyDrop<M>> {
        M::view(record, self.core.desc.layout.as_ref())
    }

    #[cold]
    #[inline(never)]
    fn create<M: Backend>(&self, hash: u64, labels: &impl LabelSet) -> M {
        let values = self.selector.values(labels);
        let layout = self.core.desc.layout.as_deref();
        let record = self.core.get_or_insert(hash, &values, || M::create(layout));
        let metric = record.ok().and_then(|record| self.view::<M>(record)).and_then(|view| M::owned(&view));
        metric.unwrap_or_else(|| {
            count_lost();
            M::default()
        })
    }
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
