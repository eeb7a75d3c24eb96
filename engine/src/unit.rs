//! Base units.

use std::fmt;

/// The base unit of a metric. The metric's name must end in it: `_seconds`, `_bytes`; before `_total` in
/// the name of a counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Unit {
    /// Time.
    Seconds,
    /// Sizes.
    Bytes,
    /// Shares of one, not percents.
    Ratio,
    /// Temperatures.
    Celsius,
    /// Lengths.
    Meters,
    /// Voltages.
    Volts,
    /// Currents.
    Amperes,
    /// Energies.
    Joules,
    /// Masses.
    Grams,
}

impl Unit {
    /// Returns the unit as it stands in names and in the UNIT line: `seconds`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Seconds => "seconds",
            Self::Bytes => "bytes",
            Self::Ratio => "ratio",
            Self::Celsius => "celsius",
            Self::Meters => "meters",
            Self::Volts => "volts",
            Self::Amperes => "amperes",
            Self::Joules => "joules",
            Self::Grams => "grams",
        }
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
