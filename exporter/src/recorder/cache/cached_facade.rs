//! The caches of one version of the facade: that of this thread, and those of all.

use streamgauge::bridge::ThreadOwned;

use super::gone::RecorderId;
use super::held::Cached;
use super::key::StoredKey;
use super::limit::{cache_bytes, cache_limit};
use super::table::Entry;
use super::thread_cache::ThreadCache;
use super::visitors::Visitors;
use crate::recorder::facade::Facade;
use crate::recorder::kind::MetricKindMask;

/// What is due in other caches once something was remembered. For who knows all versions to do, and outside of the own
/// cache, for that may be the next in turn.
#[derive(Clone, Copy, Debug)]
#[must_use = "without it the limit does not hold"]
pub(in crate::recorder) enum Due {
    Nothing,
    /// One cache has to give room to a thread whose cache has so many bytes.
    RoomFor {
        asking: usize,
    },
    /// Threads remember more than the limit: somebody was in the middle of a call when it was lowered.
    Limit,
}

/// A version of the facade of whose keys each thread has a cache.
pub(in crate::recorder) trait CachedFacade: Facade {
    /// Shows the cache of this thread to `f`; `None`, without a call, where the thread is ending.
    fn with_cache<R>(f: impl FnOnce(&ThreadOwned<ThreadCache<Self>>) -> R) -> Option<R>;

    /// Returns the caches of all threads.
    fn visitors() -> &'static Visitors<Self>;

    /// Makes the cache of a thread, and tells the visitors of it.
    fn new_cache() -> ThreadOwned<ThreadCache<Self>> {
        let (owner, visitor) = ThreadOwned::new(ThreadCache::new());
        Self::visitors().add(visitor);
        owner
    }

    /// Returns the handle of a key, where this thread remembers one.
    #[inline]
    fn remembered<H: Cached>(recorder: &RecorderId, key: &Self::Key) -> Option<H> {
        Self::with_cache(|owner| owner.with(|cache| cache.find(recorder.number(), key)).flatten()).flatten()
    }

    /// Remembers the handle of a key in this thread.
    fn remember<H: Cached>(recorder: &RecorderId, key: &Self::Key, handle: &H) -> Due {
        if cache_limit() == 0 {
            // What it remembers from before, if it was in the middle of a call when the others had to forget.
            Self::with_cache(|owner| owner.with(|cache| cache.shrink_to(1, 0)));
            return if cache_bytes() > 0 { Due::Limit } else { Due::Nothing };
        }
        let Some(stored) = StoredKey::of(key) else { return Due::Nothing };
        let (recorder, held, tag) = (recorder.number(), handle.clone().held(), Self::hash(key) as u32);
        let entry = Entry { recorder, key: stored, held, tag, is_used: false };
        let asking = Self::with_cache(|owner| {
            owner.with(|cache| {
                cache.forget_gone();
                // A call in a destructor of the one before may have come first.
                match cache.find::<H>(recorder, key) {
                    Some(_) => None,
                    None => cache.remember(entry),
                }
            })
        });
        match asking.flatten().flatten() {
            None => Due::Nothing,
            Some(_) if cache_bytes() > cache_limit() => Due::Limit,
            Some(asking) => Due::RoomFor { asking },
        }
    }

    /// Has every cache forget the handles of a recorder, of the kinds that `mask` names, that no user holds.
    fn forget_unheld(recorder: &RecorderId, mask: MetricKindMask) {
        Self::visitors().each(|cache| cache.forget_unheld(recorder, mask));
    }

    /// Has every cache forget recorders that are gone; returns whether all could.
    fn forget_gone_in_all() -> bool {
        Self::visitors().each(ThreadCache::forget_gone)
    }
}
