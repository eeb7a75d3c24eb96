//! One writer of the workload.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, TransactionBehavior, params_from_iter};
use streamgauge::Tick;

use super::{Plan, Planner, WriteGate};
use crate::Error;
use crate::feed::schema;
use crate::pipeline::{Progress, WorkloadMetrics};

/// How far the log may run ahead of the replica before the writers wait. Bounds the log, the lag and the time to drain.
const MAX_BACKLOG: u64 = 10_000;

/// How long a throttled writer sleeps before it looks again.
const THROTTLE: Duration = Duration::from_millis(1);

/// What a writer did.
#[derive(Clone, Copy, Debug, Default)]
pub struct WriterReport {
    /// Transactions that were committed.
    pub committed: u64,
    /// Transactions that were rolled back on purpose.
    pub rolled_back: u64,
}

/// A writer: plans transactions and runs them when its turn comes.
#[derive(Debug)]
pub struct Writer<P> {
    conn: Connection,
    planner: P,
    gate: Arc<WriteGate>,
    progress: Arc<Progress>,
    metrics: WorkloadMetrics,
}

impl<P: Planner> Writer<P> {
    /// Opens a connection of its own to the source database.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn open(
        path: &Path,
        planner: P,
        gate: Arc<WriteGate>,
        progress: Arc<Progress>,
        metrics: WorkloadMetrics,
    ) -> Result<Self, Error> {
        Ok(Self { conn: schema::open(path)?, planner, gate, progress, metrics })
    }

    /// Writes until the gate has no more room, the planner no more to do, or the run is stopped.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn run(mut self) -> Result<WriterReport, Error> {
        let mut report = WriterReport::default();
        while !self.progress.stopping() {
            if self.progress.backlog() > MAX_BACKLOG {
                self.throttle();
                continue;
            }
            let Some(plan) = self.planner.plan() else { break };
            let doomed = plan.doomed;
            if !self.execute(plan)? {
                break;
            }
            if doomed {
                report.rolled_back += 1;
                self.metrics.rolled_back.inc();
            } else {
                report.committed += 1;
                self.metrics.committed.inc();
            }
        }
        Ok(report)
    }

    /// Runs one transaction; false if there is no room for even one more event.
    ///
    /// A transaction that is larger than the room left is cut short: it is the last one, so that nothing builds on it.
    fn execute(&mut self, plan: Plan<P::Effect>) -> Result<bool, Error> {
        let mut entry = self.gate.enter();
        let room = entry.room();
        if room == 0 {
            return Ok(false);
        }
        let tx = self.conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut rows = 0;
        for ddl in plan.ddl.iter().take(room.try_into().unwrap_or(usize::MAX)) {
            ddl.execute(&tx)?;
            rows += 1;
        }
        for op in &plan.ops {
            if rows == room {
                break;
            }
            rows += tx.prepare_cached(&op.sql)?.execute(params_from_iter(&op.params))? as u64;
        }
        if plan.doomed {
            tx.rollback()?;
        } else {
            tx.commit()?;
            self.progress.committed(entry.committed(rows));
            self.planner.settle(plan.effect);
        }
        Ok(true)
    }

    /// Waits while the pipeline is far behind, and accounts for the wait.
    fn throttle(&self) {
        let start = Tick::now();
        while self.progress.backlog() > MAX_BACKLOG && !self.progress.stopping() {
            std::thread::sleep(THROTTLE);
        }
        self.metrics.throttled.add_between(start, Tick::now());
    }
}
