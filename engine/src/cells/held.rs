//! The two reference counts of a series: the `Arc` holds memory and cells, `Users` counts the handles
//! that the user holds and alone vetoes expiry. Whatever keeps handles on the user's behalf (caches, sets) holds the
//! `Arc`, and does not count as a user.

use crate::sync::{Arc, AtomicU32, Fault, Ordering, broken, model_failed};

/// Set once the series is dead: no new user is admitted.
const DEAD: u32 = 1 << (u32::BITS - 1);
/// Set before the first user of an overflow series, and never changed.
const OVERFLOW: u32 = 1 << (u32::BITS - 2);
/// Set by updates that change nothing, and cleared by the look for idle series.
const TOUCHED: u32 = 1 << (u32::BITS - 3);

/// Counts the user's handles of one series. Written by whoever clones, drops or obtains a handle.
#[derive(Debug)]
pub(crate) struct Users(AtomicU32);

impl Users {
    pub(crate) fn new() -> Self {
        Self(AtomicU32::new(0))
    }

    /// Admits one more user, unless the series is dead.
    pub(crate) fn admit(&self) -> bool {
        // Acquire (O11): pairs with the AcqRel of `kill_if_unused`; a refused caller sees the removal.
        if self.0.fetch_add(1, Ordering::Acquire) & DEAD == 0 || broken(Fault::DeadAdmitted) {
            return true;
        }
        // Relaxed (O11): nothing was done as a user.
        self.0.fetch_sub(1, Ordering::Relaxed);
        false
    }

    /// Counts the clone of a handle. Where the original does not count as a user itself (it is what a lookup or a cache
    /// shows), the series may have expired. The clone is then a handle of a removed series, as both document.
    fn add(&self) {
        if broken(Fault::CloneUncounted) {
            return;
        }
        // Relaxed (O11): a handle that counts keeps the series while it is cloned; for one that does not, the clone
        // promises nothing.
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn release(&self) {
        // Release (O11): what was recorded through the handle happened before an expiry that sees 0.
        self.0.fetch_sub(1, Ordering::Release);
    }

    /// Kills the series whoever holds it: it was removed on purpose.
    pub(crate) fn kill(&self) {
        // AcqRel (O11): as kill_if_unused; the count of those who hold it stays.
        self.0.fetch_or(DEAD, Ordering::AcqRel);
    }

    /// Kills the series if no user holds a handle; returns whether it did. The expiry of idle series
    /// stands on this.
    pub(crate) fn kill_if_unused(&self) -> bool {
        if broken(Fault::KillByCheckThenSet) {
            // The fault itself (O11), as ordered as what it stands for.
            let seen = self.0.load(Ordering::Acquire);
            let unused = seen & !OVERFLOW == 0;
            if unused {
                // The fault itself (O11): between the check and this store a user may come.
                self.0.store(seen | DEAD, Ordering::Release);
            }
            return unused;
        }
        // Relaxed (O11): the bit was there before anybody knew the series.
        let unused = self.0.load(Ordering::Relaxed) & OVERFLOW;
        // AcqRel (O11): pairs with the Release of the last user and the Acquire of the next to ask.
        self.0.compare_exchange(unused, unused | DEAD, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    /// Marks an overflow series, before it is published.
    pub(crate) fn mark_overflow(&self) {
        // Relaxed (O11): the series is not published yet.
        self.0.fetch_or(OVERFLOW, Ordering::Relaxed);
    }

    /// Notes an update that changes nothing. One that comes after the look for idle series has found the series, and
    /// before it is killed, keeps it alive: `kill_if_unused` does not expect the bit.
    fn touch(&self) {
        if !self.has(TOUCHED) {
            // Relaxed (O15): orders nothing else.
            self.0.fetch_or(TOUCHED, Ordering::Relaxed);
        }
    }

    /// Returns whether there was such an update since the last call.
    fn take_touched(&self) -> bool {
        // Relaxed (O15): an update that is missed now is seen at the next look.
        self.has(TOUCHED) && self.0.fetch_and(!TOUCHED, Ordering::Relaxed) & TOUCHED != 0
    }

    fn has(&self, flag: u32) -> bool {
        // Relaxed (O21): the reader has seen a generation that the removal came before.
        self.0.load(Ordering::Relaxed) & flag != 0
    }
}

/// A series that counts its users.
pub(crate) trait Counted {
    fn users(&self) -> &Users;

    /// Returns whether there was an update that changed nothing since the last call.
    fn take_touched(&self) -> bool {
        self.users().take_touched()
    }
}

/// One user's hold on a series; `None` for noop handles. Cloning and dropping are two read-modify-writes
/// each: not for the hot path.
#[derive(Debug)]
pub(crate) struct Held<S: Counted>(Option<Arc<S>>);

impl<S: Counted> Held<S> {
    pub(crate) const NOOP: Self = Self(None);

    /// Returns a hold that counts as a user, unless the series is dead.
    pub(crate) fn admitted(&self) -> Option<Self> {
        match &self.0 {
            Some(series) if !series.users().admit() => None,
            series => Some(Self(series.clone())),
        }
    }

    /// Returns a hold on `series` that counts nothing, for as long as the reference lives.
    #[inline]
    #[allow(unsafe_code, reason = "a borrowed handle without touching either count")]
    pub(crate) fn borrowed(series: &Arc<S>) -> std::mem::ManuallyDrop<Self> {
        // SAFETY: a bitwise copy of an Arc that is never dropped (ManuallyDrop) and that the
        // caller's borrow keeps alive.
        let copy = unsafe { std::ptr::read(series) };
        std::mem::ManuallyDrop::new(Self(Some(copy)))
    }

    /// Notes an update of the series that changes nothing, so that it is not idle. Cold.
    #[cold]
    pub(crate) fn touch(&self) {
        if let Some(series) = &self.0 {
            series.users().touch();
        }
    }

    pub(crate) fn series(&self) -> Option<&Arc<S>> {
        self.0.as_ref()
    }
}

/// What can be asked of a hold, whatever the storage; how a keeper of handles gives up its place among the users.
pub(crate) trait Hold {
    /// Takes the hold back from the users: the `Arc` stays.
    fn leave(&self);

    /// Counts the hold as a user again, dead or not, so that dropping the hold takes back only what it counts for; the
    /// inverse of [`leave`](Self::leave).
    fn rejoin(&self);

    /// Returns whether the series was removed.
    fn is_dead(&self) -> bool;

    /// Returns whether this is an overflow series.
    fn is_overflow(&self) -> bool;
}

impl<S: Counted> Hold for Held<S> {
    fn leave(&self) {
        if let Some(series) = &self.0 {
            series.users().release();
        }
    }

    fn rejoin(&self) {
        if let Some(series) = &self.0 {
            series.users().add();
        }
    }

    fn is_dead(&self) -> bool {
        self.0.as_ref().is_some_and(|series| series.users().has(DEAD))
    }

    fn is_overflow(&self) -> bool {
        self.0.as_ref().is_some_and(|series| series.users().has(OVERFLOW))
    }
}

impl<S: Counted> Clone for Held<S> {
    fn clone(&self) -> Self {
        if let Some(series) = &self.0 {
            series.users().add();
        }
        Self(self.0.clone())
    }
}

impl<S: Counted> Drop for Held<S> {
    fn drop(&mut self) {
        if let Some(series) = &self.0
            && !model_failed()
        {
            series.users().release();
        }
    }
}
