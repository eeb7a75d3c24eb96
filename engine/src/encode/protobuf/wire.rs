//! The protobuf wire format: minimal varints, written into the spare capacity of the output.
//!
//! Encoding: <https://protobuf.dev/programming-guides/encoding/>.
//!
//! Design: sizes are known before a message is written, so room is made once a message; blocks of a fixed size are
//! then stored whole, and what was too much of them is overwritten by the next.

use std::mem::MaybeUninit;

/// What a store of a whole block may write behind the message.
const BLOCK: usize = 16;

/// Returns the tag of a varint field.
pub(super) const fn varint_tag(field: u8) -> u8 {
    field << 3
}

/// Returns the tag of a double.
pub(super) const fn double_tag(field: u8) -> u8 {
    field << 3 | 1
}

/// Returns the tag of a string or a message.
pub(super) const fn bytes_tag(field: u8) -> u8 {
    field << 3 | 2
}

/// Returns how many bytes a varint has: one for each 7 bits begun.
#[inline(always)]
pub(super) const fn varint_len(value: u64) -> usize {
    // For 1 to 64 bits the same as dividing by 7 and rounding up, without a division.
    let bits = 64 - (value | 1).leading_zeros();
    ((bits * 9 + 64) / 64) as usize
}

/// Returns the bytes of a string or message field whose tag has one byte, with its tag and its length.
#[inline(always)]
pub(super) const fn field_len(len: usize) -> usize {
    1 + varint_len(len as u64) + len
}

/// Spreads a value below 2^56 over the low 7 bits of eight bytes, and marks all of its `len` bytes but the last as
/// continued.
#[inline(always)]
pub(super) const fn spread(value: u64, len: usize) -> u64 {
    let halves = value & 0x0000_0000_0fff_ffff | (value & 0x00ff_ffff_f000_0000) << 4;
    let quarters = halves & 0x0000_3fff_0000_3fff | (halves & 0x0fff_c000_0fff_c000) << 2;
    let bytes = quarters & 0x007f_007f_007f_007f | (quarters & 0x3f80_3f80_3f80_3f80) << 1;
    bytes | 0x8080_8080_8080_8080 & ((1 << (8 * (len as u32 - 1))) - 1)
}

/// Appends a varint to what is rendered once.
pub(super) fn push_varint(out: &mut Vec<u8>, mut value: u64) {
    while value > 0x7f {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Appends a string or message field to what is rendered once.
pub(super) fn push_field(out: &mut Vec<u8>, field: u8, bytes: &[u8]) {
    out.push(bytes_tag(field));
    push_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Appends what `write` writes, at most `room` bytes.
#[inline(always)]
#[allow(unsafe_code, reason = "writes into spare capacity")]
pub(super) fn append(out: &mut Vec<u8>, room: usize, write: impl FnOnce(&mut Cursor<'_>)) {
    out.reserve(room + BLOCK);
    let mut cursor = Cursor { spare: out.spare_capacity_mut(), at: 0 };
    write(&mut cursor);
    let written = cursor.at;
    assert!(written <= room, "a message is longer than the room made for it");
    // SAFETY: a cursor moves only past bytes of the spare capacity that it has written.
    unsafe { out.set_len(out.len() + written) };
}

/// A place in the spare capacity of the output; all bytes before it are written.
#[derive(Debug)]
pub(super) struct Cursor<'o> {
    spare: &'o mut [MaybeUninit<u8>],
    at: usize,
}

impl Cursor<'_> {
    /// Writes a block and moves past its first `len` bytes.
    ///
    /// # Panics
    /// If there is no room for the block, or it has fewer bytes.
    #[inline(always)]
    pub(super) fn put_start<const N: usize>(&mut self, block: [u8; N], len: usize) {
        assert!(len <= N, "only written bytes count");
        self.spare[self.at..][..N].write_copy_of_slice(&block);
        self.at += len;
    }

    /// Writes bytes whose number is known.
    #[inline(always)]
    pub(super) fn put<const N: usize>(&mut self, bytes: [u8; N]) {
        self.put_start(bytes, N);
    }

    /// Writes bytes; up to 32 of them without calling `memcpy`, whose call costs more than the copy of a label.
    #[inline(always)]
    pub(super) fn put_slice(&mut self, bytes: &[u8]) {
        let target = &mut self.spare[self.at..][..bytes.len()];
        match bytes.len() {
            0 => {}
            1 => copy_ends::<1>(bytes, target),
            2..4 => copy_ends::<2>(bytes, target),
            4..8 => copy_ends::<4>(bytes, target),
            8..16 => copy_ends::<8>(bytes, target),
            16..=32 => copy_ends::<16>(bytes, target),
            _ => _ = target.write_copy_of_slice(bytes),
        }
        self.at += bytes.len();
    }

    /// Writes a varint.
    #[inline(always)]
    pub(super) fn put_varint(&mut self, value: u64) {
        if value < 0x80 {
            self.put([value as u8]);
        } else if value < 1 << 56 {
            let len = varint_len(value);
            self.put_start(spread(value, len).to_le_bytes(), len);
        } else {
            let (bytes, len) = long_varint(value);
            self.put_start(bytes, len);
        }
    }

    /// Has `write` go on from here with a cursor of its own: what a function that is not inlined is given lies in
    /// memory, and this cursor stays in registers.
    #[inline(always)]
    pub(super) fn aside(&mut self, write: impl FnOnce(&mut Cursor<'_>)) {
        let mut cursor = Cursor { spare: &mut *self.spare, at: self.at };
        write(&mut cursor);
        self.at = cursor.at;
    }
}

/// Returns a varint of nine or ten bytes, and how many there are.
#[cold]
#[inline(never)]
fn long_varint(mut value: u64) -> ([u8; 10], usize) {
    let (mut bytes, len) = ([0; 10], varint_len(value));
    for byte in &mut bytes[..len] {
        *byte = value as u8 | 0x80;
        value >>= 7;
    }
    bytes[len - 1] &= 0x7f;
    (bytes, len)
}

/// Writes the first and the last `N` of at least `N` and at most `2 * N` bytes into as many.
#[inline(always)]
fn copy_ends<const N: usize>(bytes: &[u8], target: &mut [MaybeUninit<u8>]) {
    debug_assert!((N..=2 * N).contains(&bytes.len()));
    let end = bytes.len() - N;
    target[..N].write_copy_of_slice(&bytes[..N]);
    target[end..].write_copy_of_slice(&bytes[end..]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn appended(room: usize, write: impl FnOnce(&mut Cursor<'_>)) -> Vec<u8> {
        let mut out = b"before".to_vec();
        append(&mut out, room, write);
        assert_eq!(&out[..6], b"before");
        out.split_off(6)
    }

    fn assert_varint(value: u64) {
        let mut expected = Vec::new();
        push_varint(&mut expected, value);
        assert_eq!(appended(10, |cursor| cursor.put_varint(value)), expected, "{value}");
        assert_eq!(varint_len(value), expected.len(), "{value}");
    }

    #[test]
    fn varints_at_every_border() {
        assert_eq!(appended(2, |cursor| cursor.put_varint(300)), [0xac, 0x02]);
        assert_varint(0);
        assert_varint(u64::MAX);
        for bits in 0..64 {
            for value in [(1 << bits) - 1, 1 << bits, (1 << bits) + 1] {
                assert_varint(value);
            }
        }
    }

    #[test]
    fn copies_of_every_length() {
        let bytes: Vec<u8> = (0..100).collect();
        for len in 0..bytes.len() {
            assert_eq!(appended(len, |cursor| cursor.put_slice(&bytes[..len])), bytes[..len]);
        }
    }

    #[test]
    fn what_is_too_much_of_a_block_is_overwritten() {
        let written = appended(3, |cursor| {
            cursor.put_start(*b"abcdefgh", 2);
            cursor.put(*b"x");
        });
        assert_eq!(written, b"abx");
    }

    #[test]
    #[should_panic(expected = "only written bytes")]
    fn unwritten_bytes_do_not_count() {
        appended(100, |cursor| cursor.put_start([0], 2));
    }

    #[test]
    #[should_panic(expected = "longer than the room")]
    fn a_wrong_size_panics() {
        appended(2, |cursor| cursor.put(*b"abc"));
    }

    #[test]
    #[should_panic(expected = "out of range")]
    fn the_end_of_the_memory_is_checked() {
        appended(1, |cursor| (0..100_000).for_each(|_| cursor.put([0])));
    }

    proptest! {
        #[test]
        fn varints(value in any::<u64>(), shift in 0..64) {
            assert_varint(value >> shift);
        }
    }
}
