//! Attachment: what a thread knows of its slab.
//!
//! ```text
//! NEW ──attach──> ATTACHING ──> LIVE ──thread ends──> ORPHAN
//!                     └── no memory, or thread-locals already gone ──> ORPHAN (or NEW again)
//! ```
//! Only LIVE threads have a directory that is not the all-null one, so the null check of the record
//! path covers every other state. Thread-local destructors run last-in-first-out: code of the user
//! may record after ours ran, which is what ORPHAN is for.

use super::arena::{arena, null_directory};
use super::chunk::{Chunk, Directory};
use super::fence;
use super::slab::{Slab, SlabPtr};
use crate::sync::{AtomicU64, Fault, Ordering, broken, compiler_fence};
use std::cell::Cell;
use std::ptr::NonNull;

/// Where a thread stands between birth and death.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Has not recorded yet.
    New,
    /// Is fetching a slab; an allocator or a panic hook may record meanwhile.
    Attaching,
    /// Owns a slab.
    Live,
    /// Has given its slab back; what it still records goes to the shared slab.
    Orphan,
}

/// The thread's own view. It has no destructor, so it can be reached until the very end of a thread.
#[derive(Debug)]
pub(crate) struct Local {
    /// The directory of the slab, or the all-null one; never dangling.
    pub(crate) directory: Cell<*const Directory>,
    /// The slab while LIVE, else null.
    pub(crate) slab: Cell<*const Slab>,
    /// The pin of the slab where a compiler fence is enough to take it: while LIVE and if the kernel has membarrier,
    /// else null.
    pub(crate) light_pin: Cell<*const AtomicU64>,
    pub(crate) state: Cell<State>,
}

impl Local {
    #[cfg(not(engine_loom))]
    const fn new() -> Self {
        Self {
            directory: Cell::new(null_directory()),
            slab: Cell::new(std::ptr::null()),
            light_pin: Cell::new(std::ptr::null()),
            state: Cell::new(State::New),
        }
    }

    #[cfg(engine_loom)]
    fn new() -> Self {
        Self {
            directory: Cell::new(null_directory()),
            slab: Cell::new(std::ptr::null()),
            light_pin: Cell::new(std::ptr::null()),
            state: Cell::new(State::New),
        }
    }
}

#[cfg(not(engine_loom))]
std::thread_local! {
    static LOCAL: Local = const { Local::new() };
    static EXIT: ExitGuard = const { ExitGuard };
}

#[cfg(engine_loom)]
loom::thread_local! {
    static LOCAL: Local = Local::new();
}

/// Runs `f` on the thread's view. Costs one thread-local address; cannot fail, for `Local` has no
/// destructor.
#[inline(always)]
pub(crate) fn with_local<R>(f: impl FnOnce(&Local) -> R) -> R {
    LOCAL.with(f)
}

/// Gives the slab back when the thread ends.
#[cfg(not(engine_loom))]
#[derive(Debug)]
struct ExitGuard;

#[cfg(not(engine_loom))]
impl Drop for ExitGuard {
    fn drop(&mut self) {
        with_local(detach);
    }
}

/// Registers the guard of the thread's end; false where it has run already.
fn guard_exit() -> bool {
    #[cfg(not(engine_loom))]
    return EXIT.try_with(|_| ()).is_ok();
    // loom's thread-locals have an order of their own: models call `detach` where a thread ends.
    #[cfg(engine_loom)]
    return true;
}

/// Makes a NEW thread LIVE. Allocates once per thread (a slab of 64 KiB address space) unless an idle
/// slab can be adopted.
#[cold]
#[inline(never)]
pub(crate) fn attach(local: &Local) {
    if local.state.get() != State::New {
        return;
    }
    local.state.set(State::Attaching);
    if !guard_exit() {
        local.state.set(State::Orphan);
        return;
    }
    let Some(slab) = arena().adopt() else {
        // No memory now; the shared slab serves until there is.
        local.state.set(State::New);
        return;
    };
    // SAFETY: just adopted: it lives until this thread gives it back.
    #[allow(unsafe_code, reason = "takes addresses out of the adopted slab")]
    let adopted = unsafe { slab.get() };
    local.slab.set(slab.as_ptr());
    local.directory.set(&raw const adopted.directory);
    if fence::is_light() {
        local.light_pin.set(&raw const *adopted.pin);
    }
    local.state.set(State::Live);
}

/// Makes a LIVE thread an ORPHAN and gives its slab back.
pub(crate) fn detach(local: &Local) {
    if local.state.get() != State::Live {
        local.state.set(State::Orphan);
        return;
    }
    let slab = local.slab.get();
    let hand_over = |slab: *const Slab| {
        if let Some(slab) = NonNull::new(slab.cast_mut()) {
            arena().give_back(SlabPtr::new(slab));
        }
    };
    if broken(Fault::HandOverBeforeOrphan) {
        hand_over(slab);
        return;
    }
    // First the directory, so that a destructor that records after this one finds no cell.
    local.directory.set(null_directory());
    local.slab.set(std::ptr::null());
    local.light_pin.set(std::ptr::null());
    local.state.set(State::Orphan);
    // Keeps the compiler from moving the hand-over before the lines above; the mutex in give_back is
    // what orders this thread's cells before the adopter (O6).
    compiler_fence(Ordering::SeqCst);
    hand_over(slab);
}

/// Returns this thread's chunk, attaching the thread and allocating the chunk where needed; `None` where
/// the thread cannot own cells now, and must use the shared slab.
#[cold]
#[inline(never)]
pub(crate) fn touch(chunk: u32) -> Option<NonNull<Chunk>> {
    with_local(|local| {
        if local.state.get() == State::New {
            attach(local);
        }
        if local.state.get() != State::Live {
            return None;
        }
        // SAFETY: a LIVE thread's directory is its slab's, which lives until detach.
        #[allow(unsafe_code, reason = "the directory of the thread's own slab")]
        let directory = unsafe { &*local.directory.get() };
        if let Some(existing) = NonNull::new(directory.get(chunk)) {
            return Some(existing);
        }
        let fresh = Chunk::allocate()?;
        directory.publish(chunk, fresh);
        // Relaxed (O26): a statistic.
        arena().chunks.fetch_add(1, Ordering::Relaxed);
        Some(fresh)
    })
}
