//! How a lookup that found nothing gets a handle: of a series of its own, of an overflow series, or of none.

use crate::cells::count_lost;
use crate::registry::store::{FamilyStore, Refused};

/// A handle of a [`DynamicFamily`](crate::bridge::DynamicFamily), and which series it records into.
#[derive(Clone, Debug)]
#[must_use = "it holds the handle"]
pub enum Admission<M> {
    /// Of a series with the labels that were asked for.
    Own(M),
    /// Of the overflow series, as the series limit is reached: not to be kept, for there may be room when it is asked
    /// for again.
    Overflow(M),
}

impl<M> Admission<M> {
    /// Returns the handle.
    pub fn into_inner(self) -> M {
        match self {
            Self::Own(metric) | Self::Overflow(metric) => metric,
        }
    }

    /// Returns whether it is of the overflow series.
    #[must_use]
    pub const fn is_overflow(&self) -> bool {
        matches!(self, Self::Overflow(_))
    }

    /// Makes another handle of it, with `make`.
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
    /// The overflow series at this place.
    Overflow(usize),
}

/// Tries the own series unless `wants_overflow` says that it is an overflow series, then the `overflow` series one
/// after the other; where there is none, the records are lost, which is counted. `try_once` finds or makes a series; it
/// returns `None` where that was removed between finding and holding it, and is asked again.
pub(super) fn obtain<M: Default>(
    store: &FamilyStore,
    wants_overflow: bool,
    overflow: usize,
    mut try_once: impl FnMut(Which) -> Result<Option<M>, Refused>,
) -> Admission<M> {
    /// Most tries: after so many removals in between, somebody removes series faster than they can be made.
    const TRIES: usize = 8;
    for _ in 0..if wants_overflow { 0 } else { TRIES } {
        match try_once(Which::Own) {
            Ok(Some(metric)) => return Admission::Own(metric),
            Ok(None) => {}
            // The result of the callback is the value; what is recorded beside it has no place.
            Err(Refused::Callback) => return Admission::Own(lost()),
            // The user unregistered it, so nothing is lost.
            Err(Refused::Unregistered) => return Admission::Own(M::default()),
            Err(Refused::Full | Refused::OutOfCells) => break,
        }
    }
    store.count_overflow();
    let mut is_unregistered = false;
    let found = (0..overflow).find_map(|place| match try_once(Which::Overflow(place)) {
        Ok(found) => found,
        Err(refused) => {
            is_unregistered |= refused == Refused::Unregistered;
            None
        }
    });
    if found.is_none() && is_unregistered {
        return Admission::Own(M::default());
    }
    Admission::Overflow(found.unwrap_or_else(lost))
}

/// Returns a noop for what is recorded nowhere, and counts that.
fn lost<M: Default>() -> M {
    count_lost();
    M::default()
}
