//! The gate in front of the source database: one writer at a time, and none past the limit.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Admits one writer at a time and counts what was captured.
///
/// SQLite has a single write lock anyway. Waiting for it in SQLite means sleeping for whole milliseconds between
/// attempts; a mutex hands over at once. It also makes the count exact at the start of a transaction, so that the
/// writers can stop at `limit` events and not merely near it.
#[derive(Debug)]
pub struct WriteGate {
    captured: Mutex<u64>,
    limit: Option<u64>,
}

/// A writer's turn. The next writer is admitted when it is dropped.
#[derive(Debug)]
pub struct Entry<'a> {
    captured: MutexGuard<'a, u64>,
    limit: Option<u64>,
}

impl WriteGate {
    /// A gate to a log that holds `captured` events and may grow to `limit`.
    pub fn new(captured: u64, limit: Option<u64>) -> Self {
        Self { captured: Mutex::new(captured), limit }
    }

    /// Waits for this writer's turn.
    pub fn enter(&self) -> Entry<'_> {
        // The count is only changed after a commit, so that it is right even if a writer panicked in its turn.
        Entry { captured: self.captured.lock().unwrap_or_else(PoisonError::into_inner), limit: self.limit }
    }
}

impl Entry<'_> {
    /// How many more events may be captured; 0 means that the workload is done.
    pub fn room(&self) -> u64 {
        self.limit.map_or(u64::MAX, |limit| limit.saturating_sub(*self.captured))
    }

    /// Counts a committed transaction of `rows` row changes and returns the new head of the log.
    pub fn committed(&mut self, rows: u64) -> u64 {
        *self.captured += rows;
        *self.captured
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_shrinks_to_nothing() {
        let gate = WriteGate::new(7, Some(10));
        let mut entry = gate.enter();
        assert_eq!(entry.room(), 3);
        assert_eq!(entry.committed(3), 10);
        assert_eq!(entry.room(), 0);
        drop(entry);
        assert_eq!(WriteGate::new(11, Some(10)).enter().room(), 0);
        assert_eq!(WriteGate::new(11, None).enter().room(), u64::MAX);
    }
}
