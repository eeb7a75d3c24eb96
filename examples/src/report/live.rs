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
        let (live, created, dropped) = metrics.sink.tables();
        let recent = latency.since(&self.latency);
        let line = format!(
            "{:7.1} s  {applied} events  {rate:6.0} events/s  e2e p50 {} p99 {}  lag {} + {}  tables {live} +{created} -{dropped}  errors {}",
            self.began.elapsed().as_secs_f64(),
            Seconds(recent.quantile(0.5)),
            Seconds(recent.quantile(0.99)),
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
