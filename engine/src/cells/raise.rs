//! Raising a total to a value that was counted elsewhere.

use super::arena::arena;
use super::pass::{Pass, PassScratch};
use super::ranges::Range;
use super::record::add;
use crate::sync::{Fault, Mutex, broken};
use crossbeam_utils::CachePadded;

/// More than threads that raise totals at one time, as a rule.
const STRIPES: usize = 16;

/// One lock for each of so many groups of ranges.
#[derive(Debug)]
pub(crate) struct Raising([CachePadded<Mutex<()>>; STRIPES]);

impl Raising {
    #[cfg(not(engine_loom))]
    pub(crate) const fn new() -> Self {
        Self([const { CachePadded::new(Mutex::new(())) }; STRIPES])
    }

    #[cfg(engine_loom)]
    pub(crate) fn new() -> Self {
        Self(std::array::from_fn(|_| CachePadded::new(Mutex::new(()))))
    }

    fn of(&self, range: Range) -> &Mutex<()> {
        &self.0[(range.chunk() ^ range.offset()) as usize % STRIPES]
    }
}

/// Raises the total of a range to `total` where it is below; returns whether it was.
pub(crate) fn raise(range: Range, total: u64) -> bool {
    // Two threads that raise at once would each add what was missing (O24). An increment of another thread may come
    // before or after: no order between it and a raise is promised.
    let _lock = (!broken(Fault::RaiseWithoutLock)).then(|| arena().raising.of(range).lock());
    let now = Pass::begin(&mut PassScratch::default()).count(range);
    let missing = total.saturating_sub(now);
    add(range, 0, missing);
    missing > 0
}
