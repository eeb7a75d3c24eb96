//! Points in time, as exactly as both formats write them.

/// A time since the Unix epoch, to the nanosecond.
///
/// The text format writes whole milliseconds, OpenMetrics seconds with any number of digits; those beyond the
/// nanosecond are cut off.
///
/// ```
/// use streamgauge::parse::{Event, Parser};
///
/// let body = b"a 1 1700000000.123456789\n# EOF\n";
/// let Some(Ok(Event::Sample(sample))) = Parser::open_metrics(body).next() else { panic!("a sample") };
/// let time = sample.timestamp().expect("a timestamp");
/// assert_eq!(time.as_nanos(), 1_700_000_000_123_456_789);
/// assert_eq!(time.as_millis(), 1_700_000_000_123);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp {
    nanos: i128,
}

impl Timestamp {
    pub(super) fn of_nanos(nanos: i128) -> Self {
        Self { nanos }
    }

    /// Gives whole nanoseconds.
    #[must_use]
    pub fn as_nanos(self) -> i128 {
        self.nanos
    }

    /// Gives whole milliseconds, rounded down.
    #[must_use]
    pub fn as_millis(self) -> i128 {
        self.nanos.div_euclid(1_000_000)
    }

    /// Gives seconds, to the nearest float.
    #[must_use]
    pub fn as_secs_f64(self) -> f64 {
        self.nanos as f64 / 1e9
    }
}
