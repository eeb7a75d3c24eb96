//! Handle caches: from a small key of the stream to a handle, for a few nanoseconds.

use super::family::Family;
use super::uncounted::Uncounted;
use crate::registry::declare::Instrument;
use crate::registry::store::Generation;
use crate::sync::{Fault, PlainArc, broken};
use rapidhash::inner::RapidHasher;
use std::fmt;
use std::hash::{BuildHasher, Hash, Hasher, RandomState};

/// Most entries of a cache, unless [`HandleCache::with_capacity`] sets another number.
const DEFAULT_CAPACITY: usize = 4096;
/// Slots of the first table.
const FIRST_SLOTS: usize = 8;

/// Handles of a family's metrics by a small key that the stream carries anyway: a relation id, a partition. Made
/// by [`Family::handle_cache`].
///
/// It belongs to one thread or task: give each its own.
///
/// # Performance
/// A hit hashes the key, compares it, and loads one word that only removals write: no lock, no read-modify-write,
/// no allocation, a few nanoseconds.
///
/// # Consistency
/// A cached handle does not keep its series from expiring. When series of the family are removed, or there is
/// room again after a limit was reached, the next use of the cache drops the entries of removed series and
/// those that record into the overflow series; their keys are looked up again. That costs a few nanoseconds an entry.
///
/// A handle that the closure takes from another family is kept too, but only changes of the cache's own
/// family make it look at its entries.
///
/// # Limits
/// At most 4096 entries ([`with_capacity`](Self::with_capacity)). A key too many empties the cache: keys that are
/// in use come back at the cost of a lookup each, and hits need not note when they were.
///
/// # Examples
/// ```
/// use streamgauge::{Counter, Family, LabelSet, Registry};
///
/// #[derive(LabelSet)]
/// struct Table<'a> {
///     table: &'a str,
/// }
///
/// let registry = Registry::new();
/// let events: Family<Table<'static>, Counter> = registry.counter("source_events_total", "Events.").family()?;
/// let mut cache = events.handle_cache::<u32>();
/// for relation_id in [16_384, 16_385, 16_384] {
///     let name = |id| if id == 16_384 { "orders" } else { "users" };
///     cache
///         .get_or_insert_with(relation_id, |family| family.get_or_create(&Table { table: name(relation_id) }))
///         .inc();
/// }
/// assert_eq!(registry.sample_value("source_events_total", &[("table", "orders")]), Some(2.0));
/// # Ok::<(), streamgauge::Error>(())
/// ```
#[must_use = "a cache that is not used caches nothing"]
pub struct HandleCache<K, L, M: Instrument> {
    family: Family<L, M>,
    generation: PlainArc<Generation>,
    /// The generation in which every entry was alive, and no overflow entry could have had a series of its own.
    seen: u64,
    /// A power of two of them, at most half taken: open addressing with linear probing.
    slots: Box<[Option<Entry<K, M>>]>,
    /// Moves the best bits of a hash to the place of an index.
    shift: u32,
    len: usize,
    capacity: usize,
    /// Seeded for each cache: keys may come from outside.
    hasher: RapidHasher<'static, false, false>,
    /// What is returned where there is nothing else: never, but the compiler cannot know that.
    noop: M,
}

struct Entry<K, M: Instrument> {
    key: K,
    metric: Uncounted<M>,
}

fn empty<K, M: Instrument>(slots: usize) -> Box<[Option<Entry<K, M>>]> {
    std::iter::repeat_with(|| None).take(slots).collect()
}

impl<K: Copy + Eq + Hash, L, M: Instrument> HandleCache<K, L, M> {
    pub(crate) fn new(family: Family<L, M>, generation: PlainArc<Generation>) -> Self {
        Self {
            seen: generation.now(),
            family,
            generation,
            slots: empty(FIRST_SLOTS),
            shift: u64::BITS - FIRST_SLOTS.ilog2(),
            len: 0,
            capacity: DEFAULT_CAPACITY,
            hasher: RapidHasher::new(RandomState::new().hash_one(0)),
            noop: M::default(),
        }
    }

    /// Sets how many entries there are at most; 0 counts as 1.
    pub fn with_capacity(mut self, entries: usize) -> Self {
        self.capacity = entries.max(1);
        if self.len > self.capacity {
            self.clear();
        }
        self
    }

    /// Returns the metric of a key; where there is none yet, `make` takes its handle from the family.
    ///
    /// `make` runs outside every lock. Where it panics the cache is as it was. To keep the metric take it from the
    /// family: what this returns does not hold off an idle timeout, and neither would a clone of it if the series has
    /// just expired.
    #[inline]
    pub fn get_or_insert_with(&mut self, key: K, make: impl FnOnce(&Family<L, M>) -> M) -> &M {
        if self.generation.now() != self.seen {
            self.sweep();
        }
        let index = match self.find(key) {
            Ok(index) => index,
            Err(_) => self.insert(key, make),
        };
        match self.slots.get(index) {
            Some(Some(entry)) => &entry.metric,
            _ => &self.noop,
        }
    }

    /// Returns the number of entries.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Returns whether there is no entry.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Drops the entry of a key, where the stream has given the key another meaning; returns whether there was one.
    pub fn remove(&mut self, key: K) -> bool {
        let Ok(index) = self.find(key) else { return false };
        self.take(index);
        true
    }

    /// Drops all entries.
    pub fn clear(&mut self) {
        self.slots.fill_with(|| None);
        self.len = 0;
    }

    /// Returns the slot where the search for a key begins.
    #[inline(always)]
    fn home(&self, key: K) -> usize {
        let mut hasher = self.hasher;
        key.hash(&mut hasher);
        // The high bits: rapidhash ends in a product, whose high bits depend on all bits below.
        (hasher.finish() >> self.shift) as usize
    }

    /// Finds the slot of a key, or the free one that would be its.
    #[inline(always)]
    fn find(&self, key: K) -> Result<usize, usize> {
        let mut index = self.home(key);
        // Ends: at least half of the slots are free.
        while let Some(Some(entry)) = self.slots.get(index) {
            if entry.key == key {
                return Ok(index);
            }
            index = (index + 1) & (self.slots.len() - 1);
        }
        Err(index)
    }

    #[cold]
    #[inline(never)]
    fn insert(&mut self, key: K, make: impl FnOnce(&Family<L, M>) -> M) -> usize {
        // The generation was read before: if the family changes while this runs, the next use looks again.
        let metric = Uncounted::new(make(&self.family));
        if self.len >= self.capacity {
            self.clear();
        }
        if 2 * (self.len + 1) > self.slots.len() {
            self.grow();
        }
        self.put(Entry { key, metric })
    }

    fn put(&mut self, entry: Entry<K, M>) -> usize {
        let (Ok(index) | Err(index)) = self.find(entry.key);
        if let Some(slot) = self.slots.get_mut(index) {
            self.len += usize::from(slot.is_none());
            *slot = Some(entry);
        }
        index
    }

    fn grow(&mut self) {
        let slots = self.slots.len() * 2;
        let old = std::mem::replace(&mut self.slots, empty(slots));
        self.shift -= 1;
        self.len = 0;
        for entry in old.into_iter().flatten() {
            self.put(entry);
        }
    }

    /// Empties a slot, and moves those behind it up so that searches still find them.
    fn take(&mut self, index: usize) {
        let mask = self.slots.len() - 1;
        self.slots[index] = None;
        self.len -= 1;
        let (mut free, mut next) = (index, (index + 1) & mask);
        while let Some(entry) = &self.slots[next] {
            let home = self.home(entry.key);
            // Its search passes the free slot on the way from home to where it is.
            if next.wrapping_sub(home) & mask >= next.wrapping_sub(free) & mask {
                self.slots.swap(free, next);
                free = next;
            }
            next = (next + 1) & mask;
        }
    }

    /// Drops what the family's changes have made stale: entries of removed series, and of the overflow series.
    #[cold]
    #[inline(never)]
    fn sweep(&mut self) {
        // Before the entries are looked at: a removal that comes later is found by the next sweep.
        self.seen = self.generation.now();
        let mut index = 0;
        while let Some(slot) = self.slots.get(index) {
            match slot {
                // Another entry may have moved here, so the slot is looked at again.
                Some(entry) if entry.metric.is_dead() || entry.metric.is_overflow() => self.take(index),
                _ => index += 1,
            }
        }
        if broken(Fault::SweepNotedLate) {
            self.seen = self.generation.now();
        }
    }
}

impl<K, L, M: Instrument> fmt::Debug for HandleCache<K, L, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { family, len, capacity, .. } = self;
        let mut debug = f.debug_struct("HandleCache");
        debug.field("family", family).field("len", len).field("capacity", capacity).finish_non_exhaustive()
    }
}
