//! Log lines and code of the user that cannot end a thread of the exporter.
//!
//! A subscriber is the user's code: one that writes to a pipe which was closed, or takes a poisoned lock, panics at
//! every line. The exporter goes on without the line.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs `run`; `None` if it panics.
pub(crate) fn caught<R>(run: impl FnOnce() -> R) -> Option<R> {
    match catch_unwind(AssertUnwindSafe(run)) {
        Ok(value) => Some(value),
        Err(payload) => {
            // What was panicked with is the user's too, and so is its destructor. Only one that panics is leaked.
            if let Err(second) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
                std::mem::forget(second);
            }
            None
        }
    }
}

/// Writes a log line, as the macro of `tracing` that `$level` names.
macro_rules! say {
    ($level:ident, $($line:tt)+) => {
        $crate::say::caught(|| tracing::$level!($($line)+)).unwrap_or(())
    };
}
pub(crate) use say;

#[cfg(test)]
mod tests {
    use super::*;

    struct Spiteful;

    impl Drop for Spiteful {
        fn drop(&mut self) {
            // Not while it unwinds, which nobody could catch.
            if !std::thread::panicking() {
                std::panic::panic_any(Spiteful);
            }
        }
    }

    #[test]
    fn a_panic_whose_payload_panics_is_caught() {
        assert_eq!(caught(|| 7), Some(7));
        assert_eq!(caught(|| std::panic::panic_any(Spiteful)), None::<()>);
    }
}
