//! The asymmetric fence between the pin (frequent, light) and the reclaimer (rare, heavy).
//!
//! A pin stores, then loads; the reclaimer stores (unlinks), then loads (the pins). At least one of
//! the two must see the other's store, which takes a full fence on both sides, or, where the kernel
//! offers `membarrier` with PRIVATE_EXPEDITED, a compiler fence on the frequent side and one system
//! call (about 2 us) on the rare side: it runs a full fence on every core that executes a thread of
//! this process. Algorithm: as in the Linux documentation of membarrier(2), and in folly and seize.

use crate::sync::{Ordering, compiler_fence, fence};

/// Returns whether a compiler fence is enough on the frequent side: whether the process is registered for expedited
/// barriers. The first call registers it; the answer never changes.
pub(crate) fn is_light() -> bool {
    imp::has_membarrier()
}

/// The frequent side, where [`is_light`] says so: orders the pin's store before the loads that follow. The heavy side's
/// system call makes a full fence of it when it matters.
#[inline(always)]
pub(crate) fn light() {
    // SeqCst (O9, O23): for the compiler; see above for the processor.
    compiler_fence(Ordering::SeqCst);
}

/// The rare side: orders the unlinking before the loads of the pins. False where the system call that the light side
/// counts on failed (a filter of system calls that was installed after the start, or no memory in the kernel): then
/// nothing that was unlinked since the last fence may be freed.
pub(crate) fn heavy() -> bool {
    let done = !is_light() || imp::barrier();
    // SeqCst (O9, O10). Also with membarrier: threads that have no slab use a real fence.
    fence(Ordering::SeqCst);
    done
}

/// The rare side where the frequent one uses real fences. Always true, to stand in the place of [`heavy`].
pub(crate) fn full() -> bool {
    // SeqCst (O23): both sides have one, so one of them comes first.
    fence(Ordering::SeqCst);
    true
}

#[cfg(all(target_os = "linux", not(engine_loom), not(engine_force_fence), not(miri)))]
mod imp {
    use crate::sync::OnceLock;

    // Values of enum membarrier_cmd in the kernel's include/uapi/linux/membarrier.h.
    const PRIVATE_EXPEDITED: libc::c_int = 1 << 3;
    const REGISTER_PRIVATE_EXPEDITED: libc::c_int = 1 << 4;

    /// Whether the process is registered (O17). Asked once, before the first thread is LIVE.
    static REGISTERED: OnceLock<bool> = OnceLock::new();

    pub(super) fn has_membarrier() -> bool {
        *REGISTERED.get_or_init(|| call(REGISTER_PRIVATE_EXPEDITED))
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

/// Under loom both sides use real fences, unless a model forbids the heavy one.
#[cfg(engine_loom)]
mod imp {
    use crate::sync::{Fault, broken};

    pub(super) fn has_membarrier() -> bool {
        broken(Fault::HeavyFenceFails) || broken(Fault::UnfencedFreed)
    }

    pub(super) fn barrier() -> bool {
        crate::cells::model::barriers_are_allowed()
    }
}

#[cfg(all(not(engine_loom), not(all(target_os = "linux", not(engine_force_fence), not(miri)))))]
mod imp {
    pub(super) fn has_membarrier() -> bool {
        false
    }

    pub(super) fn barrier() -> bool {
        true
    }
}
