//! How a lookup that found nothing comes by a handle: of a series of its own, of one that takes what finds no room, or
//! of none.

use crate::cells::count_lost;
use crate::registry::store::{FamilyStore, Refused};

/// A handle as a [`DynamicFamily`](crate::bridge::DynamicFamily) gives it, and whose it is.
#[derive(Clone, Debug)]
#[must_use = "it holds the handle"]
pub enum Admission<M> {
    /// Of a series with the labels that were asked for.
    Own(M),
    /// Of the series that takes what finds no room: not to be kept, for there may be room when it is asked for again.
    Overflow(M),
}

impl<M> Admission<M> {
    /// Gives the handle.
    pub fn into_inner(self) -> M {
        match self {
            Self::Own(metric) | Self::Overflow(metric) => metric,
        }
    }

    /// Tells whether it is of the series that takes what finds no room.
    #[must_use]
    pub const fn is_overflow(&self) -> bool {
        matches!(self, Self::Overflow(_))
    }

    /// Makes another handle of it.
    pub fn map<N>(self, make: impl FnOnce(M) -> N) -> Admission<N> {
        match self {
            Self::Own(metric) => Admission::Own(make(metric)),
            Self::Overflow(metric) => Admission::Overflow(make(metric)),
        }
    }
}

/// Which series is tried.
pub(super) enum Which {
    /// The one with the labels that were asked for.
    Own,
    /// The one at this place among those that take what finds no room.
    Overflow(usize),
}

/// Tries the own series unless `wants_overflow` says that it is an overflow series, then the `overflow` series one after
/// the other; what finds none is lost, and counted. `try_once` finds or makes a series; it returns `None` where that was
/// removed between finding and holding it, and is asked again.
pub(super) fn obtain<M: Default>(
    store: &FamilyStore,
    wants_overflow: bool,
    overflow: usize,
    mut try_once: impl FnMut(Which) -> Result<Option<M>, Refused>,
) -> Admission<M> {
    /// Removals that come between; then somebody removes faster than anybody can make.
    const TRIES: usize = 8;
    for _ in 0..if wants_overflow { 0 } else { TRIES } {
        match try_once(Which::Own) {
            Ok(Some(metric)) => return Admission::Own(metric),
            Ok(None) => {}
            // What the callback gives is the value; what is recorded beside it has no place.
            Err(Refused::Callback) => return Admission::Own(lost()),
            // As wanted, so nothing is lost.
            Err(Refused::Unregistered) => return Admission::Own(M::default()),
            Err(Refused::Full | Refused::OutOfCells) => break,
        }
    }
    store.count_overflow();
    let found = (0..overflow).find_map(|place| try_once(Which::Overflow(place)).ok().flatten());
    Admission::Overflow(found.unwrap_or_else(lost))
}

/// Returns a noop for what is recorded nowhere, and counts that.
fn lost<M: Default>() -> M {
    count_lost();
    M::default()
}
