//! The table at the end of a run.

use std::fmt;
use std::time::Duration;

use super::Seconds;
use crate::feed::Op;
use crate::feed::workload::WriterReport;
use crate::pipeline::{Checkpoint, Counts, Metrics, Report, RowTallies};

/// What a run did. Displayed as two tables: one row a table (all that were dropped share one), one row a stage.
///
/// Events come from the checkpoint and cover the life of the state directory; bytes, latencies and times come from
/// the metrics and cover this process.
#[derive(Debug)]
pub struct Summary<'a> {
    /// What is durably done.
    pub checkpoint: &'a Checkpoint,
    /// What was durably done when the process started.
    pub restored: &'a Checkpoint,
    /// What was measured.
    pub metrics: &'a Metrics,
    /// What the stages counted themselves.
    pub pipeline: &'a Report,
    /// What the writers did.
    pub writers: WriterReport,
    /// From the start of the pipeline until it was drained.
    pub elapsed: Duration,
}

impl fmt::Display for Summary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.tables(f)?;
        writeln!(f)?;
        self.stages(f)?;
        writeln!(f)?;
        let events = self.checkpoint.lsn - self.restored.lsn;
        let seconds = self.elapsed.as_secs_f64();
        let e2e = self.metrics.sink.e2e.snapshot();
        writeln!(
            f,
            "{events} events in {seconds:.2} s: {:.0} events/s, end to end p50 {} p99 {}",
            events as f64 / seconds,
            Seconds(e2e.quantile(0.5)),
            Seconds(e2e.quantile(0.99)),
        )?;
        let WriterReport { committed, rolled_back } = self.writers;
        write!(f, "{committed} transactions committed, {rolled_back} rolled back")?;
        match self.restored.lsn {
            0 => writeln!(f),
            lsn => writeln!(f, "; resumed behind event {lsn}"),
        }
    }
}

impl Summary<'_> {
    fn tables(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let metrics = &self.metrics.source;
        let (shown, more): (Vec<_>, Vec<_>) =
            self.checkpoint.tables().enumerate().partition(|(position, _)| *position < SHOWN);
        let names = shown.iter().map(|(_, (relation, _))| relation.name.len());
        let width = names.max().unwrap_or(0).max(DROPPED.len()) + 1;
        writeln!(
            f,
            "{:<width$}{:>10}{:>10}{:>10}{:>10}{:>14}{:>14}",
            "table", "insert", "update", "delete", "applied", "dead letters", "bytes"
        )?;
        for (_, (relation, tallies)) in &shown {
            row(f, width, &relation.name, tallies, metrics.bytes_of(relation))?;
        }
        if !more.is_empty() {
            let mut sum = RowTallies::default();
            for (_, (_, tallies)) in &more {
                sum.iter_mut().zip(tallies).for_each(|(sum, tally)| *sum += *tally);
            }
            let bytes = more.iter().map(|(_, (relation, _))| metrics.bytes_of(relation)).sum();
            row(f, width, &format!("({} more)", more.len()), &sum, bytes)?;
        }
        let Counts { dropped, creates, drops, .. } = &self.checkpoint.counts;
        if *drops > 0 {
            row(f, width, DROPPED, dropped, metrics.retired_bytes())?;
        }
        let live = self.checkpoint.relations.iter().count();
        writeln!(f, "{live} tables live, {creates} created, {drops} dropped")
    }

    fn stages(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<14}{:>10}{:>10}{:>10}{:>10}{:>14}", "stage", "events", "p50", "p99", "busy", "blocked")?;
        for report in &self.pipeline.stages {
            let metrics = &self.metrics.stages[report.stage.index()];
            let latency = metrics.latency.snapshot();
            let share = |time: Duration| format!("{:.0} %", 100.0 * time.as_secs_f64() / self.elapsed.as_secs_f64());
            writeln!(
                f,
                "{:<14}{:>10}{:>10}{:>10}{:>10}{:>14}",
                report.stage.name(),
                report.events,
                Seconds(latency.quantile(0.5)),
                Seconds(latency.quantile(0.99)),
                share(metrics.busy.get()),
                share(metrics.blocked.get()),
            )?;
        }
        Ok(())
    }
}

/// Tables with a row of their own: all of them, unless somebody asked for many.
const SHOWN: usize = 32;

/// In the place of a name: no table can be called that.
const DROPPED: &str = "(dropped)";

fn row(f: &mut fmt::Formatter<'_>, width: usize, name: &str, tallies: &RowTallies, bytes: u64) -> fmt::Result {
    let [insert, update, delete] = Op::ROWS.map(|op| tallies[op.index()].events());
    let applied: u64 = tallies.iter().map(|tally| tally.applied).sum();
    let dead_lettered: u64 = tallies.iter().map(|tally| tally.dead_lettered).sum();
    writeln!(f, "{name:<width$}{insert:>10}{update:>10}{delete:>10}{applied:>10}{dead_lettered:>14}{bytes:>14}")
}
