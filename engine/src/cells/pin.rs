//! The pin: keeps what a lookup may reach from being freed, at the cost of two plain stores.

use super::arena::arena;
use super::fence;
use super::local::{Local, State, attach, with_local};
use crate::sync::{AtomicU64, Fault, Ordering, broken, fence as full_fence, model_failed, owner_load};

/// Holds off reclamation while it lives. It belongs to its thread and is dropped on unwinding too.
///
/// Pins nest like the calls that take them: a pin inside another one does nothing, so the outer one must outlive it.
#[derive(Debug)]
#[must_use = "dropping the pin at once protects nothing"]
pub(crate) struct Pin {
    /// The pin of the thread's slab; null where leaving stores nothing. Two plain words and no enum, so that both stay
    /// in registers. Neither Send nor Sync, as it must be: the word belongs to this thread.
    word: *const AtomicU64,
    /// The value to store on leaving, known on entering, for pins inside this one leave the word alone. Without a word:
    /// `NESTED` or `ORPHAN`.
    even: u64,
}

/// A pin around this one does what is to be done on leaving.
const NESTED: u64 = 0;
/// The thread has no slab and is counted instead.
const ORPHAN: u64 = 1;

impl Pin {
    /// Pins the calling thread. Costs two loads, a store and two branches; nested, less.
    #[inline]
    #[allow(unsafe_code, reason = "reaches the slab of the LIVE thread")]
    pub(crate) fn enter() -> Self {
        with_local(|local| {
            // SAFETY: null, or in the slab of a LIVE thread, which lives until the thread detaches, and a thread does
            // not end while it is inside a lookup.
            let Some(word) = (unsafe { local.light_pin.get().as_ref() }) else { return Self::enter_cold(local) };
            Self::enter_word(word, fence::light)
        })
    }

    #[inline(always)]
    fn enter_word(word: &AtomicU64, fence: impl FnOnce()) -> Self {
        let even = owner_load(word);
        if even % 2 == 1 {
            return Self { word: std::ptr::null(), even: NESTED };
        }
        // Relaxed (O9): the fence below orders it before the loads of the lookup.
        word.store(even.wrapping_add(1), Ordering::Relaxed);
        // Case split (O9). If the reclaimer's heavy fence comes first, the loads below see what it unlinked as
        // gone. If this fence comes first, its load of the pin sees the odd value, and it frees nothing that
        // is reachable from here.
        if !broken(Fault::PinWithoutFence) {
            fence();
        }
        Self { word, even: even.wrapping_add(2) }
    }

    /// Pins a thread that needs a real fence, is not attached yet, or has no slab.
    #[cold]
    #[inline(never)]
    #[allow(unsafe_code, reason = "reaches the slab of the LIVE thread")]
    fn enter_cold(local: &Local) -> Self {
        if local.state.get() == State::New {
            attach(local);
        }
        // SAFETY: null, or the slab of a LIVE thread, as above.
        if let Some(slab) = unsafe { local.slab.get().as_ref() } {
            // SeqCst (O9): where the light fence is not enough.
            return Self::enter_word(&slab.pin, || full_fence(Ordering::SeqCst));
        }
        // SeqCst read-modify-write and fence (O10): the same argument with a counter instead of a word
        // of one's own; this path is rare, so it pays for a real fence.
        arena().orphan_pins.fetch_add(1, Ordering::SeqCst);
        full_fence(Ordering::SeqCst);
        Self { word: std::ptr::null(), even: ORPHAN }
    }
}

impl Drop for Pin {
    #[inline]
    #[allow(unsafe_code, reason = "reaches the slab of the LIVE thread")]
    fn drop(&mut self) {
        if model_failed() {
            return;
        }
        // SAFETY: null, or of the slab that `enter` found; the thread has been inside the lookup since.
        if let Some(word) = unsafe { self.word.as_ref() } {
            // Release (O9): pairs with the reclaimer's Acquire of the pin; all that was read and recorded inside
            // happened before anything is freed.
            word.store(self.even, Ordering::Release);
        } else if self.even == ORPHAN {
            leave_cold();
        }
    }
}

#[cold]
#[inline(never)]
fn leave_cold() {
    // Release (O10): pairs with the reclaimer's Acquire of the count.
    arena().orphan_pins.fetch_sub(1, Ordering::Release);
}
