//! Declaring duration counters.

use crate::cells::{OutOfCells, Range};
use crate::kind::Kind;
use crate::metric::DurationCounter;
use crate::registry::declare::{Backend, Instrument, MetricBuilder, Scope};
use crate::registry::desc::Desc;
use crate::registry::store::{FamilyStore, RowRef, Storage};
use std::mem::ManuallyDrop;

impl Scope {
    /// Declares a [`DurationCounter`]. Its name ends in `_seconds_total`.
    pub fn duration_counter(&self, name: &str, help: &str) -> MetricBuilder<DurationCounter> {
        MetricBuilder::new(self, name, help)
    }
}

impl Instrument for DurationCounter {
    type Spec = ();
}

#[expect(private_interfaces, reason = "hidden: only the engine names storage")]
impl Backend for DurationCounter {
    const KIND: Kind = Kind::DurationCounter;
    type View<'r> = ManuallyDrop<Self>;

    fn create(_: &Desc, created_millis: u64) -> Result<(Storage, Range), OutOfCells> {
        Storage::of_cells(1, false, created_millis)
    }

    #[inline(always)]
    fn view<'r>(row: RowRef<'r>, _: &FamilyStore) -> Option<ManuallyDrop<Self>> {
        Some(ManuallyDrop::new(Self::new(row.borrow_cells()?)))
    }
}
