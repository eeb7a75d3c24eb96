//! What a family handle does: finding a series by its labels, and making it where there is none.

use super::obtain::{Which, obtain};
use super::set_maker::SetMaker;
use crate::cells::Pin;
use crate::label::{LabelSet, OVERFLOW, Values};
use crate::registry::declare::{Backend, Scope};
use crate::registry::store::{Dense, FamilyStore, LabelMap, Refused, RowRef, Standing, Storage};
use crate::sync::PlainArc;

/// How one family handle finds and makes its series.
pub(super) struct Lookup<L> {
    pub(super) store: PlainArc<FamilyStore>,
    /// Of a label set that can be enumerated.
    dense: Dense<L>,
    pub(super) label_map: LabelMap,
    /// The overflow series of this handle, with its constant labels, and for where that is refused, the family's; each
    /// with its values and their hash. A handle without constant labels has only the latter.
    overflow: Vec<(Standing, Values, u64)>,
    /// Of sets.
    sets: Option<SetMaker>,
}

impl<L: LabelSet> Lookup<L> {
    /// Makes the lookup of a handle; a family of sets registers its sets in `sets`.
    pub(super) fn new(store: PlainArc<FamilyStore>, label_map: LabelMap, sets: Option<Scope>) -> Self {
        let own = label_map.overflow_values(store.desc.label_names.len());
        let last = Values::all(store.desc.label_names.len(), OVERFLOW);
        let own = (own != last).then_some((Standing::Overflow, own));
        let overflow = own.into_iter().chain([(Standing::LastResort, last)]);
        let overflow = overflow.map(|(standing, values)| {
            let hash = store.hasher.hash_all(values.iter());
            (standing, values, hash)
        });
        let overflow = overflow.collect();
        let dense = Dense::new();
        store.add_dense(&dense);
        let sets = sets.map(SetMaker::new);
        Self { store, dense, label_map, overflow, sets }
    }

    /// Finds the row of a label set, by its number where it has one and the number is known.
    #[inline(always)]
    pub(super) fn dense_or_hashed<'p, Q: LabelSet>(&'p self, pin: &'p Pin, labels: &Q) -> Option<RowRef<'p>> {
        const { assert!(has_names_of::<L, Q>(), "a label set has as many labels as those of its family's type") };
        self.dense.get(pin, labels).or_else(|| self.find_hashed(pin, labels))
    }

    /// As [`dense_or_hashed`](Self::dense_or_hashed), but finds nothing while the family is off, and leaves the rest to
    /// [`with_created`](Self::with_created).
    #[inline(always)]
    pub(super) fn find_if_on<'p, Q: LabelSet>(&'p self, pin: &'p Pin, labels: &Q) -> Option<RowRef<'p>> {
        const { assert!(has_names_of::<L, Q>(), "a label set has as many labels as those of its family's type") };
        if const { Dense::<L>::serves::<Q>() } {
            // Empty while the family is off.
            return self.dense.get(pin, labels);
        }
        if self.store.is_on() { self.find_hashed(pin, labels) } else { None }
    }

    #[inline(always)]
    pub(super) fn find_hashed<'p, Q: LabelSet>(&'p self, pin: &'p Pin, labels: &Q) -> Option<RowRef<'p>> {
        self.label_map.find(&self.store.table, pin, labels)
    }

    /// Finds the row of a label set also where its values are longer than the family allows.
    pub(super) fn find_cut<'p, Q: LabelSet>(&'p self, pin: &'p Pin, labels: &Q) -> Option<RowRef<'p>> {
        const { assert!(has_names_of::<L, Q>(), "a label set has as many labels as those of its family's type") };
        self.dense_or_hashed(pin, labels).or_else(|| {
            let values = self.label_map.values(labels, self.store.desc.limits.value_bytes);
            if values.cut() == 0 {
                return None;
            }
            self.store.find_values(pin, self.store.hasher.hash_all(values.iter()), &values)
        })
    }

    /// Calls `f` with the metric of a label set that was not found. Apart, so that the lookup is small.
    #[cold]
    #[inline(never)]
    pub(super) fn with_created<M: Backend, Q: LabelSet, R>(&self, labels: &Q, f: impl FnOnce(&M) -> R) -> R {
        // The caller is pinned too: a reference to its pin would keep that out of registers.
        if self.store.is_on() { f(&self.create(&Pin::enter(), labels)) } else { with_noop(f) }
    }

    #[inline(always)]
    pub(super) fn view<'r, M: Backend>(&self, row: RowRef<'r>) -> Option<M::View<'r>> {
        M::view(row, &self.store)
    }

    /// Removes a series, or all of a set.
    pub(super) fn remove<M: Backend>(&self, pin: &Pin, row: RowRef<'_>) -> bool {
        let is_removed = self.store.remove(pin, row, false);
        if is_removed {
            self.removed::<M>(row);
        }
        is_removed
    }

    /// Removes the members of a set that was removed.
    pub(super) fn removed<M: Backend>(&self, row: RowRef<'_>) {
        if let Some(sets) = &self.sets {
            sets.remove_members::<M>(&self.store, row);
        }
    }

    /// Returns a handle of a label set that was not found: of a new series, or of the overflow series.
    #[cold]
    #[inline(never)]
    pub(super) fn create<M: Backend, Q: LabelSet>(&self, pin: &Pin, labels: &Q) -> M {
        const { assert!(has_names_of::<L, Q>(), "a label set has as many labels as those of its family's type") };
        let values = self.label_map.values(labels, self.store.desc.limits.value_bytes);
        if values.cut() > 0 {
            self.store.count_cut(values.cut());
        }
        let hash = self.store.hasher.hash_all(values.iter());
        let is_overflow = |values: &Values| self.overflow.iter().any(|(_, overflow, _)| overflow == values);
        // A set without labels has one series, and no other to overflow into.
        let wants_overflow = is_overflow(&values) && !Q::NAMES.is_empty();
        let placed = obtain(&self.store, wants_overflow, self.overflow.len(), |which| match which {
            Which::Own => {
                let Some((metric, row)) = self.insert::<M>(pin, hash, &values, Standing::Limited)? else {
                    return Ok(None);
                };
                if let Some(slot) = self.dense.slot(labels) {
                    self.store.fill_dense(pin, slot, row);
                }
                Ok(Some(metric))
            }
            Which::Overflow(place) => {
                let (standing, values, hash) = &self.overflow[place];
                Ok(self.insert::<M>(pin, *hash, values, *standing)?.map(|(metric, _)| metric))
            }
        });
        placed.into_inner()
    }

    /// Finds or makes a series and returns its handle and row; `None` where it was removed meanwhile.
    fn insert<'p, M: Backend>(
        &'p self,
        pin: &'p Pin,
        hash: u64,
        values: &Values,
        standing: Standing,
    ) -> Result<Option<(M, RowRef<'p>)>, Refused> {
        if let Some(sets) = &self.sets {
            return sets.insert(&self.store, pin, hash, values, standing);
        }
        let store = &*self.store;
        let found = store.find_values(pin, hash, values);
        if found.is_some_and(|row| matches!(row.series(), Storage::Callback(_))) {
            return Err(Refused::Callback);
        }
        let own = |row| Some((self.view::<M>(row)?.admitted()?, row));
        if let Some(found) = found.and_then(own) {
            return Ok(Some(found));
        }
        // Without the mutex while the series limit is reached: a flood of new values must not make lookups queue. A row
        // that is found is dead, and in the table only until its remover, which taking the mutex would wait for, has
        // taken it out.
        if found.is_none() && store.generation.is_full(standing) {
            return Err(Refused::Full);
        }
        let make = |created| M::create(&store.desc, created);
        Ok(own(store.get_or_insert(pin, hash, values, standing, &make)?))
    }
}

/// Returns whether a set that is looked up has as many labels as the family's: a lookup compares so many values of a row. A
/// hand-written set that names the family of another could have more.
const fn has_names_of<L: LabelSet, Q: LabelSet>() -> bool {
    L::NAMES.len() == Q::NAMES.len()
}

/// Calls `f` with a noop. Apart, so that a lookup does not hold what drops one.
#[cold]
#[inline(never)]
pub(super) fn with_noop<M: Default, R>(f: impl FnOnce(&M) -> R) -> R {
    f(&M::default())
}
