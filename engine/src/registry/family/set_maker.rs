//! How a family of sets makes its sets.

use crate::cells::{Pin, Range};
use crate::label::{Values, unescape};
use crate::registry::declare::{Backend, Scope, SetAction};
use crate::registry::store::{FamilyStore, Refused, RowRef, Standing, Storage};
use crate::sync::{AtomicUsize, Ordering};

/// Sets that are made at least between two sweeps of their table.
const SETS_BEFORE_SWEEP: usize = 64;

/// Makes the sets of one family handle.
pub(super) struct SetMaker {
    /// What they are registered in.
    scope: Scope,
    /// The sets still to be made before the table is looked through for those that lost a series to a removal
    /// elsewhere.
    left: AtomicUsize,
}

impl SetMaker {
    pub(super) fn new(scope: Scope) -> Self {
        Self { scope, left: AtomicUsize::new(SETS_BEFORE_SWEEP) }
    }

    /// Returns the scope in which the set with these values is registered.
    fn scope_of(&self, store: &FamilyStore, values: impl Iterator<Item = impl AsRef<str>>) -> Scope {
        // The family's order: constant labels, then those of the set.
        let labels = store.desc.label_names.iter().zip(values);
        self.scope.relabelled(labels.map(|(name, value)| (name.to_string(), value.as_ref().to_owned())).collect())
    }

    /// Removes the members of a set.
    pub(super) fn remove_members<M: Backend>(&self, store: &FamilyStore, row: RowRef<'_>) {
        M::remove_members(&self.scope_of(store, row.values(&store.desc.label_names).map(unescape)));
    }

    /// Finds or makes a set and returns it with its row; `None` where a series of it was removed meanwhile.
    pub(super) fn insert<'p, M: Backend>(
        &self,
        store: &'p FamilyStore,
        pin: &'p Pin,
        hash: u64,
        values: &Values,
        standing: Standing,
    ) -> Result<Option<(M, RowRef<'p>)>, Refused> {
        let own = |row| Some((M::view(row, store)?.admitted()?, row));
        if let Some(row) = store.find_values(pin, hash, values) {
            if M::view(row, store).is_some() {
                return Ok(own(row));
            }
            // A series of the set was removed elsewhere.
            store.remove_dead_set(pin, row);
        }
        // Without the mutex while the series limit is reached: a flood of new values must not make lookups queue.
        if store.generation.is_full(standing) {
            return Err(Refused::Full);
        }
        let Some(series) = self.prepare::<M>(store, values, standing)? else { return Ok(None) };
        let make = |_| Ok((series.clone(), Range::SCRATCH));
        let row = store.get_or_insert(pin, hash, values, standing, &make)?;
        self.sweep::<M>(store, pin);
        Ok(own(row))
    }

    /// Makes the storage of a set; `None` where a series was removed meanwhile.
    fn prepare<M: Backend>(
        &self,
        store: &FamilyStore,
        values: &Values,
        standing: Standing,
    ) -> Result<Option<Storage>, Refused> {
        let noted = store.generation.now();
        let scope = self.scope_of(store, values.iter());
        let scope = if standing.is_overflow() { scope.with_action(SetAction::MakeOverflow) } else { scope };
        let prepared = M::prepare(&scope, &store.generation);
        if matches!(prepared, Err(Refused::Full)) {
            store.generation.refuse(standing, noted);
        }
        prepared
    }

    /// Once in a while takes the sets out of the table that have lost a series to a removal elsewhere.
    fn sweep<M: Backend>(&self, store: &FamilyStore, pin: &Pin) {
        // Relaxed (O28): only says when; the count may be off by the sets of other threads.
        if self.left.fetch_sub(1, Ordering::Relaxed) != 1 {
            return;
        }
        let mut live = 0;
        for row in store.live(pin) {
            match M::view(row, store) {
                Some(_) => live += 1,
                None => store.remove_dead_set(pin, row),
            }
        }
        // Relaxed (O28): as above. As many as there are, so that sweeping costs each set a constant.
        self.left.store(SETS_BEFORE_SWEEP.max(live), Ordering::Relaxed);
    }
}
