//! How series leave a family: removal, expiry, compaction, the final value.

use super::generation::Generation;
use super::idle::Fingerprint;
use super::row::{NewRow, RowRef};
use super::rows::{End, Rows};
use super::store::{FamilyStore, Writer};
use super::tombstone::{Release, Tombstone};
use crate::cells::{Pin, Retired, collect_batch, count_refused_removal, reclaimer_is_full, retire};
use crate::sync::{Fault, Ordering, PlainArc, broken};
use std::time::Instant;

/// Fewest removed rows of a family that, where they outnumber the live ones, have the live ones moved to new pages.
const MANY_HOLES: usize = if cfg!(engine_loom) { 1 } else { 64 };

/// Why a series goes.
#[derive(Clone, Copy, Debug)]
enum Removal<'s> {
    /// Even if somebody holds it.
    OnPurpose,
    /// Unless somebody holds it: it was idle.
    OfUnused,
    /// Unless somebody holds it: it was made for a set that could not be made whole.
    RolledBack(&'s Generation),
}

/// What one walk shows of a family, as of one moment.
#[derive(Debug)]
pub(crate) struct Snapshot<'p> {
    rows: &'p Rows,
    end: End<'p>,
    /// The last removal before that moment.
    until: u64,
}

impl<'p> Snapshot<'p> {
    /// Shows the series that lived in that moment, in the order of their creation, even if they were removed since.
    #[inline]
    pub(crate) fn each_live(&self, mut show: impl FnMut(RowRef<'p>)) {
        let until = self.until;
        self.rows.each_until(self.end, |row| {
            if row.lived_after(until) {
                show(row);
            }
        });
    }
}

/// Removes series under a pin, then has the reclaimer collect where a batch has come together.
pub(crate) fn removing<R>(remove: impl FnOnce(&Pin) -> R) -> R {
    let removed = remove(&Pin::enter());
    // Without the pin, which would put the freeing off.
    collect_batch();
    removed
}

impl FamilyStore {
    /// Returns the live series, in the order of their creation.
    pub(crate) fn live<'p>(&'p self, pin: &'p Pin) -> impl Iterator<Item = RowRef<'p>> {
        self.rows(pin).live()
    }

    /// Returns whether `is_meant` holds for any series that is live, or gone with its final value still to be shown by
    /// a scraper.
    pub(crate) fn any_shown(&self, is_meant: impl Fn(RowRef<'_>) -> bool) -> bool {
        let pin = Pin::enter();
        self.live(&pin).any(&is_meant) || self.tombstones.lock().iter().any(|gone| is_meant(gone.row()))
    }

    /// Removes the live series for which `is_doomed` holds and shows each to `removed`; returns how many. Both are
    /// called without a lock.
    pub(crate) fn remove_where(
        &self,
        mut is_doomed: impl FnMut(RowRef<'_>) -> bool,
        mut removed: impl FnMut(RowRef<'_>),
    ) -> usize {
        removing(|pin| {
            let doomed = self.live(pin).filter(|row| is_doomed(*row));
            doomed.filter(|row| self.remove(pin, *row, false)).inspect(|row| removed(*row)).count()
        })
    }

    /// Removes the series of a row, unless it is gone already, or, with `only_unused`, somebody holds its
    /// handle. Returns whether this call removed it.
    ///
    /// Nothing is removed where the reclaimer can take no more, because the system refuses its fence. A caller
    /// that may take its time removes within [`removing`], which has the reclaimer collect.
    pub(crate) fn remove(&self, pin: &Pin, row: RowRef<'_>, only_unused: bool) -> bool {
        if reclaimer_is_full() {
            count_refused_removal();
            return false;
        }
        self.take_out(pin, row, if only_unused { Removal::OfUnused } else { Removal::OnPurpose })
    }

    /// Removes a set that has lost a series, also where the reclaimer is full: there are no more of them than series
    /// that were removed before it was.
    pub(crate) fn remove_dead_set(&self, pin: &Pin, row: RowRef<'_>) {
        self.take_out(pin, row, Removal::OnPurpose);
    }

    /// Takes back a series that was made for a set which could not be made whole, unless somebody holds it. Nobody was
    /// given it, so it has no final value to show.
    pub(crate) fn roll_back(&self, pin: &Pin, row: RowRef<'_>, set: &Generation) {
        self.take_out(pin, row, Removal::RolledBack(set));
    }

    fn take_out(&self, pin: &Pin, row: RowRef<'_>, how: Removal<'_>) -> bool {
        // Once: the clock costs more than all the locks here.
        let (hash, now) = (self.hash_of(row), Instant::now());
        let mut retired: Vec<Retired> = Vec::new();
        if broken(Fault::ChangeToldFirst) {
            self.generation.bump();
        }
        let standing = {
            let mut writer = self.writer.lock();
            // The row may have been copied by a compaction since, or its labels may have another live series.
            let current = self.find_text(pin, hash, row.text());
            let Some(row) = current.filter(|current| current.series().is_same(row.series())) else {
                return false;
            };
            if matches!(how, Removal::OnPurpose) {
                row.series().kill();
            } else if !row.series().kill_if_unused() {
                return false;
            }
            writer.dense.remove(row);
            writer.last_created = writer.last_created.max(row.series().created_millis().unwrap_or(0));
            writer.holes += 1;
            writer.overflow -= usize::from(row.is_overflow());
            writer.removed += 1;
            writer.text_bytes -= row.text().len();
            self.state.removals.give(|removal| {
                row.remove(removal);
                let tombstones = Tombstone::new(removal, now, hash, row, self.hold_records());
                match how {
                    Removal::RolledBack(_) => retired.push(Box::new(Release::new(tombstones))),
                    Removal::OnPurpose | Removal::OfUnused => self.tombstones.lock().push(tombstones),
                }
                self.table.remove(&mut writer.table, hash, row);
            });
            if writer.holes >= MANY_HOLES && writer.holes > writer.table.len() {
                self.compact(pin, &mut writer, &mut retired);
            }
            row.standing()
        };
        // Last: whoever sees the change sees the removal and the room.
        match how {
            Removal::RolledBack(set) => {
                self.give_back(standing, Some(set));
                // Somebody was refused while the series took the place.
                if self.generation.is_full(standing) {
                    self.generation.bump_for_others(Some(set));
                }
            }
            Removal::OnPurpose | Removal::OfUnused => {
                self.give_back(standing, None);
                if !broken(Fault::ChangeToldFirst) {
                    self.generation.bump();
                }
            }
        }
        self.release_tombstones(self.state.removals.exposed_by_all(), now);
        for item in retired {
            retire(item);
        }
        true
    }

    /// Returns a share of the current rows. Under the writer's mutex.
    #[allow(unsafe_code, reason = "counts one more owner of the current rows")]
    fn hold_records(&self) -> PlainArc<Rows> {
        // Relaxed (O27): only this writer, under the mutex, replaces them.
        let rows = self.rows.load(Ordering::Relaxed);
        // SAFETY: from PlainArc::into_raw, and alive, for the family holds it.
        unsafe { PlainArc::increment_strong_count(rows) };
        // SAFETY: the count that was just added.
        unsafe { PlainArc::from_raw(rows) }
    }

    /// Moves the live rows to new pages, in their order, so that removed ones take no memory and no time
    /// of a scrape.
    #[allow(unsafe_code, reason = "gives up the family's share of the old rows")]
    fn compact(&self, pin: &Pin, writer: &mut Writer, retired: &mut Vec<Retired>) {
        let (fresh, fresh_writer) = Rows::new();
        writer.rows = fresh_writer;
        writer.holes = 0;
        for row in self.live(pin) {
            // Under the family's mutex nobody else removes it.
            let Some(serial) = row.serial() else { continue };
            let ends: Vec<u32> = (0..row.labels()).map(|index| row.end(index) as u32).collect();
            let new = NewRow {
                series: row.series().clone(),
                range: row.range(),
                text: row.text(),
                ends: &ends,
                escaped: row.is_escaped(),
                standing: row.standing(),
                serial,
            };
            fresh.append(&mut writer.rows, new);
            fresh.publish(&writer.rows, serial);
        }
        writer.dense.clear();
        let moved: Vec<_> = fresh.iter().map(|row| (self.hash_of(row), row)).collect();
        retired.extend(self.table.rebuild(&mut writer.table, moved.into_iter()));
        let fresh = PlainArc::into_raw(PlainArc::new(fresh)).cast_mut();
        // AcqRel (O19): publishes the new pages whole; unlinks the old ones before the reclaimer looks at the
        // pins (O9).
        let old = self.rows.swap(fresh, Ordering::AcqRel);
        // SAFETY: from PlainArc::into_raw; the family's own share, which it gives up here.
        retired.push(Box::new(unsafe { PlainArc::from_raw(old) }));
    }

    /// Ends the family, which no registry lists any more: removes its series, whose final values nobody shows, and
    /// makes no new ones; returns how many it removed. Handles record on, unseen.
    pub(crate) fn unregister(&self) -> usize {
        self.writer.lock().unregistered = true;
        self.apply_level();
        let removed = self.remove_where(|_| true, |_| {});
        // No walk will come that would release them.
        self.release_tombstones(u64::MAX, Instant::now());
        removed
    }

    /// Removes the series that have gone without an update for longer than the family allows, as of `now`, and that
    /// nobody holds; returns how many. `fingerprint` reads a value that changes with every update.
    pub(crate) fn expire_idle(
        &self,
        pin: &Pin,
        now: Instant,
        mut fingerprint: impl FnMut(RowRef<'_>) -> Fingerprint,
    ) -> usize {
        let Some(timeout) = self.desc.limits.idle else { return 0 };
        let idle = self.idle.lock().look(timeout, now, self.live(pin), &mut fingerprint);
        idle.into_iter().filter(|row| self.remove(pin, *row, true)).count()
    }

    /// Fixes what one walk shows of the family, as of one moment: in that moment each label set has one series at
    /// most that lives, or none and perhaps some that were removed since the removal `after`, which go to `tombstones`.
    pub(crate) fn snapshot<'p>(
        &'p self,
        pin: &'p Pin,
        after: u64,
        tombstones: &mut Vec<(u64, RowRef<'p>)>,
    ) -> Snapshot<'p> {
        tombstones.clear();
        // While no removal is under way (O19): a series of the pages that is removed later was alive in this moment,
        // and what is in the table is alive.
        let snapshot = self.state.removals.at_rest(|until| {
            let rows = self.rows(pin);
            let end = rows.end();
            if until > after {
                self.list_tombstones(pin, after, rows.newest(), tombstones);
            }
            Snapshot { rows, end, until }
        });
        // Of series with the same labels, the one that was removed last.
        for index in (0..tombstones.len()).rev() {
            let (hash, row) = tombstones[index];
            let is_same = |(other_hash, other): &(u64, RowRef<'_>)| *other_hash == hash && other.text() == row.text();
            if tombstones[index + 1..].iter().any(is_same) {
                tombstones.remove(index);
            }
        }
        snapshot
    }

    /// Lists the series that were removed since the removal `after` and whose labels have no live series with a number
    /// up to `newest`.
    fn list_tombstones<'p>(&'p self, pin: &'p Pin, after: u64, newest: u64, list: &mut Vec<(u64, RowRef<'p>)>) {
        let is_reborn = |gone: &Tombstone| {
            let live = self.find_text(pin, gone.hash(), gone.row().text());
            live.and_then(RowRef::serial).is_some_and(|serial| serial <= newest)
        };
        let now = Instant::now();
        let tombstones = self.tombstones.lock();
        // A value that is too old would be taken for one of now.
        let due = tombstones.iter().filter(|gone| gone.removal() > after && !gone.is_too_old(now));
        let shown = due.filter(|gone| broken(Fault::RebornShownTwice) || !is_reborn(gone));
        list.extend(shown.map(|gone| (gone.hash(), gone.record_for(pin))));
    }

    /// Locks the list of removed series: what a walk must not do while it shows them.
    pub(crate) fn lock_tombstones(&self) -> impl Drop + use<'_> {
        self.tombstones.lock()
    }

    /// Releases removed series that every scraper has exposed (removals up to `exposed`), that are too old by
    /// `now`, or too many.
    pub(crate) fn release_tombstones(&self, exposed: u64, now: Instant) {
        let gone = Tombstone::take_gone(&mut self.tombstones.lock(), exposed, now);
        for tombstones in gone {
            if broken(Fault::ReleasedAtOnce) {
                drop(Release::new(tombstones));
                continue;
            }
            // Lookups that found the series before its removal may still hold its storage.
            retire(Box::new(Release::new(tombstones)));
        }
    }
}
