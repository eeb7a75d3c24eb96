//! The handles of each part of the pipeline, and what it does with them on the stream.

use streamgauge::{Counter, DurationCounter, Family, Gauge, Histogram, UpDownCounter};

use super::per_table::{PerTable, SinkTable, SourceRetired, SourceTable, TableLabels, labels};
use super::restored::RestoredEvents;
use crate::feed::{Change, Op, Relation, Table};
use crate::pipeline::{Envelope, ErrorKind};

pub(super) type PerKind<M> = [M; ErrorKind::ALL.len()];
/// By [`Op::index`].
pub(super) type PerOp<M> = [M; Op::ROWS.len()];

/// Tables that came and went.
#[derive(Clone, Debug)]
pub(super) struct SchemaChanges {
    pub(super) creates: Counter,
    pub(super) drops: Counter,
}

/// What the source counts.
#[derive(Clone, Debug)]
pub struct SourceMetrics {
    pub(super) tables: Family<TableLabels<'static>, SourceTable>,
    pub(super) retired: PerOp<SourceRetired>,
    pub(super) schema_changes: SchemaChanges,
    pub(super) in_flight: UpDownCounter,
}

impl SourceMetrics {
    /// What the source's thread counts with.
    pub fn recorder(&self) -> SourceRecorder {
        SourceRecorder { tables: PerTable::new(&self.tables), metrics: self.clone() }
    }

    /// The bytes counted for a table that is there, by this process.
    pub fn bytes_of(&self, relation: &Relation) -> u64 {
        let bytes = |set: &SourceTable| set.ops().map(|op| op.source_bytes_total.get()).iter().sum();
        self.tables.with(&labels(relation), bytes)
    }

    /// The bytes counted for tables that were dropped since, by this process.
    pub fn retired_bytes(&self) -> u64 {
        self.retired.iter().map(|retired| retired.source_retired_bytes_total.get()).sum()
    }
}

/// Counts what the source reads. Belongs to its thread.
#[derive(Debug)]
pub struct SourceRecorder {
    metrics: SourceMetrics,
    tables: PerTable<SourceTable>,
}

impl SourceRecorder {
    /// Counts one event and, of a row, its bytes.
    #[inline]
    pub fn count(&mut self, change: &Change) {
        match change.op {
            Op::Insert | Op::Update | Op::Delete => {
                let op = self.tables.of(&change.relation).ops()[change.op.index()];
                op.source_events_total.inc();
                op.source_bytes_total.add(change.bytes() as u64);
            }
            Op::Create => {
                self.tables.created(&change.relation);
                self.metrics.schema_changes.creates.inc();
            }
            Op::Drop => {
                let retired = &self.metrics.retired;
                self.tables.dropped(&change.relation, |set| {
                    for (retired, op) in retired.iter().zip(set.ops()) {
                        retired.source_retired_events_total.add(op.source_events_total.get());
                        retired.source_retired_bytes_total.add(op.source_bytes_total.get());
                    }
                });
                self.metrics.schema_changes.drops.inc();
            }
        }
    }

    /// Notes that this many events are on their way.
    pub fn sent(&self, events: usize) {
        self.metrics.in_flight.add(events as i64);
    }
}

/// What every stage counts.
#[derive(Clone, Debug)]
pub struct StageMetrics {
    /// From the end of the stage before to the end of this one, per event.
    pub latency: Histogram,
    /// Time in which the stage worked.
    pub busy: DurationCounter,
    /// Time in which the stage waited, for events or for room behind it.
    pub blocked: DurationCounter,
    pub(super) errors: PerKind<Counter>,
}

impl StageMetrics {
    /// Counts an event that the stage refused.
    #[cold]
    pub fn rejected(&self, kind: ErrorKind) {
        self.errors[kind.index()].inc();
    }

    /// The events refused for this reason, by this process.
    pub fn rejections(&self, kind: ErrorKind) -> u64 {
        self.errors[kind.index()].get()
    }
}

/// What the sink counts.
#[derive(Clone, Debug)]
pub struct SinkMetrics {
    pub(super) tables: Family<TableLabels<'static>, SinkTable>,
    pub(super) retired: PerOp<Counter>,
    pub(super) schema_changes: SchemaChanges,
    pub(super) short_lived: UpDownCounter,
    pub(super) restored: RestoredEvents,
    pub(super) dead_letters: PerKind<Counter>,
    pub(super) entries: UpDownCounter,
    /// From the source's reading of an event to the commit that applied it.
    pub e2e: Histogram,
    pub(super) transactions: Histogram,
    pub(super) checkpoints: Counter,
    pub(super) last_checkpoint: Gauge,
    pub(super) in_flight: UpDownCounter,
}

impl SinkMetrics {
    /// What the sink's thread counts with.
    pub fn recorder(&self) -> SinkRecorder {
        SinkRecorder { tables: PerTable::new(&self.tables), restored: self.restored.clone(), metrics: self.clone() }
    }

    /// The tables there are in the replica, and how many this process has created and dropped.
    pub fn tables(&self) -> (u64, u64, u64) {
        let SchemaChanges { creates, drops } = &self.schema_changes;
        (Table::ALL.len() as u64 + self.short_lived.get().max(0) as u64, creates.get(), drops.get())
    }

    /// The events dead-lettered by this process.
    pub fn dead_lettered(&self) -> u64 {
        self.dead_letters.iter().map(Counter::get).sum()
    }
}

/// Counts what the sink does. Belongs to its thread.
#[derive(Debug)]
pub struct SinkRecorder {
    metrics: SinkMetrics,
    tables: PerTable<SinkTable>,
    restored: RestoredEvents,
}

impl SinkRecorder {
    /// Counts one event as applied or dead-lettered, after its commit.
    #[inline]
    pub fn done<T>(&mut self, event: &Envelope<T>) {
        let (change, metrics) = (&event.change, &self.metrics);
        metrics.e2e.observe_between(event.started, event.tick);
        match (&event.body, change.op) {
            (Ok(_), Op::Insert | Op::Update | Op::Delete) => {
                self.tables.of(&change.relation).ops()[change.op.index()].inc();
            }
            (Ok(_), Op::Create) => {
                self.tables.created(&change.relation);
                metrics.schema_changes.creates.inc();
                metrics.short_lived.inc();
            }
            (Ok(_), Op::Drop) => {
                self.tables.dropped(&change.relation, |set| {
                    metrics.retired.iter().zip(set.ops()).for_each(|(retired, op)| retired.add(op.get()));
                });
                self.restored.dropped(&change.relation);
                metrics.schema_changes.drops.inc();
                metrics.short_lived.dec();
            }
            (Err(why), _) => {
                metrics.dead_letters[why.kind.index()].inc();
                metrics.entries.inc();
            }
        }
    }

    /// Counts a committed transaction of this many events.
    pub fn committed(&self, events: usize) {
        let metrics = &self.metrics;
        metrics.transactions.observe(events as f64);
        metrics.checkpoints.inc();
        metrics.last_checkpoint.set_to_current_time();
        metrics.in_flight.add(-(events as i64));
    }
}

/// What the writers count.
#[derive(Clone, Debug)]
pub struct WorkloadMetrics {
    /// Transactions that were committed.
    pub committed: Counter,
    /// Transactions that were rolled back.
    pub rolled_back: Counter,
    /// Time in which writers waited for the pipeline to catch up.
    pub throttled: DurationCounter,
}
