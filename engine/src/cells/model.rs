//! What the models of `loom-tests/` need besides the public API; exists under `--cfg engine_loom` only.

use super::held::{Counted, Held};
use super::local::{detach, with_local};
use super::series::Series;
use crate::sync::Arc;
use std::cell::Cell;

// loom runs all threads of a model on the thread of the test.
std::thread_local! {
    static IDLE_BOUND: Cell<usize> = const { Cell::new(usize::MAX / 2) };
    static SUM_CHUNKS: Cell<bool> = const { Cell::new(false) };
    static BARRIERS: Cell<bool> = const { Cell::new(true) };
}

/// Does what the end of a thread does: marks it as an orphan and gives its slab back. Recording goes on to
/// work, as it does in thread-local destructors that run later.
pub fn end_thread() {
    with_local(detach);
}

/// Sets how many idle slabs are kept before they are folded, in all models of this test thread.
pub fn keep_idle_slabs(bound: usize) {
    IDLE_BOUND.set(bound);
}

/// Sets whether the system carries out barriers, under `Fault::HeavyFenceFails`. Allowed again only where no other
/// thread is left: loom knows no barrier that would order them.
pub fn allow_barriers(allowed: bool) {
    BARRIERS.set(allowed);
}

pub(super) fn barriers_are_allowed() -> bool {
    BARRIERS.get()
}

/// Has passes sum whole chunks, as they do where there are many slabs, in all models of this test thread.
pub fn sum_chunks() {
    SUM_CHUNKS.set(true);
}

pub(super) fn sums_chunks() -> bool {
    SUM_CHUNKS.get()
}

pub(super) fn idle_bound() -> usize {
    IDLE_BOUND.get()
}

/// Frees what is unlinked and zeroes what is given back, as the end of a scrape does.
pub fn tidy_up() {
    super::tidy_up();
}

/// A series with its two reference counts, and one handle that counts nothing.
#[derive(Clone, Debug)]
pub struct Expirable(Arc<Series>);

impl Expirable {
    /// Makes a series that nobody uses.
    ///
    /// # Panics
    /// Where there are no cells.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "it allocates")]
    pub fn new() -> Self {
        Self(Arc::new(Series::new(1, false, 0).expect("the first cells of a model")))
    }

    /// Admits a user and returns its handle; `None` where the series is dead.
    #[must_use]
    pub fn admit(&self) -> Option<User> {
        Held::borrowed(&self.0).admitted().map(User)
    }

    /// Kills the series if it has no user, as expiry does.
    #[must_use]
    pub fn expire(&self) -> bool {
        self.0.users().kill_if_unused()
    }
}

/// The handle of one user.
#[derive(Debug)]
pub struct User(#[expect(dead_code, reason = "held for its count")] Held<Series>);
