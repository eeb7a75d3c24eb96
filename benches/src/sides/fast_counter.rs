//! `fast-counter` 1.0: a sharded counter and nothing else.

use std::thread;

use ::fast_counter::ConcurrentCounter;

use super::loops::{COUNTERS, in_turn};
use crate::runner::Side;

/// Eight counters in turn, with a shard for each of twice the cores, as its documentation advises.
pub fn counter_inc() -> Side {
    let shards = 2 * thread::available_parallelism().map_or(1, usize::from);
    let counters: [_; COUNTERS] = std::array::from_fn(|_| ConcurrentCounter::new(shards));
    Side::peer("fast-counter", move |n| in_turn(n, &counters, |counter| counter.add(1)))
}
