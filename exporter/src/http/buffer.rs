//! The memory of the bodies.
//!
//! A body is as large as the exposition, megabytes with many series, so it is neither copied nor allocated anew for
//! each scrape: the buffer keeps a share of every body it gave out, and writes the next one into the memory of one
//! that no reader holds any more.
//!
//! The same shares bound the memory. A reader that takes its time holds its body, and each new rendering is another
//! body, so enough of them would hold any amount. Past the budget there is no rendering until some are done or cut
//! off.

use bytes::Bytes;

/// What readers may hold in unfinished bodies. Far more than honest readers need: the system's socket buffers take
/// a body of a few megabytes whole, and a finished reader holds nothing.
const BUDGET_BYTES: usize = 64 * 1024 * 1024;

/// Bodies that readers may hold however large they are, so that a huge exposition can still be read.
const BUDGET_BODIES: usize = 4;

/// Unused capacity that is kept, whatever the size of the body.
const SLACK_BYTES: usize = 64 * 1024;

/// Lends memory for bodies, within a budget.
#[derive(Debug)]
pub(crate) struct BodyBuffer {
    /// A share of each body that readers may hold.
    lent: Vec<Bytes>,
    last_len: usize,
    budget: usize,
}

impl BodyBuffer {
    /// Starts with no memory at all.
    pub(crate) fn new() -> BodyBuffer {
        BodyBuffer { lent: Vec::new(), last_len: 0, budget: BUDGET_BYTES }
    }

    /// Returns an empty vector with room for a body like the last one, or `None` while readers hold too much.
    pub(crate) fn take(&mut self) -> Option<Vec<u8>> {
        let mut free = None;
        self.lent.retain_mut(|body| {
            let done = body.is_unique();
            if done {
                free = Some(std::mem::take(body));
            }
            !done
        });
        let held: usize = self.lent.iter().map(Bytes::len).sum();
        if self.lent.len() >= BUDGET_BODIES && held >= self.budget {
            return None;
        }
        let reused = free.and_then(|body| body.try_into_mut().ok()).map(|mut body| {
            // Emptied first, or the conversion would move the old bytes.
            body.clear();
            Vec::from(body)
        });
        Some(reused.unwrap_or_else(|| Vec::with_capacity(self.last_len + self.last_len / 8)))
    }

    /// Turns a finished body into one that any number of readers can hold.
    pub(crate) fn share(&mut self, mut body: Vec<u8>) -> Bytes {
        // One exceptional exposition must not claim its memory for the life of the process.
        let room = body.len() + body.len() / 2 + SLACK_BYTES;
        if body.capacity() > room {
            body.shrink_to(room);
        }
        self.last_len = body.len();
        let body = Bytes::from(body);
        self.lent.push(body.clone());
        body
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(buffer: &mut BodyBuffer, bytes: usize) -> Bytes {
        let mut body = buffer.take().unwrap();
        assert!(body.is_empty());
        body.resize(bytes, b'x');
        buffer.share(body)
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
        assert!(buffer.take().unwrap().capacity() < 1000 + 2 * SLACK_BYTES);
    }

    #[test]
    fn readers_cannot_hold_more_than_the_budget() {
        let mut buffer = BodyBuffer { budget: 10_000, ..BodyBuffer::new() };
        let mut held: Vec<Bytes> = (0..10).map(|_| write(&mut buffer, 1000)).collect();
        assert!(buffer.take().is_none());
        held.pop();
        held.push(write(&mut buffer, 1000));
        assert!(buffer.take().is_none());
    }

    #[test]
    fn a_few_bodies_are_always_allowed() {
        let mut buffer = BodyBuffer { budget: 10_000, ..BodyBuffer::new() };
        let held: Vec<Bytes> = (0..BUDGET_BODIES).map(|_| write(&mut buffer, 1_000_000)).collect();
        assert!(buffer.take().is_none());
        drop(held);
        assert!(buffer.take().is_some());
    }
}
