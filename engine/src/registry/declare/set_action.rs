//! What was made for a set, so that a set which cannot be made whole leaves nothing behind.

use crate::cells::Pin;
use crate::registry::store::{FamilyCore, RecordRef, Room};
use crate::sync::{Mutex, PlainArc};

/// The series that were made for one set.
#[derive(Debug)]
pub(crate) struct Made(Mutex<Vec<Series>>);

#[derive(Debug)]
struct Series {
    family: PlainArc<FamilyCore>,
    hash: u64,
    text: Box<[u8]>,
}

impl Made {
    pub(crate) fn new() -> PlainArc<Self> {
        PlainArc::new(Self(Mutex::new(Vec::new())))
    }

    /// Notes a series that was made just now.
    pub(super) fn note(&self, family: PlainArc<FamilyCore>, hash: u64, record: RecordRef<'_>) {
        self.0.lock().push(Series { family, hash, text: record.text().into() });
    }

    /// Removes the series that nobody holds, for their set was not made. `set` is what the family of sets waits for: it
    /// does not hear of what comes and goes in its own attempt, which would let it try again at every lookup.
    pub(crate) fn take_back(&self, set: &Room) {
        let made = std::mem::take(&mut *self.0.lock());
        let pin = Pin::enter();
        for Series { family, hash, text } in &made {
            if let Some(record) = family.find_text(&pin, *hash, text) {
                family.take_back(&pin, record, set);
            }
        }
    }
}
