//! `metriken` 0.11: plain atomics, and groups sharded by thread, both as statics.
//!
//! Both kinds take part: the plain ones are quicker alone, the sharded ones under contention. Its histograms keep
//! buckets only, without a sum, and record integers, here nanoseconds converted beforehand; they get a resolution
//! near that of the other sides (4 buckets an octave), much coarser than in its own examples, so that all eight
//! stay in the first-level cache.

use ::metriken::{AtomicCounterHistogram, Counter, ShardedCounterGroup, ShardedCounterHistogramGroup, metric};

use super::loops::{COUNTERS, in_turn, observing};
use crate::inputs::nanos;
use crate::runner::Side;

/// Buckets to an octave, as a power of two.
const GROUPING_POWER: u8 = 2;
/// The largest value, as a power of two: 18 minutes in nanoseconds.
const MAX_VALUE_POWER: u8 = 40;

#[metric(name = "sharded_events")]
static SHARDED_EVENTS: ShardedCounterGroup = ShardedCounterGroup::new(COUNTERS);

#[metric(name = "sharded_latency")]
static SHARDED_LATENCY: ShardedCounterHistogramGroup =
    ShardedCounterHistogramGroup::new(COUNTERS, GROUPING_POWER, MAX_VALUE_POWER);

/// Eight atomic counters in turn.
pub fn counter_inc() -> Side {
    let counters: [_; COUNTERS] = std::array::from_fn(|_| Counter::new());
    Side::peer("metriken", move |n| {
        in_turn(n, &counters, |counter| {
            counter.increment();
        });
    })
}

/// Eight counters of a sharded group in turn; their handle is an index.
pub fn counter_inc_sharded() -> Side {
    let indices: [usize; COUNTERS] = std::array::from_fn(|i| i);
    Side::peer("metriken sharded", move |n| {
        in_turn(n, &indices, |&index| {
            SHARDED_EVENTS.increment(index);
        });
    })
}

/// Eight atomic histograms in turn.
pub fn histogram_observe() -> Side {
    let histograms: [_; COUNTERS] =
        std::array::from_fn(|_| AtomicCounterHistogram::new(GROUPING_POWER, MAX_VALUE_POWER));
    Side::peer("metriken", move |n| {
        observing(n, &histograms, nanos(), |histogram, value| {
            let _in_range = histogram.increment(value);
        });
    })
}

/// Eight histograms of a sharded group in turn.
pub fn histogram_observe_sharded() -> Side {
    let indices: [usize; COUNTERS] = std::array::from_fn(|i| i);
    Side::peer("metriken sharded", move |n| {
        observing(n, &indices, nanos(), |&index, value| {
            let _in_range = SHARDED_LATENCY.increment(index, value);
        });
    })
}
