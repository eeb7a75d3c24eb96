//! Log lines and code of the user that cannot end a thread of the exporter.
//!
//! A subscriber is the user's code: one that writes to a pipe which was closed, or takes a poisoned lock, panics at
//! every line. The exporter goes on without the line.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

/// Runs `run`; `None` if it panics.
///
/// The engine has the same for callbacks and keeps it to itself: to catch panics is no part of what a metrics library
/// offers, and the exporter uses only what everybody can.
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

/// When something was told last that clients can bring about, and must not decide how often it is told.
#[derive(Debug, Default)]
pub(crate) struct Seldom {
    told: Option<Instant>,
}

/// It is told as often as this.
const SILENCE: Duration = Duration::from_secs(60);

impl Seldom {
    /// Returns whether it is to be told now.
    pub(crate) fn is_due(&mut self) -> bool {
        self.is_due_at(Instant::now())
    }

    fn is_due_at(&mut self, now: Instant) -> bool {
        let is_due = self.told.is_none_or(|told| now.duration_since(told) >= SILENCE);
        if is_due {
            self.told = Some(now);
        }
        is_due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_often_is_told_once_in_a_while() {
        let (mut seldom, start) = (Seldom::default(), Instant::now());
        let told: Vec<u64> = (0..200).filter(|second| seldom.is_due_at(start + Duration::from_secs(*second))).collect();
        assert_eq!(told, [0, 60, 120, 180]);
    }

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
