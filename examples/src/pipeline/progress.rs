//! How far everyone is: what the writers, the source and the sink tell each other, and what the lag gauges read.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use streamgauge::Tick;

/// The positions of one run. Shared by all threads; every field names its writer and its readers.
///
/// All accesses are relaxed unless they say otherwise: each position is a number of its own, the data behind it moves
/// through SQLite and the channels.
#[derive(Debug)]
pub struct Progress {
    /// Origin of the `_nanos` fields. Never changes.
    epoch: Tick,
    /// Last LSN committed to the log. Writers (one at a time, in their turn) write; source, throttle and lag read.
    head: AtomicU64,
    /// Last LSN read from the log. The source writes; lag and verification read.
    read: AtomicU64,
    /// When the last event read was captured. The source writes; source lag reads.
    read_captured_at_ms: AtomicU64,
    /// When the source last found nothing to read. The source writes; source lag reads.
    caught_up_at_ms: AtomicU64,
    /// When the pipeline last went from empty to busy. The source writes; pipeline lag reads.
    busy_since_nanos: AtomicU64,
    /// Last LSN of the last checkpoint. The sink writes; throttle, pruning and lag read.
    applied: AtomicU64,
    /// When the source had read that event. The sink writes; pipeline lag reads.
    applied_read_nanos: AtomicU64,
    /// Set when the writers are to stop. Anyone writes; writers read.
    stopping: AtomicBool,
    /// The LSN at which the source is to stop, `u64::MAX` while writers write. The run writes; the source reads.
    drain_through: AtomicU64,
    /// Set when a stage failed. The failing stage writes; the run and the status gauge read.
    failed: AtomicBool,
}

impl Progress {
    /// A run that starts with a log up to `head` of which everything up to `applied` is in the replica.
    pub fn new(head: u64, applied: u64) -> Self {
        let now = unix_millis();
        Self {
            epoch: Tick::now(),
            head: AtomicU64::new(head),
            read: AtomicU64::new(applied),
            read_captured_at_ms: AtomicU64::new(0),
            // A backlog from an earlier run counts from this start until its first event is read.
            caught_up_at_ms: AtomicU64::new(now),
            busy_since_nanos: AtomicU64::new(0),
            applied: AtomicU64::new(applied),
            applied_read_nanos: AtomicU64::new(0),
            stopping: AtomicBool::new(false),
            drain_through: AtomicU64::new(u64::MAX),
            failed: AtomicBool::new(false),
        }
    }

    /// Notes that the log now ends at `head`. Called by a writer in its turn.
    pub fn committed(&self, head: u64) {
        self.head.store(head, Ordering::Relaxed);
    }

    /// Notes that the source is about to send the events up to `lsn`, the first of which it read at `started`.
    pub fn was_read(&self, lsn: u64, captured_at_ms: u64, started: Tick) {
        if self.applied() >= self.read() {
            self.busy_since_nanos.store(self.nanos(started), Ordering::Relaxed);
        }
        self.read_captured_at_ms.store(captured_at_ms, Ordering::Relaxed);
        // Release: whoever sees this position sees its times (pairs with the Acquire in `read`).
        self.read.store(lsn, Ordering::Release);
    }

    /// Notes that the source found nothing more to read.
    pub fn caught_up(&self) {
        self.caught_up_at_ms.store(unix_millis(), Ordering::Relaxed);
    }

    /// Notes that the replica holds everything up to `lsn`, which the source had read at `started`.
    pub fn was_applied(&self, lsn: u64, started: Tick) {
        self.applied_read_nanos.store(self.nanos(started), Ordering::Relaxed);
        // Release: pairs with the Acquire in `applied`, as above.
        self.applied.store(lsn, Ordering::Release);
    }

    /// Last LSN committed to the log.
    pub fn head(&self) -> u64 {
        self.head.load(Ordering::Relaxed)
    }

    /// Last LSN read from the log.
    pub fn read(&self) -> u64 {
        self.read.load(Ordering::Acquire)
    }

    /// Last LSN in the replica.
    pub fn applied(&self) -> u64 {
        self.applied.load(Ordering::Acquire)
    }

    /// How many events the replica is behind the log.
    pub fn backlog(&self) -> u64 {
        self.head().saturating_sub(self.applied())
    }

    /// How far the source is behind the writers ("theirs"): the age of the oldest change it has not read.
    ///
    /// Zero when there is none, however long ago the last one was: an idle source has no lag. Else the age is that of
    /// the last event read or of the last time there was nothing to read, whichever is later: the oldest unread change
    /// came after both, so that the lag is never understated by more than the moment between a poll and its note, and
    /// keeps growing when the source hangs.
    pub fn source_lag(&self) -> Duration {
        if self.read() >= self.head() {
            return Duration::ZERO;
        }
        let at = self.read_captured_at_ms.load(Ordering::Relaxed).max(self.caught_up_at_ms.load(Ordering::Relaxed));
        Duration::from_millis(unix_millis().saturating_sub(at))
    }

    /// How far the replica is behind the source ("ours"): the age, since it was read, of the oldest event in flight.
    ///
    /// Zero when the pipeline is empty, for the same reason and by the same rule as in [`Progress::source_lag`].
    pub fn pipeline_lag(&self) -> Duration {
        if self.applied() >= self.read() {
            return Duration::ZERO;
        }
        let at = self.busy_since_nanos.load(Ordering::Relaxed).max(self.applied_read_nanos.load(Ordering::Relaxed));
        self.epoch.elapsed().saturating_sub(Duration::from_nanos(at))
    }

    /// Whether the writers are to stop.
    pub fn stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    /// Tells the writers to stop after the transaction they are in.
    pub fn stop_writers(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    /// Tells the source to stop once it has read `lsn`: no further change is going to be committed.
    pub fn drain_through(&self, lsn: u64) {
        self.drain_through.store(lsn, Ordering::Relaxed);
    }

    /// Whether the source has nothing more to wait for.
    pub fn drained(&self, lsn: u64) -> bool {
        self.failed() || lsn >= self.drain_through.load(Ordering::Relaxed)
    }

    /// Whether a stage failed.
    pub fn failed(&self) -> bool {
        self.failed.load(Ordering::Relaxed)
    }

    /// Notes that a stage failed: everyone stops.
    pub fn fail(&self) {
        self.failed.store(true, Ordering::Relaxed);
        self.stop_writers();
    }

    fn nanos(&self, tick: Tick) -> u64 {
        tick.duration_since(self.epoch).as_nanos() as u64
    }
}

/// The wall clock in milliseconds, the unit of the change log; 0 before 1970.
pub(crate) fn unix_millis() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAUSE: Duration = Duration::from_millis(20);

    #[test]
    fn source_lag_is_zero_when_idle_and_grows_when_the_source_hangs() {
        let progress = Progress::new(0, 0);
        progress.caught_up();
        std::thread::sleep(PAUSE);
        assert_eq!(progress.source_lag(), Duration::ZERO);
        progress.committed(3);
        std::thread::sleep(PAUSE);
        assert!(progress.source_lag() >= PAUSE);
        progress.was_read(3, unix_millis(), Tick::now());
        assert_eq!(progress.source_lag(), Duration::ZERO);
    }

    #[test]
    fn pipeline_lag_starts_with_the_first_event_after_an_idle_time() {
        let progress = Progress::new(5, 5);
        std::thread::sleep(PAUSE);
        let before = Tick::now();
        progress.was_read(6, unix_millis(), Tick::now());
        let lag = progress.pipeline_lag();
        assert!(lag <= before.elapsed(), "the idle time is not part of {lag:?}");
        std::thread::sleep(PAUSE);
        assert!(progress.pipeline_lag() >= PAUSE);
        progress.was_applied(6, before);
        assert_eq!(progress.pipeline_lag(), Duration::ZERO);
        assert_eq!(progress.backlog(), 0);
    }
}
