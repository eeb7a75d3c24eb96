//! UpDownCounter: a depth kept by counting.

use super::handle::{CellHandle, handle};
use crate::cells;

/// A depth kept by counting up and down, from any thread: events in flight, a queue's length, open
/// connections. Exposed as a gauge.
///
/// # Performance
/// Each operation is one unlocked add, like [`Counter`](crate::Counter): increments and decrements are
/// two cells a thread.
///
/// # Consistency
/// A scrape reads all decrements before all increments. Where each `dec` follows its `inc` (also when an
/// event carries it to another thread through a channel), the exposed depth is never negative; it may
/// include an event that has just left.
///
/// # Examples
/// ```
/// let registry = streamgauge::Registry::new();
/// let in_flight = registry.up_down_counter("in_flight_events", "Events between source and sink.").register()?;
/// in_flight.inc();
/// {
///     let _guard = in_flight.track_in_progress();
///     assert_eq!(in_flight.get(), 2);
/// }
/// in_flight.dec();
/// assert_eq!(in_flight.get(), 0);
/// # Ok::<(), streamgauge::Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "a counter that nobody records through stays at its value"]
pub struct UpDownCounter {
    cells: CellHandle,
}

handle!(UpDownCounter { cells });

impl UpDownCounter {
    #[inline(always)]
    pub(crate) fn new(cells: CellHandle) -> Self {
        Self { cells }
    }

    /// Makes a counter that records into cells nobody reads, at the same cost as a real one.
    pub const fn noop() -> Self {
        Self { cells: CellHandle::NOOP }
    }

    /// Adds one.
    #[inline]
    pub fn inc(&self) {
        cells::add(self.cells.range, 0, 1);
    }

    /// Takes one away.
    #[inline]
    pub fn dec(&self) {
        cells::add_release(self.cells.range, 1, 1);
    }

    /// Adds `n`, or takes away where it is negative.
    #[inline]
    pub fn add(&self, n: i64) {
        if n >= 0 {
            cells::add(self.cells.range, 0, n.unsigned_abs());
        } else {
            cells::add_release(self.cells.range, 1, n.unsigned_abs());
        }
    }

    /// Adds one now and takes it away when the guard is dropped, on unwinding too.
    #[inline]
    pub fn track_in_progress(&self) -> InProgress<'_> {
        self.inc();
        InProgress { counter: self }
    }

    /// Reads the depth over all threads; 0 for a noop. Cold: merges the slabs, and allocates.
    #[must_use]
    pub fn get(&self) -> i64 {
        self.cells.read(|pass, _| pass.difference(self.cells.range))
    }
}

/// Takes one away from its [`UpDownCounter`] when dropped.
#[derive(Debug)]
#[must_use = "dropping the guard at once counts nothing as in progress"]
pub struct InProgress<'c> {
    counter: &'c UpDownCounter,
}

impl Drop for InProgress<'_> {
    #[inline]
    fn drop(&mut self) {
        self.counter.dec();
    }
}
