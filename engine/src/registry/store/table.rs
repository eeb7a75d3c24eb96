//! The lookup table: label sets to rows, read without a lock, a reference count or an allocation.
//!
//! Open addressing with linear probing; a slot is a hash (0: empty, 1: removed) and a row. Entries are
//! added and removed in place under the family's mutex; when three quarters are taken, a table of the
//! fitting size is published and the old one retired, which is what readers hold a [`Pin`] for (O9, O13).

use super::row::RowRef;
use crate::cells::{Pin, Retired};
use crate::sync::{AtomicPtr, AtomicU64, Fault, Ordering, Witness, broken, model_failed, unless_broken};
use std::ptr::NonNull;

const FIRST_CAPACITY: usize = 4;
/// The hash of a slot that was never taken: it ends a search.
const EMPTY: u64 = 0;
/// The hash of a slot whose row was removed: a search goes on.
const REMOVED: u64 = 1;

/// Returns a hash that means neither empty nor removed.
#[inline(always)]
pub(crate) fn usable(hash: u64) -> u64 {
    if hash <= REMOVED { hash + 2 } else { hash }
}

#[derive(Debug)]
struct Slot {
    /// The hash of the row's labels, never 0 once taken. Written last, under the family's mutex.
    hash: AtomicU64,
    row: AtomicPtr<()>,
}

#[derive(Debug)]
struct Slots {
    mask: usize,
    slots: Box<[Slot]>,
    witness: Witness,
}

/// A table that is no longer the current one, freed when dropped.
#[derive(Debug)]
struct OldSlots(NonNull<Slots>);

// SAFETY: the only owner of what is made of atomics.
#[allow(unsafe_code, reason = "see SAFETY above")]
unsafe impl Send for OldSlots {}

#[allow(unsafe_code, reason = "frees the table")]
impl Drop for OldSlots {
    fn drop(&mut self) {
        // A model leaks the memory and marks it, so that a lookup that comes too late is found out.
        #[cfg(engine_loom)]
        // SAFETY: leaked, so alive.
        unsafe {
            self.0.as_ref().witness.free();
        }
        #[cfg(not(engine_loom))]
        // SAFETY: made by Box::into_raw; unlinked, and dropped by the reclaimer once no pin sees it.
        drop(unsafe { Box::from_raw(self.0.as_ptr()) });
    }
}

impl Slots {
    fn new(capacity: usize) -> Box<Self> {
        let empty = || Slot { hash: AtomicU64::new(0), row: AtomicPtr::new(std::ptr::null_mut()) };
        let slots = std::iter::repeat_with(empty).take(capacity).collect();
        Box::new(Self { mask: capacity - 1, slots, witness: Witness::new() })
    }

    /// Puts a row into the first slot of its probe sequence that is empty or removed. Under the family's mutex; there
    /// is a free slot.
    fn put(&self, hash: u64, row: *mut ()) {
        let mut index = hash as usize & self.mask;
        // Relaxed (O27): only writers, under the mutex, change slots.
        while self.slots[index].hash.load(Ordering::Relaxed) > REMOVED {
            index = (index + 1) & self.mask;
        }
        let slot = &self.slots[index];
        // Release (O13): a search that still holds the hash of a removed row may find this one, and
        // compares its text.
        slot.row.store(row, unless_broken(Fault::SlotPublishedRelaxed, Ordering::Release));
        // Release (O13): pairs with the Acquire in find; the row is whole.
        slot.hash.store(hash, unless_broken(Fault::SlotPublishedRelaxed, Ordering::Release));
    }
}

/// Returns a capacity of which `len` rows take at most half: a quarter of it is then left to take before the
/// next table, so that adding and removing in turn does not make a table each time.
fn capacity_for(len: usize) -> usize {
    (2 * len).next_power_of_two().max(FIRST_CAPACITY)
}

/// A table of the rows of one family.
#[derive(Debug)]
pub(crate) struct Table {
    /// Null before the first row.
    slots: AtomicPtr<Slots>,
}

/// The writer's end, kept under the family's mutex.
#[derive(Debug, Default)]
pub(crate) struct TableWriter {
    /// Rows in the table.
    len: usize,
    /// Slots that are not empty: rows, and slots whose row was removed. Reusing one of those is not
    /// noticed, so this may be too high, never too low.
    taken: usize,
}

impl TableWriter {
    /// Returns the number of rows in the table.
    pub(crate) fn len(&self) -> usize {
        self.len
    }
}

#[allow(unsafe_code, reason = "reads slots that only the pin keeps alive")]
impl Table {
    pub(crate) fn new() -> Self {
        Self { slots: AtomicPtr::new(std::ptr::null_mut()) }
    }

    /// Finds the row with this hash that `is_equal` recognises.
    #[inline(always)]
    pub(crate) fn find<'p>(
        &'p self,
        _pin: &'p Pin,
        hash: u64,
        mut is_equal: impl FnMut(RowRef<'p>) -> bool,
    ) -> Option<RowRef<'p>> {
        // Acquire (O13): pairs with the Release of insert.
        let slots = self.slots.load(Ordering::Acquire);
        // SAFETY: null, or a table that is freed only after every pin that could have loaded it is gone;
        // the caller's was taken before the load.
        let slots = unsafe { slots.as_ref() }?;
        slots.witness.check();
        let mut index = hash as usize & slots.mask;
        loop {
            let slot = slots.slots.get(index)?;
            // Acquire (O13): pairs with the Release of put.
            let found = slot.hash.load(Ordering::Acquire);
            if found == hash {
                // Acquire (O13): of the row that belongs to the hash, or of a later one in its slot.
                let row = NonNull::new(slot.row.load(Ordering::Acquire))?;
                // SAFETY: rows live as long as the family, and this one's publication happened before
                // the hash was seen.
                let row = unsafe { RowRef::from_raw(row) };
                if is_equal(row) {
                    return Some(row);
                }
            } else if found == EMPTY {
                return None;
            }
            index = (index + 1) & slots.mask;
        }
    }

    /// Adds a row that is not in the table. `writer` is this family's, under its mutex; `hash` is usable.
    /// Returns the old table where a new one took its place: to be retired once the mutex is released.
    pub(crate) fn insert(&self, writer: &mut TableWriter, hash: u64, row: RowRef<'_>) -> Option<Retired> {
        debug_assert!(hash > REMOVED);
        // Relaxed (O27): only writers, under the mutex, change the pointer.
        let current = self.slots.load(Ordering::Relaxed);
        // SAFETY: null, or the current table, which only this writer could retire.
        let slots = unsafe { current.as_ref() };
        writer.len += 1;
        writer.taken += 1;
        let capacity = slots.map_or(0, |slots| slots.slots.len());
        let Some(slots) = slots.filter(|_| writer.taken * 4 <= capacity * 3) else {
            writer.taken = writer.len;
            return self.replace(current, capacity_for(writer.len), Some((hash, row)));
        };
        slots.put(hash, row.as_raw().as_ptr());
        None
    }

    /// Takes a row out of the table. `writer` is this family's, under its mutex.
    pub(crate) fn remove(&self, writer: &mut TableWriter, hash: u64, row: RowRef<'_>) {
        // Relaxed (O27): only writers, under the mutex, change the pointer and the slots.
        let slots = self.slots.load(Ordering::Relaxed);
        // SAFETY: null, or the current table, which only this writer could retire.
        let Some(slots) = (unsafe { slots.as_ref() }) else { return };
        let mut index = hash as usize & slots.mask;
        loop {
            let slot = &slots.slots[index];
            // Relaxed (O27): as above.
            let (found, held) = (slot.hash.load(Ordering::Relaxed), slot.row.load(Ordering::Relaxed));
            if found == hash && held == row.as_raw().as_ptr() {
                writer.len -= 1;
                // Release (O13): unlinks, before the reclaimer looks at the pins (O9).
                return slot.hash.store(REMOVED, Ordering::Release);
            }
            if found == EMPTY {
                return;
            }
            index = (index + 1) & slots.mask;
        }
    }

    /// Publishes a table of `rows`, with their hashes, in place of the current one. `writer` is this
    /// family's, under its mutex.
    pub(crate) fn rebuild<'r>(
        &self,
        writer: &mut TableWriter,
        rows: impl ExactSizeIterator<Item = (u64, RowRef<'r>)>,
    ) -> Option<Retired> {
        *writer = TableWriter { len: rows.len(), taken: rows.len() };
        let fresh = Slots::new(capacity_for(writer.len));
        for (hash, row) in rows {
            fresh.put(hash, row.as_raw().as_ptr());
        }
        // Relaxed (O27): only writers, under the mutex, change the pointer.
        self.publish(self.slots.load(Ordering::Relaxed), fresh)
    }

    #[cold]
    fn replace(&self, old: *mut Slots, capacity: usize, new: Option<(u64, RowRef<'_>)>) -> Option<Retired> {
        let fresh = Slots::new(capacity);
        // SAFETY: null, or the current table, which only this writer could retire.
        if let Some(old) = unsafe { old.as_ref() } {
            for slot in &old.slots {
                // Relaxed (O27): this writer's own stores, or ordered by the mutex.
                let hash = slot.hash.load(Ordering::Relaxed);
                if hash > REMOVED {
                    // Relaxed (O27): as above.
                    fresh.put(hash, slot.row.load(Ordering::Relaxed));
                }
            }
        }
        if let Some((hash, row)) = new {
            fresh.put(hash, row.as_raw().as_ptr());
        }
        self.publish(old, fresh)
    }

    fn publish(&self, old: *mut Slots, fresh: Box<Slots>) -> Option<Retired> {
        // Release (O13): pairs with the Acquire in find; and it unlinks the old table before the
        // reclaimer looks at the pins (O9).
        self.slots.store(Box::into_raw(fresh), Ordering::Release);
        let old: Retired = Box::new(OldSlots(NonNull::new(old)?));
        if broken(Fault::TableFreedAtOnce) {
            drop(old);
            return None;
        }
        Some(old)
    }
}

#[allow(unsafe_code, reason = "frees the table")]
impl Drop for Table {
    fn drop(&mut self) {
        if model_failed() {
            return;
        }
        // Relaxed (O27): the drop of the last reference to the family ordered every writer before this.
        if let Some(slots) = NonNull::new(self.slots.load(Ordering::Relaxed)) {
            // SAFETY: made by Box::into_raw; the family is gone, so is every lookup in it.
            drop(unsafe { Box::from_raw(slots.as_ptr()) });
        }
    }
}
