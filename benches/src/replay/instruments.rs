//! What the stages record, and through whom.

use crate::sides::{metrics, ours, prometheus};

/// The instrumentation of the pipeline: three counters and a byte counter an event, one more for what is filtered,
/// two histograms and a gauge.
pub trait Instruments {
    /// A change of so many bytes was decoded, `age` seconds after it was captured.
    fn decoded(&self, bytes: u64, age: f64);
    /// A change was dropped by the transform.
    fn filtered(&self);
    /// A change passed the transform.
    fn transformed(&self);
    /// A change left for its sink, `lag` seconds after its commit.
    fn routed(&self, lag: f64, position: u64);
}

/// No instrumentation.
#[derive(Clone, Copy, Debug)]
pub struct Bare;

impl Instruments for Bare {
    fn decoded(&self, _bytes: u64, _age: f64) {}

    fn filtered(&self) {}

    fn transformed(&self) {}

    fn routed(&self, _lag: f64, _position: u64) {}
}

impl Instruments for ours::Stage {
    fn decoded(&self, bytes: u64, age: f64) {
        self.counters[0].inc();
        self.bytes.add(bytes);
        self.latency.observe(age);
    }

    fn filtered(&self) {
        self.counters[1].inc();
    }

    fn transformed(&self) {
        self.counters[2].inc();
    }

    fn routed(&self, lag: f64, position: u64) {
        self.counters[3].inc();
        self.lag.observe(lag);
        self.position.set(position as f64);
    }
}

impl Instruments for prometheus::Stage {
    fn decoded(&self, bytes: u64, age: f64) {
        self.counters[0].inc();
        self.bytes.inc_by(bytes);
        self.latency.observe(age);
    }

    fn filtered(&self) {
        self.counters[1].inc();
    }

    fn transformed(&self) {
        self.counters[2].inc();
    }

    fn routed(&self, lag: f64, position: u64) {
        self.counters[3].inc();
        self.lag.observe(lag);
        self.position.set(position as f64);
    }
}

impl Instruments for metrics::Stage {
    fn decoded(&self, bytes: u64, age: f64) {
        self.counters[0].increment(1);
        self.bytes.increment(bytes);
        self.latency.record(age);
    }

    fn filtered(&self) {
        self.counters[1].increment(1);
    }

    fn transformed(&self) {
        self.counters[2].increment(1);
    }

    fn routed(&self, lag: f64, position: u64) {
        self.counters[3].increment(1);
        self.lag.record(lag);
        self.position.set(position as f64);
    }
}
