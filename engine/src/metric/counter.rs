//! Counter: a total of events that only grows.

use super::handle::{CellHandle, handle};
use crate::cells;

/// A total that only grows: events, bytes, errors. Exposed as an exact integer.
///
/// # Performance
/// `inc` and `add` cost about what incrementing a u64 in memory costs: two loads, a null check, one
/// unlocked add. They wrap at 2^64.
///
/// # Examples
/// ```
/// let registry = streamgauge::Registry::new();
/// let commits = registry.counter("checkpoints_total", "Successful checkpoint commits.").register()?;
/// commits.inc();
/// commits.add(2);
/// assert_eq!(commits.get(), 3);
/// # Ok::<(), streamgauge::Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "a counter that nobody records through stays at its value"]
pub struct Counter {
    cells: CellHandle,
}

handle!(Counter { cells });

impl Counter {
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

    /// Adds `n`.
    #[doc(alias = "inc_by")]
    #[inline]
    pub fn add(&self, n: u64) {
        cells::add(self.cells.range, 0, n);
    }

    /// Raises the total to `total`, and does nothing where it is that high already: for what is counted elsewhere, by a
    /// library or the kernel, and known as a total. It is an update for the idle timeout in any case.
    ///
    /// Cold: merges the slabs, allocates, and takes a lock that only `raise_to` takes, so that two threads do not both
    /// add what was missing. Concurrent increments of other threads may come before or after it.
    ///
    /// ```
    /// # use streamgauge::Registry;
    /// let registry = Registry::new();
    /// let read = registry.counter("read_bytes_total", "Bytes read.").register()?;
    /// read.raise_to(4096);
    /// read.raise_to(1024); // reported late
    /// assert_eq!(read.get(), 4096);
    /// # Ok::<(), streamgauge::Error>(())
    /// ```
    pub fn raise_to(&self, total: u64) {
        if self.cells.series().is_some() && !cells::raise(self.cells.range, total) {
            self.touch();
        }
    }

    /// Counts as an update for the idle timeout of the family, though nothing changes: as `add(0)` would if the look
    /// for idle series saw it, which compares totals. Cold.
    pub fn touch(&self) {
        self.cells.touch();
    }

    /// Reads the total over all threads; 0 for a noop. Cold: merges the slabs, and allocates.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.cells.read(|pass, _| pass.count(self.cells.range))
    }
}
