//! The family itself: descriptor, records, lookup table, and the mutex under which series come and go.

use super::dense::{Dense, DenseTables};
use super::departed::{Departed, Release};
use super::idle::{Fingerprint, IdleWatch};
use super::level::Switch;
use super::records::{NewRecord, Records, RecordsWriter};
use super::room::Room;
use super::selector::ValueHasher;
use super::shared::Shared;
use super::table::{Table, TableWriter};
use super::tally::Tally;
use super::values::Values;
use super::{Desc, Error, RecordRef, SeriesRef};
use crate::cells::{OutOfCells, Pin, Range, Retired, collect, retire};
use crate::label::{escape_into, needs_escape, unescape};
use crate::sync::{AtomicBool, AtomicPtr, AtomicU64, Fault, Mutex, Ordering, PlainArc, broken};
use crossbeam_utils::CachePadded;
use std::hash::{BuildHasher, RandomState};
use std::time::{SystemTime, UNIX_EPOCH};

/// Removed records of a family from which on, where they outnumber the live ones, the live ones are moved to
/// new pages.
const MANY_HOLES: usize = if cfg!(engine_loom) { 1 } else { 64 };

/// Series from which on a table is given to the reclaimer as soon as it is outgrown.
const LARGE_TABLE: usize = 512;

/// Why a series was not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// The family or the registry has reached its limit.
    Full,
    /// The process has no cells left.
    OutOfCells,
}

impl Refused {
    /// Gives the error of a declaration.
    pub(crate) fn into_error(self, family: &FamilyCore) -> Error {
        let name = family.desc.name.to_string();
        match self {
            Self::Full => Error::LimitReached { name, limit: family.desc.limits.series },
            Self::OutOfCells => Error::OutOfCells { name },
        }
    }
}

impl From<OutOfCells> for Refused {
    fn from(OutOfCells: OutOfCells) -> Self {
        Self::OutOfCells
    }
}

/// Makes the storage of a series that is created at the given millisecond of the Unix epoch.
pub(crate) type Make<'m> = &'m dyn Fn(u64) -> Result<(SeriesRef, Range), OutOfCells>;

/// A metric family: everything the registry, its handles and scrapes share of it.
#[derive(Debug)]
pub(crate) struct FamilyCore {
    pub(crate) desc: Desc,
    pub(crate) table: Table,
    /// Seeds the hash; random for each process, since label values may come from outside.
    pub(crate) hasher: ValueHasher,
    /// What the families of a registry share.
    pub(crate) shared: PlainArc<Shared>,
    /// From `PlainArc::into_raw`; replaced under `writer` when holes are compacted, read under a pin.
    records: AtomicPtr<Records>,
    /// Whether the family is exposed and looked up in; changed under `writer`.
    on: AtomicBool,
    /// Taken to make or remove a series, never to look one up, record or scrape (I5).
    writer: Mutex<Writer>,
    /// Removed series whose final value some scraper has still to expose.
    departed: Mutex<Vec<Departed>>,
    /// When each series was last seen to change.
    idle: Mutex<IdleWatch>,
    /// Says when kept handles have to be looked at. While it says full, misses go to the overflow series without
    /// the mutex.
    pub(crate) room: PlainArc<Room>,
    /// Lookups that were answered with an overflow series. Padded: a flood of them must not take away the cache line
    /// that lookups which hit read.
    overflowed: CachePadded<AtomicU64>,
}

#[derive(Debug)]
struct Writer {
    records: RecordsWriter,
    table: TableWriter,
    dense: DenseTables,
    switch: Switch,
    /// Overflow series, which do not count against the limit.
    exempt: usize,
    /// Removed records in the pages.
    holes: usize,
    /// The latest creation of a removed series, in milliseconds: the next one is later.
    last_created: u64,
    /// Series made and removed so far.
    created: u64,
    removed: u64,
    /// Bytes of the text of live series.
    text_bytes: usize,
}

/// The labels of a series as they will be exposed.
#[derive(Debug)]
struct Rendered {
    text: Vec<u8>,
    ends: Vec<u32>,
    escaped: bool,
}

impl FamilyCore {
    pub(crate) fn new(desc: Desc, shared: PlainArc<Shared>) -> Self {
        let (records, writer) = Records::new();
        // loom replays executions, so nothing in them may be random.
        let seed = if cfg!(engine_loom) { 1 } else { RandomState::new().hash_one(&desc.name) };
        let on = shared.level.allows(desc.level, Switch::ByLevel);
        Self {
            desc,
            on: AtomicBool::new(on),
            table: Table::new(),
            hasher: ValueHasher::new(seed),
            shared,
            records: AtomicPtr::new(PlainArc::into_raw(PlainArc::new(records)).cast_mut()),
            writer: Mutex::new(Writer {
                records: writer,
                table: TableWriter::default(),
                dense: DenseTables::default(),
                switch: Switch::ByLevel,
                exempt: 0,
                holes: 0,
                last_created: 0,
                created: 0,
                removed: 0,
                text_bytes: 0,
            }),
            departed: Mutex::new(Vec::new()),
            idle: Mutex::new(IdleWatch::new()),
            room: PlainArc::new(Room::new()),
            overflowed: CachePadded::new(AtomicU64::new(0)),
        }
    }

    /// Gives the records. They stay, though perhaps no longer the current ones, for as long as the pin.
    #[allow(unsafe_code, reason = "the pin keeps what was current when it was taken")]
    pub(crate) fn records<'p>(&'p self, _pin: &'p Pin) -> &'p Records {
        // Acquire (O19): pairs with the Release in compact.
        let records = self.records.load(Ordering::Acquire);
        // SAFETY: from an Arc that is given up by the reclaimer only, after every pin that could have loaded
        // it is gone; the caller's was taken before the load.
        unsafe { &*records }
    }

    /// Tells whether the family is exposed, and looked up in by `with`.
    #[inline(always)]
    pub(crate) fn is_on(&self) -> bool {
        // Relaxed: a switch that is seen a moment late.
        self.on.load(Ordering::Relaxed)
    }

    /// Switches the family on or off, whatever the level says, or back to the level.
    pub(crate) fn switch(&self, switch: Switch) {
        self.writer.lock().switch = switch;
        self.settle_level();
    }

    /// Goes by the switch and the registry's level as they are now.
    pub(crate) fn settle_level(&self) {
        let mut writer = self.writer.lock();
        let on = self.shared.level.allows(self.desc.level, writer.switch);
        // Relaxed: as in is_on; the mutex orders the changes.
        self.on.store(on, Ordering::Relaxed);
        if !on {
            // Lookups by number have no other branch that could tell them.
            writer.dense.clear();
        }
    }

    /// Makes the table of a handle hear of removals.
    pub(crate) fn add_dense<L>(&self, dense: &Dense<L>) {
        self.writer.lock().dense.add(dense);
    }

    /// Notes a record in a slot of the table of a handle, unless its series is gone or the family off.
    pub(crate) fn fill_dense(&self, pin: &Pin, slot: &AtomicPtr<()>, record: RecordRef<'_>) {
        let hash = self.hash_of(record);
        let mut writer = self.writer.lock();
        // The record may be a copy of before a compaction.
        let current = self.find_text(pin, hash, record.text());
        if let Some(current) = current.filter(|_| self.is_on()) {
            writer.dense.fill(slot, current);
        }
    }

    /// Counts a lookup that is answered with an overflow series.
    pub(crate) fn count_overflow(&self) {
        // Relaxed: a statistic.
        self.overflowed.fetch_add(1, Ordering::Relaxed);
    }

    /// Reads what the family has gone through. Takes the mutex for a moment, as making a series does.
    pub(crate) fn tally(&self) -> Tally {
        // Relaxed: a statistic.
        let overflowed = self.overflowed.load(Ordering::Relaxed);
        let Writer { created, removed, text_bytes, ref table, .. } = *self.writer.lock();
        Tally { live: table.len(), created, removed, text_bytes, overflowed }
    }

    /// Finds the record of a label set, given by the values in the family's order and their hash, or makes
    /// it with the storage that `make` gives; `exempt` where the limits do not apply. Rendering comes before
    /// the mutex, user code never under it.
    ///
    /// # Errors
    /// Where a limit is reached, or no cells are left.
    pub(crate) fn get_or_insert<'p>(
        &'p self,
        pin: &'p Pin,
        hash: u64,
        values: &Values,
        exempt: bool,
        make: Make<'_>,
    ) -> Result<RecordRef<'p>, Refused> {
        let rendered = self.render(values);
        let early = broken(Fault::LimitCheckedEarly).then(|| self.admit(&self.writer.lock()));
        let (record, retired, is_large) = {
            let mut writer = self.writer.lock();
            if let Some(record) = self.find_text(pin, hash, &rendered.text) {
                return Ok(record);
            }
            let generation = self.room.generation();
            if !exempt && !early.unwrap_or_else(|| self.admit(&writer)) {
                let generation = if broken(Fault::RefusalNotedLate) { self.room.generation() } else { generation };
                self.room.refuse(generation);
                return Err(Refused::Full);
            }
            // Strictly later than a removed series of the same labels, whatever the clock says.
            let created = now_millis().max(writer.last_created + 1);
            let (series, range) = make(created).inspect_err(|_| self.shared.give_back(usize::from(!exempt)))?;
            if exempt {
                series.mark_overflow();
            }
            let Rendered { text, ends, escaped } = &rendered;
            let new = NewRecord { series, range, text, ends, escaped: *escaped, exempt };
            writer.exempt += usize::from(exempt);
            writer.created += 1;
            writer.text_bytes += text.len();
            let Writer { records, table, .. } = &mut *writer;
            let pages = self.records(pin);
            let record = pages.append(records, new);
            if broken(Fault::RecordPublishedFirst) {
                pages.publish(records);
            }
            let replaced = self.table.insert(table, hash, record);
            // After the table: a walk that meets the series must find that its labels live.
            pages.publish(records);
            (record, replaced, table.len() >= LARGE_TABLE)
        };
        if let Some(table) = retired {
            retire(table);
            if is_large {
                // Outgrown tables would else wait for a scrape, and take as much together as the one in use.
                collect();
            }
        }
        Ok(record)
    }

    /// Tells whether one more series fits into the family and, if so, takes it from the registry's budget.
    fn admit(&self, writer: &Writer) -> bool {
        writer.table.len() - writer.exempt < self.desc.limits.series && self.shared.take(&self.room)
    }

    /// Finds the live record with these values, in the family's order.
    pub(crate) fn find_values<'p>(&'p self, pin: &'p Pin, hash: u64, values: &Values) -> Option<RecordRef<'p>> {
        let names = &self.desc.label_names;
        self.table.find(pin, hash, |record| {
            record.values(names).zip(values.iter()).all(|(text, value)| unescape(text) == value)
        })
    }

    /// Finds the live record with these rendered labels.
    pub(crate) fn find_text<'p>(&'p self, pin: &'p Pin, hash: u64, text: &[u8]) -> Option<RecordRef<'p>> {
        self.table.find(pin, hash, |record| record.text() == text)
    }

    /// Tells whether a live series has the labels of this removed record.
    pub(crate) fn is_reborn(&self, pin: &Pin, record: RecordRef<'_>) -> bool {
        self.find_text(pin, self.hash_of(record), record.text()).is_some()
    }

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
            let ends: Vec<u32> = (0..self.desc.label_names.len()).map(|index| record.end(index) as u32).collect();
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

    /// Gives the hash of a record's values.
    fn hash_of(&self, record: RecordRef<'_>) -> u64 {
        self.hasher.hash_all(record.values(&self.desc.label_names).map(unescape))
    }

    fn render(&self, values: &Values) -> Rendered {
        let names = &self.desc.label_names;
        // Exact, but for what is escaped: `,name=""` each.
        let capacity = values.bytes() + names.iter().map(|name| name.len() + 4).sum::<usize>();
        let mut text = Vec::with_capacity(capacity);
        let mut ends = Vec::with_capacity(names.len());
        let mut escaped = false;
        for (name, value) in names.iter().zip(values.iter()) {
            if !text.is_empty() {
                text.push(b',');
            }
            text.extend_from_slice(name.as_bytes());
            text.extend_from_slice(b"=\"");
            if needs_escape(value) {
                escaped = true;
                escape_into(value, &mut text);
            } else {
                text.extend_from_slice(value.as_bytes());
            }
            ends.push(text.len() as u32);
            text.push(b'"');
        }
        Rendered { text, ends, escaped }
    }
}

/// Gives the milliseconds since the Unix epoch.
fn now_millis() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

#[allow(unsafe_code, reason = "gives up the family's share of the records")]
impl Drop for FamilyCore {
    fn drop(&mut self) {
        if crate::sync::model_failed() {
            return;
        }
        // Relaxed: the drop of the last reference to the family ordered every writer before this.
        let records = self.records.load(Ordering::Relaxed);
        // SAFETY: from PlainArc::into_raw; the family's own share. No lookup or walk is in it any more.
        drop(unsafe { PlainArc::from_raw(records) });
    }
}
