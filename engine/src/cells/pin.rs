//! The pin: keeps what a lookup may reach from being freed, at the cost of two plain stores.

use super::arena::arena;
use super::fence;
use super::local::{Local, State, attach, with_local};
use crate::sync::{Fault, Ordering, broken, fence as full_fence, model_failed, owner_load};
use std::marker::PhantomData;

/// Holds off reclamation while it lives. It belongs to its thread and is dropped on unwinding too.
#[derive(Debug)]
#[must_use = "dropping the pin at once protects nothing"]
pub(crate) struct Pin {
    orphan: bool,
    /// Neither Send nor Sync: the word it guards belongs to this thread.
    thread: PhantomData<*const ()>,
}

impl Pin {
    /// Pins the calling thread. Nested pins only count.
    #[inline]
    pub(crate) fn enter() -> Self {
        with_local(|local| {
            if local.state.get() != State::Live {
                return Self::enter_cold(local);
            }
            let depth = local.depth.get();
            local.depth.set(depth + 1);
            if depth == 0 {
                // Relaxed (O9): the fence below orders it before the loads of the lookup.
                bump(local, Ordering::Relaxed);
                // Case split (O9). If the reclaimer's heavy fence comes first, the loads below see
                // what it unlinked as gone. If this fence comes first, its load of the pin sees the
                // odd value, and it frees nothing that is reachable from here.
                if !broken(Fault::PinWithoutFence) {
                    fence::light();
                }
            }
            Self { orphan: false, thread: PhantomData }
        })
    }

    #[cold]
    #[inline(never)]
    fn enter_cold(local: &Local) -> Self {
        if local.state.get() == State::New {
            attach(local);
            if local.state.get() == State::Live {
                return Self::enter();
            }
        }
        // SeqCst read-modify-write and fence (O10): the same argument with a counter instead of a word
        // of one's own; this path is rare, so it pays for a real fence.
        arena().orphan_pins.fetch_add(1, Ordering::SeqCst);
        full_fence(Ordering::SeqCst);
        Self { orphan: true, thread: PhantomData }
    }
}

impl Drop for Pin {
    #[inline]
    fn drop(&mut self) {
        if model_failed() {
            return;
        }
        if self.orphan {
            leave_cold();
            return;
        }
        with_local(|local| {
            let depth = local.depth.get() - 1;
            local.depth.set(depth);
            if depth == 0 {
                // Release (O9): pairs with the reclaimer's Acquire of the pin; all that was read and
                // recorded inside happened before anything is freed.
                bump(local, Ordering::Release);
            }
        });
    }
}

#[cold]
#[inline(never)]
fn leave_cold() {
    // Release (O10): pairs with the reclaimer's Acquire of the count.
    arena().orphan_pins.fetch_sub(1, Ordering::Release);
}

/// Moves the pin word on: even to odd on entering, odd to even on leaving.
#[inline(always)]
#[allow(unsafe_code, reason = "reaches the slab of the LIVE thread")]
fn bump(local: &Local, order: Ordering) {
    // SAFETY: a LIVE thread's slab lives until the thread detaches, and a thread does not end while
    // it is inside a lookup.
    let pin = unsafe { &(*local.slab.get()).pin };
    pin.store(owner_load(pin).wrapping_add(1), order);
}
