//! Zeroed memory of which only what is touched becomes resident.
//!
//! The standard library's `alloc_zeroed` zeroes by hand what is aligned to more than 16 bytes, which would make every
//! page of a slab's directory resident.

#[cfg(all(target_os = "linux", not(miri)))]
use std::ptr::NonNull;

/// Allocates a zeroed `T`, or returns `None` where the system has no memory left. Does not use the global allocator.
#[cfg(all(target_os = "linux", not(miri)))]
#[allow(unsafe_code, reason = "the system call has no wrapper in std")]
pub(super) fn allocate<T>() -> Option<NonNull<T>> {
    const { assert!(align_of::<T>() <= 4096, "pages are aligned to no more") };
    let (protection, flags) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
    // SAFETY: a new private mapping; it touches no memory of ours.
    let memory = unsafe { libc::mmap(std::ptr::null_mut(), size_of::<T>(), protection, flags, -1, 0) };
    if memory == libc::MAP_FAILED { None } else { NonNull::new(memory.cast()) }
}

/// Frees what [`allocate`] returned.
///
/// # Safety
/// `memory` came from `allocate::<T>`, and nothing refers to it any more.
#[cfg(all(target_os = "linux", not(miri)))]
#[allow(unsafe_code, reason = "the counterpart of allocate")]
pub(super) unsafe fn free<T>(memory: NonNull<T>) {
    // SAFETY: mapped with this length; the caller gives it up. It can only fail for addresses that are not mapped.
    unsafe { libc::munmap(memory.as_ptr().cast(), size_of::<T>()) };
}

#[cfg(not(all(target_os = "linux", not(miri))))]
pub(super) use by_allocator::{allocate, free};

#[cfg(not(all(target_os = "linux", not(miri))))]
mod by_allocator {
    use std::alloc::{GlobalAlloc, Layout, System};
    use std::ptr::NonNull;

    /// As above. [`System`], so that a global allocator that records does not come back here.
    #[allow(unsafe_code, reason = "zeroed allocation outside the global allocator")]
    pub(in crate::cells) fn allocate<T>() -> Option<NonNull<T>> {
        const { assert!(size_of::<T>() > 0) };
        // SAFETY: the layout is not empty.
        NonNull::new(unsafe { System.alloc_zeroed(Layout::new::<T>()) }.cast())
    }

    /// As above.
    ///
    /// # Safety
    /// As above.
    #[allow(unsafe_code, reason = "the counterpart of allocate")]
    pub(in crate::cells) unsafe fn free<T>(memory: NonNull<T>) {
        // SAFETY: allocated by System with this very layout; the caller gives it up.
        unsafe { System.dealloc(memory.as_ptr().cast(), Layout::new::<T>()) };
    }
}
