//! Declaring counters.

use crate::cells::{OutOfCells, Range};
use crate::kind::Kind;
use crate::metric::Counter;
use crate::registry::declare::{Backend, Instrument, MetricBuilder, Scope};
use crate::registry::desc::Desc;
use crate::registry::store::{FamilyStore, RowRef, Storage};
use std::mem::ManuallyDrop;

impl Scope {
    /// Declares a [`Counter`]. Its name ends in `_total`.
    pub fn counter(&self, name: &str, help: &str) -> MetricBuilder<Counter> {
        MetricBuilder::new(self, name, help)
    }
}

impl Instrument for Counter {
    type Spec = ();
}

#[expect(private_interfaces, reason = "hidden: only the engine names storage")]
impl Backend for Counter {
    const KIND: Kind = Kind::Counter;
    type View<'r> = ManuallyDrop<Self>;

    fn create(_: &Desc, created_millis: u64) -> Result<(Storage, Range), OutOfCells> {
        Storage::of_cells(1, false, created_millis)
    }

    #[inline(always)]
    fn view<'r>(row: RowRef<'r>, _: &FamilyStore) -> Option<ManuallyDrop<Self>> {
        Some(ManuallyDrop::new(Self::new(row.borrow_cells()?)))
    }
}
