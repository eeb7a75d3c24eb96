//! What is wrong with a body, and where.

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
    line: u64,
    column: usize,
    kind: ErrorKind,
    message: Box<str>,
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
        Self { line, column, kind, message: message.into().into_boxed_str() }
    }

    /// Gives the line, counted from 1.
    #[must_use]
    pub fn line(&self) -> u64 {
        self.line
    }

    /// Gives the column, counted from 1 in bytes.
    #[must_use]
    pub fn column(&self) -> usize {
        self.column
    }

    /// Gives the sort of the error.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Gives what was found and what is allowed, without the position.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: {}", self.line, self.column, self.message)
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
