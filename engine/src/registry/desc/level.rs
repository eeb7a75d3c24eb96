//! Levels: which families are on.

use crate::sync::{AtomicU8, Ordering};
use std::fmt;

/// How much detail a metric belongs to. A registry has a level too; families above it are off.
///
/// A family that is off is not exposed, and [`Family::with`](crate::Family::with) looks nothing up and makes no
/// series in it, for the price of a branch that the processor predicts. Handles that somebody holds record on, at no
/// other cost than before: when the family is switched on again, their totals are whole and no reader sees a reset.
/// Removal, idle expiry and limits go on as ever. A [set](crate::MetricSet) makes the series of all its metrics as long
/// as one of them is on. Callbacks and collectors of what is off do not run.
///
/// # Examples
/// ```
/// use streamgauge::{Level, Registry, Scraper, Format, Switch};
/// let registry = Registry::new();
/// registry.counter("events_total", "Events.").register()?.inc();
/// let sizes = registry.histogram("row_bytes", "Sizes of rows.").level(Level::Detailed).register()?;
///
/// let exposed = || {
///     let mut body = Vec::new();
///     Scraper::new(&registry).encode(Format::Text, &mut body);
///     body.windows(9).any(|part| part == b"row_bytes")
/// };
/// registry.set_level(Level::Basic);
/// sizes.observe(120.0);
/// assert!(!exposed());
/// // One family, whatever the level says:
/// registry.switch("row_bytes", Switch::On)?;
/// assert!(exposed());
/// # Ok::<(), streamgauge::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
#[repr(u8)]
pub enum Level {
    /// What an operator always wants to see. The level of metrics that state none.
    #[default]
    Basic,
    /// What is looked at when something is wrong, or costs more than it is worth every day.
    Detailed,
}

impl Level {
    /// Returns the name: `basic` or `detailed`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Basic => "basic",
            Self::Detailed => "detailed",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whether one family is on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Switch {
    /// On while the registry's [`Level`] is not below the family's.
    #[default]
    ByLevel,
    /// On, whatever the level.
    On,
    /// Off, whatever the level.
    Off,
}

impl Switch {
    /// The inverse of `as u8`.
    pub(crate) fn from_byte(byte: u8) -> Self {
        [Self::ByLevel, Self::On, Self::Off].into_iter().find(|switch| *switch as u8 == byte).unwrap_or_default()
    }
}

/// The level of a registry.
#[derive(Debug)]
pub(crate) struct RegistryLevel(AtomicU8);

impl RegistryLevel {
    /// All families are on.
    pub(crate) fn new() -> Self {
        Self(AtomicU8::new(Level::Detailed as u8))
    }

    pub(crate) fn set(&self, level: Level) {
        // Relaxed (O28): families read it under their mutexes, which the caller, having set it, takes next.
        self.0.store(level as u8, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> Level {
        // Relaxed (O28): as above.
        if self.0.load(Ordering::Relaxed) == Level::Basic as u8 { Level::Basic } else { Level::Detailed }
    }

    /// Returns whether a family of this level is on.
    pub(crate) fn allows(&self, level: Level, switch: Switch) -> bool {
        match switch {
            Switch::ByLevel => level <= self.get(),
            Switch::On => true,
            Switch::Off => false,
        }
    }
}
