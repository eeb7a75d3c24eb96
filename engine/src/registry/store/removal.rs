//! How series leave a family: removal, expiry, compaction, the final value.

use super::generation::Room;
use super::idle::Fingerprint;
use super::row::{NewRecord, RecordRef};
use super::rows::{End, Records};
use super::store::{FamilyCore, Writer};
use super::tombstone::{Departed, Release};
use crate::cells::{Pin, Retired, collect_batch, count_refused_removal, reclaimer_is_full, retire};
use crate::sync::{Fault, Ordering, PlainArc, broken};
use std::time::Instant;

/// Removed records of a family from which on, where they outnumber the live ones, the live ones are moved to
/// new pages.
const MANY_HOLES: usize = if cfg!(engine_loom) { 1 } else { 64 };

/// Why a series goes.
#[derive(Clone, Copy, Debug)]
enum Removal<'s> {
    /// Whoever holds it.
    OnPurpose,
    /// Unless somebody holds it: it was idle.
    OfUnused,
    /// Unless somebody holds it: it was made for a set that could not be made whole.
    RolledBack(&'s Room),
}

/// What one walk shows of a family, as of one moment.
#[derive(Debug)]
pub(crate) struct Snapshot<'p> {
    records: &'p Records,
    end: End<'p>,
    /// The last removal before that moment.
    until: u64,
}

impl<'p> Snapshot<'p> {
    /// Shows the series that lived in that moment, in the order of their creation, however they fare now.
    #[inline]
    pub(crate) fn each_live(&self, mut show: impl FnMut(RecordRef<'p>)) {
        let until = self.until;
        self.records.each_until(self.end, |record| {
            if record.lived_after(until) {
                show(record);
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

impl FamilyCore {
    /// Gives the live series, in the order of their creation.
    pub(crate) fn live<'p>(&'p self, pin: &'p Pin) -> impl Iterator<Item = RecordRef<'p>> {
        self.records(pin).live()
    }

    /// Tells whether a series is as asked for: a live one, or one that is gone and that a scraper has still to show.
    pub(crate) fn any_shown(&self, is_meant: impl Fn(RecordRef<'_>) -> bool) -> bool {
        let pin = Pin::enter();
        self.live(&pin).any(&is_meant) || self.departed.lock().iter().any(|gone| is_meant(gone.record()))
    }

    /// Removes the live series that are doomed and shows each to `removed`; gives how many. Both are called without a
    /// lock.
    pub(crate) fn remove_where(
        &self,
        mut is_doomed: impl FnMut(RecordRef<'_>) -> bool,
        mut removed: impl FnMut(RecordRef<'_>),
    ) -> usize {
        removing(|pin| {
            let doomed = self.live(pin).filter(|record| is_doomed(*record));
            doomed.filter(|record| self.remove(pin, *record, false)).inspect(|record| removed(*record)).count()
        })
    }

    /// Removes the series of a record, unless it is gone already, or, with `only_unused`, somebody holds its
    /// handle. Gives whether this call removed it.
    ///
    /// Nothing is removed where the reclaimer can take no more, because the system refuses its fence. A caller
    /// that may take its time removes within [`removing`], which has the reclaimer collect.
    pub(crate) fn remove(&self, pin: &Pin, record: RecordRef<'_>, only_unused: bool) -> bool {
        if reclaimer_is_full() {
            count_refused_removal();
            return false;
        }
        self.take_out(pin, record, if only_unused { Removal::OfUnused } else { Removal::OnPurpose })
    }

    /// Removes a set that has lost a series, also where the reclaimer is full: there are no more of them than series that
    /// were removed before it was.
    pub(crate) fn remove_dead_set(&self, pin: &Pin, record: RecordRef<'_>) {
        self.take_out(pin, record, Removal::OnPurpose);
    }

    /// Takes back a series that was made for a set which could not be made whole, unless somebody holds it. Nobody was
    /// given it, so it has no final value to show.
    pub(crate) fn roll_back(&self, pin: &Pin, record: RecordRef<'_>, set: &Room) {
        self.take_out(pin, record, Removal::RolledBack(set));
    }

    fn take_out(&self, pin: &Pin, record: RecordRef<'_>, how: Removal<'_>) -> bool {
        // Once: the clock costs more than all the locks here.
        let (hash, now) = (self.hash_of(record), Instant::now());
        let mut retired: Vec<Retired> = Vec::new();
        if broken(Fault::ChangeToldFirst) {
            self.room.changed();
        }
        let standing = {
            let mut writer = self.writer.lock();
            // The record may be a copy of before a compaction, or its labels may live again.
            let current = self.find_text(pin, hash, record.text());
            let Some(record) = current.filter(|current| current.series().is_same(record.series())) else {
                return false;
            };
            if matches!(how, Removal::OnPurpose) {
                record.series().kill();
            } else if !record.series().kill_if_unused() {
                return false;
            }
            writer.dense.remove(record);
            writer.last_created = writer.last_created.max(record.series().created_millis().unwrap_or(0));
            writer.holes += 1;
            writer.overflow -= usize::from(record.is_overflow());
            writer.removed += 1;
            writer.text_bytes -= record.text().len();
            self.shared.number_removal(|removal| {
                record.remove(removal);
                let departed = Departed::new(removal, now, hash, record, self.hold_records());
                match how {
                    Removal::RolledBack(_) => retired.push(Box::new(Release::new(departed))),
                    Removal::OnPurpose | Removal::OfUnused => self.departed.lock().push(departed),
                }
                self.table.remove(&mut writer.table, hash, record);
            });
            if writer.holes >= MANY_HOLES && writer.holes > writer.table.len() {
                self.compact(pin, &mut writer, &mut retired);
            }
            record.standing()
        };
        // Last: whoever sees the change sees the removal and the room.
        match how {
            Removal::RolledBack(set) => {
                self.give_back(standing, Some(set));
                // Somebody was refused while the series took the place.
                if self.room.is_full(standing) {
                    self.room.changed_for_others(Some(set));
                }
            }
            Removal::OnPurpose | Removal::OfUnused => {
                self.give_back(standing, None);
                if !broken(Fault::ChangeToldFirst) {
                    self.room.changed();
                }
            }
        }
        self.forget_departed(self.shared.exposed_by_all(), now);
        for item in retired {
            retire(item);
        }
        true
    }

    /// Gives a share of the current records. Under the writer's mutex.
    #[allow(unsafe_code, reason = "counts one more owner of the current records")]
    fn hold_records(&self) -> PlainArc<Records> {
        // Relaxed (O27): only this writer, under the mutex, replaces them.
        let records = self.records.load(Ordering::Relaxed);
        // SAFETY: from PlainArc::into_raw, and alive, for the family holds it.
        unsafe { PlainArc::increment_strong_count(records) };
        // SAFETY: the count that was just added.
        unsafe { PlainArc::from_raw(records) }
    }

    /// Moves the live records to new pages, in their order, so that removed ones take no memory and no time
    /// of a scrape.
    #[allow(unsafe_code, reason = "gives up the family's share of the old records")]
    fn compact(&self, pin: &Pin, writer: &mut Writer, retired: &mut Vec<Retired>) {
        let (fresh, fresh_writer) = Records::new();
        writer.records = fresh_writer;
        writer.holes = 0;
        for record in self.live(pin) {
            // Under the family's mutex nobody else removes it.
            let Some(serial) = record.serial() else { continue };
            let ends: Vec<u32> = (0..record.labels()).map(|index| record.end(index) as u32).collect();
            let new = NewRecord {
                series: record.series().clone(),
                range: record.range(),
                text: record.text(),
                ends: &ends,
                escaped: record.is_escaped(),
                standing: record.standing(),
                serial,
            };
            fresh.append(&mut writer.records, new);
            fresh.publish(&writer.records, serial);
        }
        writer.dense.clear();
        let moved: Vec<_> = fresh.iter().map(|record| (self.hash_of(record), record)).collect();
        retired.extend(self.table.rebuild(&mut writer.table, moved.into_iter()));
        let fresh = PlainArc::into_raw(PlainArc::new(fresh)).cast_mut();
        // AcqRel (O19): publishes the new pages whole; unlinks the old ones before the reclaimer looks at the
        // pins (O9).
        let old = self.records.swap(fresh, Ordering::AcqRel);
        // SAFETY: from PlainArc::into_raw; the family's own share, which it gives up here.
        retired.push(Box::new(unsafe { PlainArc::from_raw(old) }));
    }

    /// Removes the series that have gone without an update for longer than the family allows, as of `now`, and that
    /// nobody holds; gives how many. `fingerprint` reads a value that changes with every update.
    pub(crate) fn expire_idle(
        &self,
        pin: &Pin,
        now: Instant,
        mut fingerprint: impl FnMut(RecordRef<'_>) -> Fingerprint,
    ) -> usize {
        let Some(timeout) = self.desc.limits.idle else { return 0 };
        let idle = self.idle.lock().look(timeout, now, self.live(pin), &mut fingerprint);
        idle.into_iter().filter(|record| self.remove(pin, *record, true)).count()
    }

    /// Takes down what one walk shows of the family, as of one moment: in that moment each label set has one series at
    /// most that lives, or none and perhaps some that were removed since the removal `after`, which go to `departed`.
    pub(crate) fn snapshot<'p>(
        &'p self,
        pin: &'p Pin,
        after: u64,
        departed: &mut Vec<(u64, RecordRef<'p>)>,
    ) -> Snapshot<'p> {
        departed.clear();
        // While no removal is under way (O19): a series of the pages that is removed later was alive in this moment, and
        // what is in the table is alive.
        let snapshot = self.shared.at_rest(|until| {
            let records = self.records(pin);
            let end = records.end();
            if until > after {
                self.list_departed(pin, after, records.newest(), departed);
            }
            Snapshot { records, end, until }
        });
        // Of labels that went twice, the later one.
        for index in (0..departed.len()).rev() {
            let (hash, record) = departed[index];
            let is_same =
                |(other_hash, other): &(u64, RecordRef<'_>)| *other_hash == hash && other.text() == record.text();
            if departed[index + 1..].iter().any(is_same) {
                departed.remove(index);
            }
        }
        snapshot
    }

    /// Lists the series that were removed since the removal `after` and whose labels do not live again in a series of a
    /// number up to `newest`.
    fn list_departed<'p>(&'p self, pin: &'p Pin, after: u64, newest: u64, list: &mut Vec<(u64, RecordRef<'p>)>) {
        let is_reborn = |gone: &Departed| {
            let live = self.find_text(pin, gone.hash(), gone.record().text());
            live.and_then(RecordRef::serial).is_some_and(|serial| serial <= newest)
        };
        let now = Instant::now();
        let departed = self.departed.lock();
        // A value that is too old would be taken for one of now.
        let due = departed.iter().filter(|gone| gone.removal() > after && !gone.is_too_old(now));
        let shown = due.filter(|gone| broken(Fault::RebornShownTwice) || !is_reborn(gone));
        list.extend(shown.map(|gone| (gone.hash(), gone.record_for(pin))));
    }

    /// Locks the list of removed series: what a walk must not do while it shows them.
    pub(crate) fn lock_departed(&self) -> impl Drop + use<'_> {
        self.departed.lock()
    }

    /// Lets go of removed series that every scraper has exposed (removals up to `exposed`), that are too old by
    /// `now`, or too many.
    pub(crate) fn forget_departed(&self, exposed: u64, now: Instant) {
        let gone = Departed::take_gone(&mut self.departed.lock(), exposed, now);
        for departed in gone {
            if broken(Fault::ReleasedAtOnce) {
                drop(Release::new(departed));
                continue;
            }
            // Lookups that found the series before its removal may still hold its storage.
            retire(Box::new(Release::new(departed)));
        }
    }
}
