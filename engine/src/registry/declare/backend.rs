//! The part of [`Instrument`](super::Instrument) that names storage.

use super::scope::Scope;
use crate::cells::{OutOfCells, Range};
use crate::kind::Kind;
use crate::metric::Handle;
use crate::registry::desc::Desc;
use crate::registry::store::{FamilyStore, Generation, Refused, RowRef, Storage};
use std::ops::Deref;

/// How a handle is made from a row.
pub trait Backend: Handle + Clone + Default + std::fmt::Debug + Send + Sync + 'static {
    /// The kind of the family.
    #[doc(hidden)]
    const KIND: Kind;

    /// Makes the storage of a new series.
    #[doc(hidden)]
    #[expect(private_interfaces, reason = "hidden: only the engine names storage")]
    fn create(desc: &Desc, created_millis: u64) -> Result<(Storage, Range), OutOfCells>;

    /// Makes the storage of a set, from the members that are registered in `scope`, before any lock is taken;
    /// `None` where one of them was removed meanwhile, and for single metrics.
    #[doc(hidden)]
    #[expect(private_interfaces, reason = "hidden: only the engine names storage")]
    fn prepare(_scope: &Scope, _generation: &Generation) -> Result<Option<Storage>, Refused> {
        Ok(None)
    }

    /// Removes the series of a set's members, those that `scope` names.
    #[doc(hidden)]
    fn remove_members(_scope: &Scope) {}

    /// A handle that counts nothing, valid while the row is.
    #[doc(hidden)]
    type View<'r>: Deref<Target = Self>;

    /// Makes a view; `None` where the row's storage is of another kind, or a set has lost a member.
    #[doc(hidden)]
    #[expect(private_interfaces, reason = "hidden: only the engine names storage")]
    fn view<'r>(row: RowRef<'r>, store: &FamilyStore) -> Option<Self::View<'r>>;
}
