//! Chunks of cells, and the directory that finds them.

use super::cell::Cell;
#[cfg(not(engine_loom))]
use super::pages;
use crate::sync::{AtomicPtr, Fault, Ordering, unless_broken};
use std::ptr::NonNull;

/// Cells in a chunk: 2048 u64, four pages. Tiny under loom, where every atomic is tracked, and small under Miri, which
/// looks at every atomic that a reference reaches whenever one is made.
pub(crate) const CHUNK_CELLS: usize = if cfg!(engine_loom) {
    8
} else if cfg!(miri) {
    512
} else {
    2048
};

/// Chunks in a directory: 16.7 million cells, so it never grows and has no length to publish.
pub(crate) const DIRECTORY_CHUNKS: usize = if cfg!(engine_loom) {
    4
} else if cfg!(miri) {
    64
} else {
    8192
};

/// A block of cells, 64-byte aligned so that ranges of eight cells fill cache lines.
#[derive(Debug)]
#[repr(C, align(64))]
pub(crate) struct Chunk {
    cells: [Cell; CHUNK_CELLS],
}

impl Chunk {
    /// Returns one cell, with a bounds check: for the cold paths.
    pub(crate) fn cell(&self, index: usize) -> &Cell {
        &self.cells[index]
    }

    pub(crate) fn cells(&self) -> &[Cell; CHUNK_CELLS] {
        &self.cells
    }

    /// Allocates a chunk of zeros, or returns `None` where the system has no memory left.
    ///
    /// The memory does not come from the global allocator, so one that records does not come back here.
    #[cfg(not(engine_loom))]
    pub(crate) fn allocate() -> Option<NonNull<Self>> {
        // Cells are atomics of which all-zero bytes are the value 0.
        pages::allocate()
    }

    #[cfg(engine_loom)]
    pub(crate) fn allocate() -> Option<NonNull<Self>> {
        let chunk = Box::new(Self { cells: std::array::from_fn(|_| Cell::new()) });
        Some(NonNull::from(Box::leak(chunk)))
    }

    /// Frees a chunk.
    ///
    /// # Safety
    /// `chunk` came from [`allocate`](Self::allocate), and nothing refers to it any more.
    #[allow(unsafe_code, reason = "the counterpart of allocate")]
    pub(crate) unsafe fn free(chunk: NonNull<Self>) {
        #[cfg(not(engine_loom))]
        {
            // SAFETY: from allocate; the caller gives it up.
            unsafe { pages::free(chunk) };
        }
        #[cfg(engine_loom)]
        {
            // SAFETY: leaked from a Box in allocate; the caller gives it up.
            drop(unsafe { Box::from_raw(chunk.as_ptr()) });
        }
    }
}

/// The chunk pointers of one slab: null until the owner first touches a chunk. Written by the owner
/// (in the shared slab: by anyone, through [`install`](Self::install)), read by scrapes.
#[derive(Debug)]
#[repr(transparent)]
pub(crate) struct Directory {
    chunks: [AtomicPtr<Chunk>; DIRECTORY_CHUNKS],
}

impl Directory {
    #[cfg(not(engine_loom))]
    pub(crate) const fn new() -> Self {
        Self { chunks: [const { AtomicPtr::new(std::ptr::null_mut()) }; DIRECTORY_CHUNKS] }
    }

    #[cfg(engine_loom)]
    pub(crate) fn new() -> Self {
        Self { chunks: std::array::from_fn(|_| AtomicPtr::new(std::ptr::null_mut())) }
    }

    /// Returns the chunk pointer of a record, or null: not attached, an orphan, or not touched yet.
    ///
    /// # Safety
    /// `chunk < DIRECTORY_CHUNKS`.
    #[inline(always)]
    #[allow(unsafe_code, reason = "the one load of the record path between thread-local and cell")]
    pub(crate) unsafe fn owner_get(&self, chunk: u32) -> *mut Chunk {
        debug_assert!((chunk as usize) < DIRECTORY_CHUNKS);
        // SAFETY: the caller's bound.
        let slot = unsafe { self.chunks.get_unchecked(chunk as usize) };
        // Relaxed (O2): the owner published the pointer itself.
        slot.load(Ordering::Relaxed)
    }

    /// Returns the chunk as a reader of another thread's slab.
    #[inline]
    pub(crate) fn get(&self, chunk: u32) -> *mut Chunk {
        // Acquire (O2): pairs with the Release of publish and install; the zeros are seen.
        self.chunks[chunk as usize].load(Ordering::Acquire)
    }

    /// Publishes a chunk as the owner.
    pub(crate) fn publish(&self, chunk: u32, memory: NonNull<Chunk>) {
        // Release (O2): pairs with the Acquire in get.
        let order = unless_broken(Fault::ChunkPublishedRelaxed, Ordering::Release);
        self.chunks[chunk as usize].store(memory.as_ptr(), order);
    }

    /// Publishes a chunk where several threads may try; returns the one that is published afterwards, and whether it is
    /// `memory`.
    pub(crate) fn install(&self, chunk: u32, memory: NonNull<Chunk>) -> (NonNull<Chunk>, bool) {
        let slot = &self.chunks[chunk as usize];
        let null = std::ptr::null_mut();
        // AcqRel (O5): the winner's zeros are released; Acquire: a loser sees the winner's.
        match slot.compare_exchange(null, memory.as_ptr(), Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => (memory, true),
            Err(winner) => (NonNull::new(winner).unwrap_or(memory), false),
        }
    }

    /// Returns every chunk that exists, with its index.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, NonNull<Chunk>)> + '_ {
        (0..DIRECTORY_CHUNKS as u32).filter_map(|chunk| NonNull::new(self.get(chunk)).map(|memory| (chunk, memory)))
    }
}
