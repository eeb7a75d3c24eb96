//! Which recorders exist, so that threads can forget what belongs to those that do not.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::RwLock;

/// The numbers of the recorders that exist.
static RECORDERS: RwLock<Option<HashSet<u64>>> = RwLock::new(None);
/// The number of the last recorder.
static LAST: AtomicU64 = AtomicU64::new(0);
/// Counts the recorders that are gone.
static GONE: AtomicU64 = AtomicU64::new(0);
/// `GONE` when every thread's cache had forgotten the recorders that were gone.
static FORGOTTEN: AtomicU64 = AtomicU64::new(0);

/// The number of a recorder: what tells its entries from those of others.
#[derive(Debug)]
pub(in crate::recorder) struct RecorderId(u64);

impl RecorderId {
    pub(in crate::recorder) fn new() -> Self {
        // Relaxed: only has to be unique.
        let id = LAST.fetch_add(1, Ordering::Relaxed) + 1;
        RECORDERS.write().get_or_insert_default().insert(id);
        Self(id)
    }

    #[inline(always)]
    pub(super) fn number(&self) -> u64 {
        self.0
    }
}

impl Drop for RecorderId {
    /// Walks no cache: each thread forgets by itself, see `Cache::forget_gone`.
    fn drop(&mut self) {
        if let Some(recorders) = RECORDERS.write().as_mut() {
            recorders.remove(&self.0);
        }
        // Release: a thread that sees it finds the recorder gone.
        GONE.fetch_add(1, Ordering::Release);
    }
}

/// Returns how many recorders are gone.
pub(super) fn gone() -> u64 {
    // Acquire: pairs with the Release of RecorderId::drop.
    GONE.load(Ordering::Acquire)
}

/// Shows a question: does the recorder of this number exist?
pub(super) fn with_living<R>(ask: impl FnOnce(&dyn Fn(u64) -> bool) -> R) -> R {
    let recorders = RECORDERS.read();
    ask(&|number| recorders.as_ref().is_some_and(|recorders| recorders.contains(&number)))
}

/// Calls `forget`, which has every cache forget, where recorders went since it last succeeded.
pub(in crate::recorder) fn forget_where_new(forget: impl FnOnce() -> bool) {
    let gone = gone();
    // Relaxed: two at once forget twice.
    if FORGOTTEN.load(Ordering::Relaxed) != gone && forget() {
        FORGOTTEN.store(gone, Ordering::Relaxed);
    }
}
