//! Removed series that wait to be exposed once more, with their final value.

use super::records::Records;
use super::{RecordRef, SeriesRef};
use crate::cells::Pin;
use crate::sync::PlainArc;
use std::ptr::NonNull;
use std::time::{Duration, Instant};

/// Removed series of a family that wait at most; the oldest go first.
const MOST: usize = 1_000;
/// How long one waits at most: Prometheus looks back five minutes.
const LONGEST: Duration = Duration::from_secs(300);

/// A removed series, kept with its storage until every scraper has exposed it, it is too old, or there are
/// too many.
#[derive(Debug)]
pub(crate) struct Departed {
    removal: u64,
    since: Instant,
    /// The hash under which the series stood in the table.
    hash: u64,
    record: NonNull<()>,
    /// Keeps the record's memory.
    _records: PlainArc<Records>,
}

// SAFETY: a record is immutable but for its atomics, its storage is Send and Sync, and the pages are held.
#[allow(unsafe_code, reason = "see SAFETY above")]
unsafe impl Send for Departed {}

impl Departed {
    /// Keeps a record of `records`.
    pub(crate) fn new(removal: u64, hash: u64, record: RecordRef<'_>, records: PlainArc<Records>) -> Self {
        Self { removal, since: Instant::now(), hash, record: record.as_raw(), _records: records }
    }

    pub(crate) fn removal(&self) -> u64 {
        self.removal
    }

    pub(crate) fn hash(&self) -> u64 {
        self.hash
    }

    #[allow(unsafe_code, reason = "the pages are held")]
    pub(crate) fn record(&self) -> RecordRef<'_> {
        // SAFETY: a published record of the pages that are held.
        unsafe { RecordRef::from_raw(self.record) }
    }

    /// Gives the record for as long as a pin that was taken before this was met in the list.
    #[allow(unsafe_code, reason = "the pin keeps what is let go while it lives")]
    pub(crate) fn record_for<'p>(&self, _pin: &'p Pin) -> RecordRef<'p> {
        // SAFETY: the pages are given up with this, by the reclaimer, to which it goes from the list: after the pin
        // was taken, so after the pin is gone.
        unsafe { RecordRef::from_raw(self.record) }
    }

    /// Takes those out of a list, in the order of removal, that need not wait any more.
    pub(crate) fn take_gone(list: &mut Vec<Self>, exposed: u64) -> Vec<Self> {
        let too_many = list.len().saturating_sub(MOST);
        let done = |departed: &Self| departed.removal <= exposed || departed.since.elapsed() > LONGEST;
        // In the order of removal, so of age: what need not wait stands in front.
        let count = list.iter().take_while(|departed| done(departed)).count().max(too_many);
        list.drain(..count).collect()
    }
}

/// Gives up the storage of a removed series when dropped: by the reclaimer, once no pin can have seen it live.
#[derive(Debug)]
pub(crate) struct Release(Departed);

impl Release {
    pub(crate) fn new(departed: Departed) -> Self {
        Self(departed)
    }
}

#[allow(unsafe_code, reason = "the reclaimer's grace period is over")]
impl Drop for Release {
    fn drop(&mut self) {
        // SAFETY: the series was removed before this was retired, and the reclaimer drops it only after every
        // pin of that time is gone.
        let storage: Option<SeriesRef> = unsafe { self.0.record().release() };
        drop(storage);
    }
}
