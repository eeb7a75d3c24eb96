//! Points in time, as exactly as both formats write them.

use std::cmp::Ordering;
use std::fmt;

/// Nanoseconds in a second.
const NANOS: u128 = 1_000_000_000;

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
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Timestamp {
    // Not an i128, which would be twice as large with its alignment: samples are moved around.
    seconds: u64,
    nanos: u32,
    is_negative: bool,
}

impl Timestamp {
    /// Makes a time; `None` where it is more than 2^64 seconds away from the epoch.
    pub(super) fn of_nanos(nanos: i128) -> Option<Self> {
        let magnitude = nanos.unsigned_abs();
        let seconds = u64::try_from(magnitude / NANOS).ok()?;
        Some(Self { seconds, nanos: (magnitude % NANOS) as u32, is_negative: nanos < 0 })
    }

    /// Returns whole nanoseconds.
    #[must_use]
    pub fn as_nanos(self) -> i128 {
        let magnitude = i128::from(self.seconds) * NANOS as i128 + i128::from(self.nanos);
        if self.is_negative { -magnitude } else { magnitude }
    }

    /// Returns whole milliseconds, rounded down.
    #[must_use]
    pub fn as_millis(self) -> i128 {
        self.as_nanos().div_euclid(1_000_000)
    }

    /// Returns seconds, to the nearest float.
    #[must_use]
    pub fn as_secs_f64(self) -> f64 {
        self.as_nanos() as f64 / 1e9
    }
}

impl Ord for Timestamp {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_nanos().cmp(&other.as_nanos())
    }
}

impl PartialOrd for Timestamp {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.is_negative { "-" } else { "" };
        write!(f, "{sign}{}.{:09}s", self.seconds, self.nanos)
    }
}
