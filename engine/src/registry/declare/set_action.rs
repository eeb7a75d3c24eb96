//! What a family of sets has its members do when it registers one, and what takes that back.

use crate::cells::Pin;
use crate::registry::store::{FamilyStore, Generation, RowRef};
use crate::sync::{Mutex, PlainArc};

/// What registering through a scope does. Anything but `Make` occurs only inside families of sets, which register a set
/// to declare it, to make its overflow series, and to remove it: a set is described once, by its fields.
#[derive(Clone, Debug, Default)]
pub(crate) enum SetAction {
    /// Makes series.
    #[default]
    Make,
    /// Makes the series of one set, and notes which of them are new.
    MakeSet(PlainArc<SetRollback>),
    /// Makes overflow series.
    MakeOverflow,
    /// Makes families, and no series.
    Declare(SetDeclaration),
    /// Removes all series with the constant labels, in families with these labels besides.
    Remove(Vec<&'static str>),
}

/// How the families of a set are declared.
#[derive(Clone, Debug)]
pub(crate) struct SetDeclaration {
    /// The labels besides the constant ones.
    pub(crate) names: Vec<&'static str>,
    /// The family of sets, of which they become members.
    pub(crate) set: PlainArc<FamilyStore>,
    /// How many of the constant labels come before the others.
    pub(crate) after: usize,
    /// The values of the constant labels are those of a set outside, where they were checked, and `__overflow__` where
    /// that overflows.
    pub(crate) is_nested: bool,
}

impl SetAction {
    /// Returns whether the constant labels are the user's own words.
    pub(crate) fn has_own_constants(&self) -> bool {
        match self {
            Self::Make => true,
            Self::Declare(SetDeclaration { is_nested, .. }) => !is_nested,
            Self::MakeSet(_) | Self::MakeOverflow | Self::Remove(_) => false,
        }
    }
}

/// The series that were made for one set.
#[derive(Debug)]
pub(crate) struct SetRollback(Mutex<Vec<Series>>);

#[derive(Debug)]
struct Series {
    family: PlainArc<FamilyStore>,
    hash: u64,
    text: Box<[u8]>,
}

impl SetRollback {
    pub(crate) fn new() -> PlainArc<Self> {
        PlainArc::new(Self(Mutex::new(Vec::new())))
    }

    /// Notes a series that was made just now.
    pub(super) fn note(&self, family: PlainArc<FamilyStore>, hash: u64, row: RowRef<'_>) {
        self.0.lock().push(Series { family, hash, text: row.text().into() });
    }

    /// Removes the series that nobody holds, for their set was not made. `set` is what the family of sets waits for: it
    /// is not bumped for what comes and goes in its own attempt, or it would try again at every lookup.
    pub(crate) fn undo(&self, set: &Generation) {
        let made = std::mem::take(&mut *self.0.lock());
        let pin = Pin::enter();
        for Series { family, hash, text } in &made {
            if let Some(row) = family.find_text(&pin, *hash, text) {
                family.roll_back(&pin, row, set);
            }
        }
    }
}
