//! A value that one thread uses without a lock, and that others may visit when it does not.

use super::arena::arena;
use super::fence;
use crate::catch::catch_drop;
use crate::sync::{
    AtomicBool, AtomicU64, Fault, Mutex, Ordering, PlainArc, broken, fence as full_fence, model_failed, owner_load,
};
use std::cell::{Cell, UnsafeCell};
use std::fmt;
use std::marker::PhantomData;

/// The owner's end of a value that one thread uses all the time, and others now and then: a cache of handles that
/// another thread may have to empty.
///
/// # Cost
/// [`with`](Self::with) is two plain stores and two loads of memory of the owner's own: no lock, no locked instruction
/// where the kernel offers `membarrier` (elsewhere one full fence). A [visit](RemoteAccess::visit) takes a short mutex
/// twice and makes a system call of about 2 us.
///
/// # Examples
/// ```
/// use streamgauge::bridge::ThreadOwned;
/// let (owner, visitor) = ThreadOwned::new(vec![1, 2, 3]);
/// assert_eq!(owner.with(|values| values.pop()), Some(Some(3)));
/// std::thread::spawn(move || visitor.visit(Vec::clear)).join().unwrap();
/// assert_eq!(owner.with(|values| values.len()), Some(0));
/// ```
pub struct ThreadOwned<T> {
    shared: PlainArc<Shared<T>>,
    /// Not Sync: one thread at a time, which may change.
    not_sync: PhantomData<Cell<()>>,
}

/// The other end: for whoever has to look into the value of a [`ThreadOwned`].
pub struct RemoteAccess<T> {
    shared: PlainArc<Shared<T>>,
}

struct Shared<T> {
    /// 1 while the owner is inside. Written by the owner only.
    busy: AtomicU64,
    /// A visitor is inside, or about to check whether it may be. Written by the one visitor that `ends` lets in.
    visited: AtomicBool,
    /// Whether a compiler fence is enough for the owner.
    is_light: bool,
    /// Never held while code of the user runs.
    ends: Mutex<Ends>,
    /// `None` when the owner is gone.
    value: UnsafeCell<Option<T>>,
}

/// Who uses the value, or will not any more.
#[derive(Debug, Default)]
struct Ends {
    /// The owner was dropped.
    gone: bool,
    /// A visitor is on its way in, inside, or on its way out.
    visiting: bool,
}

// SAFETY: the value is used by the owner alone or by one visitor alone, see `ThreadOwned::with`, and so only moves
// between threads; the rest is atomics and a mutex.
#[allow(unsafe_code, reason = "see SAFETY above")]
unsafe impl<T: Send> Sync for Shared<T> {}
// SAFETY: as above.
#[allow(unsafe_code, reason = "see SAFETY above")]
unsafe impl<T: Send> Send for Shared<T> {}

impl<T> ThreadOwned<T> {
    /// Makes the two ends of a value.
    pub fn new(value: T) -> (Self, RemoteAccess<T>) {
        let shared = PlainArc::new(Shared {
            busy: AtomicU64::new(0),
            visited: AtomicBool::new(false),
            // Where a barrier was refused once, real fences: a visitor then needs no barrier.
            is_light: fence::is_light() && arena().losses.failed_fences() == 0,
            ends: Mutex::new(Ends::default()),
            value: UnsafeCell::new(Some(value)),
        });
        (Self { shared: shared.clone(), not_sync: PhantomData }, RemoteAccess { shared })
    }

    /// Calls `f` with the value; `None`, without a call, while a visitor is inside, and in a call from within `f`.
    #[inline]
    #[allow(unsafe_code, reason = "the owner is inside alone")]
    pub fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> Option<R> {
        let shared = &*self.shared;
        if owner_load(&shared.busy) != 0 {
            return None;
        }
        // Relaxed (O23): the fence orders it before the load of `visited`.
        shared.busy.store(1, Ordering::Relaxed);
        let _leave = LeaveOwner(&shared.busy);
        // Case split (O23). If the visitor's heavy fence comes first, the load below sees it inside. If this fence
        // comes first, the visitor sees that the owner is.
        if shared.is_light {
            fence::light();
        } else {
            // SeqCst (O23): as the light fence and membarrier together.
            full_fence(Ordering::SeqCst);
        }
        // Acquire (O23): pairs with the Release of the last visitor that left.
        if shared.visited.load(Ordering::Acquire) && !broken(Fault::OwnerIgnoresVisitor) {
            return None;
        }
        // SAFETY: no visitor is inside until `busy` is 0 again, by the case split; this is the only thread of the
        // owner's end, which is not Sync, and not inside already, as `busy` showed.
        unsafe { &mut *shared.value.get() }.as_mut().map(f)
    }
}

/// Marks the owner as outside, on unwinding too.
struct LeaveOwner<'a>(&'a AtomicU64);

impl Drop for LeaveOwner<'_> {
    #[inline]
    fn drop(&mut self) {
        // Release (O23): pairs with the Acquire of a visitor, which sees what the owner did.
        self.0.store(0, Ordering::Release);
    }
}

impl<T> RemoteAccess<T> {
    /// Calls `f` with the value; `None`, without a call, while the owner or another visitor is inside (this one too):
    /// try again at the next occasion, or when the owner is gone: see [`is_gone`](Self::is_gone). Waits for nobody.
    ///
    /// Where the system refuses the memory barrier ([`Stats::failed_fences`](crate::Stats::failed_fences)) nobody can
    /// visit a value that was made before.
    #[allow(unsafe_code, reason = "the visitor is inside alone")]
    pub fn visit<R>(&self, f: impl FnOnce(&mut T) -> R) -> Option<R> {
        let shared = &*self.shared;
        {
            let mut ends = shared.ends.lock();
            if ends.gone || ends.visiting {
                return None;
            }
            ends.visiting = true;
        }
        let _leave = LeaveVisitor(shared);
        // Relaxed (O23): the fence orders it before the load of `busy`.
        shared.visited.store(true, Ordering::Relaxed);
        let fenced = if shared.is_light { fence::heavy() } else { fence::full() };
        // Acquire (O23): pairs with the Release of the owner that left.
        let is_alone = fenced && shared.busy.load(Ordering::Acquire) == 0;
        if !is_alone && !broken(Fault::VisitorIgnoresOwner) {
            return None;
        }
        // SAFETY: the owner does not come in until `visited` is false again, by the case split in `ThreadOwned::with`,
        // and leaves the value alone when it goes, because a visitor is there; other visitors are turned away.
        unsafe { &mut *shared.value.get() }.as_mut().map(f)
    }

    /// Returns whether the owner was dropped, and the value with it.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        self.shared.ends.lock().gone
    }
}

/// Marks the visitor as outside, on unwinding too; drops the value where the owner went meanwhile.
struct LeaveVisitor<'a, T>(&'a Shared<T>);

#[allow(unsafe_code, reason = "the visitor takes the value out for the owner")]
impl<T> Drop for LeaveVisitor<'_, T> {
    fn drop(&mut self) {
        if model_failed() {
            return;
        }
        let shared = self.0;
        // Release (O23): pairs with the Acquire of the owner, which sees what the visitor did.
        shared.visited.store(false, Ordering::Release);
        let left_behind = {
            let mut ends = shared.ends.lock();
            ends.visiting = false;
            // SAFETY: the owner is gone, and it left the value to the visitor that was inside, which is this one; no
            // other comes in any more.
            if ends.gone { unsafe { &mut *shared.value.get() }.take() } else { None }
        };
        catch_drop(left_behind);
    }
}

#[allow(unsafe_code, reason = "the owner takes the value out")]
impl<T> Drop for ThreadOwned<T> {
    fn drop(&mut self) {
        if model_failed() {
            return;
        }
        let value = {
            let mut ends = self.shared.ends.lock();
            ends.gone = true;
            if ends.visiting && !broken(Fault::OwnerTakesVisited) {
                // The visitor drops it when it leaves: nobody waits.
                None
            } else {
                // SAFETY: no visitor is inside, and none comes after this; the owner's end is used by its one thread,
                // which is here.
                unsafe { &mut *self.shared.value.get() }.take()
            }
        };
        drop(value);
    }
}

impl<T> Clone for RemoteAccess<T> {
    fn clone(&self) -> Self {
        Self { shared: self.shared.clone() }
    }
}

impl<T> fmt::Debug for ThreadOwned<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThreadOwned").finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for RemoteAccess<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteAccess").finish_non_exhaustive()
    }
}
