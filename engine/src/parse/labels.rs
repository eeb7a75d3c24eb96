//! The labels of a sample, read when asked for.

use super::cursor::unescape;
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

    /// Gives the value of a label; `None` where it is not there.
    #[must_use]
    pub fn get(self, name: &str) -> Option<Cow<'a, str>> {
        { self }.find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// Takes a name or a value, with its quotes if it has some. Tells whether it had.
    fn piece(&mut self) -> (Cow<'a, str>, bool) {
        let text = self.text;
        let Some(inside) = text.strip_prefix('"') else {
            let end = text.find(['=', ' ', '\t', ',']).unwrap_or(text.len());
            self.text = &text[end..];
            return (Cow::Borrowed(&text[..end]), false);
        };
        let bytes = inside.as_bytes();
        let (mut end, mut escaped) = (0, false);
        while let Some(byte) = bytes.get(end).filter(|byte| **byte != b'"') {
            escaped |= *byte == b'\\';
            end += if *byte == b'\\' { 2 } else { 1 };
        }
        // The parser let only strings pass that are closed.
        let end = end.min(bytes.len());
        let piece = &inside[..end];
        self.text = inside.get(end + 1..).unwrap_or_default();
        (if escaped { unescape(piece) } else { Cow::Borrowed(piece) }, true)
    }
}

impl<'a> Iterator for Labels<'a> {
    type Item = (Cow<'a, str>, Cow<'a, str>);

    fn next(&mut self) -> Option<Self::Item> {
        while self.left > 0 && !self.text.is_empty() {
            self.text = self.text.trim_start_matches([' ', '\t', ',']);
            let (name, _) = self.piece();
            self.text = self.text.trim_start_matches([' ', '\t']);
            // What no `=` follows is the metric's name.
            let Some(rest) = self.text.strip_prefix('=') else { continue };
            self.text = rest.trim_start_matches([' ', '\t']);
            let (value, _) = self.piece();
            self.left -= 1;
            return Some((name, value));
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
