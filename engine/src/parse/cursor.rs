//! A place in a line, and the tokens both formats are made of.

use super::error::shown;
use super::number::NotANumber;
use super::strings::{string_byte, unescape};
use super::{Error, ErrorKind, Limits, Syntax};
use std::borrow::Cow;

/// May begin a metric name; may begin a label name; may go on in a metric name; in a label name.
const METRIC_START: u8 = 1;
const LABEL_START: u8 = 2;
const METRIC: u8 = 4;
const LABEL: u8 = 8;

/// What a byte may be in names of the classic syntax.
static CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        classes[byte] = match byte as u8 {
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => METRIC_START | LABEL_START | METRIC | LABEL,
            b'0'..=b'9' => METRIC | LABEL,
            b':' => METRIC_START | METRIC,
            _ => 0,
        };
        byte += 1;
    }
    classes
};

/// What a name is the name of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NameOf {
    Metric,
    Label,
}

impl NameOf {
    fn classes(self) -> (u8, u8) {
        match self {
            Self::Metric => (METRIC_START, METRIC),
            Self::Label => (LABEL_START, LABEL),
        }
    }

    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Metric => "a metric name",
            Self::Label => "a label name",
        }
    }

    /// Returns whether the name is of the classic syntax.
    pub(super) fn is_classic(self, name: &str) -> bool {
        let (start, rest) = self.classes();
        let mut bytes = name.bytes();
        bytes.next().is_some_and(|byte| CLASSES[usize::from(byte)] & start != 0)
            && bytes.all(|byte| CLASSES[usize::from(byte)] & rest != 0)
    }
}

/// The inside of a string or a name, which may have escapes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece<'a> {
    pub(super) text: &'a str,
    /// Where it begins in the line.
    pub(super) at: usize,
    pub(super) escaped: bool,
}

impl<'a> Piece<'a> {
    pub(super) fn unescaped(&self) -> Cow<'a, str> {
        if self.escaped { unescape(self.text) } else { Cow::Borrowed(self.text) }
    }
}

/// A place in a line.
#[derive(Debug)]
pub(super) struct Cursor<'a> {
    pub(super) line: &'a str,
    pub(super) at: usize,
    /// The number of the line.
    pub(super) number: u64,
    pub(super) syntax: Syntax,
    pub(super) limits: Limits,
    /// Whether names beyond the classic syntax are refused.
    pub(super) classic_names: bool,
}

impl<'a> Cursor<'a> {
    #[inline]
    pub(super) fn peek(&self) -> Option<u8> {
        self.line.as_bytes().get(self.at).copied()
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.at >= self.line.len()
    }

    /// Makes an error about the place `at`.
    #[cold]
    pub(super) fn error(&self, at: usize, kind: ErrorKind, message: impl Into<String>) -> Error {
        Error::new(self.number, at + 1, kind, message)
    }

    /// Makes an error about what is here.
    #[cold]
    pub(super) fn expected(&self, what: &str) -> Error {
        let found = match self.line.get(self.at..).and_then(|rest| rest.chars().next()) {
            Some(char) => format!("{char:?}"),
            None => "the end of the line".into(),
        };
        self.error(self.at, ErrorKind::Syntax, format!("found {found}, but {what} is expected"))
    }

    /// Steps over spaces and tabs where the format lets them stand anywhere.
    #[inline]
    pub(super) fn blanks(&mut self) {
        if self.syntax == Syntax::Text {
            while let Some(b' ' | b'\t') = self.peek() {
                self.at += 1;
            }
        }
    }

    /// Takes `byte`, or says that `what` is missing.
    #[inline]
    pub(super) fn expects(&mut self, byte: u8, what: &'static str) -> Result<(), Error> {
        if self.peek() != Some(byte) {
            return Err(self.expected(what));
        }
        self.at += 1;
        Ok(())
    }

    /// Takes the name that the sample before had, where it is this one's too: then it needs no second look.
    #[inline]
    pub(super) fn same_name(&mut self, last: &str) -> Option<Piece<'a>> {
        let at = self.at;
        let bytes = self.line.as_bytes().get(at..at + last.len())?;
        let next = self.line.as_bytes().get(at + last.len()).copied().unwrap_or(b' ');
        if last.is_empty() || bytes != last.as_bytes() || CLASSES[usize::from(next)] & METRIC != 0 {
            return None;
        }
        self.at += last.len();
        Some(Piece { text: &self.line[at..self.at], at, escaped: false })
    }

    /// Takes a name of the classic syntax.
    #[inline]
    pub(super) fn bare_name(&mut self, of: NameOf) -> Result<Piece<'a>, Error> {
        let (start, rest) = of.classes();
        let at = self.at;
        let bytes = &self.line.as_bytes()[at..];
        if bytes.first().is_none_or(|byte| CLASSES[usize::from(*byte)] & start == 0) {
            return Err(self.expected(of.words()));
        }
        let len = bytes.iter().position(|byte| CLASSES[usize::from(*byte)] & rest == 0).unwrap_or(bytes.len());
        if len > self.limits.name_bytes {
            return Err(self.too_long(at, of.words(), len, self.limits.name_bytes));
        }
        self.at += len;
        Ok(Piece { text: &self.line[at..self.at], at, escaped: false })
    }

    /// Checks a name that was in quotes.
    pub(super) fn check_quoted(&self, piece: &Piece<'_>, of: NameOf) -> Result<(), Error> {
        if piece.text.is_empty() {
            return Err(self.error(piece.at, ErrorKind::Name, format!("{} is empty", of.words())));
        }
        if self.classic_names && !of.is_classic(piece.text) {
            let name = shown(&piece.unescaped());
            let message = format!("{} {name} is beyond the classic syntax, which alone is taken here", of.words());
            return Err(self.error(piece.at, ErrorKind::Name, message));
        }
        Ok(())
    }

    /// Takes a string in quotes, of at most so many bytes inside.
    #[inline]
    pub(super) fn string(&mut self, limit: usize, what: &'static str) -> Result<Piece<'a>, Error> {
        if self.peek() != Some(b'"') {
            return Err(self.no_string(what));
        }
        let at = self.at + 1;
        let bytes = self.line.as_bytes();
        let mut end = string_byte(bytes, at);
        let mut escaped = false;
        while bytes.get(end) == Some(&b'\\') {
            self.check_escape(end)?;
            escaped = true;
            end = string_byte(bytes, end + 2);
        }
        if end >= bytes.len() {
            self.at = bytes.len();
            return Err(self.no_closing_quote(what));
        }
        if end - at > limit {
            return Err(self.too_long(at, what, end - at, limit));
        }
        self.at = end + 1;
        Ok(Piece { text: &self.line[at..end], at, escaped })
    }

    #[cold]
    fn no_string(&self, what: &str) -> Error {
        self.expected(&format!("{what} in double quotes"))
    }

    #[cold]
    fn no_closing_quote(&self, what: &str) -> Error {
        self.expected(&format!("the closing quote of {what}"))
    }

    /// Checks what the backslash at `at` escapes. OpenMetrics lets it stand before any character but the end.
    pub(super) fn check_escape(&self, at: usize) -> Result<(), Error> {
        let Some(char) = self.line[at + 1..].chars().next() else {
            return Err(self.error(at, ErrorKind::Escape, "found a backslash at the end of the line"));
        };
        if self.syntax == Syntax::Text && !matches!(char, '\\' | '"' | 'n') {
            let message = format!("found a backslash before {char:?}, but only \\\\, \\n and \\\" are escapes");
            return Err(self.error(at, ErrorKind::Escape, message));
        }
        Ok(())
    }

    /// Takes what there is up to a blank; OpenMetrics knows no tabs.
    #[inline]
    pub(super) fn word(&mut self, what: &str) -> Result<&'a str, Error> {
        let at = self.at;
        let bytes = &self.line.as_bytes()[at..];
        let tabs = self.syntax == Syntax::Text;
        let len = bytes.iter().position(|byte| *byte == b' ' || (tabs && *byte == b'\t')).unwrap_or(bytes.len());
        if len == 0 {
            return Err(self.expected(what));
        }
        self.at += len;
        Ok(&self.line[at..self.at])
    }

    /// Makes the error of a word that is not a number.
    #[cold]
    pub(super) fn not_a_number(&self, at: usize, word: &str, what: &str, why: NotANumber) -> Error {
        let problem = match why {
            NotANumber::Syntax if word.starts_with('{') => "is a composite value, which only OpenMetrics 2.0 has",
            NotANumber::Syntax => "is not a number of the format",
            NotANumber::Range => "is out of range",
        };
        self.error(at, ErrorKind::Number, format!("{what} {} {problem}", shown(word)))
    }

    #[cold]
    fn too_long(&self, at: usize, what: &str, len: usize, limit: usize) -> Error {
        self.error(at, ErrorKind::Limit, format!("{what} has {len} bytes, and {limit} are allowed"))
    }
}
