//! The labels of a sample, read when asked for.

use super::strings::{string_byte, unescape};
use std::borrow::Cow;
use std::fmt;

/// The labels of a sample or an exemplar: an iterator over names and values, in the order of the body.
///
/// The parser has checked the text between the braces and remembers only where it is; the labels are taken apart
/// when they are iterated. What has no escapes is borrowed from the body.
///
/// ```
/// use std::borrow::Cow;
/// use streamgauge::parse::{Event, Parser};
///
/// let body = b"a{x=\"1\",y=\"two\\nlines\"} 3\n";
/// let Some(Ok(Event::Sample(sample))) = Parser::text(body).next() else { panic!("a sample") };
/// let labels: Vec<_> = sample.labels().collect();
/// assert_eq!(labels, [("x".into(), "1".into()), ("y".into(), Cow::<str>::Owned("two\nlines".into()))]);
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Labels<'a> {
    /// What is between the braces, the metric's name in quotes included.
    text: &'a str,
    left: usize,
}

impl<'a> Labels<'a> {
    pub(super) fn new(text: &'a str, count: usize) -> Self {
        Self { text, left: count }
    }

    /// Returns the value of a label; `None` where it is not there.
    #[must_use]
    pub fn get(self, name: &str) -> Option<Cow<'a, str>> {
        { self }.find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// Steps over what stands between names and values.
    #[inline]
    fn skip(&mut self, bytes: &[u8]) {
        let text = self.text.as_bytes();
        let len = text.iter().position(|byte| !bytes.contains(byte)).unwrap_or(text.len());
        self.text = &self.text[len..];
    }

    /// Takes a name or a value that is in quotes.
    #[inline]
    fn quoted(&mut self) -> Cow<'a, str> {
        let bytes = self.text.as_bytes();
        let (mut end, mut escaped) = (string_byte(bytes, 1), false);
        while bytes.get(end) == Some(&b'\\') {
            escaped = true;
            end = string_byte(bytes, end + 2);
        }
        // The parser let only strings pass that are closed.
        let (piece, rest) = (&self.text[1..end], &self.text[end + 1..]);
        self.text = rest;
        if escaped { unescape(piece) } else { Cow::Borrowed(piece) }
    }

    /// Takes a name without quotes.
    #[inline]
    fn bare(&mut self) -> Cow<'a, str> {
        let bytes = self.text.as_bytes();
        let end = bytes.iter().position(|byte| matches!(byte, b'=' | b' ' | b'\t')).unwrap_or(bytes.len());
        let (name, rest) = self.text.split_at(end);
        self.text = rest;
        Cow::Borrowed(name)
    }
}

impl<'a> Iterator for Labels<'a> {
    type Item = (Cow<'a, str>, Cow<'a, str>);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        while self.left > 0 {
            self.skip(b" \t,");
            let name = if self.text.starts_with('"') { self.quoted() } else { self.bare() };
            self.skip(b" \t");
            // What no `=` follows is the metric's name.
            let Some(rest) = self.text.strip_prefix('=') else { continue };
            self.text = rest;
            self.skip(b" \t");
            self.left -= 1;
            return Some((name, self.quoted()));
        }
        None
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for Labels<'_> {}

impl fmt::Debug for Labels<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(*self).finish()
    }
}
