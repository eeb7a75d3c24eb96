//! What is wrong with a body, and where.

use std::borrow::Cow;
use std::fmt;

/// A body that was refused: the first place that breaks the format.
///
/// ```
/// use streamgauge::parse::{ErrorKind, Parser};
///
/// let error = Parser::text(b"up 1\nrows{table=orders} 3\n").find_map(Result::err).expect("a value needs quotes");
/// assert_eq!((error.line(), error.column(), error.kind()), (2, 12, ErrorKind::Syntax));
/// assert_eq!(error.to_string(), "line 2, column 12: found 'o', but a label value in double quotes is expected");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    // In a box: a result that is passed up through every token is small then.
    inner: Box<Inner>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Inner {
    line: u64,
    column: usize,
    kind: ErrorKind,
    message: String,
}

/// The sort of an [`Error`], for those who count them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The line is not one of the grammar's.
    Syntax,
    /// The bytes are not UTF-8.
    Utf8,
    /// The body ends too early: within a line, or before `# EOF`.
    Truncated,
    /// A metric or label name is not allowed, or reserved, or given twice.
    Name,
    /// A backslash begins no escape of the format.
    Escape,
    /// A value, timestamp, `le` or `quantile` is not a number of the format.
    Number,
    /// Metadata or samples stand where they may not, or come twice.
    Order,
    /// A sample or its exemplar breaks a rule of the family's type.
    Rule,
    /// One of the [`Limits`](super::Limits) is reached.
    Limit,
}

impl Error {
    #[cold]
    pub(super) fn new(line: u64, column: usize, kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { inner: Box::new(Inner { line, column, kind, message: message.into() }) }
    }

    /// Returns the line, counted from 1.
    #[must_use]
    pub fn line(&self) -> u64 {
        self.inner.line
    }

    /// Returns the column, counted from 1 in bytes.
    #[must_use]
    pub fn column(&self) -> usize {
        self.inner.column
    }

    /// Returns the sort of the error.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.inner.kind
    }

    /// Returns what was found and what is allowed, without the position.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.inner.message
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { line, column, message, .. } = &*self.inner;
        write!(f, "line {line}, column {column}: {message}")
    }
}

impl std::error::Error for Error {}

/// Shows a piece of a body in quotes, cut where it is long: messages go to logs, and peers are not to fill those.
pub(super) fn shown(text: &str) -> String {
    const LONGEST: usize = 60;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{:?}..", &text[..end]),
        None => format!("{text:?}"),
    }
}

/// Shows a name: as it is where it is made of letters, digits, `_` and `:`, and in quotes otherwise, as [`shown`], so
/// that a message is one line of printable characters.
pub(super) fn named(name: &str) -> Cow<'_, str> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b':');
    if !name.is_empty() && name.bytes().all(is_plain) { Cow::Borrowed(name) } else { Cow::Owned(shown(name)) }
}
