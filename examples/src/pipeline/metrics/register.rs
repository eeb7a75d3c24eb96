//! Names, help texts, units and buckets: every metric is declared here.

use std::sync::Arc;

use streamgauge::{Buckets, Counter, Family, Gauge, Registry, Scope, Unit, UpDownCounter};

use super::labels::{Kind, Restored, StageError, TableOp};
use super::sets::{PerTableOp, SinkMetrics, SourceMetrics, StageMetrics, WorkloadMetrics};
use crate::Error;
use crate::feed::{Op, Table};
use crate::pipeline::progress::unix_millis;
use crate::pipeline::{Checkpoint, Edge, ErrorKind, Progress, Stage};

/// Every metric of a pipeline.
#[derive(Clone, Debug)]
pub struct Metrics {
    /// The source's.
    pub source: SourceMetrics,
    /// One for each stage, by [`Stage::index`].
    pub stages: [StageMetrics; Stage::ALL.len()],
    /// The sink's.
    pub sink: SinkMetrics,
    /// The writers'.
    pub workload: WorkloadMetrics,
    /// 1 running, 0.5 paused, 0 stopped, below 0 failed.
    pub status: Gauge,
    failures: Family<StageError<'static>, Counter>,
    scope: Scope,
}

impl Metrics {
    /// Registers everything. The gauges of restored events speak of `restored`, the checkpoint the process starts from.
    ///
    /// # Errors
    /// [`Error::Metrics`].
    pub fn register(registry: &Registry, restored: &Checkpoint, progress: &Arc<Progress>) -> Result<Self, Error> {
        let scope = registry.scope("cdc").label("pipeline", "orders");
        let failures = scope.counter("errors_total", "Errors by stage and kind.").family()?;
        let in_flight = scope.up_down_counter("in_flight_events", "Events between source and sink.").register()?;
        restore(&scope, restored)?;
        lag(&scope, progress)?;
        Ok(Self {
            source: source(&scope, in_flight.clone())?,
            stages: stages(&scope, &failures)?,
            sink: sink(&scope, in_flight, restored)?,
            workload: workload(&scope)?,
            status: scope
                .gauge("pipeline_status", "Lifecycle: 1 running, 0.5 paused, 0 stopped, below 0 failed.")
                .register()?,
            failures,
            scope,
        })
    }

    /// Registers the depth of a channel, read at scrape time.
    ///
    /// # Errors
    /// [`Error::Metrics`].
    pub fn watch<T: Send + 'static>(&self, from: Stage, to: Stage, edge: &Edge<T>) -> Result<(), Error> {
        let name = format!("{}->{}", from.name(), to.name());
        let help = "Batches waiting in the channel between two stages.";
        Ok(self.scope.gauge("channel_depth", help).label("edge", name).callback(edge.depth())?)
    }

    /// Counts an error that ends the pipeline, and marks the pipeline as failed.
    pub fn failed(&self, stage: Stage, error: &Error) {
        self.failures.with(&StageError { stage, error_kind: error.kind() }, Counter::inc);
        self.status.set(-1.0);
    }
}

/// Latencies from 10 us to 20 s by factors of two: below any alert's threshold and above any stage's best.
fn latencies() -> Buckets {
    Buckets::exponential(0.000_01, 2.0, 22)
}

fn per_table_op<M>(mut make: impl FnMut(Table, Op) -> M) -> PerTableOp<M> {
    Table::ALL.map(|table| Op::ALL.map(|op| make(table, op)))
}

fn source(scope: &Scope, in_flight: UpDownCounter) -> Result<SourceMetrics, Error> {
    let scope = scope.label("source", "sqlite");
    let events: Family<TableOp<'static>, Counter> =
        scope.counter("source_events_total", "Events read from the change log.").family()?;
    let bytes: Family<TableOp<'static>, Counter> = scope
        .counter("source_bytes_total", "Bytes of the row images read from the change log.")
        .unit(Unit::Bytes)
        .family()?;
    Ok(SourceMetrics {
        events: per_table_op(|table, op| events.get_or_create(&TableOp { table: table.name(), op })),
        bytes: per_table_op(|table, op| bytes.get_or_create(&TableOp { table: table.name(), op })),
        in_flight,
    })
}

fn stages(
    scope: &Scope,
    errors: &Family<StageError<'static>, Counter>,
) -> Result<[StageMetrics; Stage::ALL.len()], Error> {
    let make = |stage: Stage| -> Result<StageMetrics, Error> {
        let scope = scope.label("stage", stage.name());
        Ok(StageMetrics {
            latency: scope
                .histogram("stage_latency_seconds", "From the end of the stage before to the end of this one.")
                .unit(Unit::Seconds)
                .buckets(latencies())
                .register()?,
            busy: scope.duration_counter("stage_busy_seconds_total", "Time in which the stage worked.").register()?,
            blocked: scope
                .duration_counter("stage_blocked_seconds_total", "Time in which the stage waited for a neighbour.")
                .register()?,
            errors: ErrorKind::ALL.map(|kind| match kind.stage() == stage {
                true => errors.get_or_create(&StageError { stage, error_kind: kind.name() }),
                false => Counter::noop(),
            }),
        })
    };
    let [source, decode, transform, route, sink] = Stage::ALL.map(make);
    Ok([source?, decode?, transform?, route?, sink?])
}

fn sink(scope: &Scope, in_flight: UpDownCounter, restored: &Checkpoint) -> Result<SinkMetrics, Error> {
    let events: Family<TableOp<'static>, Counter> =
        scope.counter("sink_events_total", "Events applied to the replica.").family()?;
    let dead_letters: Family<Kind, Counter> =
        scope.counter("dlq_events_total", "Events routed to the dead-letter table.").family()?;
    let last_checkpoint = scope
        .gauge("last_checkpoint_timestamp_seconds", "When the last checkpoint was committed, or the process began.")
        .unit(Unit::Seconds)
        .register()?;
    match restored.committed_at_ms {
        0 => last_checkpoint.set_to_current_time(),
        at => last_checkpoint.set(at as f64 / 1e3),
    }
    let last = last_checkpoint.clone();
    scope
        .gauge("checkpoint_age_seconds", "Time since the last checkpoint was committed.")
        .unit(Unit::Seconds)
        .callback(move || (unix_millis() as f64 / 1e3 - last.get()).max(0.0))?;
    let entries = scope.up_down_counter("dlq_entries", "Rows in the dead-letter table.").register()?;
    entries.add(restored.total().dead_lettered as i64);
    Ok(SinkMetrics {
        events: per_table_op(|table, op| events.get_or_create(&TableOp { table: table.name(), op })),
        dead_letters: ErrorKind::ALL.map(|error_kind| dead_letters.get_or_create(&Kind { error_kind })),
        entries,
        e2e: scope
            .histogram("e2e_latency_seconds", "From reading an event to the commit that applied it.")
            .unit(Unit::Seconds)
            .buckets(latencies())
            .register()?,
        transactions: scope
            .histogram("sink_transaction_events", "Events in a transaction of the sink.")
            .buckets(Buckets::exponential(1.0, 2.0, 11))
            .register()?,
        checkpoints: scope.counter("checkpoints_total", "Checkpoints committed.").register()?,
        last_checkpoint,
        in_flight,
    })
}

fn workload(scope: &Scope) -> Result<WorkloadMetrics, Error> {
    let transactions = |outcome: &str| {
        let help = "Transactions of the workload by outcome.";
        scope.counter("workload_transactions_total", help).label("outcome", outcome).register()
    };
    Ok(WorkloadMetrics {
        committed: transactions("commit")?,
        rolled_back: transactions("rollback")?,
        throttled: scope
            .duration_counter("workload_throttled_seconds_total", "Time in which writers waited for the pipeline.")
            .register()?,
    })
}

/// What earlier processes had done: the counters start at 0 with the process, as counters should (a counter that
/// started at the old total, a little below what was last scraped, would look like a reset and add the total again).
fn restore(scope: &Scope, restored: &Checkpoint) -> Result<(), Error> {
    let events: Family<Restored<'static>, Gauge> =
        scope.gauge("restored_events", "Events behind the checkpoint from which the process started.").family()?;
    for table in Table::ALL {
        for op in Op::ALL {
            let tally = restored.counts[table.index()][op.index()];
            for (outcome, count) in [("applied", tally.applied), ("dead_lettered", tally.dead_lettered)] {
                events.with(&Restored { table: table.name(), op, outcome }, |gauge| gauge.set(count as f64));
            }
        }
    }
    Ok(())
}

/// The gauges that are computed when somebody scrapes.
fn lag(scope: &Scope, progress: &Arc<Progress>) -> Result<(), Error> {
    let source = Arc::clone(progress);
    scope
        .gauge("source_lag_seconds", "Age of the oldest change the source has not read; 0 if there is none.")
        .unit(Unit::Seconds)
        .callback(move || source.source_lag().as_secs_f64())?;
    let pipeline = Arc::clone(progress);
    scope
        .gauge("pipeline_lag_seconds", "Age, since it was read, of the oldest event in flight; 0 if there is none.")
        .unit(Unit::Seconds)
        .callback(move || pipeline.pipeline_lag().as_secs_f64())?;
    let backlog = Arc::clone(progress);
    scope
        .gauge("backlog_events", "Events captured that no checkpoint covers yet.")
        .callback(move || backlog.backlog() as f64)?;
    Ok(())
}
