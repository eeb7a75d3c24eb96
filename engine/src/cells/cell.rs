//! One u64 that one thread writes and any thread reads.

use crate::sync::{AtomicU64, Ordering, owner_load};

/// One u64 of a slab. Written by the thread that holds the slab, read by scrapes; the cells of the
/// shared slab are written by any thread through the `shared_*` methods.
///
/// It is an atomic, so breaking the one-writer rule (I1) may lose counts but is never undefined
/// behaviour.
#[derive(Debug)]
#[repr(transparent)]
pub(crate) struct Cell(AtomicU64);

impl Cell {
    #[cfg(engine_loom)]
    pub(crate) fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// Adds `n` as the one writer: one load, one add, one store, which x86-64 fuses into a single
    /// unlocked instruction.
    #[inline(always)]
    pub(crate) fn owner_add(&self, n: u64) {
        // Relaxed (O1): a count on its own orders nothing; a scrape may see it one scrape later.
        self.0.store(owner_load(&self.0).wrapping_add(n), Ordering::Relaxed);
    }

    /// Like [`owner_add`](Self::owner_add), with the ordering of the store chosen by the caller.
    #[inline(always)]
    pub(crate) fn owner_add_ordered(&self, n: u64, order: Ordering) {
        self.0.store(owner_load(&self.0).wrapping_add(n), order);
    }

    /// Adds `v` to the cell read as an f64, as the one writer.
    #[inline(always)]
    pub(crate) fn owner_add_f64(&self, v: f64) {
        // Relaxed (O3): the bucket store that follows is the Release that covers the sum.
        self.0.store((f64::from_bits(owner_load(&self.0)) + v).to_bits(), Ordering::Relaxed);
    }

    /// Adds `n` from any thread with a read-modify-write.
    pub(crate) fn shared_add(&self, n: u64, order: Ordering) {
        self.0.fetch_add(n, order);
    }

    /// The fault of a model: adds as if the shared cell had one writer.
    pub(crate) fn shared_add_without_rmw(&self, n: u64) {
        // The fault itself (O5), Relaxed like what it stands for.
        let seen = self.0.load(Ordering::Relaxed);
        self.0.store(seen.wrapping_add(n), Ordering::Relaxed);
    }

    /// Adds `v`, which is finite, to the cell read as an f64, from any thread, with a compare-and-swap loop. The cell
    /// stays finite.
    pub(crate) fn shared_add_f64(&self, v: f64) {
        // Relaxed (O5): only a guess, which the exchange checks.
        let mut seen = self.0.load(Ordering::Relaxed);
        loop {
            let next = (f64::from_bits(seen) + v).clamp(f64::MIN, f64::MAX).to_bits();
            // Relaxed (O5): the bucket's Release that follows covers the sum, as with an owner.
            match self.0.compare_exchange_weak(seen, next, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return,
                Err(now) => seen = now,
            }
        }
    }

    /// Reads the cell from any thread.
    #[inline(always)]
    pub(crate) fn read(&self, order: Ordering) -> u64 {
        self.0.load(order)
    }

    /// Sets the cell to zero. The caller has shown that no record is in flight (I3).
    pub(crate) fn zero(&self) {
        // Relaxed (O12): the mutex of the range allocator and the publication of the next owner's
        // handle carry the zero to the next recorder.
        self.0.store(0, Ordering::Relaxed);
    }
}
