//! `contatori` 0.7: sharded counters without labels or histograms.

use ::contatori::counters::monotone::Monotone;

use super::loops::{COUNTERS, in_turn};
use crate::runner::Side;

/// Eight of its counters that only grow, in turn.
pub fn counter_inc() -> Side {
    let counters: Box<[Monotone; COUNTERS]> = Box::new(std::array::from_fn(|_| Monotone::new()));
    Side::peer("contatori", move |n| in_turn(n, &counters, |counter| counter.add(1)))
}
