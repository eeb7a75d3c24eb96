//! Which limits count a series, and why one is not made.

use crate::cells::OutOfCells;
use crate::registry::desc::Desc;
use crate::registry::error::Error;

/// What limits a series counts against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// The family's and the registry's.
    Limited,
    /// An overflow series that has the constant labels of its handle. Constant labels may come from the stream, so
    /// these count against the registry's limit, and there are at most as many as the family may have other series.
    Overflow,
    /// The one overflow series of a family in which every label is `__overflow__`: no limit counts it.
    LastResort,
}

impl Standing {
    /// Returns whether it is that of an overflow series.
    pub(crate) fn is_overflow(self) -> bool {
        self != Self::Limited
    }
}

/// Why a series was not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// The family or the registry has reached its limit.
    Full,
    /// The process has no cells left.
    OutOfCells,
    /// A callback gives the value of the series.
    Callback,
    /// The family was unregistered.
    Unregistered,
}

impl Refused {
    /// Returns the error of the declaration of a family with this descriptor.
    pub(crate) fn into_error(self, desc: &Desc) -> Error {
        let name = desc.name.to_string();
        match self {
            Self::Full => Error::LimitReached { name, limit: desc.limits.series },
            Self::OutOfCells => Error::OutOfCells { name },
            Self::Callback => Error::CallbackExists { name, labels: String::new() },
            Self::Unregistered => Error::UnknownFamily { name },
        }
    }
}

impl From<OutOfCells> for Refused {
    fn from(OutOfCells: OutOfCells) -> Self {
        Self::OutOfCells
    }
}
