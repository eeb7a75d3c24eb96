//! The sink stage: applies batches to the replica, exactly once.
//!
//! The rows, the dead letters, the counts and the LSN of a batch are one transaction. After a kill the next process
//! goes on behind the last LSN, with nothing lost and nothing applied twice.

use std::sync::Arc;

use crossbeam_channel::Receiver;
use rusqlite::Transaction;

use super::apply::Applier;
use super::checkpoint::Checkpoint;
use super::envelope::Batch;
use super::metrics::SinkRecorder;
use super::progress::Progress;
use super::replica::Replica;
use super::route::Write;
use super::stage::{StageClock, StageReport};
use crate::Error;

/// Events after which a transaction is committed at the latest. While more are waiting it grows up to this: each
/// commit is a sync of the disk.
const TRANSACTION_EVENTS: usize = 512;

/// Kills the process in the middle of a transaction, which is where it hurts most.
#[derive(Clone, Copy, Debug)]
pub struct KillSwitch {
    /// How many more events may be applied.
    pub remaining: u64,
}

impl KillSwitch {
    fn applied(&mut self) {
        self.remaining = self.remaining.saturating_sub(1);
        if self.remaining == 0 {
            // Neither destructors nor buffers: the same signal as `kill -9`. It does not fail for a known signal.
            let _ = signal_hook::low_level::raise(signal_hook::consts::SIGKILL);
        }
    }
}

/// Applies events to the replica.
#[derive(Debug)]
pub struct Sink {
    /// The replica.
    pub replica: Replica,
    /// What writes to its tables.
    pub applier: Applier,
    /// Its checkpoint.
    pub checkpoint: Checkpoint,
    /// Where the sink tells how far it is.
    pub progress: Arc<Progress>,
    /// What it counts.
    pub metrics: SinkRecorder,
    /// Set to be killed on purpose.
    pub kill: Option<KillSwitch>,
}

impl Sink {
    /// Runs until the stage before ends.
    ///
    /// # Errors
    /// As [`Replica::apply`]. The transaction the error happened in is rolled back.
    pub fn run(mut self, mut clock: StageClock, from: &Receiver<Batch<Write>>) -> Result<StageReport, Error> {
        while let Some(first) = clock.receive(from) {
            let mut done = self.transact(first, from)?;
            for event in &mut done {
                clock.lap(event);
                self.metrics.done(event);
            }
            clock.worked();
            if let Some(last) = done.last() {
                self.progress.was_applied(last.change.lsn, last.started);
            }
            self.metrics.committed(done.len());
        }
        Ok(clock.finish())
    }

    /// Applies a batch, and those that are waiting behind it, in one transaction with their checkpoint.
    fn transact(&mut self, first: Batch<Write>, from: &Receiver<Batch<Write>>) -> Result<Batch<Write>, Error> {
        let mut checkpoint = self.checkpoint.clone();
        let tx = self.replica.begin()?;
        let mut done = Batch::with_capacity(first.len());
        let mut next = Some(first);
        while let Some(batch) = next {
            apply((&self.replica, &mut self.applier), &tx, &batch, &mut checkpoint, self.kill.as_mut())?;
            done.extend(batch);
            next = if done.len() < TRANSACTION_EVENTS { from.try_recv().ok() } else { None };
        }
        self.replica.store(&tx, &self.checkpoint, &mut checkpoint)?;
        tx.commit()?;
        self.checkpoint = checkpoint;
        Ok(done)
    }
}

/// Applies one batch within `tx` and moves `checkpoint` along.
fn apply(
    (replica, applier): (&Replica, &mut Applier),
    tx: &Transaction<'_>,
    batch: &Batch<Write>,
    checkpoint: &mut Checkpoint,
    mut kill: Option<&mut KillSwitch>,
) -> Result<(), Error> {
    for event in batch {
        let change = &event.change;
        match &event.body {
            Ok(write) => {
                applier.apply(tx, change, write)?;
                checkpoint.applied(change)?;
                if let Some(kill) = kill.as_deref_mut() {
                    kill.applied();
                }
            }
            Err(why) => {
                replica.dead_letter(tx, change, why)?;
                checkpoint.dead_lettered(change);
            }
        }
    }
    Ok(())
}
