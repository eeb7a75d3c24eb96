//! Text of others on a terminal, or in the log of a build: nothing in it can be taken for more than text.
//!
//! Terminals act on control characters, also those from U+0080 on, readers see the lines of a text with bidirectional
//! overrides in another order than it has, and the logs of some build services carry out lines that begin with `::`.

use std::borrow::Cow;

/// Returns whether a character shows as itself, wherever it stands.
fn is_printable(char: char) -> bool {
    // The escapes of the standard library are those of what is not printable, and of quotes and backslashes.
    matches!(char, '"' | '\'' | '\\') || char.escape_debug().count() == 1
}

/// Returns the text with escapes in the place of what does not show as itself.
pub(crate) fn printable(text: &str) -> Cow<'_, str> {
    let is_command = text.trim_start().starts_with("::");
    if !is_command && text.chars().all(is_printable) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    if is_command {
        shown.push('\'');
    }
    for char in text.chars() {
        if is_printable(char) { shown.push(char) } else { shown.extend(char.escape_debug()) }
    }
    if is_command {
        shown.push('\'');
    }
    Cow::Owned(shown)
}

/// Returns JSON with an escape for each character in it that is not ASCII: they stand in strings only.
pub(crate) fn ascii(json: &str) -> Cow<'_, str> {
    if json.bytes().all(|byte| byte.is_ascii() && byte != 0x7f) {
        return Cow::Borrowed(json);
    }
    let mut escaped = String::with_capacity(json.len() + 16);
    for char in json.chars() {
        if char.is_ascii() && char != '\u{7f}' {
            escaped.push(char);
        } else {
            for unit in char.encode_utf16(&mut [0; 2]) {
                escaped.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    Cow::Owned(escaped)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_printable_is_escaped() {
        for (text, expected) in [
            ("rows_total: \"a\\b\" of 3, it's \u{e9}\u{6f22}", "rows_total: \"a\\b\" of 3, it's \u{e9}\u{6f22}"),
            ("\u{1b}]0;x\u{7}", "\\u{1b}]0;x\\u{7}"),
            ("a\nb\r\t\0", "a\\nb\\r\\t\\0"),
            ("\u{9b}2J\u{202e}\u{feff}\u{2028}", "\\u{9b}2J\\u{202e}\\u{feff}\\u{2028}"),
            ("::error file=x::y", "'::error file=x::y'"),
            (" ::warning::y", "' ::warning::y'"),
            ("", ""),
        ] {
            assert_eq!(printable(text), expected);
        }
    }

    #[test]
    fn json_is_ascii_and_the_same() {
        let value = serde_json::json!({ "a\u{9b}": "\u{202e}\u{1f600}\u{7f}\n\"", "b": [1, "c"] });
        let text = value.to_string();
        let escaped = ascii(&text);
        assert!(escaped.bytes().all(|byte| (b' '..0x7f).contains(&byte)), "{escaped}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&escaped).unwrap(), value);
    }
}
