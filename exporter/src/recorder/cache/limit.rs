//! The one bound of what all threads remember together.

use std::sync::atomic::{AtomicUsize, Ordering};

/// What all threads may remember unless said otherwise.
const DEFAULT_BYTES: usize = 32 << 20;

/// Both are touched where something is remembered or forgotten, never where a thread finds what it remembers.
static LIMIT: AtomicUsize = AtomicUsize::new(DEFAULT_BYTES);
static USED: AtomicUsize = AtomicUsize::new(0);

/// Sets the bound; who takes more than it by now is for the caller to see to.
pub(in crate::recorder) fn set_limit(bytes: usize) {
    // Relaxed: a bound that is read a moment late.
    LIMIT.store(bytes, Ordering::Relaxed);
}

/// Returns the bound that [`set_cache_limit`](crate::recorder::set_cache_limit) sets.
#[must_use]
pub fn cache_limit() -> usize {
    // Relaxed: see set_limit.
    LIMIT.load(Ordering::Relaxed)
}

/// Returns how many bytes all threads use to remember handles; at most [`cache_limit`], but for a while after it was
/// lowered beside threads that record.
#[must_use]
pub fn cache_bytes() -> usize {
    // Relaxed: a statistic.
    USED.load(Ordering::Relaxed)
}

/// Takes so many bytes; returns whether there was room for them.
pub(super) fn take(bytes: usize) -> bool {
    let limit = cache_limit();
    let more = |used: usize| used.checked_add(bytes).filter(|used| *used <= limit);
    // Relaxed: bounded exactly by the read-modify-write; orders nothing.
    USED.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok()
}

/// Takes so many bytes that are used already.
pub(super) fn add(bytes: usize) {
    if bytes > 0 {
        // Relaxed: as above.
        USED.fetch_add(bytes, Ordering::Relaxed);
    }
}

/// Gives back what was taken.
pub(super) fn give_back(bytes: usize) {
    // Relaxed: as above.
    USED.fetch_sub(bytes, Ordering::Relaxed);
}

/// What the allocator takes for so many bytes: glibc adds a word, and gives multiples of 16 from 32 on.
pub(super) const fn allocated(bytes: usize) -> usize {
    let with_header = (bytes + 8).next_multiple_of(16);
    if with_header < 32 { 32 } else { with_header }
}
