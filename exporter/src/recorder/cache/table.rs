//! The table of a thread: entries side by side, an index of them by hash, and a hand that goes round to find what was
//! not used lately.

use super::held::Held;
use super::key::StoredKey;
use crate::recorder::facade::Facade;

/// The index is at most so full: 2 of 3.
const FULL: (usize, usize) = (2, 3);
/// Entries that there is room for at first.
const FEWEST: usize = 8;

/// What is remembered of one key.
pub(super) struct Entry<F: Facade> {
    pub(super) recorder: u64,
    pub(super) key: StoredKey<F>,
    pub(super) held: Held,
    /// A part of the hash.
    pub(super) tag: u32,
    /// Used since the hand came by.
    pub(super) is_used: bool,
}

impl<F: Facade> Entry<F> {
    /// What it takes outside of the table.
    pub(super) fn heap_bytes(&self) -> usize {
        self.key.heap_bytes() + self.held.heap_bytes()
    }
}

/// A place of the index.
#[derive(Clone, Copy)]
struct Slot {
    tag: u32,
    /// The place among the entries, or [`FREE`].
    at: u32,
}

const FREE: u32 = u32::MAX;

/// Entries by their hashes. No longer than the room it was given: it grows when it is told to.
pub(super) struct Table<F: Facade> {
    /// Open addressing, a power of two or nothing. A tag tells the place it would like to have.
    index: Vec<Slot>,
    entries: Vec<Entry<F>>,
    /// The place of the entry that was looked at last; what is new comes behind it.
    hand: usize,
}

impl<F: Facade> Table<F> {
    pub(super) const fn new() -> Self {
        Self { index: Vec::new(), entries: Vec::new(), hand: 0 }
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Shows the entries with this tag, until `look` finds what it gives.
    #[inline(always)]
    pub(super) fn find<R>(&mut self, tag: u32, mut look: impl FnMut(&mut Entry<F>) -> Option<R>) -> Option<R> {
        let (index, entries) = (&self.index[..], &mut self.entries[..]);
        let mask = index.len().wrapping_sub(1);
        let mut place = tag as usize & mask;
        // There is always a free place, unless there is none at all.
        while let Some(slot) = index.get(place) {
            if slot.tag == tag
                // A free place leads to none.
                && let Some(found) = entries.get_mut(slot.at as usize).and_then(&mut look)
            {
                return Some(found);
            }
            if slot.at == FREE {
                return None;
            }
            place = (place + 1) & mask;
        }
        None
    }

    /// What the table itself takes with room for so many entries.
    fn bytes_for(entries: usize, places: usize) -> usize {
        entries * size_of::<Entry<F>>() + places * size_of::<Slot>()
    }

    /// What the table itself takes.
    pub(super) fn own_bytes(&self) -> usize {
        Self::bytes_for(self.entries.capacity(), self.index.len())
    }

    /// Returns how many entries there would be room for, and in how many places, if one more came.
    fn room_for_one(&self) -> (usize, usize) {
        let (len, mut room) = (self.entries.len(), self.entries.capacity());
        if len == room {
            // Not the double: what is full stays nearly so.
            room += (room / 8).max(FEWEST);
        }
        (room, places_for(len + 1).max(self.index.len()))
    }

    /// What the table would take more if one more entry came.
    pub(super) fn growth(&self) -> usize {
        let (room, places) = self.room_for_one();
        Self::bytes_for(room, places) - self.own_bytes()
    }

    /// Adds an entry. The table is longer by [`growth`](Self::growth) then.
    pub(super) fn insert(&mut self, entry: Entry<F>) {
        let (room, places) = self.room_for_one();
        self.entries.reserve_exact(room - self.entries.len());
        let tag = entry.tag;
        self.entries.push(entry);
        if places != self.index.len() {
            self.reindex(places);
        } else {
            self.link(tag, self.entries.len() - 1);
        }
    }

    /// Moves the hand on to an entry that was not used since it came by before, and takes that out. Passes by so many used
    /// ones that `looks` says; where it says nothing it finds one, after a round at the latest, unless there is none.
    pub(super) fn take_unused(&mut self, mut looks: Option<&mut usize>) -> Option<Entry<F>> {
        while !self.entries.is_empty() {
            // From the end to the beginning: what comes to the place of one that went has been looked at.
            let above = if self.hand == 0 { self.entries.len() } else { self.hand.min(self.entries.len()) };
            let at = above - 1;
            self.hand = at;
            if !std::mem::replace(&mut self.entries[at].is_used, false) {
                return Some(self.take(at));
            }
            if let Some(looks) = &mut looks {
                **looks = looks.checked_sub(1)?;
            }
        }
        None
    }

    /// Takes out the entry at a place. The last one comes there.
    fn take(&mut self, at: usize) -> Entry<F> {
        self.unlink(self.entries[at].tag, at as u32);
        let last = self.entries.len() - 1;
        if at != last
            && let Some(place) = self.place_of(self.entries[last].tag, last as u32)
        {
            self.index[place].at = at as u32;
        }
        self.entries.swap_remove(at)
    }

    /// Keeps what `keep` says yes to; returns what the others took outside of the table.
    pub(super) fn retain(&mut self, keep: impl Fn(&Entry<F>) -> bool) -> usize {
        let (before, mut freed) = (self.entries.len(), 0);
        self.entries.retain(|entry| {
            let is_kept = keep(entry);
            if !is_kept {
                freed += entry.heap_bytes();
            }
            is_kept
        });
        if self.entries.len() != before {
            self.reindex(self.index.len());
        }
        freed
    }

    /// Gives back the room of what went, where that is a quarter of it.
    pub(super) fn shrink(&mut self) {
        if self.entries.len() < self.entries.capacity() / 4 * 3 {
            self.shrink_to_fit();
        }
    }

    /// Gives back all the room of what went.
    pub(super) fn shrink_to_fit(&mut self) {
        self.entries.shrink_to_fit();
        let places = places_for(self.entries.len());
        if places != self.index.len() {
            self.reindex(places);
        }
    }

    fn reindex(&mut self, places: usize) {
        if places == self.index.len() {
            self.index.fill(Slot { tag: 0, at: FREE });
        } else {
            self.index = vec![Slot { tag: 0, at: FREE }; places];
        }
        for at in 0..self.entries.len() {
            self.link(self.entries[at].tag, at);
        }
    }

    /// Puts an entry into the index, which has a free place.
    fn link(&mut self, tag: u32, at: usize) {
        let mask = self.index.len() - 1;
        let mut place = tag as usize & mask;
        while self.index[place].at != FREE {
            place = (place + 1) & mask;
        }
        self.index[place] = Slot { tag, at: at as u32 };
    }

    fn place_of(&self, tag: u32, at: u32) -> Option<usize> {
        let mask = self.index.len().wrapping_sub(1);
        let mut place = tag as usize & mask;
        loop {
            let slot = self.index.get(place).filter(|slot| slot.at != FREE)?;
            if slot.at == at {
                return Some(place);
            }
            place = (place + 1) & mask;
        }
    }

    /// Takes an entry out of the index, and lets those behind it move up, so that no place is lost to what went.
    fn unlink(&mut self, tag: u32, at: u32) {
        let Some(mut hole) = self.place_of(tag, at) else { return };
        let mask = self.index.len() - 1;
        let mut place = hole;
        loop {
            place = (place + 1) & mask;
            let slot = self.index[place];
            if slot.at == FREE {
                break;
            }
            // How far it stands behind the place it would like, and how far behind the hole.
            let wish = slot.tag as usize & mask;
            if place.wrapping_sub(wish) & mask >= place.wrapping_sub(hole) & mask {
                self.index[hole] = slot;
                hole = place;
            }
        }
        self.index[hole].at = FREE;
    }
}

/// Returns how many places an index of so many entries has.
fn places_for(entries: usize) -> usize {
    if entries == 0 { 0 } else { (entries * FULL.1 / FULL.0 + 1).next_power_of_two() }
}

#[cfg(test)]
#[path = "table_tests.rs"]
mod tests;
