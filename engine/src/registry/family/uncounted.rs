//! A handle that does not count as a user: it keeps memory and cells, and lets the series expire.

use crate::registry::declare::Backend;
use std::mem::ManuallyDrop;
use std::ops::Deref;

/// A handle that is kept on the user's behalf. Clones of it are the user's own, and count.
#[derive(Debug)]
pub(crate) struct Uncounted<M: Backend>(ManuallyDrop<M>);

impl<M: Backend> Uncounted<M> {
    pub(crate) fn new(metric: M) -> Self {
        metric.holds(&mut |hold| hold.leave());
        Self(ManuallyDrop::new(metric))
    }

    /// Returns whether a series of the handle was removed.
    pub(crate) fn is_dead(&self) -> bool {
        let mut dead = false;
        self.holds(&mut |hold| dead |= hold.is_dead());
        dead
    }

    /// Returns whether a series of the handle is an overflow series.
    pub(crate) fn is_overflow(&self) -> bool {
        let mut overflow = false;
        self.holds(&mut |hold| overflow |= hold.is_overflow());
        overflow
    }
}

impl<M: Backend> Deref for Uncounted<M> {
    type Target = M;

    #[inline(always)]
    fn deref(&self) -> &M {
        &self.0
    }
}

impl<M: Backend> Drop for Uncounted<M> {
    #[allow(unsafe_code, reason = "the handle is dropped as if it had counted all the time")]
    fn drop(&mut self) {
        // An expiry that comes between this and the drop takes the series for used, and comes again.
        self.0.holds(&mut |hold| hold.rejoin());
        // SAFETY: dropped once, here, and not used again.
        unsafe { ManuallyDrop::drop(&mut self.0) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cells::Pin;
    use crate::registry::registry::Registry;
    use crate::registry::store::Storage;
    use crate::{Counter, Family};

    #[test]
    fn what_is_kept_may_expire_and_what_is_cloned_may_not() {
        let registry = Registry::new();
        let family: Family<(), Counter> = registry.counter("events_total", "E.").family().expect("legal");
        let inner = registry.inner().expect("enabled").families();
        let store = inner.iter().next().expect("just made");
        let kept = Uncounted::new(family.get_or_create(&()));
        let pin = Pin::enter();
        let series: Storage = store.rows(&pin).iter().next().expect("just made").series().clone();
        let mine = (*kept).clone();
        assert!(!series.kill_if_unused());
        drop(mine);
        assert!(!kept.is_dead() && !kept.is_overflow());
        assert!(series.kill_if_unused());
        assert!(kept.is_dead());
        drop(kept);
        assert!(!series.kill_if_unused(), "it is dead already");
    }
}
