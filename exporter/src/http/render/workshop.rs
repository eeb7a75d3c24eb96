//! The memory and the tools of the render thread: from what is wanted to the bytes that are sent.

use std::thread;
use std::time::Instant;

use super::buffer::{self, BodyBuffer};
use super::coding::Coding;
use super::compress::{Compressor, Gzip, WORTHWHILE_BYTES};
use super::wanted::{Render, Rendered, Wanted};
use crate::http::limits::{BODY_PATIENCE, MEMORY_POLL};

/// Makes bodies, one at a time.
pub(crate) struct Workshop {
    buffer: BodyBuffer,
    /// What is to be compressed. Empty until the first client that asks for it.
    plain: Vec<u8>,
    /// Made for that client too: its tables are larger than most bodies.
    compressor: Option<Box<dyn Compressor>>,
    /// The lengths of the last bodies, as they are and compressed: the next ones need about as much room.
    lengths: [usize; 2],
}

/// What became of what was wanted.
#[derive(Debug)]
pub(crate) enum Made {
    Body(Rendered),
    /// Readers hold all the memory, and it is for others to wait for it.
    Postponed,
}

impl Workshop {
    /// Starts with no memory at all.
    pub(crate) fn new() -> Workshop {
        Workshop { buffer: BodyBuffer::new(), plain: Vec::new(), compressor: None, lengths: [0; 2] }
    }

    /// Renders and compresses what is wanted. Where there is no memory for it, it waits for as long as it has not to give
    /// way.
    pub(crate) fn make(&mut self, source: &mut dyn Render, wanted: &Wanted, gives_way: &dyn Fn() -> bool) -> Made {
        let compress = wanted.coding.compresses();
        // Before the work: without memory for its result it would be in vain.
        let Some(mut body) = self.find_memory(self.lengths[usize::from(compress)], gives_way) else {
            return Made::Postponed;
        };
        let compressed = compress && self.make_compressed(source, wanted, &mut body);
        if !compress {
            source.render(wanted.exposition, &wanted.filter, &mut body);
        }
        self.lengths[usize::from(compress)] = body.len();
        let content_type = wanted.exposition.content_type();
        Made::Body(Rendered { content_type, compressed, loan: self.buffer.lend(body) })
    }

    /// Renders beside the body, and compresses into it unless the result is too small; returns whether it did.
    fn make_compressed(&mut self, source: &mut dyn Render, wanted: &Wanted, body: &mut Vec<u8>) -> bool {
        self.plain.clear();
        source.render(wanted.exposition, &wanted.filter, &mut self.plain);
        let compress = wanted.coding == Coding::GzipOnly || self.plain.len() >= WORTHWHILE_BYTES;
        if compress {
            self.compressor.get_or_insert_with(|| Box::new(Gzip::new())).compress(&self.plain, body);
        } else {
            body.extend_from_slice(&self.plain);
        }
        buffer::trim(&mut self.plain);
        compress
    }

    /// Takes memory for a body. Where there is none the readers that are slow have to let go of it, and after a while those
    /// of the oldest body.
    fn find_memory(&mut self, expected: usize, gives_way: &dyn Fn() -> bool) -> Option<Vec<u8>> {
        let start = Instant::now();
        loop {
            if let Some(body) = self.buffer.take(expected) {
                return Some(body);
            }
            if gives_way() {
                return None;
            }
            self.buffer.call_back(BODY_PATIENCE, start.elapsed() >= BODY_PATIENCE);
            thread::sleep(MEMORY_POLL);
        }
    }
}

#[cfg(test)]
#[path = "workshop_tests.rs"]
mod tests;
