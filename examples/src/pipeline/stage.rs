//! What every stage does: receive, work, lap, send, and account for its time.
//!
//! # The clock
//! An event is lapped once a stage, and its end-to-end latency uses the last lap, so that N stages read the clock
//! N + 1 times an event, the first time when the source gets hold of it. A stage's busy and blocked time come from the
//! same readings: the time between the last laps of two batches is busy, but for what was spent waiting. Only a stage
//! that had to wait, in an empty or before a full channel, reads the clock once more when it goes on. So the readings
//! on top of N + 1 are as many as the waits, and none of them delays an event that could have moved.

use std::sync::{Arc, Weak};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, TryRecvError, TrySendError, bounded};
use streamgauge::Tick;

use super::envelope::{Batch, Envelope, Rejection, Stage};
use super::metrics::StageMetrics;
use crate::feed::Change;

/// Batches that fit into the channel between two stages. Small: what waits in channels is latency.
const EDGE_BATCHES: usize = 8;

/// The channel between two stages.
#[derive(Debug)]
pub struct Edge<T> {
    /// The end of the stage before it.
    pub sender: Sender<Batch<T>>,
    /// The end of the stage after it, which is its only owner: when that stage ends, the one before it learns of it.
    pub receiver: Arc<Receiver<Batch<T>>>,
}

impl<T> Edge<T> {
    /// An empty channel.
    pub fn new() -> Self {
        let (sender, receiver) = bounded(EDGE_BATCHES);
        Self { sender, receiver: Arc::new(receiver) }
    }

    /// Reads the depth of the channel in batches, for as long as there is a stage behind it. Costs the stages nothing.
    pub fn depth(&self) -> impl Fn() -> f64 + Send + Sync + 'static
    where
        T: Send + 'static,
    {
        let receiver: Weak<_> = Arc::downgrade(&self.receiver);
        move || receiver.upgrade().map_or(0.0, |receiver| receiver.len() as f64)
    }
}

impl<T> Default for Edge<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// What a stage did, as it counted itself, independently of the metrics.
#[derive(Clone, Copy, Debug)]
pub struct StageReport {
    /// Which stage.
    pub stage: Stage,
    /// Events that passed through it.
    pub events: u64,
    /// How often it had to wait.
    pub waits: u64,
    /// How often its thread read the clock, where the engine counts that (debug builds).
    pub clock_reads: Option<u64>,
}

/// A stage's account of its time. Made on the stage's own thread.
#[derive(Debug)]
pub struct StageClock {
    metrics: StageMetrics,
    /// Up to when the stage's time is accounted for.
    accounted: Tick,
    /// The last lap.
    lapped: Tick,
    /// The thread's clock readings before the stage began.
    reads_before: Option<u64>,
    report: StageReport,
}

impl StageClock {
    /// Starts the account of a stage.
    pub fn start(stage: Stage, metrics: StageMetrics) -> Self {
        let reads_before = clock_reads();
        let now = Tick::now();
        let report = StageReport { stage, events: 0, waits: 0, clock_reads: None };
        Self { metrics, accounted: now, lapped: now, reads_before, report }
    }

    /// Ends the account.
    pub fn finish(mut self) -> StageReport {
        self.report.clock_reads = clock_reads().zip(self.reads_before).map(|(after, before)| after - before);
        self.report
    }

    /// Laps one event: records what it took since the stage before was done with it, waiting in the channel included.
    #[inline]
    pub fn lap<T>(&mut self, event: &mut Envelope<T>) {
        event.tick = self.metrics.latency.lap(event.tick);
        self.lapped = event.tick;
        self.report.events += 1;
    }

    /// Books the time up to the last lap as busy. Called once a batch.
    pub fn worked(&mut self) {
        self.metrics.busy.add_between(self.accounted, self.lapped);
        self.accounted = self.lapped;
    }

    /// The next batch, or none when the stage before has ended and the channel is empty.
    pub fn receive<T>(&mut self, edge: &Receiver<Batch<T>>) -> Option<Batch<T>> {
        match edge.try_recv() {
            Ok(batch) => Some(batch),
            Err(TryRecvError::Disconnected) => None,
            Err(TryRecvError::Empty) => {
                let batch = edge.recv().ok();
                self.waited();
                batch
            }
        }
    }

    /// Passes a batch on; false when the stage after has ended.
    pub fn send<T>(&mut self, edge: &Sender<Batch<T>>, batch: Batch<T>) -> bool {
        match edge.try_send(batch) {
            Ok(()) => true,
            Err(TrySendError::Disconnected(_)) => false,
            Err(TrySendError::Full(batch)) => {
                let sent = edge.send(batch).is_ok();
                self.waited();
                sent
            }
        }
    }

    /// Sleeps because there is nothing to read.
    pub fn idle(&mut self, time: Duration) {
        std::thread::sleep(time);
        self.waited();
    }

    fn waited(&mut self) {
        let now = Tick::now();
        self.metrics.blocked.add_between(self.accounted, now);
        self.accounted = now;
        self.lapped = now;
        self.report.waits += 1;
    }
}

/// Runs a stage that turns each event's `T` into a `U` or a rejection, until a neighbour ends.
pub(super) fn run<T, U>(
    mut clock: StageClock,
    from: &Receiver<Batch<T>>,
    to: &Sender<Batch<U>>,
    work: impl Fn(&Change, T) -> Result<U, Rejection>,
) -> StageReport {
    while let Some(batch) = clock.receive(from) {
        let mut done = Batch::with_capacity(batch.len());
        for Envelope { change, started, tick, body } in batch {
            let body = body.and_then(|body| work(&change, body).inspect_err(|why| clock.metrics.rejected(why.kind)));
            let mut event = Envelope { change, started, tick, body };
            clock.lap(&mut event);
            done.push(event);
        }
        clock.worked();
        if !clock.send(to, done) {
            break;
        }
    }
    clock.finish()
}

fn clock_reads() -> Option<u64> {
    streamgauge::testing::clock_reads()
}
