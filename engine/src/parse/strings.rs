//! The inside of strings: where it ends, and what its escapes stand for.

use std::borrow::Cow;

/// Finds the first quote or backslash from a place on; the end, or beyond, where there is none. Values of labels have a
/// few dozen bytes: eight at a time are compared within the loop, where a call would cost more than it saves.
#[inline]
pub(super) fn string_byte(bytes: &[u8], from: usize) -> usize {
    const ONES: u64 = u64::MAX / 255;
    // Sets the top bit of each byte that is zero; above the first one also others, which do not matter.
    let zeroes = |word: u64| word.wrapping_sub(ONES) & !word & (ONES << 7);
    let mut at = from;
    while let Some(word) = bytes.get(at..at + 8) {
        let word = u64::from_le_bytes(word.try_into().expect("eight bytes"));
        let found = zeroes(word ^ (ONES * u64::from(b'"'))) | zeroes(word ^ (ONES * u64::from(b'\\')));
        if found != 0 {
            return at + found.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    while bytes.get(at).is_some_and(|byte| !matches!(byte, b'"' | b'\\')) {
        at += 1;
    }
    at
}

/// Replaces the escapes; a backslash before anything else stays, as OpenMetrics has it.
pub(super) fn unescape(text: &str) -> Cow<'_, str> {
    let Some(first) = text.find('\\') else { return Cow::Borrowed(text) };
    let mut plain = String::with_capacity(text.len());
    plain.push_str(&text[..first]);
    let mut rest = text[first..].chars();
    while let Some(char) = rest.next() {
        let known = if char == '\\' { rest.clone().next() } else { None };
        match known {
            Some('n') => plain.push('\n'),
            Some(char @ ('\\' | '"')) => plain.push(char),
            _ => {
                plain.push(char);
                continue;
            }
        }
        rest.next();
    }
    Cow::Owned(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_and_backslashes_are_found() {
        // Bytes that differ from the two in one bit, and what carries could hit.
        let other = [0, 1, b' ', b'#', b'!', b'[', b']', b'\\' | 0x80, b'"' | 0x80, 0xff, 0x80];
        for len in 0..40 {
            for byte in [b'"', b'\\'] {
                let mut text: Vec<u8> = (0..len).map(|place| other[place % other.len()]).collect();
                text.extend([byte, b'"', b'\\', b'x', b'x', b'x', b'x', b'x', b'x']);
                for from in 0..=len {
                    assert_eq!(string_byte(&text, from), len);
                    assert_eq!(string_byte(&text[..len], from), len);
                }
            }
        }
        assert!(string_byte(b"ab", 3) >= 2);
    }

    #[test]
    fn escapes_are_replaced() {
        for (escaped, plain) in [
            ("", ""),
            ("plain", "plain"),
            (r"a\nb", "a\nb"),
            (r"\\n", r"\n"),
            (r#"\"\\\""#, r#""\""#),
            (r"\z\é\", r"\z\é\"),
        ] {
            assert_eq!(unescape(escaped), plain);
        }
        assert!(matches!(unescape("plain"), Cow::Borrowed(_)));
    }
}
