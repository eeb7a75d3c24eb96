//! The memory of the bodies.
//!
//! A body is as large as the exposition, megabytes with many series, so it is neither copied nor allocated anew for
//! each scrape: the buffer keeps a share of every body it gave out, and writes the next one into the memory of one
//! that no reader holds any more.
//!
//! The same shares bound the memory. A reader that takes its time holds its body, and each new rendering is another
//! body, so enough of them would hold any amount. Past the budget there is no rendering until some are done or cut
//! off, those first that hold the oldest body. Bodies of different kinds (whole and filtered, compressed and not) differ in size, so a few are kept that wait
//! for one of their own.

use std::time::{Duration, Instant};

use bytes::Bytes;

/// What readers may hold in unfinished bodies. Far more than honest readers need: the system's socket buffers take
/// a body of a few megabytes whole, and a finished reader holds nothing.
const BUDGET_BYTES: usize = 64 * 1024 * 1024;

/// Bodies that readers may hold however large they are, so that a huge exposition can still be read.
const BUDGET_BODIES: usize = 4;

/// Bodies that no reader holds and that are kept for later: one as it is and one compressed.
const SPARE_BODIES: usize = 2;

/// Unused capacity that is kept, whatever the size of the body.
const SLACK_BYTES: usize = 64 * 1024;

/// Lends memory for bodies, within a budget.
#[derive(Debug)]
pub(crate) struct BodyBuffer {
    /// The bodies that readers may hold, the latest last.
    lent: Vec<Lent>,
    /// How many there were.
    count: u64,
    budget: usize,
}

/// A share of one body.
#[derive(Debug)]
struct Lent {
    number: u64,
    since: Instant,
    body: Bytes,
}

impl BodyBuffer {
    /// Starts with no memory at all.
    pub(crate) fn new() -> BodyBuffer {
        BodyBuffer { lent: Vec::new(), count: 0, budget: BUDGET_BYTES }
    }

    /// Returns an empty vector for a body of about `expected` bytes, or `None` while readers hold too much.
    pub(crate) fn take(&mut self, expected: usize) -> Option<Vec<u8>> {
        let (mut readers, mut held) = (0, 0);
        for Lent { body, .. } in self.lent.iter().filter(|lent| !lent.body.is_unique()) {
            readers += 1;
            held += body.len();
        }
        if readers >= BUDGET_BODIES && held >= self.budget {
            return None;
        }
        let fits = |body: &Bytes| body.len() <= room(expected) && expected <= room(body.len());
        let fitting = self.lent.iter().position(|lent| lent.body.is_unique() && fits(&lent.body));
        let reused =
            fitting.map(|at| self.lent.remove(at).body).and_then(|body| body.try_into_mut().ok()).map(|mut body| {
                // Emptied first, or the conversion would move the old bytes.
                body.clear();
                Vec::from(body)
            });
        self.drop_spares();
        Some(reused.unwrap_or_else(|| Vec::with_capacity(expected + expected / 8)))
    }

    /// Turns a finished body into one that any number of readers can hold. Returns it with its number, which is higher
    /// than those before.
    pub(crate) fn share(&mut self, mut body: Vec<u8>) -> (u64, Bytes) {
        trim(&mut body);
        let body = Bytes::from(body);
        self.count += 1;
        self.lent.push(Lent { number: self.count, since: Instant::now(), body: body.clone() });
        (self.count, body)
    }

    /// Returns the number of the oldest body that readers hold, if they have had it for `patience`.
    pub(crate) fn oldest(&self, patience: Duration) -> Option<u64> {
        let held = self.lent.iter().find(|lent| !lent.body.is_unique())?;
        (held.since.elapsed() >= patience).then_some(held.number)
    }

    /// Keeps the latest of the bodies that no reader holds.
    fn drop_spares(&mut self) {
        let spares = self.lent.iter().filter(|lent| lent.body.is_unique()).count();
        let mut surplus = spares.saturating_sub(SPARE_BODIES);
        self.lent.retain(|lent| {
            let drop = surplus > 0 && lent.body.is_unique();
            surplus -= usize::from(drop);
            !drop
        });
    }
}

/// The memory that a body of this length may take.
fn room(length: usize) -> usize {
    length + length / 2 + SLACK_BYTES
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

    fn write(buffer: &mut BodyBuffer, bytes: usize) -> Bytes {
        let mut body = buffer.take(bytes).unwrap();
        assert!(body.is_empty());
        body.resize(bytes, b'x');
        buffer.share(body).1
    }

    #[test]
    fn memory_is_reused_once_every_reader_is_done() {
        let mut buffer = BodyBuffer::new();
        let first = write(&mut buffer, 100_000);
        let address = first.as_ptr();
        drop(first);
        for _ in 0..3 {
            let body = write(&mut buffer, 90_000);
            assert_eq!(body.as_ptr(), address);
            assert_eq!(body.len(), 90_000);
        }
    }

    #[test]
    fn kinds_of_bodies_that_alternate_keep_their_memory() {
        let mut buffer = BodyBuffer::new();
        let kinds = [2_000_000, 100_000];
        let addresses = kinds.map(|bytes| write(&mut buffer, bytes).as_ptr());
        for _ in 0..3 {
            assert_eq!(kinds.map(|bytes| write(&mut buffer, bytes + bytes / 50).as_ptr()), addresses);
        }
    }

    #[test]
    fn a_body_in_use_is_left_alone() {
        let mut buffer = BodyBuffer::new();
        let first = write(&mut buffer, 1000);
        let second = write(&mut buffer, 1000);
        assert_ne!(first.as_ptr(), second.as_ptr());
        assert_eq!(first, second);
    }

    #[test]
    fn an_exceptional_body_does_not_keep_its_memory() {
        let mut buffer = BodyBuffer::new();
        drop(write(&mut buffer, 10_000_000));
        drop(write(&mut buffer, 1000));
        assert!(buffer.take(1000).unwrap().capacity() < 1000 + 2 * SLACK_BYTES);
        for _ in 0..SPARE_BODIES {
            assert!(buffer.lent.iter().any(|lent| lent.body.len() == 10_000_000), "it waits for another of its kind");
            let kinds = [write(&mut buffer, 1000), write(&mut buffer, 1000)];
            drop(kinds);
        }
    }

    #[test]
    fn readers_cannot_hold_more_than_the_budget() {
        let mut buffer = BodyBuffer { budget: 10_000, ..BodyBuffer::new() };
        let mut held: Vec<Bytes> = (0..10).map(|_| write(&mut buffer, 1000)).collect();
        assert!(buffer.take(1000).is_none());
        held.pop();
        held.push(write(&mut buffer, 1000));
        assert!(buffer.take(1000).is_none());
    }

    #[test]
    fn the_oldest_body_that_is_held_is_known() {
        let mut buffer = BodyBuffer::new();
        assert_eq!(buffer.oldest(Duration::ZERO), None);
        let held: Vec<Bytes> = (0..3).map(|_| write(&mut buffer, 1000)).collect();
        assert_eq!(buffer.oldest(Duration::ZERO), Some(1));
        assert_eq!(buffer.oldest(Duration::from_secs(1000)), None);
        let [first, second, third] = held.try_into().unwrap();
        drop(first);
        assert_eq!(buffer.oldest(Duration::ZERO), Some(2));
        drop(second);
        // Numbers are not used again, memory is.
        let fourth = write(&mut buffer, 1000);
        drop(third);
        assert_eq!(buffer.oldest(Duration::ZERO), Some(4));
        drop(fourth);
        assert_eq!(buffer.oldest(Duration::ZERO), None);
    }

    #[test]
    fn a_few_bodies_are_always_allowed() {
        let mut buffer = BodyBuffer { budget: 10_000, ..BodyBuffer::new() };
        let held: Vec<Bytes> = (0..BUDGET_BODIES).map(|_| write(&mut buffer, 1_000_000)).collect();
        assert!(buffer.take(1000).is_none());
        drop(held);
        assert!(buffer.take(1000).is_some());
    }
}
