//! Declaring float counters.

use crate::cells::{OutOfCells, Range};
use crate::kind::Kind;
use crate::metric::FloatCounter;
use crate::registry::declare::{Backend, Instrument, MetricBuilder, Scope};
use crate::registry::desc::Desc;
use crate::registry::store::{FamilyStore, RowRef, Storage};
use std::mem::ManuallyDrop;

impl Scope {
    /// Declares a [`FloatCounter`]. Its name ends in `_total`.
    pub fn float_counter(&self, name: &str, help: &str) -> MetricBuilder<FloatCounter> {
        MetricBuilder::new(self, name, help)
    }
}

impl Instrument for FloatCounter {
    type Spec = ();
}

#[expect(private_interfaces, reason = "hidden: only the engine names storage")]
impl Backend for FloatCounter {
    const KIND: Kind = Kind::FloatCounter;
    type View<'r> = ManuallyDrop<Self>;

    fn create(_: &Desc, created_millis: u64) -> Result<(Storage, Range), OutOfCells> {
        // The sum, and one bucket that counts the additions: it tells whether there was an update between two looks.
        Storage::of_cells(2, true, created_millis)
    }

    #[inline(always)]
    fn view<'r>(row: RowRef<'r>, _: &FamilyStore) -> Option<ManuallyDrop<Self>> {
        Some(ManuallyDrop::new(Self::new(row.borrow_cells()?)))
    }
}
