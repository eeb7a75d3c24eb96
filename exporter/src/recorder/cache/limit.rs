//! The one bound of what all threads remember together.

use std::sync::atomic::{AtomicUsize, Ordering};

/// What all threads may remember unless said otherwise.
const DEFAULT_BYTES: usize = 32 << 20;

/// Both are touched where something is remembered or forgotten, never where a thread finds what it remembers.
static LIMIT: AtomicUsize = AtomicUsize::new(DEFAULT_BYTES);
static USED: AtomicUsize = AtomicUsize::new(0);

/// Sets how many bytes all threads of the process may use, together, to remember the handles of the keys they record
/// through: 32 MiB unless said otherwise.
///
/// A macro call whose key is remembered costs about 20 ns, any other 0.4 to 1 us: the latter where something else has to be
/// forgotten for it. About 200 bytes remember a key of three short labels in one thread, so the default is 160,000 keys: 64
/// threads with 2,500 keys each. Keys that were used last stay; 0 remembers nothing. It bounds what threads remember, not the series themselves: those are bounded by
/// [`series_limit`](super::super::RecorderBuilder::series_limit).
///
/// It is one bound of the process, for all recorders and all versions of the facade: the last call counts, whoever makes
/// it. So it is for the program to set, not for a library. A lower bound takes effect at once, but for threads that are
/// in the middle of a macro call each time that this one looks: those forget when any thread next has to remember something.
///
/// ```
/// use streamgauge_exporter::recorder::{cache_limit, set_cache_limit};
/// set_cache_limit(64 << 20);
/// assert_eq!(cache_limit(), 64 << 20);
/// ```
pub fn set_cache_limit(bytes: usize) {
    // Relaxed: a bound that is read a moment late.
    LIMIT.store(bytes, Ordering::Relaxed);
    if cache_bytes() > bytes {
        super::super::facade::trim_to_limit();
    }
}

/// Gives the bound that [`set_cache_limit`] sets.
#[must_use]
pub fn cache_limit() -> usize {
    // Relaxed: see set_cache_limit.
    LIMIT.load(Ordering::Relaxed)
}

/// Gives how many bytes all threads use to remember handles; at most [`cache_limit`], but for a while after it was lowered
/// beside threads that record.
#[must_use]
pub fn cache_bytes() -> usize {
    // Relaxed: a statistic.
    USED.load(Ordering::Relaxed)
}

/// Takes so many bytes; tells whether there is room for them.
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
