//! The line that shows how the pipeline is doing.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use streamgauge::HistogramSnapshot;

use super::Seconds;
use crate::config::Live;
use crate::pipeline::{Metrics, Progress};

/// Shows throughput, latency, lag and errors of the time since the last line.
pub struct LiveLine<'a> {
    style: Live,
    out: &'a mut dyn Write,
    began: Instant,
    last: Instant,
    applied: u64,
    latency: HistogramSnapshot,
}

impl<'a> LiveLine<'a> {
    /// Starts now. `applied` is where the pipeline starts from.
    pub fn new(style: Live, out: &'a mut dyn Write, applied: u64) -> Self {
        let now = Instant::now();
        Self { style, out, began: now, last: now, applied, latency: HistogramSnapshot::default() }
    }

    /// Shows a line, if it is time for one.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn show(&mut self, progress: &Progress, metrics: &Metrics) -> io::Result<()> {
        let every = match self.style {
            Live::Redraw => Duration::from_millis(250),
            Live::Append => Duration::from_secs(2),
            Live::Off => return Ok(()),
        };
        let since = self.last.elapsed();
        if since < every {
            return Ok(());
        }
        let line = self.line(since, progress, metrics);
        match self.style {
            // Return, the line, erase what is left of a longer one.
            Live::Redraw => write!(self.out, "\r{line}\x1b[K")?,
            Live::Append | Live::Off => writeln!(self.out, "{line}")?,
        }
        self.out.flush()
    }

    /// Leaves the line on the screen and goes to the next one.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn end(self) -> io::Result<()> {
        if self.style == Live::Redraw { writeln!(self.out) } else { Ok(()) }
    }

    fn line(&mut self, since: Duration, progress: &Progress, metrics: &Metrics) -> String {
        let (applied, latency) = (progress.applied(), metrics.sink.e2e.snapshot());
        let rate = (applied - self.applied) as f64 / since.as_secs_f64();
        let line = format!(
            "{:7.1} s  {applied} events  {rate:6.0} events/s  e2e p50 {} p99 {}  lag {} + {}  errors {}",
            self.began.elapsed().as_secs_f64(),
            Seconds(quantile_between(&self.latency, &latency, 0.5)),
            Seconds(quantile_between(&self.latency, &latency, 0.99)),
            Seconds(Some(progress.source_lag().as_secs_f64())),
            Seconds(Some(progress.pipeline_lag().as_secs_f64())),
            metrics.sink.dead_lettered(),
        );
        (self.last, self.applied, self.latency) = (Instant::now(), applied, latency);
        line
    }
}

impl std::fmt::Debug for LiveLine<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LiveLine").field("style", &self.style).field("applied", &self.applied).finish_non_exhaustive()
    }
}

/// Estimates a quantile of what was observed between two snapshots: linear within the bucket, as PromQL does with
/// `histogram_quantile` over `increase`.
fn quantile_between(before: &HistogramSnapshot, after: &HistogramSnapshot, q: f64) -> Option<f64> {
    // The first snapshot of all has no buckets: everything is new.
    let before = before.buckets().map(|(_, count)| count).chain(std::iter::repeat(0));
    let buckets: Vec<_> = after.buckets().zip(before).map(|((bound, after), before)| (bound, after - before)).collect();
    let rank = q * buckets.last()?.1 as f64;
    let mut below = (0.0, 0);
    for &(bound, count) in &buckets {
        if count as f64 >= rank && count > 0 {
            let share = if count > below.1 { (rank - below.1 as f64) / (count - below.1) as f64 } else { 1.0 };
            return Some(if bound.is_finite() { below.0 + (bound - below.0) * share } else { below.0 });
        }
        below = (bound, count);
    }
    None
}

#[cfg(test)]
mod tests {
    use streamgauge::{Buckets, Registry};

    use super::*;

    #[test]
    fn only_the_time_between_counts() {
        let registry = Registry::new();
        let buckets = Buckets::linear(10.0, 10.0, 10);
        let histogram = registry.histogram("size", "Size.").buckets(buckets).register().expect("a valid metric");
        let none = HistogramSnapshot::default();
        assert_eq!(quantile_between(&none, &histogram.snapshot(), 0.5), None);
        histogram.observe_n(95.0, 1000);
        let before = histogram.snapshot();
        assert_eq!(quantile_between(&none, &before, 0.5), Some(95.0));
        assert_eq!(quantile_between(&before, &before, 0.5), None);
        histogram.observe_n(15.0, 10);
        histogram.observe_n(25.0, 10);
        let after = histogram.snapshot();
        assert_eq!(quantile_between(&before, &after, 0.5), Some(20.0));
        assert_eq!(quantile_between(&before, &after, 0.75), Some(25.0));
    }
}
