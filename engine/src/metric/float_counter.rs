//! FloatCounter: a total of what comes in fractions.

use super::handle::{CellHandle, handle};
use crate::cells::{self, Dropped};

/// A total that only grows and is not an integer: cost, energy, units that come in fractions. For counts and bytes take
/// a [`Counter`](crate::Counter), which is exact, and for time a [`DurationCounter`](crate::DurationCounter).
///
/// # Performance
/// An unlocked addition to two cells of the thread: about three times what [`Counter`](crate::Counter) costs.
///
/// # Consistency
/// As every sum of floats it is rounded, and the total depends on how threads shared the work; it never falls from one
/// scrape to the next. One that grows past the largest float stays there.
///
/// # Refused values
/// NaN, infinities and negative values are not added but counted by reason in [`stats`](crate::stats()).
///
/// # Examples
/// ```
/// let registry = streamgauge::Registry::new();
/// let cost = registry.float_counter("request_cost_total", "What the requests cost, in credits.").register()?;
/// cost.add(0.25);
/// cost.inc();
/// assert_eq!(cost.get(), 1.25);
/// assert_eq!(registry.sample_value("request_cost_total", &[]), Some(1.25));
/// # Ok::<(), streamgauge::Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "a counter that nobody records through stays at its value"]
pub struct FloatCounter {
    /// The sum, and how often something was added to it.
    cells: CellHandle,
}

handle!(FloatCounter { cells });

impl FloatCounter {
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
        self.add(1.0);
    }

    /// Adds to the total.
    #[doc(alias = "inc_by")]
    #[inline]
    pub fn add(&self, value: f64) {
        // False of NaN too.
        if (0.0..=f64::MAX).contains(&value) {
            cells::add_observations(self.cells.range, value, 0, 1);
        } else {
            self.refuse(value);
        }
    }

    #[cold]
    #[inline(never)]
    fn refuse(&self, value: f64) {
        if self.cells.series().is_none() {
            return;
        }
        // Somebody records, so the series is not idle.
        self.touch();
        cells::count_dropped(
            match value {
                value if value.is_nan() => Dropped::NotANumber,
                value if value.is_infinite() => Dropped::Infinite,
                _ => Dropped::Negative,
            },
            1,
        );
    }

    /// Counts as an update for the idle timeout of the family, though nothing changes. Cold.
    pub fn touch(&self) {
        self.cells.touch();
    }

    /// Returns the total over all threads; 0 for a noop. Cold: merges the slabs, and allocates.
    #[must_use]
    pub fn get(&self) -> f64 {
        self.cells.read(|pass, series| pass.histogram(series, &mut [0], true))
    }
}
