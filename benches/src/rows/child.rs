//! Child processes of the scoreboard: what is to be said of a process's memory needs a process of its own.

use std::process::{Command, Stdio};
use std::{env, fs, io};

/// Starts this program again with hidden arguments and returns the numbers it prints.
///
/// # Errors
/// If it cannot be started, fails, or prints anything but numbers.
pub(super) fn numbers(arguments: &[&str]) -> io::Result<Vec<f64>> {
    let output = Command::new(env::current_exe()?).args(arguments).stderr(Stdio::inherit()).output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let numbers = text.split_whitespace().map(str::parse).collect();
    match numbers {
        Ok(numbers) if output.status.success() => Ok(numbers),
        _ => Err(io::Error::other(format!("the child {arguments:?} ended with {} and {text:?}", output.status))),
    }
}

/// The resident set of this process.
///
/// # Errors
/// If the system does not tell.
pub(super) fn resident_bytes() -> io::Result<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kibibytes = line.and_then(|rest| rest.trim().strip_suffix(" kB")).and_then(|number| number.parse::<u64>().ok());
    kibibytes.map(|kib| kib * 1024).ok_or_else(|| io::Error::other("no VmRSS in /proc/self/status"))
}

/// Has the allocator give back to the system what it keeps of what was freed: glibc does so only at the end of its
/// heaps.
#[cfg(target_env = "gnu")]
#[allow(unsafe_code, reason = "the one way to tell what is freed from what is given back")]
pub(super) fn trim() {
    // SAFETY: the declaration is that of malloc.h; it may be called at any time, from any thread.
    unsafe extern "C" {
        safe fn malloc_trim(pad: usize) -> core::ffi::c_int;
    }
    malloc_trim(0);
}

/// Does nothing: other allocators have other ways.
#[cfg(not(target_env = "gnu"))]
pub(super) fn trim() {}
