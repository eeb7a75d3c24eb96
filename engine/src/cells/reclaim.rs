//! The reclaimer: frees what lookups may still reach only after every pin has moved on, and zeroes the
//! cells of series that are gone.
//!
//! Nothing here waits: what a pin may still see stays in a batch that the next occasion looks at.
//! Occasions are every 64th retirement, every 64th range given back, and the end of every scrape.

use super::arena::arena;
use super::fence;
use super::ranges::{self, Range};
use super::slab::SlabPtr;
use crate::sync::{Fault, Ordering, broken};
use std::any::Any;

/// Retirements, or ranges given back, after which the thread at hand collects.
const BATCH: usize = if cfg!(engine_loom) { 1 } else { 64 };

/// Something unlinked: dropped once no pin can see it.
pub(crate) type Retired = Box<dyn Any + Send>;

/// What is unlinked and not freed yet.
#[derive(Debug)]
pub(crate) struct Graveyard {
    /// Retired since the last collection: no fence was issued for these.
    fresh: Vec<Retired>,
    /// Batches that a pin seen after their fence may still reach.
    waiting: Vec<Batch>,
}

#[derive(Debug)]
struct Batch {
    items: Vec<Retired>,
    /// Slab id and odd pin value of each lookup that may reach the items.
    pins: Vec<(u64, u64)>,
    /// An orphan thread was pinned; cleared when none is.
    orphans: bool,
}

impl Batch {
    fn is_free(&self) -> bool {
        self.pins.is_empty() && !self.orphans
    }
}

impl Graveyard {
    pub(crate) const fn new() -> Self {
        Self { fresh: Vec::new(), waiting: Vec::new() }
    }

    /// Items that wait to be freed.
    pub(crate) fn len(&self) -> usize {
        self.fresh.len() + self.waiting.iter().map(|batch| batch.items.len()).sum::<usize>()
    }
}

/// At the end of a model's execution what is left is leaked: dropping it would need the arena, which goes at
/// that moment.
#[cfg(engine_loom)]
impl Drop for Graveyard {
    fn drop(&mut self) {
        std::mem::forget(std::mem::take(&mut self.fresh));
        std::mem::forget(std::mem::take(&mut self.waiting));
    }
}

/// Frees `item` once no lookup can reach it. The caller has unlinked it already.
pub(crate) fn retire(item: Retired) {
    let waiting = {
        let mut graveyard = arena().graveyard.lock();
        graveyard.fresh.push(item);
        graveyard.fresh.len()
    };
    if waiting >= BATCH {
        collect();
    }
}

/// Frees what no pin can see any more, then zeroes the ranges that came free. Never waits; costs one
/// heavy fence where something was retired since the last call, and next to nothing otherwise.
pub(crate) fn collect() {
    let (fresh, mut waiting) = {
        let mut graveyard = arena().graveyard.lock();
        (std::mem::take(&mut graveyard.fresh), std::mem::take(&mut graveyard.waiting))
    };
    if !(fresh.is_empty() && waiting.is_empty()) {
        let fenced = fence::heavy();
        // After the fence, so that a slab listed later belongs to a thread that sees the unlinking.
        let (pins, orphans) = read_pins();
        for batch in &mut waiting {
            batch.pins.retain(|seen| pins.contains(seen));
            batch.orphans &= orphans;
        }
        let pins = if fenced { pins } else { every_slab() };
        waiting.push(Batch { items: fresh, pins, orphans });
        let (free, held): (Vec<_>, Vec<_>) = waiting.into_iter().partition(Batch::is_free);
        let held = held.into_iter().filter(|batch| !batch.items.is_empty());
        arena().graveyard.lock().waiting.extend(held);
        // Outside every lock: dropping a series gives its range back, user types may be dropped.
        drop(free);
    }
    sweep();
}

/// Reads the odd pins, and whether an orphan is pinned.
#[allow(unsafe_code, reason = "reads slabs under the list's mutex")]
fn read_pins() -> (Vec<(u64, u64)>, bool) {
    if broken(Fault::ReclaimIgnoresPins) {
        return (Vec::new(), false);
    }
    let mut pins = Vec::new();
    loop {
        let slabs = arena().slabs.lock();
        let wanted = slabs.all.len();
        if pins.capacity() < wanted {
            // Grows without the lock: the global allocator may record, and attach takes the lock.
            drop(slabs);
            pins.reserve(wanted);
            continue;
        }
        pins.extend(slabs.all.iter().filter_map(|slab| {
            // SAFETY: slabs are freed only after they left the list, and the list is locked.
            let slab = unsafe { slab.get() };
            let pin = slab.read_pin();
            (pin % 2 == 1).then_some((slab.id(), pin))
        }));
        break;
    }
    // Acquire (O10): pairs with the Release of an orphan that leaves.
    let orphans = arena().orphan_pins.load(Ordering::Acquire) != 0 && !broken(Fault::ReclaimIgnoresOrphans);
    (pins, orphans)
}

/// Blocks a batch for good where the heavy fence failed (a seccomp filter installed after the start,
/// say): a leak that shows in `stats()`, never a use after free.
fn every_slab() -> Vec<(u64, u64)> {
    super::lost::count_internal_error();
    vec![(0, 1)]
}

/// Counts a range as given back, and sweeps when a batch has come together.
pub(crate) fn give_back(range: Range) {
    if ranges::give_back(range) >= BATCH {
        sweep();
    }
}

/// Zeroes the ranges of series that are gone, in every slab, and puts them up for reuse (I3).
#[allow(unsafe_code, reason = "reads slabs under the reclaim lock")]
pub(crate) fn sweep() {
    let arena = arena();
    let dirty = arena.ranges.lock().take_dirty();
    if dirty.is_empty() {
        return;
    }
    {
        // Keeps slabs from being folded meanwhile (O7).
        let _lock = arena.reclaim.read();
        let mut slabs: Vec<SlabPtr> = Vec::new();
        arena.copy_slabs(&mut slabs);
        // SAFETY: slabs are freed under the reclaim lock only.
        let slabs = slabs.iter().map(|slab| unsafe { &slab.get().directory });
        for directory in slabs.chain([&arena.shared]) {
            for range in &dirty {
                zero(directory, *range, ranges::len_of(arena, *range));
            }
        }
    }
    arena.ranges.lock().put_back(arena, &dirty);
}

#[allow(unsafe_code, reason = "chunks are shared by raw pointers")]
fn zero(directory: &super::chunk::Directory, range: Range, len: usize) {
    if broken(Fault::ReuseWithoutZeroing) {
        return;
    }
    let Some(chunk) = std::ptr::NonNull::new(directory.get(range.chunk())) else { return };
    // SAFETY: a published chunk lives as long as its slab, which the reclaim lock keeps.
    let chunk = unsafe { chunk.as_ref() };
    for offset in range.offset() as usize..range.offset() as usize + len {
        chunk.cell(offset).zero();
    }
}
