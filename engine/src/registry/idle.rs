//! Which series have not changed for long.

use super::RecordRef;
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// What tells whether a series was updated between two looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fingerprint {
    /// A value that changes with every update.
    Value(u64),
    /// The series says itself that it was updated since the last look.
    Updated,
    /// The series says itself that it was not.
    Unchanged,
}

/// What the looks before this one saw of a family's series.
#[derive(Debug)]
pub(crate) struct IdleWatch {
    last: Option<Instant>,
    /// By the address of the record: what was seen, and since when.
    seen: HashMap<usize, (Fingerprint, Instant)>,
}

impl IdleWatch {
    pub(crate) fn new() -> Self {
        Self { last: None, seen: HashMap::new() }
    }

    /// Gives the series that have not changed for `timeout`. Looks at most four times in that time, so that
    /// many scrapers cost no more than one.
    pub(crate) fn look<'p>(
        &mut self,
        timeout: Duration,
        live: impl Iterator<Item = RecordRef<'p>>,
        mut fingerprint: impl FnMut(RecordRef<'p>) -> Fingerprint,
    ) -> Vec<RecordRef<'p>> {
        let now = Instant::now();
        if self.last.is_some_and(|last| now.duration_since(last) < timeout / 4) {
            return Vec::new();
        }
        self.last = Some(now);
        let mut before = std::mem::take(&mut self.seen);
        let mut idle = Vec::new();
        for record in live {
            let (seen, address) = (fingerprint(record), record.as_raw().as_ptr().addr());
            let since = match before.remove(&address) {
                Some((value, since)) if value == seen && seen != Fingerprint::Updated => since,
                // Updated, then not: unchanged since this look at the earliest.
                Some((Fingerprint::Unchanged, since)) if seen == Fingerprint::Unchanged => since,
                _ => now,
            };
            if now.duration_since(since) >= timeout {
                idle.push(record);
            }
            self.seen.insert(address, (seen, since));
        }
        idle
    }
}
