//! The series of a label set that can be enumerated, by their number: a lookup without hashing and comparing.

use super::row::RowRef;
use crate::cells::Pin;
use crate::label::{LabelSet, combinations};
use crate::sync::{AtomicPtr, Fault, Ordering, PlainArc, PlainWeak, broken};
use std::marker::PhantomData;
use std::ptr::NonNull;

/// The rows of one family handle by the ordinal of their labels; null where none is known. Empty where the label
/// set `L` cannot be enumerated.
///
/// It is a memory of what the family's table knows: filled by lookups that found a row there, and emptied before a
/// row goes, both under the family's mutex.
pub(crate) struct Dense<L> {
    /// As many as `L` has combinations.
    slots: Slots,
    set: PhantomData<fn() -> L>,
}

type Slots = PlainArc<[AtomicPtr<()>]>;

impl<L: LabelSet> Dense<L> {
    pub(crate) fn new() -> Self {
        let empty = |_| AtomicPtr::new(std::ptr::null_mut());
        Self { slots: (0..combinations::<L>()).map(empty).collect(), set: PhantomData }
    }

    /// Returns whether the series of `Q` can be found by their ordinals.
    pub(crate) const fn serves<Q: LabelSet>() -> bool {
        combinations::<L>() > 0 && combinations::<Q>() == combinations::<L>()
    }

    /// Returns the row of a label set, if it is known.
    #[inline(always)]
    #[allow(unsafe_code, reason = "the pin keeps what a slot points to; the number of slots is a constant")]
    pub(crate) fn get<'p, Q: LabelSet>(&'p self, _pin: &'p Pin, labels: &Q) -> Option<RowRef<'p>> {
        let ordinal = labels.ordinal();
        // A hand-written set may give any ordinal. Compared with the constant, and not with the length, which would
        // have to be loaded: of a derived set the compiler often knows that it is below.
        if !const { Self::serves::<Q>() } || ordinal >= const { combinations::<L>() } {
            return None;
        }
        // SAFETY: `new` made that many slots.
        let slot = unsafe { self.slots.get_unchecked(ordinal) };
        // Acquire (O22): pairs with the Release of fill; the row is whole.
        let row = NonNull::new(slot.load(Ordering::Acquire))?;
        // SAFETY: rows are freed only after every pin is gone that could have read them here, for the slot is
        // emptied before they are retired; the caller's pin was taken before the load.
        Some(unsafe { RowRef::from_raw(row) })
    }

    /// Returns the slot of a label set.
    pub(crate) fn slot<Q: LabelSet>(&self, labels: &Q) -> Option<&AtomicPtr<()>> {
        if const { Self::serves::<Q>() } { self.slots.get(labels.ordinal()) } else { None }
    }
}

/// The dense tables of a family's handles, kept under the family's mutex.
#[derive(Debug, Default)]
pub(crate) struct DenseTables(Vec<PlainWeak<[AtomicPtr<()>]>>);

impl DenseTables {
    /// Adds the table of a handle, and forgets those of handles that are gone.
    pub(crate) fn add<L>(&mut self, dense: &Dense<L>) {
        self.0.retain(|table| table.strong_count() > 0);
        if !dense.slots.is_empty() {
            self.0.push(PlainArc::downgrade(&dense.slots));
        }
    }

    /// Notes a live row of the current pages in a slot of one of the tables.
    pub(crate) fn fill(&mut self, slot: &AtomicPtr<()>, row: RowRef<'_>) {
        // Release (O22): pairs with the Acquire of get.
        slot.store(row.as_raw().as_ptr(), Ordering::Release);
    }

    /// Takes a row out of all tables, before it is retired.
    pub(crate) fn remove(&mut self, row: RowRef<'_>) {
        if !broken(Fault::DenseNotEmptied) {
            self.empty(|known| known == row.as_raw().as_ptr());
        }
    }

    /// Empties all tables.
    pub(crate) fn clear(&mut self) {
        self.empty(|_| true);
    }

    fn empty(&mut self, is_gone: impl Fn(*mut ()) -> bool) {
        for table in self.0.iter().filter_map(PlainWeak::upgrade) {
            for slot in &*table {
                // Relaxed (O27): only writers, under the family's mutex, change slots.
                if is_gone(slot.load(Ordering::Relaxed)) {
                    // Release (O22): unlinks, before the reclaimer looks at the pins (O9).
                    slot.store(std::ptr::null_mut(), Ordering::Release);
                }
            }
        }
    }
}
