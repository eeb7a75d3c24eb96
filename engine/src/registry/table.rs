//! The lookup table: label sets to records, read without a lock, a reference count or an allocation.
//!
//! Open addressing with linear probing; a slot is a hash (0: empty) and a record. Entries are added in
//! place under the family's mutex; when three quarters are full, a table of twice the size is published
//! and the old one retired, which is what readers hold a [`Pin`] for (O9, O13).

use super::RecordRef;
use crate::cells::{Pin, Retired};
use crate::sync::{AtomicPtr, AtomicU64, Fault, Ordering, Witness, broken, model_failed, unless_broken};
use std::ptr::NonNull;

const FIRST_CAPACITY: usize = 4;

#[derive(Debug)]
struct Slot {
    /// The hash of the record's labels, never 0 once taken. Written last, under the family's mutex.
    hash: AtomicU64,
    record: AtomicPtr<()>,
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
        let empty = || Slot { hash: AtomicU64::new(0), record: AtomicPtr::new(std::ptr::null_mut()) };
        let slots = std::iter::repeat_with(empty).take(capacity).collect();
        Box::new(Self { mask: capacity - 1, slots, witness: Witness::new() })
    }

    /// Puts a record into the first free slot of its probe sequence. Under the family's mutex; there is a
    /// free slot.
    fn put(&self, hash: u64, record: *mut ()) {
        let mut index = hash as usize & self.mask;
        // Relaxed: only writers, under the mutex, change slots.
        while self.slots[index].hash.load(Ordering::Relaxed) != 0 {
            index = (index + 1) & self.mask;
        }
        let slot = &self.slots[index];
        // Relaxed: the Release of the hash covers it.
        slot.record.store(record, Ordering::Relaxed);
        // Release (O13): pairs with the Acquire in find; the record is whole.
        slot.hash.store(hash, unless_broken(Fault::SlotPublishedRelaxed, Ordering::Release));
    }
}

/// A table of the records of one family.
#[derive(Debug)]
pub(crate) struct Table {
    /// Null before the first record.
    slots: AtomicPtr<Slots>,
}

/// The writer's end, kept under the family's mutex.
#[derive(Debug, Default)]
pub(crate) struct TableWriter {
    len: usize,
}

#[allow(unsafe_code, reason = "reads slots that only the pin keeps alive")]
impl Table {
    pub(crate) fn new() -> Self {
        Self { slots: AtomicPtr::new(std::ptr::null_mut()) }
    }

    /// Finds the record with this hash that `is_equal` recognises.
    #[inline(always)]
    pub(crate) fn find<'p>(
        &'p self,
        _pin: &'p Pin,
        hash: u64,
        mut is_equal: impl FnMut(RecordRef<'p>) -> bool,
    ) -> Option<RecordRef<'p>> {
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
                // Relaxed: stored before the hash, whose Acquire covers it.
                let record = NonNull::new(slot.record.load(Ordering::Relaxed))?;
                // SAFETY: records live as long as the family, and this one's publication happened before
                // the hash was seen.
                let record = unsafe { RecordRef::from_raw(record) };
                if is_equal(record) {
                    return Some(record);
                }
            } else if found == 0 {
                return None;
            }
            index = (index + 1) & slots.mask;
        }
    }

    /// Adds a record that is not in the table. `writer` is this family's, under its mutex; `hash` is not 0.
    /// Gives the old table where a new one took its place: to be retired once the mutex is released.
    pub(crate) fn insert(&self, writer: &mut TableWriter, hash: u64, record: RecordRef<'_>) -> Option<Retired> {
        debug_assert_ne!(hash, 0);
        // Relaxed: only writers, under the mutex, change the pointer.
        let current = self.slots.load(Ordering::Relaxed);
        // SAFETY: null, or the current table, which only this writer could retire.
        let slots = unsafe { current.as_ref() };
        writer.len += 1;
        let capacity = slots.map_or(0, |slots| slots.slots.len());
        let Some(slots) = slots.filter(|_| writer.len * 4 <= capacity * 3) else {
            return self.grow(current, capacity, hash, record);
        };
        slots.put(hash, record.as_raw().as_ptr());
        None
    }

    #[cold]
    fn grow(&self, old: *mut Slots, capacity: usize, hash: u64, record: RecordRef<'_>) -> Option<Retired> {
        let fresh = Slots::new((capacity * 2).max(FIRST_CAPACITY));
        // SAFETY: null, or the current table, which only this writer could retire.
        if let Some(old) = unsafe { old.as_ref() } {
            for slot in &old.slots {
                // Relaxed: this writer's own stores, or ordered by the mutex.
                let hash = slot.hash.load(Ordering::Relaxed);
                if hash != 0 {
                    fresh.put(hash, slot.record.load(Ordering::Relaxed));
                }
            }
        }
        fresh.put(hash, record.as_raw().as_ptr());
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
        // Relaxed: the drop of the last reference to the family ordered every writer before this.
        if let Some(slots) = NonNull::new(self.slots.load(Ordering::Relaxed)) {
            // SAFETY: made by Box::into_raw; the family is gone, so is every lookup in it.
            drop(unsafe { Box::from_raw(slots.as_ptr()) });
        }
    }
}
