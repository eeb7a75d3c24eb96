//! Declaring up-down counters.

use crate::cells::{OutOfCells, Range};
use crate::kind::Kind;
use crate::metric::UpDownCounter;
use crate::registry::declare::{Backend, Instrument, MetricBuilder, Scope};
use crate::registry::desc::Desc;
use crate::registry::store::{FamilyStore, RowRef, Storage};
use std::mem::ManuallyDrop;

impl Scope {
    /// Declares an [`UpDownCounter`].
    pub fn up_down_counter(&self, name: &str, help: &str) -> MetricBuilder<UpDownCounter> {
        MetricBuilder::new(self, name, help)
    }
}

impl Instrument for UpDownCounter {
    type Spec = ();
}

#[expect(private_interfaces, reason = "hidden: only the engine names storage")]
impl Backend for UpDownCounter {
    const KIND: Kind = Kind::UpDownCounter;
    type View<'r> = ManuallyDrop<Self>;

    fn create(_: &Desc, created_millis: u64) -> Result<(Storage, Range), OutOfCells> {
        Storage::of_cells(2, false, created_millis)
    }

    #[inline(always)]
    fn view<'r>(row: RowRef<'r>, _: &FamilyStore) -> Option<ManuallyDrop<Self>> {
        Some(ManuallyDrop::new(Self::new(row.borrow_cells()?)))
    }
}
