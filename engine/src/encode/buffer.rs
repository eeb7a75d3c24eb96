//! A cursor over the spare capacity of the output.
//!
//! Design: room is checked once a line, by `Line::new`; the pieces are then copied without a check
//! each. A wrong size would panic in `put`, in debug builds as in release builds: whether the size
//! was computed right is kept apart from whether memory is safe.

/// One line being appended to the output.
#[derive(Debug)]
pub(crate) struct Line<'o> {
    out: &'o mut Vec<u8>,
    /// Bytes of `out` that are written: its length, kept in a register until the line ends.
    len: usize,
    /// Bytes that `new` made room for.
    end: usize,
}

#[allow(unsafe_code, reason = "copies into spare capacity whose size was checked once a line")]
impl<'o> Line<'o> {
    /// Begins a line of at most `room` bytes.
    #[inline(always)]
    pub(crate) fn new(out: &'o mut Vec<u8>, room: usize) -> Self {
        let len = out.len();
        if out.capacity() - len < room {
            grow(out, room);
        }
        Self { out, len, end: len + room }
    }

    /// Appends bytes.
    ///
    /// # Panics
    /// If the line becomes longer than it was said to be.
    #[inline(always)]
    pub(crate) fn put(&mut self, bytes: &[u8]) {
        assert!(bytes.len() <= self.end - self.len, "a line is longer than the room made for it");
        // SAFETY: `len` is at most `end`, which lies within the capacity.
        let target = unsafe { self.out.as_mut_ptr().add(self.len) };
        // SAFETY: the assertion leaves room for all bytes; `bytes` cannot lie in the spare capacity of a
        // vector that is borrowed mutably.
        unsafe { copy(bytes, target) };
        self.len += bytes.len();
    }

    /// Appends what this line's predecessors have from `start` on, `len` bytes: the head that several lines
    /// of one series share, in one copy.
    ///
    /// # Panics
    /// If the line becomes longer than it was said to be, or the bytes are not written yet.
    #[inline(always)]
    pub(crate) fn repeat(&mut self, start: usize, len: usize) {
        assert!(len <= self.end - self.len, "a line is longer than the room made for it");
        assert!(start + len <= self.len, "only written bytes can be repeated");
        let base = self.out.as_mut_ptr();
        // SAFETY: below `len`, so within the capacity and written.
        let source = unsafe { base.add(start) };
        // SAFETY: `len` is at most `end`, which lies within the capacity.
        let target = unsafe { base.add(self.len) };
        // SAFETY: the source ends at or before the target begins, and the target has room.
        unsafe { std::ptr::copy_nonoverlapping(source, target, len) };
        self.len += len;
    }

    /// Returns the offset at which the next byte will stand.
    pub(crate) fn position(&self) -> usize {
        self.len
    }

    /// Appends a line feed and goes on with the next line in the same room.
    #[inline(always)]
    pub(crate) fn next_line(&mut self) {
        self.put(b"\n");
    }

    /// Ends the line with a line feed.
    #[inline(always)]
    pub(crate) fn end(mut self) {
        self.put(b"\n");
        // SAFETY: everything up to `len` was written, and it lies within the capacity.
        unsafe { self.out.set_len(self.len) };
    }
}

/// Copies bytes; up to 256 of them without calling `memcpy`, whose call costs more than the copy of a
/// number, a bound or a label set. The last block overlaps with the one before.
///
/// # Safety
/// `target` is valid for writes of as many bytes, none of which lie in `bytes`.
#[inline(always)]
#[allow(unsafe_code, reason = "see Line::put")]
unsafe fn copy(bytes: &[u8], target: *mut u8) {
    match bytes.len() {
        0 => {}
        // SAFETY: the caller's promise, here and below.
        1 => unsafe { copy_ends::<1>(bytes, target) },
        // SAFETY: as above.
        2..4 => unsafe { copy_ends::<2>(bytes, target) },
        // SAFETY: as above.
        4..8 => unsafe { copy_ends::<4>(bytes, target) },
        // SAFETY: as above.
        8..16 => unsafe { copy_ends::<8>(bytes, target) },
        16..=256 => {
            for (index, block) in bytes.chunks_exact(16).enumerate() {
                // SAFETY: as above; the block lies within the bytes.
                let target = unsafe { target.add(16 * index) };
                // SAFETY: as above.
                unsafe { copy_ends::<16>(block, target) };
            }
            if let Some(last) = bytes.last_chunk::<16>() {
                // SAFETY: as above; the last 16 bytes.
                let target = unsafe { target.add(bytes.len() - 16) };
                // SAFETY: as above.
                unsafe { copy_ends::<16>(last, target) };
            }
        }
        // SAFETY: as above.
        len => unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), target, len) },
    }
}

/// Copies the first and the last `N` of at least `N` and at most `2 * N` bytes.
///
/// # Safety
/// As for [`copy`]; `bytes` are at least `N`.
#[inline(always)]
#[allow(unsafe_code, reason = "see Line::put")]
unsafe fn copy_ends<const N: usize>(bytes: &[u8], target: *mut u8) {
    let (Some(first), Some(last)) = (bytes.first_chunk::<N>(), bytes.last_chunk::<N>()) else { return };
    // SAFETY: at least N bytes may be written at the target.
    unsafe { target.cast::<[u8; N]>().write_unaligned(*first) };
    // SAFETY: the last N of the bytes that may be written.
    let end = unsafe { target.add(bytes.len() - N) };
    // SAFETY: as above.
    unsafe { end.cast::<[u8; N]>().write_unaligned(*last) };
}

#[cold]
#[inline(never)]
fn grow(out: &mut Vec<u8>, room: usize) {
    out.reserve(room);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_of_every_length() {
        let bytes: Vec<u8> = (0..400).map(|byte| byte as u8).collect();
        for len in 0..bytes.len() {
            let mut out = Vec::new();
            let mut line = Line::new(&mut out, len + 1);
            line.put(&bytes[..len]);
            line.end();
            assert_eq!(out, [&bytes[..len], b"\n"].concat());
        }
    }

    #[test]
    fn heads_repeat() {
        let mut out = b"#\n".to_vec();
        let mut line = Line::new(&mut out, 16);
        let start = line.position();
        line.put(b"a{");
        line.put(b"1");
        line.next_line();
        line.repeat(start, 2);
        line.put(b"2");
        line.end();
        assert_eq!(out, b"#\na{1\na{2\n");
    }

    #[test]
    #[should_panic(expected = "only written bytes")]
    fn unwritten_bytes_do_not_repeat() {
        let mut out = Vec::with_capacity(64);
        Line::new(&mut out, 8).repeat(0, 2);
    }

    #[test]
    fn lines_append() {
        let mut out = b"# before\n".to_vec();
        let mut line = Line::new(&mut out, 8);
        line.put(b"a 1");
        line.end();
        assert_eq!(out, b"# before\na 1\n");
    }

    #[test]
    #[should_panic(expected = "longer than the room")]
    fn a_wrong_size_panics() {
        let mut out = Vec::with_capacity(64);
        Line::new(&mut out, 2).put(b"abc");
    }

    #[test]
    fn a_line_that_is_not_ended_leaves_nothing() {
        let mut out = b"x".to_vec();
        Line::new(&mut out, 8).put(b"abc");
        assert_eq!(out, b"x");
    }
}
