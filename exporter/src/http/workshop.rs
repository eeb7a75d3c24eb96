//! The memory and the tools of the render thread: from what is wanted to the bytes that are sent.

use std::thread;
use std::time::Instant;

use super::buffer::{self, BodyBuffer};
use super::coding::Coding;
use super::compress::{Compressor, Gzip, WORTHWHILE_BYTES};
use super::limits::{MEMORY_POLL, MEMORY_TIMEOUT};
use super::pressure::Pressure;
use super::render::{Render, RenderError, Rendered, Wanted};

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

impl Workshop {
    /// Starts with no memory at all. What is short of it is said to `pressure`.
    pub(crate) fn new(pressure: Pressure) -> Workshop {
        Workshop { pressure, buffer: BodyBuffer::new(), plain: Vec::new(), compressor: None, lengths: [0; 2] }
    }

    /// Renders and compresses what is wanted.
    pub(crate) fn make(&mut self, source: &mut dyn Render, wanted: &Wanted) -> Result<Rendered, RenderError> {
        let compress = wanted.coding != Coding::Identity;
        // Before the work: without memory for its result it would be in vain.
        let mut body = self.find_memory(self.lengths[usize::from(compress)]).ok_or(RenderError::NoMemory)?;
        let compressed = compress && self.make_compressed(source, wanted, &mut body);
        if !compress {
            source.render(wanted.exposition, &wanted.filter, &mut body);
        }
        self.lengths[usize::from(compress)] = body.len();
        let content_type = wanted.exposition.content_type();
        Ok(Rendered { content_type, compressed, body: self.buffer.share(body) })
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

    /// Takes memory for a body, and if there is none has the readers cut off that do not read.
    fn find_memory(&mut self, expected: usize) -> Option<Vec<u8>> {
        let start = Instant::now();
        loop {
            let body = self.buffer.take(expected);
            self.pressure.set(body.is_none());
            if body.is_some() || start.elapsed() > MEMORY_TIMEOUT {
                return body;
            }
            thread::sleep(MEMORY_POLL);
        }
    }
}

#[cfg(test)]
#[path = "workshop_tests.rs"]
mod tests;
