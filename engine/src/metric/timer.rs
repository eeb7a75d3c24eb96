//! Timer: a scope whose duration is observed.

use super::{Histogram, Tick};
use std::time::Duration;

/// Observes the seconds from its creation to its end, made by
/// [`Histogram::start_timer`](crate::Histogram::start_timer). Sugar over two [`Tick`]s.
#[derive(Debug)]
#[must_use = "dropping the timer at once observes nothing but its own cost"]
pub struct Timer<'h> {
    histogram: Option<&'h Histogram>,
    start: Tick,
}

impl<'h> Timer<'h> {
    pub(crate) fn start(histogram: &'h Histogram) -> Self {
        Self { histogram: Some(histogram), start: Tick::now() }
    }

    /// Observes now and returns what was observed.
    #[doc(alias = "observe_duration")]
    #[doc(alias = "stop_and_record")]
    pub fn stop(mut self) -> Duration {
        let now = Tick::now();
        if let Some(histogram) = self.histogram.take() {
            histogram.observe_between(self.start, now);
        }
        now.duration_since(self.start)
    }

    /// Observes nothing.
    #[doc(alias = "stop_and_discard")]
    pub fn discard(mut self) {
        self.histogram = None;
    }
}

impl Drop for Timer<'_> {
    fn drop(&mut self) {
        if let Some(histogram) = self.histogram {
            histogram.lap(self.start);
        }
    }
}
