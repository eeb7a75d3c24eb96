//! What the engine itself costs and has lost.

use super::arena::arena;
use super::chunk::{CHUNK_CELLS, Chunk};
use super::lost::Dropped;
use super::slab::Slab;
use crate::sync::Ordering;

/// A reading of the engine's own state, of the whole process; see [`stats`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Slabs: one for each thread that has recorded and lives, and the idle ones.
    pub slabs: usize,
    /// Slabs that wait for a thread to adopt them.
    pub idle_slabs: usize,
    /// Chunks of 2048 cells, in all slabs.
    pub chunks: usize,
    /// Bytes of slabs and chunks: address space, of which untouched pages take no memory.
    pub bytes: usize,
    /// Tables, series and cell ranges that are unlinked but not reused yet.
    pub pending_reclamation: usize,
    /// Observations refused because they were not a number.
    pub dropped_nan: u64,
    /// Observations refused because they were infinite.
    pub dropped_infinite: u64,
    /// Observations refused because they were negative and the histogram has no negative bound.
    pub dropped_negative: u64,
    /// Records lost because the system had no memory left for their cells, because they were made inside an allocation
    /// of a summary's own, or because a callback gives the value of their series (counted by lookup).
    pub lost_records: u64,
    /// States that the engine's own reasoning excludes; anything but 0 is a bug to report.
    pub internal_errors: u64,
    /// Memory barriers that the system refused: the process forbade `membarrier` after it began to record. Nothing
    /// that is unlinked from then on can be freed. Allow the call, or install the filter before the first record.
    pub failed_fences: u64,
    /// Removals and expiries that were refused, and their series left as they were, because 16,384 items wait for a
    /// memory barrier that the system refuses.
    pub refused_removals: u64,
}

/// Reads the engine's own state. Cold: takes two short mutexes.
///
/// ```
/// let stats = streamgauge::stats();
/// assert_eq!(stats.internal_errors, 0);
/// ```
#[must_use]
pub fn stats() -> Stats {
    let arena = arena();
    let (slabs, idle_slabs) = {
        let list = arena.slabs.lock();
        (list.all.len(), list.idle.len())
    };
    // Relaxed (O26): a statistic.
    let chunks = arena.chunks.load(Ordering::Relaxed);
    let dirty = arena.ranges.lock().dirty();
    let buried = arena.graveyards.len();
    Stats {
        slabs,
        idle_slabs,
        chunks,
        bytes: slabs * size_of::<Slab>() + chunks * size_of::<Chunk>(),
        pending_reclamation: dirty + buried,
        dropped_nan: arena.losses.dropped(Dropped::NotANumber),
        dropped_infinite: arena.losses.dropped(Dropped::Infinite),
        dropped_negative: arena.losses.dropped(Dropped::Negative),
        lost_records: arena.losses.lost(),
        internal_errors: arena.losses.internal_errors(),
        failed_fences: arena.losses.failed_fences(),
        refused_removals: arena.losses.refused_removals(),
    }
}

const _: () = assert!(cfg!(engine_loom) || size_of::<Chunk>() == CHUNK_CELLS * 8);
