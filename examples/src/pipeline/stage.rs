//! What every stage does: receive, work, lap, send, and account for its time.
//!
//! # The clock
//! An event is lapped once a stage, and its end-to-end latency uses the last lap, so that N stages read the clock
//! N + 1 times an event, the first time when the source gets hold of it. A stage's busy and blocked time come from the
//! same readings: the time between the last laps of two batches is busy, but for what was spent waiting. Only a stage
//! that had to wait, in an empty or before a full channel, reads the clock once more when it goes on. So the readings
//! on top of N + 1 are as many as the waits, and none of them delays an event that could have moved.

use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, TryRecvError, TrySendError};
use streamgauge::Tick;

use super::envelope::{Batch, Envelope, Rejection, Stage};
use super::metrics::StageMetrics;
use crate::feed::Change;

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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use streamgauge::Registry;

    use super::*;
    use crate::feed::{Op, Relation, Table};
    use crate::pipeline::edge::EDGE_BATCHES;
    use crate::pipeline::{Checkpoint, Edge, ErrorKind, Metrics, Progress};

    const PAUSE: Duration = Duration::from_millis(30);

    fn metrics() -> StageMetrics {
        let progress = Arc::new(Progress::new(0, 0));
        let metrics = Metrics::register(&Registry::new(), &Checkpoint::default(), &progress, 0).expect("valid metrics");
        metrics.stages[Stage::Decode.index()].clone()
    }

    fn event(lsn: u64) -> Envelope<()> {
        let now = Tick::now();
        let relation = Relation::shop(Table::Orders);
        let change = Change { lsn, relation, op: Op::Insert, key: 1, captured_at_ms: 0, old: None, new: None };
        Envelope { change, started: now, tick: now, body: Ok(()) }
    }

    #[test]
    fn time_is_either_busy_or_blocked() {
        let (metrics, edge) = (metrics(), Edge::new());
        let mut clock = StageClock::start(Stage::Decode, metrics.clone());
        let (started, mut sent) = (clock.accounted, 0);
        // A stage that comes late finds the event there and does not wait, so this goes on until one did.
        while clock.report.waits == 0 {
            sent += 1;
            let batch = std::thread::scope(|scope| {
                scope.spawn(|| {
                    std::thread::sleep(PAUSE);
                    edge.sender.send(vec![event(sent)]).expect("the stage listens");
                });
                clock.receive(&edge.receiver)
            });
            for mut event in batch.expect("the channel is open") {
                std::thread::sleep(PAUSE);
                clock.lap(&mut event);
            }
            clock.worked();
        }
        let (busy, blocked) = (metrics.busy.get(), metrics.blocked.get());
        assert!(busy >= PAUSE * sent as u32 && blocked > Duration::ZERO, "busy {busy:?}, blocked {blocked:?}");
        // Each booking is rounded to whole nanoseconds.
        let (accounted, booked) = (clock.accounted.duration_since(started), busy + blocked);
        assert!(accounted.abs_diff(booked).as_nanos() <= 2 * u128::from(sent), "{booked:?} of {accounted:?}");
        let report = clock.finish();
        assert_eq!((report.events, report.waits), (sent, 1));
        // Debug builds: one reading to begin, one an event, one a wait; the events' own are the sender's.
        assert_eq!(report.clock_reads.unwrap_or(sent + 2), sent + 2);
        assert_eq!(metrics.latency.snapshot().count(), sent);
    }

    #[test]
    fn a_full_channel_blocks_the_stage_before_it() {
        let (metrics, edge) = (metrics(), Edge::new());
        let mut clock = StageClock::start(Stage::Decode, metrics.clone());
        let depth = edge.depth();
        for lsn in 0..EDGE_BATCHES as u64 {
            assert!(clock.send(&edge.sender, vec![event(lsn)]));
        }
        assert_eq!((depth(), metrics.blocked.get()), (EDGE_BATCHES as f64, Duration::ZERO));
        // A stage that comes after the reader finds room and does not wait, so this goes on until it did.
        while clock.report.waits == 0 {
            std::thread::scope(|scope| {
                let reader = scope.spawn(|| {
                    std::thread::sleep(PAUSE);
                    edge.receiver.recv().map(|batch| batch.len())
                });
                assert!(clock.send(&edge.sender, vec![event(99)]));
                assert_eq!(reader.join().expect("the reader ends"), Ok(1));
            });
        }
        assert!(metrics.blocked.get() > Duration::ZERO);
        // Without the stage behind the channel there is nobody to wait for, and no depth any more.
        drop(edge.receiver);
        assert_eq!(depth(), 0.0);
        assert!(!clock.send(&edge.sender, vec![event(100)]));
        assert_eq!(clock.finish().waits, 1);
    }

    #[test]
    fn a_rejected_event_goes_on_and_is_counted_once() {
        let (metrics, edge, middle, next) = (metrics(), Edge::new(), Edge::new(), Edge::new());
        edge.sender.send(vec![event(1), event(2)]).expect("there is room");
        drop(edge.sender);
        let refuse = |change: &Change, ()| match change.lsn {
            1 => Err(Rejection::new(ErrorKind::TypeMismatch, "odd")),
            _ => Ok(()),
        };
        run(StageClock::start(Stage::Decode, metrics.clone()), &edge.receiver, &middle.sender, refuse);
        drop(middle.sender);
        run(StageClock::start(Stage::Transform, metrics.clone()), &middle.receiver, &next.sender, |_, ()| Ok(()));
        let batch = next.receiver.recv().expect("the batch arrives");
        assert_eq!(batch.iter().map(|event| event.body.is_ok()).collect::<Vec<_>>(), [false, true]);
        assert_eq!(metrics.rejections(ErrorKind::TypeMismatch), 1);
    }
}
