//! How series leave a family: removal, expiry, compaction, the final value.

use super::core::Writer;
use super::departed::{Departed, Release};
use super::idle::Fingerprint;
use super::records::{NewRecord, Records};
use super::{FamilyCore, RecordRef};
use crate::cells::{Pin, Retired, retire};
use crate::sync::{Fault, Ordering, PlainArc, broken};

/// Removed records of a family from which on, where they outnumber the live ones, the live ones are moved to
/// new pages.
const MANY_HOLES: usize = if cfg!(engine_loom) { 1 } else { 64 };

impl FamilyCore {
    /// Removes the series of a record, unless it is gone already, or, with `only_unused`, somebody holds its
    /// handle. Gives whether this call removed it.
    pub(crate) fn remove(&self, pin: &Pin, record: RecordRef<'_>, only_unused: bool) -> bool {
        let hash = self.hash_of(record);
        let mut retired: Vec<Retired> = Vec::new();
        if broken(Fault::ChangeToldFirst) {
            self.room.changed();
        }
        {
            let mut writer = self.writer.lock();
            // The record may be a copy of before a compaction, or its labels may live again.
            let current = self.find_text(pin, hash, record.text());
            let Some(record) = current.filter(|current| current.series().is_same(record.series())) else {
                return false;
            };
            if only_unused {
                if !record.series().kill_if_unused() {
                    return false;
                }
            } else {
                record.series().kill();
            }
            self.table.remove(&mut writer.table, hash, record);
            writer.dense.remove(record);
            writer.last_created = writer.last_created.max(record.series().created_millis().unwrap_or(0));
            writer.holes += 1;
            writer.exempt -= usize::from(record.is_exempt());
            writer.removed += 1;
            writer.text_bytes -= record.text().len();
            self.shared.number_removal(|removal| {
                record.remove(removal);
                self.departed.lock().push(Departed::new(removal, record, self.hold_records()));
            });
            if writer.holes >= MANY_HOLES && writer.holes > writer.table.len() {
                self.compact(pin, &mut writer, &mut retired);
            }
        }
        self.shared.give_back(usize::from(!record.is_exempt()));
        // Last: whoever sees the change sees the removal and the room.
        if !broken(Fault::ChangeToldFirst) {
            self.room.changed();
        }
        self.forget_departed(self.shared.exposed_by_all());
        for item in retired {
            retire(item);
        }
        true
    }

    /// Gives a share of the current records. Under the writer's mutex.
    #[allow(unsafe_code, reason = "counts one more owner of the current records")]
    fn hold_records(&self) -> PlainArc<Records> {
        // Relaxed: only this writer, under the mutex, replaces them.
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
        for record in self.records(pin).iter().filter(|record| record.removal() == 0) {
            let ends: Vec<u32> = (0..record.labels()).map(|index| record.end(index) as u32).collect();
            let new = NewRecord {
                series: record.series().clone(),
                range: record.range(),
                text: record.text(),
                ends: &ends,
                escaped: record.is_escaped(),
                exempt: record.is_exempt(),
            };
            fresh.append(&mut writer.records, new);
            fresh.publish(&writer.records);
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

    /// Removes the series that have gone without an update for longer than the family allows and that nobody
    /// holds; gives how many. `fingerprint` reads a value that changes with every update.
    pub(crate) fn expire_idle(&self, pin: &Pin, mut fingerprint: impl FnMut(RecordRef<'_>) -> Fingerprint) -> usize {
        let Some(timeout) = self.desc.limits.idle else { return 0 };
        let idle: Vec<RecordRef<'_>> = {
            let mut watch = self.idle.lock();
            let live = self.records(pin).iter().filter(|record| record.removal() == 0);
            watch.look(timeout, live, &mut fingerprint)
        };
        idle.into_iter().filter(|record| self.remove(pin, *record, true)).count()
    }

    /// Shows each removed series whose removal lies in `after + 1 ..= until`, unless its labels live again.
    pub(crate) fn each_departed(&self, pin: &Pin, after: u64, until: u64, mut show: impl FnMut(RecordRef<'_>)) {
        let departed = self.departed.lock();
        let due = |departed: &&Departed| departed.removal() > after && departed.removal() <= until;
        for (index, gone) in departed.iter().enumerate().filter(|(_, gone)| due(gone)) {
            // Of labels that went twice, the later one; of labels that are back, the living.
            let text = gone.record().text();
            let went_again = departed[index + 1..].iter().filter(due).any(|later| later.record().text() == text);
            let reborn = !broken(Fault::RebornShownTwice) && self.is_reborn(pin, gone.record());
            if !went_again && !reborn {
                show(gone.record());
            }
        }
    }

    /// Lets go of removed series that every scraper has exposed (removals up to `exposed`), that are too old,
    /// or too many.
    pub(crate) fn forget_departed(&self, exposed: u64) {
        let gone = Departed::take_gone(&mut self.departed.lock(), exposed);
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
