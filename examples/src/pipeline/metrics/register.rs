//! Names, help texts, units and buckets of every metric that is not of one table.

use std::sync::Arc;

use streamgauge::{Buckets, Counter, Family, Gauge, MetricSet, Registry, Scope, Unit, UpDownCounter};

use super::labels::{ByChange, ByOp, Kind, StageError};
use super::per_table::{SourceRetired, TableLabels, labels};
use super::restored::RestoredEvents;
use super::sets::{SchemaChanges, SinkMetrics, SourceMetrics, StageMetrics, WorkloadMetrics};
use crate::Error;
use crate::feed::{Op, Table};
use crate::pipeline::progress::unix_millis;
use crate::pipeline::{Checkpoint, Edge, ErrorKind, Progress, Stage};

/// More than the series that do not depend on short-lived tables, the exporter's own included.
const FIXED_SERIES: usize = 1_000;

/// More than the series of one table at the source and the sink, restored ones included.
const SERIES_OF_A_TABLE: usize = 32;

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
    /// Registers everything. The gauges of restored events speak of `restored`, the checkpoint the process starts from;
    /// `short_lived` tables are going to be there at a time.
    ///
    /// # Errors
    /// [`Error::Metrics`].
    pub fn register(
        registry: &Registry,
        restored: &Checkpoint,
        progress: &Arc<Progress>,
        short_lived: usize,
    ) -> Result<Self, Error> {
        // Those of an earlier run may still be there.
        let short_lived = short_lived.max(restored.relations.short_lived().count());
        registry.set_series_limit(FIXED_SERIES + short_lived * SERIES_OF_A_TABLE);
        let scope = registry.scope("cdc").label("pipeline", "orders");
        let failures = scope.counter("errors_total", "Errors by stage and kind.").family()?;
        let in_flight = scope.up_down_counter("in_flight_events", "Events between source and sink.").register()?;
        lag(&scope, progress)?;
        Ok(Self {
            source: source(&scope, in_flight.clone(), restored, short_lived)?,
            stages: stages(&scope, &failures)?,
            sink: sink(&scope, in_flight, restored, short_lived)?,
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

/// Makes the sets of the tables that are there.
fn init<S: MetricSet>(tables: &Family<TableLabels<'static>, S>, restored: &Checkpoint) {
    restored.relations.iter().for_each(|relation| tables.init(&labels(relation)));
}

fn schema_changes(scope: &Scope, name: &str, help: &str) -> Result<SchemaChanges, Error> {
    let changes: Family<ByChange, Counter> = scope.counter(name, help).family()?;
    let of = |change| changes.get_or_create(&ByChange { change });
    Ok(SchemaChanges { creates: of(Op::Create), drops: of(Op::Drop) })
}

/// Gives a scope in which a family has room for a series of each table and operation, and no more.
fn by_table(scope: &Scope, short_lived: usize) -> Scope {
    scope.with_limit((Table::ALL.len() + short_lived) * Op::ALL.len())
}

fn source(
    scope: &Scope,
    in_flight: UpDownCounter,
    restored: &Checkpoint,
    short_lived: usize,
) -> Result<SourceMetrics, Error> {
    let scope = scope.label("source", "sqlite");
    let tables = Family::register(&by_table(&scope, short_lived))?;
    init(&tables, restored);
    let retired: Family<ByOp, SourceRetired> = Family::register(&scope)?;
    Ok(SourceMetrics {
        tables,
        retired: Op::ROWS.map(|op| retired.get_or_create(&ByOp { op })),
        schema_changes: schema_changes(
            &scope,
            "source_schema_changes_total",
            "Tables whose create or drop was read from the change log.",
        )?,
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

fn sink(
    scope: &Scope,
    in_flight: UpDownCounter,
    restored: &Checkpoint,
    short_lived: usize,
) -> Result<SinkMetrics, Error> {
    let tables = Family::register(&by_table(scope, short_lived))?;
    init(&tables, restored);
    let retired: Family<ByOp, Counter> = scope
        .counter("sink_retired_events_total", "Events applied to the replica, of tables that were dropped since.")
        .family()?;
    let live =
        scope.up_down_counter("short_lived_tables", "Tables in the replica that came with the feed.").register()?;
    live.add(restored.relations.short_lived().count() as i64);
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
        tables,
        retired: Op::ROWS.map(|op| retired.get_or_create(&ByOp { op })),
        schema_changes: schema_changes(
            scope,
            "sink_schema_changes_total",
            "Tables created and dropped in the replica.",
        )?,
        short_lived: live,
        restored: RestoredEvents::register(scope, restored, short_lived)?,
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
