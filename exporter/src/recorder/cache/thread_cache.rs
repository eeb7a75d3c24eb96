//! The cache of one thread and one version of the facade: what it remembers within the bound, and how it gives room.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::gone::{self, RecorderId};
use super::held::Cached;
use super::limit;
use super::table::{Entry, Table};
use crate::recorder::facade::Facade;
use crate::recorder::kind::MetricKindMask;

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
pub(in crate::recorder) struct ThreadCache<F: Facade> {
    table: Table<F>,
    /// What was taken of the limit.
    bytes: usize,
    /// How many recorders were gone when their entries were thrown out.
    gone: u64,
}

impl<F: Facade> ThreadCache<F> {
    /// Makes a cache that remembers nothing.
    pub(super) fn new() -> Self {
        Self { table: Table::new(), bytes: 0, gone: gone::gone() }
    }

    /// Returns the handle of a key, where it remembers one.
    #[inline(always)]
    pub(super) fn find<H: Cached>(&mut self, recorder: u64, key: &F::Key) -> Option<H> {
        self.table.find(F::hash(key) as u32, |entry| {
            if entry.recorder != recorder || !entry.key.is(key) {
                return None;
            }
            let handle = H::of(&entry.held)?;
            entry.is_used = true;
            Some(handle)
        })
    }

    /// Takes an entry in where there is room, or can be; returns what the cache takes if another one is to be visited.
    pub(super) fn remember(&mut self, entry: Entry<F>) -> Option<usize> {
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
    pub(super) fn forget_gone(&mut self) {
        let gone = gone::gone();
        if gone != self.gone {
            self.gone = gone;
            self.change(|table| {
                gone::with_living(|is_living| table.retain(|entry: &Entry<F>| is_living(entry.recorder)))
            });
        }
    }

    /// Forgets the handles of a recorder, of the kinds that `mask` names, that no user holds: they keep their series.
    pub(super) fn forget_unheld(&mut self, recorder: &RecorderId, mask: MetricKindMask) {
        self.change(|table| table.retain(|entry| entry.recorder != recorder.number() || !entry.held.is_unheld(mask)));
    }

    /// Gives room to others, see `Visitors::trim_one`.
    pub(super) fn give_room(&mut self, share: usize, in_any_case: bool) {
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
    pub(super) fn shrink_to(&mut self, used: usize, wanted: usize) {
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
}

impl<F: Facade> Drop for ThreadCache<F> {
    fn drop(&mut self) {
        limit::give_back(self.bytes);
    }
}
