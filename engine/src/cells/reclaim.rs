//! The reclaimer: frees what lookups may still reach only after every pin has moved on, and zeroes the
//! cells of series that are gone.
//!
//! Nothing here waits: what a pin may still see stays in a batch that the next occasion looks at. Occasions are
//! removals, each time that 64 items have come together, and the end of every scrape: never a record or a lookup,
//! which only add to the list (except that making a series when no cells are left sweeps first, so that it is not
//! refused for cells that nobody uses). Where the heavy fence fails nothing is freed, and past a bound nothing more is
//! removed.

use super::arena::arena;
use super::fence;
use super::lost::count_failed_fence;
use super::ranges::{self, Range};
use super::slab::SlabPtr;
use crate::catch::catch_drop;
use crate::sync::{Fault, Mutex, Ordering, broken};
use std::any::Any;

/// Retirements after which a remover collects.
const BATCH: usize = if cfg!(engine_loom) { 1 } else { 64 };
/// Most items that wait for a fence which fails.
const MOST_UNFENCED: usize = if cfg!(engine_loom) { 2 } else { 16_384 };

/// Something unlinked: dropped once no pin can see it.
pub(crate) type Retired = Box<dyn Any + Send>;

/// What is unlinked and not freed yet.
#[derive(Debug)]
struct Graveyard {
    /// Retired since the last collection: no fence was issued for these.
    fresh: Vec<Retired>,
    /// Batches that a pin seen after their fence may still reach.
    waiting: Vec<Batch>,
    /// Items that had no fence yet, with those that a collection has in hand.
    unfenced: usize,
    /// All items, with those that a collection has in hand.
    len: usize,
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
    const fn new() -> Self {
        Self { fresh: Vec::new(), waiting: Vec::new(), unfenced: 0, len: 0 }
    }

    fn push(&mut self, item: Retired) {
        self.unfenced += 1;
        self.len += 1;
        self.fresh.push(item);
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

/// What waits to be freed, by what it is.
#[derive(Debug)]
pub(crate) struct Graveyards {
    /// Series and sets, and with them values of the user: freed by removers and scrapes only.
    values: Mutex<Graveyard>,
    /// Outgrown tables, which are memory and nothing else: freed by whoever outgrows the next one too.
    memory: Mutex<Graveyard>,
}

impl Graveyards {
    #[cfg(not(engine_loom))]
    pub(crate) const fn new() -> Self {
        Self { values: Mutex::new(Graveyard::new()), memory: Mutex::new(Graveyard::new()) }
    }

    #[cfg(engine_loom)]
    pub(crate) fn new() -> Self {
        Self { values: Mutex::new(Graveyard::new()), memory: Mutex::new(Graveyard::new()) }
    }

    /// Items that wait to be freed.
    pub(crate) fn len(&self) -> usize {
        self.values.lock().len + self.memory.lock().len
    }
}

/// Frees `item` once no lookup can reach it. The caller has unlinked it already. Only notes it: removers
/// [collect](collect_batch).
pub(crate) fn retire(item: Retired) {
    arena().graveyards.values.lock().push(item);
}

/// Frees a table that was outgrown, once no lookup can reach it. Only notes it.
pub(crate) fn retire_table(table: Retired) {
    arena().graveyards.memory.lock().push(table);
}

/// Frees outgrown tables that no lookup can reach: for whoever has just outgrown a large one. Costs a heavy fence.
pub(crate) fn collect_tables() {
    free_unseen(&arena().graveyards.memory);
}

/// Collects where a batch has come together: for removers, after each removal.
pub(crate) fn collect_batch() {
    if arena().graveyards.values.lock().fresh.len() >= BATCH {
        collect();
    }
}

/// Returns whether nothing more may be unlinked, because too much waits for a fence that fails.
pub(crate) fn is_full() -> bool {
    // First the statistic, which is 0 in almost every process, then the locks.
    if arena().losses.failed_fences() == 0 {
        return false;
    }
    let Graveyards { values, memory } = &arena().graveyards;
    let unfenced = values.lock().unfenced;
    unfenced + memory.lock().unfenced >= MOST_UNFENCED
}

/// Frees what no pin can see any more, then zeroes the ranges that came free. Never waits; costs one
/// heavy fence where something was retired since the last call, and next to nothing otherwise.
pub(crate) fn collect() {
    free_unseen(&arena().graveyards.values);
    free_unseen(&arena().graveyards.memory);
    sweep();
}

/// Frees what no pin can see any more of what is in `graveyard`.
fn free_unseen(graveyard: &Mutex<Graveyard>) {
    let (mut fresh, mut waiting) = {
        let mut graveyard = graveyard.lock();
        (std::mem::take(&mut graveyard.fresh), std::mem::take(&mut graveyard.waiting))
    };
    if fresh.is_empty() && waiting.is_empty() {
        return;
    }
    let taken = fresh.len();
    let fenced = fresh.is_empty() || fence::heavy() || broken(Fault::UnfencedFreed);
    // After the fence, so that a slab listed later belongs to a thread that sees the unlinking.
    let (pins, orphans) = read_pins();
    // Those had their fence: a pin that has moved on has left, with or without another one.
    for batch in &mut waiting {
        batch.pins.retain(|seen| pins.contains(seen));
        batch.orphans &= orphans;
    }
    if fenced {
        waiting.push(Batch { items: std::mem::take(&mut fresh), pins, orphans });
    } else {
        count_failed_fence();
    }
    let (unseen, held): (Vec<_>, Vec<_>) = waiting.into_iter().partition(Batch::is_free);
    let held = merge(held);
    {
        let mut graveyard = graveyard.lock();
        graveyard.unfenced -= taken - fresh.len();
        graveyard.len -= unseen.iter().map(|batch| batch.items.len()).sum::<usize>();
        graveyard.waiting.extend(held);
        // Without a fence nothing is known of these: a pin may be in a store that nobody sees yet.
        fresh.append(&mut graveyard.fresh);
        graveyard.fresh = fresh;
    }
    // Outside every lock: dropping a series gives its range back, and values of the user are dropped, whose
    // panics are no business of whoever collects.
    unseen.into_iter().flat_map(|batch| batch.items).for_each(catch_drop);
}

/// Makes one batch of those that wait for the same pins, so that one lookup that sleeps does not make each
/// collection walk all that was retired since.
fn merge(mut batches: Vec<Batch>) -> Vec<Batch> {
    batches.sort_unstable_by(|a, b| (&a.pins, a.orphans).cmp(&(&b.pins, b.orphans)));
    let mut merged: Vec<Batch> = Vec::new();
    for mut batch in batches.into_iter().filter(|batch| !batch.items.is_empty()) {
        match merged.last_mut() {
            Some(last) if last.pins == batch.pins && last.orphans == batch.orphans => {
                if last.items.len() < batch.items.len() {
                    std::mem::swap(&mut last.items, &mut batch.items);
                }
                last.items.append(&mut batch.items);
            }
            _ => merged.push(batch),
        }
    }
    merged
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
    let mut ranges = arena.ranges.lock();
    // Release (O25), before the ranges can be handed out again: a pass that meets a new series sees that what it has
    // summed up may be of the one before.
    arena.sweeps.fetch_add(1, Ordering::Release);
    ranges.put_back(arena, &dirty);
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

/// Zeroes what waits for it where a batch has come together: for declarations, which no record waits for.
pub(crate) fn sweep_batch() {
    if arena().ranges.lock().dirty() >= BATCH {
        sweep();
    }
}

#[cfg(all(test, not(engine_loom)))]
mod tests {
    use super::*;

    fn batch(items: usize, pins: &[(u64, u64)], orphans: bool) -> Batch {
        let items = (0..items).map(|item| Box::new(item) as Retired).collect();
        Batch { items, pins: pins.to_vec(), orphans }
    }

    #[test]
    fn batches_that_wait_for_the_same_pins_become_one() {
        let (one, two) = (&[(1, 3)][..], &[(1, 3), (2, 5)][..]);
        let batches = [(1, one, false), (3, two, false), (2, one, false), (4, one, true), (0, two, false)];
        let merged = merge(batches.map(|(items, pins, orphans)| batch(items, pins, orphans)).into());
        let merged: Vec<_> = merged.iter().map(|batch| (batch.items.len(), batch.pins.len(), batch.orphans)).collect();
        assert_eq!(merged, [(3, 1, false), (4, 1, true), (3, 2, false)]);
    }
}
