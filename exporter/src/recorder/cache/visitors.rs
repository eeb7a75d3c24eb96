//! The caches of all threads, for those who look into the caches of others.

use std::thread;

use parking_lot::Mutex;
use streamgauge::bridge::RemoteAccess;

use super::limit::cache_limit;
use super::thread_cache::ThreadCache;
use crate::recorder::facade::Facade;

/// How often a cache is visited whose owner is in it each time.
const TRIES: usize = 100;

/// The caches of all threads that use one version of the facade.
pub(in crate::recorder) struct Visitors<F: Facade>(Mutex<List<F>>);

struct List<F: Facade> {
    visitors: Vec<RemoteAccess<ThreadCache<F>>>,
    /// Whose turn it is to give room.
    hand: usize,
}

impl<F: Facade> Visitors<F> {
    pub(in crate::recorder) const fn new() -> Self {
        Self(Mutex::new(List { visitors: Vec::new(), hand: 0 }))
    }

    pub(super) fn add(&self, visitor: RemoteAccess<ThreadCache<F>>) {
        let List { visitors, .. } = &mut *self.0.lock();
        if visitors.len() == visitors.capacity() {
            // Before the list grows, so that looking costs each thread a constant.
            visitors.retain(|visitor| !visitor.is_gone());
        }
        visitors.push(visitor);
    }

    /// Returns the next cache in turn, and how many there are.
    fn next(&self) -> Option<(RemoteAccess<ThreadCache<F>>, usize)> {
        let List { visitors, hand } = &mut *self.0.lock();
        while !visitors.is_empty() {
            *hand = if *hand + 1 < visitors.len() { *hand + 1 } else { 0 };
            if !visitors[*hand].is_gone() {
                return Some((visitors[*hand].clone(), visitors.len()));
            }
            visitors.swap_remove(*hand);
        }
        None
    }

    /// Visits every cache whose owner is not in it just now: that one stays as it is until the next time. Returns
    /// whether there was none.
    pub(super) fn each(&self, mut visit: impl FnMut(&mut ThreadCache<F>)) -> bool {
        let visitors: Vec<_> = self.0.lock().visitors.clone();
        let mut all = true;
        for visitor in visitors {
            all &= visitor.visit(&mut visit).is_some() || visitor.is_gone();
        }
        all
    }

    /// Has the next cache in turn forget recorders that are gone.
    pub(in crate::recorder) fn forget_gone_in_one(&self) {
        if let Some((visitor, _)) = self.next() {
            visitor.visit(ThreadCache::forget_gone);
        }
    }

    /// Has the next cache in turn give room for a thread whose cache has so many bytes: what it did not use lately; what it
    /// has beyond its share in any case, where the other has less than half of that.
    pub(in crate::recorder) fn trim_one(&self, asking: usize) {
        if let Some((visitor, caches)) = self.next() {
            let share = cache_limit() / caches;
            visitor.visit(|cache| cache.give_room(share, asking < share / 2));
        }
    }

    /// Has all caches give room, each in proportion, so that all together use `wanted` bytes of the `used` ones.
    ///
    /// A cache whose owner is in it is tried again a few times: a call takes less than a microsecond.
    pub(in crate::recorder) fn trim_all(&self, used: usize, wanted: usize) {
        let visitors: Vec<_> = self.0.lock().visitors.clone();
        for visitor in visitors {
            let visit = || visitor.visit(|cache| cache.shrink_to(used, wanted)).is_some() || visitor.is_gone();
            for _ in 0..TRIES {
                if visit() {
                    break;
                }
                thread::yield_now();
            }
        }
    }
}
