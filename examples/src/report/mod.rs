//! What a run prints: a line while it runs and a table at its end.

mod live;
mod summary;

use std::fmt;

pub use live::LiveLine;
pub use summary::Summary;

/// A duration in seconds, with the unit that suits it; a dash if there is none.
struct Seconds(Option<f64>);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self.0 {
            None => String::from("-"),
            Some(seconds) if seconds < 1e-3 => format!("{:.0} us", seconds * 1e6),
            Some(seconds) if seconds < 1.0 => format!("{:.1} ms", seconds * 1e3),
            Some(seconds) => format!("{seconds:.2} s"),
        };
        f.pad(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_take_the_unit_that_suits() {
        let shown = [None, Some(0.000_045), Some(0.0123), Some(2.5)].map(|seconds| Seconds(seconds).to_string());
        assert_eq!(shown, ["-", "45 us", "12.3 ms", "2.50 s"]);
        assert_eq!(format!("{:>8}", Seconds(Some(2.5))), "  2.50 s");
    }
}
