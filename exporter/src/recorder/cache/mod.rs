//! What a thread remembers: the handle of each key it has used, so that a macro call takes neither a lock nor a cache
//! line that other threads write.
//!
//! All threads share one bound of bytes ([`limit`]). Within it what was used lately stays: each entry has a mark, which a
//! hit sets and which a hand that goes round takes away; what it finds without mark goes. The hand moves where a thread
//! has to remember something and there is no room: its own hand at once, and for each [`VISIT_BYTES`] that threads could not
//! simply have, that of one other cache in turn, so that a thread that sleeps does not keep what it does not use.
//!
//! Whoever ends a recorder walks no cache. A thread throws out what belongs to recorders that are gone when it next
//! remembers something; for threads that do not, one cache in turn is looked through when a recorder is made, and all
//! when one is scraped.

mod gone;
mod held;
mod key;
mod limit;
mod table;
mod visitors;

use super::{Facade, MetricKindMask};
pub(super) use gone::{RecorderId, forget_where_new};
pub(super) use held::{Cached, Held};
use key::StoredKey;
pub use limit::{cache_bytes, cache_limit, set_cache_limit};
use std::sync::atomic::{AtomicUsize, Ordering};
use streamgauge::bridge::Owner;
use table::{Entry, Table};
pub(super) use visitors::Visitors;

/// Bytes that a thread remembers without room for them, and that another cache is visited for: a visit takes a few
/// microseconds, about as many as ten lookups of keys that are not remembered.
const VISIT_BYTES: usize = 32 << 10;
/// The same of all threads together, of which some may end before they remember so many.
static UNPAID: AtomicUsize = AtomicUsize::new(0);
/// What a visited cache gives at most, and how many used entries it may pass by for that.
const GIVEN_BYTES: usize = 2 * VISIT_BYTES;
const LOOKS: usize = 4096;
/// Entries that go for one that comes, where others take the room before.
const MOST_EVICTED: usize = 64;

/// What one thread remembers of one version of the facade.
pub(super) struct Cache<F: Facade> {
    table: Table<F>,
    /// What was taken of the limit.
    bytes: usize,
    /// How many recorders were gone when their entries were thrown out.
    gone: u64,
}

impl<F: Facade> Cache<F> {
    /// Makes the cache of a thread, and tells the visitors of it.
    pub(super) fn of_thread() -> Owner<Self> {
        let (owner, visitor) = Owner::new(Self { table: Table::new(), bytes: 0, gone: gone::gone() });
        F::visitors().add(visitor);
        owner
    }

    /// Gives the handle of a key, where the thread remembers one.
    #[inline]
    pub(super) fn get<H: Cached>(recorder: &RecorderId, key: &F::Key) -> Option<H> {
        F::with_cache(|owner| owner.with(|cache| cache.find(recorder.number(), key)).flatten()).flatten()
    }

    #[inline(always)]
    fn find<H: Cached>(&mut self, recorder: u64, key: &F::Key) -> Option<H> {
        self.table.find(F::hash(key) as u32, |entry| {
            if entry.recorder != recorder || !entry.key.is(key) {
                return None;
            }
            let handle = H::of(&entry.held)?;
            entry.is_used = true;
            Some(handle)
        })
    }

    /// Remembers the handle of a key.
    pub(super) fn insert<H: Cached>(recorder: &RecorderId, key: &F::Key, handle: &H) {
        if cache_limit() == 0 {
            // What it remembers from before, if it was in the middle of a call when the others had to forget.
            F::with_cache(|owner| owner.with(|cache| cache.shrink_to(1, 0)));
            if cache_bytes() > 0 {
                super::facade::trim_to_limit();
            }
            return;
        }
        let Some(stored) = StoredKey::of(key) else { return };
        let (recorder, held, tag) = (recorder.number(), handle.clone().held(), F::hash(key) as u32);
        let entry = Entry { recorder, key: stored, held, tag, is_used: false };
        let due = F::with_cache(|owner| {
            owner.with(|cache| {
                cache.forget_gone();
                // A call in a destructor of the one before may have come first.
                match cache.find::<H>(recorder, key) {
                    Some(_) => None,
                    None => cache.remember(entry),
                }
            })
        });
        // Outside of the own cache, for it may be the next in turn.
        if let Some(asking) = due.flatten().flatten() {
            if cache_bytes() > cache_limit() {
                // Somebody was in the middle of a call when the limit was lowered.
                super::facade::trim_to_limit();
            } else {
                super::facade::trim_one(asking);
            }
        }
    }

    /// Takes an entry in where there is room, or can be; gives what the cache takes if another one is to be visited.
    fn remember(&mut self, entry: Entry<F>) -> Option<usize> {
        let bytes = entry.heap_bytes();
        let mut evicted = 0;
        loop {
            let growth = self.table.growth();
            if limit::take(bytes + growth) {
                let before = self.table.own_bytes();
                self.table.insert(entry);
                let grown = self.table.own_bytes() - before;
                // A table may be given more than it asks for.
                limit::add(grown - growth);
                self.bytes += bytes + grown;
                break;
            }
            // Not all that the thread remembers for one key that finds no room then.
            if evicted == MOST_EVICTED || self.bytes <= bytes {
                evicted += 1;
                break;
            }
            let Some(unused) = self.table.take_unused(None) else {
                // Nothing is left to evict, and what has room for entries is of no use without any.
                self.change(|table| {
                    table.shrink_to_fit();
                    0
                });
                evicted += 1;
                break;
            };
            self.give_back(unused.heap_bytes());
            evicted += 1;
        }
        if evicted == 0 {
            return None;
        }
        // Relaxed: a count. Of two that reach the sum at once both visit.
        if UNPAID.fetch_add(bytes, Ordering::Relaxed) + bytes < VISIT_BYTES {
            return None;
        }
        UNPAID.store(0, Ordering::Relaxed);
        Some(self.bytes)
    }

    fn give_back(&mut self, bytes: usize) {
        self.bytes -= bytes;
        limit::give_back(bytes);
    }

    /// Lets the table change, and gives back what it took before and does not any more.
    fn change(&mut self, change: impl FnOnce(&mut Table<F>) -> usize) {
        let before = self.table.own_bytes();
        let freed = change(&mut self.table);
        self.table.shrink();
        self.give_back(freed + before - self.table.own_bytes());
    }

    /// Throws out what belongs to recorders that are gone: they hold their series.
    fn forget_gone(&mut self) {
        let gone = gone::gone();
        if gone != self.gone {
            self.gone = gone;
            self.change(|table| {
                gone::with_living(|is_living| table.retain(|entry: &Entry<F>| is_living(entry.recorder)))
            });
        }
    }

    /// Gives room to others, see [`Visitors::trim_one`].
    fn give_room(&mut self, share: usize, in_any_case: bool) {
        self.forget_gone();
        let beyond = if in_any_case { self.bytes.saturating_sub(share).min(GIVEN_BYTES) } else { 0 };
        self.change(|table| {
            let (mut freed, mut entries, mut looks) = (0, 0, LOOKS);
            while freed + entries * size_of::<Entry<F>>() < GIVEN_BYTES {
                // What is beyond the share goes, used or not.
                let is_beyond = freed + entries * size_of::<Entry<F>>() < beyond;
                let Some(entry) = table.take_unused((!is_beyond).then_some(&mut looks)) else {
                    break;
                };
                freed += entry.heap_bytes();
                entries += 1;
            }
            freed
        });
    }

    /// Gives so much room that it takes `wanted` bytes where it would have taken `used`.
    fn shrink_to(&mut self, used: usize, wanted: usize) {
        let target = (self.bytes as u128 * wanted as u128 / used.max(1) as u128) as usize;
        while self.bytes > target && self.table.len() > 0 {
            self.change(|table| {
                let part = table.len() / 16 + 1;
                let unused = (0..part).map_while(|_| table.take_unused(None));
                let freed = unused.map(|entry| entry.heap_bytes()).sum();
                table.shrink_to_fit();
                freed
            });
        }
    }

    /// Forgets the handles of a recorder, of the kinds that `mask` names, that no user holds: they keep their series.
    pub(super) fn forget_unheld(recorder: &RecorderId, mask: MetricKindMask) {
        F::visitors().each(|cache| {
            cache.change(|table| {
                table.retain(|entry| entry.recorder != recorder.number() || !entry.held.is_unheld(mask))
            });
        });
    }

    /// Has every cache forget recorders that are gone; tells whether all could.
    pub(super) fn forget_gone_in_all() -> bool {
        F::visitors().each(Self::forget_gone)
    }
}

impl<F: Facade> Drop for Cache<F> {
    fn drop(&mut self) {
        limit::give_back(self.bytes);
    }
}
