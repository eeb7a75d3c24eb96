//! What a series owns besides its name: a cell range, or a shared word, and its two counts.

use super::arena::arena;
use super::held::{Counted, Users};
use super::lost::count_internal_error;
use super::ranges::{self, OutOfCells, PackedRange, Range};
use super::reclaim;
use crate::sync::{AtomicU64, Ordering, model_failed};

/// A series that records into a cell range. Dropping the last reference gives the range back.
#[derive(Debug)]
pub(crate) struct Series {
    range: PackedRange,
    users: Users,
    /// Milliseconds since the Unix epoch; written at creation.
    created_millis: u64,
    /// Bits of the highest sum a histogram has shown; raised by passes (I2).
    high_water: AtomicU64,
}

impl Series {
    /// Makes a series of `cells` cells, the first of them an f64 sum where `sum_first` says so.
    pub(crate) fn new(cells: usize, sum_first: bool, created_millis: u64) -> Result<Self, OutOfCells> {
        let range = ranges::allocate(cells, sum_first).or_else(|OutOfCells| {
            // All cells are taken, but some perhaps by series that went and that nobody has swept after.
            reclaim::sweep();
            ranges::allocate(cells, sum_first)
        })?;
        let range = PackedRange::new(range);
        Ok(Self { range, users: Users::new(), created_millis, high_water: AtomicU64::new(0) })
    }

    #[inline]
    pub(crate) fn range(&self) -> Range {
        self.range.unpack()
    }

    pub(crate) fn created_millis(&self) -> u64 {
        self.created_millis
    }

    /// Returns whether a sum is below the floor by more than rounding explains.
    pub(crate) fn is_below(sum: f64, floor: f64) -> bool {
        floor - sum > 1e-9 * floor
    }

    /// Returns the sum below which a pass that begins now cannot honestly come: to be read before the cells.
    pub(crate) fn sum_floor(&self) -> f64 {
        // Acquire (O16): pairs with the Release in settle_sum, so that this pass reads cells at least as new
        // as the pass whose sum it sees.
        f64::from_bits(self.high_water.load(Ordering::Acquire))
    }

    /// Keeps a non-negative f64 sum from going down by rounding: adding the same partial sums in
    /// another order (a slab was folded) may end an ulp lower, which a reader would take for a reset.
    /// `floor` is what [`sum_floor`](Self::sum_floor) returned before the cells were read.
    pub(crate) fn settle_sum(&self, floor: f64, sum: f64) -> f64 {
        // The bits of non-negative floats are ordered like the floats. Release (O16): see sum_floor.
        self.high_water.fetch_max(sum.to_bits(), Ordering::Release);
        if Self::is_below(sum, floor) {
            // More than rounding explains: the clamp must not hide a bug.
            count_internal_error();
            debug_assert!(false, "a histogram sum fell from {floor} to {sum}");
        }
        sum.max(floor)
    }
}

impl Counted for Series {
    fn users(&self) -> &Users {
        &self.users
    }
}

impl Drop for Series {
    fn drop(&mut self) {
        let range = self.range();
        if !range.is_scratch() && !model_failed() {
            ranges::give_back(range);
        }
    }
}

/// A series of one shared word, in which the last write wins: a gauge. Aligned so that two gauges never
/// share a cache line (0.85 instead of 1.2 ns with two threads on two gauges).
#[derive(Debug)]
#[repr(align(64))]
pub(crate) struct GaugeSeries {
    /// Bits of the f64. Written by any thread.
    value: AtomicU64,
    /// Not 0 once the gauge was set since the last look for idle series; on the same line as the value.
    touched: AtomicU64,
    users: Users,
    created_millis: u64,
}

impl GaugeSeries {
    pub(crate) fn new(created_millis: u64) -> Self {
        Self { value: AtomicU64::new(0f64.to_bits()), touched: AtomicU64::new(0), users: Users::new(), created_millis }
    }

    pub(crate) fn created_millis(&self) -> u64 {
        self.created_millis
    }

    /// Sets the value; the last store wins.
    #[inline]
    pub(crate) fn set(&self, value: f64) {
        // Relaxed (O15): a gauge orders nothing else.
        self.value.store(value.to_bits(), Ordering::Relaxed);
        // Relaxed (O15): also where the value is the same, a setting is an update.
        self.touched.store(1, Ordering::Relaxed);
    }

    /// Adds to the value with a compare-and-swap loop.
    pub(crate) fn add(&self, delta: f64) {
        // Relaxed (O15): only the word itself is exchanged.
        let mut seen = self.value.load(Ordering::Relaxed);
        loop {
            let next = (f64::from_bits(seen) + delta).to_bits();
            // Relaxed (O15): as above.
            match self.value.compare_exchange_weak(seen, next, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return self.touched.store(1, Ordering::Relaxed),
                Err(now) => seen = now,
            }
        }
    }

    /// Returns whether the gauge was updated since the last call.
    pub(crate) fn take_set(&self) -> bool {
        // Relaxed (O15): an update that is missed now is seen at the next look.
        self.touched.swap(0, Ordering::Relaxed) != 0
    }

    /// Reads the gauge.
    pub(crate) fn get(&self) -> f64 {
        // Relaxed (O15): a gauge orders nothing else.
        f64::from_bits(self.value.load(Ordering::Relaxed))
    }
}

impl Counted for GaugeSeries {
    fn users(&self) -> &Users {
        &self.users
    }
}

/// Chunks that hold ranges of series: what `warm` touches.
pub(crate) fn used_chunks() -> std::ops::Range<u32> {
    arena().ranges.lock().used_chunks()
}

// With the two counts of its Arc a series is 40 bytes, which the common allocators serve from a class of 48.
const _: () = assert!(cfg!(engine_loom) || size_of::<Series>() == 24);
