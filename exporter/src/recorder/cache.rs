//! What a thread remembers: the handle of each key it has used, so that a macro call takes neither a lock nor a cache
//! line that other threads write.

use super::Facade;
use super::handles::{Counted, Gauged, Observed};
use hashbrown::HashTable;
use parking_lot::{Mutex, RwLock};
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use streamgauge::bridge::{Owner, Visitor};

/// Keys of one kind that a thread remembers; with one more it begins anew.
const MOST_ENTRIES: usize = 8192;
/// Bytes of the text of a key that is remembered.
const LONGEST_KEY: usize = 2048;

/// The numbers of the recorders that exist.
static RECORDERS: RwLock<Option<HashSet<u64>>> = RwLock::new(None);
/// The number of the last recorder.
static LAST: AtomicU64 = AtomicU64::new(0);
/// Counts the recorders that are gone.
static GONE: AtomicU64 = AtomicU64::new(0);

/// The number of a recorder: what tells its entries from those of others.
#[derive(Debug)]
pub(super) struct RecorderId(u64);

impl RecorderId {
    pub(super) fn new() -> Self {
        // Relaxed: only has to be unique.
        let id = LAST.fetch_add(1, Ordering::Relaxed) + 1;
        RECORDERS.write().get_or_insert_default().insert(id);
        Self(id)
    }
}

impl Drop for RecorderId {
    fn drop(&mut self) {
        if let Some(recorders) = RECORDERS.write().as_mut() {
            recorders.remove(&self.0);
        }
        // Release: a thread that sees it finds the recorder gone.
        GONE.fetch_add(1, Ordering::Release);
    }
}

/// One kind of handle.
pub(super) trait Cached<F: Facade>: Clone + Sized {
    fn table(cache: &mut Cache<F>) -> &mut Table<F, Self>;

    /// Tells whether no user holds it, only the cache.
    fn is_unheld(&self) -> bool;
}

/// What one thread remembers of one version of the facade.
pub(super) struct Cache<F: Facade> {
    counters: Table<F, Arc<Counted>>,
    gauges: Table<F, Arc<Gauged>>,
    histograms: Table<F, Observed>,
    /// `GONE` when the entries of recorders that are gone were thrown out.
    gone: u64,
}

pub(super) struct Table<F: Facade, H>(HashTable<Entry<F, H>>);

struct Entry<F: Facade, H> {
    recorder: u64,
    hash: u64,
    key: F::Key,
    handle: H,
}

impl<F: Facade, H> Table<F, H> {
    const fn new() -> Self {
        Self(HashTable::new())
    }
}

impl<F: Facade> Cached<F> for Arc<Counted> {
    #[inline(always)]
    fn table(cache: &mut Cache<F>) -> &mut Table<F, Self> {
        &mut cache.counters
    }

    fn is_unheld(&self) -> bool {
        Arc::strong_count(self) == 1
    }
}

impl<F: Facade> Cached<F> for Arc<Gauged> {
    #[inline(always)]
    fn table(cache: &mut Cache<F>) -> &mut Table<F, Self> {
        &mut cache.gauges
    }

    fn is_unheld(&self) -> bool {
        Arc::strong_count(self) == 1
    }
}

impl<F: Facade> Cached<F> for Observed {
    #[inline(always)]
    fn table(cache: &mut Cache<F>) -> &mut Table<F, Self> {
        &mut cache.histograms
    }

    fn is_unheld(&self) -> bool {
        Observed::is_unheld(self)
    }
}

impl<F: Facade> Cache<F> {
    /// Makes the cache of a thread, and tells the visitors of it.
    pub(super) fn of_thread() -> Owner<Self> {
        // Acquire: pairs with the Release of RecorderId::drop.
        let gone = GONE.load(Ordering::Acquire);
        let cache = Self { counters: Table::new(), gauges: Table::new(), histograms: Table::new(), gone };
        let (owner, visitor) = Owner::new(cache);
        F::visitors().add(visitor);
        owner
    }

    /// Gives the handle of a key, where the thread remembers one.
    #[inline]
    pub(super) fn get<H: Cached<F>>(recorder: &RecorderId, key: &F::Key) -> Option<H> {
        F::with_cache(|owner| owner.with(|cache| H::table(cache).get(recorder.0, key)).flatten()).flatten()
    }

    /// Remembers the handle of a key.
    pub(super) fn insert<H: Cached<F>>(recorder: &RecorderId, key: &F::Key, handle: &H) {
        let labels = F::labels(key).iter().map(F::pair);
        let bytes = labels.fold(F::name(key).len(), |sum, (name, value)| sum + name.len() + value.len());
        if bytes > LONGEST_KEY {
            return;
        }
        F::with_cache(|owner| {
            owner.with(|cache| {
                cache.forget_gone();
                H::table(cache).insert(recorder.0, key, handle.clone());
            })
        });
    }

    /// Throws out what belongs to recorders that are gone: they hold their series.
    fn forget_gone(&mut self) {
        // Acquire: pairs with the Release of RecorderId::drop.
        let gone = GONE.load(Ordering::Acquire);
        if gone != self.gone {
            self.gone = gone;
            let recorders = RECORDERS.read();
            self.retain(|recorder| recorders.as_ref().is_some_and(|recorders| recorders.contains(&recorder)));
        }
    }

    fn retain(&mut self, keep: impl Fn(u64) -> bool) {
        self.counters.0.retain(|entry| keep(entry.recorder));
        self.gauges.0.retain(|entry| keep(entry.recorder));
        self.histograms.0.retain(|entry| keep(entry.recorder));
    }

    /// Forgets the handles of one kind that no user holds, so that they do not keep their series.
    pub(super) fn forget_unheld<H: Cached<F>>(recorder: &RecorderId) {
        F::visitors().each(|cache| {
            H::table(cache).0.retain(|entry| entry.recorder != recorder.0 || !entry.handle.is_unheld());
        });
    }

    /// Forgets all handles of a recorder.
    pub(super) fn forget(recorder: &RecorderId) {
        F::visitors().each(|cache| cache.retain(|other| other != recorder.0));
    }
}

impl<F: Facade, H: Cached<F>> Table<F, H> {
    #[inline(always)]
    fn get(&self, recorder: u64, key: &F::Key) -> Option<H> {
        let hash = F::hash(key);
        let is_same =
            |entry: &Entry<F, H>| entry.hash == hash && entry.recorder == recorder && is_same::<F>(&entry.key, key);
        self.0.find(hash, is_same).map(|entry| entry.handle.clone())
    }

    fn insert(&mut self, recorder: u64, key: &F::Key, handle: H) {
        let hash = F::hash(key);
        if self.0.len() >= MOST_ENTRIES {
            // Memory has a bound; who uses more keys than that pays for a lookup now and then.
            self.0.clear();
        }
        // A call in a destructor of the one before may have come first.
        let is_same =
            |entry: &Entry<F, H>| entry.hash == hash && entry.recorder == recorder && is_same::<F>(&entry.key, key);
        if self.0.find(hash, is_same).is_none() {
            self.0.insert_unique(hash, Entry { recorder, hash, key: key.clone(), handle }, |entry| entry.hash);
        }
    }
}

/// Tells whether two keys have the same name and the same labels in the same order. Those in another order get an entry
/// of their own, and the same series.
#[inline(always)]
fn is_same<F: Facade>(a: &F::Key, b: &F::Key) -> bool {
    let (own, other) = (F::labels(a), F::labels(b));
    is_same_text(F::name(a), F::name(b))
        && own.len() == other.len()
        // The labels of a macro with literals are a static, which both keys refer to.
        && (own.as_ptr() == other.as_ptr() || are_same_labels::<F>(own, other))
}

#[inline]
fn are_same_labels<F: Facade>(a: &[F::Label], b: &[F::Label]) -> bool {
    a.iter().map(F::pair).zip(b.iter().map(F::pair)).all(|((name, value), (other_name, other_value))| {
        is_same_text(name, other_name) && is_same_text(value, other_value)
    })
}

#[inline(always)]
fn is_same_text(a: &str, b: &str) -> bool {
    a.len() == b.len() && (a.as_ptr() == b.as_ptr() || a == b)
}

/// The caches of all threads that use one version of the facade.
pub(super) struct Visitors<F: Facade>(Mutex<Vec<Visitor<Cache<F>>>>);

impl<F: Facade> Visitors<F> {
    pub(super) const fn new() -> Self {
        Self(Mutex::new(Vec::new()))
    }

    fn add(&self, visitor: Visitor<Cache<F>>) {
        let mut visitors = self.0.lock();
        if visitors.len() == visitors.capacity() {
            // Before the list grows, so that looking costs each thread a constant.
            visitors.retain(|visitor| !visitor.is_gone());
        }
        visitors.push(visitor);
    }

    /// Visits every cache whose owner is not in it just now: that one stays as it is until the next time.
    fn each(&self, mut visit: impl FnMut(&mut Cache<F>)) {
        let visitors: Vec<_> = self.0.lock().clone();
        for visitor in visitors {
            visitor.visit(&mut visit);
        }
    }
}
