//! A slab: the cells of one thread.

#[cfg(not(engine_loom))]
use super::chunk::Chunk;
use super::chunk::Directory;
#[cfg(not(engine_loom))]
use super::pages;
use crate::sync::{AtomicU64, Ordering};
use crossbeam_utils::CachePadded;
use std::ptr::NonNull;

/// The cells of one thread at a time. It outlives its thread with its values and is adopted by the
/// next new one; idle slabs above the bound are folded into the shared slab.
///
/// The pin and the first chunks share a page: of a slab that uses few of them no more than that is resident.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Slab {
    /// Names the slab for ever; written before the slab is listed, then only read.
    id: u64,
    /// Odd while the owner is inside a lookup (O9). Written by the owner, read by the reclaimer; on a
    /// line of its own, because the owner writes it at every lookup.
    pub(crate) pin: CachePadded<AtomicU64>,
    pub(crate) directory: Directory,
}

impl Slab {
    /// Allocates a slab without chunks, or returns `None` where the system has no memory left.
    #[cfg(not(engine_loom))]
    #[allow(unsafe_code, reason = "writes the id of a slab that nobody else knows")]
    pub(crate) fn allocate(id: u64) -> Option<NonNull<Self>> {
        let slab = pages::allocate::<Self>()?;
        // SAFETY: fresh memory of the right layout; all-zero bytes are valid atomics, null
        // pointers and integers, so it is a Slab already, and nobody else knows it.
        unsafe { (*slab.as_ptr()).id = id };
        Some(slab)
    }

    #[cfg(engine_loom)]
    pub(crate) fn allocate(id: u64) -> Option<NonNull<Self>> {
        let slab = Self { id, pin: CachePadded::new(AtomicU64::new(0)), directory: Directory::new() };
        Some(NonNull::from(Box::leak(Box::new(slab))))
    }

    /// Frees a slab and its chunks.
    ///
    /// # Safety
    /// `slab` came from [`allocate`](Self::allocate) and nothing refers to it or its chunks.
    #[allow(unsafe_code, reason = "the counterpart of allocate")]
    pub(crate) unsafe fn free(slab: NonNull<Self>) {
        // A model leaks the slab: a pass that reads it too late finds wrong totals, not freed memory.
        #[cfg(engine_loom)]
        let _ = slab;
        #[cfg(not(engine_loom))]
        {
            // SAFETY: still allocated, and only the caller knows it.
            let directory = unsafe { &slab.as_ref().directory };
            for (_, chunk) in directory.iter() {
                // SAFETY: published by this slab alone; the caller gives all of it up.
                unsafe { Chunk::free(chunk) };
            }
            // SAFETY: from allocate; the caller gives it up.
            unsafe { pages::free(slab) };
        }
    }

    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    /// Reads the pin as the reclaimer; odd means that the owner is inside a lookup.
    pub(crate) fn read_pin(&self) -> u64 {
        // Acquire (O9): pairs with the Release of leaving, so that what the owner did inside the
        // lookup happened before what is freed now.
        self.pin.load(Ordering::Acquire)
    }
}

/// A pointer to a listed slab, which lives until folding removes it from the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SlabPtr(NonNull<Slab>);

// SAFETY: a Slab is made of atomics and an id that never changes; sharing it is what it is for.
#[allow(unsafe_code, reason = "see SAFETY above")]
unsafe impl Send for SlabPtr {}

// SAFETY: as for Send: all that can be done through it is to read atomics.
#[allow(unsafe_code, reason = "see SAFETY above")]
unsafe impl Sync for SlabPtr {}

impl SlabPtr {
    pub(crate) fn new(slab: NonNull<Slab>) -> Self {
        Self(slab)
    }

    pub(crate) fn as_ptr(self) -> *const Slab {
        self.0.as_ptr()
    }

    pub(crate) fn as_non_null(self) -> NonNull<Slab> {
        self.0
    }

    /// Returns the slab.
    ///
    /// # Safety
    /// The slab is not freed while the reference lives: the caller holds the slab, the list's mutex, or
    /// the reclaim lock.
    #[allow(unsafe_code, reason = "slabs are shared by raw pointers; the list owns them")]
    pub(crate) unsafe fn get<'a>(self) -> &'a Slab {
        // SAFETY: the caller's promise.
        unsafe { self.0.as_ref() }
    }
}
