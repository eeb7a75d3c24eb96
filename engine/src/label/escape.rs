//! Escaping of label values, as all text formats write them: `\` -> `\\`, `"` -> `\"`, LF -> `\n`.

use std::borrow::Cow;

/// Returns whether a value is written differently from what it is.
pub(crate) fn needs_escape(value: &str) -> bool {
    // All bytes, without leaving early: that is what the compiler makes vector instructions of.
    value.bytes().fold(false, |found, byte| found | matches!(byte, b'\\' | b'"' | b'\n'))
}

/// Appends the escaped value. Injective: two values never give the same text.
pub(crate) fn escape_into(value: &str, out: &mut Vec<u8>) {
    for byte in value.bytes() {
        match byte {
            b'\\' => out.extend_from_slice(br"\\"),
            b'"' => out.extend_from_slice(br#"\""#),
            b'\n' => out.extend_from_slice(br"\n"),
            _ => out.push(byte),
        }
    }
}

/// Returns the value of an escaped text; the inverse of [`escape_into`].
pub(crate) fn unescape(text: &str) -> Cow<'_, str> {
    if !text.contains('\\') {
        return Cow::Borrowed(text);
    }
    let mut value = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(char) = chars.next() {
        match char {
            '\\' => match chars.next() {
                Some('n') => value.push('\n'),
                Some(other) => value.push(other),
                None => value.push('\\'),
            },
            _ => value.push(char),
        }
    }
    Cow::Owned(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn escape(value: &str) -> String {
        let mut out = Vec::new();
        escape_into(value, &mut out);
        String::from_utf8(out).unwrap_or_default()
    }

    #[test]
    fn one_backslash_and_two_stay_apart() {
        assert_eq!(escape(r"a\b"), r"a\\b");
        assert_eq!(escape(r"a\\b"), r"a\\\\b");
        assert_eq!(escape("a\"b\nc"), r#"a\"b\nc"#);
        assert_eq!(escape("} 1\nevil 1"), r"} 1\nevil 1");
    }

    proptest! {
        #[test]
        fn round_trip(value in "[\\\\\"\nabn€]{0,12}") {
            let text = escape(&value);
            prop_assert_eq!(unescape(&text), value.as_str());
            prop_assert_eq!(needs_escape(&value), text != value);
        }

        #[test]
        fn injective(a in "[\\\\\"\nn]{0,6}", b in "[\\\\\"\nn]{0,6}") {
            prop_assert_eq!(a == b, escape(&a) == escape(&b));
        }
    }
}
