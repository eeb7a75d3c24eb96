//! The asymmetric fence between the pin (frequent, light) and the reclaimer (rare, heavy).
//!
//! A pin stores, then loads; the reclaimer stores (unlinks), then loads (the pins). At least one of
//! the two must see the other's store, which takes a full fence on both sides, or, where the kernel
//! offers `membarrier` with PRIVATE_EXPEDITED, a compiler fence on the frequent side and one system
//! call (about 2 us) on the rare side: it runs a full fence on every core that executes a thread of
//! this process. Algorithm: as in the Linux documentation of membarrier(2), and in folly and seize.

use crate::sync::{Ordering, compiler_fence, fence};

/// The frequent side: orders the pin's store before the loads that follow.
#[inline(always)]
pub(crate) fn light() {
    if imp::has_membarrier() {
        // The heavy side's system call makes this a full fence when it matters.
        compiler_fence(Ordering::SeqCst);
    } else {
        fence(Ordering::SeqCst);
    }
}

/// The rare side: orders the unlinking before the loads of the pins. False where the system call
/// that the light side counts on failed; nothing may be freed then.
pub(crate) fn heavy() -> bool {
    let done = !imp::has_membarrier() || imp::barrier();
    // Also with membarrier: a thread that pinned before registration was known used a real fence.
    fence(Ordering::SeqCst);
    done
}

/// Registers the process for expedited barriers, once. Called when a thread attaches, so before
/// its first pin.
pub(crate) fn register() {
    imp::register();
}

#[cfg(all(target_os = "linux", not(engine_loom), not(engine_force_fence), not(miri)))]
mod imp {
    use crate::sync::{AtomicU8, OnceLock, Ordering};

    // Values of enum membarrier_cmd in the kernel's include/uapi/linux/membarrier.h.
    const PRIVATE_EXPEDITED: libc::c_int = 1 << 3;
    const REGISTER_PRIVATE_EXPEDITED: libc::c_int = 1 << 4;

    /// 1 once the process is registered. Written once, before the first thread is LIVE.
    static REGISTERED: AtomicU8 = AtomicU8::new(0);
    static ATTEMPT: OnceLock<()> = OnceLock::new();

    #[inline(always)]
    pub(super) fn has_membarrier() -> bool {
        // Relaxed (O17): a thread that still sees 0 uses a real fence, which is always right; the
        // reclaimer calls `register` first, so it never misses a 1 that a pin has seen.
        REGISTERED.load(Ordering::Relaxed) == 1
    }

    #[cold]
    pub(super) fn register() {
        ATTEMPT.get_or_init(|| {
            if call(REGISTER_PRIVATE_EXPEDITED) {
                // Relaxed (O17): see has_membarrier.
                REGISTERED.store(1, Ordering::Relaxed);
            }
        });
    }

    pub(super) fn barrier() -> bool {
        call(PRIVATE_EXPEDITED)
    }

    #[allow(unsafe_code, reason = "the system call has no wrapper in std")]
    fn call(command: libc::c_int) -> bool {
        // SAFETY: membarrier takes two integers and touches no memory of ours.
        unsafe { libc::syscall(libc::SYS_membarrier, command, 0) == 0 }
    }
}

#[cfg(not(all(target_os = "linux", not(engine_loom), not(engine_force_fence), not(miri))))]
mod imp {
    #[inline(always)]
    pub(super) fn has_membarrier() -> bool {
        false
    }

    pub(super) fn register() {}

    pub(super) fn barrier() -> bool {
        true
    }
}
