//! Running code of the user where a panic must not reach whoever happens to run it.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Returns the result of `run`; `None` where it panics. Under loom panics go on, for they are what a model reports.
pub(crate) fn catch<R>(run: impl FnOnce() -> R) -> Option<R> {
    if cfg!(engine_loom) {
        return Some(run());
    }
    let payload = match catch_unwind(AssertUnwindSafe(run)) {
        Ok(value) => return Some(value),
        Err(payload) => payload,
    };
    // The payload is the user's too, and may panic when dropped.
    if let Err(another) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        std::mem::forget(another);
    }
    None
}

/// Drops a value of the user's on a thread that may be somebody else's.
pub(crate) fn catch_drop<T>(value: T) {
    let _ = catch(|| drop(value));
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Bomb;

    impl Drop for Bomb {
        fn drop(&mut self) {
            std::panic::resume_unwind(Box::new("in drop"));
        }
    }

    #[test]
    fn a_payload_that_panics_when_dropped_is_no_harm() {
        assert_eq!(catch(|| std::panic::resume_unwind(Box::new(Bomb))), None::<()>);
        assert_eq!(catch(|| 1), Some(1));
    }

    #[test]
    fn a_value_that_panics_when_dropped_is_no_harm() {
        catch_drop(Bomb);
    }
}
