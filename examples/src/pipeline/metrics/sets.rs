//! The handles of each part of the pipeline, and what it does with them on the stream.

use streamgauge::{Counter, DurationCounter, Gauge, Histogram, UpDownCounter};

use crate::feed::{Change, Op, Table};
use crate::pipeline::{Envelope, ErrorKind};

pub(super) type PerTableOp<M> = [[M; Op::ALL.len()]; Table::ALL.len()];
pub(super) type PerKind<M> = [M; ErrorKind::ALL.len()];

/// What the source counts.
#[derive(Clone, Debug)]
pub struct SourceMetrics {
    pub(super) events: PerTableOp<Counter>,
    pub(super) bytes: PerTableOp<Counter>,
    /// Events between source and sink.
    pub in_flight: UpDownCounter,
}

impl SourceMetrics {
    /// Counts one event and its bytes.
    #[inline]
    pub fn count(&self, change: &Change) {
        let (table, op) = (change.table.index(), change.op.index());
        self.events[table][op].inc();
        self.bytes[table][op].add(change.bytes() as u64);
    }

    /// The bytes counted for a table, by this process.
    pub fn bytes_of(&self, table: Table) -> u64 {
        self.bytes[table.index()].iter().map(Counter::get).sum()
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
    pub(super) events: PerTableOp<Counter>,
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
    /// Counts one event as applied or dead-lettered, after its commit.
    #[inline]
    pub fn done<T>(&self, event: &Envelope<T>) {
        self.e2e.observe_between(event.started, event.tick);
        match &event.body {
            Ok(_) => self.events[event.change.table.index()][event.change.op.index()].inc(),
            Err(why) => {
                self.dead_letters[why.kind.index()].inc();
                self.entries.inc();
            }
        }
    }

    /// The events dead-lettered by this process.
    pub fn dead_lettered(&self) -> u64 {
        self.dead_letters.iter().map(Counter::get).sum()
    }

    /// Counts a committed transaction of this many events.
    pub fn committed(&self, events: usize) {
        self.transactions.observe(events as f64);
        self.checkpoints.inc();
        self.last_checkpoint.set_to_current_time();
        self.in_flight.add(-(events as i64));
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
