//! What a family handle does: finding a series by its labels, and making it where there is none.

use crate::cells::{Pin, Range, count_lost};
use crate::label::{LabelSet, OVERFLOW, Values, unescape};
use crate::registry::declare::{Backend, Purpose, Scope};
use crate::registry::store::{Dense, FamilyCore, RecordRef, Refused, Selector, SeriesRef, Standing};
use crate::sync::{AtomicUsize, Ordering, PlainArc};

/// Sets that are made at least between two sweeps of their table.
const SETS_BEFORE_SWEEP: usize = 64;

/// How one family handle finds and makes its series.
pub(super) struct Lookup<L> {
    pub(super) core: PlainArc<FamilyCore>,
    /// Of a label set that can be enumerated.
    dense: Dense<L>,
    pub(super) selector: Selector,
    /// The overflow series of this handle, with its constant labels, and where that is refused the family's; each with
    /// its values and their hash. One of a handle without constant labels.
    overflow: Vec<(Standing, Values, u64)>,
    /// Of sets: what they are registered in, and the sets still to be made before the table is looked through for
    /// those whose series went without it.
    sets: Option<(Scope, AtomicUsize)>,
}

impl<L: LabelSet> Lookup<L> {
    /// Makes the lookup of a handle; of a family of sets those are registered in `sets`.
    pub(super) fn new(core: PlainArc<FamilyCore>, selector: Selector, sets: Option<Scope>) -> Self {
        let own = selector.overflow_values(core.desc.label_names.len());
        let last = Values::all(core.desc.label_names.len(), OVERFLOW);
        let own = (own != last).then_some((Standing::Overflow, own));
        let overflow = own.into_iter().chain([(Standing::LastResort, last)]);
        let overflow = overflow.map(|(standing, values)| {
            let hash = core.hasher.hash_all(values.iter());
            (standing, values, hash)
        });
        let overflow = overflow.collect();
        let dense = Dense::new();
        core.add_dense(&dense);
        let sets = sets.map(|scope| (scope, AtomicUsize::new(SETS_BEFORE_SWEEP)));
        Self { core, dense, selector, overflow, sets }
    }

    /// Finds the record of a label set, by its number where it has one and the number is known.
    #[inline(always)]
    pub(super) fn dense_or_hashed<'p, Q: LabelSet>(&'p self, pin: &'p Pin, labels: &Q) -> Option<RecordRef<'p>> {
        self.dense.get(pin, labels).or_else(|| self.find_hashed(pin, labels))
    }

    /// As [`dense_or_hashed`](Self::dense_or_hashed), but finds nothing while the family is off, and leaves the rest to
    /// [`with_created`](Self::with_created).
    #[inline(always)]
    pub(super) fn find_if_on<'p, Q: LabelSet>(&'p self, pin: &'p Pin, labels: &Q) -> Option<RecordRef<'p>> {
        if const { Dense::<L>::serves::<Q>() } {
            // Empty while the family is off.
            return self.dense.get(pin, labels);
        }
        if self.core.is_on() { self.find_hashed(pin, labels) } else { None }
    }

    #[inline(always)]
    pub(super) fn find_hashed<'p, Q: LabelSet>(&'p self, pin: &'p Pin, labels: &Q) -> Option<RecordRef<'p>> {
        self.selector.find(&self.core.table, pin, labels)
    }

    /// Finds the record of a label set also where its values are longer than the family allows.
    pub(super) fn find_cut<'p, Q: LabelSet>(&'p self, pin: &'p Pin, labels: &Q) -> Option<RecordRef<'p>> {
        self.dense_or_hashed(pin, labels).or_else(|| {
            let values = self.selector.values(labels, self.core.desc.limits.value_bytes);
            if values.cut() == 0 {
                return None;
            }
            self.core.find_values(pin, self.core.hasher.hash_all(values.iter()), &values)
        })
    }

    /// Calls `f` with the metric of a label set that was not found. Apart, so that the lookup is small.
    #[cold]
    #[inline(never)]
    pub(super) fn with_created<M: Backend, Q: LabelSet, R>(&self, labels: &Q, f: impl FnOnce(&M) -> R) -> R {
        // The caller is pinned too: a reference to its pin would keep that out of registers.
        if self.core.is_on() { f(&self.create(&Pin::enter(), labels)) } else { with_noop(f) }
    }

    #[inline(always)]
    pub(super) fn view<'r, M: Backend>(&self, record: RecordRef<'r>) -> Option<M::View<'r>> {
        M::view(record, &self.core)
    }

    /// Removes a series, or all of a set.
    pub(super) fn remove<M: Backend>(&self, pin: &Pin, record: RecordRef<'_>) -> bool {
        let is_removed = self.core.remove(pin, record, false);
        if is_removed {
            self.removed::<M>(record);
        }
        is_removed
    }

    /// Removes the members of a set that was removed.
    pub(super) fn removed<M: Backend>(&self, record: RecordRef<'_>) {
        if M::IS_SET {
            let values: Vec<_> = record.values(&self.core.desc.label_names).map(unescape).collect();
            if let Some(scope) = self.scope_of(values.iter()) {
                M::remove_members(&scope);
            }
        }
    }

    /// Gives the scope in which the set with these values is registered.
    fn scope_of(&self, values: impl Iterator<Item = impl AsRef<str>>) -> Option<Scope> {
        let (scope, _) = self.sets.as_ref()?;
        // The family's order: constant labels, then those of the set.
        let labels = self.core.desc.label_names.iter().zip(values);
        Some(scope.relabelled(labels.map(|(name, value)| (name.to_string(), value.as_ref().to_owned())).collect()))
    }

    /// Makes the storage of a set; `None` of single metrics, and where a series was removed meanwhile.
    fn prepare<M: Backend>(&self, values: &Values, standing: Standing) -> Result<Option<SeriesRef>, Refused> {
        let room = &self.core.room;
        let generation = room.generation();
        let Some(scope) = self.scope_of(values.iter()) else { return Ok(None) };
        let scope = if standing == Standing::Limited { scope } else { scope.meant_to(Purpose::MakeOverflow) };
        let prepared = M::prepare(&scope, room);
        if matches!(prepared, Err(Refused::Full)) {
            room.refuse(standing, generation);
        }
        prepared
    }

    /// Once in a while takes the sets out of the table that have lost a series to a removal elsewhere.
    fn sweep_sets<M: Backend>(&self, pin: &Pin) {
        let Some((_, left)) = &self.sets else { return };
        // Relaxed (O28): only says when; the count may be off by the sets of other threads.
        if left.fetch_sub(1, Ordering::Relaxed) != 1 {
            return;
        }
        let mut live = 0;
        for record in self.core.live(pin) {
            match self.view::<M>(record) {
                Some(_) => live += 1,
                None => self.core.remove_dead_set(pin, record),
            }
        }
        // Relaxed (O28): as above. As many as there are, so that sweeping costs each set a constant.
        left.store(SETS_BEFORE_SWEEP.max(live), Ordering::Relaxed);
    }

    /// Gives a handle of a label set that was not found: of a new series, or of the overflow series.
    #[cold]
    #[inline(never)]
    pub(super) fn create<M: Backend, Q: LabelSet>(&self, pin: &Pin, labels: &Q) -> M {
        let values = self.selector.values(labels, self.core.desc.limits.value_bytes);
        if values.cut() > 0 {
            self.core.count_cut(values.cut());
        }
        let hash = self.core.hasher.hash_all(values.iter());
        let is_overflow = |values: &Values| self.overflow.iter().any(|(_, overflow, _)| overflow == values);
        // A series may be removed between finding it and holding it; then the next one is made.
        for _ in 0..8 {
            // A set without labels has one series, and no other to overflow into.
            if is_overflow(&values) && !Q::NAMES.is_empty() {
                break;
            }
            match self.insert::<M>(pin, hash, &values, Standing::Limited) {
                Ok(Some((metric, record))) => {
                    if let Some(slot) = self.dense.slot(labels) {
                        self.core.fill_dense(pin, slot, record);
                    }
                    return metric;
                }
                Ok(None) => {}
                // What the callback gives is the value; what is recorded beside it has no place.
                Err(Refused::Callback) => return lost(),
                Err(Refused::Full | Refused::OutOfCells) => break,
            }
        }
        self.core.count_overflow();
        for (standing, values, hash) in &self.overflow {
            if let Ok(Some((metric, _))) = self.insert::<M>(pin, *hash, values, *standing) {
                return metric;
            }
        }
        lost()
    }

    /// Finds or makes a series and gives its handle and record; `None` where it was removed meanwhile.
    fn insert<'p, M: Backend>(
        &'p self,
        pin: &'p Pin,
        hash: u64,
        values: &Values,
        standing: Standing,
    ) -> Result<Option<(M, RecordRef<'p>)>, Refused> {
        let mut found = self.core.find_values(pin, hash, values);
        if found.is_some_and(|record| matches!(record.series(), SeriesRef::Callback(_))) {
            return Err(Refused::Callback);
        }
        if M::IS_SET
            && let Some(record) = found
            && self.view::<M>(record).is_none()
        {
            // A series of the set was removed elsewhere.
            self.core.remove_dead_set(pin, record);
            found = None;
        }
        let own = |record| Some((self.view::<M>(record)?.admitted()?, record));
        if let Some(metric) = found.and_then(own) {
            return Ok(Some(metric));
        }
        let record = match found {
            Some(record) if M::IS_SET => record,
            // Dead, and in the table only until its remover, for which the mutex waits, has taken it out.
            Some(_) => {
                self.core.get_or_insert(pin, hash, values, standing, &|created| M::create(&self.core.desc, created))?
            }
            // Without the mutex while there is no room: a flood of new values must not make lookups queue.
            None if self.core.room.is_full(standing) => return Err(Refused::Full),
            None if M::IS_SET => {
                let Some(series) = self.prepare::<M>(values, standing)? else { return Ok(None) };
                let make = |_| Ok((series.clone(), Range::SCRATCH));
                let record = self.core.get_or_insert(pin, hash, values, standing, &make)?;
                self.sweep_sets::<M>(pin);
                record
            }
            None => {
                self.core.get_or_insert(pin, hash, values, standing, &|created| M::create(&self.core.desc, created))?
            }
        };
        Ok(own(record))
    }
}

/// Gives a noop for what is recorded nowhere, and counts that.
pub(super) fn lost<M: Default>() -> M {
    count_lost();
    M::default()
}

/// Calls `f` with a noop. Apart, so that a lookup does not hold what drops one.
#[cold]
#[inline(never)]
pub(super) fn with_noop<M: Default, R>(f: impl FnOnce(&M) -> R) -> R {
    f(&M::default())
}
