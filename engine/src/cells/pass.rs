//! A pass over all slabs: how values are merged.

use super::arena::arena;
use super::cell::Cell;
use super::chunk::{CHUNK_CELLS, Chunk};
use super::ranges::Range;
use super::series::Series;
use super::slab::SlabPtr;
use crate::sync::{Fault, Ordering, ReclaimShared, broken};
use std::ptr::NonNull;

/// Memory of a pass, kept between passes so that a warm one allocates nothing.
#[derive(Debug, Default)]
pub(crate) struct PassScratch {
    slabs: Vec<SlabPtr>,
    /// The chunk at hand in each slab that has it, in slab order, the shared slab's last. Only filled
    /// during a pass: the lifetime is the pass's, see `Pass::select`.
    column: Vec<&'static Chunk>,
    /// The sums of all cells of the chunk at hand, where many of them are asked for; else empty.
    totals: Vec<u64>,
}

/// Fewest slabs for which a chunk is summed as a whole: reading one cell from each of so many chunks, series by
/// series, defeats the prefetching that reading them one after the other gets.
#[cfg(not(engine_loom))]
const MANY_SLABS: usize = 8;
/// Consecutive series of one chunk after which the rest of it is expected to be asked for as well.
#[cfg(not(engine_loom))]
const MANY_SERIES: u32 = 32;

/// Returns whether a chunk, of which so many counts were read, is to be summed as a whole in so many slabs.
#[inline(always)]
fn is_worth_summing(counted: u32, slabs: usize) -> bool {
    #[cfg(engine_loom)]
    return super::model::sums_chunks() && counted == 1 && slabs > 0;
    #[cfg(not(engine_loom))]
    return counted == MANY_SERIES && slabs >= MANY_SLABS;
}

/// One pass: sums cell ranges over all slabs in a fixed order. While it lives no slab is folded or
/// freed; recorders never notice it (I5).
///
/// Per range a pass sees every record that happened before the pass began, and never less than an
/// earlier pass that ended before this one began (I2, O8).
#[derive(Debug)]
pub(crate) struct Pass<'s> {
    scratch: &'s mut PassScratch,
    /// The chunk that `scratch.column` holds.
    selected: Option<u32>,
    /// Counts read from it.
    counted: u32,
    /// Sweeps when `scratch.totals` was summed up.
    sweeps: u64,
    /// Slabs that were folded when the list was copied.
    folds: u64,
    /// Besides keeping slabs, it orders passes (O8): the unlock of a reader is a Release and the lock of the
    /// next an Acquire of the same word, so that a pass that begins after another ended reads every cell
    /// at least as new.
    lock: Option<ReclaimShared>,
}

impl<'s> Pass<'s> {
    /// Begins a pass. Waits at most for a folding in progress.
    pub(crate) fn begin(scratch: &'s mut PassScratch) -> Self {
        let arena = arena();
        let lock = (!broken(Fault::PassWithoutLock)).then(|| arena.reclaim.read());
        arena.copy_slabs(&mut scratch.slabs);
        scratch.column.reserve(scratch.slabs.len() + 1);
        // Relaxed (O7): the lock orders it.
        let folds = arena.folds.load(Ordering::Relaxed);
        Self { scratch, selected: None, counted: 0, sweeps: 0, folds, lock }
    }

    /// Runs code of the user in the midst of the pass, holding no lock: slabs may be folded meanwhile, and are listed
    /// again afterwards if they were. Costs two read-modify-writes.
    pub(crate) fn paused<R>(&mut self, run: impl FnOnce() -> R) -> R {
        let held = self.lock.take().is_some();
        let result = run();
        if held {
            let arena = arena();
            self.lock = Some(arena.reclaim.read());
            // Relaxed (O7): the lock orders it.
            let folds = arena.folds.load(Ordering::Relaxed);
            if folds != self.folds {
                self.folds = folds;
                // What the column points to may be gone, so it is emptied unread.
                self.selected = None;
                self.scratch.column.clear();
                self.scratch.totals.clear();
                arena.copy_slabs(&mut self.scratch.slabs);
            }
        }
        result
    }

    /// Fills the column with the chunks of one index.
    #[inline]
    fn select(&mut self, chunk: u32) {
        if self.selected != Some(chunk) {
            self.select_cold(chunk);
        }
    }

    #[allow(unsafe_code, reason = "reads slabs under the reclaim lock")]
    fn select_cold(&mut self, chunk: u32) {
        self.selected = Some(chunk);
        self.counted = 0;
        self.scratch.totals.clear();
        self.scratch.column.clear();
        for slab in &self.scratch.slabs {
            // SAFETY: listed when the pass began, and not freed while the reclaim lock is held.
            let slab = unsafe { slab.get() };
            if let Some(chunk) = NonNull::new(slab.directory.get(chunk)) {
                // SAFETY: lives as long as its slab; the column is cleared before the lock is
                // released, so the 'static never outlives the pass.
                self.scratch.column.push(unsafe { chunk.as_ref() });
            }
        }
        if let Some(chunk) = NonNull::new(arena().shared.get(chunk)) {
            // SAFETY: chunks of the shared slab are never freed.
            self.scratch.column.push(unsafe { chunk.as_ref() });
        }
    }

    /// Returns the sum of one cell over all slabs.
    #[inline]
    pub(crate) fn count(&mut self, range: Range) -> u64 {
        self.select(range.chunk());
        if let Some(total) = self.scratch.totals.get(range.offset() as usize) {
            // Relaxed (O25): whoever met a series of a swept range has seen that sweep's store.
            if arena().sweeps.load(Ordering::Relaxed) == self.sweeps || broken(Fault::TotalsKept) {
                return *total;
            }
            self.forget_totals();
        }
        self.counted += 1;
        if is_worth_summing(self.counted, self.scratch.column.len()) {
            self.sum_chunk();
        }
        // Relaxed (O1): counts order nothing.
        total(&self.scratch.column, range, 0, Ordering::Relaxed)
    }

    /// Drops the sums of the chunk: a range in it may have been swept since, and may be a new series' by now.
    #[cold]
    fn forget_totals(&mut self) {
        self.scratch.totals.clear();
        self.counted = 0;
    }

    /// Sums all cells of the chunk at hand, slab by slab. Of a series that lives now this is as good as what would be
    /// read a little later in the same pass; of cells that wait to be swept it is the value of a removed series.
    #[cold]
    fn sum_chunk(&mut self) {
        // Acquire (O25), before the cells: a sweep that is not in this number is noticed.
        self.sweeps = arena().sweeps.load(Ordering::Acquire);
        self.scratch.totals.resize(CHUNK_CELLS, 0);
        for chunk in &self.scratch.column {
            for (total, cell) in self.scratch.totals.iter_mut().zip(chunk.cells()) {
                // Relaxed (O1): counts order nothing.
                *total = total.wrapping_add(cell.read(Ordering::Relaxed));
            }
        }
    }

    /// Returns increments minus decrements of the two cells of an up-down counter; negative only where
    /// a decrement came before its increment.
    pub(crate) fn difference(&mut self, range: Range) -> i64 {
        self.select(range.chunk());
        if broken(Fault::IncrementsReadFirst) {
            // The fault itself (O4).
            let up = total(&self.scratch.column, range, 0, Ordering::Acquire);
            let down = total(&self.scratch.column, range, 1, Ordering::Acquire);
            return up.wrapping_sub(down).cast_signed();
        }
        // All decrements first (O4), Acquire: each one seen brings the increment that came before it, so
        // the difference is never negative on account of the reading.
        let down = total(&self.scratch.column, range, 1, Ordering::Acquire);
        let up = total(&self.scratch.column, range, 0, Ordering::Relaxed);
        let depth = up.wrapping_sub(down).cast_signed();
        if depth >= 0 || broken(Fault::PassNotRelisted) {
            return depth;
        }
        // The increment may be in a slab that is newer than the list, while its decrement is not.
        self.relist(range.chunk());
        // Relaxed (O4): ordered after the decrements by their Acquire.
        let up = total(&self.scratch.column, range, 0, Ordering::Relaxed);
        up.wrapping_sub(down).cast_signed()
    }

    /// Returns increments plus decrements of an up-down counter: what changes with each of them.
    pub(crate) fn movements(&mut self, range: Range) -> u64 {
        self.select(range.chunk());
        let column = &self.scratch.column;
        // Relaxed (O1): counts order nothing.
        let up = total(column, range, 0, Ordering::Relaxed);
        up.wrapping_add(total(column, range, 1, Ordering::Relaxed))
    }

    /// Takes up slabs and chunks that have come since the pass began: everything that happened before what
    /// this thread has read is there then.
    #[cold]
    fn relist(&mut self, chunk: u32) {
        arena().copy_slabs(&mut self.scratch.slabs);
        self.select_cold(chunk);
    }

    /// Fills `buckets`, not cumulative, with those of a histogram and returns the sum of its observations,
    /// which is finite. `monotone` where no observation is negative: the sum then never falls (I2).
    pub(crate) fn histogram(&mut self, series: &Series, buckets: &mut [u64], monotone: bool) -> f64 {
        // The column may be from before the floor, since it is kept from series to series.
        self.select(series.range().chunk());
        let floor = if monotone { series.sum_floor() } else { f64::MIN };
        let mut sum = self.merge(series.range(), buckets);
        if monotone && Series::is_below(sum, floor) && !broken(Fault::PassNotRelisted) {
            // Another pass, which began later, saw a thread or a chunk that was new to it. Everything it
            // saw is there now that its floor is (O16).
            self.relist(series.range().chunk());
            sum = self.merge(series.range(), buckets);
        }
        if monotone { series.settle_sum(floor, sum) } else { sum }
    }

    fn merge(&mut self, range: Range, buckets: &mut [u64]) -> f64 {
        self.select(range.chunk());
        buckets.fill(0);
        let mut sum = 0.0;
        for chunk in &self.scratch.column {
            for (index, bucket) in buckets.iter_mut().enumerate() {
                // Acquire (O3): before the sum, so that the sum covers what was counted.
                *bucket = bucket.wrapping_add(at(chunk, range, 1 + index).read(Ordering::Acquire));
            }
            // Relaxed (O3): ordered after the buckets by their Acquire. A cell may have grown to infinity, and two
            // of them must not meet as NaN.
            let part = f64::from_bits(at(chunk, range, 0).read(Ordering::Relaxed));
            sum += part.clamp(f64::MIN, f64::MAX);
        }
        sum.clamp(f64::MIN, f64::MAX)
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        self.scratch.column.clear();
        self.scratch.slabs.clear();
    }
}

#[inline(always)]
fn total(column: &[&Chunk], range: Range, index: usize, order: Ordering) -> u64 {
    column.iter().fold(0, |sum, chunk| sum.wrapping_add(at(chunk, range, index).read(order)))
}

#[inline(always)]
fn at(chunk: &Chunk, range: Range, index: usize) -> &Cell {
    // The mask is for the compiler, which then needs no bounds check: ranges stay within a chunk.
    const { assert!(CHUNK_CELLS.is_power_of_two()) };
    &chunk.cells()[(range.offset() as usize + index) & (CHUNK_CELLS - 1)]
}
