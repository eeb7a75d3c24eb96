//! The record path: directory, chunk, null check, load, add, store.

use super::arena::arena;
use super::cell::Cell;
use super::chunk::{CHUNK_CELLS, Chunk};
use super::local::{touch, with_local};
use super::lost::count_lost;
use super::ranges::Range;
use super::series::used_chunks;
use crate::sync::{Fault, Ordering, broken, unless_broken};
use std::ptr::NonNull;

/// Returns the calling thread's chunk of the range, or null: not attached, an orphan, or a chunk not
/// touched yet.
#[inline(always)]
#[allow(unsafe_code, reason = "the record path: a bounds check here costs as much as the increment")]
fn own_chunk(range: Range) -> *const Chunk {
    with_local(|local| {
        // SAFETY: the directory pointer is the all-null static or that of this thread's slab.
        let directory = unsafe { &*local.directory.get() };
        // SAFETY: ranges come from the allocator, which stays below DIRECTORY_CHUNKS.
        unsafe { directory.owner_get(range.chunk()) }
    })
}

/// Returns cell `index` of the range in a chunk.
///
/// # Safety
/// `chunk` is not null and alive for `'a`; `index` lies within the range.
#[inline(always)]
#[allow(unsafe_code, reason = "see own_chunk")]
unsafe fn cell_of<'a>(chunk: *const Chunk, range: Range, index: usize) -> &'a Cell {
    let offset = range.offset() as usize + index;
    debug_assert!(offset < CHUNK_CELLS);
    // SAFETY: ranges never straddle a chunk (ranges.rs), and the caller's index lies within its
    // range, so the offset is below CHUNK_CELLS.
    let cell = unsafe { chunk.cast::<Cell>().add(offset) };
    // SAFETY: in bounds of a live chunk, as above.
    unsafe { &*cell }
}

/// Returns the calling thread's cell `index` of the range, or `None` where [`own_chunk`] returns null.
#[inline(always)]
#[allow(unsafe_code, reason = "see own_chunk")]
fn own_cell<'a>(range: Range, index: usize) -> Option<&'a Cell> {
    let chunk = own_chunk(range);
    // SAFETY: a non-null chunk is of this thread's own slab, which lives until the thread detaches.
    (!chunk.is_null()).then(|| unsafe { cell_of(chunk, range, index) })
}

/// Adds `n` to a cell of the range. Costs one thread-local address, two loads, a null check and one
/// unlocked add.
#[inline(always)]
pub(crate) fn add(range: Range, index: usize, n: u64) {
    match own_cell(range, index) {
        Some(cell) => cell.owner_add(n),
        None => add_cold(range, index, n),
    }
}

/// Like [`add`], with a Release store (O4): a pass that sees the addition sees all that this thread
/// saw before it. Costs the same on x86-64.
#[inline(always)]
pub(crate) fn add_release(range: Range, index: usize, n: u64) {
    match own_cell(range, index) {
        // Release (O4): see above.
        Some(cell) => cell.owner_add_ordered(n, Ordering::Release),
        None => add_cold(range, index, n),
    }
}

/// Records `n` observations into `bucket` of a histogram's range and `total` into its sum.
#[inline(always)]
#[allow(unsafe_code, reason = "see own_chunk")]
pub(crate) fn add_observations(range: Range, total: f64, bucket: u64, n: u64) {
    let chunk = own_chunk(range);
    if chunk.is_null() {
        return add_observations_cold(range, total, bucket, n);
    }
    // SAFETY: a non-null chunk is of this thread's own slab; the range of a histogram has a sum cell
    // and one for each bucket.
    let sum = unsafe { cell_of(chunk, range, 0) };
    // SAFETY: as above.
    let bucket = unsafe { cell_of(chunk, range, 1 + bucket as usize) };
    sum.owner_add_f64(total);
    // Release (O3): pairs with the Acquire of a pass that reads buckets first, sum second, so that
    // the sum covers every observation that was counted.
    bucket.owner_add_ordered(n, unless_broken(Fault::BucketStoredRelaxed, Ordering::Release));
}

#[cold]
#[inline(never)]
fn add_cold(range: Range, index: usize, n: u64) {
    if let Some(chunk) = touch(range.chunk()) {
        // Release: one cold path for both orders; O4 needs it.
        chunk_cell(chunk, range, index).owner_add_ordered(n, Ordering::Release);
    } else if let Some(chunk) = arena().shared_chunk(range.chunk()) {
        let cell = chunk.cell(range.offset() as usize + index);
        if broken(Fault::OrphanWithoutRmw) {
            return cell.shared_add_without_rmw(n);
        }
        // Read-modify-write (O5): orphans share the cell. Release for O4.
        cell.shared_add(n, Ordering::Release);
    } else {
        count_lost();
    }
}

#[cold]
#[inline(never)]
fn add_observations_cold(range: Range, total: f64, bucket: u64, n: u64) {
    if let Some(chunk) = touch(range.chunk()) {
        chunk_cell(chunk, range, 0).owner_add_f64(total);
        // Release (O3): as on the hot path.
        chunk_cell(chunk, range, 1 + bucket as usize).owner_add_ordered(n, Ordering::Release);
    } else if let Some(chunk) = arena().shared_chunk(range.chunk()) {
        chunk.cell(range.offset() as usize).shared_add_f64(total);
        let bucket = chunk.cell(range.offset() as usize + 1 + bucket as usize);
        if broken(Fault::OrphanWithoutRmw) {
            return bucket.shared_add_without_rmw(n);
        }
        // Release (O3, O5): a read-modify-write, as orphans share the cell.
        bucket.shared_add(n, Ordering::Release);
    } else {
        count_lost();
    }
}

#[allow(unsafe_code, reason = "chunks are shared by raw pointers")]
fn chunk_cell<'a>(chunk: NonNull<Chunk>, range: Range, index: usize) -> &'a Cell {
    // SAFETY: `touch` gave the chunk of this thread's own slab, which lives until it detaches.
    let chunk = unsafe { chunk.as_ref() };
    chunk.cell(range.offset() as usize + index)
}

/// Allocates, attaches and touches every page of the chunks in use, so that the first record of this
/// thread into any existing series takes no page fault.
pub(crate) fn warm() {
    const CELLS_PER_PAGE: usize = if cfg!(engine_loom) { CHUNK_CELLS / 2 } else { 512 };
    for chunk in used_chunks() {
        let Some(chunk) = touch(chunk) else { return };
        for offset in (0..CHUNK_CELLS as u32).step_by(CELLS_PER_PAGE) {
            let cell = chunk_cell(chunk, Range::new(0, offset), 0);
            if broken(Fault::WarmAddsNothing) {
                cell.owner_add(0);
                continue;
            }
            // Relaxed (O12): only this thread and sweeps write the cell, and both store 0.
            if cell.read(Ordering::Relaxed) == 0 {
                // Writing, not reading: a read would map the shared page of zeros. A cell that is not 0 proves that its
                // page is there, and is left alone: it may be of a series that goes, and adding nothing to it could
                // put back what a sweep zeroes between the load and the store (I3).
                cell.zero();
            }
        }
    }
}
