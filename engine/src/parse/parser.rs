//! From a body to events.

use super::cursor::Cursor;
use super::families::Families;
use super::line::Scratch;
use super::{Error, ErrorKind, Event, Limits, Syntax, openmetrics, text};

/// A reader of one body: an iterator over its [`Event`]s. It ends behind the last one, or behind the first error.
///
/// Where no event is an error, the body was complete and keeps to the format; see [the module](super) for what that
/// means.
///
/// ```
/// use streamgauge::parse::{Event, MetricType, Parser};
///
/// let body = b"# TYPE rows counter\nrows_total{table=\"orders\"} 3\n# EOF\n";
/// let mut events = Parser::open_metrics(body);
/// assert_eq!(events.next().transpose()?, Some(Event::Type { family: "rows".into(), kind: MetricType::Counter }));
/// let Some(Event::Sample(sample)) = events.next().transpose()? else { panic!("a sample") };
/// assert_eq!((sample.family(), sample.suffix(), sample.value()), ("rows", "_total", 3.0));
/// assert!(events.next().is_none());
/// # Ok::<(), streamgauge::parse::Error>(())
/// ```
#[derive(Debug)]
pub struct Parser<'a> {
    /// The place in the line that was read last; it knows the format and its limits too.
    cursor: Cursor<'a>,
    state: State<'a>,
}

/// What changes from line to line.
#[derive(Debug)]
pub(super) struct State<'a> {
    rest: &'a [u8],
    pub(super) families: Families<'a>,
    pub(super) scratch: Scratch<'a>,
    /// The name of the last sample, unless it was in quotes.
    pub(super) last_name: &'a str,
    pub(super) samples: u64,
    /// Whether `# EOF` was read.
    pub(super) eof: bool,
    /// Whether there was an error, or the end.
    done: bool,
}

impl<'a> Parser<'a> {
    /// Reads a body of the text format 0.0.4.
    #[must_use]
    pub fn text(body: &'a [u8]) -> Self {
        Self::new(Syntax::Text, body)
    }

    /// Reads a body of OpenMetrics 1.0.
    #[must_use]
    pub fn open_metrics(body: &'a [u8]) -> Self {
        Self::new(Syntax::OpenMetrics, body)
    }

    /// Reads a body of a format that is known only now, as from [`Syntax::of_content_type`].
    #[must_use]
    pub fn new(syntax: Syntax, body: &'a [u8]) -> Self {
        let state = State {
            rest: body,
            families: Families::default(),
            scratch: Scratch::default(),
            last_name: "",
            samples: 0,
            eof: false,
            done: false,
        };
        let limits = Limits::default();
        Self { cursor: Cursor { line: "", at: 0, number: 0, syntax, limits, classic_names: false }, state }
    }

    /// Sets how much the body may hold.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.cursor.limits = limits;
        self
    }

    /// Refuses names beyond the classic syntax, `[a-zA-Z_:][a-zA-Z0-9_:]*` for metrics and the same without the
    /// colon for labels, also in quotes: for those who pass samples on to what knows no others.
    ///
    /// ```
    /// use streamgauge::parse::{ErrorKind, Parser};
    /// let body = b"{\"my.name\"} 1\n";
    /// assert!(Parser::text(body).all(|event| event.is_ok()));
    /// let error = Parser::text(body).classic_names().find_map(Result::err).expect("it has a dot");
    /// assert_eq!((error.kind(), error.column()), (ErrorKind::Name, 3));
    /// ```
    #[must_use]
    pub fn classic_names(mut self) -> Self {
        self.cursor.classic_names = true;
        self
    }

    /// Returns the number of the line that was read last: that of the event that [`next`](Iterator::next) returned.
    #[must_use]
    pub fn line_number(&self) -> u64 {
        self.cursor.number
    }

    /// Returns how many bytes may be kept of the body.
    pub(super) fn owned_bytes(&self) -> usize {
        self.cursor.limits.owned_bytes
    }

    /// Returns the error of a body of which more would be kept.
    #[cold]
    pub(super) fn too_much(&self) -> Error {
        let message = format!("up to here the body takes more than the {} bytes that are allowed", self.owned_bytes());
        Error::new(self.cursor.number, 1, ErrorKind::Limit, message)
    }

    /// Reads lines up to the next event.
    #[inline]
    fn event(&mut self) -> Result<Option<Event<'a>>, Error> {
        while let Some(is_whole) = self.next_line()? {
            let Self { cursor, state } = self;
            let event = match cursor.syntax {
                Syntax::Text => text::line(cursor, state)?,
                Syntax::OpenMetrics => openmetrics::line(cursor, state)?,
            };
            if !is_whole {
                self.check_end()?;
            }
            if event.is_some() {
                return Ok(event);
            }
        }
        if self.cursor.syntax == Syntax::OpenMetrics && !self.state.eof {
            let message = "found the end of the body, but \"# EOF\" is expected as its last line";
            return Err(Error::new(self.cursor.number + 1, 1, ErrorKind::Truncated, message));
        }
        Ok(None)
    }

    /// Checks that the last line may lack its line feed: blanks alone are not a line, and the end of OpenMetrics is one
    /// without it too.
    #[cold]
    fn check_end(&self) -> Result<(), Error> {
        let Self { cursor, state } = self;
        let is_blank = cursor.syntax == Syntax::Text && cursor.line.trim_matches([' ', '\t']).is_empty();
        if state.eof || is_blank {
            return Ok(());
        }
        let message = "found the end of the body within a line, but a line feed is expected";
        Err(cursor.error(cursor.line.len(), ErrorKind::Truncated, message))
    }

    /// Goes to the next line, and returns whether it has a line feed; `None` where there is no line.
    #[inline]
    fn next_line(&mut self) -> Result<Option<bool>, Error> {
        let Self { cursor, state } = self;
        if state.rest.is_empty() {
            return Ok(None);
        }
        cursor.number += 1;
        cursor.at = 0;
        if state.eof {
            let message = "found more behind \"# EOF\", which is expected to be the last line";
            return Err(cursor.error(0, ErrorKind::Order, message));
        }
        let limit = cursor.limits.line_bytes;
        // What is beyond the limit is not looked at: it may be a gigabyte.
        let window = &state.rest[..state.rest.len().min(limit.saturating_add(1))];
        let (line, is_whole) = match memchr::memchr(b'\n', window) {
            Some(end) => {
                state.rest = &state.rest[end + 1..];
                (&window[..end], true)
            }
            None if state.rest.len() > limit => {
                let message = format!("the line has more than the {limit} bytes that are allowed");
                return Err(cursor.error(limit, ErrorKind::Limit, message));
            }
            None => {
                state.rest = &[];
                (window, false)
            }
        };
        match std::str::from_utf8(line) {
            Ok(line) => {
                cursor.line = line;
                Ok(Some(is_whole))
            }
            Err(error) => {
                let at = error.valid_up_to();
                let message = format!("found the byte 0x{:02x}, but UTF-8 is expected", line[at]);
                Err(cursor.error(at, ErrorKind::Utf8, message))
            }
        }
    }
}

impl<'a> Iterator for Parser<'a> {
    type Item = Result<Event<'a>, Error>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.state.done {
            return None;
        }
        let event = self.event().transpose();
        self.state.done = !matches!(event, Some(Ok(_)));
        event
    }
}

impl std::iter::FusedIterator for Parser<'_> {}

impl State<'_> {
    /// Counts a sample.
    pub(super) fn count_sample(&mut self, cursor: &Cursor<'_>) -> Result<(), Error> {
        if self.samples >= cursor.limits.samples {
            let message = format!("more than the {} samples that are allowed", cursor.limits.samples);
            return Err(cursor.error(0, ErrorKind::Limit, message));
        }
        self.samples += 1;
        Ok(())
    }
}
