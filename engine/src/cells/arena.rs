//! The process-wide arena: the list of slabs, the shared slab, adoption and folding.

use super::chunk::{Chunk, DIRECTORY_CHUNKS, Directory};
use super::lost::Losses;
use super::raise::Raising;
use super::ranges::{RangeAllocator, class_of_chunk, is_scratch_chunk};
use super::reclaim::Graveyards;
use super::slab::{Slab, SlabPtr};
use crate::sync::{AtomicU8, AtomicU64, AtomicUsize, Fault, Mutex, Ordering, Reclaim, broken};
use std::ptr::NonNull;

/// All slabs in the order of their creation, and those that no thread holds.
#[derive(Debug)]
pub(crate) struct SlabList {
    /// The fixed order in which passes add: f64 sums depend on it (I2).
    pub(crate) all: Vec<SlabPtr>,
    /// Slabs without a thread; the one that was given back last is adopted first, while it is warm.
    pub(crate) idle: Vec<SlabPtr>,
    next_id: u64,
}

/// What all threads share. Locks are taken in the order `reclaim`, `slabs`; neither is held while code
/// of the user runs.
#[derive(Debug)]
pub(crate) struct Arena {
    /// Held for a moment by attach, exit, and passes that copy the list.
    pub(crate) slabs: Mutex<SlabList>,
    /// Read for the whole of a pass; taken for writing, by try only, to fold and free (O7, O8).
    pub(crate) reclaim: Reclaim,
    /// Cells of threads that cannot own a slab, and of folded slabs.
    pub(crate) shared: Directory,
    /// Pins of threads that have no slab to pin (O10).
    pub(crate) orphan_pins: AtomicUsize,
    pub(crate) ranges: Mutex<RangeAllocator>,
    /// The size class of each chunk, 0 where it has none yet; written once under `ranges`.
    pub(crate) chunk_classes: [AtomicU8; DIRECTORY_CHUNKS],
    pub(crate) graveyards: Graveyards,
    /// Chunks that exist, in all slabs.
    pub(crate) chunks: AtomicUsize,
    pub(crate) losses: Losses,
    /// Sweeps so far: written under `ranges`, before swept cells can be handed out again (O25).
    pub(crate) sweeps: AtomicU64,
    /// Slabs that were folded: written under `reclaim` for writing.
    pub(crate) folds: AtomicU64,
    /// Held while a total is raised, by what was read of its range (O24).
    pub(crate) raising: Raising,
}

impl Arena {
    #[cfg(not(engine_loom))]
    const fn new() -> Self {
        Self {
            slabs: Mutex::new(SlabList { all: Vec::new(), idle: Vec::new(), next_id: 1 }),
            reclaim: Reclaim::new(),
            shared: Directory::new(),
            orphan_pins: AtomicUsize::new(0),
            ranges: Mutex::new(RangeAllocator::new()),
            chunk_classes: [const { AtomicU8::new(0) }; DIRECTORY_CHUNKS],
            graveyards: Graveyards::new(),
            chunks: AtomicUsize::new(0),
            losses: Losses::new(),
            sweeps: AtomicU64::new(0),
            folds: AtomicU64::new(0),
            raising: Raising::new(),
        }
    }

    #[cfg(engine_loom)]
    fn new() -> Self {
        Self {
            slabs: Mutex::new(SlabList { all: Vec::new(), idle: Vec::new(), next_id: 1 }),
            reclaim: Reclaim::new(),
            shared: Directory::new(),
            orphan_pins: AtomicUsize::new(0),
            ranges: Mutex::new(RangeAllocator::new()),
            chunk_classes: std::array::from_fn(|_| AtomicU8::new(0)),
            graveyards: Graveyards::new(),
            chunks: AtomicUsize::new(0),
            losses: Losses::new(),
            sweeps: AtomicU64::new(0),
            folds: AtomicU64::new(0),
            raising: Raising::new(),
        }
    }
}

#[cfg(not(engine_loom))]
static ARENA: Arena = Arena::new();
#[cfg(not(engine_loom))]
static NULL_DIRECTORY: Directory = Directory::new();

#[cfg(engine_loom)]
loom::lazy_static! {
    static ref ARENA: Arena = Arena::new();
    static ref NULL_DIRECTORY: Directory = Directory::new();
}

/// Returns the arena.
#[inline]
pub(crate) fn arena() -> &'static Arena {
    &ARENA
}

/// Returns the directory that threads without a slab point at: all null, in zeroed static memory.
#[inline]
#[cfg(not(engine_loom))]
pub(crate) const fn null_directory() -> &'static Directory {
    &NULL_DIRECTORY
}

#[cfg(engine_loom)]
pub(crate) fn null_directory() -> &'static Directory {
    &NULL_DIRECTORY
}

/// Idle slabs that are kept for the threads to come.
fn idle_bound() -> usize {
    #[cfg(engine_loom)]
    return super::model::idle_bound();
    #[cfg(not(engine_loom))]
    {
        static BOUND: crate::sync::OnceLock<usize> = crate::sync::OnceLock::new();
        *BOUND.get_or_init(|| 8.max(2 * std::thread::available_parallelism().map_or(4, usize::from)))
    }
}

impl Arena {
    /// Returns a slab for the calling thread: an idle one, or a new one, or `None` without memory.
    pub(crate) fn adopt(&self) -> Option<SlabPtr> {
        let mut slabs = self.slabs.lock();
        if broken(Fault::AdoptedWhileOwned) && !slabs.all.is_empty() {
            return slabs.all.first().copied();
        }
        // The lock pairs with the unlock of `give_back` (O6): the adopter sees every cell that the
        // thread before it wrote.
        if let Some(slab) = slabs.idle.pop() {
            return Some(slab);
        }
        let slab = SlabPtr::new(Slab::allocate(slabs.next_id)?);
        slabs.next_id += 1;
        slabs.all.push(slab);
        // Room for every slab at once, so that giving one back never allocates.
        let missing = slabs.all.len().saturating_sub(slabs.idle.len());
        slabs.idle.reserve(missing);
        Some(slab)
    }

    /// Copies the list of slabs. The caller holds the reclaim lock, so that they stay.
    pub(crate) fn copy_slabs(&self, copy: &mut Vec<SlabPtr>) {
        copy.clear();
        loop {
            let slabs = self.slabs.lock();
            if slabs.all.len() <= copy.capacity() {
                if broken(Fault::IdleSlabsSkipped) {
                    return copy.extend(slabs.all.iter().filter(|slab| !slabs.idle.contains(slab)));
                }
                return copy.extend_from_slice(&slabs.all);
            }
            // Grows without the lock: the global allocator may record, and attach takes the lock.
            let wanted = slabs.all.len();
            drop(slabs);
            copy.reserve(wanted);
        }
    }

    /// Takes the slab of a thread that ends. Its values stay where they are.
    pub(crate) fn give_back(&'static self, slab: SlabPtr) {
        let idle = {
            let mut slabs = self.slabs.lock();
            slabs.idle.push(slab);
            slabs.idle.len()
        };
        // Only at twice the bound: a burst of short threads should find its slabs again.
        if idle > idle_bound().saturating_mul(2) {
            self.fold_idle();
        }
    }

    /// Folds idle slabs above the bound into the shared slab and frees them, unless a pass is under
    /// way: then the next occasion does it.
    pub(crate) fn fold_idle(&'static self) {
        if self.slabs.lock().idle.len() <= idle_bound() {
            return;
        }
        // Try only (O7): nobody queues for this lock, so no reader ever waits behind a writer.
        let lock = self.reclaim.try_write();
        if lock.is_none() && !broken(Fault::FoldWithoutLock) {
            return;
        }
        while self.fold_one() {}
        drop(lock);
    }

    /// Folds the idle slab that has waited longest; returns whether there may be more to do. The caller
    /// holds the reclaim lock for writing.
    #[allow(unsafe_code, reason = "reads and frees a slab that left every list")]
    fn fold_one(&self) -> bool {
        let slab = {
            let mut slabs = self.slabs.lock();
            if slabs.idle.len() <= idle_bound() {
                return false;
            }
            slabs.idle.remove(0)
        };
        // SAFETY: out of the idle list nobody adopts it, and only this function frees slabs.
        let folded = unsafe { slab.get() };
        for (index, memory) in folded.directory.iter().filter(|(index, _)| !is_scratch_chunk(*index)) {
            let Some(shared) = self.shared_chunk(index) else {
                // No memory for the shared chunk: nothing of this chunk was moved, and what was moved
                // before it was zeroed, so the slab can go back as it is.
                self.slabs.lock().idle.insert(0, slab);
                return false;
            };
            // SAFETY: published chunks live as long as their slab.
            let from = unsafe { memory.as_ref() };
            self.fold_chunk(index, from, shared);
        }
        self.slabs.lock().all.retain(|listed| *listed != slab);
        // Relaxed (O7): the lock orders it.
        self.folds.fetch_add(1, Ordering::Relaxed);
        let freed = folded.directory.iter().count();
        // Relaxed (O26): a statistic.
        self.chunks.fetch_sub(freed, Ordering::Relaxed);
        // SAFETY: in no list any more; passes are excluded by the lock, reclaimers read pins under
        // the list's mutex only, and no thread holds it.
        unsafe { Slab::free(slab.as_non_null()) };
        true
    }

    /// Moves the values of one chunk into the shared slab's, where orphans write at the same time.
    fn fold_chunk(&self, index: u32, from: &Chunk, into: &Chunk) {
        let class = class_of_chunk(self, index);
        for (offset, (from, into)) in from.cells().iter().zip(into.cells()).enumerate() {
            // Relaxed: the mutex of the list ordered the owner's last store before this (O6).
            let value = from.read(Ordering::Relaxed);
            if value == 0 {
                continue;
            }
            if class.is_sum(offset) {
                // Finite: two sums that have grown to infinity, of either sign, must not meet as NaN.
                into.shared_add_f64(f64::from_bits(value).clamp(f64::MIN, f64::MAX));
            } else {
                // Release (O3, O4): what readers Acquire from a bucket must hold here too.
                into.shared_add(value, Ordering::Release);
            }
            from.zero();
        }
    }

    /// Returns a chunk of the shared slab, made on first need, or `None` without memory.
    #[allow(unsafe_code, reason = "chunks are shared by raw pointers")]
    pub(crate) fn shared_chunk(&self, index: u32) -> Option<&'static Chunk> {
        let chunk = match NonNull::new(self.shared.get(index)) {
            Some(chunk) => chunk,
            None => {
                let fresh = Chunk::allocate()?;
                let (chunk, installed) = self.shared.install(index, fresh);
                if installed {
                    // Relaxed (O26): a statistic.
                    self.chunks.fetch_add(1, Ordering::Relaxed);
                } else {
                    // SAFETY: never published; this function alone knows it.
                    unsafe { Chunk::free(fresh) };
                }
                chunk
            }
        };
        // SAFETY: chunks of the shared slab are never freed.
        Some(unsafe { chunk.as_ref() })
    }
}
