//! The memory of the bodies.
//!
//! A body is as large as the exposition, megabytes with many series, so it is neither copied nor allocated anew for
//! each scrape: the buffer keeps a share of every body it gave out, and writes the next one into the memory of one
//! that no reader holds any more.
//!
//! The same shares bound the memory. A reader that takes its time holds its body, and each new rendering is another
//! body, so enough of them would hold any amount. Past the budget there is no rendering until some are done or cut
//! off: those first that are slow, then all that read the oldest body. Bodies of different kinds (whole and filtered, compressed and not) differ in size, so a few are kept that wait
//! for one of their own.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::body::Loan;
use crate::http::limits::{BUDGET_BODIES, BUDGET_BYTES, SLACK_BYTES, SPARE_BODIES};

/// Lends memory for bodies, within a budget.
#[derive(Debug)]
pub(crate) struct BodyBuffer {
    /// The bodies that readers may hold, the latest last.
    lent: Vec<Lent>,
    budget: usize,
}

/// One body, and the memory that it takes.
#[derive(Debug)]
struct Lent {
    loan: Arc<Loan>,
    length: usize,
    capacity: usize,
}

impl Lent {
    /// Returns whether nobody reads it any more.
    fn is_free(&self) -> bool {
        Arc::strong_count(&self.loan) == 1
    }

    /// Returns whether somebody keeps its memory.
    fn is_held(&self) -> bool {
        !self.is_free() && !self.loan.is_called_back()
    }

    fn into_memory(self) -> Option<Vec<u8>> {
        let mut body = Arc::into_inner(self.loan)?.into_bytes()?.try_into_mut().ok()?;
        // Emptied first, or the conversion would move the old bytes.
        body.clear();
        Some(Vec::from(body))
    }
}

impl BodyBuffer {
    /// Starts with no memory at all.
    pub(crate) fn new() -> BodyBuffer {
        BodyBuffer { lent: Vec::new(), budget: BUDGET_BYTES }
    }

    /// Returns an empty vector for a body of about `expected` bytes, or `None` while readers hold too much.
    pub(crate) fn take(&mut self, expected: usize) -> Option<Vec<u8>> {
        let (mut readers, mut held) = (0, 0);
        for lent in self.lent.iter().filter(|lent| lent.is_held()) {
            readers += 1;
            held += lent.capacity;
        }
        if readers >= BUDGET_BODIES && held >= self.budget {
            return None;
        }
        // Readers that come too late find it called back; its memory is free.
        self.lent.retain(|lent| !lent.loan.is_called_back());
        let fits = |lent: &Lent| lent.length <= room(expected) && expected <= room(lent.length);
        let fitting = self.lent.iter().position(|lent| lent.is_free() && fits(lent));
        let reused = fitting.and_then(|at| self.lent.remove(at).into_memory());
        self.drop_spares();
        Some(reused.unwrap_or_else(|| Vec::with_capacity(expected + expected / 8)))
    }

    /// Turns a finished body into one that any number of readers can hold.
    pub(crate) fn lend(&mut self, mut body: Vec<u8>) -> Arc<Loan> {
        trim(&mut body);
        let (length, capacity) = (body.len(), body.capacity());
        let loan = Loan::new(Bytes::from(body));
        self.lent.push(Lent { loan: Arc::clone(&loan), length, capacity });
        loan
    }

    /// Has readers let go that had their body for `patience`: those that are slow, or all of the oldest body.
    pub(crate) fn call_back(&mut self, patience: Duration, oldest: bool) {
        let mut held = self.lent.iter().filter(|lent| lent.is_held());
        if !oldest {
            held.for_each(|lent| lent.loan.call_back_from_the_slow(patience));
        } else if let Some(lent) = held.next().filter(|lent| lent.loan.age() >= patience) {
            lent.loan.call_back();
        }
    }

    /// Keeps the latest of the bodies that no reader holds.
    fn drop_spares(&mut self) {
        let spares = self.lent.iter().filter(|lent| lent.is_free()).count();
        let mut surplus = spares.saturating_sub(SPARE_BODIES);
        self.lent.retain(|lent| {
            let drop = surplus > 0 && lent.is_free();
            surplus -= usize::from(drop);
            !drop
        });
    }
}

/// The memory that a body of this length may take.
fn room(length: usize) -> usize {
    length + length / 4 + SLACK_BYTES
}

/// Gives back what one exceptional exposition needed, which must not be claimed for the life of the process.
pub(crate) fn trim(body: &mut Vec<u8>) {
    let room = room(body.len());
    if body.capacity() > room {
        body.shrink_to(room);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a reader has.
    fn write(buffer: &mut BodyBuffer, bytes: usize) -> Arc<Loan> {
        let mut body = buffer.take(bytes).unwrap();
        assert!(body.is_empty());
        body.resize(bytes, b'x');
        buffer.lend(body)
    }

    #[test]
    fn memory_is_reused_once_every_reader_is_done() {
        let mut buffer = BodyBuffer::new();
        let first = write(&mut buffer, 100_000);
        let address = first.to_bytes().as_ptr();
        drop(first);
        for _ in 0..3 {
            let body = write(&mut buffer, 90_000);
            assert_eq!(body.to_bytes().as_ptr(), address);
            assert_eq!(body.to_bytes().len(), 90_000);
        }
    }

    #[test]
    fn kinds_of_bodies_that_alternate_keep_their_memory() {
        let mut buffer = BodyBuffer::new();
        let kinds = [2_000_000, 100_000];
        let addresses = kinds.map(|bytes| write(&mut buffer, bytes).to_bytes().as_ptr());
        for _ in 0..3 {
            assert_eq!(kinds.map(|bytes| write(&mut buffer, bytes + bytes / 50).to_bytes().as_ptr()), addresses);
        }
    }

    #[test]
    fn a_body_in_use_is_left_alone() {
        let mut buffer = BodyBuffer::new();
        let first = write(&mut buffer, 1000);
        let second = write(&mut buffer, 1000);
        assert_ne!(first.to_bytes().as_ptr(), second.to_bytes().as_ptr());
        assert_eq!(first.to_bytes(), second.to_bytes());
    }

    #[test]
    fn an_exceptional_body_does_not_keep_its_memory() {
        let mut buffer = BodyBuffer::new();
        drop(write(&mut buffer, 10_000_000));
        drop(write(&mut buffer, 1000));
        assert!(buffer.take(1000).unwrap().capacity() < 1000 + 2 * SLACK_BYTES);
        for _ in 0..SPARE_BODIES {
            assert!(buffer.lent.iter().any(|lent| lent.length == 10_000_000), "it waits for another of its kind");
            let kinds = [write(&mut buffer, 1000), write(&mut buffer, 1000)];
            drop(kinds);
        }
    }

    #[test]
    fn readers_cannot_hold_more_than_the_budget() {
        let mut buffer = BodyBuffer { budget: 11_000, ..BodyBuffer::new() };
        let mut held: Vec<Arc<Loan>> = (0..10).map(|_| write(&mut buffer, 1000)).collect();
        assert!(buffer.take(1000).is_none());
        held.pop();
        held.push(write(&mut buffer, 1000));
        assert!(buffer.take(1000).is_none());
    }

    #[test]
    fn the_oldest_body_is_called_back_first() {
        let mut buffer = BodyBuffer { budget: 4000, ..BodyBuffer::new() };
        let held: Vec<Arc<Loan>> = (0..4).map(|_| write(&mut buffer, 1000)).collect();
        let called_back = || held.iter().map(|loan| loan.is_called_back()).collect::<Vec<_>>();
        assert!(buffer.take(1000).is_none());
        buffer.call_back(Duration::from_secs(1000), true);
        buffer.call_back(Duration::from_secs(1000), false);
        assert_eq!(called_back(), [false; 4], "nobody has had it for long enough");
        buffer.call_back(Duration::ZERO, true);
        assert_eq!(called_back(), [true, false, false, false]);
        // There is memory for another one, whoever still holds the first.
        let fifth = write(&mut buffer, 1000);
        assert!(buffer.take(1000).is_none());
        buffer.call_back(Duration::ZERO, true);
        assert_eq!(called_back(), [true, true, false, false]);
        drop(fifth);
    }

    #[test]
    fn a_few_bodies_are_always_allowed() {
        let mut buffer = BodyBuffer { budget: 10_000, ..BodyBuffer::new() };
        let held: Vec<Arc<Loan>> = (0..BUDGET_BODIES).map(|_| write(&mut buffer, 1_000_000)).collect();
        assert!(buffer.take(1000).is_none());
        drop(held);
        assert!(buffer.take(1000).is_some());
    }
}
