//! What has changed in a family: the word that handle caches and refused lookups compare.

use crate::sync::{AtomicU64, Ordering};

/// Counts what may make a kept handle stale, or a refused one welcome: removals, and returns of room.
#[derive(Debug)]
pub(crate) struct Room {
    /// From 1 on. Read on every hit of a handle cache, written where a series goes.
    generation: AtomicU64,
    /// The generation in which a series was refused: as long as it lasts there is no room.
    refused_in: AtomicU64,
}

impl Room {
    pub(crate) fn new() -> Self {
        Self { generation: AtomicU64::new(1), refused_in: AtomicU64::new(0) }
    }

    /// Gives the present generation. What changed before it can be seen.
    #[inline(always)]
    pub(crate) fn generation(&self) -> u64 {
        // Acquire (O21): pairs with the Release in changed; a series that went is seen as dead.
        self.generation.load(Ordering::Acquire)
    }

    /// Tells whether a series was refused, and nothing has changed since.
    pub(crate) fn is_full(&self) -> bool {
        // Acquire (O20): whoever misses a change is refused once more.
        self.refused_in.load(Ordering::Acquire) == self.generation()
    }

    /// Notes that a series was refused for lack of room; `generation` was read before room was looked for, so
    /// that room which came meanwhile is not missed.
    pub(crate) fn refuse(&self, generation: u64) {
        // Release (O20): pairs with the Acquire in is_full.
        self.refused_in.store(generation, Ordering::Release);
    }

    /// Notes that a series went, or that there is room again.
    pub(crate) fn changed(&self) {
        // Release (O21): after the series died and its place was given back.
        self.generation.fetch_add(1, Ordering::Release);
    }
}
