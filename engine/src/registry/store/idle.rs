//! Which series have not changed for long.

use super::row::RowRef;
use crate::sync::{Fault, broken};
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
    /// By the number of the series, ascending: what was seen, and since when. The number is the series' own: an address
    /// changes when rows are moved, and another series may come to stand there.
    seen: Vec<(u64, Fingerprint, Instant)>,
    /// What the look before saw; memory for the next one.
    before: Vec<(u64, Fingerprint, Instant)>,
}

impl IdleWatch {
    pub(crate) fn new() -> Self {
        Self { last: None, seen: Vec::new(), before: Vec::new() }
    }

    /// Returns the series of `live`, in the order of their numbers, that have not changed for `timeout` before `now`.
    /// Looks at most four times in that time, so that many scrapers cost no more than one.
    pub(crate) fn look<'p>(
        &mut self,
        timeout: Duration,
        now: Instant,
        live: impl Iterator<Item = RowRef<'p>>,
        mut fingerprint: impl FnMut(RowRef<'p>) -> Fingerprint,
    ) -> Vec<RowRef<'p>> {
        if self.last.is_some_and(|last| now.saturating_duration_since(last) < timeout / 4) {
            return Vec::new();
        }
        self.last = Some(now);
        std::mem::swap(&mut self.seen, &mut self.before);
        self.seen.clear();
        let mut before = self.before.iter().copied().peekable();
        let mut idle = Vec::new();
        for row in live {
            // Removed since it was listed.
            let Some(serial) = row.serial() else { continue };
            let serial = if broken(Fault::IdleByAddress) { row.as_raw().as_ptr().addr() as u64 } else { serial };
            let seen = fingerprint(row);
            // Both ascend: a series that is not met any more is gone.
            while before.next_if(|(earlier, ..)| *earlier < serial).is_some() {}
            let since = match before.next_if(|(same, ..)| *same == serial) {
                Some((_, value, since)) if value == seen && seen != Fingerprint::Updated => since,
                _ => now,
            };
            if now.saturating_duration_since(since) >= timeout {
                idle.push(row);
            }
            self.seen.push((serial, seen, since));
        }
        idle
    }
}
