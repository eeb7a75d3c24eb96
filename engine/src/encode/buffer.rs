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
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), target, bytes.len()) };
        self.len += bytes.len();
    }

    /// Ends the line with a line feed.
    #[inline(always)]
    pub(crate) fn end(mut self) {
        self.put(b"\n");
        // SAFETY: everything up to `len` was written, and it lies within the capacity.
        unsafe { self.out.set_len(self.len) };
    }
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
