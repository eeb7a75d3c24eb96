//! Gauge: a value that is set.

use super::handle::handle;
use crate::cells::{GaugeSeries, Held};
use std::time::{SystemTime, UNIX_EPOCH};

/// A value that is set, from any thread, the last write wins: lag, a timestamp, a status.
///
/// Every float can be set, NaN and infinities too. `-0.0` is written as `0` in the text formats, as the Go library
/// writes it, and as it is in protobuf.
///
/// For what goes up and down by counting (queue depth, events in flight) use
/// [`UpDownCounter`](crate::UpDownCounter): it needs no locked instruction.
///
/// # Performance
/// `set` is two plain stores to a cache line of the gauge's own. `add` is a compare-and-swap loop, 10 ns
/// and more: all threads share the one word.
///
/// # Examples
/// ```
/// use streamgauge::{Registry, Unit};
/// let registry = Registry::new();
/// let lag = registry.gauge("source_lag_seconds", "Age of the last event.").unit(Unit::Seconds).register()?;
/// lag.set(0.2);
/// assert_eq!(lag.get(), 0.2);
/// # Ok::<(), streamgauge::Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "a gauge that nobody sets stays at 0"]
pub struct Gauge {
    held: Held<GaugeSeries>,
}

handle!(Gauge { held });

impl Gauge {
    pub(crate) fn new(held: Held<GaugeSeries>) -> Self {
        Self { held }
    }

    /// Makes a gauge that ignores what it is set to.
    pub const fn noop() -> Self {
        Self { held: Held::NOOP }
    }

    /// Sets the value. Any f64 is allowed, NaN and infinities too: they are values of the format.
    #[inline]
    pub fn set(&self, value: f64) {
        if let Some(series) = self.held.series() {
            series.set(value);
        }
    }

    /// Adds to the value with a compare-and-swap loop; subtracts with a negative `delta`.
    #[doc(alias = "inc")]
    #[doc(alias = "dec")]
    #[doc(alias = "sub")]
    pub fn add(&self, delta: f64) {
        if let Some(series) = self.held.series() {
            series.add(delta);
        }
    }

    /// Sets the value to the seconds since the Unix epoch by the system clock.
    pub fn set_to_current_time(&self) {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        self.set(since.as_secs_f64());
    }

    /// Reads the value; 0 for a noop.
    #[must_use]
    pub fn get(&self) -> f64 {
        self.held.series().map_or(0.0, |series| series.get())
    }
}
