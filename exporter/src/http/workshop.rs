//! The memory and the tools of the render thread: from what is wanted to the bytes that are sent.

use std::thread;
use std::time::Instant;

use super::buffer::{self, BodyBuffer};
use super::coding::Coding;
use super::compress::{Compressor, Gzip, WORTHWHILE_BYTES};
use super::limits::{BODY_PATIENCE, MEMORY_POLL, MEMORY_TIMEOUT};
use super::pressure::Pressure;
use super::render::{Render, Rendered, Wanted};

/// Makes bodies, one at a time.
pub(crate) struct Workshop {
    pressure: Pressure,
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
    /// Readers hold all the memory, and do not let go.
    NoMemory,
    /// The same, and it is for others to wait for that.
    Postponed,
}

impl Workshop {
    /// Starts with no memory at all. Where it is short, `pressure` is told.
    pub(crate) fn new(pressure: Pressure) -> Workshop {
        Workshop { pressure, buffer: BodyBuffer::new(), plain: Vec::new(), compressor: None, lengths: [0; 2] }
    }

    /// Renders and compresses what is wanted. Where there is no memory for it, it waits for as long as it has not to give
    /// way.
    pub(crate) fn make(&mut self, source: &mut dyn Render, wanted: &Wanted, gives_way: &dyn Fn() -> bool) -> Made {
        let compress = wanted.coding != Coding::Identity;
        // Before the work: without memory for its result it would be in vain.
        let mut body = match self.find_memory(self.lengths[usize::from(compress)], gives_way) {
            Ok(body) => body,
            Err(unmade) => return unmade,
        };
        let compressed = compress && self.make_compressed(source, wanted, &mut body);
        if !compress {
            source.render(wanted.exposition, &wanted.filter, &mut body);
        }
        self.lengths[usize::from(compress)] = body.len();
        let content_type = wanted.exposition.content_type();
        let (number, body) = self.buffer.share(body);
        Made::Body(Rendered { content_type, compressed, body, number })
    }

    /// Renders beside the body, and compresses into it unless the result is too small; says whether it did.
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

    /// Takes memory for a body. If there is none, the readers have to let go of the bodies that they hold for longest.
    fn find_memory(&mut self, expected: usize, gives_way: &dyn Fn() -> bool) -> Result<Vec<u8>, Made> {
        let start = Instant::now();
        loop {
            if let Some(body) = self.buffer.take(expected) {
                return Ok(body);
            }
            if let Some(number) = self.buffer.oldest(BODY_PATIENCE) {
                self.pressure.call_back(number);
            }
            if start.elapsed() > MEMORY_TIMEOUT {
                return Err(Made::NoMemory);
            }
            if gives_way() {
                return Err(Made::Postponed);
            }
            thread::sleep(MEMORY_POLL);
        }
    }
}

#[cfg(test)]
#[path = "workshop_tests.rs"]
mod tests;
