//! Compression of a whole body, on the render thread.

use std::fmt;

use flate2::{Compress, Compression, FlushCompress, Status};

/// How hard gzip tries.
///
/// The least that finds most: level 1 leaves a third more bytes, and from 3 on each level costs more than it saves.
/// By `cargo run --release -p streamgauge-exporter --example gzip_levels`, the shortest of 15 runs:
///
/// | level | 847,719 bytes: 10,000 counters | 40,908 bytes: the `cdc` demo |
/// |---|---|---|
/// | 1 | 120,373 bytes, 850 us | 5,770 bytes, 31 us |
/// | 2 | 82,564 bytes, 1,410 us | 4,825 bytes, 53 us |
/// | 3 | 78,688 bytes, 2,260 us | 4,513 bytes, 88 us |
/// | 4 | 78,157 bytes, 2,800 us | 4,379 bytes, 103 us |
/// | 5 | 76,758 bytes, 3,340 us | 4,164 bytes, 119 us |
/// | 6 | 76,015 bytes, 6,490 us | 4,158 bytes, 172 us |
const LEVEL: u32 = 2;

/// The window and so the reach of a match: 32 KiB, the largest there is.
const WINDOW_BITS: u8 = 15;

/// Bodies below it are sent as they are: one packet either way, and the reader is spared the work.
pub(crate) const WORTHWHILE_BYTES: usize = 1400;

/// Compresses bodies, one after the other.
pub(crate) trait Compressor: Send {
    /// Appends `plain`, compressed, to `packed`.
    fn compress(&mut self, plain: &[u8], packed: &mut Vec<u8>);
}

/// gzip, RFC 1952. Its tables, some hundred KiB, are made once and used for every body.
pub(crate) struct Gzip {
    deflate: Compress,
}

impl Gzip {
    pub(crate) fn new() -> Gzip {
        Gzip { deflate: Compress::new_gzip(Compression::new(LEVEL), WINDOW_BITS) }
    }
}

impl Compressor for Gzip {
    fn compress(&mut self, plain: &[u8], packed: &mut Vec<u8>) {
        // Before rather than after: a panic may have left another body in the middle.
        self.deflate.reset();
        loop {
            // A count of what one slice holds fits.
            let rest = &plain[self.deflate.total_in() as usize..];
            // The room that is there is that of the last body. Without any: expositions shrink to a tenth.
            if packed.len() == packed.capacity() {
                packed.reserve((rest.len() / 8).max(1024));
            }
            let status = self.deflate.compress_vec(rest, packed, FlushCompress::Finish);
            match status.expect("a stream that was reset and is only ever finished is in order") {
                Status::StreamEnd => return,
                Status::Ok | Status::BufError => {}
            }
        }
    }
}

impl fmt::Debug for Gzip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gzip").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use flate2::read::GzDecoder;

    use super::*;

    fn unpack(packed: &[u8]) -> Vec<u8> {
        let mut plain = Vec::new();
        let mut decoder = GzDecoder::new(packed);
        decoder.read_to_end(&mut plain).unwrap();
        // Nothing stands behind the one member.
        assert!(decoder.into_inner().is_empty());
        plain
    }

    /// Bytes without a pattern, which do not shrink.
    fn noise(length: usize) -> Vec<u8> {
        let mut state = 42_u64;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 56) as u8
        };
        (0..length).map(|_| next()).collect()
    }

    #[test]
    fn what_goes_in_comes_out() {
        let mut gzip = Gzip::new();
        let text = "events_total{table=\"orders\"} 42\n".repeat(50_000).into_bytes();
        let bodies: [&[u8]; 6] = [b"", b"x", &text, &noise(3_000_000), &[0; 10_000_000], &text[..65_536]];
        for plain in bodies {
            let mut packed = b"before".to_vec();
            gzip.compress(plain, &mut packed);
            assert!(unpack(packed.strip_prefix(b"before").unwrap()) == plain, "{} bytes", plain.len());
        }
        let mut packed = Vec::new();
        gzip.compress(&text, &mut packed);
        assert!(packed.len() * 20 < text.len(), "{} of {} bytes", packed.len(), text.len());
    }

    #[test]
    fn the_same_body_gives_the_same_bytes() {
        let mut gzip = Gzip::new();
        let [mut first, mut second] = [Vec::new(), Vec::new()];
        gzip.compress(b"events_total 1\n", &mut first);
        gzip.compress(&noise(100_000), &mut Vec::new());
        gzip.compress(b"events_total 1\n", &mut second);
        assert_eq!(first, second);
    }

    #[test]
    fn memory_that_is_there_is_used() {
        let mut gzip = Gzip::new();
        let mut packed = Vec::with_capacity(1 << 20);
        let address = packed.as_ptr();
        gzip.compress(&b"events_total 1\n".repeat(10_000), &mut packed);
        assert_eq!((packed.as_ptr(), packed.capacity()), (address, 1 << 20));
    }
}
