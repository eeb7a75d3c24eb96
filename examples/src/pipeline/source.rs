//! The source stage: tails the change log.

use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::Sender;
use streamgauge::Tick;

use super::envelope::{Batch, Envelope};
use super::metrics::SourceRecorder;
use super::progress::Progress;
use super::stage::{StageClock, StageReport};
use crate::Error;
use crate::feed::Tail;

/// Events in a batch, at most; a quiet log makes smaller ones.
const BATCH_EVENTS: usize = 64;

/// How long the source sleeps when the log has nothing more.
const POLL: Duration = Duration::from_millis(1);

/// Reads the log and starts each event on its way.
#[derive(Debug)]
pub struct Source {
    /// The log.
    pub tail: Tail,
    /// Where the source tells how far it is, and learns when to stop.
    pub progress: Arc<Progress>,
    /// What it counts.
    pub metrics: SourceRecorder,
    /// The LSN whose increment is dropped on purpose, to prove that verification notices.
    pub drop_increment_at: Option<u64>,
}

impl Source {
    /// Runs until the log is drained or the next stage ends.
    ///
    /// # Errors
    /// As [`Tail::read`].
    pub fn run(mut self, mut clock: StageClock, to: &Sender<Batch<()>>) -> Result<StageReport, Error> {
        loop {
            let mut batch = Batch::with_capacity(BATCH_EVENTS);
            let (metrics, skip) = (&mut self.metrics, self.drop_increment_at);
            self.tail.read(BATCH_EVENTS, |change| {
                let started = Tick::now();
                if skip != Some(change.lsn) {
                    metrics.count(&change);
                }
                batch.push(Envelope { change, started, tick: started, body: Ok(()) });
            })?;
            for event in &mut batch {
                clock.lap(event);
            }
            let (Some(first), Some(last)) = (batch.first(), batch.last()) else {
                if self.progress.drained(self.tail.last()) {
                    break;
                }
                self.progress.caught_up();
                clock.idle(POLL);
                continue;
            };
            clock.worked();
            self.progress.was_read(last.change.lsn, last.change.captured_at_ms, first.started);
            self.metrics.sent(batch.len());
            if !clock.send(to, batch) {
                break;
            }
        }
        Ok(clock.finish())
    }
}
