//! Counter: a total of events that only grows.

use crate::cells::{self, Held, Hold, Pass, PassScratch, Range, Series};

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
    range: Range,
    held: Held<Series>,
}

impl Counter {
    pub(crate) fn new(range: Range, held: Held<Series>) -> Self {
        Self { range, held }
    }

    /// Gives a handle that counts as a user, unless the series is dead.
    pub(crate) fn admitted(&self) -> Option<Self> {
        Some(Self { range: self.range, held: self.held.admitted()? })
    }

    /// Gives the hold on the series.
    pub(crate) fn hold(&self) -> &dyn Hold {
        &self.held
    }

    /// Makes a counter that records into cells nobody reads, at the same cost as a real one.
    pub const fn noop() -> Self {
        Self { range: Range::SCRATCH, held: Held::NOOP }
    }

    /// Adds one.
    #[inline]
    pub fn inc(&self) {
        cells::add(self.range, 0, 1);
    }

    /// Adds `n`.
    #[inline]
    pub fn add(&self, n: u64) {
        cells::add(self.range, 0, n);
    }

    /// Raises the total to `total`, and does nothing where it is that high already: for what is counted elsewhere, by a
    /// library or the kernel, and told as a total. It is an update for the idle timeout in any case.
    ///
    /// Cold: merges the slabs, allocates, and takes a lock that only `absolute` takes, so that two threads do not both
    /// add what was missing. Increments of other threads at the same time come before or after it, as it pleases.
    ///
    /// ```
    /// # use streamgauge::Registry;
    /// let registry = Registry::new();
    /// let read = registry.counter("read_bytes_total", "Bytes read.").register()?;
    /// read.absolute(4096);
    /// read.absolute(1024); // told late
    /// assert_eq!(read.get(), 4096);
    /// # Ok::<(), streamgauge::Error>(())
    /// ```
    pub fn absolute(&self, total: u64) {
        if self.held.series().is_some() && !cells::raise(self.range, total) {
            self.touch();
        }
    }

    /// Counts as an update for the idle timeout of the family, though nothing changes: as `add(0)` would if the look for
    /// idle series saw it, which compares totals. Cold.
    pub fn touch(&self) {
        self.held.touch();
    }

    /// Reads the total over all threads; 0 for a noop. Cold: merges the slabs, and allocates.
    #[must_use]
    pub fn get(&self) -> u64 {
        if self.held.series().is_none() {
            return 0;
        }
        Pass::begin(&mut PassScratch::default()).count(self.range)
    }
}

impl Default for Counter {
    fn default() -> Self {
        Self::noop()
    }
}
