//! The family itself: descriptor, rows, lookup table, and the mutex under which series come and go.

use super::dense::{Dense, DenseTables};
use super::generation::Generation;
use super::hasher::ValueHasher;
use super::idle::IdleWatch;
use super::registry_state::RegistryState;
use super::row::{NewRow, RowRef};
use super::rows::{Rows, RowsWriter};
use super::standing::{Refused, Standing};
use super::stats::FamilyStats;
use super::storage::Storage;
use super::table::{Table, TableWriter};
use super::tombstone::Tombstone;
use crate::catch::catch_drop;
use crate::cells::{OutOfCells, Pin, Range, collect_tables, retire_table};
use crate::label::{Rendered, Values, unescape};
use crate::registry::desc::{Desc, Switch};
use crate::sync::{AtomicBool, AtomicPtr, AtomicU64, AtomicUsize, Fault, Mutex, Ordering, PlainArc, PlainWeak, broken};
use crossbeam_utils::CachePadded;
use std::hash::{BuildHasher, RandomState};
use std::time::{SystemTime, UNIX_EPOCH};

/// Fewest series of a table that is given to the reclaimer as soon as it is outgrown.
const LARGE_TABLE: usize = 512;

/// Makes the storage of a series that is created at the given millisecond of the Unix epoch.
pub(crate) type Make<'m> = &'m dyn Fn(u64) -> Result<(Storage, Range), OutOfCells>;

/// A metric family: everything the registry, its handles and scrapes share of it.
#[derive(Debug)]
pub(crate) struct FamilyStore {
    pub(crate) desc: Desc,
    pub(crate) table: Table,
    /// Seeds the hash; random for each process, since label values may come from outside.
    pub(crate) hasher: ValueHasher,
    /// What the families of a registry share.
    pub(crate) state: PlainArc<RegistryState>,
    /// From `PlainArc::into_raw`; replaced under `writer` when holes are compacted, read under a pin.
    pub(super) rows: AtomicPtr<Rows>,
    /// Whether the family is exposed and looked up in; changed under `writer`.
    on: AtomicBool,
    /// The name, help and unit that the family has now, where they are not those of its declaration.
    redescribed: Redescribed,
    /// Taken to make or remove a series, never to look one up, record or scrape (I5).
    pub(super) writer: Mutex<Writer>,
    /// Removed series whose final value some scraper has still to expose.
    pub(super) tombstones: Mutex<Vec<Tombstone>>,
    /// When each series was last seen to change.
    pub(super) idle: Mutex<IdleWatch>,
    /// Tells when cached handles have to be looked at. While it is full, misses go to the overflow series without
    /// the mutex.
    pub(crate) generation: PlainArc<Generation>,
    /// Lookups that were answered with an overflow series. Padded: a flood of them must not take away the cache line
    /// that lookups which hit read.
    overflowed: CachePadded<AtomicU64>,
    /// Values that were cut in lookups. Padded for the same reason.
    cut: CachePadded<AtomicU64>,
    /// The families of sets of which this one is a member: they are on while one of their members is.
    sets: Mutex<Vec<PlainWeak<FamilyStore>>>,
    /// The members of a family of sets.
    members: Mutex<Vec<PlainArc<FamilyStore>>>,
}

/// What the family's mutex guards.
#[derive(Debug)]
pub(super) struct Writer {
    pub(super) rows: RowsWriter,
    pub(super) table: TableWriter,
    pub(super) dense: DenseTables,
    pub(super) switch: Switch,
    /// The family was unregistered: no series is made in it any more.
    pub(super) unregistered: bool,
    /// Overflow series, which do not count against the family's limit.
    pub(super) overflow: usize,
    /// Removed rows in the pages.
    pub(super) holes: usize,
    /// The latest creation of a removed series, in milliseconds: the next one is later.
    pub(super) last_created: u64,
    /// Series made and removed so far.
    pub(super) created: u64,
    pub(super) removed: u64,
    /// Bytes of the text of live series.
    pub(super) text_bytes: usize,
}

/// The changed name, help and unit of a family.
#[derive(Debug)]
struct Redescribed {
    /// Counts the changes, so that a scrape which has seen the last one does not take the mutex.
    version: AtomicUsize,
    desc: Mutex<Option<PlainArc<Desc>>>,
}

impl FamilyStore {
    pub(crate) fn new(desc: Desc, state: PlainArc<RegistryState>) -> Self {
        let (rows, writer) = Rows::new();
        // loom replays executions, so nothing in them may be random.
        let seed = if cfg!(engine_loom) { 1 } else { RandomState::new().hash_one(&desc.name) };
        let on = state.level.allows(desc.level, Switch::ByLevel);
        Self {
            desc,
            on: AtomicBool::new(on),
            redescribed: Redescribed { version: AtomicUsize::new(0), desc: Mutex::new(None) },
            table: Table::new(),
            hasher: ValueHasher::new(seed),
            state,
            rows: AtomicPtr::new(PlainArc::into_raw(PlainArc::new(rows)).cast_mut()),
            writer: Mutex::new(Writer {
                rows: writer,
                table: TableWriter::default(),
                dense: DenseTables::default(),
                switch: Switch::ByLevel,
                unregistered: false,
                overflow: 0,
                holes: 0,
                last_created: 0,
                created: 0,
                removed: 0,
                text_bytes: 0,
            }),
            tombstones: Mutex::new(Vec::new()),
            idle: Mutex::new(IdleWatch::new()),
            generation: PlainArc::new(Generation::new()),
            overflowed: CachePadded::new(AtomicU64::new(0)),
            cut: CachePadded::new(AtomicU64::new(0)),
            sets: Mutex::new(Vec::new()),
            members: Mutex::new(Vec::new()),
        }
    }

    /// Changes the name, help and unit. Under the mutex of the registry's names.
    pub(crate) fn redescribe(&self, desc: Desc) {
        *self.redescribed.desc.lock() = Some(PlainArc::new(desc));
        // Relaxed (O28): who sees the change early takes the mutex, and who sees it late looks again at the next
        // scrape.
        self.redescribed.version.fetch_add(1, Ordering::Relaxed);
    }

    /// Returns how often the name, help and unit were changed.
    pub(crate) fn version(&self) -> usize {
        // Relaxed (O28): see redescribe.
        self.redescribed.version.load(Ordering::Relaxed)
    }

    /// Returns the descriptor with the name, help and unit of now, where they are not those of the declaration.
    pub(crate) fn redescribed(&self) -> Option<PlainArc<Desc>> {
        self.redescribed.desc.lock().clone()
    }

    /// Shows the descriptor as it is now.
    pub(crate) fn with_desc<R>(&self, show: impl FnOnce(&Desc) -> R) -> R {
        show(self.redescribed().as_deref().unwrap_or(&self.desc))
    }

    /// Returns the rows. They stay, though perhaps no longer the current ones, for as long as the pin.
    #[allow(unsafe_code, reason = "the pin keeps what was current when it was taken")]
    pub(crate) fn rows<'p>(&'p self, _pin: &'p Pin) -> &'p Rows {
        // Acquire (O19): pairs with the Release in compact.
        let rows = self.rows.load(Ordering::Acquire);
        // SAFETY: from an Arc that is given up by the reclaimer only, after every pin that could have loaded
        // it is gone; the caller's was taken before the load.
        unsafe { &*rows }
    }

    /// Returns whether the family is exposed, and looked up in by `with`.
    #[inline(always)]
    pub(crate) fn is_on(&self) -> bool {
        // Relaxed (O28): a switch that is seen a moment late.
        self.on.load(Ordering::Relaxed)
    }

    /// Switches the family on or off, whatever the level says, or back to the level; of a family of sets its members.
    pub(crate) fn switch(&self, switch: Switch) {
        let members = self.members.lock().clone();
        if members.is_empty() {
            self.writer.lock().switch = switch;
            self.apply_level();
        }
        members.iter().for_each(|member| member.switch(switch));
    }

    /// Switches the family on or off by its switch and the registry's level, or, for a family of sets, by its members.
    pub(crate) fn apply_level(&self) {
        {
            let mut writer = self.writer.lock();
            let members = self.members.lock();
            let on = !writer.unregistered
                && self.state.level.allows(self.desc.level, writer.switch)
                && (members.is_empty() || members.iter().any(|member| member.is_on()));
            // Relaxed (O28): as in is_on; the mutex orders the changes.
            self.on.store(on, Ordering::Relaxed);
            if !on {
                // A lookup by number checks nothing else: an empty slot is how it learns that the family is off.
                writer.dense.clear();
            }
        }
        let sets: Vec<_> = self.sets.lock().iter().filter_map(PlainWeak::upgrade).collect();
        for set in sets {
            set.apply_level();
            // Perhaps the last reference, and the sets in it are the user's.
            catch_drop(set);
        }
    }

    /// Returns whether a family of sets that has handles is made of this one.
    pub(crate) fn is_member(&self) -> bool {
        self.sets.lock().iter().any(|set| set.strong_count() > 0)
    }

    /// Makes the family a member of a family of sets, which is bumped by its removals and follows whether it is on.
    pub(crate) fn join(self: &PlainArc<Self>, set: &PlainArc<Self>) {
        self.generation.subscribe(&set.generation);
        {
            let mut sets = self.sets.lock();
            sets.retain(|known| known.strong_count() > 0);
            if sets.iter().any(|known| std::ptr::eq(known.as_ptr(), PlainArc::as_ptr(set))) {
                return;
            }
            sets.push(PlainArc::downgrade(set));
        }
        set.members.lock().push(self.clone());
    }

    /// Has removals empty slots in the table of a handle.
    pub(crate) fn add_dense<L>(&self, dense: &Dense<L>) {
        self.writer.lock().dense.add(dense);
    }

    /// Notes a row in a slot of the table of a handle, unless its series is gone or the family off.
    pub(crate) fn fill_dense(&self, pin: &Pin, slot: &AtomicPtr<()>, row: RowRef<'_>) {
        let hash = self.hash_of(row);
        let mut writer = self.writer.lock();
        // The row may have been copied by a compaction since.
        let current = self.find_text(pin, hash, row.text());
        if let Some(current) = current.filter(|_| self.is_on()) {
            writer.dense.fill(slot, current);
        }
    }

    /// Counts a lookup that is answered with an overflow series.
    pub(crate) fn count_overflow(&self) {
        // Relaxed (O26): a statistic.
        self.overflowed.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts values that were cut in a lookup.
    pub(crate) fn count_cut(&self, values: usize) {
        // Relaxed (O26): a statistic.
        self.cut.fetch_add(values as u64, Ordering::Relaxed);
    }

    /// Reads the numbers of the family. Takes the mutex for a moment, as making a series does.
    pub(crate) fn tally(&self) -> FamilyStats {
        // Relaxed (O26): statistics.
        let (overflowed, cut) = (self.overflowed.load(Ordering::Relaxed), self.cut.load(Ordering::Relaxed));
        let Writer { created, removed, text_bytes, ref table, .. } = *self.writer.lock();
        FamilyStats { live: table.len(), created, removed, text_bytes, overflowed, cut }
    }

    /// Finds the row of a label set, given by the values in the family's order and their hash, or makes
    /// it with the storage that `make` returns; `standing` says what limits apply. Rendering comes before
    /// the mutex, user code never under it.
    ///
    /// # Errors
    /// Where a limit is reached, or no cells are left.
    pub(crate) fn get_or_insert<'p>(
        &'p self,
        pin: &'p Pin,
        hash: u64,
        values: &Values,
        standing: Standing,
        make: Make<'_>,
    ) -> Result<RowRef<'p>, Refused> {
        self.get_or_insert_rendered(pin, hash, &Rendered::of(&self.desc.label_names, values), standing, make)
    }

    /// As [`get_or_insert`](Self::get_or_insert), with labels that are rendered already.
    pub(crate) fn get_or_insert_rendered<'p>(
        &'p self,
        pin: &'p Pin,
        hash: u64,
        rendered: &Rendered,
        standing: Standing,
        make: Make<'_>,
    ) -> Result<RowRef<'p>, Refused> {
        let early = broken(Fault::LimitCheckedEarly).then(|| self.admit(&self.writer.lock(), standing));
        let (row, outgrown, is_large) = {
            let mut writer = self.writer.lock();
            if let Some(row) = self.find_text(pin, hash, &rendered.text) {
                return Ok(row);
            }
            if writer.unregistered {
                return Err(Refused::Unregistered);
            }
            let noted = self.generation.now();
            if !early.unwrap_or_else(|| self.admit(&writer, standing)) {
                let noted = if broken(Fault::RefusalNotedLate) { self.generation.now() } else { noted };
                self.generation.refuse(standing, noted);
                return Err(Refused::Full);
            }
            // Strictly later than a removed series of the same labels, whatever the clock says.
            let created = now_millis().max(writer.last_created + 1);
            let (series, range) = make(created).inspect_err(|_| self.give_back(standing, None))?;
            if standing.is_overflow() {
                series.mark_overflow();
            }
            let Rendered { text, ends, escaped } = rendered;
            writer.created += 1;
            let serial = writer.created;
            let new = NewRow { series, range, text, ends, escaped: *escaped, standing, serial };
            writer.overflow += usize::from(standing.is_overflow());
            writer.text_bytes += text.len();
            let Writer { rows, table, .. } = &mut *writer;
            let pages = self.rows(pin);
            let row = pages.append(rows, new);
            if broken(Fault::RecordPublishedFirst) {
                pages.publish(rows, serial);
            }
            let replaced = self.table.insert(table, hash, row);
            // After the table: a walk that meets the series must find that its labels live.
            pages.publish(rows, serial);
            (row, replaced, table.len() >= LARGE_TABLE)
        };
        if let Some(table) = outgrown {
            retire_table(table);
            if is_large {
                // Otherwise outgrown tables would wait for a scrape, and together take as much memory as the one in
                // use. Nothing but tables is freed here: this may be a lookup on the stream.
                collect_tables();
            }
        }
        Ok(row)
    }

    /// Returns whether one more series fits into the family and, if so, takes it from the registry's budget.
    fn admit(&self, writer: &Writer, standing: Standing) -> bool {
        let series = match standing {
            Standing::Limited => writer.table.len() - writer.overflow,
            Standing::Overflow => writer.overflow,
            Standing::LastResort => return true,
        };
        series < self.desc.limits.series && self.state.budget.take(&self.generation)
    }

    /// Gives a series back to the registry's budget.
    pub(super) fn give_back(&self, standing: Standing, set_at_work: Option<&Generation>) {
        self.state.budget.give_back(usize::from(standing != Standing::LastResort), set_at_work);
    }

    /// Finds the live row with these values, in the family's order.
    pub(crate) fn find_values<'p>(&'p self, pin: &'p Pin, hash: u64, values: &Values) -> Option<RowRef<'p>> {
        let names = &self.desc.label_names;
        self.table
            .find(pin, hash, |row| row.values(names).zip(values.iter()).all(|(text, value)| unescape(text) == value))
    }

    /// Finds the live row with these rendered labels.
    pub(crate) fn find_text<'p>(&'p self, pin: &'p Pin, hash: u64, text: &[u8]) -> Option<RowRef<'p>> {
        self.table.find(pin, hash, |row| row.text() == text)
    }

    /// Returns the hash of a row: of its values, or in a dynamic family of its text.
    pub(super) fn hash_of(&self, row: RowRef<'_>) -> u64 {
        if self.desc.is_dynamic {
            return self.hash_of_text(row.text());
        }
        self.hasher.hash_all(row.values(&self.desc.label_names).map(unescape))
    }

    /// Returns the hash of the rendered labels of a series of a dynamic family.
    pub(crate) fn hash_of_text(&self, text: &[u8]) -> u64 {
        // The labels and the names are both in it.
        self.hasher.hash_all(std::iter::once(std::str::from_utf8(text).unwrap_or_default()))
    }
}

/// Returns the milliseconds since the Unix epoch.
fn now_millis() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

#[allow(unsafe_code, reason = "gives up the family's share of the rows")]
impl Drop for FamilyStore {
    fn drop(&mut self) {
        if crate::sync::model_failed() {
            return;
        }
        // Relaxed (O27): the drop of the last reference to the family ordered every writer before this.
        let rows = self.rows.load(Ordering::Relaxed);
        // SAFETY: from PlainArc::into_raw; the family's own share. No lookup or walk is in it any more.
        drop(unsafe { PlainArc::from_raw(rows) });
    }
}
